import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Perpetuals whose funding is linear in the premium.
//
// Goals in order: accuracy, the forward curve as it is quoted, closed forms.
//
// With funding paid without pause at κ (f − x) + ι x (linear, quanto), or κ (1/x − 1/f) + ι/x in
// coin (inverse), the fair price is a mixture of forwards F(u) over all times u ahead:
//   f = ∫ (κ − ι) e^(−κu) F(u) du                1/f = ∫ (κ + ι) e^(−κu) / F(u) du
// which for F(u) = x e^(gu) is x (κ − ι)/(κ − g), and x (κ + g)/(κ + ι).
// D. Ackerer, J. Hugonnier, U. Jermann, "Perpetual futures pricing" (2023); G. Angeris, T. Chitra,
// A. Evans, M. Lorig, "A primer on perpetuals" (2022); derived again in Perpetuals.md.

/// Funding that is paid without pause and linear in the premium, and the prices that it makes fair.
///
/// ```text
/// paid by longs per year   linear, quanto  κ (f − x) + ι x        inverse  κ (1/x − 1/f) + ι/x
/// ```
public struct LinearFunding: Hashable, Sendable, Codable {
  /// The premiums paid per year, κ: a premium for 8 hours paid in full is 1095.
  public let premiumsPerYear: Double

  /// The interest paid per year as a fraction of the index, ι.
  public let interestPerYear: Double

  /// Creates a rule.
  ///
  /// - Parameters:
  ///   - premiumsPerYear: The premiums paid per year: positive and finite.
  ///   - interestPerYear: The interest paid per year as a fraction of the index: finite.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(premiumsPerYear: Double, interestPerYear: Double) throws(DerivativesError) {
    try requirePositive(premiumsPerYear, "premiumsPerYear")
    try requireFinite(interestPerYear, "interestPerYear")
    self.premiumsPerYear = premiumsPerYear
    self.interestPerYear = interestPerYear
  }

  /// Reads a rule; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `premiumsPerYear` and `interestPerYear`.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let premiums = try container.decode(Double.self, forKey: .premiumsPerYear)
    let interest = try container.decode(Double.self, forKey: .interestPerYear)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try LinearFunding(premiumsPerYear: premiums, interestPerYear: interest)
    }
  }

  /// The fair price where forward prices grow at one rate.
  ///
  /// ```text
  /// linear, quanto  x (κ − ι) / (κ − g)          inverse  x (κ + g) / (κ + ι)
  /// ```
  ///
  /// Relative error: at most 4 ulp, times `(κ + |ι|)/|κ ∓ ι|` and `(κ + |g|)/|κ ∓ g|` where these
  /// cancel.
  ///
  /// - Parameters:
  ///   - settlement: The settlement of the contract.
  ///   - index: The index price, in cash: positive and finite.
  ///   - growthPerYear: The growth of forward prices, `rate − carryYield`, continuously compounded
  ///     per year; for a quanto plus the covariance per year of the log prices of the coin and of
  ///     the third currency. Finite.
  /// - Returns: The price in cash. NaN when an argument is outside its domain or the mixture of
  ///   forwards does not converge to a positive price: κ > g and κ > ι for a linear contract,
  ///   κ > −g and κ > −ι for an inverse one.
  /// - Complexity: O(1).
  public func fairPrice(
    _ settlement: FuturesContract.Settlement,
    index: Double,
    growthPerYear: Double
  ) -> Double {
    guard FuturesContract.isPrice(index), growthPerYear.isFinite else { return .nan }
    let sign: Double = settlement == .inverse ? -1 : 1
    let interestMargin = premiumsPerYear - sign * interestPerYear
    let growthMargin = premiumsPerYear - sign * growthPerYear
    guard interestMargin > 0, growthMargin > 0 else { return .nan }
    return settlement == .inverse
      ? index * (growthMargin / interestMargin) : index * (interestMargin / growthMargin)
  }

  /// The fair price under the forward curve of dated futures.
  ///
  /// The integral over the curve in closed form, a term a segment; the carry of the last future
  /// goes on for ever. Interest rates are taken as known, so that forwards and futures agree.
  ///
  /// - Parameters:
  ///   - settlement: The settlement of the contract, linear or inverse.
  ///   - curve: The forward curve, whose spot is the index.
  /// - Returns: The price in cash. NaN for a quanto, whose covariance the curve does not hold, and
  ///   when the mixture does not converge to a positive price.
  /// - Complexity: O(n) for n futures.
  public func fairPrice(
    _ settlement: FuturesContract.Settlement,
    curve: FuturesTermStructure
  ) -> Double {
    guard settlement != .quanto else { return .nan }
    let sign: Double = settlement == .inverse ? -1 : 1
    let interestMargin = premiumsPerYear - sign * interestPerYear
    let lastIndex = curve.points.count - 1
    let lastMargin = premiumsPerYear - sign * curve.carry(at: lastIndex)
    guard interestMargin > 0, lastMargin > 0 else { return .nan }
    // ∫ e^(−κu) (F(u)/x)^±1 du, whose integrand is e^(exponent) at the start of each segment.
    var integral = CompensatedSum()
    var (time, exponent) = (0.0, 0.0)
    for (point, total) in zip(curve.points, curve.totalCarries) {
      let end = sign * total - premiumsPerYear * point.timeToExpiry
      integral.add(
        exp(exponent) * (point.timeToExpiry - time) * Self.meanExponential(end - exponent))
      (time, exponent) = (point.timeToExpiry, end)
    }
    integral.add(exp(exponent) / lastMargin)
    let mixture = interestMargin * integral.value
    return settlement == .inverse ? curve.spot / mixture : curve.spot * mixture
  }

  /// The mean of `e^(x u)` over u from 0 to 1.
  private static func meanExponential(_ x: Double) -> Double { x == 0 ? 1 : expm1(x) / x }
}

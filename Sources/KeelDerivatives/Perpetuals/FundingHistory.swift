import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Funding as a carry: the growth of the forward that a funding rate stands for.
//
// At a fair price nobody gains by holding a perpetual over an interval in expectation: what a long
// pays is what the price is expected to grow. With the notional at the mark just before the payment
// and growth g over an interval h (derivation: Perpetuals.md):
//   linear, quanto  F = e^(g h) − 1        inverse  F = 1 − e^(−g h)
// which is solved for g.

extension FundingRate {
  /// The growth of forward prices that the rate stands for, continuously compounded per year.
  ///
  /// ```text
  /// linear, quanto  ln(1 + f) / h          inverse  −ln(1 − f) / h
  /// ```
  ///
  /// f is the fraction that longs pay per interval of h years. This is `r − y` of a fairly priced
  /// perpetual with the notional at the mark; a quanto's includes the covariance with its third
  /// currency.
  ///
  /// - Parameter settlement: The settlement of the contract.
  /// - Returns: The growth per year, or NaN when a position pays its whole notional or more.
  public func impliedGrowthPerYear(settlement: FuturesContract.Settlement) -> Double {
    logarithmicPayment(settlement) * interval.intervalsPerYear
  }

  /// The yield of holding the coin that the rate stands for, for ``BlackScholes/carryYield``.
  ///
  /// - Parameters:
  ///   - rate: The interest rate, continuously compounded per year.
  ///   - settlement: The settlement of the contract.
  /// - Returns: The interest rate less the implied growth, continuously compounded per year.
  public func carryYield(rate: Double, settlement: FuturesContract.Settlement) -> Double {
    rate - impliedGrowthPerYear(settlement: settlement)
  }

  /// The growth over one interval.
  func logarithmicPayment(_ settlement: FuturesContract.Settlement) -> Double {
    let payment = paidByLong
    guard payment.magnitude < 1 else { return .nan }
    return settlement == .inverse ? -log1p(-payment) : log1p(payment)
  }
}

/// The funding rates of one perpetual over consecutive intervals.
public struct FundingHistory: Hashable, Sendable, Codable {
  /// The rates, one an interval.
  public let rates: [FundingRate]

  /// Creates a history.
  ///
  /// - Parameter rates: At least one rate; each fraction between −1 and 1, both excluded.
  /// - Throws: `DerivativesError.invalidValue`, whose argument names the rate.
  public init(rates: [FundingRate]) throws(DerivativesError) {
    guard !rates.isEmpty else {
      throw .invalidValue(
        argument: "rates.count", got: 0, lowest: 1, highest: .greatestFiniteMagnitude)
    }
    for (index, rate) in rates.enumerated() {
      guard rate.fraction.magnitude < 1 else {
        throw .invalidValue(
          argument: "rates[\(index)]", got: rate.fraction, lowest: (-1.0).nextUp,
          highest: 1.0.nextDown)
      }
    }
    self.rates = rates
  }

  /// Reads a history; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `rates`.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let rates = try container.decode([FundingRate].self, forKey: .rates)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try FundingHistory(rates: rates)
    }
  }

  /// The time that the intervals cover, in years of 365 days.
  ///
  /// - Complexity: O(n), as of every sum over the history.
  public var years: Double { sum { $0.interval.years } }

  /// The sum of the fractions that a long position paid: negative when it received.
  public var totalPaidByLong: Double { sum(\.paidByLong) }

  /// What a long position paid per year, without compounding.
  public var simplePaidByLongPerYear: Double { totalPaidByLong / years }

  /// The growth of forward prices that the rates stood for, continuously compounded per year.
  ///
  /// - Parameter settlement: The settlement of the contract.
  /// - Returns: The growth over all intervals, per year; see
  ///   ``FundingRate/impliedGrowthPerYear(settlement:)``.
  public func impliedGrowthPerYear(settlement: FuturesContract.Settlement) -> Double {
    sum { $0.logarithmicPayment(settlement) } / years
  }

  /// The yield of holding the coin that the rates stood for, for ``BlackScholes/carryYield``.
  ///
  /// - Parameters:
  ///   - rate: The interest rate, continuously compounded per year.
  ///   - settlement: The settlement of the contract.
  /// - Returns: The interest rate less the implied growth, continuously compounded per year.
  public func carryYield(rate: Double, settlement: FuturesContract.Settlement) -> Double {
    rate - impliedGrowthPerYear(settlement: settlement)
  }

  private func sum(_ term: (FundingRate) -> Double) -> Double {
    var sum = CompensatedSum()
    for rate in rates { sum.add(term(rate)) }
    return sum.value
  }
}

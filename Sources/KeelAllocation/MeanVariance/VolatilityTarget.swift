public import KeelData
import KeelNumerics

// A portfolio with more or less cash, so that its forecast volatility meets a target.
//
// Goals in order: the target or a limit met to rounding, no trade within the band, speed. With the risky weights r of sum s, cash
// c and the total T, the scale k gives w(k) = T e_c + k d with d = r − s e_c, whose variance
//
//   a k² + 2 b k + v,   a = d'Σd,   b = T e_c'Σd,   v = T² Σ_cc
//
// is the square of the target at the larger root. Cash without variance leaves k = target / √(r'Σr). References: A. Moreira and
// T. Muir, "Volatility-managed portfolios", Journal of Finance 72 (2017); C. R. Harvey et al., "The impact of volatility targeting",
// Journal of Portfolio Management 45 (2018).

/// Scales the risky weights of a portfolio so that its forecast volatility meets a target; cash takes the rest.
///
/// ```text
/// w(k) = k r + (total − k Σ r) cash,   √(w'Σw) = target,   k Σ |r| ≤ leverage
/// ```
///
/// ```swift
/// let target = VolatilityTarget(
///   annualVolatility: 0.2, annualization: .dailyContinuous, cash: "USD", largestLeverage: 1.5, band: 0.1)
/// let portfolio = try target.weights(scaling: held, covariance: forecast)
/// ```
///
/// Relative error of the volatility: some ulp, more where cash and the rest hedge each other.
public struct VolatilityTarget: Hashable, Sendable {
  /// What became of the weights.
  public enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
    /// The volatility was within the band: nothing is traded.
    case kept
    /// The target is met.
    case scaled
    /// The leverage limit binds below the target.
    case limited
  }

  /// A scaled portfolio.
  public struct Portfolio: Hashable, Sendable {
    /// The weights, with the sum of those given.
    public let weights: Weights

    /// The factor on the risky weights.
    public let scale: Double

    /// The forecast volatility of the weights given, per period.
    public let volatilityBefore: Double

    /// The forecast volatility of ``weights``, per period.
    public let volatility: Double

    /// The sum of the magnitudes of the risky ones of ``weights``.
    public let leverage: Double

    /// What became of the weights.
    public let outcome: Outcome
  }

  /// The target, as a standard deviation per period of the covariance.
  public var volatility: Double

  /// The asset that takes the rest.
  public var cash: AssetID

  /// The largest sum of the magnitudes of the risky weights.
  public var largestLeverage: Double

  /// The relative distance from the target within which nothing is traded.
  public var band: Double

  /// Creates a target per period.
  ///
  /// - Parameters:
  ///   - volatility: The target, as a standard deviation per period of the covariance: 1e-100 to 1e100.
  ///   - cash: The asset that takes the rest.
  ///   - largestLeverage: The largest sum of the magnitudes of the risky weights: positive, finite; 1 borrows nothing.
  ///   - band: The relative distance from the target within which nothing is traded, 0 to 1: 0.1 trades below 90 % and above
  ///     110 % of it.
  public init(
    volatility: Double,
    cash: AssetID,
    largestLeverage: Double = 1,
    band: Double = 0
  ) {
    self.volatility = volatility
    self.cash = cash
    self.largestLeverage = largestLeverage
    self.band = band
  }

  /// Creates a target per year.
  ///
  /// - Parameters:
  ///   - annualVolatility: The target, annualized: positive, finite.
  ///   - annualization: The periods of the covariance in a year.
  ///   - cash: The asset that takes the rest.
  ///   - largestLeverage: The largest sum of the magnitudes of the risky weights: positive, finite.
  ///   - band: The relative distance from the target within which nothing is traded, 0 to 1.
  public init(
    annualVolatility: Double,
    annualization: Annualization,
    cash: AssetID,
    largestLeverage: Double = 1,
    band: Double = 0
  ) {
    self.init(
      volatility: annualVolatility / annualization.volatility(1), cash: cash,
      largestLeverage: largestLeverage, band: band)
  }

  /// Targets whose squares are ordinary numbers.
  private static let volatilities = 1e-100...1e100

  /// What rounding alone may exceed a limit by.
  private static let tolerance = 0x1p-44

  /// Scales the risky weights.
  ///
  /// - Parameters:
  ///   - weights: N weights, those of cash included.
  ///   - covariance: The forecast covariance of the same assets per period; cash may have a variance.
  /// - Returns: The weights with what became of them; the leverage limit comes before the target and the band.
  /// - Throws: ``AllocationError/targetUnreachable(target:got:reachable:)`` where no scale within the limit meets the target
  ///   though leverage is not what is missing: nothing risky is held, or cash alone is riskier;
  ///   ``AllocationError/invalidValue(argument:asset:got:allowed:)``, ``AllocationError/universeMismatch(position:left:right:)``
  ///   and ``AllocationError/covarianceNotPositiveSemidefinite``.
  /// - Complexity: O(N²), O(N K) for K factors.
  public func weights(
    scaling weights: Weights,
    covariance: Covariance
  ) throws(AllocationError) -> Portfolio {
    try Translation.require(volatility, "volatility", in: Self.volatilities)
    try Translation.require(largestLeverage, "largestLeverage", in: .positive)
    try Translation.require(band, "band", in: 0...1)
    try Translation.requireEqual(weights.universe, covariance.universe)
    guard let place = weights.universe.position(of: cash) else {
      throw .universeMismatch(position: nil, left: cash, right: nil)
    }
    let line = try ScaleLine(weights, cash: place, covariance: covariance)
    let before = try line.volatility(at: 1)
    let isAllowed = line.gross <= largestLeverage * (1 + Self.tolerance)
    if isAllowed && (before - volatility).magnitude <= band * volatility {
      return try portfolio(weights, line, 1, before, .kept)
    }
    let largest = largestLeverage / line.gross
    guard let root = line.scale(at: volatility) else {
      throw try unreachable(line, upTo: largest)
    }
    let scale = min(root, largest)
    let scaled = try Translation.weights(line.weights(at: scale), over: weights.universe)
    return try portfolio(scaled, line, scale, before, root <= largest ? .scaled : .limited)
  }

  private func portfolio(
    _ weights: Weights,
    _ line: ScaleLine,
    _ scale: Double,
    _ before: Double,
    _ outcome: Outcome
  ) throws(AllocationError) -> Portfolio {
    let after = try line.volatility(at: scale)
    // Short of the first scale at which cash alone is hedged enough.
    if outcome == .limited && after > volatility * (1 + Self.tolerance) {
      throw try unreachable(line, upTo: scale)
    }
    return Portfolio(
      weights: weights, scale: scale, volatilityBefore: before, volatility: after,
      leverage: scale * line.gross, outcome: outcome)
  }

  private func unreachable(
    _ line: ScaleLine,
    upTo largest: Double
  ) throws(AllocationError) -> AllocationError {
    let largest = line.gross > 0 ? largest : 0
    let least = try line.volatility(at: min(line.least, largest))
    let most = max(try line.volatility(at: 0), try line.volatility(at: largest))
    return .targetUnreachable(
      target: "volatility", got: volatility, reachable: least...max(least, most))
  }
}

/// The portfolios between cash alone and ever more of the risky weights.
private struct ScaleLine {
  private let values: [Double]
  private let cash: Int
  private let total: Double
  /// The sum of the magnitudes of the risky weights.
  let gross: Double

  private static let varianceTolerance = 0x1p-48

  /// The coefficients of the variance, see above.
  private let square: Double
  private let cross: Double
  private let constant: Double

  /// Sums run in the order of names.
  init(
    _ weights: Weights,
    cash: Int,
    covariance: Covariance
  ) throws(AllocationError) {
    values = weights.values
    self.cash = cash
    let order = weights.universe.positionsByName
    var (sum, gross) = (CompensatedSum(), CompensatedSum())
    for i in order where i != cash {
      sum.add(weights.values[i])
      gross.add(weights.values[i].magnitude)
    }
    self.gross = gross.value
    total = sum.value + weights.values[cash]
    var direction = weights.values
    direction[cash] = -sum.value
    let product = covariance.product(with: direction)
    var square = CompensatedSum()
    for i in order { square.add(direction[i] * product[i]) }
    var unit = [Double](repeating: 0, count: direction.count)
    unit[cash] = 1
    let variance = covariance.product(with: unit)[cash]
    self.square = square.value
    cross = total * product[cash]
    constant = total * total * variance
    for number in [self.square, cross, constant, self.gross, total] where !number.isFinite {
      throw .invalidValue(argument: "covariance", asset: nil, got: number, allowed: .finite)
    }
  }

  func weights(at scale: Double) -> [Double] {
    var scaled = values.map { scale * $0 }
    scaled[cash] = 0
    var sum = CompensatedSum()
    for value in scaled { sum.add(value) }
    scaled[cash] = total - sum.value
    return scaled
  }

  func volatility(at scale: Double) throws(AllocationError) -> Double {
    let variance = scale * (scale * square + 2 * cross) + constant
    // Parts that cancel leave their rounding.
    let rounding =
      Self.varianceTolerance * (scale * (scale * square.magnitude) + constant.magnitude)
    guard variance >= -rounding else { throw .covarianceNotPositiveSemidefinite }
    return max(variance, 0).squareRoot()
  }

  /// The scale of least variance, not negative.
  var least: Double { square > 0 ? max(-cross / square, 0) : 0 }

  /// The largest scale with a volatility; nil where there is none that is not negative.
  func scale(at volatility: Double) -> Double? {
    let missing = volatility * volatility - constant
    let discriminant = cross * cross + square * missing
    guard square > 0, discriminant >= 0 else { return nil }
    let root = discriminant.squareRoot()
    // The form without cancellation.
    let scale = cross <= 0 ? (root - cross) / square : missing / (cross + root)
    return scale >= 0 && scale.isFinite ? scale : nil
  }
}

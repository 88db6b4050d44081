import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The schedule between fast and cheap.
//
// Selling X in N intervals of τ with temporary impact η (price per unit traded per year), permanent impact γ (price
// per unit), and volatility σ (price per √year) costs, with x_j left after interval j and n_j traded in it,
//
//   E = γX²/2 + ε Σ|n_j| + (η̃/τ) Σ n_j²,   V = σ²τ Σ x_j²,   η̃ = η − γτ/2
//
// and E + λV is least for x_j = X sinh(κ(T − t_j)) / sinh(κT) with 2(cosh(κτ) − 1)/τ² = λσ²/η̃ (R. Almgren and N. Chriss,
// "Optimal execution of portfolio transactions", Journal of Risk 3 (2001)). λ → 0 gives equal trades.

/// The execution of one order that trades its expected cost against the variance of it.
public struct AlmgrenChriss: Hashable, Sendable, Codable {
  /// The price that a unit traded per year moves the price temporarily, in cash per unit.
  public let temporaryImpact: Double

  /// The price that a unit traded moves the price for good, in cash per unit.
  public let permanentImpact: Double

  /// Half the spread and fees, in cash per unit.
  public let fixedCost: Double

  /// The volatility of the price, in cash per √year.
  public let volatility: Double

  /// Creates a model of costs.
  ///
  /// - Parameters:
  ///   - temporaryImpact: η, in cash × years per unit squared: positive, finite.
  ///   - permanentImpact: γ, in cash per unit squared: finite, not negative.
  ///   - fixedCost: ε, in cash per unit: finite, not negative.
  ///   - volatility: σ, in cash per √year, not a fraction: finite, not negative.
  /// - Throws: `EngineError.invalidValue`.
  public init(
    temporaryImpact: Double,
    permanentImpact: Double,
    fixedCost: Double,
    volatility: Double
  ) throws(EngineError) {
    try requireNumber(temporaryImpact, "temporaryImpact", .positive)
    try requireNumber(permanentImpact, "permanentImpact", .nonnegative)
    try requireNumber(fixedCost, "fixedCost", .nonnegative)
    try requireNumber(volatility, "volatility", .nonnegative)
    self.temporaryImpact = temporaryImpact
    self.permanentImpact = permanentImpact
    self.fixedCost = fixedCost
    self.volatility = volatility
  }

  /// Decodes a model and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func number(_ key: CodingKeys) throws -> Double {
      try container.decode(Double.self, forKey: key)
    }
    try self.init(
      temporaryImpact: number(.temporaryImpact), permanentImpact: number(.permanentImpact),
      fixedCost: number(.fixedCost), volatility: number(.volatility))
  }

  private enum CodingKeys: String, CodingKey {
    case temporaryImpact, permanentImpact, fixedCost, volatility
  }

  /// The best schedule.
  ///
  /// - Parameters:
  ///   - sliceCount: The number of intervals: at least 1.
  ///   - duration: The time, in years: positive, finite.
  ///   - riskAversion: λ, per cash: zero or more; zero gives equal trades.
  /// - Returns: The schedule.
  /// - Throws: `EngineError.invalidValue`, also when the intervals are so long that permanent impact exceeds the
  ///   temporary one: `η ≤ γτ/2`.
  /// - Complexity: O(n).
  public func schedule(
    sliceCount: Int,
    duration: Double,
    riskAversion: Double
  ) throws(EngineError) -> ExecutionSchedule {
    try ExecutionSchedule.checkShape(sliceCount, duration)
    try requireNumber(riskAversion, "riskAversion", .nonnegative)
    let step = duration / Double(sliceCount)
    let impact = try netImpact(step)
    let curvature = riskAversion * volatility * volatility / impact * step * step
    guard curvature > 0 else {
      return try .timeWeighted(sliceCount: sliceCount, duration: duration)
    }
    // cosh(a) − 1 = c/2, so a = 2 asinh(√c/2), without cancellation for small c.
    let angle = 2 * asinh(curvature.squareRoot() / 2)
    let count = Double(sliceCount)
    // sinh((n − j) a)/sinh(n a) in a form that does not overflow.
    func left(_ j: Int) -> Double {
      let (up, whole) = (angle * (count - Double(j)), angle * count)
      return exp(up - whole) * (-expm1(-2 * up)) / (-expm1(-2 * whole))
    }
    let fractions = (0..<sliceCount).map { left($0) - left($0 + 1) }
    return ExecutionSchedule(fractions: fractions, duration: duration)
  }

  /// The expected cost of an order and its standard deviation under a schedule of equal intervals.
  ///
  /// - Parameters:
  ///   - schedule: The schedule.
  ///   - quantity: The order, in units: positive, finite.
  /// - Returns: Both in cash.
  /// - Throws: `EngineError.invalidValue`.
  public func cost(
    of schedule: ExecutionSchedule,
    quantity: Double
  ) throws(EngineError) -> (expected: Double, standardDeviation: Double) {
    try requireNumber(quantity, "quantity", .positive)
    let step = schedule.duration / Double(schedule.slices.count)
    let impact = try netImpact(step)
    var (expected, variance, left) = (0.0, 0.0, quantity)
    for slice in schedule.slices {
      let traded = quantity * slice.fraction
      left -= traded
      expected += fixedCost * traded.magnitude + impact / step * traded * traded
      variance += volatility * volatility * step * left * left
    }
    return (expected + permanentImpact * quantity * quantity / 2, variance.squareRoot())
  }

  private func netImpact(_ step: Double) throws(EngineError) -> Double {
    let net = temporaryImpact - permanentImpact * step / 2
    guard net > 0 else {
      throw .invalidValue(
        argument: "temporaryImpact", asset: nil, got: temporaryImpact,
        lowest: permanentImpact * step / 2, highest: .greatestFiniteMagnitude)
    }
    return net
  }
}

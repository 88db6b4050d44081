public import KeelNumerics

/// Forecasts of expected shortfall against what then was lost.
///
/// The first and the second test of C. Acerbi and B. Szekely, "Backtesting expected shortfall", Risk (December 2014):
///
/// ```text
/// Z1 = 1 − mean over exceedances of L(t) / ES(t)
/// Z2 = 1 − Σ over exceedances of L(t) / (T (1 − confidence) ES(t))
/// ```
///
/// Both have the mean zero when the forecasts are right (Z1 given that there are exceedances) and fall below it
/// when losses are larger than forecast: Z1 looks at the size of exceedances alone, Z2 at size and number. What is
/// significant depends on the forecast laws: ``significance(simulationCount:seed:draw:)`` simulates them. For
/// a confidence of 0.975 and 250 rows Z2 below −0.70 is significant at 5 % and below −1.8 at 0.01 % for laws
/// from normal to Student-t with 3 degrees of freedom, as published.
public struct ExpectedShortfallBacktest: Hashable, Sendable {
  /// The probability with which a loss stays within its value at risk, as claimed.
  public let confidence: Double

  /// The number of exceedances of the value at risk.
  public let exceedanceCount: Int

  /// The size of exceedances; nil without any.
  public let z1: Double?

  /// Size and number of exceedances.
  public let z2: Double

  private let valuesAtRisk: [Double]
  private let expectedShortfalls: [Double]

  /// The statistics.
  ///
  /// - Parameters:
  ///   - losses: The T losses, positive where something was lost.
  ///   - valuesAtRisk: The T forecasts of value at risk, each made before its loss was known.
  ///   - expectedShortfalls: The T forecasts of expected shortfall, positive.
  ///   - confidence: The probability with which a loss stays within its value at risk, between 0 and 1.
  /// - Throws: `RiskError.shapeMismatch` for different lengths or none, `RiskError.invalidValue`, also for losses that are
  ///   so large beside their expected shortfall that a statistic overflows.
  /// - Complexity: O(T).
  public init(
    losses: [Double],
    valuesAtRisk: [Double],
    expectedShortfalls: [Double],
    confidence: Double
  ) throws(RiskError) {
    try requireForecasts(
      losses, [("valuesAtRisk", valuesAtRisk), ("expectedShortfalls", expectedShortfalls)],
      confidence)
    for (row, value) in expectedShortfalls.enumerated() {
      try require(
        value, "expectedShortfalls[\(row)]",
        in: .leastNormalMagnitude...(.greatestFiniteMagnitude))
    }
    self.confidence = confidence
    self.valuesAtRisk = valuesAtRisk
    self.expectedShortfalls = expectedShortfalls
    let sums = ExceedanceSums(valuesAtRisk, expectedShortfalls) { losses[$0] }
    try sums.requireFinite("losses / expectedShortfalls", confidence)
    exceedanceCount = sums.count
    z1 = sums.z1
    z2 = sums.z2(confidence: confidence)
  }

  /// How often right forecasts give statistics as low.
  public struct Significance: Hashable, Sendable {
    /// The probability of a Z1 at most as large as the observed one, given exceedances; nil without any.
    public let z1: Double?

    /// The probability of a Z2 at most as large as the observed one.
    public let z2: Double

    /// The number of simulated histories.
    public let simulationCount: Int
  }

  /// Simulates histories of losses from the forecast laws.
  ///
  /// The probabilities are (1 + number of histories that are as low) / (1 + number of histories), which no
  /// number of simulations makes zero; their standard error is √(p (1 − p) / simulations).
  ///
  /// - Parameters:
  ///   - simulationCount: The number of histories, 1 to 10 million.
  ///   - seed: The seed; history k draws from stream k of it.
  ///   - draw: A loss in row t, 0 to T − 1, from the law that was forecast for it.
  /// - Returns: The probabilities.
  /// - Throws: `RiskError.invalidValue` for the number of histories, or a draw that is not finite or so large that a
  ///   statistic overflows.
  /// - Complexity: O(T × simulations) draws.
  public func significance(
    simulationCount: Int = 10_000,
    seed: UInt64,
    draw: (Int, inout RandomSequence) -> Double
  ) throws(RiskError) -> Significance {
    try require(Double(simulationCount), "simulationCount", in: 1...1e7)
    var (lowFirst, withExceedances, lowSecond) = (0, 0, 0)
    for history in 0..<simulationCount {
      var random = RandomSequence(RandomStream(seed: seed, stream: UInt64(history)))
      let sums = ExceedanceSums(valuesAtRisk, expectedShortfalls) { draw($0, &random) }
      try sums.requireFinite("draw", confidence)
      let second = sums.z2(confidence: confidence)
      lowSecond += second <= z2 ? 1 : 0
      if let first = sums.z1, let observed = z1 {
        withExceedances += 1
        lowFirst += first <= observed ? 1 : 0
      }
    }
    return Significance(
      z1: z1.map { _ in Double(1 + lowFirst) / Double(1 + withExceedances) },
      z2: Double(1 + lowSecond) / Double(1 + simulationCount), simulationCount: simulationCount)
  }
}

/// The sum of losses beyond the value at risk, each by its expected shortfall.
private struct ExceedanceSums {
  private(set) var count = 0
  private var ratios = 0.0
  private let rowCount: Int
  /// The first loss that is not finite or too large.
  private var irregular: Double?

  init(
    _ valuesAtRisk: [Double],
    _ expectedShortfalls: [Double],
    _ loss: (Int) -> Double
  ) {
    rowCount = valuesAtRisk.count
    for row in valuesAtRisk.indices {
      let value = loss(row)
      if !value.isFinite, irregular == nil { irregular = value }
      if value <= valuesAtRisk[row] { continue }
      count += 1
      ratios += value / expectedShortfalls[row]
      if !ratios.isFinite, irregular == nil { irregular = value }
    }
  }

  /// Throws for the first loss that is not finite or that makes a sum overflow, or for a statistic that does.
  func requireFinite(_ argument: String, _ confidence: Double) throws(RiskError) {
    let finite = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    let value = irregular ?? z2(confidence: confidence)
    guard irregular == nil, finite.contains(value) else {
      throw .invalidValue(
        argument: argument, got: value, lowest: finite.lowerBound, highest: finite.upperBound)
    }
  }

  var z1: Double? { count > 0 ? 1 - ratios / Double(count) : nil }

  func z2(confidence: Double) -> Double {
    1 - ratios / (Double(rowCount) * (1 - confidence))
  }
}

// Goals in order: the risk without a position by full evaluation, one pass over the scenarios a position.
//
// The outcomes without position j are the sum of those before it and of those after it; taking it away from the whole would leave
// its rounding.

public import KeelData
import KeelNumerics

/// What a position does to the risk of a portfolio.
///
/// The marginal risk says what a little more costs, the incremental one what all of it costs: for a convex measure
/// the contribution `weight · marginal` is at least the incremental risk.
public struct PositionRisk: Hashable, Sendable {
  /// The asset.
  public let asset: AssetID

  /// The weight, as a fraction.
  public let weight: Double

  /// The derivative of the risk in the weight; at a kink a supporting slope.
  public let marginal: Double

  /// The risk of the portfolio less that of the portfolio without the position, the rest as it is.
  public let incremental: Double

  /// The Euler part of a homogeneous risk: weight times marginal.
  public var contribution: Double { weight * marginal }
}

extension PositionRisk {
  /// The marginal and incremental risks of all positions.
  ///
  /// - Parameters:
  ///   - measure: The measure; homogeneous or not.
  ///   - weights: The portfolio, as fractions.
  ///   - scenarios: The scenarios over the same universe in the same order; for drawdowns in the order of time.
  /// - Returns: One value an asset, in the order of the universe.
  /// - Throws: As ``SampleRiskMeasure/risk(of:)``, `DistributionsError.universeMismatch`,
  ///   `DistributionsError.invalidObservation` for an outcome of a portfolio that overflows.
  /// - Complexity: O(S N) time and memory, and one measure of S outcomes for each weight that is not zero.
  public static func all(
    of measure: SampleRiskMeasure,
    weights: Weights,
    scenarios: ScenarioSet
  ) throws(DistributionsError) -> [PositionRisk] {
    try positions(measure, weights, scenarios)
  }

  /// The marginal and incremental risks of all positions, by any measure of samples.
  ///
  /// - Parameters:
  ///   - measure: The measure: a spectrum, an entropic risk, a value at risk with a kernel, the host's own.
  ///   - weights: The portfolio, as fractions.
  ///   - scenarios: The scenarios over the same universe in the same order.
  /// - Returns: One value an asset, in the order of the universe.
  /// - Throws: As ``OutcomeMeasure/risk(of:)``, `DistributionsError.universeMismatch`,
  ///   `DistributionsError.invalidObservation` for an outcome of a portfolio that overflows.
  /// - Complexity: O(S N) time and memory, and one measure of S outcomes for each weight that is not zero.
  public static func all(
    of measure: some OutcomeMeasure,
    weights: Weights,
    scenarios: ScenarioSet
  ) throws(DistributionsError) -> [PositionRisk] {
    try positions(measure, weights, scenarios)
  }

  /// The marginal and incremental risks of all positions, by a split of a law's risk.
  ///
  /// ```swift
  /// let positions = try PositionRisk.all(weights: weights) { weights throws(DistributionsError) in
  ///   try law.expectedShortfallContributions(weights, confidence: 0.99)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions.
  ///   - split: The split of a homogeneous risk of any portfolio, as
  ///     ``MultivariateStudentT/expectedShortfallContributions(_:confidence:)``; nothing is asked of a portfolio without positions, which
  ///     has no risk.
  /// - Returns: One value an asset, in the order of the universe.
  /// - Throws: As `split`, also for a rest without risk, as cash alone: those of mixtures then throw. `DistributionsError.invalidValue`
  ///   for weights that are not admissible.
  /// - Complexity: One split of N assets, and one for each weight that is not zero.
  public static func all(
    weights: Weights,
    split: (Weights) throws(DistributionsError) -> RiskContributions
  ) throws(DistributionsError) -> [PositionRisk] {
    let whole = try split(weights)
    var positions: [PositionRisk] = []
    for (j, asset) in weights.universe.assets.enumerated() {
      let weight = weights.values[j]
      var others = weights.values
      others[j] = 0
      var without = 0.0
      if weight == 0 {
        without = whole.total
      } else if others.contains(where: { $0 != 0 }) {
        without = try split(Self.weights(weights.universe, others)).total
      }
      positions.append(
        PositionRisk(
          asset: asset, weight: weight, marginal: whole.marginals[j],
          incremental: whole.total - without))
    }
    return positions
  }

  private static func weights(
    _ universe: Universe,
    _ values: [Double]
  ) throws(DistributionsError) -> Weights {
    do throws(DataError) {
      return try Weights(universe: universe, values: values)
    } catch {
      throw DistributionsError(error)
    }
  }

  private static func positions(
    _ measure: some OutcomeMeasure,
    _ weights: Weights,
    _ scenarios: ScenarioSet
  ) throws(DistributionsError) -> [PositionRisk] {
    let law = try EmpiricalDistribution(weights: weights, scenarios: scenarios)
    let risk = try measure.risk(of: law)
    let after = sumsAfter(weights.values, scenarios.outcomes)
    var before = [Double](repeating: 0, count: law.outcomes.count)
    var positions: [PositionRisk] = []
    for (j, asset) in weights.universe.assets.enumerated() {
      let weight = weights.values[j]
      let marginal = risk.slopeSum(scenarios.outcomes, column: j)
      var incremental = 0.0
      if weight != 0 {
        let without = try EmpiricalDistribution(
          outcomes: zip(before, after[j]).map { $0 + $1 }, probabilities: law.probabilities)
        incremental = try risk.value - measure.value(of: without)
        add(scenarios.outcomes, column: j, weight: weight, to: &before)
      }
      positions.append(
        PositionRisk(asset: asset, weight: weight, marginal: marginal, incremental: incremental))
    }
    return positions
  }

  /// The outcomes of the positions after each.
  private static func sumsAfter(_ weights: [Double], _ outcomes: Matrix) -> [[Double]] {
    var sum = [Double](repeating: 0, count: outcomes.rowCount)
    var sums: [[Double]] = []
    for j in weights.indices.reversed() {
      sums.append(sum)
      add(outcomes, column: j, weight: weights[j], to: &sum)
    }
    return sums.reversed()
  }

  private static func add(
    _ outcomes: Matrix,
    column: Int,
    weight: Double,
    to sum: inout [Double]
  ) {
    guard weight != 0 else { return }
    let values = outcomes.column(column)
    for t in values.indices { sum[t] += weight * values[t] }
  }
}

extension SampleRisk {
  /// Σ slope · outcome of one asset: the derivative in its weight.
  func slopeSum(_ outcomes: Matrix, column: Int) -> Double {
    let values = outcomes.column(column)
    var sum = CompensatedSum()
    for t in values.indices where slopes[t] != 0 { sum.add(slopes[t] * values[t]) }
    return sum.value
  }
}

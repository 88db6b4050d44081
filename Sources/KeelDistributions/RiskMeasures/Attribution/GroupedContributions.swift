public import KeelData
import KeelLinearAlgebra
public import KeelNumerics

extension RiskContributions {
  /// The parts of groups of assets: by protocol, chain, sector or venue.
  ///
  /// Contributions of one group add; those of all groups and of the assets that are in none sum to ``total``.
  ///
  /// - Parameter groups: The group of each asset; assets that are missing stand under nil.
  /// - Returns: The group, nil for assets without one, and its part: sorted by name, nil last.
  /// - Throws: `DistributionsError.universeMismatch` for an asset that the universe lacks.
  /// - Complexity: O(n log n).
  public func parts(
    byGroup groups: [AssetID: String]
  ) throws(DistributionsError) -> [(group: String?, contribution: Double)] {
    for asset in groups.keys.sorted() where universe.position(of: asset) == nil {
      throw .universeMismatch(position: universe.count, left: nil, right: asset)
    }
    var sums: [String: CompensatedSum] = [:]
    var rest = CompensatedSum()
    var hasRest = false
    for place in universe.positionsByName {
      if let group = groups[universe.assets[place]] {
        sums[group, default: CompensatedSum()].add(contributions[place])
      } else {
        rest.add(contributions[place])
        hasRest = true
      }
    }
    var parts: [(group: String?, contribution: Double)] = sums.sorted { $0.key < $1.key }
      .map { ($0.key, $0.value.value) }
    if hasRest { parts.append((nil, rest.value)) }
    return parts
  }
}

/// A risk of a portfolio, split over factors of the returns and what no factor explains.
///
/// ```text
/// x(t) = Σ b(k) f(t, k) + e(t),   b = B'w,   ρ = Σ b(k) Σ slope(t) f(t, k) + Σ slope(t) e(t)
/// ```
///
/// Euler's split of any homogeneous measure in the exposures: the measure of the portfolio is one of its exposures and of its specific
/// outcome. Source: A. Meucci, "Risk contributions from generic user-defined factors", Risk 20 (2007).
public struct SampleFactorContributions: Hashable, Sendable {
  /// The risk of the portfolio; a loss is positive.
  public let total: Double

  /// The exposure of the portfolio to each factor.
  public let exposures: [Double]

  /// The part of each factor, in the unit of ``total``.
  public let factors: [Double]

  /// The part of what no factor explains.
  public let specific: Double

  /// Splits a homogeneous measure.
  ///
  /// - Parameters:
  ///   - measure: A measure that is homogeneous, see ``SampleRiskMeasure/isHomogeneous``.
  ///   - weights: The portfolio of N assets, as fractions.
  ///   - scenarios: S scenarios over the same universe in the same order; for drawdowns in the order of time.
  ///   - loadings: The N × K exposures of the assets.
  ///   - factorOutcomes: The S × K outcomes of the factors in the same scenarios.
  /// - Throws: As ``SampleRiskMeasure/risk(of:)``, `DistributionsError.invalidValue` for a measure that is not homogeneous,
  ///   `DistributionsError.universeMismatch`, `DistributionsError.shapeMismatch`,
  ///   `DistributionsError.notRepresentable` for numbers that are not finite.
  /// - Complexity: O(S N + S K + N K).
  public init(
    _ measure: SampleRiskMeasure,
    weights: Weights,
    scenarios: ScenarioSet,
    loadings: Matrix,
    factorOutcomes: Matrix
  ) throws(DistributionsError) {
    try self.init(
      measure: measure, weights: weights, scenarios: scenarios, loadings: loadings,
      factorOutcomes: factorOutcomes)
  }

  /// Splits any homogeneous measure.
  ///
  /// - Parameters:
  ///   - measure: A measure that is homogeneous: a spectrum, a value at risk with a kernel, the host's own.
  ///   - weights: The portfolio of N assets, as fractions.
  ///   - scenarios: S scenarios over the same universe in the same order.
  ///   - loadings: The N × K exposures of the assets.
  ///   - factorOutcomes: The S × K outcomes of the factors in the same scenarios.
  /// - Throws: As ``OutcomeMeasure/risk(of:)``, `DistributionsError.invalidValue` for a measure that is not homogeneous, `DistributionsError.shapeMismatch`,
  ///   `DistributionsError.notRepresentable` for numbers that are not finite.
  /// - Complexity: O(S N + S K + N K) and one measure.
  public init(
    measure: some OutcomeMeasure,
    weights: Weights,
    scenarios: ScenarioSet,
    loadings: Matrix,
    factorOutcomes: Matrix
  ) throws(DistributionsError) {
    for (argument, got, required) in [
      ("loadings rows", loadings.rowCount, weights.values.count),
      ("loadings columns", loadings.columnCount, factorOutcomes.columnCount),
      ("factorOutcomes rows", factorOutcomes.rowCount, scenarios.scenarioCount),
    ] where got != required {
      throw .shapeMismatch(argument: argument, got: got, required: required)
    }
    try measure.requireHomogeneous()
    let law = try EmpiricalDistribution(weights: weights, scenarios: scenarios)
    let risk = try measure.risk(of: law)
    let exposures: [Double]
    let explained: [Double]
    do throws(LinearAlgebraError) {
      exposures = try loadings.transposedTimes(weights.values)
      explained = try factorOutcomes.times(exposures)
    } catch {
      throw .notRepresentable(result: "factor outcome")
    }
    factors = exposures.enumerated().map { k, exposure in
      exposure == 0 ? 0 : exposure * risk.slopeSum(factorOutcomes, column: k)
    }
    var rest = CompensatedSum()
    for t in explained.indices where risk.slopes[t] != 0 {
      rest.add(risk.slopes[t] * (law.outcomes[t] - explained[t]))
    }
    total = risk.value
    self.exposures = exposures
    specific = rest.value
  }
}

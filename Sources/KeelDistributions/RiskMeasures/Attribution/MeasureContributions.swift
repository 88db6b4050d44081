public import KeelData

extension RiskContributions {
  /// Splits a risk of a portfolio over its assets.
  ///
  /// ```text
  /// ρ = Σ c(i),   c(i) = w(i) Σ slope(t) x(t, i)
  /// ```
  ///
  /// with the slopes of ``SampleRisk``.
  ///
  /// - Parameters:
  ///   - measure: A measure that is homogeneous, see ``SampleRiskMeasure/isHomogeneous``.
  ///   - weights: The portfolio, as fractions.
  ///   - scenarios: The scenarios over the same universe in the same order; for drawdowns in the order
  ///     of time.
  /// - Returns: The risk, positive for a loss, and its parts.
  /// - Throws: As ``SampleRiskMeasure/risk(of:)``, `DistributionsError.universeMismatch`,
  ///   `DistributionsError.invalidObservation` for an outcome of the portfolio that overflows, and
  ///   `DistributionsError.invalidValue` for a partial moment with a target that is not zero.
  /// - Complexity: O(S N).
  public static func of(
    _ measure: SampleRiskMeasure,
    weights: Weights,
    scenarios: ScenarioSet
  ) throws(DistributionsError) -> RiskContributions {
    if case .lowerPartialMoment(_, let target) = measure, target != 0 {
      throw .invalidValue(argument: "target", got: target, lowest: 0, highest: 0)
    }
    return try split(measure, weights, scenarios)
  }

  /// Splits any homogeneous measure of a portfolio over its assets.
  ///
  /// - Parameters:
  ///   - measure: A measure that is homogeneous: a spectrum, a value at risk with a kernel, the host's own.
  ///   - weights: The portfolio, as fractions.
  ///   - scenarios: The scenarios over the same universe in the same order.
  /// - Returns: The risk, positive for a loss, and its parts.
  /// - Throws: As ``OutcomeMeasure/risk(of:)``, `DistributionsError.universeMismatch`,
  ///   `DistributionsError.invalidObservation` for an outcome of the portfolio that overflows, and
  ///   `DistributionsError.invalidValue` for a measure that is not homogeneous.
  /// - Complexity: O(S N) and one measure.
  public static func of(
    _ measure: some OutcomeMeasure,
    weights: Weights,
    scenarios: ScenarioSet
  ) throws(DistributionsError) -> RiskContributions {
    try measure.requireHomogeneous()
    return try split(measure, weights, scenarios)
  }

  private static func split(
    _ measure: some OutcomeMeasure,
    _ weights: Weights,
    _ scenarios: ScenarioSet
  ) throws(DistributionsError) -> RiskContributions {
    let risk = try measure.risk(of: EmpiricalDistribution(weights: weights, scenarios: scenarios))
    return RiskContributions(
      weights, total: risk.value,
      marginals: weights.values.indices.map { risk.slopeSum(scenarios.outcomes, column: $0) })
  }
}

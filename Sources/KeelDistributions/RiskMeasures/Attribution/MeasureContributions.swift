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
    let risk = try measure.risk(of: EmpiricalDistribution(weights: weights, scenarios: scenarios))
    return RiskContributions(risk, weights: weights, scenarios: scenarios)
  }
}

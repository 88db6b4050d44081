public import KeelData

extension RiskContributions {
  /// Splits the spectral risk of a portfolio over its assets.
  ///
  /// - Parameters:
  ///   - spectrum: How much each part of the distribution counts.
  ///   - weights: The portfolio, as fractions.
  ///   - scenarios: The scenarios over the same universe in the same order.
  /// - Returns: The risk, positive for a loss, and its parts.
  /// - Throws: As ``RiskSpectrum/risk(of:)-(EmpiricalDistribution)``, `DistributionsError.universeMismatch`,
  ///   `DistributionsError.invalidObservation` for an outcome of the portfolio that overflows.
  /// - Complexity: O(S N + S log S).
  public static func spectral(
    _ spectrum: RiskSpectrum,
    weights: Weights,
    scenarios: ScenarioSet
  ) throws(DistributionsError) -> RiskContributions {
    try of(spectrum, weights: weights, scenarios: scenarios)
  }
}

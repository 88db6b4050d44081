public import KeelData

/// What keeping the weights adds to the growth of a portfolio, against the average growth of its assets.
///
/// ```text
/// (Σ w_i σ_i² − w'Σw) / 2
/// ```
///
/// It is the excess growth rate of a portfolio that is rebalanced all the time without cost; a buy-and-hold portfolio has none
/// in expectation of its weights. Source: R. Fernholz, "Stochastic Portfolio Theory", Springer 2002, section 1.1.
public enum RebalancingPremium {
  /// The premium per period of the covariance.
  ///
  /// - Parameters:
  ///   - weights: The weights that are kept.
  ///   - covariance: The covariance of the assets' log returns per period, over the same assets.
  /// - Returns: The growth per period; not negative for long-only weights that add to one.
  /// - Throws: `EngineError.universeMismatch`.
  /// - Complexity: O(N²), O(NK) for K factors.
  public static func perPeriod(
    weights: Weights,
    covariance: Covariance
  ) throws(EngineError) -> Double {
    try requireSameAssets(weights.universe, covariance.universe)
    let w = weights.values
    let product = covariance.product(with: w)
    let deviations = covariance.standardDeviations
    return w.indices.reduce(0) {
      $0 + w[$1] * (deviations[$1] * deviations[$1] - product[$1])
    } / 2
  }
}

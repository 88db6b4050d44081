extension EmpiricalDistribution {
  /// Creates the law of the next outcome from past ones, each brought to the volatility of today.
  ///
  /// ```text
  /// outcome(t) σ(T + 1) / σ(t)
  /// ```
  ///
  /// Filtered historical simulation: the shape of the tail is that of the history, the size that of the market as it is now.
  /// Source: J. Hull and A. White, "Incorporating volatility updating into the historical simulation method for value-at-risk",
  /// Journal of Risk 1 (1998).
  ///
  /// - Parameters:
  ///   - outcomes: T outcomes as fractions, negative for losses.
  ///   - volatilities: T positive standard deviations, each known before its outcome.
  ///   - currentVolatility: The standard deviation of the next outcome, positive.
  /// - Throws: `DistributionsError.shapeMismatch`, `DistributionsError.invalidValue`, and as
  ///   ``init(outcomes:probabilities:)``.
  public init(
    outcomes: [Double],
    volatilities: [Double],
    currentVolatility: Double
  ) throws(DistributionsError) {
    try requireVolatility(currentVolatility)
    try self.init(
      outcomes: standardized(outcomes, volatilities).map { $0 * currentVolatility })
  }
}

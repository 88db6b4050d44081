public import KeelNumerics

extension OptionColumns {
  /// Writes the volatilities at which the options have given prices, with an outcome for each.
  ///
  /// What the outcomes mean is said at
  /// ``BlackScholes/impliedVolatility(of:price:spot:rate:carryYield:)``; three steps are the most.
  /// Method and accuracy: <doc:BatchOptions>.
  ///
  /// - Parameters:
  ///   - prices: The prices in cash today; one, or one for each option.
  ///   - volatilities: The storage for the annualized volatilities; NaN where there is none.
  ///   - outcomes: The storage for the outcomes.
  ///   - pool: Threads to share the work; by default the calling one works alone.
  /// - Throws: `DerivativesError.shapeMismatch` when a count is neither that of the options nor
  ///   one; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public func impliedVolatilities(
    prices: Span<Double>,
    into volatilities: inout MutableSpan<Double>,
    outcomes: inout MutableSpan<ImpliedVolatilityOutcome>,
    on pool: BoundedPool? = nil
  ) throws(DerivativesError) {
    try invert(prices, &volatilities, &outcomes, pool, .automatic)
  }

  /// Returns the volatilities at which the options have given prices, with an outcome for each.
  ///
  /// - Parameters:
  ///   - prices: The prices in cash today; one, or one for each option.
  ///   - pool: Threads to share the work; by default the calling one works alone.
  /// - Returns: The annualized volatilities, NaN where there is none, and the outcomes.
  /// - Throws: `DerivativesError.shapeMismatch` when a count is neither that of the options nor
  ///   one.
  public func impliedVolatilities(
    prices: [Double],
    on pool: BoundedPool? = nil
  ) throws(DerivativesError) -> (volatilities: [Double], outcomes: [ImpliedVolatilityOutcome]) {
    let count = count(with: prices.count)
    var volatilities = [Double](repeating: 0, count: count)
    var outcomes = [ImpliedVolatilityOutcome](repeating: .invalid, count: count)
    var values = volatilities.mutableSpan
    var reasons = outcomes.mutableSpan
    try impliedVolatilities(prices: prices.span, into: &values, outcomes: &reasons, on: pool)
    return (volatilities, outcomes)
  }

  /// The same at a level.
  package func invert(
    _ prices: Span<Double>,
    _ volatilities: inout MutableSpan<Double>,
    _ outcomes: inout MutableSpan<ImpliedVolatilityOutcome>,
    _ pool: BoundedPool?,
    _ level: Kernels.Level
  ) throws(DerivativesError) {
    try OptionKernels.invert(self, prices, into: &volatilities, outcomes: &outcomes, pool, level)
  }
}

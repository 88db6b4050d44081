public import KeelNumerics

extension OptionColumns {
  /// Writes the prices of the options today.
  ///
  /// The formula is that of `BlackScholes.price(of:)`, NaN outside the domain and the limit at
  /// its edge. Accuracy: <doc:BatchOptions>.
  ///
  /// - Parameters:
  ///   - volatilities: The annualized volatilities as fractions; one, or one for each option.
  ///   - output: The storage for the prices in cash, one for each option.
  ///   - pool: Threads to share the work; by default the calling one works alone.
  /// - Throws: `DerivativesError.shapeMismatch` when a count is neither that of the options nor
  ///   one; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public func prices(
    volatilities: Span<Double>,
    into output: inout MutableSpan<Double>,
    on pool: BoundedPool? = nil
  ) throws(DerivativesError) {
    try OptionKernels.write(1, of: self, volatilities, into: &output, pool, .automatic)
  }

  /// Returns the prices of the options today.
  ///
  /// The formula is that of `BlackScholes.price(of:)`, NaN outside the domain and the limit at
  /// its edge. Accuracy: <doc:BatchOptions>.
  ///
  /// - Parameters:
  ///   - volatilities: The annualized volatilities as fractions; one, or one for each option.
  ///   - pool: Threads to share the work; by default the calling one works alone.
  /// - Returns: The prices in cash.
  /// - Throws: `DerivativesError.shapeMismatch` when a count is neither that of the options nor
  ///   one.
  public func prices(
    volatilities: [Double],
    on pool: BoundedPool? = nil
  ) throws(DerivativesError) -> [Double] {
    var result = [Double](repeating: 0, count: count(with: volatilities.count))
    var output = result.mutableSpan
    try prices(volatilities: volatilities.span, into: &output, on: pool)
    return result
  }
}

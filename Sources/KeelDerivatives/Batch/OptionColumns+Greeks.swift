public import KeelNumerics

extension OptionColumns {
  /// Writes the prices of the options with their first derivatives and gamma.
  ///
  /// The formulas are those of `BlackScholes.greeks(of:)`, NaN outside the domain and the limit
  /// at its edge. Accuracy: <doc:BatchOptions>.
  ///
  /// - Parameters:
  ///   - volatilities: The annualized volatilities as fractions; one, or one for each option.
  ///   - output: A row for each option and a column for each ``Greek`` up to ``Greek/carryRho``.
  ///   - pool: Threads to share the work; by default the calling one works alone.
  /// - Throws: `DerivativesError.shapeMismatch` when a count is neither that of the options nor
  ///   one, or the matrix has another shape; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public func greeks(
    volatilities: Span<Double>,
    into output: inout Matrix,
    on pool: BoundedPool? = nil
  ) throws(DerivativesError) {
    try write(Greek.firstOrderCount, volatilities, &output, pool, .automatic)
  }

  /// Writes the prices of the options with all derivatives to third order.
  ///
  /// ```text
  /// n = S e^(−yT) φ(d₁),  s = σ√T,  m = ∂d₁/∂T = (r − y)/s − d₂/(2T)
  /// gamma  n/(S²s)              vanna  −n d₂/(Sσ)            volga  n√T d₁d₂/σ
  /// charm  yΔ − n m/S           veta   n√T (y + d₁m − 1/(2T))
  /// speed  −Γ (d₁/s + 1)/S      zomma  Γ (d₁d₂ − 1)/σ        color  Γ (y + d₁m + 1/(2T))
  /// ultima −n√T (d₁d₂(1 − d₁d₂) + d₁² + d₂²)/σ²
  /// ```
  ///
  /// NaN outside the domain and the limit at its edge. Accuracy: <doc:BatchOptions>.
  ///
  /// - Parameters:
  ///   - volatilities: The annualized volatilities as fractions; one, or one for each option.
  ///   - output: A row for each option and a column for each ``Greek``.
  ///   - pool: Threads to share the work; by default the calling one works alone.
  /// - Throws: `DerivativesError.shapeMismatch` when a count is neither that of the options nor
  ///   one, or the matrix has another shape; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public func allGreeks(
    volatilities: Span<Double>,
    into output: inout Matrix,
    on pool: BoundedPool? = nil
  ) throws(DerivativesError) {
    try write(Greek.count, volatilities, &output, pool, .automatic)
  }

  /// Returns the prices of the options with their first derivatives and gamma.
  ///
  /// - Parameters:
  ///   - volatilities: The annualized volatilities as fractions; one, or one for each option.
  ///   - pool: Threads to share the work; by default the calling one works alone.
  /// - Returns: A row for each option and a column for each ``Greek`` up to ``Greek/carryRho``.
  /// - Throws: `DerivativesError.shapeMismatch` when a count is neither that of the options nor
  ///   one.
  public func greeks(
    volatilities: [Double],
    on pool: BoundedPool? = nil
  ) throws(DerivativesError) -> Matrix {
    var result = matrix(Greek.firstOrderCount, with: volatilities.count)
    try greeks(volatilities: volatilities.span, into: &result, on: pool)
    return result
  }

  /// Returns the prices of the options with all derivatives to third order.
  ///
  /// - Parameters:
  ///   - volatilities: The annualized volatilities as fractions; one, or one for each option.
  ///   - pool: Threads to share the work; by default the calling one works alone.
  /// - Returns: A row for each option and a column for each ``Greek``.
  /// - Throws: `DerivativesError.shapeMismatch` when a count is neither that of the options nor
  ///   one.
  public func allGreeks(
    volatilities: [Double],
    on pool: BoundedPool? = nil
  ) throws(DerivativesError) -> Matrix {
    var result = matrix(Greek.count, with: volatilities.count)
    try allGreeks(volatilities: volatilities.span, into: &result, on: pool)
    return result
  }

  private func matrix(_ columnCount: Int, with other: Int) -> Matrix {
    let rowCount = count(with: other)
    return Matrix(
      uncheckedRowCount: rowCount, columnCount: columnCount,
      storage: [Double](repeating: 0, count: rowCount * columnCount))
  }

  /// Writes the leading columns at a level.
  package func write(
    _ columnCount: Int,
    _ volatilities: Span<Double>,
    _ output: inout Matrix,
    _ pool: BoundedPool?,
    _ level: Kernels.Level
  ) throws(DerivativesError) {
    guard output.columnCount == columnCount else {
      throw .shapeMismatch(
        argument: "output.columnCount", got: output.columnCount, required: columnCount)
    }
    var elements = output.mutableElements
    try OptionKernels.write(columnCount, of: self, volatilities, into: &elements, pool, level)
  }
}

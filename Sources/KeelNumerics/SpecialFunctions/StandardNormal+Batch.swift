// Batch forms: one call for many elements, through the vector kernels.
//
// An element's result depends on its value alone, not on its place or on the length of the array,
// bit for bit on one processor; processors with and without fused multiply-add may differ by the
// stated error. Scalar and batch forms agree to the last few ulp.

extension StandardNormal {
  /// Writes the normal density of each element.
  ///
  /// ```text
  /// φ(x) = exp(−x²/2) / √(2π)
  /// ```
  ///
  /// Relative error: at most 1 ulp where the result is a normal number. NaN gives NaN.
  ///
  /// - Parameters:
  ///   - x: The arguments, in standard deviations.
  ///   - output: The storage for the results, of the same count as `x`.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func pdf(
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.apply(.normalPDF, x, into: &output)
  }

  /// Returns the normal density of each element.
  ///
  /// Relative error: at most 1 ulp where the result is a normal number. NaN gives NaN.
  ///
  /// - Parameter x: The arguments, in standard deviations.
  /// - Returns: The results, in the order of `x`.
  public static func pdf(_ x: [Double]) -> [Double] {
    Kernels.apply(.normalPDF, x)
  }

  /// Writes the normal distribution function of each element.
  ///
  /// ```text
  /// Φ(x) = erfc(−x/√2) / 2
  /// ```
  ///
  /// Relative error: at most 2 ulp where the result is a normal number, in both tails. NaN
  /// gives NaN.
  ///
  /// - Parameters:
  ///   - x: The arguments, in standard deviations.
  ///   - output: The storage for the results, of the same count as `x`.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func cdf(
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.apply(.normalCDF, x, into: &output)
  }

  /// Returns the normal distribution function of each element.
  ///
  /// Relative error: at most 2 ulp where the result is a normal number, in both tails. NaN
  /// gives NaN.
  ///
  /// - Parameter x: The arguments, in standard deviations.
  /// - Returns: The results, in the order of `x`.
  public static func cdf(_ x: [Double]) -> [Double] {
    Kernels.apply(.normalCDF, x)
  }

  /// Writes the normal survival function of each element.
  ///
  /// ```text
  /// 1 − Φ(x) = Φ(−x)
  /// ```
  ///
  /// Relative error: at most 2 ulp where the result is a normal number, in both tails. NaN
  /// gives NaN.
  ///
  /// - Parameters:
  ///   - x: The arguments, in standard deviations.
  ///   - output: The storage for the results, of the same count as `x`.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func survival(
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.apply(.normalSurvival, x, into: &output)
  }

  /// Returns the normal survival function of each element.
  ///
  /// Relative error: at most 2 ulp where the result is a normal number, in both tails. NaN
  /// gives NaN.
  ///
  /// - Parameter x: The arguments, in standard deviations.
  /// - Returns: The results, in the order of `x`.
  public static func survival(_ x: [Double]) -> [Double] {
    Kernels.apply(.normalSurvival, x)
  }

  /// Writes the normal quantile of each element.
  ///
  /// ```text
  /// Φ⁻¹(p)
  /// ```
  ///
  /// Relative error: at most 4 ulp. NaN gives NaN.
  ///
  /// - Parameters:
  ///   - x: The probabilities; −∞ at 0, ∞ at 1, NaN outside.
  ///   - output: The storage for the results, of the same count as `x`.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func quantile(
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.apply(.normalQuantile, x, into: &output)
  }

  /// Returns the normal quantile of each element.
  ///
  /// Relative error: at most 4 ulp. NaN gives NaN.
  ///
  /// - Parameter x: The probabilities; −∞ at 0, ∞ at 1, NaN outside.
  /// - Returns: The results, in the order of `x`.
  public static func quantile(_ x: [Double]) -> [Double] {
    Kernels.apply(.normalQuantile, x)
  }
}

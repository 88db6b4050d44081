// Batch forms: one call for many elements, through the vector kernels.
//
// An element's result depends on its value alone, not on its place or on the length of the array,
// bit for bit on one processor; processors with and without fused multiply-add may differ by the
// stated error. Scalar and batch forms agree to the last few ulp.

extension SpecialFunctions {
  /// Writes the error function of each element.
  ///
  /// ```text
  /// erf(x) = 2/√π ∫₀ˣ exp(−t²) dt
  /// ```
  ///
  /// Relative error: at most 2 ulp. NaN gives NaN.
  ///
  /// - Parameters:
  ///   - x: The arguments; any numbers.
  ///   - output: The storage for the results, of the same count as `x`.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func erf(
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.apply(.erf, x, into: &output)
  }

  /// Returns the error function of each element.
  ///
  /// Relative error: at most 2 ulp. NaN gives NaN.
  ///
  /// - Parameter x: The arguments; any numbers.
  /// - Returns: The results, in the order of `x`.
  public static func erf(_ x: [Double]) -> [Double] {
    Kernels.apply(.erf, x)
  }

  /// Writes the complementary error function of each element.
  ///
  /// ```text
  /// erfc(x) = 1 − erf(x)
  /// ```
  ///
  /// Relative error: at most 2 ulp where the result is a normal number, in both tails. NaN
  /// gives NaN.
  ///
  /// - Parameters:
  ///   - x: The arguments; any numbers.
  ///   - output: The storage for the results, of the same count as `x`.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func erfc(
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.apply(.erfc, x, into: &output)
  }

  /// Returns the complementary error function of each element.
  ///
  /// Relative error: at most 2 ulp where the result is a normal number, in both tails. NaN
  /// gives NaN.
  ///
  /// - Parameter x: The arguments; any numbers.
  /// - Returns: The results, in the order of `x`.
  public static func erfc(_ x: [Double]) -> [Double] {
    Kernels.apply(.erfc, x)
  }

  /// Writes the scaled complementary error function of each element.
  ///
  /// ```text
  /// erfcx(x) = exp(x²) erfc(x)
  /// ```
  ///
  /// Relative error: at most 2 ulp. NaN gives NaN.
  ///
  /// - Parameters:
  ///   - x: The arguments; any numbers; infinite results below −26.7.
  ///   - output: The storage for the results, of the same count as `x`.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func scaledErfc(
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.apply(.scaledErfc, x, into: &output)
  }

  /// Returns the scaled complementary error function of each element.
  ///
  /// Relative error: at most 2 ulp. NaN gives NaN.
  ///
  /// - Parameter x: The arguments; any numbers; infinite results below −26.7.
  /// - Returns: The results, in the order of `x`.
  public static func scaledErfc(_ x: [Double]) -> [Double] {
    Kernels.apply(.scaledErfc, x)
  }
}

/// Elementary functions of many elements at a time, through the vector kernels.
///
/// An element's result depends on its value alone, not on its place or on the length of the array,
/// bit for bit on one processor; processors with and without fused multiply-add may differ by the
/// stated error. Scalar forms are those of the C library.
public enum ElementaryFunctions {
  /// Writes the exponential of each element.
  ///
  /// ```text
  /// exp(x)
  /// ```
  ///
  /// Relative error: at most 1 ulp where the result is a normal number. NaN gives NaN.
  ///
  /// - Parameters:
  ///   - x: The arguments; any numbers.
  ///   - output: The storage for the results, of the same count as `x`.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func exp(
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.apply(.exp, x, into: &output)
  }

  /// Returns the exponential of each element.
  ///
  /// Relative error: at most 1 ulp where the result is a normal number. NaN gives NaN.
  ///
  /// - Parameter x: The arguments; any numbers.
  /// - Returns: The results, in the order of `x`.
  public static func exp(_ x: [Double]) -> [Double] {
    Kernels.apply(.exp, x)
  }

  /// Writes the natural logarithm of each element.
  ///
  /// ```text
  /// ln(x)
  /// ```
  ///
  /// Relative error: at most 1 ulp. NaN gives NaN.
  ///
  /// - Parameters:
  ///   - x: The arguments; −∞ at zero, NaN below zero.
  ///   - output: The storage for the results, of the same count as `x`.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func log(
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.apply(.log, x, into: &output)
  }

  /// Returns the natural logarithm of each element.
  ///
  /// Relative error: at most 1 ulp. NaN gives NaN.
  ///
  /// - Parameter x: The arguments; −∞ at zero, NaN below zero.
  /// - Returns: The results, in the order of `x`.
  public static func log(_ x: [Double]) -> [Double] {
    Kernels.apply(.log, x)
  }
}

// Batch forms through the vector kernels: one call for many elements, at each processor level.
//
// An element's result depends on its own values alone, not on its place or its neighbors, bit for
// bit on one processor; with one parameter for all it is the same as with a column of equal ones.
// Scalar and batch forms agree to the sum of their stated errors.

extension SpecialFunctions {
  /// Writes the logarithm of the magnitude of the gamma function of each element.
  ///
  /// ```text
  /// ln |Γ(x)|
  /// ```
  ///
  /// Relative error for x > 0: at most 1e-15, also next to the zeros at 1 and 2. For x < 0: 2e-15
  /// relative to the larger of 1 and the result while |x| < 1000.
  ///
  /// - Parameters:
  ///   - x: The arguments; any numbers.
  ///   - output: The storage for the results, of the same count as `x`.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func logGamma(
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.apply(.logGamma, x, into: &output)
  }

  /// Returns the logarithm of the magnitude of the gamma function of each element.
  ///
  /// Relative error for x > 0: at most 1e-15, also next to the zeros at 1 and 2. For x < 0: 2e-15
  /// relative to the larger of 1 and the result while |x| < 1000.
  ///
  /// - Parameter x: The arguments; any numbers.
  /// - Returns: The results, in the order of `x`: infinity at the poles 0, −1, −2, … and for both infinities;
  ///   NaN for NaN.
  public static func logGamma(_ x: [Double]) -> [Double] {
    Kernels.apply(.logGamma, x)
  }

  /// Writes the derivative of the logarithm of the gamma function of each element.
  ///
  /// ```text
  /// ψ(x) = d/dx ln Γ(x)
  /// ```
  ///
  /// Relative error for x > 0: at most 1e-15, also next to the zero at 1.4616…. For x < 0: 4e-15
  /// relative to the larger of 1 and the result while |x| < 1000 and x is at least 1e-3 from a pole.
  ///
  /// - Parameters:
  ///   - x: The arguments; any numbers.
  ///   - output: The storage for the results, of the same count as `x`.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func digamma(
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.apply(.digamma, x, into: &output)
  }

  /// Returns the derivative of the logarithm of the gamma function of each element.
  ///
  /// Relative error for x > 0: at most 1e-15, also next to the zero at 1.4616…. For x < 0: 4e-15
  /// relative to the larger of 1 and the result while |x| < 1000 and x is at least 1e-3 from a pole.
  ///
  /// - Parameter x: The arguments; any numbers.
  /// - Returns: The results, in the order of `x`: −infinity at 0, infinity at −0, NaN at −1, −2, …, for
  ///   −infinity and for NaN.
  public static func digamma(_ x: [Double]) -> [Double] {
    Kernels.apply(.digamma, x)
  }
}

// Batch forms through the vector kernels: one call for many elements, at each processor level.
//
// An element's result depends on its own values alone, not on its place or its neighbors, bit for
// bit on one processor; with one parameter for all it is the same as with a column of equal ones.
// Scalar and batch forms agree to the sum of their stated errors.

extension SpecialFunctions {
  /// Writes the regularized incomplete beta function, parameters for each element.
  ///
  /// ```text
  /// I_x(a, b) = 1/B(a, b) ∫₀ˣ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt
  /// ```
  ///
  /// Relative error: at most 1e-13 for parameters up to 1e15, the smallest included, and results down
  /// to 1e-300; 2e-14 was measured. The methods are those of the scalar form.
  ///
  /// - Parameters:
  ///   - x: The arguments, in 0 ... 1.
  ///   - a: The first parameters, each positive and finite; as many as `x` has elements.
  ///   - b: The second parameters, each positive and finite; as many.
  ///   - output: The storage for the results, of the same count; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n √min(a, b)) near the mean for
  ///   parameters below 1e8, O(n) else, without allocation.
  public static func regularizedBeta(
    _ x: Span<Double>,
    a: Span<Double>,
    b: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.beta(.lower, x, a, b, into: &output)
  }

  /// Writes the regularized incomplete beta function, the same parameters for all elements.
  ///
  /// The same bits as with columns of equal parameters, for less time.
  ///
  /// - Parameters:
  ///   - x: The arguments, in 0 ... 1.
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  ///   - output: The storage for the results, of the same count as `x`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n √min(a, b)) near the mean for
  ///   parameters below 1e8, O(n) else, without allocation.
  public static func regularizedBeta(
    _ x: Span<Double>,
    a: Double,
    b: Double,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.beta(.lower, x, a, b, into: &output)
  }

  /// Returns the regularized incomplete beta function, parameters for each element.
  ///
  /// Relative error: at most 1e-13 for parameters up to 1e15, the smallest included, and results down
  /// to 1e-300; 2e-14 was measured. The methods are those of the scalar form.
  ///
  /// - Parameters:
  ///   - x: The arguments, in 0 ... 1.
  ///   - a: The first parameters, each positive and finite; as many as `x` has elements.
  ///   - b: The second parameters, each positive and finite; as many.
  /// - Returns: The results, in the order of `x`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ.
  public static func regularizedBeta(
    _ x: [Double],
    a: [Double],
    b: [Double]
  ) throws(NumericsError) -> [Double] {
    var result = [Double](repeating: 0, count: x.count)
    var output = result.mutableSpan
    try Kernels.beta(.lower, x.span, a.span, b.span, into: &output)
    return result
  }

  /// Returns the regularized incomplete beta function, the same parameters for all elements.
  ///
  /// The same bits as with columns of equal parameters, for less time.
  ///
  /// - Parameters:
  ///   - x: The arguments, in 0 ... 1.
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  /// - Returns: The results, in the order of `x`; NaN outside the domain.
  public static func regularizedBeta(
    _ x: [Double],
    a: Double,
    b: Double
  ) -> [Double] {
    Kernels.beta(.lower, x, a, b)
  }

  /// Writes the complement of the regularized incomplete beta function, parameters for each element.
  ///
  /// ```text
  /// 1 − I_x(a, b), never computed as a difference when it is small
  /// ```
  ///
  /// Relative error: at most 1e-13 for parameters up to 1e15, the smallest included, and results down
  /// to 1e-300; 2e-14 was measured. The methods are those of the scalar form.
  ///
  /// - Parameters:
  ///   - x: The arguments, in 0 ... 1.
  ///   - a: The first parameters, each positive and finite; as many as `x` has elements.
  ///   - b: The second parameters, each positive and finite; as many.
  ///   - output: The storage for the results, of the same count; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n √min(a, b)) near the mean for
  ///   parameters below 1e8, O(n) else, without allocation.
  public static func regularizedBetaComplement(
    _ x: Span<Double>,
    a: Span<Double>,
    b: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.beta(.upper, x, a, b, into: &output)
  }

  /// Writes the complement of the regularized incomplete beta function, the same parameters for all elements.
  ///
  /// The same bits as with columns of equal parameters, for less time.
  ///
  /// - Parameters:
  ///   - x: The arguments, in 0 ... 1.
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  ///   - output: The storage for the results, of the same count as `x`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n √min(a, b)) near the mean for
  ///   parameters below 1e8, O(n) else, without allocation.
  public static func regularizedBetaComplement(
    _ x: Span<Double>,
    a: Double,
    b: Double,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.beta(.upper, x, a, b, into: &output)
  }

  /// Returns the complement of the regularized incomplete beta function, parameters for each element.
  ///
  /// Relative error: at most 1e-13 for parameters up to 1e15, the smallest included, and results down
  /// to 1e-300; 2e-14 was measured. The methods are those of the scalar form.
  ///
  /// - Parameters:
  ///   - x: The arguments, in 0 ... 1.
  ///   - a: The first parameters, each positive and finite; as many as `x` has elements.
  ///   - b: The second parameters, each positive and finite; as many.
  /// - Returns: The results, in the order of `x`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ.
  public static func regularizedBetaComplement(
    _ x: [Double],
    a: [Double],
    b: [Double]
  ) throws(NumericsError) -> [Double] {
    var result = [Double](repeating: 0, count: x.count)
    var output = result.mutableSpan
    try Kernels.beta(.upper, x.span, a.span, b.span, into: &output)
    return result
  }

  /// Returns the complement of the regularized incomplete beta function, the same parameters for all elements.
  ///
  /// The same bits as with columns of equal parameters, for less time.
  ///
  /// - Parameters:
  ///   - x: The arguments, in 0 ... 1.
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  /// - Returns: The results, in the order of `x`; NaN outside the domain.
  public static func regularizedBetaComplement(
    _ x: [Double],
    a: Double,
    b: Double
  ) -> [Double] {
    Kernels.beta(.upper, x, a, b)
  }
}

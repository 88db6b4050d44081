// Batch forms through the vector kernels: one call for many elements, at each processor level.
//
// An element's result depends on its own values alone, not on its place or its neighbors, bit for
// bit on one processor; with one parameter for all it is the same as with a column of equal ones.
// Scalar and batch forms agree to the sum of their stated errors.

extension SpecialFunctions {
  /// Writes the lower regularized incomplete gamma function, a shape for each element.
  ///
  /// ```text
  /// P(a, x) = 1/Γ(a) ∫₀ˣ tᵃ⁻¹ exp(−t) dt
  /// ```
  ///
  /// Relative error: at most 1e-13 for shapes up to 1e15, the smallest included, and results down to
  /// 1e-300; 1e-14 was measured. The methods are those of the scalar form.
  ///
  /// - Parameters:
  ///   - a: The shapes, each positive and finite; as many as `x` has elements.
  ///   - x: The arguments; not negative.
  ///   - output: The storage for the results, of the same count; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func regularizedGammaP(
    _ a: Span<Double>,
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.gamma(.lower, a, x, into: &output)
  }

  /// Writes the lower regularized incomplete gamma function, one shape for all elements.
  ///
  /// The same bits as with a column of equal shapes, for less time.
  ///
  /// - Parameters:
  ///   - a: The shape. Must be positive and finite.
  ///   - x: The arguments; not negative.
  ///   - output: The storage for the results, of the same count as `x`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func regularizedGammaP(
    _ a: Double,
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.gamma(.lower, a, x, into: &output)
  }

  /// Returns the lower regularized incomplete gamma function, a shape for each element.
  ///
  /// Relative error: at most 1e-13 for shapes up to 1e15, the smallest included, and results down to
  /// 1e-300; 1e-14 was measured. The methods are those of the scalar form.
  ///
  /// - Parameters:
  ///   - a: The shapes, each positive and finite; as many as `x` has elements.
  ///   - x: The arguments; not negative.
  /// - Returns: The results, in the order of `x`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ.
  public static func regularizedGammaP(
    _ a: [Double],
    _ x: [Double]
  ) throws(NumericsError) -> [Double] {
    var result = [Double](repeating: 0, count: x.count)
    var output = result.mutableSpan
    try Kernels.gamma(.lower, a.span, x.span, into: &output)
    return result
  }

  /// Returns the lower regularized incomplete gamma function, one shape for all elements.
  ///
  /// The same bits as with a column of equal shapes, for less time.
  ///
  /// - Parameters:
  ///   - a: The shape. Must be positive and finite.
  ///   - x: The arguments; not negative.
  /// - Returns: The results, in the order of `x`; NaN outside the domain.
  public static func regularizedGammaP(
    _ a: Double,
    _ x: [Double]
  ) -> [Double] {
    Kernels.gamma(.lower, a, x)
  }

  /// Writes the upper regularized incomplete gamma function, a shape for each element.
  ///
  /// ```text
  /// Q(a, x) = 1 − P(a, x), never computed as a difference when it is small
  /// ```
  ///
  /// Relative error: at most 1e-13 for shapes up to 1e15, the smallest included, and results down to
  /// 1e-300; 1e-14 was measured. The methods are those of the scalar form.
  ///
  /// - Parameters:
  ///   - a: The shapes, each positive and finite; as many as `x` has elements.
  ///   - x: The arguments; not negative.
  ///   - output: The storage for the results, of the same count; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func regularizedGammaQ(
    _ a: Span<Double>,
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.gamma(.upper, a, x, into: &output)
  }

  /// Writes the upper regularized incomplete gamma function, one shape for all elements.
  ///
  /// The same bits as with a column of equal shapes, for less time.
  ///
  /// - Parameters:
  ///   - a: The shape. Must be positive and finite.
  ///   - x: The arguments; not negative.
  ///   - output: The storage for the results, of the same count as `x`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func regularizedGammaQ(
    _ a: Double,
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.gamma(.upper, a, x, into: &output)
  }

  /// Returns the upper regularized incomplete gamma function, a shape for each element.
  ///
  /// Relative error: at most 1e-13 for shapes up to 1e15, the smallest included, and results down to
  /// 1e-300; 1e-14 was measured. The methods are those of the scalar form.
  ///
  /// - Parameters:
  ///   - a: The shapes, each positive and finite; as many as `x` has elements.
  ///   - x: The arguments; not negative.
  /// - Returns: The results, in the order of `x`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ.
  public static func regularizedGammaQ(
    _ a: [Double],
    _ x: [Double]
  ) throws(NumericsError) -> [Double] {
    var result = [Double](repeating: 0, count: x.count)
    var output = result.mutableSpan
    try Kernels.gamma(.upper, a.span, x.span, into: &output)
    return result
  }

  /// Returns the upper regularized incomplete gamma function, one shape for all elements.
  ///
  /// The same bits as with a column of equal shapes, for less time.
  ///
  /// - Parameters:
  ///   - a: The shape. Must be positive and finite.
  ///   - x: The arguments; not negative.
  /// - Returns: The results, in the order of `x`; NaN outside the domain.
  public static func regularizedGammaQ(
    _ a: Double,
    _ x: [Double]
  ) -> [Double] {
    Kernels.gamma(.upper, a, x)
  }
}

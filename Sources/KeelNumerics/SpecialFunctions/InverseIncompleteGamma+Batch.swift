// Batch forms through the vector kernels: one call for many elements, at each processor level.
//
// An element's result depends on its own values alone, not on its place or its neighbors, bit for
// bit on one processor; with one parameter for all it is the same as with a column of equal ones.
// Scalar and batch forms agree to the sum of their stated errors.

extension SpecialFunctions {
  /// Writes the argument of the lower regularized incomplete gamma function, a shape for each element.
  ///
  /// ```text
  /// x with P(a, x) = p
  /// ```
  ///
  /// Relative error: the larger of 1e-13 and what a relative change of the probability by 1e-15 causes,
  /// for probabilities from 1e-300. Halley's iteration inside a bracket.
  ///
  /// - Parameters:
  ///   - a: The shapes, each positive and finite; as many as `probability` has elements.
  ///   - probability: The probabilities, in 0 ... 1.
  ///   - output: The storage for the results, of the same count; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func inverseRegularizedGammaP(
    _ a: Span<Double>,
    _ probability: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.gamma(.inverseLower, a, probability, into: &output)
  }

  /// Writes the argument of the lower regularized incomplete gamma function, one shape for all elements.
  ///
  /// The same bits as with a column of equal shapes, for less time.
  ///
  /// - Parameters:
  ///   - a: The shape. Must be positive and finite.
  ///   - probability: The probabilities, in 0 ... 1.
  ///   - output: The storage for the results, of the same count as `probability`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func inverseRegularizedGammaP(
    _ a: Double,
    _ probability: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.gamma(.inverseLower, a, probability, into: &output)
  }

  /// Returns the argument of the lower regularized incomplete gamma function, a shape for each element.
  ///
  /// Relative error: the larger of 1e-13 and what a relative change of the probability by 1e-15 causes,
  /// for probabilities from 1e-300. Halley's iteration inside a bracket.
  ///
  /// - Parameters:
  ///   - a: The shapes, each positive and finite; as many as `probability` has elements.
  ///   - probability: The probabilities, in 0 ... 1.
  /// - Returns: The results, in the order of `probability`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ.
  public static func inverseRegularizedGammaP(
    _ a: [Double],
    _ probability: [Double]
  ) throws(NumericsError) -> [Double] {
    var result = [Double](repeating: 0, count: probability.count)
    var output = result.mutableSpan
    try Kernels.gamma(.inverseLower, a.span, probability.span, into: &output)
    return result
  }

  /// Returns the argument of the lower regularized incomplete gamma function, one shape for all elements.
  ///
  /// The same bits as with a column of equal shapes, for less time.
  ///
  /// - Parameters:
  ///   - a: The shape. Must be positive and finite.
  ///   - probability: The probabilities, in 0 ... 1.
  /// - Returns: The results, in the order of `probability`; NaN outside the domain.
  public static func inverseRegularizedGammaP(
    _ a: Double,
    _ probability: [Double]
  ) -> [Double] {
    Kernels.gamma(.inverseLower, a, probability)
  }

  /// Writes the argument of the upper regularized incomplete gamma function, a shape for each element.
  ///
  /// ```text
  /// x with Q(a, x) = q
  /// ```
  ///
  /// Relative error: the larger of 1e-13 and what a relative change of the probability by 1e-15 causes,
  /// for probabilities from 1e-300. Halley's iteration inside a bracket.
  ///
  /// - Parameters:
  ///   - a: The shapes, each positive and finite; as many as `probability` has elements.
  ///   - probability: The probabilities, in 0 ... 1.
  ///   - output: The storage for the results, of the same count; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func inverseRegularizedGammaQ(
    _ a: Span<Double>,
    _ probability: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.gamma(.inverseUpper, a, probability, into: &output)
  }

  /// Writes the argument of the upper regularized incomplete gamma function, one shape for all elements.
  ///
  /// The same bits as with a column of equal shapes, for less time.
  ///
  /// - Parameters:
  ///   - a: The shape. Must be positive and finite.
  ///   - probability: The probabilities, in 0 ... 1.
  ///   - output: The storage for the results, of the same count as `probability`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n), without allocation.
  public static func inverseRegularizedGammaQ(
    _ a: Double,
    _ probability: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.gamma(.inverseUpper, a, probability, into: &output)
  }

  /// Returns the argument of the upper regularized incomplete gamma function, a shape for each element.
  ///
  /// Relative error: the larger of 1e-13 and what a relative change of the probability by 1e-15 causes,
  /// for probabilities from 1e-300. Halley's iteration inside a bracket.
  ///
  /// - Parameters:
  ///   - a: The shapes, each positive and finite; as many as `probability` has elements.
  ///   - probability: The probabilities, in 0 ... 1.
  /// - Returns: The results, in the order of `probability`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ.
  public static func inverseRegularizedGammaQ(
    _ a: [Double],
    _ probability: [Double]
  ) throws(NumericsError) -> [Double] {
    var result = [Double](repeating: 0, count: probability.count)
    var output = result.mutableSpan
    try Kernels.gamma(.inverseUpper, a.span, probability.span, into: &output)
    return result
  }

  /// Returns the argument of the upper regularized incomplete gamma function, one shape for all elements.
  ///
  /// The same bits as with a column of equal shapes, for less time.
  ///
  /// - Parameters:
  ///   - a: The shape. Must be positive and finite.
  ///   - probability: The probabilities, in 0 ... 1.
  /// - Returns: The results, in the order of `probability`; NaN outside the domain.
  public static func inverseRegularizedGammaQ(
    _ a: Double,
    _ probability: [Double]
  ) -> [Double] {
    Kernels.gamma(.inverseUpper, a, probability)
  }
}

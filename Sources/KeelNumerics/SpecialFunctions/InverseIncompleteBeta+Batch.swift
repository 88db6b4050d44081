// Batch forms through the vector kernels: one call for many elements, at each processor level.
//
// An element's result depends on its own values alone, not on its place or its neighbors, bit for
// bit on one processor; with one parameter for all it is the same as with a column of equal ones.
// Scalar and batch forms agree to the sum of their stated errors.

extension SpecialFunctions {
  /// Writes the argument of the regularized incomplete beta function, parameters for each element.
  ///
  /// ```text
  /// x with I_x(a, b) = p
  /// ```
  ///
  /// Relative error: the larger of 1e-13 and what a relative change of the probability by 1e-15 causes,
  /// for probabilities from 1e-300. Halley's iteration inside a bracket.
  ///
  /// - Parameters:
  ///   - probability: The probabilities, in 0 ... 1.
  ///   - a: The first parameters, each positive and finite; as many as `probability` has elements.
  ///   - b: The second parameters, each positive and finite; as many.
  ///   - output: The storage for the results, of the same count; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n √min(a, b)) near the mean for
  ///   parameters below 1e8, O(n) else, without allocation.
  public static func inverseRegularizedBeta(
    _ probability: Span<Double>,
    a: Span<Double>,
    b: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.beta(.inverseLower, probability, a, b, into: &output)
  }

  /// Writes the argument of the regularized incomplete beta function, the same parameters for all elements.
  ///
  /// The same bits as with columns of equal parameters, for less time.
  ///
  /// - Parameters:
  ///   - probability: The probabilities, in 0 ... 1.
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  ///   - output: The storage for the results, of the same count as `probability`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n √min(a, b)) near the mean for
  ///   parameters below 1e8, O(n) else, without allocation.
  public static func inverseRegularizedBeta(
    _ probability: Span<Double>,
    a: Double,
    b: Double,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.beta(.inverseLower, probability, a, b, into: &output)
  }

  /// Returns the argument of the regularized incomplete beta function, parameters for each element.
  ///
  /// Relative error: the larger of 1e-13 and what a relative change of the probability by 1e-15 causes,
  /// for probabilities from 1e-300. Halley's iteration inside a bracket.
  ///
  /// - Parameters:
  ///   - probability: The probabilities, in 0 ... 1.
  ///   - a: The first parameters, each positive and finite; as many as `probability` has elements.
  ///   - b: The second parameters, each positive and finite; as many.
  /// - Returns: The results, in the order of `probability`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ.
  public static func inverseRegularizedBeta(
    _ probability: [Double],
    a: [Double],
    b: [Double]
  ) throws(NumericsError) -> [Double] {
    var result = [Double](repeating: 0, count: probability.count)
    var output = result.mutableSpan
    try Kernels.beta(.inverseLower, probability.span, a.span, b.span, into: &output)
    return result
  }

  /// Returns the argument of the regularized incomplete beta function, the same parameters for all elements.
  ///
  /// The same bits as with columns of equal parameters, for less time.
  ///
  /// - Parameters:
  ///   - probability: The probabilities, in 0 ... 1.
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  /// - Returns: The results, in the order of `probability`; NaN outside the domain.
  public static func inverseRegularizedBeta(
    _ probability: [Double],
    a: Double,
    b: Double
  ) -> [Double] {
    Kernels.beta(.inverseLower, probability, a, b)
  }

  /// Writes the argument of the complement of the incomplete beta function, parameters for each element.
  ///
  /// ```text
  /// x with 1 − I_x(a, b) = q
  /// ```
  ///
  /// Relative error: the larger of 1e-13 and what a relative change of the probability by 1e-15 causes,
  /// for probabilities from 1e-300. Halley's iteration inside a bracket.
  ///
  /// - Parameters:
  ///   - probability: The probabilities, in 0 ... 1.
  ///   - a: The first parameters, each positive and finite; as many as `probability` has elements.
  ///   - b: The second parameters, each positive and finite; as many.
  ///   - output: The storage for the results, of the same count; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n √min(a, b)) near the mean for
  ///   parameters below 1e8, O(n) else, without allocation.
  public static func inverseRegularizedBetaComplement(
    _ probability: Span<Double>,
    a: Span<Double>,
    b: Span<Double>,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.beta(.inverseUpper, probability, a, b, into: &output)
  }

  /// Writes the argument of the complement of the incomplete beta function, the same parameters for all elements.
  ///
  /// The same bits as with columns of equal parameters, for less time.
  ///
  /// - Parameters:
  ///   - probability: The probabilities, in 0 ... 1.
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  ///   - output: The storage for the results, of the same count as `probability`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ; nothing is written then.
  /// - Complexity: O(n √min(a, b)) near the mean for
  ///   parameters below 1e8, O(n) else, without allocation.
  public static func inverseRegularizedBetaComplement(
    _ probability: Span<Double>,
    a: Double,
    b: Double,
    into output: inout MutableSpan<Double>
  ) throws(NumericsError) {
    try Kernels.beta(.inverseUpper, probability, a, b, into: &output)
  }

  /// Returns the argument of the complement of the incomplete beta function, parameters for each element.
  ///
  /// Relative error: the larger of 1e-13 and what a relative change of the probability by 1e-15 causes,
  /// for probabilities from 1e-300. Halley's iteration inside a bracket.
  ///
  /// - Parameters:
  ///   - probability: The probabilities, in 0 ... 1.
  ///   - a: The first parameters, each positive and finite; as many as `probability` has elements.
  ///   - b: The second parameters, each positive and finite; as many.
  /// - Returns: The results, in the order of `probability`; NaN outside the domain.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ.
  public static func inverseRegularizedBetaComplement(
    _ probability: [Double],
    a: [Double],
    b: [Double]
  ) throws(NumericsError) -> [Double] {
    var result = [Double](repeating: 0, count: probability.count)
    var output = result.mutableSpan
    try Kernels.beta(.inverseUpper, probability.span, a.span, b.span, into: &output)
    return result
  }

  /// Returns the argument of the complement of the incomplete beta function, the same parameters for all elements.
  ///
  /// The same bits as with columns of equal parameters, for less time.
  ///
  /// - Parameters:
  ///   - probability: The probabilities, in 0 ... 1.
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  /// - Returns: The results, in the order of `probability`; NaN outside the domain.
  public static func inverseRegularizedBetaComplement(
    _ probability: [Double],
    a: Double,
    b: Double
  ) -> [Double] {
    Kernels.beta(.inverseUpper, probability, a, b)
  }
}

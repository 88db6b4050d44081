public import KeelNumerics

// Products of symmetric matrices: dsymm and dsymv behind the gate.

extension SymmetricMatrix {
  /// Returns the product of a symmetric matrix and a general one.
  ///
  /// - Parameters:
  ///   - left: A symmetric matrix of order m.
  ///   - right: An m × n matrix.
  /// - Returns: The m × n product.
  /// - Throws: `shapeMismatch`, `notFinite` with the place of the element, or `overflow`.
  /// - Complexity: O(m² · n).
  public static func * (
    left: SymmetricMatrix,
    right: Matrix
  ) throws(LinearAlgebraError) -> Matrix {
    try ProductRoutines.multiply(symmetric: left, .left, right)
  }

  /// Returns the product of a general matrix and a symmetric one.
  ///
  /// - Parameters:
  ///   - left: An m × n matrix.
  ///   - right: A symmetric matrix of order n.
  /// - Returns: The m × n product.
  /// - Throws: `shapeMismatch`, `notFinite` with the place of the element, or `overflow`.
  /// - Complexity: O(m · n²).
  public static func * (
    left: Matrix,
    right: SymmetricMatrix
  ) throws(LinearAlgebraError) -> Matrix {
    try ProductRoutines.multiply(symmetric: right, .right, left)
  }

  /// Returns the product of this matrix and a vector.
  ///
  /// - Parameter vector: As many numbers as the order.
  /// - Returns: As many numbers as the order.
  /// - Throws: `shapeMismatch`, `notFinite` or `overflow`.
  /// - Complexity: O(n²).
  public func times(_ vector: [Double]) throws(LinearAlgebraError) -> [Double] {
    var result = [Double](repeating: 0, count: order)
    var span = result.mutableSpan
    try multiply(vector.span, into: &span)
    return result
  }

  /// Multiplies with a vector in the caller's memory, without allocating.
  ///
  /// ```text
  /// y := scale · A · x + keeping · y
  /// ```
  ///
  /// - Parameters:
  ///   - vector: x.
  ///   - result: y; it must not overlap x.
  ///   - scale: The factor of the product.
  ///   - keeping: The factor of the old content; zero ignores it, whatever it is.
  /// - Throws: `shapeMismatch`, `notFinite` or `overflow`; the result is then undefined.
  /// - Complexity: O(n²).
  public func multiply(
    _ vector: Span<Double>,
    into result: inout MutableSpan<Double>,
    scale: Double = 1,
    keeping: Double = 0
  ) throws(LinearAlgebraError) {
    try ProductRoutines.multiply(
      symmetric: self, vector, Accumulation(scale: scale, keep: keeping), into: &result)
  }

  /// Returns the quadratic form of a vector, such as a portfolio's variance.
  ///
  /// ```text
  /// vᵀ A v
  /// ```
  ///
  /// - Parameter vector: As many numbers as the order.
  /// - Returns: The value; rounding can make it slightly negative for a semidefinite matrix.
  /// - Throws: `shapeMismatch`, `notFinite` or `overflow`.
  /// - Complexity: O(n²).
  public func quadraticForm(_ vector: [Double]) throws(LinearAlgebraError) -> Double {
    let product = try times(vector)
    var sum = 0.0
    for i in 0..<order { sum += vector[i] * product[i] }
    guard sum.isFinite else { throw .overflow(operation: "quadratic form") }
    return sum
  }
}

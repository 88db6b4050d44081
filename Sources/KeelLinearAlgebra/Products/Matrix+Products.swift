public import KeelNumerics

// Products of general matrices: dgemm, dgemv, dsyrk, dtrmm and dtrsm behind the gate. Rounding
// error: the usual bound k · ε · |A| |B| for an inner dimension of k.

extension Matrix {
  /// Returns the product of two matrices.
  ///
  /// - Parameters:
  ///   - left: An m × k matrix.
  ///   - right: A k × n matrix.
  /// - Returns: The m × n product; zeros when k is zero.
  /// - Throws: `shapeMismatch`, `notFinite` with the place of the element, or `overflow`.
  /// - Complexity: O(m · n · k).
  public static func * (left: Matrix, right: Matrix) throws(LinearAlgebraError) -> Matrix {
    let storage = try Workspace.rectangle(
      rowCount: left.rowCount, columnCount: right.columnCount)
    var result = Matrix(
      uncheckedRowCount: left.rowCount, columnCount: right.columnCount, storage: storage)
    try result.setToProduct(left, .none, right, .none)
    return result
  }

  /// Replaces this matrix by a product, or adds a product to it, without allocating.
  ///
  /// ```text
  /// C := scale · op(A) · op(B) + keeping · C
  /// ```
  ///
  /// - Parameters:
  ///   - a: The left factor.
  ///   - transpositionA: How the left factor is read.
  ///   - b: The right factor.
  ///   - transpositionB: How the right factor is read.
  ///   - scale: The factor of the product.
  ///   - keeping: The factor of the old content; zero ignores it, whatever it is.
  /// - Throws: `shapeMismatch`, `notFinite` or `overflow`; after `overflow` the content is
  ///   undefined.
  /// - Complexity: O(m · n · k).
  public mutating func setToProduct(
    _ a: Matrix,
    _ transpositionA: Transposition,
    _ b: Matrix,
    _ transpositionB: Transposition,
    scale: Double = 1,
    keeping: Double = 0
  ) throws(LinearAlgebraError) {
    try ProductRoutines.multiply(
      a, transpositionA, b, transpositionB, Accumulation(scale: scale, keep: keeping),
      into: &self)
  }

  /// Replaces this matrix by a product without allocating and without an error.
  ///
  /// - Parameters:
  ///   - a: The left factor.
  ///   - transpositionA: How the left factor is read.
  ///   - b: The right factor.
  ///   - transpositionB: How the right factor is read.
  /// - Returns: False, with undefined content, when shapes do not fit, or a factor or the product is
  ///   not finite.
  package mutating func setToFiniteProduct(
    _ a: Matrix,
    _ transpositionA: Transposition,
    _ b: Matrix,
    _ transpositionB: Transposition
  ) -> Bool {
    ProductRoutines.multiplyFinite(a, transpositionA, b, transpositionB, into: &self)
  }

  /// Returns the product of this matrix and a vector.
  ///
  /// - Parameter vector: As many numbers as this matrix has columns.
  /// - Returns: As many numbers as this matrix has rows.
  /// - Throws: `shapeMismatch`, `notFinite` or `overflow`.
  /// - Complexity: O(m · n).
  public func times(_ vector: [Double]) throws(LinearAlgebraError) -> [Double] {
    var result = [Double](repeating: 0, count: rowCount)
    var span = result.mutableSpan
    try multiply(vector.span, into: &span)
    return result
  }

  /// Returns the product of the transpose of this matrix and a vector.
  ///
  /// - Parameter vector: As many numbers as this matrix has rows.
  /// - Returns: As many numbers as this matrix has columns.
  /// - Throws: `shapeMismatch`, `notFinite` or `overflow`.
  /// - Complexity: O(m · n).
  public func transposedTimes(_ vector: [Double]) throws(LinearAlgebraError) -> [Double] {
    var result = [Double](repeating: 0, count: columnCount)
    var span = result.mutableSpan
    try multiply(vector.span, .transposed, into: &span)
    return result
  }

  /// Multiplies with a vector in the caller's memory, without allocating.
  ///
  /// ```text
  /// y := scale · op(A) · x + keeping · y
  /// ```
  ///
  /// - Parameters:
  ///   - vector: x.
  ///   - transposition: How the matrix is read.
  ///   - result: y; it must not overlap x.
  ///   - scale: The factor of the product.
  ///   - keeping: The factor of the old content; zero ignores it, whatever it is.
  /// - Throws: `shapeMismatch`, `notFinite` or `overflow`; the result is then undefined.
  /// - Complexity: O(m · n).
  public func multiply(
    _ vector: Span<Double>,
    _ transposition: Transposition = .none,
    into result: inout MutableSpan<Double>,
    scale: Double = 1,
    keeping: Double = 0
  ) throws(LinearAlgebraError) {
    try ProductRoutines.multiply(
      self, transposition, vector, Accumulation(scale: scale, keep: keeping), into: &result)
  }

  /// Returns the scaled product of the transpose of this matrix and itself.
  ///
  /// ```text
  /// G = scale · XᵀX
  /// ```
  ///
  /// - Parameter scale: The factor of the product.
  /// - Returns: A symmetric matrix whose order is the number of columns; zero without rows.
  /// - Throws: `notFinite`, `overflow`, or `countOutOfRange` when the square of the number of
  ///   columns does not fit 32 bits.
  /// - Complexity: O(T · n²) for a T × n matrix, one `dsyrk`.
  public func gram(scale: Double = 1) throws(LinearAlgebraError) -> SymmetricMatrix {
    SymmetricMatrix(
      lowerTriangleOf: try ProductRoutines.gram(self, .transposed, scale: scale),
      order: columnCount)
  }

  /// Returns the scaled product of this matrix and its transpose.
  ///
  /// ```text
  /// G = scale · XXᵀ
  /// ```
  ///
  /// - Parameter scale: The factor of the product.
  /// - Returns: A symmetric matrix whose order is the number of rows; zero without columns.
  /// - Throws: As ``gram(scale:)``.
  /// - Complexity: O(m² · n) for an m × n matrix, one `dsyrk`.
  public func outerGram(scale: Double = 1) throws(LinearAlgebraError) -> SymmetricMatrix {
    SymmetricMatrix(
      lowerTriangleOf: try ProductRoutines.gram(self, .none, scale: scale), order: rowCount)
  }

  /// Replaces this matrix by its product with a triangular one.
  ///
  /// ```text
  /// B := scale · op(T) · B   or   B := scale · B · op(T)
  /// ```
  ///
  /// - Parameters:
  ///   - triangular: A square matrix of which one triangle is used; all of it must be finite.
  ///   - form: Side, triangle, transposition and diagonal.
  ///   - scale: The factor of the product.
  /// - Throws: `shapeMismatch`, `notFinite` or `overflow`; after `overflow` the content is
  ///   undefined.
  /// - Complexity: O(n² · m) for a triangular matrix of order n.
  public mutating func multiplyByTriangular(
    _ triangular: Matrix,
    _ form: TriangularForm = TriangularForm(),
    scale: Double = 1
  ) throws(LinearAlgebraError) {
    try ProductRoutines.triangular(triangular, form, solving: false, scale: scale, &self)
  }

  /// Replaces this matrix by the solution of a triangular system with this right-hand side.
  ///
  /// ```text
  /// op(T) · X = scale · B   or   X · op(T) = scale · B
  /// ```
  ///
  /// - Parameters:
  ///   - triangular: A square matrix of which one triangle is used; all of it must be finite.
  ///   - form: Side, triangle, transposition and diagonal.
  ///   - scale: The factor of the right-hand side.
  /// - Throws: ``LinearAlgebraError/singular(pivot:)`` for a zero on the diagonal; `shapeMismatch`,
  ///   `notFinite` or `overflow`; after `overflow` the content is undefined.
  /// - Complexity: O(n² · m) for a triangular matrix of order n.
  public mutating func solveTriangular(
    _ triangular: Matrix,
    _ form: TriangularForm = TriangularForm(),
    scale: Double = 1
  ) throws(LinearAlgebraError) {
    try ProductRoutines.triangular(triangular, form, solving: true, scale: scale, &self)
  }
}

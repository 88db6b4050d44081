import KeelLinearAlgebra
import KeelNumerics

/// A Cholesky factorization whose memory is kept from one matrix to the next.
struct DefiniteFactor: ~Copyable, Sendable {
  private var working = WorkingCholesky()

  /// Takes memory for matrices up to an order.
  mutating func reserve(_ order: Int) { working = WorkingCholesky(reserving: order) }

  /// Factors a matrix.
  ///
  /// - Parameters:
  ///   - elements: order × order numbers, column after column; only the lower triangle is read.
  ///   - order: The number of rows.
  /// - Returns: False when the matrix is not positive definite or not finite.
  mutating func factor(_ elements: [Double], order: Int) -> Bool {
    working.factor(elements, order: order)
  }

  /// Factors a matrix whose diagonal is raised by a part of itself, or to 1 where it is not positive.
  ///
  /// - Parameters:
  ///   - matrix: The matrix.
  ///   - relativeShift: The part.
  /// - Returns: False when the sum is not positive definite or not finite.
  mutating func factor(_ matrix: SymmetricMatrix, relativeShift: Double) -> Bool {
    working.factor(matrix, relativeShift: relativeShift)
  }

  /// The same for elements, column after column.
  mutating func factor(_ elements: Span<Double>, order: Int, relativeShift: Double) -> Bool {
    working.factor(elements, order: order, relativeShift: relativeShift)
  }

  /// Solves in place for right-hand sides that stand one after the other; a solution that does not
  /// exist becomes NaN.
  ///
  /// - Parameters:
  ///   - b: The right-hand sides, each of the order of the factor.
  ///   - columnCount: Their number.
  func solve(_ b: inout [Double], columnCount: Int = 1) {
    let isSolved =
      working.solveLower(&b, columnCount: columnCount)
      && working.solveLower(&b, columnCount: columnCount, .transposed)
    if !isSolved { for i in b.indices { b[i] = .nan } }
  }
}

import KeelLinearAlgebra
import KeelNumerics

/// A Cholesky factorization whose memory is kept from one matrix to the next of the same order.
struct DefiniteFactor: ~Copyable {
  private var solver: CholeskySolver?
  private var working = WorkingCholesky()

  /// Factors a matrix.
  ///
  /// - Parameters:
  ///   - elements: order × order numbers, column after column; only the lower triangle is read.
  ///   - order: The number of rows.
  /// - Returns: False when the matrix is not positive definite or not finite.
  mutating func factor(_ elements: consuming [Double], order: Int) -> Bool {
    do throws(LinearAlgebraError) {
      var current = try takeSolver(order)
      do throws(LinearAlgebraError) {
        try current.factor(SymmetricMatrix(lowerTriangleOf: elements, order: order))
        solver = consume current
        return true
      } catch {
        solver = consume current
        return false
      }
    } catch {
      return false
    }
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

  private mutating func takeSolver(_ order: Int) throws(LinearAlgebraError) -> CholeskySolver {
    if let kept = solver.take(), kept.order == order { return kept }
    return try CholeskySolver(order: order)
  }

  /// Solves in place for right-hand sides that stand one after the other; a solution that does not
  /// exist becomes NaN.
  func solve(_ b: inout [Double]) {
    guard !b.isEmpty else { return }
    var isSolved = false
    do throws(LinearAlgebraError) {
      var span = b.mutableSpan
      switch solver {
      case .some(let solver):
        try solver.solve(&span)
        isSolved = true
      case .none: break
      }
    } catch {
      isSolved = false
    }
    if !isSolved { b = [Double](repeating: .nan, count: b.count) }
  }
}

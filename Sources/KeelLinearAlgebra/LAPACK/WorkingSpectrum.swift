import CKeelShims
package import KeelNumerics

// Goals: (1) nothing that is not finite reaches LAPACK; (2) no allocation once an order has been
// seen; (3) a value that a collection can hold, one for each of many small matrices.
//
// Method: dpotrf, dgesdd and dsyevd without vectors, with the fallbacks of `SVDSolver` and
// `SymmetricEigenSolver`; accuracy as stated there. A fallback allocates.

/// Factorizations of small square matrices of changing order, in memory that is kept.
///
/// What cannot be factored is an answer here, not an error. A copy takes memory of its own when it is
/// used first.
package struct WorkingSpectrum: Sendable {
  private var order = 0
  private var matrix: [Double] = []
  private var storage = SVDRoutines.Storage(values: [], left: [], rightTransposed: [])
  private var work: [Double] = []
  private var integerWork: [Int32] = []
  private var eigenvalues: [Double] = []
  private var eigenvalueOrder = 0
  private var eigenvalueWork: [Double] = []
  private var eigenvalueIntegerWork: [Int32] = []

  /// Creates the room; the memory is taken when an order is seen first.
  package init() {}

  /// Gives an array a length, in the memory that it has where that is enough.
  private static func resize<Element: ExpressibleByIntegerLiteral>(
    _ array: inout [Element],
    _ count: Int
  ) {
    if array.count == count { return }
    array.removeAll(keepingCapacity: true)
    array.append(contentsOf: repeatElement(0, count: count))
  }
}

// MARK: - Cholesky factor

extension WorkingSpectrum {
  /// Replaces a symmetric matrix by its Cholesky factor.
  ///
  /// - Parameter elements: The square matrix, of which the lower triangle is read. The factor has
  ///   zeros above its diagonal.
  /// - Returns: False, with undefined content, when the matrix is not square, not finite or not
  ///   positive definite.
  package static func setLowerFactor(_ elements: inout Matrix) -> Bool {
    let count = elements.rowCount
    guard count == elements.columnCount else { return false }
    if count == 0 { return true }
    guard let n = try? Gate.dimension(count, "order") else { return false }
    var factor = elements.mutableElements
    for j in 1..<Swift.max(count, 1) {
      for i in 0..<j { factor[i &+ j &* count] = 0 }
    }
    guard Gate.isFinite(factor) else { return false }
    let info = unsafe factor.withUnsafeMutableBufferPointer {
      unsafe keel_dpotrf(Gate.lower, n, $0.baseAddress, n)
    }
    guard info == 0 else { return false }
    for j in 0..<count {
      let pivot = factor[j &* (count &+ 1)]
      guard pivot > 0, pivot.isFinite else { return false }
    }
    return true
  }
}

// MARK: - Singular values

extension WorkingSpectrum {
  /// The singular values of the last matrix, descending.
  package var singularValues: [Double] { storage.values }

  /// The left singular vectors of the last matrix, as columns.
  package var left: Matrix {
    Matrix(uncheckedRowCount: order, columnCount: order, storage: storage.left)
  }

  /// The right singular vectors of the last matrix, as rows.
  package var rightTransposed: Matrix {
    Matrix(uncheckedRowCount: order, columnCount: order, storage: storage.rightTransposed)
  }

  /// Computes singular values and vectors.
  ///
  /// - Parameter a: A square matrix.
  /// - Returns: False, with undefined results, when the matrix is not finite or no method converges.
  package mutating func decompose(_ a: borrowing Matrix) -> Bool {
    guard Gate.isFinite(a.elements) else { return false }
    do throws(LinearAlgebraError) {
      try Gate.equal(a.columnCount, a.rowCount, "matrix")
      try reserveSingularValues(a.rowCount)
      if order == 0 { return true }
      let scale = PowerOfTwoScale(largest: try Gate.copy(a, to: &matrix, "matrix"))
      scale.apply(&matrix)
      let converged = try SVDRoutines.divideAndConquer(
        &matrix, rowCount: order, columnCount: order, into: &storage, work: &work,
        integerWork: &integerWork)
      if !converged {
        try Gate.copy(a, to: &matrix, "matrix")
        scale.apply(&matrix)
        try SVDRoutines.iteration(
          &matrix, rowCount: order, columnCount: order, into: &storage, work: &work)
      }
      scale.undo(&storage.values)
      return Gate.isFinite(storage.values.span) && Gate.isFinite(storage.left.span)
        && Gate.isFinite(storage.rightTransposed.span)
    } catch {
      return false
    }
  }

  private mutating func reserveSingularValues(_ count: Int) throws(LinearAlgebraError) {
    Self.resize(&matrix, count &* count)
    if count == order { return }
    Self.resize(&work, try SVDRoutines.workspace(rowCount: count, columnCount: count))
    Self.resize(&integerWork, 8 &* count)
    Self.resize(&storage.values, count)
    Self.resize(&storage.left, count &* count)
    Self.resize(&storage.rightTransposed, count &* count)
    order = count
  }
}

// MARK: - Eigenvalues

extension WorkingSpectrum {
  /// The smallest eigenvalue of a symmetric matrix.
  ///
  /// - Parameters:
  ///   - elements: n × n numbers, column after column; the lower triangle is read.
  ///   - count: The order n.
  /// - Returns: The eigenvalue, zero for the empty matrix; nil when the matrix is not finite or no
  ///   method converges.
  package mutating func leastEigenvalue(_ elements: [Double], order count: Int) -> Double? {
    do throws(LinearAlgebraError) {
      try Gate.shape(
        rowCount: count, columnCount: count, storageCount: elements.count, "matrix")
      if count == 0 { return 0 }
      guard unsafe !keel_finite_lower(elements, count).isNaN else { return nil }
      try reserveEigenvalues(count)
      let largest = try Gate.copyLowerTriangle(
        of: elements, order: count, to: &matrix, "matrix")
      let scale = PowerOfTwoScale(largest: largest)
      scale.apply(&matrix)
      let converged = try SymmetricEigenRoutines.divideAndConquer(
        &matrix, order: count, vectors: false, values: &eigenvalues, work: &eigenvalueWork,
        integerWork: &eigenvalueIntegerWork)
      if !converged {
        return try SymmetricEigen(SymmetricMatrix(lowerTriangleOf: elements, order: count))
          .values.min()
      }
      scale.undo(&eigenvalues)
      return Gate.isFinite(eigenvalues.span) ? eigenvalues.min() : nil
    } catch {
      return nil
    }
  }

  private mutating func reserveEigenvalues(_ count: Int) throws(LinearAlgebraError) {
    Self.resize(&matrix, count &* count)
    if count == eigenvalueOrder { return }
    let lengths = try SymmetricEigenRoutines.workspace(order: count, vectors: false)
    Self.resize(&eigenvalueWork, lengths.real)
    Self.resize(&eigenvalueIntegerWork, lengths.integer)
    Self.resize(&eigenvalues, count)
    eigenvalueOrder = count
  }
}

import CKeelShims
import KeelNumerics

// dpotrf, dpotrs, dpotri and dpocon behind the gate. All read and write the lower triangle.
enum CholeskyRoutines {
  /// Copies, checks and factors; returns the largest magnitude of the matrix.
  @discardableResult
  static func factor(
    _ matrix: borrowing SymmetricMatrix,
    into factor: inout [Double]
  ) throws(LinearAlgebraError) -> Double {
    let order = matrix.order
    let largest = try Gate.copyLowerTriangle(of: matrix, to: &factor, "matrix")
    if order == 0 { return 0 }
    let n = try Gate.dimension(order, "matrix")
    let info = unsafe keel_dpotrf(Gate.lower, n, &factor, n)
    try Gate.accepted(info, "Cholesky factorization")
    if info > 0 { throw .notPositiveDefinite(minorOrder: Int(info)) }
    // A factor that overflowed has a row whose diagonal is not finite or not positive, because the
    // diagonal subtracts the squares of the row.
    for j in 0..<order {
      let pivot = factor[j &+ j &* order]
      guard pivot > 0, pivot.isFinite else { throw .notPositiveDefinite(minorOrder: j + 1) }
    }
    return largest
  }

  /// Solves in place for one or more right-hand sides, column after column.
  static func solve(
    factor: [Double],
    order: Int,
    _ b: inout MutableSpan<Double>
  ) throws(LinearAlgebraError) {
    let columnCount = try Gate.columnCount(ofCount: b.count, rowCount: order, "right-hand side")
    if columnCount == 0 { return }
    try Gate.finite(b, rowCount: order, "right-hand side")
    let n = try Gate.dimension(order, "matrix")
    let info = unsafe b.withUnsafeMutableBufferPointer {
      unsafe keel_dpotrs(Gate.lower, n, columnCount, factor, n, $0.baseAddress, n)
    }
    try Gate.accepted(info, "Cholesky solve")
    try Gate.output(b, "Cholesky solve")
  }

  /// Solves L x = b or Lᵀ x = b in place for one or more right-hand sides.
  static func solveLower(
    factor: [Double],
    order: Int,
    _ transposition: Transposition,
    _ b: inout MutableSpan<Double>
  ) throws(LinearAlgebraError) {
    let columnCount = try Gate.columnCount(ofCount: b.count, rowCount: order, "right-hand side")
    if columnCount == 0 { return }
    try Gate.finite(b, rowCount: order, "right-hand side")
    let n = try Gate.dimension(order, "matrix")
    let letter = transposition.letter
    let stored = TriangularDiagonal.stored.letter
    unsafe b.withUnsafeMutableBufferPointer {
      if columnCount == 1 {
        unsafe keel_dtrsv(Gate.lower, letter, stored, n, factor, n, $0.baseAddress, 1)
      } else {
        unsafe keel_dtrsm(
          TriangularMatrixSide.left.letter, Gate.lower, letter, stored, n, columnCount, 1, factor,
          n, $0.baseAddress, n)
      }
    }
    try Gate.output(b, "triangular solve")
  }

  /// The lower triangle of the inverse, in full storage whose upper triangle is untouched.
  static func inverse(factor: [Double], order: Int) throws(LinearAlgebraError) -> [Double] {
    var inverse = factor
    if order == 0 { return inverse }
    let n = try Gate.dimension(order, "matrix")
    let info = unsafe keel_dpotri(Gate.lower, n, &inverse, n)
    try Gate.accepted(info, "Cholesky inverse")
    if info > 0 { throw .singular(pivot: Int(info) - 1) }
    try Gate.output(inverse, "Cholesky inverse")
    return inverse
  }

  /// The reciprocal condition number in the 1-norm.
  static func reciprocalCondition(
    factor: [Double],
    order: Int,
    norm: Double,
    work: inout [Double],
    integerWork: inout [Int32]
  ) throws(LinearAlgebraError) -> Double {
    if order == 0 { return 1 }
    let n = try Gate.dimension(order, "matrix")
    try Gate.equal(work.count, 3 * order, "workspace")
    try Gate.equal(integerWork.count, order, "workspace")
    var result = 0.0
    let info = unsafe keel_dpocon(Gate.lower, n, factor, n, norm, &result, &work, &integerWork)
    try Gate.accepted(info, "condition estimate")
    return result.isFinite ? result : 0
  }
}

import CKeelShims
import KeelNumerics

// dgetrf, dgetrs and dgecon behind the gate.
enum LURoutines {
  private static let oneNorm = CChar(UInt8(ascii: "1"))

  /// Copies, checks and factors; returns the index of the first zero pivot, if there is one.
  static func factor(
    _ matrix: borrowing Matrix,
    into factor: inout [Double],
    pivots: inout [Int32]
  ) throws(LinearAlgebraError) -> Int? {
    let order = matrix.rowCount
    try Gate.equal(matrix.columnCount, order, "matrix")
    try Gate.equal(pivots.count, order, "pivots")
    try Gate.copy(matrix, to: &factor, "matrix")
    if order == 0 { return nil }
    let n = try Gate.dimension(order, "matrix")
    let info = unsafe keel_dgetrf(n, n, &factor, n, &pivots)
    try Gate.accepted(info, "LU factorization")
    try Gate.output(factor, "LU factorization")
    return info > 0 ? Int(info) - 1 : nil
  }

  static func solve(
    factor: [Double],
    pivots: [Int32],
    _ transposition: Transposition,
    _ b: inout MutableSpan<Double>
  ) throws(LinearAlgebraError) {
    let order = pivots.count
    let columnCount = try Gate.columnCount(ofCount: b.count, rowCount: order, "right-hand side")
    if columnCount == 0 { return }
    try Gate.finite(b, rowCount: order, "right-hand side")
    let n = try Gate.dimension(order, "matrix")
    let letter = transposition.letter
    let info = unsafe b.withUnsafeMutableBufferPointer {
      unsafe keel_dgetrs(letter, n, columnCount, factor, n, pivots, $0.baseAddress, n)
    }
    try Gate.accepted(info, "LU solve")
    try Gate.output(b, "LU solve")
  }

  static func reciprocalCondition(
    factor: [Double],
    order: Int,
    norm: Double,
    work: inout [Double],
    integerWork: inout [Int32]
  ) throws(LinearAlgebraError) -> Double {
    if order == 0 { return 1 }
    let n = try Gate.dimension(order, "matrix")
    try Gate.equal(work.count, 4 * order, "workspace")
    try Gate.equal(integerWork.count, order, "workspace")
    var result = 0.0
    let info = unsafe keel_dgecon(oneNorm, n, factor, n, norm, &result, &work, &integerWork)
    try Gate.accepted(info, "condition estimate")
    return result.isFinite ? result : 0
  }
}

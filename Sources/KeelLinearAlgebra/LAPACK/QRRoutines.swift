import CKeelShims
import KeelNumerics

// dgeqp3, dormqr, dtrsm and dtrcon behind the gate.
enum QRRoutines {
  private static let operation = "QR factorization"
  private static let left = CChar(UInt8(ascii: "L"))
  private static let upper = CChar(UInt8(ascii: "U"))
  private static let plain = CChar(UInt8(ascii: "N"))

  /// The length of workspace that serves dgeqp3 and dormqr for one column.
  static func workspace(rowCount: Int, columnCount: Int) throws(LinearAlgebraError) -> Int {
    if rowCount == 0 || columnCount == 0 { return 0 }
    let m = try Gate.dimension(rowCount, "rows")
    let n = try Gate.dimension(columnCount, "columns")
    let k = Swift.min(m, n)
    var factoring = 0.0
    var applying = 0.0
    try Gate.accepted(
      unsafe keel_dgeqp3(m, n, nil, m, nil, nil, &factoring, -1), operation)
    try Gate.accepted(
      unsafe keel_dormqr(
        left, Transposition.transposed.letter, m, n, k, nil, m, nil, nil, m, &applying, -1),
      operation)
    return try Gate.workspace(Swift.max(factoring, applying), atLeast: 3 * columnCount + 1)
  }

  /// Copies, checks and factors; pivots are counted from one.
  static func factor(
    _ matrix: borrowing Matrix,
    into factor: inout [Double],
    pivots: inout [Int32],
    tau: inout [Double],
    work: inout [Double]
  ) throws(LinearAlgebraError) {
    let m = try Gate.dimension(matrix.rowCount, "rows")
    let n = try Gate.dimension(matrix.columnCount, "columns")
    try Gate.equal(pivots.count, Int(n), "pivots")
    try Gate.copy(matrix, to: &factor, "matrix")
    for j in 0..<pivots.count { pivots[j] = 0 }
    if m == 0 || n == 0 {
      for j in 0..<pivots.count { pivots[j] = Int32(j + 1) }
      return
    }
    let info = unsafe keel_dgeqp3(m, n, &factor, m, &pivots, &tau, &work, Int32(work.count))
    try Gate.accepted(info, operation)
    try Gate.output(factor, operation)
  }

  /// C := op(Q) C for columns of length rowCount.
  static func apply(
    factor: [Double],
    tau: [Double],
    rowCount: Int,
    _ transposition: Transposition,
    to c: inout [Double],
    work: inout [Double]
  ) throws(LinearAlgebraError) {
    let columnCount = try Gate.columnCount(ofCount: c.count, rowCount: rowCount, "matrix")
    if columnCount == 0 || tau.isEmpty { return }
    let m = try Gate.dimension(rowCount, "rows")
    try Gate.finite(c, rowCount: rowCount, "matrix")
    guard work.count >= Int(columnCount) else {
      throw .shapeMismatch(argument: "workspace", got: work.count, required: Int(columnCount))
    }
    let info = unsafe keel_dormqr(
      left, transposition.letter, m, columnCount, Int32(tau.count), factor, m, tau, &c, m, &work,
      Int32(work.count))
    try Gate.accepted(info, operation)
    try Gate.output(c, operation)
  }

  /// Solves R x = c for the leading rows and columns, in place; the diagonal is not zero.
  static func solveUpper(
    factor: [Double],
    rowCount: Int,
    rank: Int,
    _ c: inout [Double]
  ) throws(LinearAlgebraError) {
    if rank == 0 { return }
    let leading = try Gate.dimension(rowCount, "rows")
    let n = try Gate.dimension(rank, "rank")
    for j in 0..<rank where factor[j &+ j &* rowCount] == 0 { throw .singular(pivot: j) }
    unsafe keel_dtrsv(upper, plain, plain, n, factor, leading, &c, 1)
    try Gate.output(c, "least squares")
  }

  /// The reciprocal condition in the 1-norm of the leading triangle.
  static func reciprocalCondition(
    factor: [Double],
    rowCount: Int,
    order: Int
  ) throws(LinearAlgebraError) -> Double {
    if order == 0 { return 1 }
    let leading = try Gate.dimension(rowCount, "rows")
    let n = try Gate.dimension(order, "order")
    var work = [Double](repeating: 0, count: 3 * order)
    var integerWork = [Int32](repeating: 0, count: order)
    var result = 0.0
    let info = unsafe keel_dtrcon(
      CChar(UInt8(ascii: "1")), upper, plain, n, factor, leading, &result, &work, &integerWork)
    try Gate.accepted(info, "condition estimate")
    return result.isFinite ? result : 0
  }
}

import CKeelShims
import KeelNumerics

// dgesdd, and dgesvd where that fails, behind the gate.
//
// dgesdd never returns when it is given an infinity, so nothing but finite input reaches it.
// Elements far from one are scaled by a power of two before.
enum SVDRoutines {
  static let operation = "singular values"
  private static let thin = CChar(UInt8(ascii: "S"))

  /// The arrays of one decomposition: values, left vectors and transposed right vectors.
  struct Storage: Sendable {
    var values: [Double]
    var left: [Double]
    var rightTransposed: [Double]
  }

  /// The length of workspace that serves both routines.
  static func workspace(rowCount: Int, columnCount: Int) throws(LinearAlgebraError) -> Int {
    if rowCount == 0 || columnCount == 0 { return 0 }
    let m = try Gate.dimension(rowCount, "rows")
    let n = try Gate.dimension(columnCount, "columns")
    let k = Swift.min(m, n)
    var first = 0.0
    var second = 0.0
    let smaller = Int(k)
    // The documented minimum of dgesdd for thin vectors; checked first because the query itself
    // overflows where this does not fit.
    let minimum = 4 * smaller * smaller + 7 * smaller + Swift.max(rowCount, columnCount)
    _ = try Gate.workspace(0, atLeast: minimum)
    try Gate.accepted(
      unsafe keel_dgesdd(
        thin, m, n, nil, m, nil, nil, m, nil, k, &first, -1, nil), operation)
    try Gate.accepted(
      unsafe keel_dgesvd(
        thin, thin, m, n, nil, m, nil, nil, m, nil, k, &second, -1), operation)
    return try Gate.workspace(Swift.max(first, second), atLeast: minimum)
  }

  /// Decomposes a checked, scaled matrix, which is destroyed; returns whether it converged.
  static func divideAndConquer(
    _ matrix: inout [Double],
    rowCount: Int,
    columnCount: Int,
    into storage: inout Storage,
    work: inout [Double],
    integerWork: inout [Int32]
  ) throws(LinearAlgebraError) -> Bool {
    let m = try Gate.dimension(rowCount, "rows")
    let n = try Gate.dimension(columnCount, "columns")
    let info = unsafe keel_dgesdd(
      thin, m, n, &matrix, m, &storage.values, &storage.left, m, &storage.rightTransposed,
      Swift.min(m, n), &work, Int32(work.count), &integerWork)
    try Gate.accepted(info, operation)
    return info == 0
  }

  /// The same by QR iteration.
  static func iteration(
    _ matrix: inout [Double],
    rowCount: Int,
    columnCount: Int,
    into storage: inout Storage,
    work: inout [Double]
  ) throws(LinearAlgebraError) {
    let m = try Gate.dimension(rowCount, "rows")
    let n = try Gate.dimension(columnCount, "columns")
    let info = unsafe keel_dgesvd(
      thin, thin, m, n, &matrix, m, &storage.values, &storage.left, m, &storage.rightTransposed,
      Swift.min(m, n), &work, Int32(work.count))
    try Gate.accepted(info, operation)
    guard info == 0 else { throw .notConverged(operation: operation, failures: Int(info)) }
  }
}

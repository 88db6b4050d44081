import CKeelShims
import KeelNumerics

// dgelsd behind the gate.
enum LeastSquaresRoutines {
  private static let operation = "least squares"

  struct Result {
    var solution: [Double]
    var singularValues: [Double]
    var rank: Int
  }

  /// Solves for one right-hand side; both dimensions are at least one.
  ///
  /// Destroys the matrix.
  static func solve(
    _ matrix: inout [Double],
    rowCount: Int,
    columnCount: Int,
    rightHandSide: [Double],
    relativeTolerance: Double
  ) throws(LinearAlgebraError) -> Result {
    let m = try Gate.dimension(rowCount, "rows")
    let n = try Gate.dimension(columnCount, "columns")
    try Gate.equal(matrix.count, rowCount &* columnCount, "matrix")
    try Gate.equal(rightHandSide.count, rowCount, "right-hand side")
    try Gate.finite(matrix, rowCount: rowCount, "matrix")
    try Gate.finite(rightHandSide, rowCount: rowCount, "right-hand side")
    try Gate.finite(relativeTolerance, "relativeTolerance")
    let leading = Swift.max(m, n)
    var b = rightHandSide
    b.append(contentsOf: repeatElement(0, count: Int(leading) - rowCount))
    var values = [Double](repeating: 0, count: Int(Swift.min(m, n)))
    var rank: Int32 = 0
    var length = 0.0
    var integerLength: Int32 = 0
    let query = unsafe keel_dgelsd(
      m, n, 1, &matrix, m, &b, leading, &values, relativeTolerance, &rank, &length, -1,
      &integerLength)
    try Gate.accepted(query, operation)
    let count = try Gate.workspace(length, atLeast: 1)
    var work = [Double](repeating: 0, count: count)
    var integerWork = [Int32](repeating: 0, count: Swift.max(Int(integerLength), 1))
    let info = unsafe keel_dgelsd(
      m, n, 1, &matrix, m, &b, leading, &values, relativeTolerance, &rank, &work, Int32(count),
      &integerWork)
    try Gate.accepted(info, operation)
    guard info == 0 else { throw .notConverged(operation: operation, failures: Int(info)) }
    b.removeLast(b.count - columnCount)
    try Gate.output(b, operation)
    try Gate.output(values, operation)
    return Result(solution: b, singularValues: values, rank: Int(rank))
  }
}

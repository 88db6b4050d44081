import CKeelShims
import KeelNumerics

// dgelsd behind the gate.
enum LeastSquaresRoutines {
  private static let operation = "least squares"

  /// Memory that one problem leaves to the next.
  struct Room: Sendable {
    /// The right-hand side; after the call its first elements are the solution.
    var b: [Double] = []
    var singularValues: [Double] = []
    var work: [Double] = []
    var integerWork: [Int32] = []

    fileprivate mutating func extendWork(to count: Int, _ integerCount: Int) {
      LeastSquaresRoutines.extend(&work, to: count)
      LeastSquaresRoutines.extend(&integerWork, to: integerCount)
    }

    /// Takes the memory for problems up to a shape; both dimensions are at least one.
    mutating func reserve(rowCount: Int, columnCount: Int) throws(LinearAlgebraError) {
      let m = try Gate.dimension(rowCount, "rows")
      let n = try Gate.dimension(columnCount, "columns")
      b.reserveCapacity(Int(Swift.max(m, n)))
      singularValues.reserveCapacity(Int(Swift.min(m, n)))
      var (matrix, vector, rank) = ([0.0], [0.0], Int32(0))
      var (values, length, integerLength) = ([0.0], 0.0, Int32(0))
      let query = unsafe keel_dgelsd(
        m, n, 1, &matrix, m, &vector, Swift.max(m, n), &values, 0, &rank, &length, -1,
        &integerLength)
      try Gate.accepted(query, operation)
      extendWork(
        to: try Gate.workspace(length, atLeast: 1), Swift.max(Int(integerLength), 1))
    }
  }

  /// Solves for the right-hand side in the room; both dimensions are at least one.
  ///
  /// Destroys the matrix.
  ///
  /// - Returns: The rank; solution and singular values stand in the room.
  static func solve(
    _ matrix: inout [Double],
    rowCount: Int,
    columnCount: Int,
    relativeTolerance: Double,
    in room: inout Room
  ) throws(LinearAlgebraError) -> Int {
    let m = try Gate.dimension(rowCount, "rows")
    let n = try Gate.dimension(columnCount, "columns")
    try Gate.equal(matrix.count, rowCount &* columnCount, "matrix")
    try Gate.equal(room.b.count, rowCount, "right-hand side")
    try Gate.finite(matrix, rowCount: rowCount, "matrix")
    try Gate.finite(room.b, rowCount: rowCount, "right-hand side")
    try Gate.finite(relativeTolerance, "relativeTolerance")
    let leading = Swift.max(m, n)
    room.b.append(contentsOf: repeatElement(0, count: Int(leading) - rowCount))
    room.singularValues.removeAll(keepingCapacity: true)
    room.singularValues.append(contentsOf: repeatElement(0, count: Int(Swift.min(m, n))))
    var rank: Int32 = 0
    var length = 0.0
    var integerLength: Int32 = 0
    let query = unsafe keel_dgelsd(
      m, n, 1, &matrix, m, &room.b, leading, &room.singularValues, relativeTolerance, &rank,
      &length, -1, &integerLength)
    try Gate.accepted(query, operation)
    let count = try Gate.workspace(length, atLeast: 1)
    room.extendWork(to: count, Swift.max(Int(integerLength), 1))
    let info = unsafe keel_dgelsd(
      m, n, 1, &matrix, m, &room.b, leading, &room.singularValues, relativeTolerance, &rank,
      &room.work, Int32(count), &room.integerWork)
    try Gate.accepted(info, operation)
    guard info == 0 else { throw .notConverged(operation: operation, failures: Int(info)) }
    room.b.removeLast(room.b.count - columnCount)
    try Gate.output(room.b, operation)
    try Gate.output(room.singularValues, operation)
    return Int(rank)
  }

  private static func extend<Element: Numeric>(_ array: inout [Element], to count: Int) {
    if array.count >= count { return }
    array.append(contentsOf: repeatElement(0, count: count - array.count))
  }
}

import CKeelShims
import KeelNumerics

// dsytrf, dsytrs and dsycon behind the gate. All use the lower triangle.
enum LDLRoutines {
  static func workspace(order: Int) throws(LinearAlgebraError) -> Int {
    if order == 0 { return 0 }
    let n = try Gate.dimension(order, "order")
    var none = 0.0
    var pivot: Int32 = 0
    var answer = 0.0
    let info = unsafe keel_dsytrf(Gate.lower, n, &none, n, &pivot, &answer, -1)
    try Gate.accepted(info, "LDL factorization")
    return try Gate.workspace(answer, atLeast: order)
  }

  /// Copies, checks and factors; returns the index of the first zero pivot, if there is one.
  static func factor(
    _ matrix: borrowing SymmetricMatrix,
    into factor: inout [Double],
    pivots: inout [Int32],
    work: inout [Double]
  ) throws(LinearAlgebraError) -> Int? {
    try Gate.copyLowerTriangle(of: matrix, to: &factor, "matrix")
    return try self.factor(&factor, pivots: &pivots, work: &work)
  }

  /// Replaces a checked lower triangle by its factor.
  static func factor(
    _ factor: inout [Double],
    pivots: inout [Int32],
    work: inout [Double]
  ) throws(LinearAlgebraError) -> Int? {
    let order = pivots.count
    try Gate.equal(factor.count, order &* order, "matrix")
    if order == 0 { return nil }
    let n = try Gate.dimension(order, "matrix")
    let info = unsafe keel_dsytrf(
      Gate.lower, n, &factor, n, &pivots, &work, Int32(work.count))
    try Gate.accepted(info, "LDL factorization")
    try Gate.outputLower(factor, order: order, "LDL factorization")
    return info > 0 ? Int(info) - 1 : nil
  }

  static func solve(
    factor: [Double],
    pivots: [Int32],
    _ b: inout MutableSpan<Double>
  ) throws(LinearAlgebraError) {
    let order = pivots.count
    let columnCount = try Gate.columnCount(ofCount: b.count, rowCount: order, "right-hand side")
    if columnCount == 0 { return }
    try Gate.finite(b, rowCount: order, "right-hand side")
    let n = try Gate.dimension(order, "matrix")
    let info = unsafe b.withUnsafeMutableBufferPointer {
      unsafe keel_dsytrs(Gate.lower, n, columnCount, factor, n, pivots, $0.baseAddress, n)
    }
    try Gate.accepted(info, "LDL solve")
    try Gate.output(b, "LDL solve")
  }

  /// Solves for one right-hand side, where numbers that are not finite are an answer and not an error.
  ///
  /// - Returns: False, with undefined content, when the length is another, or the right-hand side or
  ///   the solution is not finite.
  static func solveFinite(
    factor: [Double],
    pivots: [Int32],
    _ b: inout MutableSpan<Double>
  ) -> Bool {
    let order = pivots.count
    guard b.count == order, factor.count == order &* order, Gate.isFinite(b),
      let n = try? Gate.dimension(order, "matrix")
    else { return false }
    if order == 0 { return true }
    let info = unsafe b.withUnsafeMutableBufferPointer {
      unsafe keel_dsytrs(Gate.lower, n, 1, factor, n, pivots, $0.baseAddress, n)
    }
    return info == 0 && Gate.isFinite(b)
  }

  static func reciprocalCondition(
    factor: [Double],
    pivots: [Int32],
    norm: Double,
    work: inout [Double],
    integerWork: inout [Int32]
  ) throws(LinearAlgebraError) -> Double {
    let order = pivots.count
    if order == 0 { return 1 }
    let n = try Gate.dimension(order, "matrix")
    try Gate.equal(work.count, 2 * order, "workspace")
    try Gate.equal(integerWork.count, order, "workspace")
    var result = 0.0
    let info = unsafe keel_dsycon(
      Gate.lower, n, factor, n, pivots, norm, &result, &work, &integerWork)
    try Gate.accepted(info, "condition estimate")
    return result.isFinite ? result : 0
  }
}

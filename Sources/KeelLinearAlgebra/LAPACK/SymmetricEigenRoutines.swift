import CKeelShims
import KeelNumerics

// dsyevd, and dsyevr where that fails, behind the gate.
//
// dsyevd is the fastest of LAPACK's symmetric eigen-solvers at every order that was measured, and
// it reports failure; dsyev is several times slower, dsyevr may not return on NaN. The lower
// triangle is read. Elements far from one are scaled by a power of two, which is exact.
enum SymmetricEigenRoutines {
  static let operation = "symmetric eigenvalues"

  /// The lengths of dsyevd's workspaces for one order.
  static func workspace(
    order: Int,
    vectors: Bool
  ) throws(LinearAlgebraError) -> (real: Int, integer: Int) {
    if order == 0 { return (0, 0) }
    let n = try Gate.dimension(order, "order")
    // The documented minimum; checked first, because the query itself overflows where it does not
    // fit.
    let minimum = vectors ? 1 + 6 * order + 2 * order * order : 2 * order + 1
    _ = try Gate.workspace(0, atLeast: minimum)
    var real = 0.0
    var integer: Int32 = 0
    var none = 0.0
    var values = 0.0
    let info = unsafe keel_dsyevd(
      job(vectors), Gate.lower, n, &none, n, &values, &real, -1, &integer, -1)
    try Gate.accepted(info, operation)
    let realCount = try Gate.workspace(real, atLeast: minimum)
    return (realCount, Swift.max(3 + 5 * order, Int(integer)))
  }

  /// Replaces the matrix by its eigenvectors and fills the eigenvalues, ascending.
  ///
  /// Returns whether dsyevd converged; without that the content of the arrays is undefined.
  static func divideAndConquer(
    _ matrix: inout [Double],
    order: Int,
    vectors: Bool,
    values: inout [Double],
    work: inout [Double],
    integerWork: inout [Int32]
  ) throws(LinearAlgebraError) -> Bool {
    let n = try Gate.dimension(order, "order")
    try Gate.equal(values.count, order, "values")
    let info = unsafe keel_dsyevd(
      job(vectors), Gate.lower, n, &matrix, n, &values, &work, Int32(work.count), &integerWork,
      Int32(integerWork.count))
    try Gate.accepted(info, operation)
    return info == 0
  }

  /// The same by dsyevr, with memory of its own.
  static func relativelyRobust(
    _ matrix: inout [Double],
    order: Int,
    values: inout [Double]
  ) throws(LinearAlgebraError) {
    let n = try Gate.dimension(order, "order")
    let realCount = 26 * order
    let integerCount = 10 * order
    var vectors = try Workspace.square(order: order)
    var work = [Double](repeating: 0, count: realCount)
    var integerWork = [Int32](repeating: 0, count: integerCount)
    var support = [Int32](repeating: 0, count: 2 * order)
    var found: Int32 = 0
    let all = CChar(UInt8(ascii: "A"))
    let info = unsafe keel_dsyevr(
      job(true), all, Gate.lower, n, &matrix, n, 0, 0, 0, 0, 0, &found, &values, &vectors, n,
      &support, &work, Int32(realCount), &integerWork, Int32(integerCount))
    try Gate.accepted(info, operation)
    guard info == 0, Int(found) == order else {
      throw .notConverged(operation: operation, failures: Int(info))
    }
    matrix = vectors
  }

  private static func job(_ vectors: Bool) -> CChar {
    CChar(UInt8(ascii: vectors ? "V" : "N"))
  }
}

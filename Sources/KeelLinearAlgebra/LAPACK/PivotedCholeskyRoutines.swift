import CKeelShims
import KeelNumerics

// dpstrf behind the gate.
enum PivotedCholeskyRoutines {
  /// Copies, checks and factors; returns the rank.
  ///
  /// Pivots are counted from one.
  static func factor(
    _ matrix: borrowing SymmetricMatrix,
    tolerance: Double,
    into factor: inout [Double],
    pivots: inout [Int32]
  ) throws(LinearAlgebraError) -> Int {
    let order = matrix.order
    try Gate.finite(tolerance, "tolerance")
    try Gate.equal(pivots.count, order, "pivots")
    let largest = try Gate.copyLowerTriangle(of: matrix, to: &factor, "matrix")
    if order == 0 || largest == 0 {
      for i in 0..<order { pivots[i] = Int32(i + 1) }
      return 0
    }
    let n = try Gate.dimension(order, "matrix")
    var work = [Double](repeating: 0, count: 2 * order)
    var rank: Int32 = 0
    let info = unsafe keel_dpstrf(
      Gate.lower, n, &factor, n, &pivots, &rank, tolerance, &work)
    try Gate.accepted(info, "pivoted Cholesky factorization")
    return Int(rank)
  }
}

import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) O(n k²) for P = C C' + D; (2) rows inside the same small matrix, so that a solve reads the
// panel twice.
//
//   H = diag(D + σ) + C C',   G = [C A'] (D + σ)^(−1/2),   S = G'G + diag(I, d)

/// The Newton system of a program whose P has few columns beside its diagonal.
struct LowRankFactor: ~Copyable {
  private var small = WorkingCholesky()
  private var panel: [Double] = []
  private var rootInverse: [Double] = []
  private var diagonal: [Double] = []
  private var columnCount = 0
  private var factorCount = 0

  /// Factors the system.
  ///
  /// - Parameters:
  ///   - term: The matrix P.
  ///   - sigma: What is added to its diagonal.
  ///   - rows: The border rows.
  ///   - border: What is subtracted below: one number a row.
  ///   - shift: The least diagonal relative to that of P, where neither D nor σ has one.
  ///   - rowShift: What is added to the diagonal of S for a row, relative to it.
  /// - Returns: False when S is not positive definite.
  mutating func factor(
    _ term: LowRankTerm,
    sigma: [Double],
    rows: [CoreProgram.Row],
    border: [Double],
    shift: Double,
    rowShift: Double
  ) -> Bool {
    let n = term.order
    let k = term.root.columnCount
    factorCount = k
    columnCount = k + rows.count
    if panel.count < n * columnCount {
      panel = [Double](repeating: 0, count: n * columnCount)
      rootInverse = [Double](repeating: 0, count: n)
      diagonal = [Double](repeating: 0, count: columnCount)
    }
    for i in 0..<n {
      let value = term.diagonal[i] + sigma[i]
      let least = shift * max(value, 1)
      rootInverse[i] = 1 / (value + least).squareRoot()
      guard rootInverse[i].isFinite else { return false }
    }
    for j in 0..<k {
      let column = term.root.column(j)
      let start = j * n
      for i in 0..<n { panel[start &+ i] = column[i] * rootInverse[i] }
      diagonal[j] = 1
    }
    for (r, row) in rows.enumerated() {
      let start = (k + r) * n
      for i in 0..<n { panel[start &+ i] = 0 }
      var size = 0.0
      for (i, a) in zip(row.indices, row.coefficients) {
        panel[start &+ i] = a * rootInverse[i]
        size += panel[start &+ i] * panel[start &+ i]
      }
      diagonal[k + r] = border[r] + rowShift * (size == 0 ? 1 : size)
    }
    return small.factorGram(
      panel, rowCount: n, columnCount: columnCount, diagonal: diagonal)
  }

  /// Solves once, without refinement.
  func solve(_ f: [Double], _ g: [Double]) -> (x: [Double], v: [Double]) {
    var x = f
    for i in x.indices { x[i] *= rootInverse[i] }
    var sums = [Double](repeating: 0, count: columnCount)
    for r in g.indices { sums[factorCount + r] = -g[r] }
    PanelProducts.add(
      panel, rowCount: x.count, columnCount: columnCount, .transposed, x, to: &sums)
    guard small.solve(&sums) else {
      return (
        [Double](repeating: .nan, count: f.count), [Double](repeating: .nan, count: g.count)
      )
    }
    PanelProducts.add(
      panel, rowCount: x.count, columnCount: columnCount, .none, scale: -1, sums,
      to: &x)
    for i in x.indices { x[i] *= rootInverse[i] }
    return (x, Array(sums[factorCount...]))
  }
}

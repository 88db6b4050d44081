import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) O(n k²) for P = C C' + D; (2) rows inside the same small matrix, so that a solve reads the
// panel twice.
//
//   H = diag(D + σ) + C C',   G = [C A'] (D + σ)^(−1/2),   S = G'G + diag(I, d)

/// The Newton system of a program whose P has few columns beside its diagonal.
struct LowRankFactor: ~Copyable, Sendable {
  private var small = WorkingCholesky()
  private var panel: [Double] = []
  private var rootInverse: [Double] = []
  private var diagonal: [Double] = []
  private var sums: [Double] = []
  private var columnCount = 0
  private var factorCount = 0

  /// Takes memory.
  ///
  /// - Parameters:
  ///   - order: The order of P at most.
  ///   - columnCount: The number of columns of C and of rows, together, at most.
  mutating func reserve(order: Int, columnCount: Int) {
    small = WorkingCholesky(reserving: columnCount)
    panel.reserveCapacity(order * columnCount)
    rootInverse.reserveCapacity(order)
    diagonal.reserveCapacity(columnCount)
    sums.reserveCapacity(columnCount)
  }

  /// Factors the system.
  ///
  /// - Parameters:
  ///   - program: The program, with a P of low rank.
  ///   - sigma: What is added to the diagonal of P.
  ///   - borderRows: The border rows.
  ///   - border: What is subtracted below: one number a row.
  ///   - shift: The least diagonal relative to that of P, where neither D nor σ has one, and what is
  ///     added to the diagonal of S for a row, relative to it.
  /// - Returns: False when S is not positive definite.
  mutating func factor(
    _ program: CoreProgram,
    sigma: [Double],
    borderRows: [Int],
    border: [Double],
    shift: Double
  ) -> Bool {
    let n = program.count
    let k = program.quadratic.columnCount
    factorCount = k
    columnCount = k + borderRows.count
    panel.refill(n * columnCount, with: 0)
    rootInverse.refill(n, with: 0)
    diagonal.refill(columnCount, with: 1)
    for i in 0..<n {
      let value = program.quadratic.diagonal[i] + sigma[i]
      let least = shift * max(value, 1)
      rootInverse[i] = 1 / (value + least).squareRoot()
      guard rootInverse[i].isFinite else { return false }
    }
    Self.scale(program.quadratic.elements, rootInverse, columnCount: k, into: &panel)
    for r in borderRows.indices {
      let start = (k + r) * n
      let row = borderRows[r]
      program.rows.add(row, times: 1, to: &panel, from: start)
      var size = 0.0
      for e in program.rows.entries(row) {
        let place = start &+ program.rows.indices[e]
        panel[place] *= rootInverse[program.rows.indices[e]]
        size += panel[place] * panel[place]
      }
      diagonal[k + r] = border[r] + shift * (size == 0 ? 1 : size)
    }
    return small.factorGram(
      panel, rowCount: n, columnCount: columnCount, diagonal: diagonal)
  }

  /// The columns with their rows multiplied by factors.
  private static func scale(
    _ source: [Double],
    _ factors: [Double],
    columnCount: Int,
    into target: inout [Double]
  ) {
    let source = source.span
    let factors = factors.span
    var target = target.mutableSpan
    for j in 0..<columnCount {
      let start = j &* factors.count
      for i in 0..<factors.count { target[start &+ i] = source[start &+ i] * factors[i] }
    }
  }

  /// Solves once, without refinement.
  ///
  /// - Parameters:
  ///   - f: The right-hand side of the variables.
  ///   - g: The right-hand side of the rows.
  ///   - x: Becomes the variables.
  ///   - v: Becomes the multipliers of the rows.
  mutating func solve(
    _ f: [Double],
    _ g: [Double],
    x: inout [Double],
    v: inout [Double]
  ) {
    x.copyElements(of: f)
    for i in x.indices { x[i] *= rootInverse[i] }
    sums.refill(columnCount, with: 0)
    for r in g.indices { sums[factorCount + r] = -g[r] }
    PanelProducts.add(
      panel, rowCount: x.count, columnCount: columnCount, .transposed, x, to: &sums)
    guard small.solve(&sums) else {
      x.refill(f.count, with: .nan)
      v.refill(g.count, with: .nan)
      return
    }
    PanelProducts.add(
      panel, rowCount: x.count, columnCount: columnCount, .none, scale: -1, sums,
      to: &x)
    for i in x.indices { x[i] *= rootInverse[i] }
    v.refill(g.count, with: 0)
    for r in g.indices { v[r] = sums[factorCount + r] }
  }
}

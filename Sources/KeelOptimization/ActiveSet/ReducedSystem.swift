// Goals: (1) one factorization of the free variables only; (2) the structure of P; (3) memory that
// is kept.
//
//   | P_FF  −A_F' | | dx |   | −g_F    |
//   | A_F    0    | | dy | = | b − A x |
//
// Dense P: Cholesky of P_FF, then of the Schur complement of the active rows. P = C C' + D: with
// G = [C_F A_F'] D_F^(−1/2), one Cholesky factor of G'G + diag(I, 0), of the order of the factors and
// active rows (Woodbury).

import KeelLinearAlgebra
import KeelNumerics

/// The optimality conditions of the free variables and active rows as a linear system.
struct ReducedSystem: ~Copyable, Sendable {
  private(set) var free: [Int] = []
  private(set) var freeCount = 0
  private(set) var activeRows: [Int] = []
  private(set) var activeCount = 0
  /// The solution: a change of each free variable, and of the dual value of each active row.
  private(set) var step: [Double] = []
  private(set) var dualStep: [Double] = []

  private var upper = WorkingCholesky()
  private var border = WorkingCholesky()
  /// L⁻¹ A_F' for a dense P, G for one of low rank; column after column.
  private var panel: [Double] = []
  private var diagonal: [Double] = []
  private var rootInverse: [Double] = []
  private var position: [Int] = []
  private var exposures: [Double] = []

  /// Factors the system for sets.
  mutating func factor(_ program: FlatProgram, side: [Int8], rowSide: [Int8]) -> Bool {
    gather(program, side: side, rowSide: rowSide)
    switch program.kernel {
    case .dense(let matrix):
      guard
        upper.factor(
          matrix.elements, fullOrder: matrix.order, at: free, count: freeCount)
      else { return false }
      fillRows(program, from: 0)
      guard upper.solveLower(&panel, columnCount: activeCount) else { return false }
      for j in 0..<activeCount { diagonal[j] = 0 }
      return border.factorGram(
        panel, rowCount: freeCount, columnCount: activeCount, diagonal: diagonal)
    case .diagonal(let values):
      guard scaleBy(values) else { return false }
      fillRows(program, from: 0)
      return factorLowRank(factorCount: 0)
    case .lowRank(let term):
      guard scaleBy(term.diagonal) else { return false }
      let k = term.root.columnCount
      for j in 0..<k {
        let column = term.root.column(j)
        let start = j * freeCount
        for p in 0..<freeCount { panel[start &+ p] = column[free[p]] * rootInverse[p] }
      }
      fillRows(program, from: k)
      return factorLowRank(factorCount: k)
    }
  }

  private mutating func scaleBy(_ values: [Double]) -> Bool {
    for p in 0..<freeCount {
      let value = values[free[p]]
      guard value > 0 else { return false }
      rootInverse[p] = 1 / value.squareRoot()
    }
    return true
  }

  private mutating func factorLowRank(factorCount k: Int) -> Bool {
    // The columns of the factors were scaled when they were copied.
    for j in k..<(k + activeCount) {
      let start = j * freeCount
      for p in 0..<freeCount { panel[start &+ p] *= rootInverse[p] }
    }
    for j in 0..<k { diagonal[j] = 1 }
    for j in k..<(k + activeCount) { diagonal[j] = 0 }
    return border.factorGram(
      panel, rowCount: freeCount, columnCount: k + activeCount, diagonal: diagonal)
  }

  /// Lists free variables and the active rows that touch one, and makes room.
  private mutating func gather(_ program: FlatProgram, side: [Int8], rowSide: [Int8]) {
    let n = program.count
    if free.count < n {
      free = [Int](repeating: 0, count: n)
      position = free
      step = [Double](repeating: 0, count: n)
      rootInverse = step
      activeRows = [Int](repeating: 0, count: program.rowCount)
      dualStep = [Double](repeating: 0, count: program.rowCount)
    }
    freeCount = 0
    for i in 0..<n {
      position[i] = side[i] == 0 ? freeCount : -1
      if side[i] == 0 {
        free[freeCount] = i
        freeCount += 1
      }
    }
    activeCount = 0
    for k in 0..<program.rowCount where rowSide[k] != 0 {
      let entries = program.rowStarts[k]..<program.rowStarts[k + 1]
      if entries.contains(where: { position[program.rowIndices[$0]] >= 0 }) {
        activeRows[activeCount] = k
        activeCount += 1
      }
    }
    var columns = activeCount
    if case .lowRank(let term) = program.kernel { columns += term.root.columnCount }
    if panel.count < freeCount * columns {
      panel = [Double](repeating: 0, count: min(n, 2 * freeCount) * columns)
    }
    if diagonal.count < columns { diagonal = [Double](repeating: 0, count: 2 * columns) }
    if exposures.count < columns { exposures = [Double](repeating: 0, count: 2 * columns) }
  }

  /// Writes the coefficients of the active rows at the free variables into the panel.
  private mutating func fillRows(_ program: FlatProgram, from first: Int) {
    for a in 0..<activeCount {
      let start = (first + a) * freeCount
      for p in 0..<freeCount { panel[start &+ p] = 0 }
      let k = activeRows[a]
      for e in program.rowStarts[k]..<program.rowStarts[k + 1] {
        let p = position[program.rowIndices[e]]
        if p >= 0 { panel[start &+ p] = program.rowCoefficients[e] }
      }
    }
  }

  /// Solves for the step from a point.
  mutating func solve(
    _ program: FlatProgram,
    x: [Double],
    gradient: [Double],
    rowSide: [Int8]
  ) -> Bool {
    for p in 0..<freeCount { step[p] = -gradient[free[p]] }
    for a in 0..<activeCount {
      let k = activeRows[a]
      let bound = rowSide[k] == 1 ? program.rowUpper[k] : program.rowLower[k]
      dualStep[a] = bound - program.rowValue(k, x)
    }
    return solveRight(program)
  }

  /// Makes the right-hand side zero.
  mutating func clearRight() {
    for p in 0..<freeCount { step[p] = 0 }
    for a in 0..<activeCount { dualStep[a] = 0 }
  }

  /// Sets the right-hand side of a variable, if it is free.
  mutating func setRight(at variable: Int, to value: Double) {
    if position[variable] >= 0 { step[position[variable]] = value }
  }

  /// Replaces the right-hand side by the solution.
  mutating func solveRight(_ program: FlatProgram) -> Bool {
    switch program.kernel {
    case .dense: return solveDense()
    case .diagonal: return solveLowRank(factorCount: 0)
    case .lowRank(let term): return solveLowRank(factorCount: term.root.columnCount)
    }
  }

  /// u = L⁻¹ r, S dy = b − V'u, dx = L⁻ᵀ (u + V dy).
  private mutating func solveDense() -> Bool {
    guard upper.solveLower(&step) else { return false }
    if activeCount > 0 {
      PanelProducts.add(
        panel, rowCount: freeCount, columnCount: activeCount, .transposed, scale: -1,
        step, to: &dualStep)
      guard border.solve(&dualStep) else { return false }
      PanelProducts.add(
        panel, rowCount: freeCount, columnCount: activeCount, .none, dualStep,
        to: &step)
    }
    return upper.solveLower(&step, columnCount: 1, .transposed)
  }

  /// w = D^(−1/2) r, S (t, v) = G'w − (0, b), dx = D^(−1/2) (w − G (t, v)), dy = −v.
  private mutating func solveLowRank(factorCount k: Int) -> Bool {
    for p in 0..<freeCount { step[p] *= rootInverse[p] }
    let columns = k + activeCount
    for j in 0..<k { exposures[j] = 0 }
    for a in 0..<activeCount { exposures[k + a] = -dualStep[a] }
    PanelProducts.add(
      panel, rowCount: freeCount, columnCount: columns, .transposed, step, to: &exposures)
    guard border.solve(&exposures) else { return false }
    PanelProducts.add(
      panel, rowCount: freeCount, columnCount: columns, .none, scale: -1, exposures,
      to: &step)
    for p in 0..<freeCount { step[p] *= rootInverse[p] }
    for a in 0..<activeCount { dualStep[a] = -exposures[k + a] }
    return true
  }
}

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
  private var updateCount = 0
  private var exposures: [Double] = []

  /// Factors the system for sets.
  mutating func factor(_ program: FlatProgram, side: [Int8], rowSide: [Int8]) -> Bool {
    var isUpdated = false
    if case .dense(let matrix, _) = program.kernel, update(matrix, side: side) { isUpdated = true }
    gather(program, side: side, rowSide: rowSide, keepsFree: isUpdated)
    switch program.kernel {
    case .dense(let matrix, _):
      if !isUpdated {
        updateCount = 0
        guard
          upper.factor(
            matrix.elements, fullOrder: matrix.order, at: free, count: freeCount)
        else { return false }
      }
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
      Self.gatherRows(term.root, at: free, times: rootInverse, count: freeCount, into: &panel)
      fillRows(program, from: k)
      return factorLowRank(factorCount: k)
    }
  }

  /// Up to so many active rows the memory for their factor is taken before they come.
  private static let mostReservedRows = 256

  /// Takes the memory that any sets need.
  mutating func reserve(_ program: FlatProgram) {
    let (n, m) = (program.count, program.rowCount)
    takeVectors(n, m)
    var factorCount = 0
    switch program.kernel {
    case .dense: upper = WorkingCholesky(reserving: n)
    case .diagonal: break
    case .lowRank(let term): factorCount = term.root.columnCount
    }
    border = WorkingCholesky(reserving: factorCount + min(m, n, Self.mostReservedRows))
    panel.reserveCapacity(n * (factorCount + min(m, n)))
    diagonal = [Double](repeating: 0, count: factorCount + m)
    exposures = diagonal
  }

  private mutating func takeVectors(_ n: Int, _ m: Int) {
    free = [Int](repeating: 0, count: n)
    position = free
    step = [Double](repeating: 0, count: n)
    rootInverse = step
    activeRows = [Int](repeating: 0, count: m)
    dualStep = [Double](repeating: 0, count: m)
  }

  /// Forgets the factor: the matrix is another one.
  mutating func invalidate() { updateCount = Self.mostUpdates }

  /// Brings the factor of the free variables up to date by rows, where few have changed.
  ///
  /// - Returns: False when the factor has to be made anew.
  private mutating func update(_ matrix: SymmetricMatrix, side: [Int8]) -> Bool {
    guard updateCount < Self.mostUpdates, freeCount > Self.leastUpdated,
      upper.order == freeCount, position.count == side.count
    else { return false }
    let most = max(1, freeCount / Self.updateShare)
    var changed = 0
    for i in side.indices where (side[i] == 0) != (position[i] >= 0) {
      changed += 1
      if changed > most { return false }
    }
    if changed == 0 { return true }
    for i in side.indices where side[i] != 0 && position[i] >= 0 {
      let place = position[i]
      guard upper.remove(at: place) else { return false }
      position[i] = -1
      freeCount -= 1
      for p in place..<max(freeCount, place) {
        free[p] = free[p + 1]
        position[free[p]] = p
      }
      updateCount += 1
    }
    for i in side.indices where side[i] == 0 && position[i] < 0 {
      guard upper.append(matrix.elements, fullOrder: matrix.order, at: i, to: free) else {
        return false
      }
      free[freeCount] = i
      position[i] = freeCount
      freeCount += 1
      updateCount += 1
    }
    return true
  }

  /// Smaller factors are made anew as fast.
  private static let leastUpdated = 24

  /// Updates by one row cost about this share of a factorization and of gathering its rows.
  private static let updateShare = 12

  /// Updates before rounding makes a new factor worth its time.
  private static let mostUpdates = 60

  /// The rows of a matrix at some positions, each multiplied by a factor, column after column.
  private static func gatherRows(
    _ matrix: Matrix,
    at positions: [Int],
    times factors: [Double],
    count: Int,
    into panel: inout [Double]
  ) {
    let positions = positions.span
    let factors = factors.span
    var target = panel.mutableSpan
    for j in 0..<matrix.columnCount {
      let column = matrix.column(j)
      let start = j &* count
      for p in 0..<count { target[start &+ p] = column[positions[p]] * factors[p] }
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
    Self.scaleColumns(k..<(k + activeCount), by: rootInverse, count: freeCount, of: &panel)
    for j in 0..<k { diagonal[j] = 1 }
    for j in k..<(k + activeCount) { diagonal[j] = 0 }
    return border.factorGram(
      panel, rowCount: freeCount, columnCount: k + activeCount, diagonal: diagonal)
  }

  private static func scaleColumns(
    _ columns: Range<Int>,
    by factors: [Double],
    count: Int,
    of panel: inout [Double]
  ) {
    let factors = factors.span
    var target = panel.mutableSpan
    for j in columns {
      let start = j &* count
      for p in 0..<count { target[start &+ p] *= factors[p] }
    }
  }

  /// Lists free variables and the active rows that touch one, and makes room.
  private mutating func gather(
    _ program: FlatProgram,
    side: [Int8],
    rowSide: [Int8],
    keepsFree: Bool
  ) {
    let n = program.count
    if free.count < n { takeVectors(n, program.rowCount) }
    if !keepsFree { freeCount = Self.list(side, into: &free, &position) }
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
      panel.refill(min(n, 2 * freeCount) * columns, with: 0)
    }
    if diagonal.count < columns { diagonal = [Double](repeating: 0, count: 2 * columns) }
    if exposures.count < columns { exposures = [Double](repeating: 0, count: 2 * columns) }
  }

  /// Lists the variables with side 0 and the place of each in the list.
  private static func list(
    _ side: [Int8],
    into free: inout [Int],
    _ position: inout [Int]
  ) -> Int {
    let side = side.span
    var free = free.mutableSpan
    var position = position.mutableSpan
    var count = 0
    for i in 0..<side.count {
      position[i] = side[i] == 0 ? count : -1
      if side[i] == 0 {
        free[count] = i
        count += 1
      }
    }
    return count
  }

  /// Writes the coefficients of the active rows at the free variables into the panel.
  private mutating func fillRows(_ program: FlatProgram, from first: Int) {
    for a in 0..<activeCount {
      program.copyRow(
        activeRows[a], at: position, into: &panel, from: (first + a) * freeCount, count: freeCount)
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
    case .dense(_, let factor): return solveDense(factor)
    case .diagonal: return solveLowRank(factorCount: 0)
    case .lowRank(let term): return solveLowRank(factorCount: term.root.columnCount)
    }
  }

  /// u = L⁻¹ r, S dy = b − V'u, dx = L⁻ᵀ (u + V dy); with P = f M, L factors M, and r / f and dy / f
  /// take the places of r and dy.
  private mutating func solveDense(_ factor: Double) -> Bool {
    if factor != 1 { for p in 0..<freeCount { step[p] /= factor } }
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
    if factor != 1 { for a in 0..<activeCount { dualStep[a] *= factor } }
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

// Goals: (1) find contradictions that one row shows, with an exact proof; (2) remove what has no
// interior (fixed variables, rows that force all their variables to bounds), because interior-point
// iterations need one; (3) cost O(non-zeros).

/// What can be decided before the iterations, row by row.
struct Presolve {
  /// A row that its bounds meet in one point only, with the side that is active.
  struct ForcingRow {
    let row: Int
    let isLower: Bool
  }

  /// How far the largest value of a row may lie from its bound, relative to the terms, to be taken
  /// for equal: half of what `optimal` allows as violation.
  static let forcingTolerance = 5e-13

  private(set) var fixedValue: [Double?] = []
  private(set) var forcingRows: [ForcingRow] = []
  private(set) var keptRows: [Int] = []
  private(set) var freeVariables: [Int] = []

  /// The row that forced each variable; −1 for none.
  private var forcedBy: [Int] = []
  private var isForcing: [Bool] = []

  /// The fixed values, zero for a free variable.
  private(set) var fixedPoint: [Double] = []

  /// The part of each row that the fixed variables contribute.
  private(set) var rowShift: [Double] = []

  /// The linear objective with the contribution of the fixed variables.
  private(set) var reducedLinear: [Double] = []

  /// The row that contradicts the bounds and the sign of its multiplier.
  private(set) var contradiction: (row: Int, multiplier: Double)?

  /// P times the fixed point, with room for what a form of P needs.
  private var product: [Double] = []
  private var room: [Double] = []

  init() {}

  /// Takes memory.
  mutating func reserve(_ shape: CoreShape) {
    let (n, m) = (shape.variableCount, shape.rowCount)
    freeVariables.reserveCapacity(n)
    keptRows.reserveCapacity(m)
    forcingRows.reserveCapacity(m)
    product.reserveCapacity(n)
    room.reserveCapacity(max(n, shape.columnCount))
  }

  init(_ program: QuadraticProgram) { restart(program) }

  /// Looks at a program, in the memory of the one before.
  mutating func restart(_ program: QuadraticProgram) {
    let rowCount = program.rows.count
    contradiction = nil
    forcingRows.removeAll(keepingCapacity: true)
    forcedBy.refill(program.variableCount, with: -1)
    isForcing.refill(rowCount, with: false)
    fixedValue.refill(program.variableCount, with: nil)
    for i in fixedValue.indices where program.lowerBounds[i] == program.upperBounds[i] {
      fixedValue[i] = program.lowerBounds[i]
    }
    var changed = true
    while changed && contradiction == nil {
      changed = false
      for k in 0..<rowCount where !isForcing[k] && contradiction == nil {
        if examine(k, of: program) {
          isForcing[k] = true
          changed = true
        }
      }
    }
    reduce(program)
  }

  /// Lists what is left, with the contributions of the fixed variables.
  private mutating func reduce(_ program: QuadraticProgram) {
    freeVariables.removeAll(keepingCapacity: true)
    fixedPoint.refill(fixedValue.count, with: 0)
    for i in fixedValue.indices {
      if let value = fixedValue[i] { fixedPoint[i] = value } else { freeVariables.append(i) }
    }
    keptRows.removeAll(keepingCapacity: true)
    rowShift.refill(program.rows.count, with: 0)
    for (k, row) in program.rows.enumerated() {
      rowShift[k] = row.value(at: fixedPoint)
      if isForcing[k] || (row.lower == -.infinity && row.upper == .infinity) { continue }
      if row.indices.contains(where: { fixedValue[$0] == nil }) { keptRows.append(k) }
    }
    reducedLinear.copyElements(of: program.linear)
    if freeVariables.count < program.variableCount && !program.quadratic.isZero {
      program.quadratic.setTimes(&product, fixedPoint, room: &room)
      for i in reducedLinear.indices { reducedLinear[i] += product[i] }
    }
  }

  /// Fixes the variables of a row that its bounds force; returns whether it fixed any.
  private mutating func examine(_ k: Int, of program: QuadraticProgram) -> Bool {
    let row = program.rows[k]
    var least = 0.0
    var most = 0.0
    var size = 0.0
    for (i, a) in zip(row.indices, row.coefficients) {
      let low = fixedValue[i] ?? program.lowerBounds[i]
      let high = fixedValue[i] ?? program.upperBounds[i]
      least += a > 0 ? a * low : a * high
      most += a > 0 ? a * high : a * low
      size += max(finiteMagnitude(a * low), finiteMagnitude(a * high))
    }
    let margin =
      Self.forcingTolerance * (size + max(finiteMagnitude(row.lower), finiteMagnitude(row.upper)))
    if most < row.lower - margin {
      contradiction = (k, 1)
      return false
    }
    if least > row.upper + margin {
      contradiction = (k, -1)
      return false
    }
    let pinsUp = row.lower.isFinite && most <= row.lower + margin
    let pinsDown = row.upper.isFinite && least >= row.upper - margin
    guard pinsUp || pinsDown else { return false }
    var hasForced = false
    for (i, a) in zip(row.indices, row.coefficients) where fixedValue[i] == nil {
      fixedValue[i] = (a > 0) == pinsUp ? program.upperBounds[i] : program.lowerBounds[i]
      forcedBy[i] = k
      hasForced = true
    }
    if hasForced { forcingRows.append(ForcingRow(row: k, isLower: pinsUp)) }
    return hasForced
  }

  private func finiteMagnitude(_ value: Double) -> Double {
    value.isFinite ? value.magnitude : 0
  }

  /// Completes dual values: those of forcing rows such that the bounds of their variables have the
  /// right sign, then those of all bounds.
  ///
  /// - Parameters:
  ///   - z: Px + q at the solution, or zeros for a proof of infeasibility; becomes the dual values of
  ///     the bounds, that minus A'y.
  ///   - y: The dual values of the rows; those of forcing rows are set here.
  ///   - program: The program.
  func completeDuals(
    _ z: inout [Double],
    rows y: inout [Double],
    of program: QuadraticProgram
  ) {
    for (k, row) in program.rows.enumerated() where y[k] != 0 {
      for (i, a) in zip(row.indices, row.coefficients) { z[i] -= a * y[k] }
    }
    for forcing in forcingRows.reversed() {
      let row = program.rows[forcing.row]
      var dual = y[forcing.row]
      let previous = dual
      // At the active lower side the dual must reach z/a for every variable; the mirror image else.
      for (i, a) in zip(row.indices, row.coefficients) where forcedBy[i] == forcing.row {
        let needed = previous + z[i] / a
        dual = forcing.isLower ? max(dual, needed) : min(dual, needed)
      }
      dual = forcing.isLower ? max(dual, 0) : min(dual, 0)
      y[forcing.row] = dual
      if dual == previous { continue }
      for (i, a) in zip(row.indices, row.coefficients) { z[i] -= a * (dual - previous) }
    }
  }
}

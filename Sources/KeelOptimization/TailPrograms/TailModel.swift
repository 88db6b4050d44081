import KeelNumerics

// From the caller's program to core programs over some scenarios and variables, and back.

/// A point and dual values in the caller's units, with its certificate.
struct TailPoint {
  var claim = TailClaim()
  /// The t of the iterations: the value at risk where it is unique.
  var level = 0.0
  /// c − weight R'q − A'y, whatever its sign.
  var gradient: [Double] = []
  var certificate = Certificate.none

  /// Takes the memory for a program.
  mutating func reserve(_ program: ExpectedShortfallProgram) {
    claim.x.reserveCapacity(program.variableCount)
    claim.scenarioMultipliers.reserveCapacity(program.scenarioCount)
    claim.rowDuals.reserveCapacity(program.rows.count)
    claim.boundDuals.reserveCapacity(program.variableCount)
    claim.losses.reserveCapacity(program.scenarioCount)
    claim.weightedOutcomes.reserveCapacity(program.variableCount)
    gradient.reserveCapacity(program.variableCount)
  }
}

/// Which scenarios and variables a core program holds.
struct WorkingSet {
  /// Scenarios whose side is open.
  var scenarios: [Int] = []
  /// Scenarios that are taken for members of the tail.
  var tail: [Int] = []
  /// Variables that may move; all others stay where they are.
  var variables: [Int] = []
}

/// What presolve and scaling found out about a program, in memory that is kept.
struct TailModel {
  private(set) var reduction: Presolve
  private(set) var scaling: ProgramScaling
  private(set) var limits: [Double] = []

  /// The size of a loss in the scaled variables, a power of two.
  private(set) var lossScale = 1.0

  private var moments: [Double] = []
  private var held: [Double] = []
  private var offsets: [Double] = []
  private var position: [Int] = []
  /// The caller's rows that the last core program has.
  private var keptRows: [Int] = []
  private var room = TailCertificateRoom()

  /// A limit above one never binds, because the multipliers sum to one.
  private static let largestLimit = 2.0

  init(_ program: ExpectedShortfallProgram) {
    reduction = Presolve(program.constraints)
    scaling = ProgramScaling(program.constraints, reduction)
    restart(program, hasNewBounds: false)
  }

  /// Looks at a program of the same shape.
  mutating func restart(_ program: ExpectedShortfallProgram, hasNewBounds: Bool = true) {
    program.setMultiplierLimits(&limits)
    room.limits.copyElements(of: limits)
    if hasNewBounds { reduction.restart(program.constraints) }
    setSecondMoments(of: program)
    // The second moments are the curvatures that scale the variables.
    scaling.restart(program.constraints, reduction, diagonal: moments)
    var sum = 0.0
    var members = 0.0
    for i in reduction.freeVariables where moments[i] > 0 {
      sum += Double((moments[i].squareRoot() * scaling.variable[i]).exponent)
      members += 1
    }
    let exponent = members > 0 ? Int((sum / members).rounded()) : 0
    lossScale = Double(sign: .plus, exponent: exponent, significand: 1)
  }

  /// The mean square of the outcomes of each variable.
  private mutating func setSecondMoments(of program: ExpectedShortfallProgram) {
    moments.refill(program.variableCount, with: 0)
    for j in 0..<program.outcomes.columnCount {
      let column = program.outcomes.column(j)
      var sum = 0.0
      for s in column.indices { sum += column[s] * column[s] }
      let moment = sum / Double(column.count)
      moments[j] = moment.isNormal ? moment : 0
    }
  }

  /// Takes the memory for the whole program.
  mutating func reserve(_ program: ExpectedShortfallProgram) {
    offsets.reserveCapacity(program.scenarioCount)
    held.reserveCapacity(program.variableCount)
    position.reserveCapacity(program.variableCount)
    keptRows.reserveCapacity(program.rows.count)
    room.reserve(scenarioCount: program.scenarioCount)
  }
}

// MARK: - Core programs

extension TailModel {
  /// Fills the core program of a working set, with all other variables as in `x`.
  mutating func fill(
    _ core: inout TailCore,
    _ set: WorkingSet,
    at x: [Double],
    of program: ExpectedShortfallProgram
  ) {
    held.copyElements(of: x)
    for i in set.variables { held[i] = 0 }
    setOffsets(of: program)
    core.offsets.removeAll(keepingCapacity: true)
    core.limits.removeAll(keepingCapacity: true)
    for s in set.scenarios {
      core.offsets.append(offsets[s])
      core.limits.append(min(limits[s], Self.largestLimit))
    }
    fillOutcomes(&core.outcomes, set, program)
    core.cost.removeAll(keepingCapacity: true)
    core.lower.removeAll(keepingCapacity: true)
    core.upper.removeAll(keepingCapacity: true)
    for i in set.variables {
      let scale = scaling.variable[i]
      core.cost.append(program.linear[i] * scale / (program.shortfallWeight * lossScale))
      core.lower.append(program.lowerBounds[i] / scale)
      core.upper.append(program.upperBounds[i] / scale)
    }
    core.cost.append(1)
    core.lower.append(-.infinity)
    core.upper.append(.infinity)
    addTail(set, to: &core.cost, program)
    fillRows(&core.rows, set, program)
  }

  /// What the variables that do not move contribute to each scenario.
  private mutating func setOffsets(of program: ExpectedShortfallProgram) {
    let n = program.outcomes.columnCount
    if (0..<n).allSatisfy({ held[$0] == 0 }) {
      offsets.refill(program.scenarioCount, with: 0)
      return
    }
    program.setLosses(&offsets, at: held)
    for s in offsets.indices { offsets[s] = -offsets[s] / lossScale }
  }

  private func fillOutcomes(
    _ elements: inout [Double],
    _ set: WorkingSet,
    _ program: ExpectedShortfallProgram
  ) {
    let count = set.scenarios.count
    elements.refill(count * (set.variables.count + 1), with: 1)
    var target = elements.mutableSpan
    let scenarios = set.scenarios.span
    for (j, i) in set.variables.enumerated() {
      let start = j &* count
      guard i < program.outcomes.columnCount else {
        for p in 0..<count { target[start &+ p] = 0 }
        continue
      }
      let column = program.outcomes.column(i)
      let factor = scaling.variable[i] / lossScale
      if count == program.scenarioCount {
        for s in 0..<count { target[start &+ s] = column[s] * factor }
      } else {
        for p in 0..<count { target[start &+ p] = column[scenarios[p]] * factor }
      }
    }
  }

  /// Members of the tail are linear: they add −limit × outcome to the cost.
  private func addTail(
    _ set: WorkingSet,
    to cost: inout [Double],
    _ program: ExpectedShortfallProgram
  ) {
    if set.tail.isEmpty { return }
    for s in set.tail { cost[set.variables.count] -= limits[s] }
    for (p, i) in set.variables.enumerated() where i < program.outcomes.columnCount {
      let column = program.outcomes.column(i)
      var sum = 0.0
      for s in set.tail { sum += limits[s] * column[s] }
      cost[p] -= sum * scaling.variable[i] / lossScale
    }
  }

  /// The rows that the variables of a set can move.
  private mutating func fillRows(
    _ rows: inout TailRows,
    _ set: WorkingSet,
    _ program: ExpectedShortfallProgram
  ) {
    position.refill(program.variableCount, with: -1)
    for (p, i) in set.variables.enumerated() { position[i] = p }
    rows.removeAll()
    keptRows.removeAll(keepingCapacity: true)
    for k in reduction.keptRows {
      let row = program.rows[k]
      let scale = scaling.row[k]
      for (i, a) in zip(row.indices, row.coefficients) where position[i] >= 0 {
        rows.appendEntry(position[i], a * scaling.variable[i] * scale)
      }
      if rows.isNextEmpty { continue }
      let shift = row.value(at: held)
      rows.finishRow(lower: (row.lower - shift) * scale, upper: (row.upper - shift) * scale)
      keptRows.append(k)
    }
  }
}

// MARK: - Points

extension TailModel {
  /// Sets the point of an outcome in the caller's units, with duals that are bounds by construction.
  mutating func fill(
    _ point: inout TailPoint,
    _ outcome: TailOutcome,
    _ set: WorkingSet,
    at x: [Double],
    of program: ExpectedShortfallProgram,
    iterations: Int
  ) {
    point.claim.x.copyElements(of: x)
    for (p, i) in set.variables.enumerated() {
      point.claim.x[i] = min(
        max(outcome.x[p] * scaling.variable[i], program.lowerBounds[i]), program.upperBounds[i])
    }
    point.claim.scenarioMultipliers.refill(program.scenarioCount, with: 0)
    for s in set.tail { point.claim.scenarioMultipliers[s] = limits[s] }
    for (p, s) in set.scenarios.enumerated() {
      point.claim.scenarioMultipliers[s] = outcome.multipliers[p]
    }
    ShortfallMultipliers.normalize(&point.claim.scenarioMultipliers, limits: limits)
    setRowDuals(
      &point.claim.rowDuals, scaled: outcome.rowDuals, unit: program.shortfallWeight * lossScale,
      of: program)
    point.level = outcome.x[set.variables.count] * lossScale
    program.setLosses(&point.claim.losses, at: point.claim.x)
    complete(&point, of: program, iterations: iterations)
  }

  /// Sets the dual values of the caller's rows from those of the last core program; none has the
  /// sign of a side that the row does not have.
  func setRowDuals(
    _ duals: inout [Double],
    scaled: [Double],
    unit: Double,
    of program: ExpectedShortfallProgram
  ) {
    duals.refill(program.rows.count, with: 0)
    for (p, k) in keptRows.enumerated() {
      let row = program.rows[k]
      let dual = scaled[p] * scaling.row[k] * unit
      let isOpen = dual > 0 ? row.lower == -.infinity : row.upper == .infinity
      duals[k] = isOpen ? 0 : dual
    }
  }

  /// Completes a point with the dual values of forcing rows and of bounds.
  private mutating func complete(
    _ point: inout TailPoint,
    of program: ExpectedShortfallProgram,
    iterations: Int
  ) {
    program.setOutcomes(
      &point.claim.weightedOutcomes, weightedBy: point.claim.scenarioMultipliers)
    point.gradient.copyElements(of: program.linear)
    for i in point.gradient.indices {
      point.gradient[i] -= program.shortfallWeight * point.claim.weightedOutcomes[i]
    }
    reduction.completeDuals(
      &point.gradient, rows: &point.claim.rowDuals, of: program.constraints)
    point.claim.boundDuals.copyElements(of: point.gradient)
    for i in point.claim.boundDuals.indices {
      let bound =
        point.claim.boundDuals[i] > 0 ? program.lowerBounds[i] : program.upperBounds[i]
      if bound.isInfinite { point.claim.boundDuals[i] = 0 }
    }
    point.certificate = program.certificate(point.claim, iterations: iterations, room: &room)
  }

  /// Sets a point with the multipliers of its own tail and no row duals but those of forcing rows.
  mutating func rest(
    _ point: inout TailPoint,
    at x: [Double],
    of program: ExpectedShortfallProgram
  ) {
    point.claim.x.copyElements(of: x)
    program.setLosses(&point.claim.losses, at: x)
    let tail = SampleTail(
      losses: point.claim.losses, masses: program.probabilities,
      confidence: program.confidence, room: &room.tail)
    point.claim.scenarioMultipliers.refill(program.scenarioCount, with: 0)
    for s in point.claim.losses.indices {
      point.claim.scenarioMultipliers[s] = tail.weight(
        ofLoss: point.claim.losses[s], mass: program.probabilities[s])
    }
    point.claim.rowDuals.refill(program.rows.count, with: 0)
    point.level = tail.valueAtRisk
    complete(&point, of: program, iterations: 0)
  }
}

/// Multipliers of scenarios: inside [0, limit] and of sum one.
enum ShortfallMultipliers {
  /// Clips multipliers to their limits and moves those strictly inside so that the sum is one.
  static func normalize(_ q: inout [Double], limits: [Double]) {
    var sum = CompensatedSum()
    var room = 0.0
    var inside = 0.0
    for s in q.indices {
      q[s] = min(max(q[s], 0), limits[s])
      sum.add(q[s])
      if q[s] > 0 && q[s] < limits[s] {
        room += limits[s] - q[s]
        inside += q[s]
      }
    }
    let missing = 1 - sum.value
    if missing > 0 && missing <= room {
      for s in q.indices where q[s] > 0 && q[s] < limits[s] {
        q[s] += (limits[s] - q[s]) * (missing / room)
      }
    } else if missing < 0 && -missing <= inside {
      for s in q.indices where q[s] > 0 && q[s] < limits[s] { q[s] += q[s] * (missing / inside) }
    } else if missing > 0 {
      let all = limits.indices.reduce(0) { $0 + (limits[$1] - q[$1]) }
      if all > 0 { for s in q.indices { q[s] += (limits[s] - q[s]) * min(missing / all, 1) } }
    } else if missing < 0 {
      for s in q.indices { q[s] /= sum.value }
    }
  }
}

import KeelNumerics

// From the caller's program to core programs over some scenarios and variables, and back.

/// A point and dual values in the caller's units, with its certificate.
struct TailPoint {
  var claim: TailClaim
  /// The t of the iterations: the value at risk where it is unique.
  var level: Double
  /// c − weight R'q − A'y, whatever its sign.
  var gradient: [Double]
  var certificate: Certificate
}

/// Which scenarios and variables a core program holds.
struct WorkingSet {
  /// Scenarios whose side is open.
  var scenarios: [Int]
  /// Scenarios that are taken for members of the tail.
  var tail: [Int]
  /// Variables that may move; all others stay where they are.
  var variables: [Int]
}

/// A program with what presolve and scaling found out about it.
struct TailModel {
  let program: ExpectedShortfallProgram
  let reduction: Presolve
  let scaling: ProgramScaling
  let limits: [Double]

  /// The size of a loss in the scaled variables, a power of two.
  let lossScale: Double

  /// A limit above one never binds, because the multipliers sum to one.
  private static let largestLimit = 2.0

  init(_ program: ExpectedShortfallProgram) {
    self.program = program
    limits = program.multiplierLimits
    reduction = Presolve(program.constraints)
    let moments = Self.secondMoments(of: program)
    scaling = ProgramScaling(Self.scalingProgram(program, moments), reduction)
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
  private static func secondMoments(of program: ExpectedShortfallProgram) -> [Double] {
    var moments = [Double](repeating: 0, count: program.variableCount)
    for j in 0..<program.outcomes.columnCount {
      let column = program.outcomes.column(j)
      var sum = 0.0
      for s in column.indices { sum += column[s] * column[s] }
      let moment = sum / Double(column.count)
      moments[j] = moment.isNormal ? moment : 0
    }
    return moments
  }

  /// The constraints with the second moments as curvature, which scale the variables.
  private static func scalingProgram(
    _ program: ExpectedShortfallProgram,
    _ moments: [Double]
  ) -> QuadraticProgram {
    do throws(OptimizationError) {
      return try QuadraticProgram(
        quadratic: .diagonal(moments), linear: program.linear, lowerBounds: program.lowerBounds,
        upperBounds: program.upperBounds, rows: program.rows,
        variableNames: program.variableNames)
    } catch {
      return program.constraints
    }
  }

  /// The core program of a working set, with all other variables as in `x`.
  func core(_ set: WorkingSet, at x: [Double]) -> (core: TailCore, rows: [Int]) {
    let n = program.outcomes.columnCount
    var held = x
    for i in set.variables { held[i] = 0 }
    let offsets =
      held.prefix(n).allSatisfy { $0 == 0 }
      ? [Double](repeating: 0, count: program.scenarioCount)
      : program.losses(at: held).map { -$0 / lossScale }
    let outcomes = scaledOutcomes(set)
    var cost = set.variables.map {
      program.linear[$0] * scaling.variable[$0] / (program.shortfallWeight * lossScale)
    }
    cost.append(1)
    addTail(set, to: &cost)
    let (rows, kept) = scaledRows(set, held)
    return (
      TailCore(
        outcomes: outcomes, offsets: set.scenarios.map { offsets[$0] },
        limits: set.scenarios.map { min(limits[$0], Self.largestLimit) }, cost: cost,
        lower: set.variables.map { program.lowerBounds[$0] / scaling.variable[$0] } + [-.infinity],
        upper: set.variables.map { program.upperBounds[$0] / scaling.variable[$0] } + [.infinity],
        rows: rows),
      kept
    )
  }

  private func scaledOutcomes(_ set: WorkingSet) -> Matrix {
    let count = set.scenarios.count
    let isComplete = count == program.scenarioCount
    let storage = [Double](capacity: count * (set.variables.count + 1)) { output in
      let scenarios = set.scenarios.span
      for i in set.variables {
        guard i < program.outcomes.columnCount else {
          for _ in 0..<count { output.append(0) }
          continue
        }
        let column = program.outcomes.column(i)
        let factor = scaling.variable[i] / lossScale
        if isComplete {
          for s in 0..<count { output.append(column[s] * factor) }
        } else {
          for p in 0..<count { output.append(column[scenarios[p]] * factor) }
        }
      }
      for _ in 0..<count { output.append(1) }
    }
    return Matrix(
      uncheckedRowCount: count, columnCount: set.variables.count + 1, storage: storage)
  }

  /// Members of the tail are linear: they add −limit × outcome to the cost.
  private func addTail(_ set: WorkingSet, to cost: inout [Double]) {
    if set.tail.isEmpty { return }
    for s in set.tail { cost[set.variables.count] -= limits[s] }
    for (p, i) in set.variables.enumerated() where i < program.outcomes.columnCount {
      let column = program.outcomes.column(i)
      var sum = 0.0
      for s in set.tail { sum += limits[s] * column[s] }
      cost[p] -= sum * scaling.variable[i] / lossScale
    }
  }

  /// The rows that the variables of a set can move, and which they are.
  private func scaledRows(_ set: WorkingSet, _ held: [Double]) -> ([CoreProgram.Row], [Int]) {
    var position = [Int](repeating: -1, count: program.variableCount)
    for (p, i) in set.variables.enumerated() { position[i] = p }
    var rows: [CoreProgram.Row] = []
    var kept: [Int] = []
    for k in reduction.keptRows {
      let row = program.rows[k]
      let pairs = zip(row.indices, row.coefficients).filter { position[$0.0] >= 0 }
      if pairs.isEmpty { continue }
      let shift = row.value(at: held)
      rows.append(
        CoreProgram.Row(
          indices: pairs.map { position[$0.0] },
          coefficients: pairs.map { $0.1 * scaling.variable[$0.0] * scaling.row[k] },
          lower: (row.lower - shift) * scaling.row[k], upper: (row.upper - shift) * scaling.row[k]))
      kept.append(k)
    }
    return (rows, kept)
  }

  /// The point of an outcome in the caller's units, with duals that are bounds by construction.
  func point(
    _ outcome: TailOutcome,
    _ set: WorkingSet,
    rows: [Int],
    at x: [Double],
    iterations: Int
  ) -> TailPoint {
    var full = x
    for (p, i) in set.variables.enumerated() {
      full[i] = min(
        max(outcome.x[p] * scaling.variable[i], program.lowerBounds[i]), program.upperBounds[i])
    }
    var q = [Double](repeating: 0, count: program.scenarioCount)
    for s in set.tail { q[s] = limits[s] }
    for (p, s) in set.scenarios.enumerated() { q[s] = outcome.multipliers[p] }
    ShortfallMultipliers.normalize(&q, limits: limits)
    var y = [Double](repeating: 0, count: program.rows.count)
    let unit = program.shortfallWeight * lossScale
    for (p, k) in rows.enumerated() { y[k] = outcome.rowDuals[p] * scaling.row[k] * unit }
    let level = outcome.x[set.variables.count] * lossScale
    return point(full, q, rowDuals: y, level: level, iterations: iterations)
  }

  /// The point with the dual values of forcing rows and of bounds completed.
  func point(
    _ x: [Double],
    _ q: [Double],
    rowDuals: [Double],
    level: Double,
    iterations: Int
  ) -> TailPoint {
    var y = rowDuals
    for (k, row) in program.rows.enumerated()
    where y[k] > 0 && row.lower == -.infinity || y[k] < 0 && row.upper == .infinity { y[k] = 0 }
    let weighted = program.outcomes(weightedBy: q)
    var gradient = program.linear
    for i in gradient.indices { gradient[i] -= program.shortfallWeight * weighted[i] }
    let completed = reduction.completeDuals(gradient: gradient, rows: &y, of: program.constraints)
    var z = completed
    for i in z.indices {
      let bound = z[i] > 0 ? program.lowerBounds[i] : program.upperBounds[i]
      if bound.isInfinite { z[i] = 0 }
    }
    let claim = TailClaim(
      x: x, scenarioMultipliers: q, rowDuals: y, boundDuals: z, losses: program.losses(at: x),
      weightedOutcomes: weighted)
    return TailPoint(
      claim: claim, level: level, gradient: completed,
      certificate: program.certificate(claim, iterations: iterations))
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

extension TailModel {
  /// A point with the multipliers of its own tail and no row duals but those of forcing rows.
  func atRest(_ x: [Double]) -> TailPoint {
    let losses = program.losses(at: x)
    let tail = SampleTail(
      losses: losses, masses: program.probabilities, confidence: program.confidence)
    let q = losses.indices.map {
      tail.weight(ofLoss: losses[$0], mass: program.probabilities[$0])
    }
    return point(
      x, q, rowDuals: [Double](repeating: 0, count: program.rows.count), level: tail.valueAtRisk,
      iterations: 0)
  }
}

import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) active bounds, rows and scenarios at the value at risk hold to rounding; (2) no worse
// than the iterations when the optimum is not unique or not regular: every change is the least one.
//
// At a vertex as many scenarios lie at the value at risk as there are variables off their bounds,
// and both systems are square. Elsewhere the change of least norm, in units of the distance to what
// limits each unknown, is taken.

/// Turns the iterations' point into one whose active constraints hold exactly.
struct TailPolish: ~Copyable {
  /// Newton steps on linear equations: one solves them, the next removes rounding.
  private static let passes = 2

  /// The distance to a limit counts with at least this size, so that nothing is nailed down.
  private static let leastWeight = 1e-6

  /// With so many times more scenarios at the value at risk than variables the system says little
  /// and costs much.
  private static let largestExcess = 8

  /// The polished point.
  private(set) var point = TailOutcome()

  private var free: [Int] = []
  private var kinks: [Int] = []
  private var rows: [Int] = []
  private var position: [Int] = []
  private var weights: [Double] = []
  private var right: [Double] = []
  private var change: [Double] = []
  private var elements: [Double] = []
  private var scenarios: [Double] = []
  private var gradient: [Double] = []
  private var solver = LeastNormSolver()

  init() {}

  /// Polishes a point of the iterations.
  ///
  /// - Returns: False when a system cannot be solved.
  mutating func run(_ core: borrowing TailCore, _ outcome: borrowing TailOutcome) -> Bool {
    free.removeAll(keepingCapacity: true)
    kinks.removeAll(keepingCapacity: true)
    rows.removeAll(keepingCapacity: true)
    for i in outcome.boundSide.indices where outcome.boundSide[i] == 0 { free.append(i) }
    for k in outcome.rowSide.indices where outcome.rowSide[k] != 0 { rows.append(k) }
    for s in outcome.scenarioSide.indices where outcome.scenarioSide[s] == .atRisk {
      kinks.append(s)
    }
    guard kinks.count <= Self.largestExcess * (free.count + rows.count) else { return false }
    position.refill(core.count, with: -1)
    for (p, i) in free.enumerated() { position[i] = p }
    point.copyElements(of: outcome)
    moveToSides(core)
    for _ in 0..<Self.passes {
      guard correctPoint(core), correctDuals(core) else { return false }
    }
    return true
  }

  /// What is at a bound is there exactly.
  private mutating func moveToSides(_ core: borrowing TailCore) {
    for i in point.x.indices where point.boundSide[i] != 0 {
      point.x[i] = point.boundSide[i] < 0 ? core.lower[i] : core.upper[i]
    }
    for s in point.multipliers.indices where point.scenarioSide[s] != .atRisk {
      point.multipliers[s] = point.scenarioSide[s] == .tail ? core.limits[s] : 0
    }
    for k in point.rowSide.indices where point.rowSide[k] == 0 { point.rowDuals[k] = 0 }
  }

  /// Takes the memory for programs up to a size.
  mutating func reserve(scenarioCount: Int, count: Int, rowCount: Int) {
    point.reserve(scenarioCount: scenarioCount, count: count, rowCount: rowCount)
    rows.reserveCapacity(rowCount)
    free.reserveCapacity(count)
    position.reserveCapacity(count)
    gradient.reserveCapacity(count)
    kinks.reserveCapacity(scenarioCount)
    scenarios.reserveCapacity(scenarioCount)
    let equations = min(scenarioCount, Self.largestExcess * (count + rowCount)) + rowCount
    // Both systems: one number an equation, and one a variable.
    let largest = max(equations, count)
    weights.reserveCapacity(largest)
    right.reserveCapacity(largest)
    change.reserveCapacity(largest)
    elements.reserveCapacity(equations * count)
    solver.reserve(rowCount: equations, columnCount: count)
    solver.reserve(rowCount: count, columnCount: equations)
  }
}

// MARK: - Equations of the active constraints in the free variables

extension TailPolish {
  /// Fills the matrix, a row an equation, its columns times the weights; or its transpose, with the
  /// equations times the weights.
  private mutating func setMatrix(_ core: borrowing TailCore, isTransposed: Bool) {
    let m = kinks.count + rows.count
    let n = free.count
    elements.refill(m * n, with: 0)
    let across = isTransposed ? n : 1
    let down = isTransposed ? 1 : m
    for p in 0..<n {
      let column = free[p] * core.scenarioCount
      for (e, s) in kinks.enumerated() {
        let weight = weights[isTransposed ? e : p]
        elements[e * across + p * down] = core.outcomes[column + s] * weight
      }
    }
    for (r, k) in rows.enumerated() {
      for entry in core.rows.range(k) {
        let p = position[core.rows.indices[entry]]
        if p < 0 { continue }
        let e = kinks.count + r
        elements[e * across + p * down] =
          core.rows.coefficients[entry] * weights[isTransposed ? e : p]
      }
    }
  }

  /// Moves the free variables onto the active constraints.
  private mutating func correctPoint(_ core: borrowing TailCore) -> Bool {
    weights.removeAll(keepingCapacity: true)
    for i in free {
      let room = min(point.x[i] - core.lower[i], core.upper[i] - point.x[i])
      weights.append(max(min(room, 1), Self.leastWeight))
    }
    core.setMargins(&scenarios, at: point.x)
    right.removeAll(keepingCapacity: true)
    for s in kinks { right.append(-scenarios[s]) }
    for k in rows {
      let bound = point.rowSide[k] == 1 ? core.rows.upper[k] : core.rows.lower[k]
      right.append(bound - core.rows.value(k, at: point.x))
    }
    setMatrix(core, isTransposed: false)
    guard solve(rowCount: kinks.count + rows.count, columnCount: free.count) else { return false }
    for (p, i) in free.enumerated() { point.x[i] += weights[p] * change[p] }
    return true
  }

  /// Moves the dual values of the active constraints so that the free variables have no gradient.
  private mutating func correctDuals(_ core: borrowing TailCore) -> Bool {
    core.setTransposedProduct(&gradient, with: point.multipliers)
    for i in gradient.indices { gradient[i] = core.cost[i] - gradient[i] }
    for k in point.rowDuals.indices where point.rowDuals[k] != 0 {
      core.rows.add(k, times: -point.rowDuals[k], to: &gradient)
    }
    weights.removeAll(keepingCapacity: true)
    for s in kinks {
      weights.append(
        max(
          min(point.multipliers[s], core.limits[s] - point.multipliers[s]),
          core.limits[s] * Self.leastWeight))
    }
    weights.append(contentsOf: repeatElement(1, count: rows.count))
    right.removeAll(keepingCapacity: true)
    for i in free { right.append(gradient[i]) }
    setMatrix(core, isTransposed: true)
    guard solve(rowCount: free.count, columnCount: kinks.count + rows.count) else { return false }
    for (e, s) in kinks.enumerated() { point.multipliers[s] += weights[e] * change[e] }
    for (r, k) in rows.enumerated() { point.rowDuals[k] += change[kinks.count + r] }
    return true
  }

  private mutating func solve(rowCount: Int, columnCount: Int) -> Bool {
    do throws(LinearAlgebraError) {
      try solver.solve(
        &elements, rowCount: rowCount, columnCount: columnCount, right, into: &change)
      return true
    } catch {
      return false
    }
  }
}

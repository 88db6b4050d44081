import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) the active set of programs whose interior is thinner than the interior-point method can
// follow; (2) the polishing step does the rest; (3) memory that is kept. Stands behind, for
// programs that stalled.
//
// Proximal-point steps on the dual active-set method, with P + δ I as the metric: with P = LL' − δ I
// and v = L'x a step is a projection in v.

/// Finds active constraints where the interior-point iterations did not.
struct ProximalActiveSet: ~Copyable, Sendable {
  /// The weight δ of the proximal term beside a scaled P of about one: small, so that few steps
  /// suffice, and large beside rounding.
  private static let proximity = 1e-6

  /// Steps at most; the active set settles after two or three.
  private static let maximumSteps = 12

  /// Where a constraint comes from, and which of its sides it is; 2 for an equation.
  private struct Origin: Sendable {
    var isRow: Bool
    var index: Int
    var side: Int
  }

  /// What was found: a point with its active constraints, to be polished.
  private(set) var outcome = InteriorPointOutcome()

  private var factor = WorkingCholesky()
  private var method = DualActiveSet()
  private var origins: [Origin] = []
  private var factors: [Double] = []
  private var metric: [Double] = []
  private var previousActive: [Int] = []
  private var vector: [Double] = []
  private var column: [Double] = []
  private var room: [Double] = []

  init() {}

  /// Takes memory.
  mutating func reserve(_ shape: CoreShape) {
    let (n, m) = (shape.variableCount, shape.rowCount)
    outcome.reserve(variableCount: n, rowCount: m)
    factor = WorkingCholesky(reserving: n)
    method.reserve(count: n, constraintCount: 2 * (n + m), entryCount: 2 * (n + m) * n)
    origins.reserveCapacity(2 * (n + m))
    factors.reserveCapacity(2 * (n + m))
    metric.reserveCapacity(n * n)
    previousActive.reserveCapacity(n + 1)
    vector.reserveCapacity(n)
    column.reserveCapacity(n)
    room.reserveCapacity(shape.columnCount)
  }

  /// Searches the active constraints.
  ///
  /// - Parameters:
  ///   - core: The program.
  ///   - isInterrupted: Asked at every step.
  /// - Returns: Whether ``outcome`` is a point with its active constraints.
  mutating func run(_ core: CoreProgram, _ isInterrupted: () -> Bool) -> Bool {
    guard setMetric(core) else { return false }
    setConstraints(core)
    outcome.restart(core, .stalled)
    guard setTarget(core) else { return false }
    method.restart(target: vector)
    guard method.run(isInterrupted: isInterrupted) == .feasible else { return false }
    if setVectorToPoint() { outcome.x.copyElements(of: vector) }
    for _ in 0..<Self.maximumSteps {
      previousActive.copyElements(of: method.active)
      guard setTarget(core) else { return false }
      method.retarget(vector)
      guard method.run(isInterrupted: isInterrupted) == .feasible, setVectorToPoint() else {
        return false
      }
      outcome.x.copyElements(of: vector)
      if keepsActive { break }
    }
    describe()
    return true
  }

  /// Factors P + δ I.
  private mutating func setMetric(_ core: CoreProgram) -> Bool {
    metric.removeAll(keepingCapacity: true)
    vector.refill(core.count, with: 0)
    for j in 0..<core.count {
      vector[j] = 1
      core.quadratic.setProduct(&column, vector, room: &room)
      metric.append(contentsOf: column)
      vector[j] = 0
    }
    for i in 0..<core.count { metric[i * (core.count + 1)] += Self.proximity }
    return factor.factor(metric, order: core.count)
  }

  private mutating func setConstraints(_ core: CoreProgram) {
    method.constraints.removeAll()
    origins.removeAll(keepingCapacity: true)
    factors.removeAll(keepingCapacity: true)
    for i in 0..<core.count {
      vector.refill(core.count, with: 0)
      vector[i] = 1
      append(core.lower[i], core.upper[i], isRow: false, index: i)
    }
    for k in 0..<core.rows.count {
      vector.refill(core.count, with: 0)
      core.rows.add(k, times: 1, to: &vector)
      append(core.rows.lower[k], core.rows.upper[k], isRow: true, index: k)
    }
  }

  /// Adds the sides of a constraint whose normal is the vector.
  private mutating func append(_ lower: Double, _ upper: Double, isRow: Bool, index: Int) {
    guard lower.isFinite || upper.isFinite, factor.solveLower(&vector) else { return }
    let length = dot(vector, vector).squareRoot()
    guard length.isNormal else { return }
    let isEquation = lower == upper
    if lower.isFinite {
      appendSide(
        Origin(isRow: isRow, index: index, side: isEquation ? 2 : -1), 1, lower, length)
    }
    if upper.isFinite && !isEquation {
      appendSide(Origin(isRow: isRow, index: index, side: 1), -1, upper, length)
    }
  }

  private mutating func appendSide(
    _ origin: Origin,
    _ sign: Double,
    _ bound: Double,
    _ length: Double
  ) {
    for i in vector.indices { method.constraints.append(i, sign * vector[i] / length) }
    method.constraints.end(bound: sign * bound / length, isEquation: origin.side == 2)
    origins.append(origin)
    factors.append(sign / length)
  }

  /// Sets the vector to L⁻¹ (δ x − q), the point to project.
  private mutating func setTarget(_ core: CoreProgram) -> Bool {
    vector.refill(core.count, with: 0)
    for i in vector.indices { vector[i] = Self.proximity * outcome.x[i] - core.linear[i] }
    return factor.solveLower(&vector)
  }

  /// Sets the vector to the variables of the projection.
  private mutating func setVectorToPoint() -> Bool {
    vector.copyElements(of: method.x)
    return factor.solveLower(&vector, columnCount: 1, .transposed)
  }

  /// Whether the active constraints are those of the step before.
  private var keepsActive: Bool {
    method.active.count == previousActive.count
      && previousActive.allSatisfy { method.isActive[$0] }
  }

  /// Writes the active constraints into the outcome.
  private mutating func describe() {
    for (a, j) in method.active.enumerated() {
      let dual = method.multipliers[a] * method.signs[a] * factors[j]
      let origin = origins[j]
      if origin.isRow {
        outcome.rowDuals[origin.index] += dual
        outcome.rowSide[origin.index] = origin.side
      } else {
        outcome.boundDuals[origin.index] += dual
        outcome.boundSide[origin.index] = origin.side
      }
    }
  }
}

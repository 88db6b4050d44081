import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) the active set of programs whose interior is thinner than the interior-point method can
// follow; (2) the polishing step does the rest. Stands behind, for programs that stalled.
//
// Proximal-point steps on the dual active-set method, with P + δ I as the metric: with P = LL' − δ I
// and v = L'x a step is a projection in v.

/// Finds active constraints where the interior-point iterations did not.
struct ProximalActiveSet {
  /// The weight δ of the proximal term beside a scaled P of about one: small, so that few steps
  /// suffice, and large beside rounding.
  private static let proximity = 1e-6

  /// Steps at most; the active set settles after two or three.
  private static let maximumSteps = 12

  private let core: CoreProgram
  private let factor: Cholesky
  private var constraints: [DualActiveSet.Constraint] = []
  private var origins: [(isRow: Bool, index: Int, side: Int)] = []
  private var factors: [Double] = []

  /// Prepares the search; nil when the metric cannot be factored.
  init?(_ core: CoreProgram) {
    self.core = core
    var elements: [Double] = []
    var unit = [Double](repeating: 0, count: core.count)
    var column: [Double] = []
    var room: [Double] = []
    for j in 0..<core.count {
      unit[j] = 1
      core.quadratic.setProduct(&column, unit, room: &room)
      elements += column
      unit[j] = 0
    }
    for i in 0..<core.count { elements[i * (core.count + 1)] += Self.proximity }
    let metric = SymmetricMatrix(lowerTriangleOf: elements, order: core.count)
    guard let factor = try? Cholesky(metric) else { return nil }
    self.factor = factor
    for i in 0..<core.count {
      var unit = [Double](repeating: 0, count: core.count)
      unit[i] = 1
      append(unit, core.lower[i], core.upper[i], isRow: false, index: i)
    }
    for k in 0..<core.rows.count {
      var normal = [Double](repeating: 0, count: core.count)
      core.rows.add(k, times: 1, to: &normal)
      append(normal, core.rows.lower[k], core.rows.upper[k], isRow: true, index: k)
    }
  }

  private mutating func append(
    _ normal: [Double],
    _ lower: Double,
    _ upper: Double,
    isRow: Bool,
    index: Int
  ) {
    guard lower.isFinite || upper.isFinite, let image = try? factor.solveLower(normal) else {
      return
    }
    let length = dot(image, image).squareRoot()
    guard length.isNormal else { return }
    for (side, bound) in [(-1, lower), (1, upper)] where bound.isFinite {
      let isEquation = lower == upper
      if isEquation && side > 0 { continue }
      let sign = -Double(side)
      constraints.append(
        .init(
          indices: Array(0..<core.count), normal: image.map { sign * $0 / length },
          bound: sign * bound / length, isEquation: isEquation))
      origins.append((isRow, index, isEquation ? 2 : side))
      factors.append(sign / length)
    }
  }

  /// Searches the active constraints.
  ///
  /// - Parameter isInterrupted: Asked at every step.
  /// - Returns: A point with its active constraints, to be polished; nil when none was found.
  func run(_ isInterrupted: () -> Bool) -> InteriorPointOutcome? {
    let zeros = [Double](repeating: 0, count: core.count)
    guard let start = try? factor.solveLower(core.linear.map { -$0 }) else { return nil }
    var method = DualActiveSet(count: core.count, constraints: constraints, target: start)
    guard method.run(isInterrupted: isInterrupted) == .feasible else { return nil }
    var x = point(method) ?? zeros
    for _ in 0..<Self.maximumSteps {
      let active = Set(method.active)
      let pull = zip(x, core.linear).map { Self.proximity * $0 - $1 }
      guard let target = try? factor.solveLower(pull) else { return nil }
      method.retarget(target)
      guard method.run(isInterrupted: isInterrupted) == .feasible, let next = point(method)
      else { return nil }
      x = next
      if Set(method.active) == active { break }
    }
    return outcome(method, x)
  }

  private func point(_ method: DualActiveSet) -> [Double]? {
    try? factor.solveLower(method.x, .transposed)
  }

  private func outcome(_ method: DualActiveSet, _ x: [Double]) -> InteriorPointOutcome {
    var result = InteriorPointOutcome()
    result.restart(core, .stalled)
    result.x = x
    for (a, j) in method.active.enumerated() {
      let dual = method.multipliers[a] * method.signs[a] * factors[j]
      let origin = origins[j]
      if origin.isRow {
        result.rowDuals[origin.index] += dual
        result.rowSide[origin.index] = origin.side
      } else {
        result.boundDuals[origin.index] += dual
        result.boundSide[origin.index] = origin.side
      }
    }
    return result
  }
}

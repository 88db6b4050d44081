import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) residuals at the level of rounding, by refinement against the system that was meant;
// (2) one Gram product and one Cholesky factorization of order n for each scaling.
//
//   | P   A'   E' | | x |   | f |
//   | A  −H    0  | | z | = | g |        H⁻¹ = R'R
//   | E   0    0  | | y |   | h |
//
// is eliminated to M = P + (RA)'(RA) + E'E and the Schur complement E M⁻¹ E'. E'E changes no solution
// and gives variables without curvature some (Golub and Greif, SIAM J. Sci. Comput. 24, 2003).

/// The linear system of a Newton step of a conic program.
struct ConicKKT: ~Copyable {
  /// Refinement steps: each gains the digits that regularization and rounding left.
  static let maximumRefinements = 8

  /// The first regularization relative to the diagonal: some roundings of order n.
  static let leastRegularization = 1e-14

  /// What is added to the diagonal for variables that neither curvature nor constraints determine: it
  /// keeps their share of a solution below its inverse.
  static let proximity = 1e-10

  /// The factor from one attempt at regularization to the next.
  static let regularizationGrowth = 100.0

  /// The largest regularization before a factorization is given up.
  static let largestRegularization = 1e-3

  private let core: ConicCore
  private let gram: WeightedGram
  private let quadratic: [Double]?
  private var factor = DefiniteFactor()
  private var schur = DefiniteFactor()
  /// M⁻¹E', one column an equation.
  private var images: [Double] = []
  private var cones: ConeSet
  /// What replaces the normal equations when they no longer do.
  private var augmented: AugmentedKKT
  private var keepsRows = false
  private var order: Int { core.count }
  private var equationCount: Int { core.equations.count }

  init(_ core: ConicCore) {
    self.core = core
    gram = WeightedGram(core)
    quadratic = core.denseQuadratic()
    cones = core.cones
    augmented = AugmentedKKT(core, quadratic: quadratic)
  }

  /// Solves with the conic rows kept from now on; false when that is too large or is so already.
  mutating func keepRows() -> Bool {
    if keepsRows || augmented.order > AugmentedKKT.largestOrder { return false }
    keepsRows = true
    return true
  }

  /// Factors the system for the scaling of the cones.
  ///
  /// - Parameter cones: The cones with their scaling.
  /// - Returns: False when no regularization up to the largest makes the system definite.
  mutating func factor(_ cones: ConeSet) -> Bool {
    self.cones = cones
    if keepsRows { return augmented.factor(cones) }
    let n = order
    guard var matrix = gram.matrix(cones) else { return false }
    if let quadratic {
      let source = quadratic.span
      var target = matrix.mutableSpan
      for i in 0..<source.count { target[i] += source[i] }
    }
    for e in 0..<equationCount { addEquation(e, &matrix) }
    let largest = (0..<n).reduce(0) { max($0, matrix[$1 * (n + 1)]) }
    var delta = Self.leastRegularization
    while delta <= Self.largestRegularization {
      var regularized = matrix
      for i in 0..<n {
        let diagonal = matrix[i * (n + 1)]
        regularized[i * (n + 1)] =
          diagonal > 0 ? diagonal * (1 + delta) + Self.proximity : max(largest, 1) * delta
      }
      if factor.factor(regularized, order: n) && factorSchur(delta) { return true }
      delta *= Self.regularizationGrowth
    }
    return false
  }

  private func addEquation(_ e: Int, _ matrix: inout [Double]) {
    let range = core.equations.range(e)
    for p in range {
      let column = core.equations.indices[p] * order
      for q in range where core.equations.indices[q] >= core.equations.indices[p] {
        matrix[core.equations.indices[q] + column] +=
          core.equations.coefficients[p] * core.equations.coefficients[q]
      }
    }
  }

  private mutating func factorSchur(_ delta: Double) -> Bool {
    let m = equationCount
    let n = order
    if m == 0 { return true }
    images = [Double](repeating: 0, count: n * m)
    for e in 0..<m {
      for p in core.equations.range(e) {
        images[core.equations.indices[p] + e * n] = core.equations.coefficients[p]
      }
    }
    if n > 0 { factor.solve(&images) }
    var s = [Double](repeating: 0, count: m * m)
    for j in 0..<m {
      for i in j..<m {
        var sum = 0.0
        for p in core.equations.range(i) {
          sum += core.equations.coefficients[p] * images[core.equations.indices[p] + j * n]
        }
        s[i + j * m] = sum
      }
    }
    // Relative to each element: the Schur complement has no scale of its own.
    for j in 0..<m {
      let diagonal = s[j * (m + 1)]
      s[j * (m + 1)] = diagonal > 0 ? diagonal * (1 + delta) : delta
    }
    return schur.factor(s, order: m)
  }

  /// A right-hand side or a solution.
  struct Vector {
    var x: [Double]
    var z: [Double]
    var y: [Double]

    var size: Double { max(largestMagnitude(x, y), largestMagnitude(z)) }

    mutating func add(_ other: Vector) {
      for i in x.indices { x[i] += other.x[i] }
      for i in z.indices { z[i] += other.z[i] }
      for i in y.indices { y[i] += other.y[i] }
    }
  }

  /// Solves with refinement against the system without regularization.
  ///
  /// - Parameter right: The right-hand sides f, g and h.
  /// - Returns: The solution.
  func solve(_ right: Vector) -> Vector {
    var solution = solveOnce(right)
    var remainder = residual(right, solution)
    var size = largestMagnitude(remainder.x, remainder.y)
    let enough = Double.ulpOfOne * right.size
    for _ in 0..<Self.maximumRefinements where size > enough {
      var next = solution
      next.add(solveOnce(remainder))
      let nextRemainder = residual(right, next)
      let nextSize = largestMagnitude(nextRemainder.x, nextRemainder.y)
      guard nextSize < size else { break }
      let gained = nextSize < size / 2
      (solution, remainder, size) = (next, nextRemainder, nextSize)
      if !gained { break }
    }
    return solution
  }

  private func solveOnce(_ right: Vector) -> Vector {
    keepsRows ? augmented.solve(right) : solveByElimination(right)
  }

  private func solveByElimination(_ right: Vector) -> Vector {
    var x = right.x
    var weighted = right.z
    cones.applyInverseScaling(&weighted)
    core.rows.addTransposed(weighted, to: &x)
    core.equations.addTransposed(right.y, to: &x)
    factor.solve(&x)
    var y: [Double] = []
    if equationCount > 0 {
      y = core.equations.times(x)
      for e in y.indices { y[e] -= right.y[e] }
      schur.solve(&y)
      let n = order
      let images = self.images.span
      var output = x.mutableSpan
      for e in 0..<y.count {
        let multiplier = y[e]
        for i in 0..<n { output[i] -= images[i &+ e &* n] * multiplier }
      }
    }
    var z = core.rows.times(x)
    for i in z.indices { z[i] -= right.z[i] }
    cones.applyInverseScaling(&z)
    return Vector(x: x, z: z, y: y)
  }

  private func residual(_ right: Vector, _ solution: Vector) -> Vector {
    var f = right.x
    let product = core.quadratic.times(solution.x)
    for i in f.indices { f[i] -= product[i] }
    core.rows.addTransposed(solution.z, to: &f, factor: -1)
    core.equations.addTransposed(solution.y, to: &f, factor: -1)
    var g = solution.z
    cones.applyScaling(&g)
    let values = core.rows.times(solution.x)
    for i in g.indices { g[i] += right.z[i] - values[i] }
    var h = core.equations.times(solution.x)
    for e in h.indices { h[e] = right.y[e] - h[e] }
    return Vector(x: f, z: g, y: h)
  }
}

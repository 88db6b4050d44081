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
// Variables that stand in one cone alone are eliminated first, see `PrivateVariables`.

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

  private var gram: WeightedGram
  private var privates: PrivateVariables
  private var factor = WorkingCholesky()
  private var schur = WorkingCholesky()
  private var matrix: [Double] = []
  private var regularized: [Double] = []
  private var schurElements: [Double] = []
  /// M⁻¹E', one array an equation.
  private var images: [[Double]]
  /// What replaces the normal equations when they no longer do.
  private var augmented: AugmentedKKT
  private var keepsRows = false

  private var remainder: Vector
  private var step: Vector
  private var trial: Vector
  private var product: [Double] = []
  /// The kept variables alone.
  private var reduced: [Double] = []

  init(_ core: ConicCore) {
    gram = WeightedGram(core)
    privates = PrivateVariables(core)
    images = [[Double]](repeating: [], count: core.equations.count)
    augmented = AugmentedKKT(core)
    remainder = Vector(core)
    step = Vector(core)
    trial = Vector(core)
  }

  /// Goes back to the normal equations, for the present numbers of the program.
  mutating func restart(_ core: ConicCore) {
    keepsRows = false
    privates.restart(core)
  }

  /// Solves with the conic rows kept from now on; false when that is too large or is so already.
  mutating func keepRows() -> Bool {
    if keepsRows || augmented.order > AugmentedKKT.largestOrder { return false }
    keepsRows = true
    return true
  }

  /// Factors the system for the scaling of the cones.
  ///
  /// - Parameters:
  ///   - core: The program.
  ///   - cones: The cones with their scaling.
  /// - Returns: False when no regularization up to the largest makes the system definite.
  mutating func factor(_ core: ConicCore, _ cones: inout ConeSet) -> Bool {
    if keepsRows { return augmented.factor(core, &cones) }
    guard privates.factor(core, cones, proximity: Self.proximity),
      gram.set(&matrix, core.rows, &cones, privates)
    else { return false }
    let n = privates.kept.count
    core.quadratic.addLowerTriangle(to: &matrix, leading: n, variables: privates.kept)
    for e in 0..<core.equations.count { addEquation(e, core.equations) }
    var largest = 0.0
    for i in 0..<n { largest = max(largest, matrix[i * (n + 1)]) }
    var delta = Self.leastRegularization
    while delta <= Self.largestRegularization {
      regularized.copyElements(of: matrix)
      for i in 0..<n {
        let diagonal = matrix[i * (n + 1)]
        regularized[i * (n + 1)] =
          diagonal > 0 ? diagonal * (1 + delta) + Self.proximity : max(largest, 1) * delta
      }
      if factor.factor(regularized, order: n) && factorSchur(core, delta) { return true }
      delta *= Self.regularizationGrowth
    }
    return false
  }

  private mutating func addEquation(_ e: Int, _ equations: SparseRows) {
    let range = equations.range(e)
    for p in range {
      let column = privates.places[equations.indices[p]] * privates.kept.count
      for q in range where equations.indices[q] >= equations.indices[p] {
        matrix[privates.places[equations.indices[q]] + column] +=
          equations.coefficients[p] * equations.coefficients[q]
      }
    }
  }

  private mutating func factorSchur(_ core: ConicCore, _ delta: Double) -> Bool {
    let equations = core.equations
    let m = equations.count
    if m == 0 { return true }
    for e in 0..<m {
      images[e].refill(privates.kept.count, with: 0)
      for p in equations.range(e) {
        images[e][privates.places[equations.indices[p]]] = equations.coefficients[p]
      }
      guard factor.solve(&images[e]) else { return false }
    }
    schurElements.refill(m * m, with: 0)
    for j in 0..<m {
      for i in j..<m {
        var sum = 0.0
        for p in equations.range(i) {
          sum += equations.coefficients[p] * images[j][privates.places[equations.indices[p]]]
        }
        schurElements[i + j * m] = sum
      }
    }
    // Relative to each element: the Schur complement has no scale of its own.
    for j in 0..<m {
      let diagonal = schurElements[j * (m + 1)]
      schurElements[j * (m + 1)] = diagonal > 0 ? diagonal * (1 + delta) : delta
    }
    return schur.factor(schurElements, order: m)
  }

  /// A right-hand side or a solution.
  struct Vector {
    var x: [Double] = []
    var z: [Double] = []
    var y: [Double] = []

    init() {}

    /// Zeros; vectors change places, and none may be without memory when its turn comes.
    init(_ core: ConicCore) {
      x = [Double](repeating: 0, count: core.count)
      z = [Double](repeating: 0, count: core.rows.count)
      y = [Double](repeating: 0, count: core.equations.count)
    }

    var size: Double { max(largestMagnitude(x, y), largestMagnitude(z)) }

    mutating func add(_ other: borrowing Vector) {
      for i in x.indices { x[i] += other.x[i] }
      for i in z.indices { z[i] += other.z[i] }
      for i in y.indices { y[i] += other.y[i] }
    }

    /// Becomes a copy of another vector, in its own memory.
    mutating func copyElements(of other: borrowing Vector) {
      x.copyElements(of: other.x)
      z.copyElements(of: other.z)
      y.copyElements(of: other.y)
    }

    mutating func spoil() {
      x.refill(x.count, with: .nan)
      z.refill(z.count, with: .nan)
      y.refill(y.count, with: .nan)
    }
  }

  /// Solves with refinement against the system without regularization.
  ///
  /// - Parameters:
  ///   - core: The program.
  ///   - cones: The cones with the scaling of the last factorization.
  ///   - right: The right-hand sides f, g and h.
  ///   - solution: Becomes the solution.
  mutating func solve(
    _ core: inout ConicCore,
    _ cones: inout ConeSet,
    _ right: Vector,
    into solution: inout Vector
  ) {
    remainder.copyElements(of: right)
    solveOnce(core, &cones)
    swap(&solution, &step)
    setRemainder(&core, &cones, right, solution)
    var size = largestMagnitude(remainder.x, remainder.y)
    let enough = Double.ulpOfOne * right.size
    for _ in 0..<Self.maximumRefinements where size > enough {
      solveOnce(core, &cones)
      trial.copyElements(of: solution)
      trial.add(step)
      setRemainder(&core, &cones, right, trial)
      let nextSize = largestMagnitude(remainder.x, remainder.y)
      guard nextSize < size else { break }
      let gained = nextSize < size / 2
      swap(&solution, &trial)
      size = nextSize
      if !gained { break }
    }
  }

  /// Solves for the remainder, without refinement, into `step`.
  private mutating func solveOnce(_ core: ConicCore, _ cones: inout ConeSet) {
    if keepsRows { return augmented.solve(core, &cones, remainder, into: &step) }
    step.copyElements(of: remainder)
    cones.applyInverseScaling(&step.z)
    privates.reduce(&step, remainder, core, cones)
    core.rows.addTransposed(step.z, to: &step.x)
    core.equations.addTransposed(remainder.y, to: &step.x)
    let isSolved = solveKept(core)
    core.rows.setProduct(&step.z, with: step.x)
    for i in step.z.indices { step.z[i] -= remainder.z[i] }
    privates.expand(&step, core, cones)
    cones.applyInverseScaling(&step.z)
    privates.setMultipliers(&step.z, cones)
    if !isSolved { step.spoil() }
  }

  /// Solves for the kept variables and the multipliers of the equations in `step`, whose private
  /// variables become zero.
  private mutating func solveKept(_ core: ConicCore) -> Bool {
    reduced.refill(privates.kept.count, with: 0)
    for p in reduced.indices { reduced[p] = step.x[privates.kept[p]] }
    var isSolved = factor.solve(&reduced)
    step.x.refill(core.count, with: 0)
    for p in reduced.indices { step.x[privates.kept[p]] = reduced[p] }
    if core.equations.count == 0 { return isSolved }
    core.equations.setProduct(&step.y, with: step.x)
    for e in step.y.indices { step.y[e] -= remainder.y[e] }
    isSolved = schur.solve(&step.y) && isSolved
    for e in images.indices { Self.add(images[e], times: -step.y[e], to: &reduced) }
    for p in reduced.indices { step.x[privates.kept[p]] = reduced[p] }
    return isSolved
  }

  private static func add(_ v: [Double], times factor: Double, to result: inout [Double]) {
    for i in result.indices { result[i] += v[i] * factor }
  }

  private mutating func setRemainder(
    _ core: inout ConicCore,
    _ cones: inout ConeSet,
    _ right: Vector,
    _ solution: Vector
  ) {
    remainder.copyElements(of: right)
    core.setQuadraticProduct(&product, with: solution.x)
    for i in product.indices { remainder.x[i] -= product[i] }
    core.rows.addTransposed(solution.z, to: &remainder.x, factor: -1)
    core.equations.addTransposed(solution.y, to: &remainder.x, factor: -1)
    remainder.z.copyElements(of: solution.z)
    cones.applyScaling(&remainder.z)
    core.rows.setProduct(&product, with: solution.x)
    for i in product.indices { remainder.z[i] += right.z[i] - product[i] }
    core.equations.setProduct(&product, with: solution.x)
    for e in product.indices { remainder.y[e] -= product[e] }
  }
}

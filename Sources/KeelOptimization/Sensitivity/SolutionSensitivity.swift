import KeelNumerics

// Goals: (1) derivatives exact at the active set; (2) say where there are none; (3) any number of
// directions or gradients for one factorization.
//
// Implicit differentiation of the optimality conditions: Fiacco, Introduction to Sensitivity and
// Stability Analysis in Nonlinear Programming (1983); for layers of quadratic programs Amos and
// Kolter, OptNet, arXiv 1703.00443 (2017).

/// The derivative of the optimum of a program with respect to its data.
///
/// ```text
/// P dx + dP x + dq − A'dy − dA'y − dz = 0,   A dx + dA x = db on active rows,   dx = dbound on
/// active bounds,   dz = 0 elsewhere
/// ```
///
/// The solution may come from any solver; only its certificate counts.
public struct SolutionSensitivity: Sendable {
  /// A reason why the solution has no derivative.
  @nonexhaustive
  public enum Obstacle: Hashable, Sendable {
    /// A row or variable is at a bound without being held there (strict complementarity fails); the
    /// derivative is that of the program without this bound.
    case weaklyActive(name: String)

    /// The active constraints depend on each other, so that dual values are not unique and small
    /// changes may contradict each other.
    case dependentConstraints

    /// The objective is flat in a direction that no constraint blocks (singular reduced Hessian), so
    /// that the solution is not unique.
    case flatObjective
  }

  /// What stands against a derivative; empty where the solution is differentiable.
  public let obstacles: [Obstacle]

  /// Whether the solution is differentiable at these data.
  public var isDifferentiable: Bool { obstacles.isEmpty }

  /// The rows whose bound is active, by index.
  public let activeRows: [Int]

  /// The variables at an active bound, by index.
  public let activeVariables: [Int]

  private let program: QuadraticProgram
  private let x: [Double]
  private let y: [Double]
  private let z: [Double]
  private let sets: ActiveConstraints
  private let free: [Int]
  private let system: OptimalitySystem

  /// Prepares the derivative at a solution.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - solution: Its solution with dual values.
  /// - Throws: ``OptimizationError/shapeMismatch(argument:got:required:)``, or
  ///   ``OptimizationError/invalidValue(argument:index:got:allowed:)`` when a residual is above
  ///   ``Certificate/almostOptimalTolerances``.
  /// - Complexity: O((n + m)³) for n free variables and m active rows.
  public init(
    of program: QuadraticProgram,
    at solution: Solution<[Double]>
  ) throws(OptimizationError) {
    try Self.requireOptimal(program, solution)
    self.program = program
    x = solution.value
    y = solution.duals.rows
    z = solution.duals.bounds
    let sets = ActiveConstraints(program, x, solution.duals)
    self.sets = sets
    free = x.indices.filter { sets.boundSide[$0] == 0 }
    activeRows = y.indices.filter { sets.rowSide[$0] != 0 }
    activeVariables = x.indices.filter { sets.boundSide[$0] != 0 }
    system = try OptimalitySystem(
      Self.matrix(program, free, activeRows), freeCount: free.count)
    var obstacles = sets.weaklyActive.map { Obstacle.weaklyActive(name: $0) }
    if system.hasDependentRows { obstacles.append(.dependentConstraints) }
    if system.isFlat { obstacles.append(.flatObjective) }
    self.obstacles = obstacles
  }

  private static func requireOptimal(
    _ program: QuadraticProgram,
    _ solution: Solution<[Double]>
  ) throws(OptimizationError) {
    let certificate = try program.verify(solution.value, duals: solution.duals)
    let limits = Certificate.almostOptimalTolerances
    for (argument, residual, limit) in [
      ("primalResidual", certificate.primalResidual, limits.primal),
      ("dualResidual", certificate.dualResidual, limits.dual),
      ("relativeGap", certificate.relativeGap, limits.gap),
    ] where !(residual <= limit) {
      throw .invalidValue(
        argument: "solution.certificate.\(argument)", index: 0, got: residual, allowed: 0...limit)
    }
  }

  /// The matrix of the free variables and active rows.
  private static func matrix(
    _ program: QuadraticProgram,
    _ free: [Int],
    _ active: [Int]
  ) throws(OptimizationError) -> SymmetricMatrix {
    let order = free.count + active.count
    var position = [Int](repeating: -1, count: program.variableCount)
    for (p, i) in free.enumerated() { position[i] = p }
    var elements = [Double](repeating: 0, count: order * order)
    var unit = [Double](repeating: 0, count: program.variableCount)
    for (p, j) in free.enumerated() {
      unit[j] = 1
      let column = program.quadratic.times(unit)
      unit[j] = 0
      for (r, i) in free.enumerated() { elements[r + p * order] = column[i] }
    }
    for (r, k) in active.enumerated() {
      let row = program.rows[k]
      for (i, a) in zip(row.indices, row.coefficients) where position[i] >= 0 {
        elements[free.count + r + position[i] * order] = a
      }
    }
    return SymmetricMatrix(lowerTriangleOf: elements, order: order)
  }

  // MARK: - Forward

  /// The change of the solution along a change of the data.
  ///
  /// - Parameter direction: The change of the data. Where a bound is not active, its change has no
  ///   effect.
  /// - Returns: The changes of variables, dual values and objective to first order. With
  ///   ``obstacles`` they are those at fixed active constraints, of least length where they are not
  ///   unique.
  /// - Throws: ``OptimizationError`` when shapes differ or a number is not finite.
  /// - Complexity: O(n² + (n + m)²).
  public func forward(
    _ direction: ProgramDirection
  ) throws(OptimizationError) -> SolutionDirection {
    try direction.validate(for: program)
    let n = x.count
    let product = direction.quadratic?.times(x) ?? [Double](repeating: 0, count: n)
    var h = sum(product, direction.linear)
    var objective = dot(product, x) / 2 + dot(direction.linear, x)
    var rowChange = [Double](repeating: 0, count: y.count)
    for (k, row) in program.rows.enumerated() {
      for (i, change) in zip(row.indices, direction.rowCoefficients[k]) {
        h[i] -= change * y[k]
        rowChange[k] -= change * x[i]
        objective -= change * y[k] * x[i]
      }
    }
    var dx = [Double](repeating: 0, count: n)
    for i in activeVariables {
      dx[i] = sets.boundSide[i] == 1 ? direction.upperBounds[i] : direction.lowerBounds[i]
      objective += z[i] * dx[i]
    }
    for k in activeRows {
      let change = sets.rowSide[k] == 1 ? direction.rowUpper[k] : direction.rowLower[k]
      rowChange[k] += change
      objective += y[k] * change
    }
    let fixed = program.quadratic.times(dx)
    let right =
      free.map { -h[$0] - fixed[$0] }
      + activeRows.map { rowChange[$0] - program.rows[$0].value(at: dx) }
    let solution = system.solve(right)
    for (p, i) in free.enumerated() { dx[i] = solution[p] }
    var dy = [Double](repeating: 0, count: y.count)
    for (r, k) in activeRows.enumerated() { dy[k] = -solution[free.count + r] }
    let dz = boundChange(sum(program.quadratic.times(dx), h), dy)
    return SolutionDirection(x: dx, rowDuals: dy, boundDuals: dz, objective: objective)
  }

  /// gradient − A'dy on the active bounds.
  private func boundChange(_ gradient: [Double], _ dy: [Double]) -> [Double] {
    var dz = gradient
    for k in activeRows where dy[k] != 0 {
      let row = program.rows[k]
      for (i, a) in zip(row.indices, row.coefficients) { dz[i] -= a * dy[k] }
    }
    for i in free { dz[i] = 0 }
    return dz
  }

  // MARK: - Reverse

  /// The gradient with respect to the data of a function of the solution.
  ///
  /// ```text
  /// gradient.pairing(with: direction) = x̄'dx + ȳ'dy + z̄'dz + objective × dobjective
  /// ```
  ///
  /// - Parameter gradient: The gradient of the function with respect to the solution.
  /// - Returns: The gradient with respect to P, q, bounds and coefficients; the adjoint of
  ///   ``forward(_:)``.
  /// - Throws: ``OptimizationError`` when shapes differ or a number is not finite.
  /// - Complexity: O(n² + (n + m)²).
  public func reverse(
    _ gradient: SolutionGradient
  ) throws(OptimizationError) -> ProgramDirection {
    let n = x.count
    let zeros = [Double](repeating: 0, count: n)
    var gx = gradient.x.isEmpty ? zeros : gradient.x
    var gy =
      gradient.rowDuals.isEmpty ? [Double](repeating: 0, count: y.count) : gradient.rowDuals
    var gz = gradient.boundDuals.isEmpty ? zeros : gradient.boundDuals
    try requireFinite(gx, argument: "gradient.x", count: n)
    try requireFinite(gy, argument: "gradient.rowDuals", count: y.count)
    try requireFinite(gz, argument: "gradient.boundDuals", count: n)
    try requireFinite([gradient.objective], argument: "gradient.objective", count: 1)
    for i in free { gz[i] = 0 }
    gx = sum(gx, program.quadratic.times(gz))
    for k in activeRows { gy[k] -= program.rows[k].value(at: gz) }
    let solution = system.solve(free.map { gx[$0] } + activeRows.map { -gy[$0] })

    var p = zeros
    var gh = gz
    for (f, i) in free.enumerated() {
      p[i] = solution[f]
      gh[i] -= solution[f]
    }
    var r = [Double](repeating: 0, count: y.count)
    for (a, k) in activeRows.enumerated() { r[k] = solution[free.count + a] }
    return data(gx, gh, p, r, gradient.objective)
  }

  /// Collects the gradient with respect to the data.
  private func data(
    _ gx: [Double],
    _ gh: [Double],
    _ p: [Double],
    _ r: [Double],
    _ objective: Double
  ) -> ProgramDirection {
    var result = ProgramDirection(zeroFor: program)
    result.linear = zip(gh, x).map { $0 + objective * $1 }
    var bounds = sum(gx, program.quadratic.times(p).map { -$0 })
    for (k, row) in program.rows.enumerated() where sets.rowSide[k] != 0 {
      for (position, (i, a)) in zip(row.indices, row.coefficients).enumerated() {
        bounds[i] -= a * r[k]
        result.rowCoefficients[k][position] =
          -r[k] * x[i] - y[k] * gh[i] - objective * y[k] * x[i]
      }
      let side = r[k] + objective * y[k]
      if sets.rowSide[k] == 1 { result.rowUpper[k] = side } else { result.rowLower[k] = side }
    }
    for i in activeVariables {
      let side = bounds[i] + objective * z[i]
      if sets.boundSide[i] == 1 {
        result.upperBounds[i] = side
      } else {
        result.lowerBounds[i] = side
      }
    }
    result.quadratic = quadraticGradient(gh, objective)
    return result
  }

  /// (h̄x' + xh̄')/2 + objective × xx'/2.
  private func quadraticGradient(_ gh: [Double], _ objective: Double) -> QuadraticTerm {
    let half = zip(gh, x).map { $0 / 2 + objective * $1 / 4 }
    if case .diagonal = program.quadratic {
      return .diagonal(zip(half, x).map { 2 * $0 * $1 })
    }
    let n = x.count
    var elements = [Double](repeating: 0, count: n * n)
    for j in 0..<n {
      for i in j..<n { elements[i + j * n] = half[i] * x[j] + x[i] * half[j] }
    }
    return .dense(SymmetricMatrix(lowerTriangleOf: elements, order: n))
  }
}

extension QuadraticProgram {
  /// Prepares the derivative of a solution with respect to the data.
  ///
  /// - Parameter solution: The solution of this program.
  /// - Returns: The derivative, for any number of directions and gradients.
  /// - Throws: What ``SolutionSensitivity/init(of:at:)`` throws.
  /// - Complexity: O((n + m)³) for n free variables and m active rows.
  public func sensitivity(
    at solution: Solution<[Double]>
  ) throws(OptimizationError) -> SolutionSensitivity {
    try SolutionSensitivity(of: self, at: solution)
  }
}

import KeelLinearAlgebra
import KeelNumerics

/// Solves convex quadratic programs and proves the answers.
///
/// An interior-point method on the homogeneous embedding finds the active constraints or a proof
/// that there is no solution; an active-set step then solves the optimality conditions exactly,
/// with bounds held to the last bit. Residuals are computed afterwards from the caller's unscaled
/// data. See <doc:QuadraticPrograms>.
public struct QuadraticSolver: Sendable {
  /// What a caller may set.
  public struct Settings: Hashable, Sendable {
    /// The largest number of interior-point iterations; problems take 8 to 30.
    public var maximumIterations = 100

    /// The instant after which the solver stops; nil for none.
    ///
    /// The clock is read only when this is set.
    public var deadline: ContinuousClock.Instant?

    /// How programs are solved.
    public var method = Method.automatic

    /// Creates the default settings: 100 iterations, no deadline, the method left to the solver.
    public init() {}
  }

  /// A way to solve programs.
  public enum Method: Hashable, Sendable {
    /// Active sets where each variable has curvature, the interior-point method behind them.
    case automatic

    /// The interior-point method and its polish only: slower, the second opinion.
    case interiorPoint
  }

  /// How much the smallest eigenvalue of P, scaled to a unit diagonal, may lie below zero by
  /// rounding in the caller's data.
  public static let convexityTolerance = 1e-10

  /// Up to so many variables the dual active-set search, O(n²) a step, costs no more than some
  /// interior-point iterations.
  private static let largestQuickSearch = 300

  /// The settings.
  public var settings: Settings

  /// Creates a solver.
  ///
  /// - Parameter settings: The limits.
  public init(settings: Settings = Settings()) { self.settings = settings }

  /// Solves a program.
  ///
  /// The result depends on the program alone, to the last bit, unless a deadline or a cancellation
  /// ends the iterations.
  ///
  /// - Parameter program: The program.
  /// - Returns: The variables with status, certificate and dual values. They are the answer only if
  ///   the status is ``SolverStatus/optimal``.
  /// - Throws: ``OptimizationError/notConvex(order:)``.
  /// - Complexity: O(n³) an iteration for a dense quadratic term.
  public func solve(_ program: QuadraticProgram) throws(OptimizationError) -> Solution<[Double]> {
    if settings.method == .automatic, let solution = try solutionByActiveSets(program) {
      return solution
    }
    let reduction = Presolve(program)
    if let (row, sign) = reduction.contradiction {
      if let solution = contradiction(program, reduction, row, sign) { return solution }
    }
    if reduction.freeVariables.isEmpty { return solutionAtFixedPoint(program, reduction) }
    let scaling = ProgramScaling(program, reduction)
    let core = CoreProgram(program, reduction, scaling)
    if program.convexity == .unproved { try core.quadratic.requireConvex() }
    let unscaling = Unscaling(program: program, reduction: reduction, scaling: scaling)
    if settings.method == .automatic,
      let solution = solutionOfSmallSupport(program, core, unscaling)
    {
      return solution
    }
    var method = InteriorPoint(core)
    let outcome = method.run(maximumIterations: settings.maximumIterations) { interruption() }
    let raw = unscaling.point(
      outcome.x, outcome.rowDuals, outcome.boundDuals, iterations: outcome.iterations)
    switch outcome.end {
    case .unbounded:
      if let proof = program.unboundednessProof(direction: unscaling.direction(outcome.x)) {
        return unbounded(program, proof, raw)
      }
    case .deadline: return raw.solution(program, .deadlineExceeded)
    case .cancelled: return raw.solution(program, .cancelled)
    case .infeasible, .converged, .iterationLimit, .stalled: break
    }
    let best = polished(raw, core, outcome, unscaling)
    let status = status(best.certificate, outcome.end)
    if status == .optimal && unscaling.isOrdinary(best.x)
      && (best.isExact || program.variableCount > Self.largestQuickSearch)
    {
      return best.solution(program, status)
    }
    if let proof = infeasibilityProof(program, core, outcome, unscaling) {
      return raw.solution(program, .primalInfeasible(proof))
    }
    return rescued(best, core, outcome, unscaling)
  }

  /// The best of a point without an optimal certificate and of what the dual active-set method finds.
  private func rescued(
    _ best: UnscaledPoint,
    _ core: CoreProgram,
    _ outcome: InteriorPointOutcome,
    _ unscaling: Unscaling
  ) -> Solution<[Double]> {
    let program = unscaling.program
    var best = best
    if program.variableCount <= Self.largestQuickSearch
      && !best.certificate.holds(Certificate.optimalTolerances)
    {
      switch program.linearOutcome(settings) {
      case .optimum(let x, let y, let z):
        let vertex = program.unscaledPoint(x, y, z)
        if vertex.certificate.merit < best.certificate.merit { best = vertex }
      case .ray(let direction, let x):
        if program.satisfiesAll(x), let proof = program.unboundednessProof(direction: direction) {
          return program.unscaledPoint(x, best.rowDuals, best.boundDuals)
            .solution(program, .unbounded(proof))
        }
      case nil:
        if let found = ProximalActiveSet(core)?.run({ interruption() != nil }) {
          let raw = unscaling.point(
            found.x, found.rowDuals, found.boundDuals, iterations: outcome.iterations)
          let point = polished(raw, core, found, unscaling)
          if point.certificate.merit < best.certificate.merit { best = point }
        }
      }
    }
    let status = status(best.certificate, outcome.end)
    switch status == .optimal ? nil : interruption() {
    case .deadline: return best.solution(program, .deadlineExceeded)
    case .cancelled: return best.solution(program, .cancelled)
    default: return best.solution(program, status)
    }
  }

  /// The optimum, when pivots on the caller's own data find it and its certificate holds.
  private func solutionByActiveSets(
    _ program: QuadraticProgram
  ) throws(OptimizationError) -> Solution<[Double]>? {
    var method = ActiveSetMethod(FlatProgram(program))
    guard method.hasCurvature else { return nil }
    method.startFromOneFactor()
    let limit = min(settings.maximumIterations, ActiveSetMethod.mostBlocks)
    guard method.run(maximumIterations: limit, isInterrupted: { interruption() != nil }) else {
      return nil
    }
    let duals = method.side.indices.map { method.side[$0] == 0 ? 0 : method.gradient[$0] }
    var scratch = CertificateScratch(count: program.variableCount)
    let certificate = method.program.certificate(
      method.x, method.rowDuals, duals, iterations: method.iterations,
      names: ConstraintNames(program), scratch: &scratch)
    guard certificate.holds(Certificate.optimalTolerances) else { return nil }
    if program.convexity == .unproved { try requireConvexWhereMovable(program) }
    return Solution(
      value: method.x, status: .optimal, certificate: certificate,
      duals: Duals(of: program, rows: method.rowDuals, bounds: duals))
  }

  /// The optimum, when it is found by growing a small support and its certificate holds.
  private func solutionOfSmallSupport(
    _ program: QuadraticProgram,
    _ core: CoreProgram,
    _ unscaling: Unscaling
  ) -> Solution<[Double]>? {
    guard var growth = SupportGrowth(core) else { return nil }
    let isFound = growth.run(maximumIterations: settings.maximumIterations) {
      interruption() != nil
    }
    guard isFound else { return nil }
    let point = unscaling.point(
      growth.sets.x, growth.sets.rowDuals, growth.sets.boundDuals, iterations: growth.iterations)
    guard point.certificate.holds(Certificate.optimalTolerances) else { return nil }
    return point.solution(program, .optimal)
  }

  /// The better one of a point and its polished form.
  private func polished(
    _ raw: UnscaledPoint,
    _ core: CoreProgram,
    _ outcome: InteriorPointOutcome,
    _ unscaling: Unscaling
  ) -> UnscaledPoint {
    var polish = ActiveSetPolish(core, outcome)
    guard outcome.end != .infeasible, polish.run() else { return raw }
    let polished = unscaling.point(
      polish.x, polish.rowDuals, polish.boundDuals, iterations: outcome.iterations)
    return polished.certificate.merit <= raw.certificate.merit ? polished : raw
  }

  /// A proof of infeasibility, if the dual active-set method or the nearest point to feasibility
  /// gives one.
  private func infeasibilityProof(
    _ program: QuadraticProgram,
    _ core: CoreProgram,
    _ outcome: InteriorPointOutcome,
    _ unscaling: Unscaling
  ) -> InfeasibilityProof? {
    let isSmall = program.variableCount <= Self.largestQuickSearch
    if isSmall {
      switch FeasibilitySearch(program, program.constraintBounds).run({ interruption() != nil }) {
      case .contradiction(let found):
        if let proof = program.infeasibilityProof(rowMultipliers: found.rowMultipliers) {
          return proof
        }
      case .point(let x):
        if program.satisfiesAll(x) { return nil }
      case .interrupted: return nil
      case .undecided: break
      }
    }
    let multipliers = NearestFeasibility.rowMultipliers(
      of: core, maximumIterations: settings.maximumIterations
    ) { interruption() }
    if let proof = unscaling.infeasibilityProof(multipliers) { return proof }
    return outcome.end == .infeasible ? unscaling.infeasibilityProof(outcome.rowDuals) : nil
  }

  private func status(
    _ certificate: Certificate,
    _ end: InteriorPointOutcome.End
  ) -> SolverStatus {
    if certificate.holds(Certificate.optimalTolerances) { return .optimal }
    if certificate.holds(Certificate.almostOptimalTolerances) { return .almostOptimal }
    return end == .iterationLimit ? .iterationLimit : .stalled
  }

  func interruption() -> InteriorPointOutcome.End? { settings.interruption() }

  /// A direction proves unboundedness only if there is a feasible point to start from.
  private func unbounded(
    _ program: QuadraticProgram,
    _ proof: UnboundednessProof,
    _ raw: UnscaledPoint
  ) -> Solution<[Double]> {
    switch FeasibilityDecision(program, program.constraintBounds, settings) {
    case .feasible(let x):
      return Solution(
        value: x, status: .unbounded(proof),
        certificate: program.certificate(
          x, raw.rowDuals, raw.boundDuals, iterations: raw.certificate.iterations),
        duals: Duals(of: program, rows: raw.rowDuals, bounds: raw.boundDuals))
    case .infeasible(let proof, _): return raw.solution(program, .primalInfeasible(proof))
    case .undecided:
      switch interruption() {
      case .deadline: return raw.solution(program, .deadlineExceeded)
      case .cancelled: return raw.solution(program, .cancelled)
      default: return raw.solution(program, .stalled)
      }
    }
  }

  /// The solution of a program whose bounds leave one point.
  private func solutionAtFixedPoint(
    _ program: QuadraticProgram,
    _ reduction: Presolve
  ) -> Solution<[Double]> {
    let x = reduction.fixedValue.map { $0 ?? 0 }
    var y = [Double](repeating: 0, count: program.rows.count)
    let gradient = sum(program.quadratic.times(x), program.linear)
    let z = reduction.completeDuals(gradient: gradient, rows: &y, of: program)
    let certificate = program.certificate(x, y, z, iterations: 0)
    return Solution(
      value: x, status: status(certificate, .stalled), certificate: certificate,
      duals: Duals(of: program, rows: y, bounds: z))
  }

  /// The proof that one row contradicts the bounds, given the rows that forced variables.
  private func contradiction(
    _ program: QuadraticProgram,
    _ reduction: Presolve,
    _ row: Int,
    _ sign: Double
  ) -> Solution<[Double]>? {
    var y = [Double](repeating: 0, count: program.rows.count)
    y[row] = sign
    let zeros = [Double](repeating: 0, count: program.variableCount)
    _ = reduction.completeDuals(gradient: zeros, rows: &y, of: program)
    guard let proof = program.infeasibilityProof(rowMultipliers: y) else { return nil }
    let x = reduction.fixedValue.map { $0 ?? 0 }
    return UnscaledPoint(
      x: x, rowDuals: y, boundDuals: zeros,
      certificate: program.certificate(x, y, zeros, iterations: 0)
    ).solution(program, .primalInfeasible(proof))
  }

  /// Checks P on the variables whose bounds leave them room.
  private func requireConvexWhereMovable(
    _ program: QuadraticProgram
  ) throws(OptimizationError) {
    let movable = program.linear.indices.filter {
      program.lowerBounds[$0] < program.upperBounds[$0]
    }
    if movable.count == program.variableCount { return try program.quadratic.requireConvex() }
    guard case .dense(let matrix, _) = program.quadratic.kernel else { return }
    try QuadraticTerm.dense(matrix.submatrix(at: movable)).requireConvex()
  }
}

/// A point in the caller's units.
struct UnscaledPoint {
  var x: [Double]
  var rowDuals: [Double]
  var boundDuals: [Double]
  var certificate: Certificate

  /// The relative violation that some hundred roundings explain.
  private static let rounding = 1e-14

  /// Whether the constraints hold to rounding, so that no contradiction can hide in their tolerance.
  var isExact: Bool { certificate.primalResidual <= Self.rounding }

  func solution(_ program: QuadraticProgram, _ status: SolverStatus) -> Solution<[Double]> {
    Solution(
      value: x, status: status, certificate: certificate,
      duals: Duals(of: program, rows: rowDuals, bounds: boundDuals))
  }
}

/// Turns scaled numbers into the caller's.
struct Unscaling {
  let program: QuadraticProgram
  let reduction: Presolve
  let scaling: ProgramScaling

  /// A scaled variable of this size is rounded to 1e-11, still small beside bounds of about one.
  private static let ordinarySize = 1e5

  /// The point and its certificate, with dual values of removed rows and variables restored.
  func point(
    _ x: [Double],
    _ rowDuals: [Double],
    _ boundDuals: [Double],
    iterations: Int
  ) -> UnscaledPoint {
    var full = reduction.fixedValue.map { $0 ?? 0 }
    for (p, i) in reduction.freeVariables.enumerated() {
      // Multiplying by a power of two and clipping: a scaled bound returns to the caller's number.
      full[i] = x[p] * scaling.variable[i]
    }
    var y = [Double](repeating: 0, count: program.rows.count)
    for (p, k) in reduction.keptRows.enumerated() {
      y[k] = rowDuals[p] * scaling.row[k] / scaling.cost
    }
    let gradient = sum(program.quadratic.times(full), program.linear)
    var z = reduction.completeDuals(gradient: gradient, rows: &y, of: program)
    for (p, i) in reduction.freeVariables.enumerated() {
      z[i] = boundDuals[p] / (scaling.variable[i] * scaling.cost)
    }
    return UnscaledPoint(
      x: full, rowDuals: y, boundDuals: z,
      certificate: program.certificate(full, y, z, iterations: iterations))
  }

  /// Whether scaled variables are not so large that a contradiction drowns in their rounding.
  ///
  /// Scaled bounds are about one. Where the objective is flat, a point that runs away satisfies
  /// almost anything to a relative tolerance; a proof of infeasibility then has the last word.
  func isOrdinary(_ x: [Double]) -> Bool {
    reduction.freeVariables.allSatisfy {
      x[$0].magnitude <= Self.ordinarySize * scaling.variable[$0]
    }
  }

  /// The proof from scaled multipliers of the kept rows.
  func infeasibilityProof(_ rowDuals: [Double]) -> InfeasibilityProof? {
    var y = [Double](repeating: 0, count: program.rows.count)
    for (p, k) in reduction.keptRows.enumerated() { y[k] = rowDuals[p] * scaling.row[k] }
    let zeros = [Double](repeating: 0, count: program.variableCount)
    _ = reduction.completeDuals(gradient: zeros, rows: &y, of: program)
    return program.infeasibilityProof(rowMultipliers: y)
  }

  /// A direction in the caller's units; fixed variables do not move.
  func direction(_ x: [Double]) -> [Double] {
    var full = [Double](repeating: 0, count: program.variableCount)
    for (p, i) in reduction.freeVariables.enumerated() { full[i] = x[p] * scaling.variable[i] }
    return full
  }
}

import KeelNumerics

/// Solves expected-shortfall programs and proves the answers.
///
/// A quadratic program nearby names the scenarios and variables that decide; a primal-dual
/// interior-point method that eliminates the auxiliary variables solves the program over these, a
/// polishing step lands on the active constraints, and a check on the whole program lets in what is
/// missing. See <doc:ExpectedShortfallPrograms>.
public struct ExpectedShortfallSolver: Sendable {
  /// The limits: iterations of one interior-point run, deadline.
  public var settings: QuadraticSolver.Settings

  /// Creates a solver.
  ///
  /// - Parameter settings: The limits.
  public init(settings: QuadraticSolver.Settings = QuadraticSolver.Settings()) {
    self.settings = settings
  }

  /// Solves a program.
  ///
  /// The result depends on the program alone, to the last bit, unless a deadline or a cancellation
  /// ends the iterations.
  ///
  /// - Parameter program: The program.
  /// - Returns: The point with status, certificate and dual values. It is the answer only if the
  ///   status is ``SolverStatus/optimal``. The objective in the certificate is that of the caller,
  ///   recomputed from the variables.
  /// - Complexity: O(S N²) for the neighbor and O(S' N'²) an iteration over the S' scenarios and N'
  ///   variables that decide, at worst all.
  public func solve(_ program: ExpectedShortfallProgram) -> Solution<ExpectedShortfallPoint> {
    let neighbor = TailNeighbor(program, settings: settings)
    let model = TailModel(program)
    let start = startingPoint(program, model, neighbor)
    if let end = verdict(program, model, neighbor, start) { return end }
    let (best, end) = search(model, neighbor, start)
    if best.certificate.holds(Certificate.optimalTolerances) {
      return solution(program, best, .optimal)
    }
    switch end {
    case .deadline: return solution(program, best, .deadlineExceeded)
    case .cancelled: return solution(program, best, .cancelled)
    case .converged, .iterationLimit, .stalled: break
    }
    if let proof = infeasibilityProof(program, neighbor) {
      return solution(program, best, .primalInfeasible(proof))
    }
    if let proof = unboundednessProof(program) { return solution(program, best, .unbounded(proof)) }
    if best.certificate.holds(Certificate.almostOptimalTolerances) {
      return solution(program, best, .almostOptimal)
    }
    return solution(program, best, end == .iterationLimit ? .iterationLimit : .stalled)
  }

  /// Rounds of interior-point iterations on growing working sets.
  private func search(
    _ model: TailModel,
    _ neighbor: TailNeighbor,
    _ start: [Double]
  ) -> (TailPoint, TailInteriorPoint.End) {
    var sifting = ScenarioSifting(model, near: neighbor.solution)
    var x = start
    var best = model.atRest(start)
    var iterations = 0
    for round in 0...ScenarioSifting.maximumRounds {
      if round == ScenarioSifting.maximumRounds { sifting.growToWhole() }
      let isWhole = sifting.isWhole
      let set = sifting.set
      let (core, rows) = model.core(set, at: x)
      var method = TailInteriorPoint(
        core, start: set.variables.map { x[$0] / model.scaling.variable[$0] } + [0])
      var end = TailInteriorPoint.End.stalled
      var joined = false
      for tolerance in round == 0 && !isWhole
        ? [ScenarioSifting.firstTolerance] : ScenarioSifting.tolerances
      {
        end = method.run(tolerance: tolerance, maximumIterations: settings.maximumIterations) {
          interruption()
        }
        let point = bestPoint(
          model, set, core, method.outcome(), rows: rows, at: x,
          iterations: iterations + method.iterations)
        if point.certificate.merit <= best.certificate.merit { best = point }
        if best.certificate.holds(Certificate.optimalTolerances) || end == .deadline
          || end == .cancelled
        {
          return (best, end)
        }
        guard point.claim.x.allSatisfy(\.isFinite), end == .converged else { break }
        joined = !isWhole && sifting.grow(point, round: round)
        x = point.claim.x
        if joined { break }
      }
      iterations += method.iterations
      if isWhole { return (best, end) }
      if !joined && (round > 0 || end != .converged) { sifting.growToWhole() }
    }
    return (best, .stalled)
  }

  /// The iterations' point or its polished form, whichever has the better certificate.
  private func bestPoint(
    _ model: TailModel,
    _ set: WorkingSet,
    _ core: TailCore,
    _ outcome: TailOutcome,
    rows: [Int],
    at x: [Double],
    iterations: Int
  ) -> TailPoint {
    let point = model.point(outcome, set, rows: rows, at: x, iterations: iterations)
    guard let polished = TailPolish.run(core, outcome) else { return point }
    let candidate = model.point(polished, set, rows: rows, at: x, iterations: iterations)
    return candidate.certificate.merit <= point.certificate.merit ? candidate : point
  }

  /// The neighbor's solution, or zero, moved into the bounds.
  private func startingPoint(
    _ program: ExpectedShortfallProgram,
    _ model: TailModel,
    _ neighbor: TailNeighbor
  ) -> [Double] {
    let value = neighbor.solution?.value ?? []
    return (0..<program.variableCount).map { i in
      let x = i < value.count && value[i].isFinite ? value[i] : 0
      return model.reduction.fixedValue[i]
        ?? min(max(x, program.lowerBounds[i]), program.upperBounds[i])
    }
  }

  /// What the neighbor decides: no feasible point, no lower limit, one point only, no time left.
  private func verdict(
    _ program: ExpectedShortfallProgram,
    _ model: TailModel,
    _ neighbor: TailNeighbor,
    _ start: [Double]
  ) -> Solution<ExpectedShortfallPoint>? {
    switch neighbor.solution?.status {
    case .primalInfeasible(let proof):
      if let proof = program.constraints.infeasibilityProof(rowMultipliers: proof.multipliers.rows)
      {
        return solution(program, model.atRest(start), .primalInfeasible(proof))
      }
    case .unbounded(let proof):
      if let proof = unboundednessProof(program, direction: proof.direction) {
        return solution(program, model.atRest(start), .unbounded(proof))
      }
    case .deadlineExceeded: return solution(program, model.atRest(start), .deadlineExceeded)
    case .cancelled: return solution(program, model.atRest(start), .cancelled)
    default: break
    }
    guard model.reduction.freeVariables.isEmpty else { return nil }
    let point = model.atRest(start)
    let isOptimal = point.certificate.holds(Certificate.optimalTolerances)
    return solution(program, point, isOptimal ? .optimal : .stalled)
  }

  /// A proof from the point that misses rows and bounds least.
  private func infeasibilityProof(
    _ program: ExpectedShortfallProgram,
    _ neighbor: TailNeighbor
  ) -> InfeasibilityProof? {
    if neighbor.solution?.status == .optimal { return nil }
    do throws(OptimizationError) {
      let feasibility = try QuadraticProgram(
        quadratic: .diagonal([Double](repeating: 1, count: program.variableCount)),
        lowerBounds: program.lowerBounds, upperBounds: program.upperBounds, rows: program.rows,
        variableNames: program.variableNames)
      let status = try QuadraticSolver(settings: settings).solve(feasibility).status
      guard case .primalInfeasible(let proof) = status else { return nil }
      return program.constraints.infeasibilityProof(rowMultipliers: proof.multipliers.rows)
    } catch {
      return nil
    }
  }

  /// A direction along which rows and bounds allow any distance and the objective falls: the
  /// minimum over directions of bounded length is a program of the same kind.
  private func unboundednessProof(_ program: ExpectedShortfallProgram) -> UnboundednessProof? {
    func open(_ bound: Double, _ side: Double) -> Double { bound.isFinite ? 0 : side }
    do throws(OptimizationError) {
      let directions = try ExpectedShortfallProgram(
        outcomes: program.outcomes, probabilities: program.probabilities,
        confidence: program.confidence, linear: program.linear,
        shortfallWeight: program.shortfallWeight,
        lowerBounds: program.lowerBounds.map { open($0, -1) },
        upperBounds: program.upperBounds.map { open($0, 1) },
        rows: program.rows.map { row in
          LinearRow(
            row.name, indices: row.indices, coefficients: row.coefficients,
            lower: open(row.lower, -.infinity), upper: open(row.upper, .infinity))
        }, variableNames: program.variableNames)
      if directions.lowerBounds.allSatisfy({ $0 == 0 })
        && directions.upperBounds.allSatisfy({ $0 == 0 })
      {
        return nil
      }
      let neighbor = TailNeighbor(directions, settings: settings)
      let model = TailModel(directions)
      let start = startingPoint(directions, model, neighbor)
      if model.reduction.freeVariables.isEmpty { return nil }
      let (best, _) = search(model, neighbor, start)
      return unboundednessProof(program, direction: best.claim.x)
    } catch {
      return nil
    }
  }

  /// Checks a direction on the caller's data.
  private func unboundednessProof(
    _ program: ExpectedShortfallProgram,
    direction: [Double]
  ) -> UnboundednessProof? {
    let losses = program.losses(at: direction)
    let tail = SampleTail(
      losses: losses, masses: program.probabilities, confidence: program.confidence)
    let q = losses.indices.map {
      tail.weight(ofLoss: losses[$0], mass: program.probabilities[$0])
    }
    let weighted = program.outcomes(weightedBy: q)
    let slope = program.linear.indices.map {
      program.linear[$0] - program.shortfallWeight * weighted[$0]
    }
    do throws(OptimizationError) {
      // The objective falls at least as fast as along its steepest linear part.
      return try QuadraticProgram(
        quadratic: .diagonal([Double](repeating: 0, count: slope.count)), linear: slope,
        lowerBounds: program.lowerBounds, upperBounds: program.upperBounds, rows: program.rows,
        variableNames: program.variableNames
      ).unboundednessProof(direction: direction)
    } catch {
      return nil
    }
  }

  private func solution(
    _ program: ExpectedShortfallProgram,
    _ point: TailPoint,
    _ status: SolverStatus
  ) -> Solution<ExpectedShortfallPoint> {
    let tail = SampleTail(
      losses: point.claim.losses, masses: program.probabilities, confidence: program.confidence)
    return Solution(
      value: ExpectedShortfallPoint(
        variables: point.claim.x, expectedShortfall: tail.expectedShortfall,
        valueAtRisk: tail.valueAtRisk, scenarioMultipliers: point.claim.scenarioMultipliers),
      status: status, certificate: point.certificate,
      duals: Duals(
        of: program.constraints, rows: point.claim.rowDuals, bounds: point.claim.boundDuals))
  }

  private func interruption() -> TailInteriorPoint.End? {
    if Task.isCancelled { return .cancelled }
    if let deadline = settings.deadline, ContinuousClock.now >= deadline { return .deadline }
    return nil
  }
}

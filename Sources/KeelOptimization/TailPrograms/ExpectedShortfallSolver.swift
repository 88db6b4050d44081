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
    var search = TailSearch(program)
    let status = status(of: program, &search)
    return search.solution(program, status)
  }

  /// Solves a program in the memory of a search; the point is the best one of the search.
  func status(
    of program: ExpectedShortfallProgram,
    _ search: inout TailSearch
  ) -> SolverStatus {
    let neighbor = TailNeighbor(program, settings: settings)
    search.begin(program, near: neighbor.solution)
    if let status = verdict(program, search, neighbor) { return status }
    var end = search.run(program, settings)
    let isNear =
      !search.best.certificate.holds(Certificate.optimalTolerances)
      && search.best.certificate.holds(Certificate.almostOptimalTolerances)
    if isNear, end != .deadline, end != .cancelled {
      // From so near the iterations find other sides.
      search.beginAgain(program)
      end = search.run(program, settings)
    }
    if search.best.certificate.holds(Certificate.optimalTolerances) { return .optimal }
    switch end {
    case .deadline: return .deadlineExceeded
    case .cancelled: return .cancelled
    case .converged, .iterationLimit, .stalled: break
    }
    if let proof = infeasibilityProof(program, neighbor) { return .primalInfeasible(proof) }
    if let proof = unboundednessProof(program) { return .unbounded(proof) }
    if search.best.certificate.holds(Certificate.almostOptimalTolerances) {
      return .almostOptimal
    }
    return end == .iterationLimit ? .iterationLimit : .stalled
  }

  /// What the neighbor decides: no feasible point, no lower limit, one point only, no time left.
  private func verdict(
    _ program: ExpectedShortfallProgram,
    _ search: borrowing TailSearch,
    _ neighbor: TailNeighbor
  ) -> SolverStatus? {
    switch neighbor.solution?.status {
    case .primalInfeasible(let proof):
      if let proof = program.constraints.infeasibilityProof(rowMultipliers: proof.multipliers.rows)
      {
        return .primalInfeasible(proof)
      }
    case .unbounded(let proof):
      if let proof = unboundednessProof(program, direction: proof.direction) {
        return .unbounded(proof)
      }
    case .deadlineExceeded: return .deadlineExceeded
    case .cancelled: return .cancelled
    default: break
    }
    guard search.model.reduction.freeVariables.isEmpty else { return nil }
    return search.best.certificate.holds(Certificate.optimalTolerances) ? .optimal : .stalled
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
      var search = TailSearch(directions)
      if search.model.reduction.freeVariables.isEmpty { return nil }
      search.begin(directions, near: neighbor.solution)
      _ = search.run(directions, settings)
      return unboundednessProof(program, direction: search.best.claim.x)
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
}

extension TailSearch {
  /// The best point with its tail, its dual values by name, and a status.
  func solution(
    _ program: ExpectedShortfallProgram,
    _ status: SolverStatus
  ) -> Solution<ExpectedShortfallPoint> {
    let tail = SampleTail(
      losses: best.claim.losses, masses: program.probabilities, confidence: program.confidence)
    return Solution(
      value: ExpectedShortfallPoint(
        variables: best.claim.x, expectedShortfall: tail.expectedShortfall,
        valueAtRisk: tail.valueAtRisk, scenarioMultipliers: best.claim.scenarioMultipliers),
      status: status, certificate: best.certificate,
      duals: Duals(
        of: program.constraints, rows: best.claim.rowDuals, bounds: best.claim.boundDuals))
  }
}

extension QuadraticSolver.Settings {
  /// Why iterations of a tail program should stop now.
  func tailInterruption() -> TailInteriorPoint.End? {
    switch interruption() {
    case .deadline: .deadline
    case .cancelled: .cancelled
    default: nil
    }
  }
}

import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct ConicSolverTests {
  typealias Family = RandomConicPrograms.Family

  #if DEBUG
    private static let seeds = 1...5
    private static let scalings = 1...3
  #else
    private static let seeds = 1...300
    private static let scalings = 1...10
  #endif

  @Test(arguments: Family.allCases)
  func findsKnownOptima(family: Family) throws {
    for seed in Self.seeds {
      let known = try RandomConicPrograms.solved(family, seed: seed)
      let solution = try ConicSolver().solve(known.program)
      #expect(solution.status == .optimal, "seed \(seed): \(solution.certificate)")
      #expect(solution.certificate.holds(known.program.optimalTolerances))
      let claimed = try known.program.verify(known.x, duals: known.duals)
      #expect(
        claimed.holds(Certificate.Tolerances.rounding), "the construction, seed \(seed): \(claimed)"
      )
      let objective = known.program.objective(at: known.x)
      let size = max(1, objective.magnitude, largest(known.program.linear))
      expectClose(
        solution.certificate.primalObjective, objective,
        absolute: (family.isSymmetric ? 1e-9 : 2e-8) * size, "seed \(seed)")
      let verified = try known.program.verify(
        solution.value, duals: solution.duals, iterations: solution.certificate.iterations)
      #expect(verified == solution.certificate)
    }
  }

  @Test(arguments: Family.allCases)
  func provesInfeasibility(family: Family) throws {
    for seed in Self.seeds {
      let program = try RandomConicPrograms.infeasible(family, seed: seed)
      let status = try ConicSolver().solve(program).status
      guard case .primalInfeasible(let proof) = status else {
        Issue.record("seed \(seed): \(status)")
        continue
      }
      #expect(proof.contradiction > 0)
      #expect(proof.residual <= 1e-9)
      #expect(proof.dualConeResidual <= 1e-12)
      #expect(proof.radius > 1e6)
      #expect(!proof.constraints.isEmpty)
      let checked = program.infeasibilityProof(multipliers: proof.multipliers.blocks)
      #expect(checked != nil)
    }
  }

  @Test(arguments: Family.allCases)
  func provesUnboundedness(family: Family) throws {
    for seed in Self.seeds {
      let program = try RandomConicPrograms.unbounded(family, seed: seed)
      let solution = try ConicSolver().solve(program)
      guard case .unbounded(let proof) = solution.status else {
        Issue.record("seed \(seed): \(solution.status)")
        continue
      }
      #expect(proof.slope < 0)
      #expect(proof.residual <= 1e-9)
      #expect(program.unboundednessProof(direction: proof.direction) != nil)
      #expect(solution.certificate.primalResidual <= program.optimalTolerances.primal)
    }
  }

  /// The quadratic solver, whose answers are polished, and this one agree.
  @Test(arguments: 1...40)
  func agreesWithTheQuadraticSolver(seed: Int) throws {
    let program = try RandomPrograms.feasible(seed: seed)
    let quadratic = try QuadraticSolver().solve(program)
    let conic = try ConicSolver().solve(ConicProgram(program))
    #expect(quadratic.status == .optimal)
    #expect(conic.status == .optimal, "\(conic.certificate)")
    let size = max(1, largest(program.linear))
    expectClose(
      conic.certificate.primalObjective, quadratic.certificate.primalObjective,
      absolute: 1e-9 * size, "seed \(seed)")
  }

  @Test(arguments: 1...40)
  func agreesWithTheQuadraticSolverOnInfeasibility(seed: Int) throws {
    let program = try RandomPrograms.infeasible(seed: seed)
    let status = try ConicSolver().solve(ConicProgram(program)).status
    guard case .primalInfeasible(let proof) = status else {
      Issue.record("\(status)")
      return
    }
    #expect(proof.constraints.contains("third"))
  }

  /// Blocks, variables and the objective in other units.
  @Test(arguments: Family.allCases)
  func scalingKeepsTheAnswer(family: Family) throws {
    for seed in Self.scalings {
      var generator = SeededGenerator(seed: UInt64(seed))
      let known = try RandomConicPrograms.solved(family, seed: seed)
      let program = known.program
      let units = (0..<program.variableCount).map { _ in power(&generator) }
      let cost = power(&generator)
      var p: QuadraticTerm?
      if case .dense(var matrix) = program.quadratic {
        for i in 0..<program.variableCount {
          for j in 0...i { matrix[i, j] *= units[i] * units[j] * cost }
        }
        p = .dense(matrix)
      }
      let blocks = program.constraints.map { block in
        let unit = power(&generator)
        return ConicConstraint(
          block.name, in: block.cone,
          block.expressions.map { row in
            AffineExpression(
              indices: row.indices,
              coefficients: zip(row.indices, row.coefficients).map { $1 * units[$0] * unit },
              constant: row.constant * unit)
          })
      }
      let scaled = try ConicProgram(
        quadratic: p, linear: zip(program.linear, units).map { $0 * $1 * cost },
        constraints: blocks)
      let base = try ConicSolver().solve(program)
      let other = try ConicSolver().solve(scaled)
      #expect(other.status == .optimal, "seed \(seed): \(other.certificate)")
      let size = max(
        1, base.certificate.primalObjective.magnitude, largest(program.linear))
      expectClose(
        other.certificate.primalObjective / cost, base.certificate.primalObjective,
        absolute: (family.isSymmetric ? 1e-9 : 2e-8) * size, "seed \(seed)")
    }
  }

  @Test(arguments: Family.allCases)
  func permutationKeepsTheAnswer(family: Family) throws {
    for seed in 1...6 {
      var generator = SeededGenerator(seed: UInt64(seed))
      let known = try RandomConicPrograms.solved(family, seed: 3 * seed + 1)
      let program = known.program
      let order = Array(0..<program.variableCount).shuffled(using: &generator)
      var linear = program.linear
      for (p, i) in order.enumerated() { linear[p] = program.linear[i] }
      let blocks = program.constraints.shuffled(using: &generator).map { block in
        ConicConstraint(
          block.name, in: block.cone,
          block.expressions.map { row in
            var dense = [Double](repeating: 0, count: program.variableCount)
            for (i, f) in zip(row.indices, row.coefficients) { dense[i] = f }
            return AffineExpression(coefficients: order.map { dense[$0] }, constant: row.constant)
          })
      }
      let other = try ConicSolver().solve(ConicProgram(linear: linear, constraints: blocks))
      let base = try ConicSolver().solve(
        ConicProgram(linear: program.linear, constraints: program.constraints))
      #expect(other.status == base.status || base.status != .optimal)
      if base.status == .optimal {
        let size = max(1, base.certificate.primalObjective.magnitude, largest(linear))
        expectClose(
          other.certificate.primalObjective, base.certificate.primalObjective,
          absolute: (family.isSymmetric ? 1e-9 : 2e-8) * size)
      }
    }
  }

  @Test(arguments: Family.allCases)
  func sameInputSameBits(family: Family) throws {
    let program = try RandomConicPrograms.solved(family, seed: 11).program
    let first = try ConicSolver().solve(program)
    let second = try ConicSolver().solve(program)
    #expect(first == second)
  }

  @Test func dualsAreShadowPrices() throws {
    let program = { (limit: Double) throws(OptimizationError) in
      try ConicProgram(
        linear: [-1, -2],
        constraints: [
          .norm(
            "risk", of: [AffineExpression(variable: 0), AffineExpression(variable: 1)],
            atMost: AffineExpression(constant: limit))
        ])
    }
    let step = 1e-4
    let base = try ConicSolver().solve(program(1))
    let more = try ConicSolver().solve(program(1 + step))
    let slope =
      (base.certificate.primalObjective - more.certificate.primalObjective) / step
    let price = try #require(base.duals["risk"])
    expectClose(price[0], slope, relative: 1e-6)
    expectClose(price[0], 5.0.squareRoot(), relative: 1e-9)
    #expect(base.duals["nothing"] == nil)
  }

  @Test func stopsAtLimits() async throws {
    let program = try RandomConicPrograms.solved(.exponential, seed: 11).program
    var settings = ConicSolver.Settings()
    settings.deadline = .now
    #expect(try ConicSolver(settings: settings).solve(program).status == .deadlineExceeded)
    settings.deadline = nil
    settings.maximumIterations = 2
    #expect(try ConicSolver(settings: settings).solve(program).status == .iterationLimit)
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return try ConicSolver().solve(program).status
    }
    task.cancel()
    let status = try await task.value
    #expect(status == .cancelled)
  }
}

extension Certificate.Tolerances {
  /// What a construction in double precision leaves.
  static var rounding: Certificate.Tolerances { Certificate.almostOptimalTolerances }
}

private func largest(_ v: [Double]) -> Double { v.reduce(0) { max($0, $1.magnitude) } }

/// A power of ten between 10⁻⁶ and 10⁶.
private func power(_ generator: inout SeededGenerator) -> Double {
  let exponent = Int(generator.uniform(-6.5...6.5))
  return (0..<exponent.magnitude).reduce(1.0) { power, _ in exponent < 0 ? power / 10 : power * 10 }
}

import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct QuadraticSolverTests {
  @Test(arguments: 1...300)
  func solvesFeasiblePrograms(seed: Int) throws {
    let program = try RandomPrograms.feasible(seed: seed)
    let solution = try QuadraticSolver().solve(program)
    #expect(solution.status == .optimal, "\(solution.certificate)")
    let residual = try RandomPrograms.checker(program).residual(
      x: solution.value, multipliers: solution.duals.rows + solution.duals.bounds)
    #expect(residual <= 1e-10)
    for (i, x) in solution.value.enumerated() {
      #expect(x >= program.lowerBounds[i] && x <= program.upperBounds[i])
    }
    let verified = try program.verify(
      solution.value, duals: solution.duals, iterations: solution.certificate.iterations)
    #expect(verified == solution.certificate)
  }

  @Test(arguments: 1...150)
  func provesInfeasibility(seed: Int) throws {
    let program = try RandomPrograms.infeasible(seed: seed)
    let solution = try QuadraticSolver().solve(program)
    guard case .primalInfeasible(let proof) = solution.status else {
      Issue.record("\(solution.status) \(solution.certificate)")
      return
    }
    #expect(proof.contradiction > 0)
    #expect(proof.residual <= 1e-9)
    #expect(proof.constraints.contains("third"))
    // Without bounds the only proof is 2 first + 3 second.
    if seed % 3 != 0 { #expect(proof.constraints == ["first", "second", "third"]) }
    let checked = program.infeasibilityProof(rowMultipliers: proof.multipliers.rows)
    #expect(checked == proof)
  }

  @Test(arguments: 1...60)
  func scalingChangesNothing(seed: Int) throws {
    let program = try RandomPrograms.feasible(seed: seed)
    let (scaled, units, cost) = try RandomPrograms.rescaled(program, seed: seed)
    let base = try QuadraticSolver().solve(program)
    let other = try QuadraticSolver().solve(scaled)
    #expect(other.status == .optimal, "\(other.certificate)")
    expectClose(
      other.certificate.primalObjective / cost, base.certificate.primalObjective,
      relative: 1e-9, absolute: 1e-11)
    // Every third program is rank deficient: its minimum may be attained at many points.
    if seed % 3 == 0 { return }
    for i in units.indices {
      expectClose(other.value[i] * units[i], base.value[i], absolute: 1e-8)
    }
  }

  @Test(arguments: 1...40)
  func scalingKeepsInfeasibility(seed: Int) throws {
    let program = try RandomPrograms.infeasible(seed: seed)
    let scaled = try RandomPrograms.rescaled(program, seed: seed).program
    guard case .primalInfeasible = try QuadraticSolver().solve(scaled).status else {
      Issue.record("an infeasible program was not recognized")
      return
    }
  }

  /// The search by growing supports and the interior-point method, which takes over when a lower
  /// bound is a row, agree.
  @Test(arguments: 1...30)
  func twoMethodsAgree(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let n = 16 + seed
    let p = try RandomPrograms.semidefinite(order: n, rank: n + 5, using: &generator)
    let q = (0..<n).map { _ in seed % 2 == 0 ? 0.1 * generator.gaussian() : 0 }
    let budget = LinearRow(
      "budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)
    let group = LinearRow("group", indices: [0, 1, 2, 3], coefficients: [1, 1, 1, 1], lower: 0.3)
    let floor = LinearRow("floor", indices: [0], coefficients: [1], lower: 0)
    let zeros = [Double](repeating: 0, count: n)
    let caps = [Double](repeating: 0.2, count: n)
    let grown = try QuadraticSolver().solve(
      QuadraticProgram(
        quadratic: .dense(p), linear: q, lowerBounds: zeros, upperBounds: caps,
        rows: [budget, group]))
    let inner = try QuadraticSolver().solve(
      QuadraticProgram(
        quadratic: .dense(p), linear: q, lowerBounds: [-.infinity] + zeros.dropFirst(),
        upperBounds: caps, rows: [budget, group, floor]))
    #expect(grown.status == .optimal && inner.status == .optimal)
    for (left, right) in zip(grown.value, inner.value) { expectClose(left, right, absolute: 1e-10) }
    for (left, right) in zip(grown.duals.rows, inner.duals.rows) {
      expectClose(left, right, absolute: 1e-10)
    }
  }

  @Test func dualsAreShadowPrices() throws {
    let program = { (bound: Double) throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: .diagonal([1, 2]), linear: [0, 0],
        rows: [
          LinearRow("sum", coefficients: [1, 1], lower: bound),
          LinearRow("cap", coefficients: [1, 0], upper: 0.5),
        ])
    }
    let base = try QuadraticSolver().solve(program(1))
    let moved = try QuadraticSolver().solve(program(1 + 1e-6))
    let slope = (moved.certificate.primalObjective - base.certificate.primalObjective) / 1e-6
    expectClose(try #require(base.duals["sum"]), slope, relative: 1e-5)
    #expect(try #require(base.duals["cap"]) < 0)
    #expect(base.duals["nothing"] == nil)
  }

  @Test func boundsThatLeaveOnePointAreSolvedWithDuals() throws {
    let solution = try QuadraticSolver().solve(
      QuadraticProgram(
        quadratic: .diagonal([1, 1, 1]), linear: [3, -1, 0], lowerBounds: [0, 0, 2],
        upperBounds: [0.5, 0.5, 2], rows: [LinearRow("sum", coefficients: [1, 1, 0], lower: 1)]))
    #expect(solution.status == .optimal, "\(solution)")
    #expect(solution.value == [0.5, 0.5, 2])
  }

  /// Equations that depend on each other, consistent or contradicting by a little, with and without
  /// bounds that keep the variables from running away.
  @Test(arguments: 1...40)
  func dependentEquations(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let n = 3 + seed % 20
    let rank = seed % 2 == 0 ? n : max(1, n / 3)
    let p = try RandomPrograms.semidefinite(order: n, rank: rank, using: &generator)
    let a = (0..<n).map { _ in generator.gaussian() }
    let b = (0..<n).map { _ in generator.gaussian() }
    let inside = (0..<n).map { _ in generator.uniform() }
    let left = zip(a, inside).reduce(0) { $0 + $1.0 * $1.1 }
    let right = zip(b, inside).reduce(0) { $0 + $1.0 * $1.1 }
    for gap in [0, 1e-3, 1e-6, 1e-8] {
      let rows = [
        LinearRow("a", coefficients: a, lower: left, upper: left),
        LinearRow(
          "twice", coefficients: a.map { 2 * $0 }, lower: 2 * left + gap, upper: 2 * left + gap),
        LinearRow("b", coefficients: b, lower: right, upper: right),
        LinearRow(
          "both", coefficients: zip(a, b).map { $0 + $1 }, lower: left + right,
          upper: left + right),
      ]
      for isBoxed in [true, false] {
        let solution = try QuadraticSolver().solve(
          QuadraticProgram(
            quadratic: .dense(p), linear: isBoxed ? b : nil,
            lowerBounds: isBoxed ? [Double](repeating: -5, count: n) : nil,
            upperBounds: isBoxed ? [Double](repeating: 5, count: n) : nil, rows: rows))
        switch solution.status {
        case .optimal: #expect(gap == 0, "gap \(gap), boxed \(isBoxed)")
        case .primalInfeasible: #expect(gap > 0)
        default: Issue.record("\(solution.status), gap \(gap), boxed \(isBoxed)")
        }
      }
    }
  }

  /// At a vertex of a program of low rank no variable is left to polish.
  @Test func verticesOfLowRankProgramsAreSolved() throws {
    let term = try FactorTerm(
      loadings: Matrix(rows: [[0.1], [0.1]]), factorCovariance: SymmetricMatrix(rows: [[1]]),
      specificVariances: [0, 0])
    let solution = try QuadraticSolver().solve(
      QuadraticProgram(
        quadratic: .factor(term), linear: [-5, 5], lowerBounds: [0, 0], upperBounds: [1, 1]))
    #expect(solution.status == .optimal)
    #expect(solution.value == [1, 0])
  }
}

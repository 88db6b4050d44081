import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct CheapestRelaxationTests {
  private func portfolio() throws -> QuadraticProgram {
    try QuadraticProgram(
      quadratic: .diagonal([1, 1, 1]), lowerBounds: [0, 0, 0], upperBounds: [0.3, 0.3, 0.3],
      rows: [LinearRow("budget", coefficients: [1, 1, 1], lower: 1, upper: 1)],
      variableNames: ["BTC", "ETH", "USDC"])
  }

  @Test func movesWhatTheCallerAllows() throws {
    let program = try portfolio()
    let cap = try program.cheapestRelaxation(of: ["ETH"])
    #expect(cap.status == .optimal)
    #expect(cap.moves.map(\.bound.description) == ["upper bound of ETH"])
    expectClose(cap.moves[0].amount, 0.1, relative: 1e-14)
    expectClose(cap.moves[0].value, 0.4, relative: 1e-15)
    let budget = try program.cheapestRelaxation(of: ["budget"])
    #expect(budget.moves.map(\.bound.description) == ["lower bound of budget"])
    expectClose(budget.moves[0].amount, 0.1, relative: 1e-14)
    // A unit of the budget is a distance of 1/sqrt 3.
    expectClose(budget.cost, 0.1 / 3.0.squareRoot(), relative: 1e-14)
    let any = try program.cheapestRelaxation()
    #expect(any.moves.map(\.bound.name) == ["budget"])
    let solved = try QuadraticSolver().solve(program.relaxed(by: budget.moves)).status
    #expect(solved == .optimal)
  }

  @Test func weightsDecide() throws {
    let program = try portfolio()
    let relaxation = try program.cheapestRelaxation(
      weights: ["budget": 10, "BTC": 1, "ETH": 0.5, "USDC": 2])
    #expect(relaxation.moves.map(\.bound.name) == ["ETH"])
    expectClose(relaxation.cost, 0.05, relative: 1e-14)
    expectClose(relaxation.certificate.dualObjective, 0.05, relative: 1e-14)
  }

  @Test func saysWhenNoMoveHelps() throws {
    let program = try QuadraticProgram(
      quadratic: .diagonal([0, 0]), lowerBounds: [0, 0],
      rows: [
        LinearRow("a", coefficients: [1, 1], upper: 1),
        LinearRow("b", coefficients: [1, 1], lower: 2),
        LinearRow("c", coefficients: [1, 0], lower: -1),
      ], variableNames: ["x", "y"])
    let relaxation = try program.cheapestRelaxation(of: ["c", "x"])
    guard case .primalInfeasible(let proof) = relaxation.status else {
      Issue.record("\(relaxation.status)")
      return
    }
    #expect(Set(proof.constraints) == ["a", "b"])
    let set = try #require(program.irreducibleInfeasibleSet(from: proof))
    #expect(set.bounds.map(\.name) == ["a", "b"])
    let nothing = try program.cheapestRelaxation(of: [])
    guard case .primalInfeasible = nothing.status else {
      Issue.record("\(nothing.status)")
      return
    }
  }

  @Test func feasibleProgramsNeedNoMove() throws {
    for seed in 1...SweepSize.of(60) {
      let program = try RandomPrograms.feasible(seed: seed)
      let relaxation = try program.cheapestRelaxation()
      #expect(relaxation.status == .optimal)
      #expect(relaxation.moves.isEmpty)
      #expect(relaxation.cost == 0)
      #expect(relaxation.violation <= 1e-12)
    }
  }

  @Test func agreesWithExactVertices() throws {
    let reference = try InfeasibilityReference.load()
    #expect(reference.relaxations.count == 60)
    for (index, item) in reference.relaxations.enumerated() {
      let relaxation = try item.program.cheapestRelaxation(weights: item.weightsByName)
      #expect(relaxation.status == .optimal, "\(index)")
      expectClose(relaxation.cost, item.cost, relative: item.relative, "\(index)")
      #expect(relaxation.violation <= 1e-12)
    }
  }

  /// Bounds that are tightened by the moves, all but a millionth, are infeasible again.
  @Test(arguments: ContradictionFamilies.Family.allCases)
  func nothingCheaperHelps(family: ContradictionFamilies.Family) throws {
    for seed in 0..<SweepSize.of(12) {
      let program = try ContradictionFamilies.program(
        family, seed: seed, margin: 0.1, objective: .zero, units: .one)
      let relaxation = try program.cheapestRelaxation()
      #expect(relaxation.status == .optimal, "\(family) \(seed)")
      #expect(relaxation.cost > 0)
      #expect(relaxation.violation <= 1e-12)
      let relaxed = try program.relaxed(by: relaxation.moves)
      #expect(relaxed.irreducibleInfeasibleSet() == nil, "\(family) \(seed)")
      let less = relaxation.moves.map {
        CheapestRelaxation.Move(
          bound: $0.bound, amount: $0.amount * (1 - 1e-6), weight: $0.weight)
      }
      let tightened = try program.relaxed(by: less)
      #expect(tightened.irreducibleInfeasibleSet() != nil, "\(family) \(seed)")
    }
  }

  @Test func refusesUnknownNamesAndWeights() throws {
    let program = try portfolio()
    #expect(throws: OptimizationError.unknownName("SOL")) {
      try program.cheapestRelaxation(of: ["SOL"])
    }
    #expect(throws: OptimizationError.unknownName("SOL")) {
      try program.cheapestRelaxation(weights: ["SOL": 1])
    }
    for weight in [0, -1, .nan, .infinity] {
      #expect(throws: OptimizationError.self) {
        try program.cheapestRelaxation(weights: ["BTC": weight])
      }
    }
  }

  @Test func theSameBitsAgain() throws {
    let program = try ContradictionFamilies.program(
      .groupsUnderBudget, seed: 17, margin: 0.1, objective: .zero, units: .both)
    let first = try program.cheapestRelaxation()
    let second = try program.cheapestRelaxation()
    #expect(first == second)
    #expect(program.irreducibleInfeasibleSet() == program.irreducibleInfeasibleSet())
  }
}

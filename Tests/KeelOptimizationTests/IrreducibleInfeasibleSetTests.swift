import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct IrreducibleInfeasibleSetTests {
  /// Three caps of 0.3 cannot carry a budget of one; nothing else is to blame.
  private func portfolio() throws -> QuadraticProgram {
    try QuadraticProgram(
      quadratic: .diagonal([1, 1, 1]), lowerBounds: [0, 0, 0], upperBounds: [0.3, 0.3, 0.3],
      rows: [
        LinearRow("budget", coefficients: [1, 1, 1], lower: 1, upper: 1),
        LinearRow("stable", coefficients: [1, 0, 0], lower: 0.1),
      ], variableNames: ["BTC", "ETH", "USDC"])
  }

  private func proof(of program: QuadraticProgram) throws -> InfeasibilityProof {
    guard case .primalInfeasible(let proof) = try QuadraticSolver().solve(program).status else {
      throw OptimizationError.unknownName("no proof")
    }
    return proof
  }

  @Test func namesTheSidesThatClash() throws {
    let program = try portfolio()
    let set = try #require(program.irreducibleInfeasibleSet(from: proof(of: program)))
    #expect(
      set.bounds.map(\.description) == [
        "lower bound of budget", "upper bound of BTC", "upper bound of ETH", "upper bound of USDC",
      ])
    #expect(set.isIrreducibilityProved)
    #expect(set.bounds.map(\.value) == [1, 0.3, 0.3, 0.3])
    #expect(set == program.irreducibleInfeasibleSet())
  }

  @Test func contradictingRowsAreFoundAmongDuplicates() throws {
    let program = try QuadraticProgram(
      quadratic: .diagonal([0, 0]),
      rows: [
        LinearRow("a", coefficients: [1, 1], upper: 1),
        LinearRow("a again", coefficients: [1, 1], upper: 1),
        LinearRow("b", coefficients: [2, 2], lower: 3),
        LinearRow("b again", coefficients: [2, 2], lower: 2.5),
      ])
    let set = try #require(program.irreducibleInfeasibleSet())
    #expect(set.members.count == 2)
    #expect(set.isIrreducibilityProved)
  }

  @Test func aRowWithoutCoefficientsClashesAlone() throws {
    let program = try QuadraticProgram(
      quadratic: .diagonal([0]), rows: [LinearRow("nothing", coefficients: [0], lower: 1)])
    let set = try #require(program.irreducibleInfeasibleSet())
    #expect(set.bounds.map(\.description) == ["lower bound of nothing"])
    #expect(set.isIrreducibilityProved)
  }

  @Test func feasibleProgramsHaveNone() throws {
    for seed in 1...40 {
      let program = try RandomPrograms.feasible(seed: seed)
      #expect(program.irreducibleInfeasibleSet() == nil)
    }
    let impossible = try portfolio()
    let feasible = try RandomPrograms.feasible(seed: 5)
    #expect(feasible.irreducibleInfeasibleSet(from: try proof(of: impossible)) == nil)
  }

  /// The statement itself, member by member, by a second method: the set alone is infeasible, and
  /// the interior-point method solves it without any one member.
  @Test(arguments: ContradictionFamilies.Family.allCases)
  func eachMemberIsNeeded(family: ContradictionFamilies.Family) throws {
    for seed in 0..<SweepSize.of(12) {
      let program = try ContradictionFamilies.program(
        family, seed: seed, margin: seed % 2 == 0 ? 0.1 : 1e-3, objective: .definite, units: .one)
      let set = try #require(program.irreducibleInfeasibleSet(from: proof(of: program)))
      #expect(set.isIrreducibilityProved)
      let alone = try restricted(program, to: set.bounds)
      #expect(FarkasChecker.fault(of: set.proof.multipliers, in: alone) == nil)
      for member in set.members {
        let others = set.bounds.filter { $0 != member.bound }
        let rest = try restricted(program, to: others)
        let witness = try #require(member.witness)
        #expect(violation(of: rest, at: witness) <= 1e-12)
        let status = try QuadraticSolver().solve(rest).status
        #expect(status == .optimal || status == .almostOptimal, "\(family) \(seed) \(member.bound)")
      }
    }
  }

  @Test(arguments: ContradictionFamilies.Family.allCases)
  func holdsInAnyUnits(family: ContradictionFamilies.Family) throws {
    for seed in 0..<SweepSize.of(40) {
      var generator = SeededGenerator(seed: UInt64(seed) &+ 5)
      let margin = ContradictionFamilies.margins[Int(generator.next() % 7)]
      let program = try ContradictionFamilies.program(
        family, seed: seed, margin: margin, objective: .zero, units: .both)
      let set = try #require(program.irreducibleInfeasibleSet(), "\(family) \(seed) \(margin)")
      #expect(set.isIrreducibilityProved, "\(family) \(seed) \(margin)")
    }
  }

  @Test func aPassedDeadlineLeavesTheProof() throws {
    let program = try portfolio()
    let proof = try proof(of: program)
    var settings = QuadraticSolver.Settings()
    settings.deadline = ContinuousClock.now
    let set = try #require(program.irreducibleInfeasibleSet(from: proof, settings: settings))
    #expect(!set.isIrreducibilityProved)
    #expect(set.proof == proof)
    #expect(program.irreducibleInfeasibleSet(settings: settings) == nil)
  }

  @Test(arguments: hostileNumbers)
  func hostileNumbersEndQuickly(number: Double) throws {
    for place in 0..<4 {
      guard
        let program = try? QuadraticProgram(
          quadratic: .diagonal([0, 0]), lowerBounds: [place == 0 ? number : 0, 0],
          upperBounds: [1, place == 1 ? number : 1],
          rows: [
            LinearRow(
              "row", coefficients: [1, place == 2 ? number : 1], lower: place == 3 ? number : 3)
          ])
      else { continue }
      if let set = program.irreducibleInfeasibleSet() { #expect(set.proof.contradiction > 0) }
      let relaxation = try program.cheapestRelaxation()
      if relaxation.status == .optimal { #expect(relaxation.violation <= 1e-12) }
    }
  }

  @Test func emptyProgramsHaveNone() throws {
    let program = try QuadraticProgram(quadratic: .diagonal([]))
    #expect(program.irreducibleInfeasibleSet() == nil)
    #expect(program.constraintBounds.isEmpty)
    #expect(try program.cheapestRelaxation().cost == 0)
  }

  // MARK: - Independent of the library

  private func restricted(
    _ program: QuadraticProgram,
    to bounds: [ConstraintBound]
  ) throws -> QuadraticProgram {
    let kept = Set(bounds)
    func value(_ target: ConstraintBound.Target, _ side: ConstraintBound.Side) -> Double {
      kept.first { $0.target == target && $0.side == side }?.value
        ?? (side == .lower ? -.infinity : .infinity)
    }
    let n = program.variableCount
    return try QuadraticProgram(
      quadratic: .diagonal([Double](repeating: 1, count: n)),
      lowerBounds: (0..<n).map { value(.variable($0), .lower) },
      upperBounds: (0..<n).map { value(.variable($0), .upper) },
      rows: program.rows.indices.map { k in
        LinearRow(
          program.rows[k].name, indices: program.rows[k].indices,
          coefficients: program.rows[k].coefficients, lower: value(.row(k), .lower),
          upper: value(.row(k), .upper))
      })
  }

  /// The largest violation relative to its terms.
  private func violation(of program: QuadraticProgram, at x: [Double]) -> Double {
    var worst = 0.0
    func add(_ value: Double, _ lower: Double, _ upper: Double, _ terms: Double) {
      for missing in [lower - value, value - upper] where missing > 0 {
        worst = max(worst, missing / (terms + (missing == lower - value ? lower : upper).magnitude))
      }
    }
    for row in program.rows {
      let terms = zip(row.indices, row.coefficients).reduce(0) { $0 + ($1.1 * x[$1.0]).magnitude }
      add(row.value(at: x), row.lower, row.upper, terms)
    }
    let largest = x.reduce(0) { max($0, $1.magnitude) }
    for i in x.indices { add(x[i], program.lowerBounds[i], program.upperBounds[i], largest) }
    return worst
  }
}

import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct BranchAndBoundTests {
  private static let kinds = RandomIntegerPrograms.Kind.allCases

  /// Variables for which an enumeration in debug takes tens of milliseconds.
  private static func smallCount(_ kind: RandomIntegerPrograms.Kind, _ seed: Int) -> Int {
    switch kind {
    case .lots: 4 + seed % 2
    case .everything: 5 + seed % 2
    case .references, .longShort, .singular: 5 + seed % 3
    default: 6 + seed % 3
    }
  }

  private func solver(
    relativeGap: Double = 1e-9,
    nodeLimit: Int = 100_000
  ) -> BranchAndBound {
    var settings = BranchAndBound.Settings()
    settings.relativeGap = relativeGap
    settings.nodeLimit = nodeLimit
    return BranchAndBound(settings: settings)
  }

  /// Everything that a result promises about itself.
  private func check(_ solution: MixedIntegerSolution, of problem: MixedIntegerProgram) throws {
    guard let value = solution.value else {
      #expect(solution.objective == .infinity && solution.certificate == nil)
      return
    }
    #expect(try problem.firstViolation(at: value) == nil)
    #expect(solution.objective == problem.objective(at: value))
    #expect(solution.fixedCost == problem.fixedCost(at: value))
    #expect(solution.lowerBound <= solution.objective)
    #expect(solution.certificate?.holds(Certificate.optimalTolerances) == true)
    for lot in problem.lots {
      let x = value[lot.variable]
      #expect((x / lot.size).rounded() * lot.size == x)
    }
    for limit in problem.cardinalities {
      let count = limit.variables.count { value[$0] != 0 }
      #expect(count <= limit.atMost && count >= limit.atLeast)
    }
  }

  @Test(arguments: kinds, 1...6)
  func equalsEnumeration(kind: RandomIntegerPrograms.Kind, seed: Int) throws {
    let problem = try RandomIntegerPrograms.program(
      kind, seed: seed, count: Self.smallCount(kind, seed))
    let enumeration = try IntegerEnumeration(problem)
    let solution = try solver().solve(problem)
    try check(solution, of: problem)
    if enumeration.best == .infinity {
      #expect(solution.status == .infeasible(relaxation: nil))
      #expect(solution.value == nil && solution.lowerBound == .infinity)
      return
    }
    #expect(solution.status == .optimal)
    expectClose(solution.objective, enumeration.best, relative: 2e-9, absolute: 1e-12)
    #expect(solution.lowerBound <= enumeration.best + 1e-14)
    #expect(solution.relativeGap <= 1e-9)
  }

  #if !DEBUG
    @Test(arguments: kinds, 11...13)
    func equalsEnumerationOfManyVariables(kind: RandomIntegerPrograms.Kind, seed: Int) throws {
      let count =
        switch kind {
        case .lots: 6
        case .everything: 9
        case .singular: 9
        default: 16
        }
      let problem = try RandomIntegerPrograms.program(kind, seed: seed, count: count)
      let enumeration = try IntegerEnumeration(problem)
      let solution = try solver().solve(problem)
      try check(solution, of: problem)
      #expect(solution.status == .optimal)
      expectClose(solution.objective, enumeration.best, relative: 2e-9, absolute: 1e-12)
      #expect(solution.lowerBound <= enumeration.best + 1e-14)
    }
  #endif

  /// Lots so coarse that each of sixteen variables is zero or one lot.
  @Test(arguments: 1...4)
  func coarseLotsEqualEnumeration(seed: Int) throws {
    let n = 16
    var generator = SeededGenerator(seed: UInt64(seed))
    let problem = try MixedIntegerProgram(
      QuadraticProgram(
        quadratic: .dense(
          RandomPrograms.semidefinite(order: n, rank: n + 4, using: &generator)),
        linear: (0..<n).map { _ in 0.3 * generator.gaussian() },
        lowerBounds: [Double](repeating: 0, count: n),
        upperBounds: [Double](repeating: 0.4, count: n),
        rows: [
          LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 0.7, upper: 1)
        ]),
      lots: (0..<n).map { Lot(variable: $0, size: 0.25) })
    let solution = try solver().solve(problem)
    try check(solution, of: problem)
    #expect(solution.status == .optimal)
    // Three or four lots: all other sums miss the budget.
    let best = problem.bestOfSets(of: 0.25, counts: 3...4)
    expectClose(solution.objective, best, relative: 2e-9, absolute: 1e-12)
    #expect(solution.lowerBound <= best + 1e-14)
  }

  @Test(arguments: kinds)
  func everyStopHasAValidBound(kind: RandomIntegerPrograms.Kind) throws {
    for seed in 21...22 {
      let problem = try RandomIntegerPrograms.program(
        kind, seed: seed, count: Self.smallCount(kind, seed))
      let best = try IntegerEnumeration(problem).best
      var previous = -Double.infinity
      for limit in [0, 1, 2, 3, 5, 9] {
        let solution = try solver(nodeLimit: limit).solve(problem)
        try check(solution, of: problem)
        #expect(solution.nodeCount <= limit)
        #expect(solution.lowerBound <= best + 1e-14)
        #expect(solution.objective >= best - 1e-12)
        #expect(solution.lowerBound >= previous)
        previous = solution.lowerBound
        if solution.status == .nodeLimit { continue }
        #expect(solution.status == .optimal || best == .infinity)
      }
    }
  }

  @Test func theAskedGapIsEnough() throws {
    for seed in 1...6 {
      let problem = try RandomIntegerPrograms.program(.cardinality, seed: seed, count: 14)
      let tight = try solver().solve(problem)
      for gap in [0.3, 0.05, 1e-3] {
        let loose = try solver(relativeGap: gap).solve(problem)
        try check(loose, of: problem)
        #expect(loose.status == .optimal && loose.relativeGap <= gap)
        #expect(loose.lowerBound <= tight.objective && loose.objective >= tight.lowerBound)
      }
      var settings = BranchAndBound.Settings()
      settings.relativeGap = 0
      settings.absoluteGap = 0.01
      let absolute = try BranchAndBound(settings: settings).solve(problem)
      #expect(absolute.status == .optimal && absolute.absoluteGap <= 0.01)
    }
  }

  @Test func theObjectiveDoesNotDependOnTheOrder() throws {
    for seed in 1...6 {
      let n = 12
      let problem = try RandomIntegerPrograms.program(.everything, seed: seed, count: n)
      var generator = SeededGenerator(seed: UInt64(seed))
      let order = Array(0..<n).shuffled(using: &generator)
      let place = order.indices.map { i in order.firstIndex(of: i) ?? 0 }
      guard case .dense(let matrix) = problem.program.quadratic else { continue }
      var permuted = matrix
      for i in 0..<n {
        for j in 0...i { permuted[i, j] = matrix[order[i], order[j]] }
      }
      let program = problem.program
      let other = try MixedIntegerProgram(
        QuadraticProgram(
          quadratic: .dense(permuted), linear: order.map { program.linear[$0] },
          lowerBounds: order.map { program.lowerBounds[$0] },
          upperBounds: order.map { program.upperBounds[$0] }, rows: program.rows),
        cardinalities: problem.cardinalities.map {
          CardinalityLimit(
            $0.name, variables: $0.variables.map { place[$0] }, atLeast: $0.atLeast,
            atMost: $0.atMost)
        },
        minimumPositions: problem.minimumPositions.map {
          MinimumPosition(
            variable: place[$0.variable], minimum: $0.minimum, maximum: $0.maximum,
            shortMinimum: $0.shortMinimum, shortMaximum: $0.shortMaximum)
        },
        lots: problem.lots.map { Lot(variable: place[$0.variable], size: $0.size) },
        fixedCosts: problem.fixedCosts.map {
          FixedCost(variable: place[$0.variable], cost: $0.cost, reference: $0.reference)
        })
      let first = try solver().solve(problem)
      let second = try solver().solve(other)
      #expect(first.status == .optimal && second.status == .optimal)
      expectClose(first.objective, second.objective, relative: 2e-9)
      // The same input gives the same bits.
      #expect(try solver().solve(problem) == first)
    }
  }

  @Test func knownAnswers() throws {
    // Equal variances: any K names at equal weights; the variance is 1/K.
    let n = 9
    let program = try QuadraticProgram(
      quadratic: .diagonal([Double](repeating: 2, count: n)),
      lowerBounds: [Double](repeating: 0, count: n),
      rows: [
        LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)
      ])
    for k in 1...n {
      let solution = try solver().solve(
        MixedIntegerProgram(
          program,
          cardinalities: [CardinalityLimit("names", variables: Array(0..<n), atMost: k)]))
      #expect(solution.status == .optimal)
      expectClose(solution.objective, 1 / Double(k), relative: 1e-12)
    }
    // Three lots of 0.3 and a budget of one: an equation cannot hold, a range can.
    let lots = (0..<n).map { Lot(variable: $0, size: 0.3) }
    let equation = try solver().solve(MixedIntegerProgram(program, lots: lots))
    #expect(equation.status == .infeasible(relaxation: nil))
    let range = try QuadraticProgram(
      quadratic: program.quadratic, lowerBounds: program.lowerBounds,
      rows: [
        LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 0.85, upper: 1)
      ])
    let solution = try solver().solve(MixedIntegerProgram(range, lots: lots))
    #expect(solution.status == .optimal)
    expectClose(solution.objective, 3 * 0.09, relative: 1e-12)
  }

  @Test func staysAtTheReferenceWhenMovingCostsTooMuch() throws {
    let program = try QuadraticProgram(
      quadratic: .dense(SymmetricMatrix(rows: [[0.04, 0.01], [0.01, 0.09]])),
      lowerBounds: [0, 0],
      rows: [LinearRow("budget", coefficients: [1, 1], lower: 1, upper: 1)])
    func solution(_ cost: Double) throws -> MixedIntegerSolution {
      try solver().solve(
        MixedIntegerProgram(
          program,
          fixedCosts: (0..<2).map { FixedCost(variable: $0, cost: cost, reference: 0.5) }))
    }
    #expect(try solution(1).value == [0.5, 0.5])
    #expect(try solution(1).fixedCost == 0)
    // Minimum variance: 8/11 and 3/11 save 1/2 (0.0375 − 0.031818) beside two costs.
    let moved = try solution(1e-4)
    expectClose(moved.value?.first ?? .nan, 8.0 / 11, relative: 1e-12)
    #expect(moved.fixedCost == 2e-4)
  }

  @Test func deadlineAndCancellation() async throws {
    let problem = try RandomIntegerPrograms.program(.cardinality, seed: 3, count: 12)
    var settings = BranchAndBound.Settings()
    settings.deadline = ContinuousClock.now - .seconds(1)
    let late = try BranchAndBound(settings: settings).solve(problem)
    #expect(late.status == .deadlineExceeded && late.lowerBound == -.infinity)
    #expect(late.value == nil && late.relativeGap == .infinity)
    let task = Task {
      try? await Task.sleep(for: .seconds(60))
      return try BranchAndBound().solve(problem).status
    }
    task.cancel()
    #expect(try await task.value == .cancelled)
  }
}

extension MixedIntegerProgram {
  /// The least objective where so many variables are one number and the others zero.
  fileprivate func bestOfSets(of size: Double, counts: ClosedRange<Int>) -> Double {
    var best = Double.infinity
    for set in 0..<(1 << program.variableCount) where counts.contains(set.nonzeroBitCount) {
      let x = (0..<program.variableCount).map { set >> $0 & 1 == 1 ? size : 0 }
      best = min(best, program.objective(at: x))
    }
    return best
  }
}

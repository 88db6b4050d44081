import CKeelAllocationCounter
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct IntegerWorkspaceTests {
  #if DEBUG
    /// What allocates nothing is optimized code.
    static let isOptimized = false
  #else
    static let isOptimized = true
  #endif

  private static func load(
    _ problem: MixedIntegerProgram,
    into workspace: inout IntegerWorkspace
  ) throws {
    let program = problem.program
    try workspace.setQuadratic(program.quadratic, convexity: program.convexity)
    try workspace.setLinear(array: program.linear)
    try workspace.setBounds(lower: program.lowerBounds, upper: program.upperBounds)
    for (k, row) in program.rows.enumerated() {
      try workspace.setRow(k, lower: row.lower, upper: row.upper)
    }
  }

  /// Whatever was solved before, an answer is the solver's, to the last bit.
  @Test(arguments: RandomIntegerPrograms.Kind.allCases, 1...4)
  func answersAreTheSolvers(kind: RandomIntegerPrograms.Kind, seed: Int) throws {
    let first = try RandomIntegerPrograms.program(kind, seed: seed, count: 7)
    let program = first.program
    var generator = SeededGenerator(seed: UInt64(seed))
    // Another linear objective and narrower bounds under the same conditions.
    let other = try MixedIntegerProgram(
      QuadraticProgram(
        quadratic: program.quadratic.multiplied(by: 2),
        linear: program.linear.map { $0 + 0.1 * generator.gaussian() },
        lowerBounds: program.lowerBounds, upperBounds: program.upperBounds.map { $0 * 0.9 },
        rows: program.rows, convexity: program.convexity),
      cardinalities: first.cardinalities, minimumPositions: first.minimumPositions,
      lots: first.lots, fixedCosts: first.fixedCosts)
    var settings = BranchAndBound.Settings()
    settings.nodeLimit = 300
    let solver = BranchAndBound(settings: settings)
    var workspace = IntegerWorkspace(first, settings: settings)
    for (k, problem) in [first, other, first, first].enumerated() {
      let before = keel_allocation_count()
      try Self.load(problem, into: &workspace)
      let count = keel_allocation_count() - before
      // The first two take the memory that nobody shares.
      if k > 1 && Self.isOptimized { #expect(count == 0) }
      _ = try workspace.solve()
      #expect(workspace.solution == (try solver.solve(problem)))
    }
  }

  /// Lots of which the first bounds hold too many to be a condition, and the next ones a few.
  @Test func boundsMakeLotsConditions() throws {
    let problems = try [1e20, 0.6].map { upper in
      try MixedIntegerProgram(
        QuadraticProgram(
          quadratic: .diagonal([1, 2, 3]), linear: [-0.4, -0.5, -0.6],
          lowerBounds: [0, 0, 0], upperBounds: [upper, upper, upper],
          rows: [LinearRow("budget", coefficients: [1, 1, 1], lower: 0.31, upper: 0.44)]),
        lots: (0..<3).map { Lot(variable: $0, size: 0.15) })
    }
    var workspace = IntegerWorkspace(problems[0])
    for problem in problems + problems {
      try Self.load(problem, into: &workspace)
      _ = try workspace.solve()
      #expect(workspace.solution == (try BranchAndBound().solve(problem)))
    }
    #expect(workspace.status == .infeasible(relaxation: nil))
  }

  /// Long-only minimum variance with a utility, correlated by some factors.
  private static func portfolio(
    seed: Int,
    costs: (Int) -> [FixedCost] = { _ in [] },
    conditions: (Int) throws -> ([CardinalityLimit], [MinimumPosition], [Lot])
  ) throws -> MixedIntegerProgram {
    let n = 20
    var generator = SeededGenerator(seed: UInt64(seed))
    let market = (0..<n).map { _ in generator.uniform(0.5...1.5) }
    let others = (0..<n).map { _ in (0..<5).map { _ in generator.gaussian() } }
    var matrix = try SymmetricMatrix(order: n)
    for i in 0..<n {
      for j in 0...i {
        let product = zip(others[i], others[j]).reduce(0) { $0 + $1.0 * $1.1 }
        matrix[i, j] = 0.02 * market[i] * market[j] + 0.004 * product
      }
      matrix[i, i] += generator.uniform(0.01...0.1)
    }
    let (limits, positions, lots) = try conditions(n)
    return try MixedIntegerProgram(
      QuadraticProgram(
        quadratic: .dense(matrix), linear: (0..<n).map { _ in -generator.uniform(0...0.03) },
        lowerBounds: [Double](repeating: 0, count: n),
        upperBounds: [Double](repeating: 0.4, count: n),
        rows: [
          LinearRow(
            "budget", coefficients: [Double](repeating: 1, count: n), lower: 0.97, upper: 1)
        ]),
      cardinalities: limits, minimumPositions: positions, lots: lots, fixedCosts: costs(n))
  }

  private static func requireNoMemory(_ problems: [MixedIntegerProgram]) throws {
    var workspace = IntegerWorkspace(problems[0])
    var nodeCount = 0
    for pass in 0..<2 {
      for problem in problems {
        let before = keel_allocation_count()
        try load(problem, into: &workspace)
        let status = try workspace.solve()
        let count = keel_allocation_count() - before
        #expect(status == .optimal)
        nodeCount += workspace.nodeCount
        if pass > 0 && isOptimized { #expect(count == 0) }
        #expect(workspace.solution == (try BranchAndBound().solve(problem)))
      }
    }
    #expect(nodeCount > 4 * problems.count)
  }

  /// Every kind of random program, with the exchanges, empty nodes and singular terms that come along.
  @Test(arguments: RandomIntegerPrograms.Kind.allCases)
  func noKindTakesMemory(kind: RandomIntegerPrograms.Kind) throws {
    var settings = BranchAndBound.Settings()
    settings.nodeLimit = 300
    for seed in 1...SweepSize.of(12) {
      let problem = try RandomIntegerPrograms.program(kind, seed: seed, count: 7)
      var workspace = IntegerWorkspace(problem, settings: settings)
      var count = keel_allocation_count()
      for _ in 0..<3 {
        try Self.load(problem, into: &workspace)
        count = keel_allocation_count()
        let status = try workspace.solve()
        count = keel_allocation_count() - count
        if case .infeasible = status { count = 0 }
      }
      if Self.isOptimized { #expect(count == 0, "\(kind) \(seed)") }
    }
  }

  @Test func countsTakeNoMemory() throws {
    try Self.requireNoMemory(
      (1...4).map { seed in
        try Self.portfolio(seed: seed) { n in
          ([CardinalityLimit("names", variables: Array(0..<n), atMost: 6)], [], [])
        }
      })
  }

  @Test func minimumPositionsTakeNoMemory() throws {
    try Self.requireNoMemory(
      (1...4).map { seed in
        try Self.portfolio(seed: seed) { n in
          (
            [CardinalityLimit("names", variables: Array(0..<n), atMost: 8)],
            (0..<n).map { MinimumPosition(variable: $0, minimum: 0.08) }, []
          )
        }
      })
  }

  @Test func lotsTakeNoMemory() throws {
    try Self.requireNoMemory(
      (1...2).map { seed in
        try Self.portfolio(seed: seed) { n in
          ([], [], (0..<n).map { Lot(variable: $0, size: 0.02 + 0.001 * Double($0 % 3)) })
        }
      })
  }

  @Test func fixedCostsTakeNoMemory() throws {
    try Self.requireNoMemory(
      (1...4).map { try RandomIntegerPrograms.program(.references, seed: $0, count: 12) })
  }

  @Test func combinedConditionsTakeNoMemory() throws {
    try Self.requireNoMemory(
      (1...3).map { seed in
        try Self.portfolio(
          seed: seed,
          costs: { n in
            (0..<n).map {
              FixedCost(variable: $0, cost: 0.0005, reference: $0 % 4 == 0 ? 0.12 : 0)
            }
          }
        ) { n in
          (
            [
              CardinalityLimit("names", variables: Array(0..<n), atMost: 7),
              CardinalityLimit("group", variables: (0..<n).filter { $0 % 2 == 0 }, atMost: 4),
            ], (0..<n).filter { $0 % 3 == 0 }.map { MinimumPosition(variable: $0, minimum: 0.06) },
            (0..<n).filter { $0 % 5 == 1 }.map { Lot(variable: $0, size: 0.05) }
          )
        }
      })
  }

  #if DEBUG
    static let longShortSizes = [(count: 20, names: 6)]
  #else
    static let longShortSizes = [
      (count: 20, names: 4), (count: 20, names: 6), (count: 30, names: 4), (count: 40, names: 4),
    ]
  #endif

  /// Where the gap of the root is wide, better diagonals are sought and names exchanged.
  @Test func wideGapsTakeNoMemory() throws {
    for size in Self.longShortSizes {
      try Self.requireNoMemory(
        (1...3).map { seed in
          try CurvatureImprovementTests.program(seed: seed, count: size.count, names: size.names)
        })
    }
  }

  @Test func badNumbersChangeNothing() throws {
    let problem = try Self.portfolio(seed: 1) { n in
      ([CardinalityLimit("names", variables: Array(0..<n), atMost: 6)], [], [])
    }
    var workspace = IntegerWorkspace(problem)
    #expect(workspace.objective == .infinity)
    #expect(throws: OptimizationError.self) { try workspace.setLinear(array: [1]) }
    #expect(throws: OptimizationError.self) {
      try workspace.setLinear(array: [Double](repeating: .nan, count: 20))
    }
    #expect(throws: OptimizationError.self) { try workspace.setBounds(lower: [0], upper: [1]) }
    #expect(throws: OptimizationError.self) { try workspace.setRow(0, lower: 2, upper: 1) }
    #expect(throws: OptimizationError.self) { try workspace.setQuadratic(.diagonal([1])) }
    #expect(throws: OptimizationError.self) {
      try workspace.setQuadratic(.diagonal([Double](repeating: -1, count: 20)))
    }
    workspace.settings.relativeGap = -1
    #expect(throws: OptimizationError.self) { try workspace.solve() }
    workspace.settings.relativeGap = 1e-6
    _ = try workspace.solve()
    #expect(workspace.solution == (try BranchAndBound().solve(problem)))
  }
}

extension IntegerWorkspace {
  fileprivate mutating func setLinear(array: [Double]) throws { try setLinear(array.span) }

  fileprivate mutating func setBounds(lower: [Double], upper: [Double]) throws {
    try setBounds(lower: lower.span, upper: upper.span)
  }
}

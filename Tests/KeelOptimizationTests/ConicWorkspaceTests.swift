import CKeelAllocationCounter
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct ConicWorkspaceTests {
  #if DEBUG
    /// What allocates nothing is optimized code.
    static let isOptimized = false
    static let seeds = 1...12
  #else
    static let isOptimized = true
    static let seeds = 1...60
  #endif

  /// Replaces every number of a workspace by those of another program of the same structure.
  private static func load(
    _ program: ConicProgram,
    into workspace: inout ConicWorkspace
  ) throws {
    try workspace.setQuadratic(program.quadratic)
    try workspace.setLinear(array: program.linear)
    for (k, block) in program.constraints.enumerated() {
      try workspace.setConstants(k, array: block.expressions.map(\.constant))
      for (r, expression) in block.expressions.enumerated() {
        try workspace.setCoefficients(k, r, array: expression.coefficients)
      }
    }
  }

  /// Whatever was solved before, an answer is the solver's, to the last bit.
  @Test(arguments: RandomConicPrograms.Family.allCases, seeds)
  func answersAreTheSolvers(_ family: RandomConicPrograms.Family, seed: Int) throws {
    // Twelve seeds on, the structure is the same where the cones do not depend on chance.
    let first = try RandomConicPrograms.solved(family, seed: seed).program
    let other = try RandomConicPrograms.solved(family, seed: seed + 12).program
    var workspace = ConicWorkspace(first)
    _ = try workspace.solve()
    #expect(workspace.solution == (try ConicSolver().solve(first)))
    let isSameStructure =
      first.constraints.map(\.cone) == other.constraints.map(\.cone)
      && first.constraints.map(\.expressions.count) == other.constraints.map(\.expressions.count)
    guard isSameStructure else { return }
    try Self.load(other, into: &workspace)
    _ = try workspace.solve()
    #expect(workspace.solution == (try ConicSolver().solve(other)))
    try Self.load(first, into: &workspace)
    _ = try workspace.solve()
    #expect(workspace.solution == (try ConicSolver().solve(first)))
  }

  /// Mean, volatility and the cost of trades to the power 3/2: second-order and power cones,
  /// equations and bounds.
  private static func portfolio(seed: UInt64) throws -> ConicProgram {
    let n = 20
    var generator = SeededGenerator(seed: seed)
    let root = (0..<n).map { i in
      AffineExpression(
        indices: Array(0...i),
        coefficients: (0...i).map { j in
          i == j ? generator.uniform(0.15...0.4) : generator.uniform(-0.05...0.1)
        })
    }
    let trades = (0..<n).map { i in
      ConicConstraint.threeHalvesPower(
        "trade \(i)", of: AffineExpression(variable: i, constant: -1 / Double(n)),
        atMost: AffineExpression(variable: n + i))
    }
    return try ConicProgram(
      linear: (0..<n).map { _ in -generator.uniform(0.01...0.1) }
        + [Double](repeating: 0.05, count: n),
      constraints: [
        ConicConstraint(
          LinearRow(
            "budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)),
        .bounds("long only", lower: [Double](repeating: 0, count: n)),
        .norm("volatility", of: root, atMost: AffineExpression(constant: 0.2)),
      ] + trades)
  }

  @Test func laterSolvesTakeNoMemory() throws {
    let programs = try (1...6).map { try Self.portfolio(seed: UInt64($0)) }
    var workspace = ConicWorkspace(programs[0])
    for pass in 0..<2 {
      for program in programs {
        try Self.load(program, into: &workspace)
        let before = keel_allocation_count()
        let status = try workspace.solve()
        let count = keel_allocation_count() - before
        #expect(status == .optimal)
        if pass > 0 && Self.isOptimized { #expect(count == 0) }
        #expect(workspace.solution == (try ConicSolver().solve(program)))
      }
    }
  }

  /// The growth of a portfolio over scenarios: exponential cones whose rows touch most variables.
  @Test func exponentialConesTakeNoMemory() throws {
    let n = 12
    var generator = SeededGenerator(seed: 5)
    func program() throws -> ConicProgram {
      let growth = (0..<30).map { t in
        ConicConstraint.logarithm(
          "scenario \(t)",
          of: AffineExpression(
            indices: Array(0..<n),
            coefficients: (0..<n).map { _ in 0.002 + 0.03 * generator.gaussian() }, constant: 1),
          atLeast: AffineExpression(variable: n + t))
      }
      return try ConicProgram(
        linear: [Double](repeating: 0, count: n) + [Double](repeating: -1 / 30, count: 30),
        constraints: [
          ConicConstraint(
            LinearRow(
              "budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)),
          .bounds("long only", lower: [Double](repeating: 0, count: n)),
        ] + growth)
    }
    let programs = try (0..<4).map { _ in try program() }
    var workspace = ConicWorkspace(programs[0])
    for pass in 0..<2 {
      for program in programs {
        try Self.load(program, into: &workspace)
        let before = keel_allocation_count()
        let status = try workspace.solve()
        let count = keel_allocation_count() - before
        #expect(status == .optimal)
        if pass > 0 && Self.isOptimized { #expect(count == 0) }
      }
    }
  }

  /// Solves the present program once more and counts.
  private static func allocationsOfASolve(_ workspace: inout ConicWorkspace) throws -> UInt {
    let before = keel_allocation_count()
    _ = try workspace.solve()
    return UInt(keel_allocation_count() - before)
  }

  /// Whether two answers are the same but for rounding: LAPACK's last digits may depend on where its operands lie.
  private static func agree(_ left: ConicSolution, _ right: ConicSolution) -> Bool {
    func close(_ a: [Double], _ b: [Double]) -> Bool {
      let size = b.reduce(0) { max($0, $1.magnitude) }
      return a.count == b.count && zip(a, b).allSatisfy { ($0 - $1).magnitude <= 1e-6 * size }
    }
    switch (left.status, right.status) {
    case (.primalInfeasible(let a), .primalInfeasible(let b)):
      return a.constraints == b.constraints
        && close(a.multipliers.blocks.flatMap { $0 }, b.multipliers.blocks.flatMap { $0 })
    case (.unbounded(let a), .unbounded(let b)): return close(a.direction, b.direction)
    default: return left.status == right.status && close(left.value, right.value)
    }
  }

  /// A program once more takes no memory, whatever the first solve took: semidefinite blocks, proofs.
  private static func checkSolvedAgain(_ program: ConicProgram, _ label: String) throws {
    var workspace = ConicWorkspace(program)
    _ = try workspace.solve()
    // Descriptions are exact, and equal where both hold NaN.
    let first = "\(workspace.solution)"
    #expect(agree(workspace.solution, try ConicSolver().solve(program)), "\(label)")
    for _ in 0..<2 {
      let count = try allocationsOfASolve(&workspace)
      if isOptimized { #expect(count == 0, "\(label)") }
      #expect("\(workspace.solution)" == first, "\(label)")
    }
  }

  @Test(arguments: RandomConicPrograms.Family.allCases)
  func solvedAgainTakesNoMemory(_ family: RandomConicPrograms.Family) throws {
    for seed in Self.seeds {
      try Self.checkSolvedAgain(
        try RandomConicPrograms.solved(family, seed: seed).program, "seed \(seed)")
    }
  }

  @Test func changedSemidefiniteProgramsTakeNoMemory() throws {
    for seed in Self.seeds {
      // Twelve seeds on, the structure is the same.
      let programs = try [seed, seed + 12].map {
        try RandomConicPrograms.solved(.semidefinite, seed: $0).program
      }
      var workspace = ConicWorkspace(programs[0])
      for pass in 0..<2 {
        for program in programs {
          try Self.load(program, into: &workspace)
          let count = try Self.allocationsOfASolve(&workspace)
          if pass > 0 && Self.isOptimized { #expect(count == 0, "seed \(seed)") }
          let solution = workspace.solution
          #expect(Self.agree(solution, try ConicSolver().solve(program)), "seed \(seed)")
        }
      }
    }
  }

  @Test(arguments: RandomConicPrograms.Family.allCases)
  func provedInfeasibleAgainTakesNoMemory(_ family: RandomConicPrograms.Family) throws {
    for seed in Self.seeds {
      try Self.checkSolvedAgain(
        try RandomConicPrograms.infeasible(family, seed: seed), "seed \(seed)")
    }
  }

  @Test(arguments: RandomConicPrograms.Family.allCases)
  func provedUnboundedAgainTakesNoMemory(_ family: RandomConicPrograms.Family) throws {
    for seed in Self.seeds {
      try Self.checkSolvedAgain(
        try RandomConicPrograms.unbounded(family, seed: seed), "seed \(seed)")
    }
  }

  /// Numbers near the ends of the range, with which the second linear system may take over.
  @Test(arguments: hostileNumbers)
  func hostileNumbersTakeNoMemory(number: Double) throws {
    for (k, program) in ConicHostileTests.programs(with: number).enumerated() {
      var workspace = ConicWorkspace(program)
      guard (try? workspace.solve()) != nil else { continue }
      for _ in 0..<3 {
        let count = try Self.allocationsOfASolve(&workspace)
        if Self.isOptimized { #expect(count == 0, "program \(k)") }
      }
    }
  }

  @Test func infeasibleAndBack() throws {
    let program = try ConicProgram(
      linear: [1, 0],
      constraints: [
        ConicConstraint(
          "cone", in: .secondOrder,
          [AffineExpression(variable: 0), AffineExpression(variable: 1, constant: -1)]),
        ConicConstraint(
          "least", in: .nonnegative, [AffineExpression(variable: 1, constant: -2)]),
        ConicConstraint(
          "most", in: .nonnegative, [AffineExpression(variable: 0, coefficient: -1, constant: 5)]),
      ])
    var workspace = ConicWorkspace(program)
    #expect(workspace.certificate.primalObjective.isNaN)
    #expect(try workspace.solve() == .optimal)
    try workspace.setConstants(1, array: [-10])
    guard case .primalInfeasible = try workspace.solve() else {
      Issue.record("\(workspace.status)")
      return
    }
    try workspace.setConstants(1, array: [-2])
    #expect(try workspace.solve() == .optimal)
    #expect(workspace.solution == (try ConicSolver().solve(program)))
    expectClose(workspace.certificate.primalObjective, 1, relative: 1e-9)
  }

  @Test func badNumbersChangeNothing() throws {
    let program = try Self.portfolio(seed: 1)
    var workspace = ConicWorkspace(program)
    #expect(throws: OptimizationError.self) { try workspace.setLinear(array: [1]) }
    #expect(throws: OptimizationError.self) {
      try workspace.setLinear(array: [Double](repeating: .nan, count: 40))
    }
    #expect(throws: OptimizationError.self) { try workspace.setConstants(0, array: []) }
    #expect(throws: OptimizationError.self) { try workspace.setConstants(0, array: [.infinity]) }
    #expect(throws: OptimizationError.self) { try workspace.setCoefficients(0, 0, array: [1]) }
    #expect(throws: OptimizationError.self) {
      try workspace.setCoefficients(0, 0, array: [Double](repeating: .nan, count: 20))
    }
    #expect(throws: OptimizationError.self) { try workspace.setQuadratic(.diagonal([1])) }
    #expect(throws: OptimizationError.self) {
      try workspace.setQuadratic(.diagonal([Double](repeating: -1, count: 40)))
    }
    _ = try workspace.solve()
    #expect(workspace.solution == (try ConicSolver().solve(program)))
  }
}

extension ConicWorkspace {
  fileprivate mutating func setLinear(array: [Double]) throws { try setLinear(array.span) }

  fileprivate mutating func setConstants(_ block: Int, array: [Double]) throws {
    try setConstants(ofBlock: block, to: array.span)
  }

  fileprivate mutating func setCoefficients(_ block: Int, _ row: Int, array: [Double]) throws {
    try setCoefficients(ofBlock: block, row: row, to: array.span)
  }
}

import CKeelAllocationCounter
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

extension QuadraticWorkspace {
  fileprivate mutating func setLinear(array: [Double]) throws { try setLinear(array.span) }

  fileprivate mutating func setBounds(lowest: [Double], highest: [Double]) throws {
    try setBounds(lower: lowest.span, upper: highest.span)
  }

  /// Takes the numbers of a program.
  fileprivate mutating func load(_ program: QuadraticProgram) throws {
    try setQuadratic(program.quadratic, convexity: program.convexity)
    try setLinear(array: program.linear)
    try setBounds(lowest: program.lowerBounds, highest: program.upperBounds)
    for (k, row) in program.rows.enumerated() {
      try setRow(k, lower: row.lower, upper: row.upper)
    }
  }

  fileprivate var counts: [Int] {
    [withVariables { $0.count }, withDuals { y, _ in y.count }, withDuals { _, z in z.count }]
  }
}

@Suite struct QuadraticWorkspaceTests {
  /// A covariance that drifts from one call to the next.
  private func covariance(_ step: Int, count n: Int) throws -> SymmetricMatrix {
    var generator = SeededGenerator(seed: 77)
    let base = try RandomPrograms.semidefinite(order: n, rank: n + 5, using: &generator)
    let other = try RandomPrograms.semidefinite(order: n, rank: n + 5, using: &generator)
    var result = base
    let share = Double(step) / 40
    for i in 0..<n {
      for j in 0...i { result[i, j] = base[i, j] * (1 - share) + other[i, j] * share }
    }
    return result
  }

  @Test func warmEqualsCold() throws {
    let n = 30
    func program(_ step: Int) throws -> QuadraticProgram {
      try QuadraticProgram(
        quadratic: .dense(covariance(step, count: n)),
        linear: (0..<n).map { -0.02 * Double(($0 * 7 + step) % 11) },
        lowerBounds: [Double](repeating: 0, count: n),
        upperBounds: [Double](repeating: 0.2, count: n),
        rows: [
          LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1),
          LinearRow(
            "half", indices: Array(0..<15), coefficients: [Double](repeating: 1, count: 15),
            lower: 0.45, upper: 0.5 + 0.001 * Double(step)),
        ])
    }
    var workspace = QuadraticWorkspace(try program(0))
    for step in 0..<40 {
      let cold = try program(step)
      try workspace.setQuadratic(cold.quadratic)
      try workspace.setLinear(array: cold.linear)
      try workspace.setRow(1, lower: cold.rows[1].lower, upper: cold.rows[1].upper)
      #expect(try workspace.solve() == .optimal)
      let solution = workspace.solution
      let reference = try QuadraticSolver().solve(cold)
      for (x, y) in zip(solution.value, reference.value) { expectClose(x, y, absolute: 1e-12) }
      let verified = try cold.verify(
        solution.value, duals: solution.duals, iterations: solution.certificate.iterations)
      #expect(verified == solution.certificate)
      #expect(verified.holds(Certificate.optimalTolerances))
      #expect(workspace.counts == [n, 2, n])
    }
  }

  @Test func boundsMayComeAndGo() throws {
    let program = try QuadraticProgram(
      quadratic: .dense(SymmetricMatrix(rows: [[2, 0.5], [0.5, 1]])), linear: [1, -1],
      lowerBounds: [0, 0], upperBounds: [1, 1])
    var workspace = QuadraticWorkspace(program)
    #expect(try workspace.solve() == .optimal)
    #expect(workspace.solution.value == [0, 1])
    let infinite = [Double.infinity, .infinity]
    try workspace.setBounds(lowest: infinite.map { -$0 }, highest: infinite)
    #expect(try workspace.solve() == .optimal)
    // 2x + y/2 = −1, x/2 + y = 1
    expectClose(workspace.solution.value[0], -6.0 / 7, relative: 1e-14)
    expectClose(workspace.solution.value[1], 10.0 / 7, relative: 1e-14)
    try workspace.setBounds(lowest: [0.5, 0.5], highest: [0.5, 0.5])
    #expect(try workspace.solve() == .optimal)
    #expect(workspace.solution.value == [0.5, 0.5])
  }

  @Test func infeasibleAndBack() throws {
    let program = try QuadraticProgram(
      quadratic: .diagonal([1, 1]), lowerBounds: [0, 0], upperBounds: [1, 1],
      rows: [LinearRow("budget", coefficients: [1, 1], lower: 1, upper: 1)])
    var workspace = QuadraticWorkspace(program)
    #expect(try workspace.solve() == .optimal)
    try workspace.setRow(0, lower: 3, upper: 3)
    guard case .primalInfeasible = try workspace.solve() else {
      Issue.record("\(workspace.status)")
      return
    }
    try workspace.setRow(0, lower: 0.5, upper: 0.5)
    #expect(try workspace.solve() == .optimal)
    #expect(workspace.solution.value == [0.25, 0.25])
  }

  @Test func badNumbersChangeNothing() throws {
    let program = try QuadraticProgram(
      quadratic: .diagonal([1, 1]), lowerBounds: [0, 0], upperBounds: [1, 1],
      rows: [LinearRow("budget", coefficients: [1, 1], lower: 1, upper: 1)])
    var workspace = QuadraticWorkspace(program)
    #expect(throws: OptimizationError.self) { try workspace.setLinear(array: [1]) }
    #expect(throws: OptimizationError.self) { try workspace.setLinear(array: [1, .nan]) }
    #expect(throws: OptimizationError.self) {
      try workspace.setBounds(lowest: [0, 1], highest: [1, 0])
    }
    #expect(throws: OptimizationError.self) {
      try workspace.setBounds(lowest: [0, .nan], highest: [1, 1])
    }
    #expect(throws: OptimizationError.self) {
      try workspace.setRow(0, lower: .nan, upper: 1)
    }
    #expect(throws: OptimizationError.self) { try workspace.setQuadratic(.diagonal([1])) }
    #expect(throws: OptimizationError.self) { try workspace.setQuadratic(.diagonal([1, -1])) }
    #expect(throws: OptimizationError.self) {
      try workspace.setQuadratic(.diagonal([1, .infinity]))
    }
    #expect(try workspace.solve() == .optimal)
    #expect(workspace.solution.value == [0.5, 0.5])
    try workspace.setQuadratic(.dense(SymmetricMatrix(rows: [[1, 2], [2, 1]])))
    #expect(throws: OptimizationError.notConvex(order: 2)) { try workspace.solve() }
  }

  #if DEBUG
    /// What allocates nothing is optimized code, and large programs are for it too.
    private static let isOptimized = false
    private static let counts = [20]
  #else
    private static let isOptimized = true
    private static let counts = [20, 60, 150]
  #endif

  /// Solves programs of one shape twice over and counts the allocations of later solves.
  ///
  /// - Returns: What each solve of the second pass allocated.
  private static func allocations(
    _ programs: [QuadraticProgram],
    check: (QuadraticProgram, Solution<[Double]>) throws -> Void = { _, _ in }
  ) throws -> [UInt64] {
    var workspace = QuadraticWorkspace(programs[0])
    var result: [UInt64] = []
    for pass in 0..<2 {
      for program in programs {
        try workspace.load(program)
        let before = keel_allocation_count()
        let status = try workspace.solve()
        let count = keel_allocation_count() - before
        #expect(status == .optimal)
        if pass > 0 { result.append(count) }
        try check(program, workspace.solution)
      }
    }
    return result
  }

  /// Whatever P is, and whichever way an answer is found.
  @Test(arguments: SingularPrograms.Form.allCases, SingularPrograms.Shape.allCases)
  func laterSolvesTakeNoMemory(
    form: SingularPrograms.Form,
    shape: SingularPrograms.Shape
  ) throws {
    for count in Self.counts {
      for seed in 1...(count > 100 ? 1 : 3) {
        let programs = try (0..<4).map {
          try SingularPrograms.program(form, shape, count: count, seed: seed, step: $0)
        }
        let allocations = try Self.allocations(programs) { program, solution in
          let reference = try QuadraticSolver().solve(program)
          #expect(reference.status == .optimal)
          expectClose(
            solution.certificate.primalObjective, reference.certificate.primalObjective,
            relative: 1e-9)
          let verified = try program.verify(
            solution.value, duals: solution.duals, iterations: solution.certificate.iterations)
          #expect(verified == solution.certificate)
        }
        if Self.isOptimized { #expect(allocations.allSatisfy { $0 == 0 }, "\(count) \(seed)") }
      }
    }
  }

  /// A workspace that has solved nothing is the solver, to the last bit.
  @Test(arguments: SingularPrograms.Form.allCases, SingularPrograms.Shape.allCases)
  func firstAnswersAreTheSolvers(
    form: SingularPrograms.Form,
    shape: SingularPrograms.Shape
  ) throws {
    for seed in 1...3 {
      let program = try SingularPrograms.program(form, shape, count: 20, seed: seed, step: 0)
      var workspace = QuadraticWorkspace(program)
      _ = try workspace.solve()
      let solution = workspace.solution
      let reference = try QuadraticSolver().solve(program)
      #expect(solution == reference)
    }
  }

  /// Where no variable has curvature nothing of the solve before plays a part.
  @Test(arguments: SingularPrograms.Shape.allCases)
  func linearAnswersAreTheSolvers(shape: SingularPrograms.Shape) throws {
    let programs = try (0..<4).map {
      try SingularPrograms.program(.zero, shape, count: 20, seed: 9, step: $0)
    }
    _ = try Self.allocations(programs) { program, solution in
      let reference = try QuadraticSolver().solve(program)
      #expect(solution == reference)
    }
  }

  /// Random programs of every kind, each with itself in other numbers.
  @Test func randomProgramsTakeNoMemory() throws {
    for seed in 1...SweepSize.of(400) {
      let program = try RandomPrograms.feasible(seed: seed)
      let shifted = try QuadraticProgram(
        quadratic: program.quadratic, linear: program.linear.map { 1.1 * $0 - 0.01 },
        lowerBounds: program.lowerBounds, upperBounds: program.upperBounds, rows: program.rows)
      let allocations = try Self.allocations([program, shifted])
      if Self.isOptimized { #expect(allocations.allSatisfy { $0 == 0 }, "seed \(seed)") }
    }
  }

  /// A workspace goes on after programs that have no answer, and after those that are not convex.
  @Test func proofsLeaveTheWorkspaceAsItWas() throws {
    let program = try SingularPrograms.program(.dense, .sectors, count: 20, seed: 4, step: 0)
    let reference = try QuadraticSolver().solve(program)
    var workspace = QuadraticWorkspace(program)
    for _ in 0..<2 {
      try workspace.setRow(1, lower: 0.9, upper: 1)
      guard case .primalInfeasible = try workspace.solve() else {
        Issue.record("\(workspace.status)")
        return
      }
      var indefinite = try SymmetricMatrix(order: 20)
      for i in 0..<20 { for j in 0...i { indefinite[i, j] = i == j ? 1 : 2 } }
      try workspace.load(program)
      try workspace.setQuadratic(.dense(indefinite))
      #expect(throws: OptimizationError.notConvex(order: 20)) { try workspace.solve() }
      try workspace.load(program)
      #expect(try workspace.solve() == .optimal)
      expectClose(
        workspace.certificate.primalObjective, reference.certificate.primalObjective,
        relative: 1e-12)
    }
  }
}

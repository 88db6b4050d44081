import CKeelAllocationCounter
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct ExpectedShortfallWorkspaceTests {
  #if DEBUG
    /// What allocates nothing is optimized code.
    static let isOptimized = false
    static let seeds = 1...30
    static let scenarioCount = 300
  #else
    static let isOptimized = true
    static let seeds = 1...300
    static let scenarioCount = 1000
  #endif

  private static let assetCount = 40
  private static let windowCount = 16
  private static let step = 7

  /// Returns of all windows: one row a day.
  private static func history(seed: UInt64) throws -> Matrix {
    var generator = SeededGenerator(seed: seed)
    return try TailPrograms.outcomes(
      scenarioCount + step * windowCount, assetCount, kind: 0, using: &generator)
  }

  private static func window(_ w: Int, of history: Matrix) throws -> Matrix {
    var values: [Double] = []
    for j in 0..<assetCount {
      for s in 0..<scenarioCount { values.append(history[s + w * step, j]) }
    }
    return try Matrix(rowCount: scenarioCount, columnCount: assetCount, columnMajor: values)
  }

  private static func program(_ outcomes: Matrix) throws -> ExpectedShortfallProgram {
    let n = assetCount
    return try ExpectedShortfallProgram(
      outcomes: outcomes, confidence: 0.95, lowerBounds: [Double](repeating: 0, count: n),
      upperBounds: [Double](repeating: 0.3, count: n),
      rows: [
        LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1),
        LinearRow(
          "group", indices: Array(0..<10), coefficients: [Double](repeating: 1, count: 10),
          lower: 0.1, upper: 0.5),
      ])
  }

  /// Any program: the first solve is the solver's, to the last bit, and the second one, which begins
  /// at the answer, agrees with it.
  @Test(arguments: seeds) func agreesWithTheSolver(seed: Int) throws {
    let program = try TailPrograms.random(seed: seed).program()
    let reference = ExpectedShortfallSolver().solve(program)
    var workspace = ExpectedShortfallWorkspace(program)
    let first = workspace.solve()
    #expect(workspace.solution == reference)
    let second = workspace.solve()
    guard reference.status == .optimal else { return }
    #expect(first == .optimal)
    #expect(second == .optimal)
    let again = workspace.solution
    let limit = Certificate.optimalTolerances.gap
    let size = max(
      reference.certificate.primalObjective.magnitude,
      program.shortfallWeight * reference.value.expectedShortfall.magnitude,
      reference.value.variables.reduce(0) { max($0, $1.magnitude) } * 0.01)
    expectClose(
      again.certificate.primalObjective, reference.certificate.primalObjective,
      absolute: 2 * limit * size)
    let verified = try program.verify(
      again.value.variables, scenarioMultipliers: again.value.scenarioMultipliers,
      duals: again.duals, iterations: again.certificate.iterations)
    #expect(verified == again.certificate)
  }

  /// Windows that move on: the same answers as from nothing, without an allocation.
  @Test func windowsCostNoMemory() throws {
    let history = try Self.history(seed: 11)
    let windows = try (0..<Self.windowCount).map { try Self.window($0, of: history) }
    var workspace = ExpectedShortfallWorkspace(try Self.program(windows[0]))
    for pass in 0..<2 {
      for (w, window) in windows.enumerated() {
        try workspace.setOutcomes(window)
        let before = keel_allocation_count()
        let status = workspace.solve()
        let count = keel_allocation_count() - before
        #expect(status == .optimal)
        if pass > 0 && Self.isOptimized { #expect(count == 0, "window \(w)") }
        let reference = ExpectedShortfallSolver().solve(try Self.program(window))
        let solution = workspace.solution
        expectClose(
          solution.certificate.primalObjective, reference.certificate.primalObjective,
          relative: 1e-12)
        for (x, y) in zip(solution.value.variables, reference.value.variables) {
          expectClose(x, y, absolute: 1e-12)
        }
        #expect(solution.value.expectedShortfall == workspace.expectedShortfall)
        #expect(solution.value.valueAtRisk == workspace.valueAtRisk)
      }
    }
  }

  /// Outcomes that are all new each time, of every shape and kind: after an answer, the next one takes
  /// no memory.
  @Test(arguments: seeds) func newOutcomesTakeNoMemory(seed: Int) throws {
    let parts = try TailPrograms.random(seed: seed)
    var generator = SeededGenerator(seed: UInt64(seed + 1000))
    var workspace = ExpectedShortfallWorkspace(try parts.program())
    var hasAnswer = workspace.solve() == .optimal
    for round in 0..<8 {
      try workspace.setOutcomes(
        try TailPrograms.outcomes(
          parts.outcomes.rowCount, parts.outcomes.columnCount, kind: (seed + round) % 5,
          using: &generator))
      let before = keel_allocation_count()
      let status = workspace.solve()
      let count = keel_allocation_count() - before
      if hasAnswer && status == .optimal && Self.isOptimized {
        #expect(count == 0, "round \(round), \(count) times")
      }
      hasAnswer = status == .optimal
    }
  }

  @Test func sameHistorySameBits() throws {
    let history = try Self.history(seed: 12)
    func run() throws -> [Solution<ExpectedShortfallPoint>] {
      var workspace = ExpectedShortfallWorkspace(
        try Self.program(try Self.window(0, of: history)))
      return try (0..<4).map { w in
        try workspace.setOutcomes(try Self.window(w, of: history))
        _ = workspace.solve()
        return workspace.solution
      }
    }
    let first = try run()
    #expect(try run() == first)
  }

  /// Every number may change; scenarios replaced one by one are those of the window.
  @Test func allNumbersMayChange() throws {
    let history = try Self.history(seed: 13)
    let n = Self.assetCount
    let s = Self.scenarioCount
    var generator = SeededGenerator(seed: 14)
    let start = try Self.window(0, of: history)
    var workspace = ExpectedShortfallWorkspace(try Self.program(start))
    _ = workspace.solve()
    var outcomes = start
    for round in 0..<4 {
      for k in 0..<Self.step {
        let row = history.row(s + round * Self.step + k)
        let place = (round * Self.step + k) % s
        try workspace.setScenario(place, array: row)
        for j in 0..<n { outcomes[place, j] = row[j] }
      }
      let linear = (0..<n).map { _ in 0.002 * generator.gaussian() }
      let upper = (0..<n).map { _ in generator.uniform(0...1) < 0.2 ? 0.0 : 0.25 }
      let weights = (0..<s).map { _ in generator.uniform(0.5...1.5) }
      let total = weights.reduce(0, +)
      let least = generator.uniform(0...0.3)
      try workspace.set(
        linear: linear, upper: upper, probabilities: weights.map { $0 / total })
      try workspace.setRow(1, lower: least, upper: 0.6)
      #expect(workspace.solve() == .optimal)
      let reference = ExpectedShortfallSolver().solve(
        try ExpectedShortfallProgram(
          outcomes: outcomes, probabilities: weights.map { $0 / total }, confidence: 0.95,
          linear: linear, lowerBounds: [Double](repeating: 0, count: n), upperBounds: upper,
          rows: [
            LinearRow(
              "budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1),
            LinearRow(
              "group", indices: Array(0..<10), coefficients: [Double](repeating: 1, count: 10),
              lower: least, upper: 0.6),
          ]))
      #expect(reference.status == .optimal)
      expectClose(
        workspace.certificate.primalObjective, reference.certificate.primalObjective,
        relative: 1e-11)
    }
  }

  @Test func infeasibleAndBack() throws {
    let history = try Self.history(seed: 15)
    let program = try Self.program(try Self.window(0, of: history))
    var workspace = ExpectedShortfallWorkspace(program)
    #expect(workspace.solve() == .optimal)
    let objective = workspace.certificate.primalObjective
    try workspace.setRow(0, lower: 100, upper: 100)
    guard case .primalInfeasible = workspace.solve() else {
      Issue.record("\(workspace.status)")
      return
    }
    try workspace.setRow(0, lower: 1, upper: 1)
    #expect(workspace.solve() == .optimal)
    #expect(workspace.certificate.primalObjective == objective)
  }

  @Test func badNumbersChangeNothing() throws {
    let program = try ExpectedShortfallProgram(
      outcomes: Matrix(rows: [[0.01, -0.02], [-0.03, 0.02], [0, 0.01]]), confidence: 0.5,
      lowerBounds: [0, 0], upperBounds: [1, 1],
      rows: [LinearRow("budget", coefficients: [1, 1], lower: 1, upper: 1)])
    var workspace = ExpectedShortfallWorkspace(program)
    #expect(workspace.expectedShortfall.isNaN)
    _ = workspace.solve()
    let before = workspace.solution
    #expect(throws: OptimizationError.self) { try workspace.setOutcomes(Matrix(rows: [[1, 2]])) }
    #expect(throws: OptimizationError.self) {
      try workspace.setOutcomes(Matrix(rows: [[1, 2], [.nan, 1], [0, 0]]))
    }
    #expect(throws: OptimizationError.self) { try workspace.setScenario(0, array: [1]) }
    #expect(throws: OptimizationError.self) { try workspace.setScenario(0, array: [1, .nan]) }
    for bad in [[0.5, 0.5], [0.5, 0.5, 0.5], [1.5, -0.5, 0], [.nan, 0.5, 0.5]] {
      #expect(throws: OptimizationError.self) {
        try workspace.set(linear: [0, 0], upper: [1, 1], probabilities: bad)
      }
    }
    #expect(throws: OptimizationError.self) {
      try workspace.set(
        linear: [.nan, 0], upper: [1, 1], probabilities: [1.0 / 3, 1.0 / 3, 1.0 / 3])
    }
    #expect(throws: OptimizationError.self) {
      try workspace.set(
        linear: [0, 0], upper: [-1, 1], probabilities: [1.0 / 3, 1.0 / 3, 1.0 / 3])
    }
    #expect(throws: OptimizationError.self) { try workspace.setRow(0, lower: 2, upper: 1) }
    #expect(throws: OptimizationError.self) { try workspace.setRow(0, lower: .nan, upper: 1) }
    _ = workspace.solve()
    #expect(workspace.certificate.primalObjective == before.certificate.primalObjective)
  }
}

extension ExpectedShortfallWorkspace {
  fileprivate mutating func setScenario(_ scenario: Int, array: [Double]) throws {
    try setScenario(scenario, to: array.span)
  }

  fileprivate mutating func set(
    linear: [Double],
    upper: [Double],
    probabilities: [Double]
  ) throws {
    try setProbabilities(probabilities.span)
    let zeros = [Double](repeating: 0, count: upper.count)
    try setBounds(lower: zeros.span, upper: upper.span)
    try setLinear(linear.span)
  }
}

import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

struct ExpectedShortfallReference: Decodable, Sendable, CustomTestStringConvertible {
  struct Row: Decodable, Sendable {
    let name: String
    let coefficients: [Double]
    let lower: Double
    let upper: Double
  }
  struct File: Decodable { let cases: [ExpectedShortfallReference] }

  let name: String
  let confidence: Double
  let scenarios: Int
  let outcomes: [Double]
  let probabilities: [Double]?
  let linear: [Double]
  let weight: Double
  let lower: [Double]
  let upper: [Double]
  let rows: [Row]
  let objective: Double
  let relative: Double
  let variables: [Double]?

  var testDescription: String { name }

  static let cases: [ExpectedShortfallReference] =
    (try? Reference.load(File.self, "expected_shortfall").cases) ?? []

  func program() throws -> ExpectedShortfallProgram {
    try ExpectedShortfallProgram(
      outcomes: Matrix(
        rowCount: scenarios, columnCount: lower.count, columnMajor: outcomes),
      probabilities: probabilities, confidence: confidence, linear: linear,
      shortfallWeight: weight, lowerBounds: lower, upperBounds: upper,
      rows: rows.map {
        LinearRow(
          $0.name, coefficients: $0.coefficients, lower: $0.lower,
          upper: $0.upper >= 1e300 ? .infinity : $0.upper)
      })
  }
}

@Suite struct ExpectedShortfallSolverTests {
  #if DEBUG
    static let seeds = 1...30
    static let fewerSeeds = 1...10
    static let largeSeeds = 1...2
  #else
    static let seeds = 1...300
    static let fewerSeeds = 1...150
    static let largeSeeds = 1...20
  #endif

  @Test func referencesArePresent() { #expect(ExpectedShortfallReference.cases.count == 16) }

  @Test(arguments: ExpectedShortfallReference.cases)
  func agreesWithTheSimplexMethod(_ reference: ExpectedShortfallReference) throws {
    let program = try reference.program()
    let solution = ExpectedShortfallSolver().solve(program)
    #expect(solution.status == .optimal)
    expectClose(
      solution.certificate.primalObjective, reference.objective, relative: reference.relative)
    expectClose(
      solution.certificate.dualObjective, reference.objective, relative: reference.relative)
    for (x, expected) in zip(solution.value.variables, reference.variables ?? []) {
      expectClose(x, expected, absolute: 1e-10)
    }
  }

  /// Every program that cannot be unbounded is solved to the published tolerance, and the objective
  /// is the risk measure of the variables.
  @Test(arguments: seeds) func everyKindIsSolvedAndProved(seed: Int) throws {
    let parts = try TailPrograms.random(seed: seed)
    let program = try parts.program()
    let solution = ExpectedShortfallSolver().solve(program)
    if case .unbounded(let proof) = solution.status, !parts.isBounded {
      #expect(proof.slope < 0)
      #expect(TailPrograms.objective(parts, at: proof.direction) < 0)
      return
    }
    #expect(solution.status == .optimal, "seed \(seed)")
    let x = solution.value.variables
    let again = try program.verify(
      x, scenarioMultipliers: solution.value.scenarioMultipliers, duals: solution.duals,
      iterations: solution.certificate.iterations)
    #expect(again == solution.certificate)
    #expect(again.holds(Certificate.optimalTolerances))
    let size = zip(x, program.linear).reduce(0.01) { $0 + ($1.0 * $1.1).magnitude }
    expectClose(
      again.primalObjective, TailPrograms.objective(parts, at: x), relative: 1e-12,
      absolute: 1e-12 * size, "objective of seed \(seed)")
    let total = solution.value.scenarioMultipliers.reduce(0, +)
    expectClose(total, 1, relative: 1e-13)
  }

  /// No point near the optimum is better: the second method.
  @Test(arguments: fewerSeeds) func noNeighborIsBetter(seed: Int) throws {
    let parts = try TailPrograms.random(seed: seed)
    let solution = ExpectedShortfallSolver().solve(try parts.program())
    guard solution.status == .optimal, parts.isBounded else { return }
    let x = solution.value.variables
    let best = TailPrograms.objective(parts, at: x)
    var generator = SeededGenerator(seed: UInt64(1000 + seed))
    guard x.count > 1 else { return }
    for _ in 0..<200 {
      // Moving weight between two variables keeps the budget.
      let i = Int(generator.next() % UInt64(x.count))
      let j = Int(generator.next() % UInt64(x.count))
      let amount = 0.1 * generator.uniform()
      var moved = x
      moved[i] += amount
      moved[j] -= amount
      let isFeasible =
        zip(moved, zip(parts.lower, parts.upper)).allSatisfy { $1.0 <= $0 && $0 <= $1.1 }
        && parts.rows.allSatisfy {
          let value = $0.value(at: moved)
          return $0.isEquality || ($0.lower <= value && value <= $0.upper)
        }
      if isFeasible { #expect(TailPrograms.objective(parts, at: moved) >= best - 1e-14) }
    }
  }

  @Test(arguments: fewerSeeds) func scalingAndPermutationChangeNothing(seed: Int) throws {
    let parts = try TailPrograms.random(seed: seed)
    let solution = ExpectedShortfallSolver().solve(try parts.program())
    guard solution.status == .optimal else { return }
    var generator = SeededGenerator(seed: UInt64(2000 + seed))
    let s = parts.outcomes.rowCount
    let n = parts.outcomes.columnCount
    let columns = Array(0..<n).shuffled(using: &generator)
    let scenarios = Array(0..<s).shuffled(using: &generator)
    func factor(_ generator: inout SeededGenerator) -> Double {
      (0..<Int(generator.next() % 7)).reduce(generator.uniform(1...10)) { value, _ in
        value * (seed % 2 == 0 ? 10 : 0.1)
      }
    }
    let scale = columns.map { _ in factor(&generator) }
    var changed = parts
    var values: [Double] = []
    for (p, j) in columns.enumerated() {
      for i in scenarios { values.append(parts.outcomes[i, j] * scale[p]) }
    }
    changed.outcomes = try Matrix(rowCount: s, columnCount: n, columnMajor: values)
    changed.probabilities = parts.probabilities.map { p in scenarios.map { p[$0] } }
    changed.linear = parts.linear.map { c in columns.indices.map { c[columns[$0]] * scale[$0] } }
    changed.lower = columns.indices.map { parts.lower[columns[$0]] / scale[$0] }
    changed.upper = columns.indices.map { parts.upper[columns[$0]] / scale[$0] }
    changed.rows = parts.rows.map { row in
      var dense = [Double](repeating: 0, count: n)
      for (i, a) in zip(row.indices, row.coefficients) { dense[i] = a }
      let own = factor(&generator)
      return LinearRow(
        row.name, coefficients: columns.indices.map { dense[columns[$0]] * scale[$0] * own },
        lower: row.lower * own, upper: row.upper * own)
    }
    let other = ExpectedShortfallSolver().solve(try changed.program())
    #expect(other.status == .optimal)
    expectClose(
      other.certificate.primalObjective, solution.certificate.primalObjective, relative: 1e-9,
      absolute: 1e-13)
  }

  @Test(arguments: seeds) func clashesAreProved(seed: Int) throws {
    var parts = try TailPrograms.random(seed: seed)
    let n = parts.lower.count
    guard parts.isBounded, n > 1 else { return }
    let members = Array(0..<(n / 2 + 1))
    let most = members.reduce(0) { $0 + min(parts.upper[$1], 1) }
    let spare = parts.lower.reduce(0) { $0 + min($1, 0).magnitude }
    parts.rows.append(
      LinearRow(
        "clash", indices: members, coefficients: members.map { _ in 1 },
        lower: 1.001 + most + spare))
    let program = try parts.program()
    guard case .primalInfeasible(let proof) = ExpectedShortfallSolver().solve(program).status
    else {
      Issue.record("seed \(seed) is not proved infeasible")
      return
    }
    #expect(proof.contradiction > 0)
    #expect(proof.constraints.contains("clash"))
  }

  @Test func freeArbitrageIsUnbounded() throws {
    // Long the first, short the second: a profit in both scenarios.
    let program = try ExpectedShortfallProgram(
      outcomes: Matrix(rows: [[0.02, 0.01], [-0.01, -0.02]]), confidence: 0.5,
      rows: [LinearRow("budget", coefficients: [1, 1], lower: 1, upper: 1)])
    guard case .unbounded(let proof) = ExpectedShortfallSolver().solve(program).status else {
      Issue.record("not unbounded")
      return
    }
    expectClose(proof.direction[0], 1, relative: 1e-12)
    expectClose(proof.direction[1], -1, relative: 1e-9)
    expectClose(proof.slope, -0.01, relative: 1e-9)
  }

  /// The working sets are a matter of speed only: a program with heavy tails and 600 scenarios of 60
  /// assets needs several rounds.
  @Test(arguments: largeSeeds) func largerProgramsAreSolved(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let n = 60
    let outcomes = try TailPrograms.outcomes(600, n, kind: seed % 5, using: &generator)
    let ones = [Double](repeating: 1, count: n)
    let program = try ExpectedShortfallProgram(
      outcomes: outcomes, confidence: [0.9, 0.975][seed % 2], linear: nil,
      lowerBounds: ones.map { _ in 0 }, upperBounds: ones.map { _ in 0.2 },
      rows: [LinearRow("budget", coefficients: ones, lower: 1, upper: 1)])
    let solution = ExpectedShortfallSolver().solve(program)
    #expect(solution.status == .optimal)
    // Held assets and scenarios at the value at risk answer each other at a vertex.
    let inside = solution.value.variables.filter { $0 > 0 && $0 < 0.2 }.count
    #expect(inside > 5)
  }

  @Test func sameInputSameBits() throws {
    let parts = try TailPrograms.random(seed: 17)
    let first = ExpectedShortfallSolver().solve(try parts.program())
    let second = ExpectedShortfallSolver().solve(try parts.program())
    #expect(first == second)
  }

  @Test func aPassedDeadlineStops() throws {
    var settings = QuadraticSolver.Settings()
    settings.deadline = ContinuousClock.now
    let program = try TailPrograms.random(seed: 3).program()
    let solution = ExpectedShortfallSolver(settings: settings).solve(program)
    #expect(solution.status == .deadlineExceeded)
  }

  @Test func aCancelledTaskStops() async throws {
    let program = try ExpectedShortfallReference.cases[15].program()
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return ExpectedShortfallSolver().solve(program).status
    }
    task.cancel()
    #expect(await task.value == .cancelled)
  }

  @Test func noIterationsAreNoAnswer() throws {
    var settings = QuadraticSolver.Settings()
    settings.maximumIterations = 0
    let program = try ExpectedShortfallReference.cases[14].program()
    let solution = ExpectedShortfallSolver(settings: settings).solve(program)
    #expect(solution.status != .optimal)
  }
}

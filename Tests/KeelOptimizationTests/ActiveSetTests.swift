import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Portfolio-like programs, on which the active-set method and the interior-point method must agree.
enum PortfolioPrograms {
  /// A budget, caps and groups over a factor covariance; the aversion to risk decides how many are
  /// held.
  static func grouped(seed: Int, count n: Int) throws -> QuadraticProgram {
    var generator = SeededGenerator(seed: UInt64(seed) &+ 1000)
    let term = try factorTerm(count: n, factors: 4, using: &generator)
    let aversion = [0.5, 5, 50, 500][seed % 4]
    let cap = [1, 5 / Double(n), 2.5 / Double(n)][seed % 3]
    let groupCount = 2 + seed % 5
    let width = [0.5, 0.1, 0.02][seed % 3] / Double(groupCount)
    var rows = [
      LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)
    ]
    for g in 0..<groupCount {
      let members = Array(stride(from: g, to: n, by: groupCount))
      let share = Double(members.count) / Double(n)
      rows.append(
        LinearRow(
          "group \(g)", indices: members, coefficients: members.map { _ in 1 },
          lower: share - width, upper: share + width))
    }
    return try QuadraticProgram(
      quadratic: .factor(term).multiplied(by: aversion),
      linear: (0..<n).map { _ in -0.0005 * generator.gaussian() },
      lowerBounds: [Double](repeating: 0, count: n),
      upperBounds: [Double](repeating: cap, count: n), rows: rows)
  }

  static func factorTerm(
    count n: Int,
    factors k: Int,
    using generator: inout SeededGenerator
  ) throws -> FactorTerm {
    let loadings = (0..<(n * k)).map {
      $0 < n ? 0.6 + 0.3 * generator.gaussian() : generator.gaussian()
    }
    let root = try Matrix(
      rowCount: k, columnCount: k, columnMajor: (0..<(k * k)).map { _ in generator.gaussian() })
    var covariance = try SymmetricMatrix(order: k)
    for i in 0..<k {
      for j in 0...i {
        covariance[i, j] = 1e-5 * (0..<k).reduce(0) { $0 + root[i, $1] * root[j, $1] }
      }
    }
    return try FactorTerm(
      loadings: Matrix(rowCount: n, columnCount: k, columnMajor: loadings),
      factorCovariance: covariance,
      specificVariances: (0..<n).map { _ in generator.uniform(1e-4...8e-4) })
  }

  /// The same program with the full matrix.
  static func expanded(_ program: QuadraticProgram) throws -> QuadraticProgram {
    try QuadraticProgram(
      quadratic: .dense(SymmetricMatrix(symmetrized(program.quadratic.expanded))),
      linear: program.linear, lowerBounds: program.lowerBounds, upperBounds: program.upperBounds,
      rows: program.rows)
  }

  static func symmetrized(_ matrix: Matrix) throws -> Matrix {
    var result = matrix
    for i in 0..<matrix.rowCount {
      for j in 0..<i {
        result[i, j] = (matrix[i, j] + matrix[j, i]) / 2
        result[j, i] = result[i, j]
      }
    }
    return result
  }
}

@Suite struct ActiveSetTests {
  @Test(arguments: 1...60)
  func agreesWithTheInteriorPointMethod(seed: Int) throws {
    let program = try PortfolioPrograms.expanded(
      PortfolioPrograms.grouped(seed: seed, count: 10 + seed))
    let solution = try QuadraticSolver().solve(program)
    var settings = QuadraticSolver.Settings()
    settings.method = .interiorPoint
    let other = try QuadraticSolver(settings: settings).solve(program)
    #expect(solution.status == .optimal, "\(solution.certificate)")
    #expect(other.status == .optimal, "\(other.certificate)")
    expectClose(
      solution.certificate.primalObjective, other.certificate.primalObjective, relative: 1e-10)
    for (x, y) in zip(solution.value, other.value) { expectClose(x, y, absolute: 1e-9) }
    let residual = try RandomPrograms.checker(program).residual(
      x: solution.value, multipliers: solution.duals.rows + solution.duals.bounds)
    #expect(residual <= 1e-12)
  }

  @Test(arguments: 1...60)
  func factorFormGivesTheSameAnswer(seed: Int) throws {
    let program = try PortfolioPrograms.grouped(seed: seed, count: 10 + 2 * seed)
    let solution = try QuadraticSolver().solve(program)
    let full = try QuadraticSolver().solve(PortfolioPrograms.expanded(program))
    #expect(solution.status == .optimal, "\(solution.certificate)")
    for (x, y) in zip(solution.value, full.value) { expectClose(x, y, absolute: 1e-11) }
  }

  @Test(arguments: 1...40)
  func factorFormByTheInteriorPointMethod(seed: Int) throws {
    let program = try PortfolioPrograms.grouped(seed: seed, count: 10 + 2 * seed)
    var settings = QuadraticSolver.Settings()
    settings.method = .interiorPoint
    let solution = try QuadraticSolver(settings: settings).solve(program)
    let other = try QuadraticSolver().solve(program)
    #expect(solution.status == .optimal, "\(solution.certificate)")
    for (x, y) in zip(solution.value, other.value) { expectClose(x, y, absolute: 1e-9) }
  }

  @Test(arguments: [(3, 12), (7, 12), (12, 12), (40, 12), (1, 5)])
  func scenarioFormGivesTheSameAnswer(count: Int, variables n: Int) throws {
    var generator = SeededGenerator(seed: 5)
    let scenarios = try Matrix(
      rowCount: count, columnCount: n,
      columnMajor: (0..<(count * n)).map { _ in 0.01 * generator.gaussian() })
    let weights = (0..<count).map { _ in generator.uniform(0...1) }
    var matrix = try SymmetricMatrix(order: n)
    for i in 0..<n {
      for j in 0...i {
        matrix[i, j] = (0..<count).reduce(0) {
          $0 + weights[$1] * scenarios[$1, i] * scenarios[$1, j]
        }
      }
    }
    let q = (0..<n).map { _ in 1e-5 * generator.gaussian() }
    func solve(_ term: QuadraticTerm) throws -> Solution<[Double]> {
      try QuadraticSolver().solve(
        QuadraticProgram(
          quadratic: term, linear: q, lowerBounds: [Double](repeating: 0, count: n),
          upperBounds: [Double](repeating: 0.5, count: n),
          rows: [
            LinearRow(
              "budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)
          ]))
    }
    let compact = try solve(.scenarios(ScenarioTerm(scenarios: scenarios, weights: weights)))
    let full = try solve(.dense(matrix))
    #expect(compact.status == .optimal, "\(compact.certificate)")
    #expect(full.status == .optimal, "\(full.certificate)")
    expectClose(
      compact.certificate.primalObjective, full.certificate.primalObjective, relative: 1e-10)
    #expect(compact.certificate.dualResidual <= 1e-10)
  }

  /// Contradictory groups: the active-set method gives up and the proof comes from behind.
  @Test func contradictionIsProved() throws {
    let base = try PortfolioPrograms.grouped(seed: 3, count: 40)
    let rows =
      base.rows + [
        LinearRow("floor", indices: [0, 1, 2], coefficients: [1, 1, 1], lower: 0.6),
        LinearRow("ceiling", indices: [0, 1, 2, 3], coefficients: [1, 1, 1, 1], upper: 0.5),
      ]
    let program = try QuadraticProgram(
      quadratic: base.quadratic, linear: base.linear, lowerBounds: base.lowerBounds,
      upperBounds: [Double](repeating: 1, count: 40), rows: rows)
    let solution = try QuadraticSolver().solve(program)
    guard case .primalInfeasible(let proof) = solution.status else {
      Issue.record("\(solution.status)")
      return
    }
    #expect(proof.constraints.contains("floor") || proof.constraints.contains("budget"))
  }

  /// A fixed variable cannot move along a direction of negative curvature.
  @Test func curvatureOfFixedVariablesIsNotAsked() throws {
    let indefinite = try SymmetricMatrix(rows: [[1, 0.5, 2], [0.5, 1, 0], [2, 0, 1]])
    let program = try QuadraticProgram(
      quadratic: .dense(indefinite), lowerBounds: [0, 0, 0.25], upperBounds: [1, 1, 0.25],
      rows: [LinearRow("budget", coefficients: [1, 1, 1], lower: 1, upper: 1)])
    let solution = try QuadraticSolver().solve(program)
    #expect(solution.status == .optimal)
    // minimize (a² + a b + b²)/2 + a/2 over a + b = 3/4, a ≥ 0: the second takes all.
    #expect(solution.value == [0, 0.75, 0.25])
  }

  @Test func convexityIsProvedUnlessGuaranteed() throws {
    let indefinite = try SymmetricMatrix(rows: [[1, 2], [2, 1]])
    let program = try QuadraticProgram(
      quadratic: .dense(indefinite), lowerBounds: [0, 0], upperBounds: [1, 1],
      rows: [LinearRow("budget", coefficients: [1, 1], lower: 1, upper: 1)])
    #expect(throws: OptimizationError.notConvex(order: 2)) {
      try QuadraticSolver().solve(program)
    }
  }
}

/// A dense term times a number is never multiplied out; every solver must see the same program.
@Suite struct ScaledTermTests {
  private func program(_ term: QuadraticTerm) throws -> QuadraticProgram {
    let n = term.order
    return try QuadraticProgram(
      quadratic: term, linear: (0..<n).map { -0.1 * Double($0 % 3) },
      lowerBounds: [Double](repeating: 0, count: n),
      upperBounds: [Double](repeating: 0.4, count: n),
      rows: [
        LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)
      ])
  }

  @Test func everySolverUsesTheFactor() throws {
    var generator = SeededGenerator(seed: 11)
    let n = 8
    let matrix = try RandomPrograms.semidefinite(order: n, rank: n + 2, using: &generator)
    var tripled = matrix
    for i in 0..<n {
      for j in 0...i { tripled[i, j] = 3 * matrix[i, j] }
    }
    let scaled = try program(.dense(matrix).multiplied(by: 3))
    let plain = try program(.dense(tripled))
    var settings = QuadraticSolver.Settings()
    for method in [QuadraticSolver.Method.automatic, .interiorPoint] {
      settings.method = method
      let left = try QuadraticSolver(settings: settings).solve(scaled)
      let right = try QuadraticSolver(settings: settings).solve(plain)
      #expect(left.status == .optimal)
      for (x, y) in zip(left.value, right.value) { expectClose(x, y, absolute: 1e-10) }
      expectClose(
        left.certificate.primalObjective, right.certificate.primalObjective, relative: 1e-12)
    }
    let conic = try ConicSolver().solve(ConicProgram(scaled))
    let reference = try QuadraticSolver().solve(plain)
    #expect(conic.status == .optimal)
    for (x, y) in zip(conic.value, reference.value) { expectClose(x, y, absolute: 1e-7) }
    let limits = [CardinalityLimit("names", variables: Array(0..<n), atMost: 4)]
    let few = try BranchAndBound().solve(
      MixedIntegerProgram(scaled, cardinalities: limits))
    let other = try BranchAndBound().solve(
      MixedIntegerProgram(plain, cardinalities: limits))
    #expect(few.status == .optimal)
    expectClose(few.objective, other.objective, relative: 2e-6)
  }

  @Test func hugeFactorsAreRefusedOrSolved() throws {
    let matrix = try SymmetricMatrix(rows: [[1e300, 0], [0, 1e300]])
    #expect(throws: OptimizationError.self) { try program(.dense(matrix).multiplied(by: .nan)) }
    #expect(throws: OptimizationError.self) { try program(.dense(matrix).multiplied(by: -1)) }
    #expect(throws: OptimizationError.self) {
      try program(.dense(matrix).multiplied(by: 1e300))
    }
  }
}

@Suite struct FactorTermTests {
  @Test func badPartsAreNamed() throws {
    let b = try Matrix(rows: [[1], [2]])
    let one = try SymmetricMatrix(rows: [[1]])
    #expect(throws: OptimizationError.self) {
      try FactorTerm(loadings: b, factorCovariance: one, specificVariances: [1])
    }
    #expect(throws: OptimizationError.self) {
      try FactorTerm(loadings: b, factorCovariance: one, specificVariances: [1, -1])
    }
    #expect(throws: OptimizationError.self) {
      try FactorTerm(loadings: b, factorCovariance: one, specificVariances: [1, .nan])
    }
    #expect(throws: OptimizationError.notConvex(order: 1)) {
      try FactorTerm(
        loadings: b, factorCovariance: SymmetricMatrix(rows: [[-1]]), specificVariances: [1, 1])
    }
    #expect(throws: OptimizationError.self) {
      try FactorTerm(
        loadings: Matrix(rows: [[.infinity], [2]]), factorCovariance: one,
        specificVariances: [1, 1])
    }
    #expect(throws: OptimizationError.self) {
      try ScenarioTerm(scenarios: b, weights: [1, -1])
    }
    #expect(throws: OptimizationError.self) { try ScenarioTerm(scenarios: b, weights: [1]) }
  }

  @Test func singularFactorCovariance() throws {
    let term = try FactorTerm(
      loadings: Matrix(rows: [[1, 2], [3, 4], [5, 6]]),
      factorCovariance: SymmetricMatrix(rows: [[1, 1], [1, 1]]), specificVariances: [0, 1, 2])
    let full = QuadraticTerm.factor(term).expanded
    for i in 0..<3 {
      for j in 0..<3 {
        let exposures = [3.0, 7, 11]
        expectClose(
          full[i, j], exposures[i] * exposures[j] + (i == j ? Double(i) : 0), relative: 1e-14)
      }
    }
  }
}

import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct SolutionSensitivityTests {
  @Test func agreesWithHighPrecisionDifferences() throws {
    let reference = try InfeasibilityReference.load()
    #expect(reference.derivatives.count == 60)
    for (index, item) in reference.derivatives.enumerated() {
      let program = try item.program
      let solution = try QuadraticSolver().solve(program)
      #expect(solution.status == .optimal)
      let sensitivity = try program.sensitivity(at: solution)
      #expect(sensitivity.isDifferentiable, "\(index) \(sensitivity.obstacles)")
      #expect(
        sensitivity.activeRows.count + sensitivity.activeVariables.count == item.active, "\(index)")
      let change = try sensitivity.forward(item.programDirection)
      let pairs = [
        (change.x, item.dx), (change.rowDuals, item.dRowDuals),
        (change.boundDuals, item.dBoundDuals), ([change.objective], [item.dObjective]),
      ]
      for (values, expected) in pairs {
        let size = expected.reduce(1) { max($0, $1.magnitude) }
        for (value, reference) in zip(values, expected) {
          expectClose(value, reference, absolute: item.relative * size, "\(index)")
        }
      }
    }
  }

  /// ⟨gradient, forward(direction)⟩ = ⟨reverse(gradient), direction⟩.
  @Test func reverseIsTheAdjointOfForward() throws {
    var generator = SeededGenerator(seed: 3)
    for item in try InfeasibilityReference.load().derivatives {
      let program = try item.program
      let sensitivity = try program.sensitivity(at: QuadraticSolver().solve(program))
      let direction = try item.programDirection
      let change = try sensitivity.forward(direction)
      func random(_ count: Int) -> [Double] { (0..<count).map { _ in generator.gaussian() } }
      let gradient = SolutionGradient(
        x: random(program.variableCount), rowDuals: random(program.rows.count),
        boundDuals: random(program.variableCount), objective: generator.gaussian())
      var expected = gradient.objective * change.objective
      for (g, d) in [
        (gradient.x, change.x), (gradient.rowDuals, change.rowDuals),
        (gradient.boundDuals, change.boundDuals),
      ] {
        for (a, b) in zip(g, d) { expected += a * b }
      }
      let data = try sensitivity.reverse(gradient)
      expectClose(data.pairing(with: direction), expected, relative: 1e-10, absolute: 1e-10)
      expectClose(direction.pairing(with: data), expected, relative: 1e-10, absolute: 1e-10)
    }
  }

  /// Two assets and a budget: w₁ = (s₂ − s₁₂ + t (m₁ − m₂)) / (s₁ + s₂ − 2 s₁₂).
  @Test func twoAssetsInClosedForm() throws {
    let (s1, s2, s12) = (0.04, 0.09, 0.01)
    let program = try QuadraticProgram(
      quadratic: .dense(SymmetricMatrix(rows: [[s1, s12], [s12, s2]])), linear: [-0.01, -0.005],
      lowerBounds: [0, 0],
      rows: [LinearRow("budget", coefficients: [1, 1], lower: 1, upper: 1)])
    let sensitivity = try program.sensitivity(at: QuadraticSolver().solve(program))
    #expect(sensitivity.isDifferentiable)
    let d = s1 + s2 - 2 * s12
    let w = (s2 - s12 + 0.005) / d
    let gradient = try sensitivity.reverse(SolutionGradient(x: [1, 0]))
    expectClose(gradient.linear[0], -1 / d, relative: 1e-13)
    expectClose(gradient.linear[1], 1 / d, relative: 1e-13)
    // A larger budget: w₁ = (b (s₂ − s₁₂) + …) / d.
    expectClose(gradient.rowLower[0], (s2 - s12) / d, relative: 1e-13)
    guard case .dense(let matrix) = gradient.quadratic else {
      Issue.record("a dense term has a dense gradient")
      return
    }
    expectClose(matrix[0, 0], -w / d, relative: 1e-12)
    expectClose(matrix[1, 1], (1 - w) / d, relative: 1e-12)
    // Σ Gᵢⱼ dPᵢⱼ counts both off-diagonal elements.
    expectClose(2 * matrix[1, 0], (2 * w - 1) / d, relative: 1e-12)
  }

  @Test func variablesAtBoundsFollowTheirBounds() throws {
    let program = try QuadraticProgram(
      quadratic: .diagonal([1, 1]), linear: [-5, 1], lowerBounds: [-.infinity, 0.5],
      upperBounds: [2, 3])
    let sensitivity = try program.sensitivity(at: QuadraticSolver().solve(program))
    #expect(sensitivity.activeVariables == [0, 1])
    var direction = ProgramDirection(zeroFor: program)
    direction.upperBounds = [0.25, 7]
    direction.lowerBounds = [7, -0.5]
    let change = try sensitivity.forward(direction)
    #expect(change.x == [0.25, -0.5])
    // z = Px + q: −3 and 1.5; the objective changes by z'dbound.
    expectClose(change.objective, -3 * 0.25 + 1.5 * -0.5, relative: 1e-15)
    #expect(change.boundDuals == [0.25, -0.5])
  }

  @Test func namesWhyThereIsNoDerivative() throws {
    // The minimum of 1/2 (x − 1)² lies on its bound by accident.
    let weak = try QuadraticProgram(
      quadratic: .diagonal([1]), linear: [-1], upperBounds: [1], variableNames: ["x"])
    #expect(
      try weak.sensitivity(at: QuadraticSolver().solve(weak)).obstacles == [
        .weaklyActive(name: "x")
      ])
    // Two copies of an asset: any split is optimal.
    let flat = try QuadraticProgram(
      quadratic: .dense(SymmetricMatrix(rows: [[1, 1], [1, 1]])),
      rows: [LinearRow("budget", coefficients: [1, 1], lower: 1, upper: 1)])
    let flatSensitivity = try flat.sensitivity(at: QuadraticSolver().solve(flat))
    #expect(flatSensitivity.obstacles == [.flatObjective])
    var direction = ProgramDirection(zeroFor: flat)
    direction.rowLower = [1]
    let change = try flatSensitivity.forward(direction)
    expectClose(change.x[0] + change.x[1], 1, relative: 1e-12)
    // The budget twice.
    let twice = try QuadraticProgram(
      quadratic: .diagonal([1, 2]),
      rows: [
        LinearRow("budget", coefficients: [1, 1], lower: 1, upper: 1),
        LinearRow("again", coefficients: [2, 2], lower: 2, upper: 2),
      ])
    #expect(
      try twice.sensitivity(at: QuadraticSolver().solve(twice)).obstacles == [
        .dependentConstraints
      ])
  }

  /// Differences of solved programs, with whatever is active on both sides.
  @Test(arguments: 1...SweepSize.of(60))
  func agreesWithSolvedDifferences(seed: Int) throws {
    let program = try RandomPrograms.feasible(seed: seed)
    let solution = try QuadraticSolver().solve(program)
    let sensitivity = try program.sensitivity(at: solution)
    guard sensitivity.isDifferentiable else { return }
    var generator = SeededGenerator(seed: UInt64(seed))
    let n = program.variableCount
    var direction = ProgramDirection(zeroFor: program)
    direction.linear = (0..<n).map { _ in generator.gaussian() }
    let step = 1e-6
    func moved(_ t: Double) throws -> Solution<[Double]> {
      try QuadraticSolver().solve(
        QuadraticProgram(
          quadratic: program.quadratic,
          linear: zip(program.linear, direction.linear).map { $0 + t * $1 },
          lowerBounds: program.lowerBounds, upperBounds: program.upperBounds, rows: program.rows))
    }
    let ahead = try moved(step)
    let behind = try moved(-step)
    for side in [ahead, behind] {
      let other = try QuadraticProgram(
        quadratic: program.quadratic,
        linear: zip(program.linear, direction.linear).map {
          side == ahead ? $0 + step * $1 : $0 - step * $1
        }, lowerBounds: program.lowerBounds, upperBounds: program.upperBounds, rows: program.rows)
      let neighbor = try other.sensitivity(at: side)
      // Another active set within the step: the difference is no derivative.
      if neighbor.activeRows != sensitivity.activeRows
        || neighbor.activeVariables != sensitivity.activeVariables
      {
        return
      }
    }
    let change = try sensitivity.forward(direction)
    for i in 0..<n {
      expectClose(
        change.x[i], (ahead.value[i] - behind.value[i]) / (2 * step), relative: 1e-6,
        absolute: 1e-6)
    }
    expectClose(
      change.objective,
      (ahead.certificate.primalObjective - behind.certificate.primalObjective) / (2 * step),
      relative: 1e-6, absolute: 1e-7)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let program = try RandomPrograms.feasible(seed: 7)
    let solution = try QuadraticSolver().solve(program)
    let sensitivity = try program.sensitivity(at: solution)
    var direction = ProgramDirection(zeroFor: program)
    direction.linear[0] = .nan
    #expect(throws: OptimizationError.self) { try sensitivity.forward(direction) }
    direction.linear = []
    #expect(throws: OptimizationError.self) { try sensitivity.forward(direction) }
    #expect(throws: OptimizationError.self) {
      try sensitivity.reverse(SolutionGradient(x: [.infinity]))
    }
    #expect(throws: OptimizationError.self) {
      try sensitivity.reverse(SolutionGradient(objective: .nan))
    }
    let wrong = Solution(
      value: solution.value.map { $0 + 1 }, status: .optimal, certificate: solution.certificate,
      duals: solution.duals)
    #expect(throws: OptimizationError.self) { try program.sensitivity(at: wrong) }
    let other = try RandomPrograms.feasible(seed: 8)
    #expect(throws: OptimizationError.self) { try other.sensitivity(at: solution) }
    let empty = try QuadraticProgram(quadratic: .diagonal([]))
    let none = try empty.sensitivity(at: QuadraticSolver().solve(empty))
    #expect(try none.forward(ProgramDirection(zeroFor: empty)).x.isEmpty)
  }
}

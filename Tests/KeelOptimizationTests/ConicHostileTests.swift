import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct ConicHostileTests {
  /// Solves what can be posed; whatever is called optimal must be certified.
  private func check(_ make: () throws(OptimizationError) -> ConicProgram) {
    do throws(OptimizationError) {
      let program = try make()
      let solution = try ConicSolver().solve(program)
      switch solution.status {
      case .optimal:
        #expect(solution.certificate.holds(program.optimalTolerances))
        let isFinite = solution.value.allSatisfy { $0.isFinite }
        #expect(isFinite)
      case .primalInfeasible(let proof): #expect(proof.contradiction > 0)
      case .unbounded(let proof): #expect(proof.slope < 0)
      default: break
      }
    } catch {
      // A typed error is an answer.
    }
  }

  private static func rows(_ numbers: [Double], _ constants: [Double]) -> [AffineExpression] {
    constants.indices.map { r in
      AffineExpression(
        coefficients: [numbers[r], numbers[(r + 1) % 3], numbers[(r + 2) % 3]],
        constant: constants[r])
    }
  }

  private static let cones: [Cone] = [
    .zero, .nonnegative, .secondOrder, .exponential, .power(exponent: 0.3),
    .positiveSemidefinite(order: 2),
  ]

  /// Programs with a number in every place; what cannot be posed is left out.
  static func programs(with number: Double) -> [ConicProgram] {
    var result: [ConicProgram] = []
    for cone in cones {
      for place in 0..<3 {
        var numbers = [1.0, 0.2, -0.3]
        numbers[place] = number
        let tame = ConicConstraint("block", in: cone, rows([1, 0.2, -0.3], [0.1, 1, 2]))
        let blocks = [
          [
            ConicConstraint("block", in: cone, rows(numbers, [0.1, 1, 2])),
            .bounds("box", lower: [-1, -1, -1], upper: [1, 1, 1]),
          ],
          [ConicConstraint("block", in: cone, rows([1, 0.2, -0.3], numbers))],
        ]
        let posed: [ConicProgram?] =
          blocks.map { try? ConicProgram(linear: [1, 0.5, 0.2], constraints: $0) } + [
            try? ConicProgram(linear: numbers, constraints: [tame]),
            try? ConicProgram(
              quadratic: .diagonal(numbers), linear: [1, 2, 3], constraints: [tame]),
          ]
        result += posed.compactMap { $0 }
      }
    }
    return result
  }

  @Test(arguments: hostileNumbers) func everyPlace(number: Double) throws {
    for program in Self.programs(with: number) { check { program } }
    let cones = Self.cones
    let program = try ConicProgram(
      linear: [1, 1, 1],
      constraints: cones.enumerated().map {
        ConicConstraint("\($0)", in: $1, Self.rows([1, 0.2, -0.3], [0.1, 1, 2]))
      })
    let claimed = try program.verify(
      [number, 1, 1],
      duals: ConicDuals(of: program, blocks: cones.map { _ in [number, 0, number] }))
    #expect(!claimed.holds(program.optimalTolerances))
    #expect(program.infeasibilityProof(multipliers: cones.map { _ in [number, 0, 0] }) == nil)
    check { () throws(OptimizationError) in
      try ConicProgram(
        linear: [1, 1, 1],
        constraints: [
          ConicConstraint("p", in: .power(exponent: number), Self.rows([1, 2, 3], [1, 1, 1]))
        ])
    }
  }

  @Test func refusesWhatMakesNoProgram() throws {
    let one = AffineExpression(variable: 0)
    #expect(throws: OptimizationError.shapeMismatch(argument: "e", got: 2, required: 3)) {
      try ConicProgram(
        linear: [1], constraints: [ConicConstraint("e", in: .exponential, [one, one])])
    }
    #expect(throws: OptimizationError.invalidIndex(argument: "e", got: 1, count: 1)) {
      try ConicProgram(
        linear: [1],
        constraints: [ConicConstraint("e", in: .zero, [AffineExpression(variable: 1)])])
    }
    #expect(throws: OptimizationError.duplicateName("e")) {
      try ConicProgram(
        linear: [1],
        constraints: [
          ConicConstraint("e", in: .zero, [one]), ConicConstraint("e", in: .zero, [one]),
        ])
    }
    #expect(throws: OptimizationError.shapeMismatch(argument: "e", got: 1, required: 2)) {
      try ConicProgram(
        linear: [1, 1],
        constraints: [
          ConicConstraint(
            "e", in: .zero, [AffineExpression(indices: [0, 1], coefficients: [1])])
        ])
    }
    let indefinite = try SymmetricMatrix(rows: [[1, 2], [2, 1]])
    #expect(throws: OptimizationError.notConvex(order: 2)) {
      try ConicSolver().solve(
        ConicProgram(quadratic: .dense(indefinite), linear: [0, 0], constraints: []))
    }
    #expect(throws: OptimizationError.self) {
      try ConicProgram(
        linear: [1],
        constraints: [ConicConstraint("m", in: .positiveSemidefinite(order: -1), [])])
    }
    let program = try ConicProgram(
      linear: [1], constraints: [ConicConstraint("e", in: .zero, [one])])
    #expect(throws: OptimizationError.self) {
      try program.verify([1, 2], duals: ConicDuals(of: program, blocks: [[1]]))
    }
    #expect(throws: OptimizationError.self) {
      try program.verify([1], duals: ConicDuals(of: program, blocks: [[1, 2]]))
    }
    #expect(AffineExpression(indices: [3], coefficients: [1]).value(at: [1]).isNaN)
  }

  @Test func emptyPrograms() throws {
    #expect(try ConicSolver().solve(ConicProgram(linear: [], constraints: [])).status == .optimal)
    let constants: [(Double, Bool)] = [(1, true), (-1, false)]
    for (constant, isFeasible) in constants {
      let program = try ConicProgram(
        linear: [],
        constraints: [
          ConicConstraint("c", in: .nonnegative, [AffineExpression(constant: constant)])
        ])
      let status = try ConicSolver().solve(program).status
      if isFeasible {
        #expect(status == .optimal)
      } else if case .primalInfeasible(let proof) = status {
        #expect(proof.constraints == ["c"])
        #expect(proof.radius == .infinity)
      } else {
        Issue.record("\(status)")
      }
    }
    let free = try ConicSolver().solve(ConicProgram(linear: [1], constraints: []))
    guard case .unbounded = free.status else {
      Issue.record("\(free.status)")
      return
    }
    let empty = try ConicSolver().solve(
      ConicProgram(
        quadratic: .diagonal([2]), linear: [-4],
        constraints: Cone.emptyBlocks.enumerated().map { ConicConstraint("\($0)", in: $1, []) }))
    #expect(empty.status == .optimal)
    expectClose(empty.value[0], 2, relative: 1e-9)
  }

  /// An optimum of zero, where nothing but rounding has a size.
  @Test func vanishingObjectives() throws {
    let x = AffineExpression(variable: 0)
    let t = AffineExpression(variable: 1)
    let cases: [[ConicConstraint]] = [
      [.bounds("b", lower: [0, 0])],
      [.norm("n", of: [x], atMost: t)],
      [.sumOfSquares("s", of: [x], atMost: t), .bounds("b", lower: [-1], upper: [1])],
    ]
    for constraints in cases {
      let solution = try ConicSolver().solve(
        ConicProgram(linear: [0, 1], constraints: constraints))
      #expect(solution.status == .optimal, "\(solution.certificate)")
      expectClose(solution.value[1], 0, absolute: 1e-8)
    }
    let nothing = try ConicSolver().solve(
      ConicProgram(linear: [0, 0], constraints: [.norm("n", of: [x], atMost: t)]))
    #expect(nothing.status == .optimal)
  }

  /// Constraints that depend on each other, and rows of zeros.
  @Test func dependentEquations() throws {
    let sum = AffineExpression(coefficients: [1, 1], constant: -1)
    let twice = AffineExpression(coefficients: [2, 2], constant: -2)
    let zero = AffineExpression(constant: 0)
    let solution = try ConicSolver().solve(
      ConicProgram(
        linear: [1, 2],
        constraints: [
          ConicConstraint("e", in: .zero, [sum, twice, zero]), .bounds("b", lower: [0, 0]),
        ]))
    #expect(solution.status == .optimal, "\(solution.certificate)")
    expectClose(solution.certificate.primalObjective, 1, relative: 1e-9)
    let contradiction = AffineExpression(coefficients: [2, 2], constant: -2.001)
    let status = try ConicSolver().solve(
      ConicProgram(
        linear: [1, 2],
        constraints: [ConicConstraint("e", in: .zero, [sum, contradiction])])
    ).status
    guard case .primalInfeasible = status else {
      Issue.record("\(status)")
      return
    }
  }
}

extension Cone {
  /// Cones that may have no row.
  static var emptyBlocks: [Cone] {
    [.zero, .nonnegative, .secondOrder, .positiveSemidefinite(order: 0)]
  }
}

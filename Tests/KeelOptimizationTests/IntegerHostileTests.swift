import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct IntegerHostileTests {
  private func program(
    _ n: Int,
    lower: Double = 0,
    upper: Double = 1,
    budget: Double = 1
  ) throws -> QuadraticProgram {
    try QuadraticProgram(
      quadratic: .diagonal((0..<n).map { 1 + 0.1 * Double($0) }),
      lowerBounds: [Double](repeating: lower, count: n),
      upperBounds: [Double](repeating: upper, count: n),
      rows: [
        LinearRow(
          "budget", coefficients: [Double](repeating: 1, count: n), lower: budget, upper: budget)
      ])
  }

  private func names(_ n: Int, atLeast: Int = 0, _ most: Int) -> CardinalityLimit {
    CardinalityLimit("names", variables: Array(0..<n), atLeast: atLeast, atMost: most)
  }

  @Test func refusesNumbersThatMakeNoSense() throws {
    let base = try program(3)
    for bad in [Double.nan, -1, -.infinity, .infinity] {
      #expect(throws: OptimizationError.self) {
        try MixedIntegerProgram(base, lots: [Lot(variable: 0, size: bad)])
      }
      #expect(throws: OptimizationError.self) {
        try MixedIntegerProgram(base, fixedCosts: [FixedCost(variable: 0, cost: bad)])
      }
      #expect(throws: OptimizationError.self) {
        try MixedIntegerProgram(
          base, minimumPositions: [MinimumPosition(variable: 0, minimum: bad)])
      }
      #expect(throws: OptimizationError.self) {
        try MixedIntegerProgram(
          base,
          minimumPositions: [MinimumPosition(variable: 0, minimum: 0.1, shortMinimum: bad)])
      }
    }
    for bad in [Double.nan, .infinity, -.infinity] {
      #expect(throws: OptimizationError.self) {
        try MixedIntegerProgram(
          base, fixedCosts: [FixedCost(variable: 0, cost: 1, reference: bad)])
      }
    }
    #expect(
      throws: OptimizationError.invalidValue(
        argument: "lots", index: 1, got: 0,
        allowed: .leastNonzeroMagnitude ... .greatestFiniteMagnitude)
    ) {
      try MixedIntegerProgram(
        base, lots: [Lot(variable: 0, size: 1), Lot(variable: 1, size: 0)])
    }
    for bad in [Double.nan, -1] {
      #expect(throws: OptimizationError.self) {
        try MixedIntegerProgram(
          base, minimumPositions: [MinimumPosition(variable: 0, minimum: 0, maximum: bad)])
      }
      var settings = BranchAndBound.Settings()
      settings.relativeGap = bad
      let problem = try MixedIntegerProgram(base)
      #expect(throws: OptimizationError.self) {
        try BranchAndBound(settings: settings).solve(problem)
      }
    }
    #expect(throws: OptimizationError.conflictingBounds(name: "x[0]", lower: 0.5, upper: 0.4)) {
      try MixedIntegerProgram(
        base, minimumPositions: [MinimumPosition(variable: 0, minimum: 0.5, maximum: 0.4)])
    }
  }

  @Test func refusesIndicesAndNamesTwice() throws {
    let base = try program(3)
    for index in [-1, 3, Int.max, Int.min] {
      #expect(throws: OptimizationError.invalidIndex(argument: "lots", got: index, count: 3)) {
        try MixedIntegerProgram(base, lots: [Lot(variable: index, size: 1)])
      }
      #expect(throws: OptimizationError.invalidIndex(argument: "some", got: index, count: 3)) {
        try MixedIntegerProgram(
          base, cardinalities: [CardinalityLimit("some", variables: [0, index], atMost: 1)])
      }
    }
    #expect(throws: OptimizationError.invalidIndex(argument: "fixedCosts", got: 1, count: 3)) {
      try MixedIntegerProgram(
        base, fixedCosts: [FixedCost(variable: 1, cost: 1), FixedCost(variable: 1, cost: 2)])
    }
    #expect(throws: OptimizationError.invalidIndex(argument: "some", got: 2, count: 3)) {
      try MixedIntegerProgram(
        base, cardinalities: [CardinalityLimit("some", variables: [2, 2], atMost: 1)])
    }
    #expect(throws: OptimizationError.duplicateName("budget")) {
      try MixedIntegerProgram(
        base, cardinalities: [CardinalityLimit("budget", variables: [0], atMost: 1)])
    }
    #expect(throws: OptimizationError.duplicateName("names")) {
      try MixedIntegerProgram(base, cardinalities: [names(3, 1), names(3, 2)])
    }
  }

  @Test func countsThatContradictThemselves() throws {
    let base = try program(3)
    #expect(throws: OptimizationError.self) {
      try MixedIntegerProgram(base, cardinalities: [names(3, -1)])
    }
    #expect(throws: OptimizationError.conflictingBounds(name: "names", lower: 2, upper: 1)) {
      try MixedIntegerProgram(base, cardinalities: [names(3, atLeast: 2, 1)])
    }
    #expect(throws: OptimizationError.conflictingBounds(name: "names", lower: 4, upper: 3)) {
      try MixedIntegerProgram(base, cardinalities: [names(3, atLeast: 4, 9)])
    }
    #expect(throws: OptimizationError.missingMinimum(name: "names", variable: "x[0]")) {
      try MixedIntegerProgram(base, cardinalities: [names(3, atLeast: 1, 2)])
    }
  }

  @Test func noneAllAndMoreThanAll() throws {
    let base = try program(4)
    let none = try BranchAndBound().solve(MixedIntegerProgram(base, cardinalities: [names(4, 0)]))
    #expect(none.status == .infeasible(relaxation: nil))
    #expect(none.lowerBound == .infinity && none.relativeGap == .infinity)
    let free = try QuadraticSolver().solve(base)
    for most in [4, 5, Int.max] {
      let all = try BranchAndBound().solve(
        MixedIntegerProgram(base, cardinalities: [names(4, most)]))
      #expect(all.status == .optimal)
      for (x, y) in zip(all.value ?? [], free.value) { expectClose(x, y, relative: 1e-14) }
    }
    let zero = try program(4, budget: 0)
    let zeros = try BranchAndBound().solve(MixedIntegerProgram(zero, cardinalities: [names(4, 0)]))
    #expect(zeros.status == .optimal && zeros.value == [0, 0, 0, 0] && zeros.objective == 0)
    #expect(zeros.relativeGap == 0)
  }

  @Test func infeasibleForEachReason() throws {
    let solver = BranchAndBound()
    // The program itself.
    let outside = try solver.solve(
      MixedIntegerProgram(program(3, budget: 4), cardinalities: [names(3, 2)]))
    guard case .infeasible(relaxation: .some(let proof)) = outside.status else {
      Issue.record("no proof: \(outside.status)")
      return
    }
    #expect(proof.constraints.contains("budget"))
    // Two names of at most 0.3; ten names of at least 0.2; lots of 0.3; exactly zero left.
    let problems = [
      try MixedIntegerProgram(program(30, upper: 0.3), cardinalities: [names(30, 2)]),
      try MixedIntegerProgram(
        program(12),
        cardinalities: [names(12, atLeast: 10, 12)],
        minimumPositions: (0..<12).map { MinimumPosition(variable: $0, minimum: 0.2) }),
      try MixedIntegerProgram(program(4), lots: (0..<4).map { Lot(variable: $0, size: 0.3) }),
      try MixedIntegerProgram(
        program(2, lower: 0.6, upper: 0.9, budget: 1.2), cardinalities: [names(2, 1)]),
      try MixedIntegerProgram(
        program(2, upper: 0.9, budget: 0.9),
        minimumPositions: (0..<2).map { MinimumPosition(variable: $0, minimum: 1, maximum: 2) }),
    ]
    for problem in problems {
      let solution = try solver.solve(problem)
      #expect(solution.status == .infeasible(relaxation: nil))
      #expect(solution.value == nil && solution.lowerBound == .infinity)
    }
  }

  @Test func withoutBounds() throws {
    // Cardinality over free variables: the best two of three independent terms.
    let free = try QuadraticProgram(
      quadratic: .dense(SymmetricMatrix(rows: [[2, 0.1, 0], [0.1, 2, 0], [0, 0, 2]])),
      linear: [-2, -3, 1])
    let solution = try BranchAndBound().solve(
      MixedIntegerProgram(free, cardinalities: [names(3, 1)]))
    #expect(solution.status == .optimal)
    expectClose(solution.objective, -9.0 / 4, relative: 1e-12)
    // A line without limit.
    let line = try QuadraticProgram(quadratic: .diagonal([1, 0]), linear: [0, -1])
    let unbounded = try BranchAndBound().solve(
      MixedIntegerProgram(line, cardinalities: [names(2, 1)]))
    guard case .unboundedRelaxation = unbounded.status else {
      Issue.record("not unbounded: \(unbounded.status)")
      return
    }
    #expect(unbounded.lowerBound == -.infinity)
  }

  @Test func namesWhatAPointViolates() throws {
    let problem = try MixedIntegerProgram(
      program(3), cardinalities: [names(3, 2)],
      minimumPositions: [MinimumPosition(variable: 1, minimum: 0.2)],
      lots: [Lot(variable: 2, size: 0.25)])
    #expect(try problem.firstViolation(at: [0.5, 0, 0.5]) == nil)
    #expect(try problem.firstViolation(at: [0.5, 0, 0.4]) == "budget")
    #expect(try problem.firstViolation(at: [-0.5, 1, 0.5]) == "x[0]")
    #expect(try problem.firstViolation(at: [0.6, 0, 0.4]) == "x[2]")
    #expect(try problem.firstViolation(at: [0.9, 0.1, 0]) == "x[1]")
    #expect(try problem.firstViolation(at: [0.25, 0.25, 0.5]) == "names")
    #expect(throws: OptimizationError.self) { try problem.firstViolation(at: [1, 0]) }
    #expect(throws: OptimizationError.self) { try problem.firstViolation(at: [1, .nan, 0]) }
  }

  @Test func notConvex() throws {
    let program = try QuadraticProgram(
      quadratic: .dense(SymmetricMatrix(rows: [[1, 2], [2, 1]])), lowerBounds: [0, 0],
      upperBounds: [1, 1])
    let problem = try MixedIntegerProgram(program, cardinalities: [names(2, 1)])
    #expect(throws: OptimizationError.self) { try BranchAndBound().solve(problem) }
  }

  @Test func sizesAtTheEdges() throws {
    let empty = try MixedIntegerProgram(QuadraticProgram(quadratic: .diagonal([])))
    let nothing = try BranchAndBound().solve(empty)
    #expect(nothing.status == .optimal && nothing.value == [] && nothing.objective == 0)
    for scale in [1e-150, 1e-30, 1e30, 1e150] {
      let program = try QuadraticProgram(
        quadratic: .diagonal([scale, 2 * scale, 4 * scale]), lowerBounds: [0, 0, 0],
        rows: [LinearRow("budget", coefficients: [1, 1, 1], lower: 1, upper: 1)])
      let solution = try BranchAndBound().solve(
        MixedIntegerProgram(program, cardinalities: [names(3, 2)]))
      #expect(solution.status == .optimal)
      expectClose(solution.objective, scale / 3, relative: 1e-12)
    }
    // Lots far below the rounding of the variable, and far above its bounds.
    for size in [Double.leastNonzeroMagnitude, 1e-300, 1e-15, 1e300] {
      var settings = BranchAndBound.Settings()
      settings.nodeLimit = 50
      let solution = try BranchAndBound(settings: settings).solve(
        MixedIntegerProgram(program(2), lots: [Lot(variable: 0, size: size)]))
      #expect(solution.lowerBound <= solution.objective)
      if let value = solution.value, value[0] / size < 0x1p53 {
        #expect((value[0] / size).rounded() * size == value[0])
      }
    }
  }
}

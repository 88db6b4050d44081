import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct QuadraticHostileTests {
  /// Solves what can be posed; whatever is called optimal must be certified.
  private func check(
    _ make: () throws(OptimizationError) -> QuadraticProgram
  ) {
    do throws(OptimizationError) {
      let program = try make()
      let solution = try QuadraticSolver().solve(program)
      switch solution.status {
      case .optimal:
        #expect(solution.certificate.holds(Certificate.optimalTolerances))
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

  @Test(arguments: hostileNumbers) func everyPlace(number: Double) throws {
    let plain = try SymmetricMatrix(rows: [[2, 0.5, 0], [0.5, 1, 0.2], [0, 0.2, 3]])
    let rows = [LinearRow("sum", coefficients: [1, 1, 1], lower: 1, upper: 1)]
    for i in 0..<3 {
      for j in 0...i {
        var matrix = plain
        matrix[i, j] = number
        let changed = matrix
        check { () throws(OptimizationError) in
          try QuadraticProgram(
            quadratic: .dense(changed), lowerBounds: [0, 0, 0], rows: rows)
        }
      }
      var vector = [0.1, -0.2, 0.3]
      vector[i] = number
      let changed = vector
      check { () throws(OptimizationError) in
        try QuadraticProgram(quadratic: .dense(plain), linear: changed, rows: rows)
      }
      check { () throws(OptimizationError) in
        try QuadraticProgram(quadratic: .diagonal(changed), linear: [1, 2, 3], rows: rows)
      }
      check { () throws(OptimizationError) in
        try QuadraticProgram(quadratic: .dense(plain), lowerBounds: changed, rows: rows)
      }
      check { () throws(OptimizationError) in
        try QuadraticProgram(
          quadratic: .dense(plain), upperBounds: changed, rows: rows)
      }
      check { () throws(OptimizationError) in
        try QuadraticProgram(
          quadratic: .dense(plain), lowerBounds: [0, 0, 0],
          rows: [LinearRow("row", coefficients: changed, lower: 1)])
      }
    }
    check { () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: .dense(plain), rows: [LinearRow("row", coefficients: [1, 1, 1], lower: number)])
    }
    check { () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: .dense(plain), lowerBounds: [0, 0, 0],
        rows: [LinearRow("row", coefficients: [1, 1, 1], lower: number, upper: number)])
    }
    let program = try QuadraticProgram(quadratic: .dense(plain), rows: rows)
    let claimed = try program.verify(
      [number, 1, 1], duals: Duals(of: program, rows: [number], bounds: [0, 0, number]))
    #expect(!claimed.holds(Certificate.optimalTolerances))
  }

  @Test func rowsOfMissingVariables() throws {
    let row = LinearRow("sum", coefficients: [1, 2, 3], lower: 0, upper: 1)
    #expect(row.value(at: [1, 1, 1]) == 6)
    #expect(row.value(at: [1]).isNaN)
    #expect(row.value(at: []).isNaN)
  }

  @Test func emptyPrograms() throws {
    let none = try QuadraticProgram(quadratic: .diagonal([]))
    let status = try QuadraticSolver().solve(none).status
    #expect(status == .optimal)
    let impossible = try QuadraticProgram(
      quadratic: .diagonal([]), rows: [LinearRow("row", coefficients: [], lower: 1)])
    guard case .primalInfeasible(let proof) = try QuadraticSolver().solve(impossible).status else {
      Issue.record("0 >= 1 was not noticed")
      return
    }
    #expect(proof.constraints == ["row"])
  }

  @Test func oneVariable() throws {
    let solution = try QuadraticSolver().solve(
      QuadraticProgram(quadratic: .dense(SymmetricMatrix(rows: [[2]])), linear: [-3]))
    #expect(solution.status == .optimal)
    expectClose(solution.value[0], 1.5, relative: 1e-15)
  }

  @Test func refusesWhatIsNoProgram() throws {
    let identity = try SymmetricMatrix(diagonal: [1, 1])
    #expect(throws: OptimizationError.shapeMismatch(argument: "linear", got: 1, required: 2)) {
      try QuadraticProgram(quadratic: .dense(identity), linear: [1])
    }
    #expect(throws: OptimizationError.conflictingBounds(name: "b", lower: 2, upper: 1)) {
      try QuadraticProgram(
        quadratic: .dense(identity), lowerBounds: [0, 2], upperBounds: [1, 1],
        variableNames: ["a", "b"])
    }
    #expect(throws: OptimizationError.duplicateName("a")) {
      try QuadraticProgram(
        quadratic: .dense(identity), rows: [LinearRow("a", coefficients: [1, 1])],
        variableNames: ["a", "b"])
    }
    #expect(throws: OptimizationError.invalidIndex(argument: "r", got: 5, count: 2)) {
      try QuadraticProgram(
        quadratic: .dense(identity), rows: [LinearRow("r", indices: [5], coefficients: [1])])
    }
    #expect(throws: OptimizationError.notConvex(order: 2)) {
      try QuadraticSolver().solve(
        QuadraticProgram(quadratic: .dense(SymmetricMatrix(rows: [[1, 2], [2, 1]]))))
    }
    #expect(throws: OptimizationError.notConvex(order: 1)) {
      try QuadraticProgram(quadratic: .diagonal([-1, 1]))
    }
  }

  @Test func unboundedHasADirection() throws {
    // No curvature along (1, 1) and a slope there.
    let program = try QuadraticProgram(
      quadratic: .dense(SymmetricMatrix(rows: [[1, -1], [-1, 1]])), linear: [-1, -1],
      lowerBounds: [0, 0], rows: [LinearRow("gap", coefficients: [1, -1], lower: -1, upper: 1)])
    guard case .unbounded(let proof) = try QuadraticSolver().solve(program).status else {
      Issue.record("\(try QuadraticSolver().solve(program))")
      return
    }
    expectClose(proof.direction[0], proof.direction[1], relative: 1e-8)
    #expect(proof.slope < 0)
    #expect(program.unboundednessProof(direction: proof.direction) == proof)
    #expect(program.unboundednessProof(direction: [1, 0]) == nil)
    #expect(program.unboundednessProof(direction: [-1, -1]) == nil)
  }

  @Test func infeasibleAndUnboundedIsInfeasible() throws {
    let program = try QuadraticProgram(
      quadratic: .diagonal([0, 0]), linear: [-1, 0],
      rows: [
        LinearRow("low", coefficients: [0, 1], upper: 0),
        LinearRow("high", coefficients: [0, 1], lower: 1),
      ])
    guard case .primalInfeasible(let proof) = try QuadraticSolver().solve(program).status else {
      Issue.record("\(try QuadraticSolver().solve(program))")
      return
    }
    #expect(proof.constraints == ["low", "high"])
  }

  @Test func limitsAreReported() async throws {
    let program = try RandomPrograms.feasible(seed: 22)
    var solver = QuadraticSolver()
    solver.settings.maximumIterations = 1
    let limited = try solver.solve(program).status
    #expect(limited != .cancelled)
    solver.settings.maximumIterations = -5
    _ = try solver.solve(program)
    solver.settings.maximumIterations = 100
    solver.settings.deadline = ContinuousClock.now
    let late = try solver.solve(program).status
    #expect(late == .deadlineExceeded)
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return try QuadraticSolver().solve(program).status
    }
    task.cancel()
    let status = try await task.value
    #expect(status == .cancelled)
  }

  @Test func zeroCoefficientsForceNothing() throws {
    // The row forces x[0] to its bound; x[1] has coefficient zero and stays free.
    let solution = try QuadraticSolver().solve(
      QuadraticProgram(
        quadratic: .diagonal([1, 1]), linear: [0, -1], lowerBounds: [0, 0], upperBounds: [1, 2],
        rows: [LinearRow("row", indices: [0, 1], coefficients: [1, 0], lower: 1)]))
    #expect(solution.status == .optimal)
    #expect(solution.value == [1, 1])
  }

  @Test func sameBitsFromManyCallers() async throws {
    let program = try RandomPrograms.feasible(seed: 298)
    let expected = try QuadraticSolver().solve(program)
    try await withThrowingTaskGroup(of: Solution<[Double]>.self) { group in
      for _ in 0..<64 { group.addTask { try QuadraticSolver().solve(program) } }
      for try await solution in group { #expect(solution == expected) }
    }
  }
}

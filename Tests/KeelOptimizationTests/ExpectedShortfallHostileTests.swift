import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct ExpectedShortfallHostileTests {
  private let budget = [LinearRow("budget", coefficients: [1, 1, 1], lower: 1, upper: 1)]
  private let plain = [[0.01, -0.02, 0.005], [-0.03, 0.01, 0.002], [0.02, 0.02, -0.01]]

  /// Solves what can be posed; whatever is called optimal must be certified.
  private func check(_ make: () throws(OptimizationError) -> ExpectedShortfallProgram) {
    do throws(OptimizationError) {
      let program = try make()
      let solution = ExpectedShortfallSolver().solve(program)
      switch solution.status {
      case .optimal:
        #expect(solution.certificate.holds(Certificate.optimalTolerances))
        let isFinite = solution.value.variables.allSatisfy { $0.isFinite }
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
    let outcomes = try Matrix(rows: plain)
    let zeros = [0.0, 0, 0]
    for i in 0..<3 {
      for j in 0..<3 {
        var changed = outcomes
        changed[i, j] = number
        let hostile = changed
        check { () throws(OptimizationError) in
          try ExpectedShortfallProgram(
            outcomes: hostile, confidence: 0.6, lowerBounds: zeros, rows: budget)
        }
        check { () throws(OptimizationError) in
          try ExpectedShortfallProgram(outcomes: hostile, confidence: 0.6, rows: budget)
        }
      }
      var vector = [0.1, 0.3, 0.2]
      vector[i] = number
      let hostile = vector
      check { () throws(OptimizationError) in
        try ExpectedShortfallProgram(
          outcomes: outcomes, confidence: 0.6, linear: hostile, lowerBounds: zeros, rows: budget)
      }
      check { () throws(OptimizationError) in
        try ExpectedShortfallProgram(
          outcomes: outcomes, confidence: 0.6, lowerBounds: hostile, rows: budget)
      }
      check { () throws(OptimizationError) in
        try ExpectedShortfallProgram(
          outcomes: outcomes, confidence: 0.6, upperBounds: hostile, rows: budget)
      }
      check { () throws(OptimizationError) in
        try ExpectedShortfallProgram(
          outcomes: outcomes, probabilities: hostile, confidence: 0.6, lowerBounds: zeros,
          rows: budget)
      }
      check { () throws(OptimizationError) in
        try ExpectedShortfallProgram(
          outcomes: outcomes, confidence: 0.6, lowerBounds: zeros,
          rows: [LinearRow("row", coefficients: hostile, lower: 1, upper: 1)])
      }
    }
    check { () throws(OptimizationError) in
      try ExpectedShortfallProgram(
        outcomes: outcomes, confidence: number, lowerBounds: zeros, rows: budget)
    }
    check { () throws(OptimizationError) in
      try ExpectedShortfallProgram(
        outcomes: outcomes, confidence: 0.6, shortfallWeight: number, lowerBounds: zeros,
        rows: budget)
    }
    for (low, high) in [(number, 1), (0, number)] {
      check { () throws(OptimizationError) in
        try ExpectedShortfallProgram(
          outcomes: outcomes, confidence: 0.6, lowerBounds: zeros,
          rows: [LinearRow("row", coefficients: [1, 1, 1], lower: low, upper: high)])
      }
    }
  }

  @Test func shapesAndNumbersAreNamed() throws {
    let outcomes = try Matrix(rows: plain)
    #expect(throws: OptimizationError.shapeMismatch(argument: "outcomes", got: 0, required: 1)) {
      try ExpectedShortfallProgram(
        outcomes: Matrix(rowCount: 0, columnCount: 3, columnMajor: []), confidence: 0.9)
    }
    #expect(throws: OptimizationError.shapeMismatch(argument: "linear", got: 2, required: 3)) {
      try ExpectedShortfallProgram(outcomes: outcomes, confidence: 0.9, linear: [1, 2])
    }
    #expect(
      throws: OptimizationError.shapeMismatch(argument: "probabilities", got: 2, required: 3)
    ) {
      try ExpectedShortfallProgram(outcomes: outcomes, probabilities: [0.5, 0.5], confidence: 0.9)
    }
    #expect(
      throws: OptimizationError.invalidValue(
        argument: "probabilities", index: 1, got: -0.5, allowed: 0...1)
    ) {
      try ExpectedShortfallProgram(
        outcomes: outcomes, probabilities: [0.5, -0.5, 1], confidence: 0.9)
    }
    #expect(
      throws: OptimizationError.invalidValue(
        argument: "sum of probabilities", index: 0, got: 0.75, allowed: (1 - 1e-9)...(1 + 1e-9))
    ) {
      try ExpectedShortfallProgram(
        outcomes: outcomes, probabilities: [0.25, 0.25, 0.25], confidence: 0.9)
    }
    let program = try ExpectedShortfallProgram(outcomes: outcomes, confidence: 0.9)
    #expect(program.objective(at: [1]).isNaN)
    #expect(program.expectedShortfall(at: [1]).isNaN)
    expectClose(program.expectedShortfall(at: [1, 0, 0]), 0.03, relative: 1e-15)
  }

  @Test func identicalScenariosAndNoOutcomes() throws {
    for value in [0.0, 0.01, -0.01] {
      let program = try ExpectedShortfallProgram(
        outcomes: Matrix(rows: [[Double]](repeating: [value, value, value], count: 300)),
        confidence: 0.95, lowerBounds: [0, 0, 0], rows: budget)
      let solution = ExpectedShortfallSolver().solve(program)
      #expect(solution.status == .optimal)
      expectClose(solution.value.expectedShortfall, -value, relative: 1e-12)
    }
    let empty = try ExpectedShortfallProgram(
      outcomes: Matrix(rowCount: 4, columnCount: 0, columnMajor: []), confidence: 0.5,
      linear: [1, 2], lowerBounds: [0, 0],
      rows: [LinearRow("sum", coefficients: [1, 1], lower: 1, upper: 1)])
    let solution = ExpectedShortfallSolver().solve(empty)
    #expect(solution.status == .optimal)
    expectClose(solution.value.variables[0], 1, relative: 1e-12)
  }

  @Test func fixedVariables() throws {
    let program = try ExpectedShortfallProgram(
      outcomes: Matrix(rows: plain), confidence: 0.5, lowerBounds: [0.2, 0.3, 0.5],
      upperBounds: [0.2, 0.3, 0.5], rows: budget)
    let solution = ExpectedShortfallSolver().solve(program)
    #expect(solution.status == .optimal)
    #expect(solution.value.variables == [0.2, 0.3, 0.5])
    let clash = try ExpectedShortfallProgram(
      outcomes: Matrix(rows: plain), confidence: 0.5, lowerBounds: [0.2, 0.3, 0.6],
      upperBounds: [0.2, 0.3, 0.6], rows: budget)
    guard case .primalInfeasible = ExpectedShortfallSolver().solve(clash).status else {
      Issue.record("not infeasible")
      return
    }
  }

  /// Outcomes that span three hundred decades are an answer or a typed refusal, at once.
  @Test(arguments: [1e-300, 1e-150, 1e-20, 1e20, 1e150, 1e300])
  func farScales(scale: Double) throws {
    let rows = plain.map { $0.map { $0 * scale } }
    check { () throws(OptimizationError) in
      let matrix: Matrix
      do { matrix = try Matrix(rows: rows) } catch {
        throw .shapeMismatch(argument: "rows", got: 0, required: 3)
      }
      return try ExpectedShortfallProgram(
        outcomes: matrix, confidence: 0.6, lowerBounds: [0, 0, 0], rows: budget)
    }
  }
}

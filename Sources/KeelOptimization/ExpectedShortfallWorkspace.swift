// Goals: (1) the answers and the proofs of `ExpectedShortfallSolver`; (2) no allocation from the
// second solve on; (3) no quadratic program nearby: the answer before is near enough.

public import KeelNumerics

/// Solves one expected-shortfall program again and again while its numbers change.
///
/// A solve begins at the answer of the one before: the scenarios near its value at risk and the
/// variables off its bounds are those that decide now, or the certificate lets in what is missing.
/// The answer does not depend on the start beyond the tolerances of ``SolverStatus/optimal``. All
/// memory is taken at the start and by the first solve. Keep one workspace a thread: it cannot be
/// copied.
///
/// Where there is no answer before, or the search from it does not end with an optimum (an infeasible
/// program), the call goes on as ``ExpectedShortfallSolver/solve(_:)``, which allocates.
public struct ExpectedShortfallWorkspace: ~Copyable, Sendable {
  /// The limits: iterations of one interior-point run, deadline.
  public var settings: QuadraticSolver.Settings

  /// What the last solve proved; `iterationLimit` before the first one.
  public private(set) var status = SolverStatus.iterationLimit

  /// The expected shortfall of the losses at the last point; NaN before the first solve.
  public private(set) var expectedShortfall = Double.nan

  /// The value at risk of the losses at the last point; NaN before the first solve.
  public private(set) var valueAtRisk = Double.nan

  private var program: ExpectedShortfallProgram
  private var search: TailSearch
  private var room = SampleTail.Room()
  private var hasNewBounds = false
  private var hasAnswer = false

  /// Takes the memory for programs of one shape.
  ///
  /// - Parameters:
  ///   - program: The first program; its counts of scenarios and variables, the coefficients of its
  ///     rows, its confidence and the weight of the shortfall stay.
  ///   - settings: The limits of the solver.
  public init(
    _ program: ExpectedShortfallProgram,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.settings = settings
    self.program = program
    search = TailSearch(program)
    search.reserve(program)
  }

  /// The number of variables.
  public var variableCount: Int { program.variableCount }

  /// The number of scenarios.
  public var scenarioCount: Int { program.scenarioCount }

  /// The number of rows.
  public var rowCount: Int { program.rows.count }

  /// The certificate of the last solve, computed from the present numbers; NaN before the first one.
  public var certificate: Certificate { search.best.certificate }
}

// MARK: - New numbers

extension ExpectedShortfallWorkspace {
  /// Replaces the outcomes.
  ///
  /// The workspace shares the memory of the matrix; nothing is copied.
  ///
  /// - Parameter outcomes: A finite matrix of the same shape.
  /// - Throws: ``OptimizationError/shapeMismatch(argument:got:required:)``,
  ///   ``OptimizationError/invalidValue(argument:index:got:allowed:)``; nothing has changed then.
  /// - Complexity: O(S N).
  public mutating func setOutcomes(_ outcomes: Matrix) throws(OptimizationError) {
    try requireCount("outcomes", outcomes.rowCount, scenarioCount)
    try requireCount("outcomes", outcomes.columnCount, program.outcomes.columnCount)
    if let place = outcomes.firstNonFiniteElement {
      throw .invalidValue(
        argument: "outcomes", index: place.column, got: outcomes[place.row, place.column],
        allowed: .finite)
    }
    program.outcomes = outcomes
  }

  /// Replaces the outcomes of one scenario, as when a window of observations moves on.
  ///
  /// The first call copies the matrix if the caller still holds it; later ones change it in place.
  ///
  /// - Parameters:
  ///   - scenario: The position of the scenario; out of range traps.
  ///   - outcomes: The N finite outcomes.
  /// - Throws: `shapeMismatch` and `invalidValue`; nothing has changed then.
  /// - Complexity: O(N).
  public mutating func setScenario(
    _ scenario: Int,
    to outcomes: Span<Double>
  ) throws(OptimizationError) {
    precondition(scenario >= 0 && scenario < scenarioCount, "scenario out of range")
    try requireCount("outcomes", outcomes.count, program.outcomes.columnCount)
    try requireFinite("outcomes", outcomes)
    for j in 0..<outcomes.count { program.outcomes[scenario, j] = outcomes[j] }
  }

  /// Replaces the probabilities.
  ///
  /// - Parameter probabilities: One number in [0, 1] a scenario; they sum to one within
  ///   ``ExpectedShortfallProgram/probabilityTolerance``.
  /// - Throws: `shapeMismatch` and `invalidValue`; nothing has changed then.
  /// - Complexity: O(S).
  public mutating func setProbabilities(
    _ probabilities: Span<Double>
  ) throws(OptimizationError) {
    try requireCount("probabilities", probabilities.count, scenarioCount)
    var total = 0.0
    for s in 0..<probabilities.count {
      guard probabilities[s] >= 0, probabilities[s] <= 1 else {
        throw .invalidValue(
          argument: "probabilities", index: s, got: probabilities[s], allowed: 0...1)
      }
      total += probabilities[s]
    }
    let tolerance = ExpectedShortfallProgram.probabilityTolerance
    guard (total - 1).magnitude <= tolerance else {
      throw .invalidValue(
        argument: "sum of probabilities", index: 0, got: total,
        allowed: (1 - tolerance)...(1 + tolerance))
    }
    for s in 0..<probabilities.count { program.probabilities[s] = probabilities[s] }
  }

  /// Replaces the linear objective.
  ///
  /// - Parameter linear: The n finite numbers c.
  /// - Throws: `shapeMismatch` and `invalidValue`; nothing has changed then.
  public mutating func setLinear(_ linear: Span<Double>) throws(OptimizationError) {
    try requireCount("linear", linear.count, variableCount)
    try requireFinite("linear", linear)
    for i in 0..<linear.count { program.constraints.linear[i] = linear[i] }
    hasNewBounds = true
  }

  /// Replaces the bounds of the variables.
  ///
  /// - Parameters:
  ///   - lower: The n lower bounds; −∞ for none.
  ///   - upper: The n upper bounds; +∞ for none.
  /// - Throws: `shapeMismatch`, `invalidValue` for NaN, `conflictingBounds`; nothing has changed
  ///   then.
  public mutating func setBounds(
    lower: Span<Double>,
    upper: Span<Double>
  ) throws(OptimizationError) {
    try requireCount("lowerBounds", lower.count, variableCount)
    try requireCount("upperBounds", upper.count, variableCount)
    for i in 0..<lower.count {
      try QuadraticProgram.requireInterval(
        lower[i], upper[i], index: i, name: program.constraints.variableName(i))
    }
    for i in 0..<lower.count {
      program.constraints.lowerBounds[i] = lower[i]
      program.constraints.upperBounds[i] = upper[i]
    }
    hasNewBounds = true
  }

  /// Replaces the bounds of one row.
  ///
  /// - Parameters:
  ///   - row: The position of the row; out of range traps.
  ///   - lower: The lower bound; −∞ for none.
  ///   - upper: The upper bound; +∞ for none.
  /// - Throws: `invalidValue` for NaN, `conflictingBounds`; nothing has changed then.
  public mutating func setRow(
    _ row: Int,
    lower: Double,
    upper: Double
  ) throws(OptimizationError) {
    precondition(row >= 0 && row < rowCount, "row out of range")
    try QuadraticProgram.requireInterval(lower, upper, index: row, name: program.rows[row].name)
    program.constraints.rows[row].lower = lower
    program.constraints.rows[row].upper = upper
    hasNewBounds = true
  }

  private func requireCount(
    _ argument: String,
    _ got: Int,
    _ required: Int
  ) throws(OptimizationError) {
    guard got == required else {
      throw .shapeMismatch(argument: argument, got: got, required: required)
    }
  }

  private func requireFinite(
    _ argument: String,
    _ values: Span<Double>
  ) throws(OptimizationError) {
    for i in 0..<values.count where !values[i].isFinite {
      throw .invalidValue(argument: argument, index: i, got: values[i], allowed: .finite)
    }
  }
}

// MARK: - Solving

extension ExpectedShortfallWorkspace {
  /// Solves the program with its present numbers.
  ///
  /// - Returns: What was proved; the point is an answer only if it is ``SolverStatus/optimal``.
  /// - Complexity: O(S N) to check the answer and O(S' N'²) an iteration over the S' scenarios and N'
  ///   variables that decide, at worst all.
  public mutating func solve() -> SolverStatus {
    search.restart(program, hasNewBounds: hasNewBounds)
    hasNewBounds = false
    status = solveFromTheAnswerBefore()
    hasAnswer = status == .optimal
    let tail = SampleTail(
      losses: search.best.claim.losses, masses: program.probabilities,
      confidence: program.confidence, room: &room)
    expectedShortfall = tail.expectedShortfall
    valueAtRisk = tail.valueAtRisk
    return status
  }

  private mutating func solveFromTheAnswerBefore() -> SolverStatus {
    if hasAnswer {
      search.beginAgain(program)
      var end = TailInteriorPoint.End.converged
      if !search.model.reduction.freeVariables.isEmpty { end = search.run(program, settings) }
      if search.best.certificate.holds(Certificate.optimalTolerances) { return .optimal }
      if end == .deadline { return .deadlineExceeded }
      if end == .cancelled { return .cancelled }
    }
    return ExpectedShortfallSolver(settings: settings).status(of: program, &search)
  }
}

// MARK: - Results

extension ExpectedShortfallWorkspace {
  /// Lends the variables of the last solve.
  ///
  /// - Parameter body: Reads the n variables; none before the first solve.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  public func withVariables<Result, Failure: Error>(
    _ body: (Span<Double>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(search.best.claim.x.span)
  }

  /// Lends the multipliers of the scenarios of the last solve.
  ///
  /// - Parameter body: Reads one multiplier a scenario, see
  ///   ``ExpectedShortfallPoint/scenarioMultipliers``.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  public func withScenarioMultipliers<Result, Failure: Error>(
    _ body: (Span<Double>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(search.best.claim.scenarioMultipliers.span)
  }

  /// Lends the dual values of the last solve.
  ///
  /// - Parameter body: Reads the dual values of the rows, then those of the bounds.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  public func withDuals<Result, Failure: Error>(
    _ body: (Span<Double>, Span<Double>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(search.best.claim.rowDuals.span, search.best.claim.boundDuals.span)
  }

  /// A copy of the last answer with status, certificate and dual values by name; it allocates.
  public var solution: Solution<ExpectedShortfallPoint> { search.solution(program, status) }
}

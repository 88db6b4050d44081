// Goals: (1) the answers and the proofs of `ConicSolver`, to the last bit; (2) no allocation from the
// second solve on.
//
// An interior-point method gains little from a start near the answer, because that lies on the
// boundary; every solve begins at the same center, so that an answer depends on its program alone.

import KeelNumerics

/// Solves one conic program again and again while its numbers change.
///
/// All memory is taken at the start and by the first solve; proofs that there is no solution take
/// theirs when they are needed first. A solve takes new memory for results of the one before,
/// ``solution`` and a proof in ``status``, of which a copy is still alive. The second linear system,
/// which takes over where the first one loses its digits, takes its memory when it is needed first.
///
/// An answer is that of ``ConicSolver/solve(_:)`` for the present numbers, whatever was solved before.
/// Keep one workspace a thread: it cannot be copied.
public struct ConicWorkspace: ~Copyable, Sendable {
  /// The limits of the solver.
  public var settings: ConicSolver.Settings

  /// What the last solve proved; `iterationLimit` before the first one.
  public private(set) var status = ConicStatus.iterationLimit

  private var program: ConicProgram
  private var pursuit: ConicPursuit
  private var factor = DefiniteFactor()
  private var isConvex = false

  /// Takes the memory for programs of one structure.
  ///
  /// - Parameters:
  ///   - program: The first program; its variables, blocks and cones stay, and which variables each
  ///     expression has a coefficient for.
  ///   - settings: The limits of the solver.
  public init(
    _ program: ConicProgram,
    settings: ConicSolver.Settings = ConicSolver.Settings()
  ) {
    self.settings = settings
    self.program = program
    pursuit = ConicPursuit(program)
  }

  /// The number of variables.
  public var variableCount: Int { program.variableCount }

  /// The number of blocks.
  public var blockCount: Int { program.constraints.count }

  /// The certificate of the last solve, computed from the present numbers; NaN before the first one.
  public var certificate: ConicCertificate { pursuit.search.best.certificate }
}

// MARK: - New numbers

extension ConicWorkspace {
  /// Replaces the quadratic term.
  ///
  /// - Parameter quadratic: A term of the same order, finite; the next solve proves that it is
  ///   positive semidefinite.
  /// - Throws: ``OptimizationError/shapeMismatch(argument:got:required:)``,
  ///   ``OptimizationError/invalidValue(argument:index:got:allowed:)``,
  ///   ``OptimizationError/notConvex(order:)`` for a negative diagonal element; nothing has changed
  ///   then.
  /// - Complexity: O(n²) for a dense term.
  public mutating func setQuadratic(_ quadratic: QuadraticTerm) throws(OptimizationError) {
    try requireCount("quadratic", quadratic.order, variableCount)
    try quadratic.requireFinite()
    program.quadratic = quadratic
    isConvex = false
  }

  /// Replaces the linear objective.
  ///
  /// - Parameter linear: The n finite numbers q.
  /// - Throws: `shapeMismatch` and `invalidValue`; nothing has changed then.
  public mutating func setLinear(_ linear: Span<Double>) throws(OptimizationError) {
    try requireCount("linear", linear.count, variableCount)
    try requireFinite("linear", linear)
    for i in 0..<linear.count { program.linear[i] = linear[i] }
  }

  /// Replaces the constants of a block.
  ///
  /// - Parameters:
  ///   - block: The position of the block; out of range traps.
  ///   - constants: One finite number an expression.
  /// - Throws: `shapeMismatch` and `invalidValue`; nothing has changed then.
  public mutating func setConstants(
    ofBlock block: Int,
    to constants: Span<Double>
  ) throws(OptimizationError) {
    precondition(block >= 0 && block < blockCount, "block out of range")
    let name = program.constraints[block].name
    try requireCount(name, constants.count, program.constraints[block].expressions.count)
    try requireFinite(name, constants)
    for r in 0..<constants.count {
      program.constraints[block].expressions[r].constant = constants[r]
    }
  }

  /// Replaces the coefficients of one expression.
  ///
  /// - Parameters:
  ///   - block: The position of the block; out of range traps.
  ///   - row: The position of the expression in the block; out of range traps.
  ///   - coefficients: One finite number for each variable that the expression had a coefficient for
  ///     at the start; zeros are allowed.
  /// - Throws: `shapeMismatch` and `invalidValue`; nothing has changed then.
  public mutating func setCoefficients(
    ofBlock block: Int,
    row: Int,
    to coefficients: Span<Double>
  ) throws(OptimizationError) {
    precondition(block >= 0 && block < blockCount, "block out of range")
    let count = program.constraints[block].expressions.count
    precondition(row >= 0 && row < count, "row out of range")
    let name = program.constraints[block].name
    try requireCount(
      name, coefficients.count, program.constraints[block].expressions[row].indices.count)
    try requireFinite(name, coefficients)
    for p in 0..<coefficients.count {
      program.constraints[block].expressions[row].coefficients[p] = coefficients[p]
    }
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

extension ConicWorkspace {
  /// Solves the program with its present numbers.
  ///
  /// - Returns: What was proved; the point is an answer only if it is ``ConicStatus/optimal``.
  /// - Throws: ``OptimizationError/notConvex(order:)``.
  /// - Complexity: That of ``ConicSolver/solve(_:)``.
  public mutating func solve() throws(OptimizationError) -> ConicStatus {
    if !isConvex {
      try program.quadratic.requireConvex(&factor)
      isConvex = true
    }
    // The last proof gives its memory back.
    status = .iterationLimit
    pursuit.restart(program)
    status = pursuit.run(program, settings)
    return status
  }
}

// MARK: - Results

extension ConicWorkspace {
  /// Lends the variables of the last solve.
  ///
  /// - Parameter body: Reads the n variables; none before the first solve.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  public func withVariables<Result, Failure: Error>(
    _ body: (Span<Double>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(pursuit.search.best.x.span)
  }

  /// Lends the dual values of a block of the last solve.
  ///
  /// - Parameters:
  ///   - block: The position of the block; out of range traps, as before the first solve.
  ///   - body: Reads one dual value an expression.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  public func withDuals<Result, Failure: Error>(
    ofBlock block: Int,
    _ body: (Span<Double>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(block >= 0 && block < pursuit.search.best.blocks.count, "block out of range")
    let duals = pursuit.search.best.blocks[block]
    return try body(duals.span)
  }

  /// The last answer with status, certificate and dual values by name; it allocates.
  public var solution: ConicSolution { pursuit.solution(program, status) }
}

// Goals: (1) the answers and the bounds of `BranchAndBound`, to the last bit; (2) no allocation from the
// second solve on, new numbers included.
//
// A tree grows from its root anew: what an earlier one proved holds for its numbers alone.

import KeelNumerics

/// Solves one mixed-integer program again and again while its numbers change.
///
/// All memory is taken at the start, by the first solve and by the first call of each setter, which
/// takes numbers out of the memory that they share with the first program; the open nodes stand in
/// one store, which grows to their largest number. An answer is that of ``BranchAndBound/solve(_:)`` for the present
/// numbers, whatever was solved before. Keep one workspace a thread: it cannot be copied.
///
/// These allocate nevertheless: the proof that no point exists at all, which is the caller's, and a
/// quadratic term of another form than the one before.
public struct IntegerWorkspace: ~Copyable, Sendable {
  /// The limits of the search.
  public var settings: BranchAndBound.Settings

  /// What the last solve proved; `nodeLimit` before the first one.
  public private(set) var status = MixedIntegerStatus.nodeLimit

  /// A number that no feasible point's objective lies below; −∞ before the first solve.
  public private(set) var lowerBound = -Double.infinity

  private var search: TreeSearch

  /// Takes the memory for programs of one shape.
  ///
  /// - Parameters:
  ///   - problem: The first program; its variables, the coefficients of its rows and its conditions
  ///     stay.
  ///   - settings: The limits of the search.
  public init(
    _ problem: MixedIntegerProgram,
    settings: BranchAndBound.Settings = BranchAndBound.Settings()
  ) {
    self.settings = settings
    search = TreeSearch(problem, settings)
  }

  /// The number of variables.
  public var variableCount: Int { search.domains.count }

  /// The number of rows.
  public var rowCount: Int { search.problem.program.rows.count }

  /// The objective of the best point of the last solve with its fixed costs; +∞ when there is none.
  public var objective: Double { search.best?.objective ?? .infinity }

  /// The number of nodes that the last solve examined.
  public var nodeCount: Int { search.nodeCount }

  /// The number of convex programs that the last solve solved.
  public var relaxationCount: Int { search.relaxationCount }
}

// MARK: - New numbers

extension IntegerWorkspace {
  /// Replaces the quadratic term.
  ///
  /// - Parameters:
  ///   - quadratic: A term of the same order and form, finite.
  ///   - convexity: Whether it is known to be positive semidefinite; if not, the next solve proves it.
  /// - Throws: ``OptimizationError/shapeMismatch(argument:got:required:)``,
  ///   ``OptimizationError/invalidValue(argument:index:got:allowed:)``,
  ///   ``OptimizationError/notConvex(order:)`` for a negative diagonal element; nothing has changed
  ///   then.
  /// - Complexity: Some factorizations of P.
  public mutating func setQuadratic(
    _ quadratic: QuadraticTerm,
    convexity: QuadraticProgram.Convexity = .unproved
  ) throws(OptimizationError) {
    try search.setQuadratic(quadratic, convexity: convexity)
  }

  /// Replaces the linear objective.
  ///
  /// - Parameter linear: The n finite numbers q.
  /// - Throws: `shapeMismatch` and `invalidValue`; nothing has changed then.
  public mutating func setLinear(_ linear: Span<Double>) throws(OptimizationError) {
    try search.setLinear(linear)
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
    try search.setBounds(lower: lower, upper: upper)
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
    try search.setRow(row, lower: lower, upper: upper)
  }
}

// MARK: - Solving

extension IntegerWorkspace {
  /// Solves the program with its present numbers.
  ///
  /// - Returns: What was proved, or why the search stopped.
  /// - Throws: ``OptimizationError/notConvex(order:)``,
  ///   ``OptimizationError/invalidValue(argument:index:got:allowed:)`` for a gap that is negative or
  ///   NaN.
  /// - Complexity: That of ``BranchAndBound/solve(_:)``.
  public mutating func solve() throws(OptimizationError) -> MixedIntegerStatus {
    try settings.requireGaps()
    search.restart(settings)
    let end = try search.run()
    (status, lowerBound) = search.conclusion(end)
    return status
  }
}

// MARK: - Results

extension IntegerWorkspace {
  /// Lends the variables of the best point of the last solve.
  ///
  /// - Parameter body: Reads the n variables; none where ``objective`` is +∞.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  public func withVariables<Result, Failure: Error>(
    _ body: (Span<Double>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if search.best == nil { return try body([Double]().span) }
    return try body(search.bestValue.span)
  }

  /// A copy of the last answer with its certificate; it allocates.
  public var solution: MixedIntegerSolution { search.solution(status, lowerBound) }
}

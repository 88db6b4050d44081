// Goals: (1) the answers and the proofs of `QuadraticSolver`; (2) no allocation from the second
// solve on, whichever method finds the answer; (3) a start from the active constraints of the solve
// before.

import KeelLinearAlgebra
import KeelNumerics

/// Solves one quadratic program again and again while its numbers change.
///
/// A solve begins with the active constraints of the one before, so that a program that has moved a
/// little takes a few steps; the answer does not depend on them beyond rounding. Where active-set
/// steps do not end with an answer (a singular P, an infeasible program) the call goes on as
/// ``QuadraticSolver/solve(_:)``. Keep one workspace a thread: it cannot be copied.
///
/// The memory of the active sets is taken at the start and by the first solve, that of what goes on
/// behind them as a whole when it is needed first. From then on a solve that ends with a point takes
/// none. A proof that there is no solution is a value with memory of its own, and results that are
/// still held while the next program is solved keep theirs, so that the workspace takes new memory.
public struct QuadraticWorkspace: ~Copyable, Sendable {
  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// The certificate of the last solve, computed from the present numbers.
  public private(set) var certificate: Certificate

  /// What the last solve proved; `iterationLimit` before the first one.
  public private(set) var status = SolverStatus.iterationLimit

  private(set) var method: ActiveSetMethod
  private var scratch: CertificateScratch
  private(set) var boundDuals: [Double]
  /// The program with its present numbers; its convexity is guaranteed once it has been proved.
  private var program: QuadraticProgram
  private var hasSets = false
  private var factor = DefiniteFactor()
  /// The search behind the active sets; its memory is taken when it is needed first.
  private var search: QuadraticSearch?
  private let names: ConstraintNames

  /// Takes the memory for programs of one shape.
  ///
  /// - Parameters:
  ///   - program: The first program; its variables, rows and coefficients stay.
  ///   - settings: The limits of the solver.
  public init(
    _ program: QuadraticProgram,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.settings = settings
    method = ActiveSetMethod(FlatProgram(program))
    method.reserve()
    scratch = CertificateScratch(count: program.variableCount)
    boundDuals = [Double](repeating: 0, count: program.variableCount)
    self.program = program
    names = ConstraintNames(program)
    certificate = method.program.certificate(
      method.x, method.rowDuals, boundDuals, iterations: 0, names: names, scratch: &scratch)
  }

  /// The number of variables.
  public var variableCount: Int { method.x.count }

  /// The number of rows.
  public var rowCount: Int { method.rowDuals.count }
}

// MARK: - New numbers

extension QuadraticWorkspace {
  /// Replaces the quadratic term.
  ///
  /// - Parameters:
  ///   - quadratic: A term of the same order and form, finite.
  ///   - convexity: Whether it is known to be positive semidefinite; if not, the next solve proves
  ///     it for all variables, fixed ones too, by a Cholesky factorization.
  /// - Throws: ``OptimizationError/shapeMismatch(argument:got:required:)``,
  ///   ``OptimizationError/invalidValue(argument:index:got:allowed:)``,
  ///   ``OptimizationError/notConvex(order:)`` for a negative diagonal element.
  /// - Complexity: O(n²) for a dense term.
  public mutating func setQuadratic(
    _ quadratic: QuadraticTerm,
    convexity: QuadraticProgram.Convexity = .unproved
  ) throws(OptimizationError) {
    guard quadratic.order == variableCount else {
      throw .shapeMismatch(argument: "quadratic", got: quadratic.order, required: variableCount)
    }
    try quadratic.requireFinite()
    method.replaceKernel(quadratic)
    program.quadratic = quadratic
    program.convexity = convexity
  }

  /// Replaces the diagonal of a quadratic term that is guaranteed to stay convex, in its memory.
  ///
  /// - Parameter diagonal: The n elements; of a low-rank term what stands beside the root. A dense
  ///   term has the factor 1.
  mutating func setDiagonal(_ diagonal: [Double]) {
    program.quadratic = .diagonal([])
    method.replaceDiagonal(diagonal)
    switch method.program.kernel {
    case .dense(let matrix, _): program.quadratic = .dense(matrix)
    case .diagonal(let values): program.quadratic = .diagonal(values)
    case .lowRank(let term): program.quadratic = .factor(FactorTerm(lowRank: term))
    }
    program.convexity = .guaranteed
  }

  /// Forgets the active constraints of the last solve.
  mutating func forgetSets() {
    hasSets = false
    method.forgetSets()
  }

  /// Replaces the linear objective.
  ///
  /// - Parameter linear: The n finite numbers q.
  /// - Throws: `shapeMismatch` and `invalidValue`; nothing has changed then.
  public mutating func setLinear(_ linear: Span<Double>) throws(OptimizationError) {
    try requireCount("linear", linear.count)
    for i in 0..<linear.count where !linear[i].isFinite {
      throw .invalidValue(argument: "linear", index: i, got: linear[i], allowed: .finite)
    }
    for i in 0..<linear.count {
      method.program.linear[i] = linear[i]
      program.linear[i] = linear[i]
    }
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
    try requireCount("lowerBounds", lower.count)
    try requireCount("upperBounds", upper.count)
    for i in 0..<lower.count {
      try QuadraticProgram.requireInterval(
        lower[i], upper[i], index: i, name: names.variable(i))
    }
    for i in 0..<lower.count {
      method.program.lower[i] = lower[i]
      method.program.upper[i] = upper[i]
      program.lowerBounds[i] = lower[i]
      program.upperBounds[i] = upper[i]
      // A side without a bound is no side.
      if method.side[i] < 0 && lower[i] == -.infinity { method.side[i] = 0 }
      if method.side[i] > 0 && upper[i] == .infinity { method.side[i] = 0 }
    }
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
    try QuadraticProgram.requireInterval(lower, upper, index: row, name: names.rows[row])
    method.program.rowLower[row] = lower
    method.program.rowUpper[row] = upper
    program.rows[row].lower = lower
    program.rows[row].upper = upper
  }

  private func requireCount(_ argument: String, _ count: Int) throws(OptimizationError) {
    guard count == variableCount else {
      throw .shapeMismatch(argument: argument, got: count, required: variableCount)
    }
  }
}

// MARK: - Solving

extension QuadraticWorkspace {
  /// Solves the program with its present numbers.
  ///
  /// - Returns: What was proved; the point is an answer only if it is ``SolverStatus/optimal``.
  /// - Throws: ``OptimizationError/notConvex(order:)``.
  /// - Complexity: O(f³ + n f) a step with f variables off their bounds, for a dense P; a few steps.
  public mutating func solve() throws(OptimizationError) -> SolverStatus {
    let isWarm = hasSets
    if try solveByActiveSets() { return status }
    return try solveBeyondSets(wasWarm: isWarm)
  }

  /// What a relaxation in a tree came to: a proof that there is no point is checked and not kept.
  enum RelaxationEnd {
    case optimal
    case empty
    case other(SolverStatus)
  }

  /// Solves like ``solve()``; where there is no point, results and certificate mean nothing.
  mutating func solveRelaxation() throws(OptimizationError) -> RelaxationEnd {
    let isWarm = hasSets
    if try solveByActiveSets() { return .optimal }
    if method.hasRay && method.program.isEmpty(rowMultipliers: method.rowRay, scratch: &scratch) {
      hasSets = false
      return .empty
    }
    switch try solveBeyondSets(wasWarm: isWarm, areReasonsWanted: false) {
    case .optimal: return .optimal
    case .primalInfeasible: return .empty
    case let status: return .other(status)
    }
  }

  /// Takes a proof from the active sets, or goes on as the solver.
  private mutating func solveBeyondSets(
    wasWarm: Bool,
    areReasonsWanted: Bool = true
  ) throws(OptimizationError) -> SolverStatus {
    if areReasonsWanted, method.hasRay,
      let proof = program.infeasibilityProof(rowMultipliers: method.rowRay)
    {
      status = .primalInfeasible(proof)
      hasSets = false
      for i in boundDuals.indices { boundDuals[i] = 0 }
      certify()
      return status
    }
    hasSets = false
    // Sets from a program that was quite another one may be what failed.
    if wasWarm, try solveByActiveSets() { return status }
    var search = takeSearch()
    search.areReasonsWanted = areReasonsWanted
    do throws(OptimizationError) {
      status = try search.run(program, method.program, settings)
    } catch {
      self.search = consume search
      throw error
    }
    method.restart(at: search.best.x, search.best.rowDuals)
    boundDuals.copyElements(of: search.best.boundDuals)
    certificate = search.best.certificate
    hasSets = status == .optimal
    self.search = consume search
    return status
  }

  private mutating func takeSearch() -> QuadraticSearch {
    if let kept = search.take() { return kept }
    var first = QuadraticSearch(names)
    first.reserve(program)
    return first
  }

  private mutating func solveByActiveSets() throws(OptimizationError) -> Bool {
    guard method.hasCurvature, settings.method == .automatic else { return false }
    if program.convexity == .unproved {
      try program.quadratic.requireConvex(&factor)
      program.convexity = .guaranteed
    }
    if hasSets {
      method.keepSets()
    } else {
      // As the solver, to the last bit: nothing of the solve before.
      method.forgetSets()
      method.startFromOneFactor()
    }
    let isFound = method.run(
      maximumIterations: min(settings.maximumIterations, ActiveSetMethod.mostBlocks)
    ) {
      settings.interruption() != nil
    }
    guard isFound else { return false }
    for i in boundDuals.indices {
      boundDuals[i] = method.side[i] == 0 ? 0 : method.gradient[i]
    }
    certify()
    guard certificate.holds(Certificate.optimalTolerances) else { return false }
    status = .optimal
    hasSets = true
    return true
  }

  /// Computes the certificate of the present point.
  private mutating func certify() {
    certificate = method.program.certificate(
      method.x, method.rowDuals, boundDuals, iterations: method.iterations, names: names,
      scratch: &scratch)
  }
}

// MARK: - Results

extension QuadraticWorkspace {
  /// Lends the variables of the last solve.
  ///
  /// - Parameter body: Reads the n variables.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  public func withVariables<Result, Failure: Error>(
    _ body: (Span<Double>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(method.x.span)
  }

  /// Lends the dual values of the last solve.
  ///
  /// - Parameter body: Reads the dual values of the rows, then those of the bounds.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  public func withDuals<Result, Failure: Error>(
    _ body: (Span<Double>, Span<Double>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(method.rowDuals.span, boundDuals.span)
  }

  /// A copy of the last answer with status, certificate and dual values by name; it allocates.
  public var solution: Solution<[Double]> {
    Solution(
      value: method.x, status: status, certificate: certificate,
      duals: Duals(
        rows: method.rowDuals, bounds: boundDuals, rowNames: names.rows,
        variableNames: names.variables))
  }
}

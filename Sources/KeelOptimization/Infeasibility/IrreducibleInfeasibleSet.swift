// Goals: (1) every statement is checked on the caller's data: the set contradicts itself, and
// without any one member it does not; (2) what could not be checked is said; (3) few searches.
//
// Irreducible sets are the supports of the extreme Farkas multipliers (Gleeson and Ryan, ORSA
// Journal on Computing 2, 1990); members that are in doubt go through the deletion filter
// (Chinneck and Dravnieks, ORSA Journal on Computing 3, 1991).

/// Bounds that cannot hold together, of which none can be spared.
public struct IrreducibleInfeasibleSet: Hashable, Sendable {
  /// A bound of the set.
  public struct Member: Hashable, Sendable {
    /// The bound.
    public let bound: ConstraintBound

    /// A point that satisfies all other members to ``Certificate/optimalTolerances``, the proof that
    /// this one is needed; nil when none was found.
    public let witness: [Double]?
  }

  /// The members: rows, then variables.
  public let members: [Member]

  /// The proof that the members alone contradict each other.
  public let proof: InfeasibilityProof

  /// Whether every member has a witness.
  ///
  /// Otherwise the set is a contradiction all the same, but perhaps one with members to spare.
  public var isIrreducibilityProved: Bool { members.allSatisfy { $0.witness != nil } }

  /// The bounds of the set.
  public var bounds: [ConstraintBound] { members.map(\.bound) }
}

extension QuadraticProgram {
  /// Reduces a proof of infeasibility to bounds of which none can be spared.
  ///
  /// ```text
  /// S is irreducible: no x satisfies S, and for each s in S some x satisfies S without s
  /// ```
  ///
  /// Rows count by their sides, and so do the bounds of variables. Of several irreducible sets the
  /// one is returned to which the bounds in the proof lead. Both halves of the statement are checked
  /// on the data of the program, with the tolerances of ``infeasibilityProof(rowMultipliers:)`` and
  /// ``Certificate/optimalTolerances``.
  ///
  /// - Parameters:
  ///   - proof: A proof for this program, from ``SolverStatus/primalInfeasible(_:)``.
  ///   - settings: The deadline and the iteration limit of single steps.
  /// - Returns: The set, or nil when the proof is none for this program. After the deadline the set
  ///   may have members without a witness.
  /// - Complexity: O(m n²) for m bounds in the proof, as a rule.
  public func irreducibleInfeasibleSet(
    from proof: InfeasibilityProof,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) -> IrreducibleInfeasibleSet? {
    guard
      let checked = infeasibilityProof(rowMultipliers: proof.multipliers.rows)
    else { return nil }
    var filter = DeletionFilter(program: self, settings: settings, proof: checked)
    filter.run()
    return filter.result
  }

  /// Finds bounds that cannot hold together, of which none can be spared.
  ///
  /// - Parameter settings: The deadline and the iteration limit of single steps.
  /// - Returns: The set, or nil when the program is feasible or nothing could be decided.
  /// - Complexity: O(m n²) for m bounds, as a rule.
  public func irreducibleInfeasibleSet(
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) -> IrreducibleInfeasibleSet? {
    let decision = FeasibilityDecision(self, constraintBounds, settings)
    guard case .infeasible(let proof, _) = decision else { return nil }
    return irreducibleInfeasibleSet(from: proof, settings: settings)
  }
}

/// Shrinks a contradiction until each member has a witness, as far as that can be decided.
private struct DeletionFilter {
  let program: QuadraticProgram
  let settings: QuadraticSolver.Settings
  var proof: InfeasibilityProof
  var members: [ConstraintBound] = []
  var witnesses: [ConstraintBound: [Double]] = [:]
  var undecided: Set<ConstraintBound> = []

  init(program: QuadraticProgram, settings: QuadraticSolver.Settings, proof: InfeasibilityProof) {
    self.program = program
    self.settings = settings
    self.proof = proof
    members = program.bounds(in: proof)
  }

  var result: IrreducibleInfeasibleSet {
    IrreducibleInfeasibleSet(
      members: members.map { .init(bound: $0, witness: witnesses[$0]) }, proof: proof)
  }

  mutating func run() {
    if case .infeasible(let proof, let witnesses) = FeasibilityDecision(program, members, settings)
    {
      take(proof, witnesses)
    }
    while let candidate = members.first(where: { witnesses[$0] == nil && !undecided.contains($0) })
    {
      if settings.interruption() != nil { return }
      let others = members.filter { $0 != candidate }
      switch FeasibilityDecision(program, others, settings) {
      case .feasible(let x): witnesses[candidate] = x
      case .infeasible(let proof, let witnesses): take(proof, witnesses)
      case .undecided: undecided.insert(candidate)
      }
    }
  }

  /// Goes on with a smaller contradiction; a witness stays one, because fewer others must hold.
  private mutating func take(_ proof: InfeasibilityProof, _ found: [ConstraintBound: [Double]]) {
    let bounds = program.bounds(in: proof)
    guard Set(bounds).isSubset(of: Set(members)) else { return }
    self.proof = proof
    members = bounds
    for (bound, x) in found where witnesses[bound] == nil {
      let others = members.filter { $0 != bound }
      if program.satisfies(others, at: x) { witnesses[bound] = x }
    }
  }
}

/// Whether some bounds of a program can hold together, checked on the caller's data.
enum FeasibilityDecision {
  /// A point within ``Certificate/optimalTolerances``.
  case feasible([Double])

  /// A proof, and for its bounds points that should satisfy all others.
  case infeasible(InfeasibilityProof, [ConstraintBound: [Double]])

  /// Double precision or the settings did not allow a decision.
  case undecided

  init(
    _ program: QuadraticProgram,
    _ bounds: [ConstraintBound],
    _ settings: QuadraticSolver.Settings
  ) {
    self = .undecided
    guard let restricted = program.restricted(to: bounds) else { return }
    var search = FeasibilitySearch()
    search.restart(program, bounds)
    switch search.run(program, { settings.interruption() != nil }) {
    case .point:
      if restricted.satisfiesAll(search.point) {
        self = .feasible(search.point)
        return
      }
    case .contradiction:
      if let contradiction = search.contradiction(program),
        let proof = restricted.infeasibilityProof(rowMultipliers: contradiction.rowMultipliers)
      {
        let pairs = zip(contradiction.members, contradiction.witnesses)
        self = .infeasible(proof, Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
        return
      }
    case .interrupted: return
    case .undecided: break
    }
    self = Self.bySolver(restricted, settings)
  }

  /// The second way: the general solver, for the least sum of squares of the variables.
  private static func bySolver(
    _ restricted: QuadraticProgram,
    _ settings: QuadraticSolver.Settings
  ) -> FeasibilityDecision {
    let squares = [Double](repeating: 1, count: restricted.variableCount)
    guard
      let program = try? QuadraticProgram(
        quadratic: .diagonal(squares), lowerBounds: restricted.lowerBounds,
        upperBounds: restricted.upperBounds, rows: restricted.rows,
        variableNames: restricted.variableNames),
      let solution = try? QuadraticSolver(settings: settings).solve(program)
    else { return .undecided }
    if case .primalInfeasible(let proof) = solution.status { return .infeasible(proof, [:]) }
    return restricted.satisfiesAll(solution.value) ? .feasible(solution.value) : .undecided
  }
}

extension QuadraticProgram {
  /// Whether a point violates no row and no bound by more than `optimal` allows.
  func satisfiesAll(_ x: [Double]) -> Bool {
    let zeros = [Double](repeating: 0, count: variableCount)
    let rowZeros = [Double](repeating: 0, count: rows.count)
    return certificate(x, rowZeros, zeros, iterations: 0).primalResidual
      <= Certificate.optimalTolerances.primal
  }

  /// Whether a point satisfies some bounds.
  func satisfies(_ bounds: [ConstraintBound], at x: [Double]) -> Bool {
    restricted(to: bounds)?.satisfiesAll(x) ?? false
  }
}

extension QuadraticSolver.Settings {
  /// Why to stop now, if at all.
  func interruption() -> InteriorPointOutcome.End? {
    if Task.isCancelled { return .cancelled }
    if let deadline, ContinuousClock.now >= deadline { return .deadline }
    return nil
  }
}

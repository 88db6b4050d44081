// Goals: (1) the least cost, with a proof; (2) the caller decides what may move; (3) a relaxed
// program that was checked to be feasible.

/// The cheapest way to make a program feasible by moving some of its bounds.
public struct CheapestRelaxation: Hashable, Sendable {
  /// A bound and how far it must move.
  public struct Move: Hashable, Sendable {
    /// The bound.
    public let bound: ConstraintBound

    /// By how much a lower bound must fall, or an upper one rise, in the unit of the bound.
    public let amount: Double

    /// The cost of one unit.
    public let weight: Double

    /// Creates a move, such as one that is rounded to whole percents.
    ///
    /// - Parameters:
    ///   - bound: The bound.
    ///   - amount: By how much a lower bound falls, or an upper one rises.
    ///   - weight: The cost of one unit.
    public init(bound: ConstraintBound, amount: Double, weight: Double = 1) {
      self.bound = bound
      self.amount = amount
      self.weight = weight
    }

    /// The bound after the move.
    public var value: Double {
      bound.side == .lower ? bound.value - amount : bound.value + amount
    }
  }

  /// ``SolverStatus/optimal`` when the moves are proved to be the cheapest,
  /// ``SolverStatus/primalInfeasible(_:)`` when the other bounds contradict each other, so that no
  /// move helps.
  public let status: SolverStatus

  /// The bounds that move; none when the program is feasible.
  public let moves: [Move]

  /// Σ weight × amount.
  public let cost: Double

  /// A point that satisfies the relaxed program.
  public let point: [Double]

  /// The largest violation of the relaxed program at ``point``, on the scale of
  /// ``Certificate/primalResidual``.
  public let violation: Double

  /// The certificate of the linear program; its dual objective is the cost below which nothing helps.
  public let certificate: Certificate
}

extension QuadraticProgram {
  /// Finds by how much bounds must move at least so that the program becomes feasible.
  ///
  /// ```text
  /// minimize  Σ w e  subject to  lower − e ≤ a'x ≤ upper + e',  e ≥ 0 for what may move
  /// ```
  ///
  /// Without a weight, a row costs one over the Euclidean length of its coefficients for each unit
  /// of its bound, and a variable costs one: the cost is the distance by which the limit moves. The
  /// objective of the program plays no part.
  ///
  /// - Parameters:
  ///   - names: The rows and variables whose finite bounds may move, on both sides; nil for all.
  ///   - weights: The cost of moving a bound of a row or variable by one of its units, by name;
  ///     positive.
  ///   - settings: The deadline and the iteration limit.
  /// - Returns: The moves with their proof.
  /// - Throws: ``OptimizationError/unknownName(_:)`` and
  ///   ``OptimizationError/invalidValue(argument:index:got:allowed:)`` for names and weights.
  /// - Complexity: O(m (n + m)²) for m bounds that may move, as a rule.
  public func cheapestRelaxation(
    of names: [String]? = nil,
    weights: [String: Double] = [:],
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) throws(OptimizationError) -> CheapestRelaxation {
    guard let names else {
      return try cheapestRelaxation(
        ofBounds: constraintBounds, weights: weights, settings: settings)
    }
    try requireNames(names)
    let wanted = Set(names)
    return try cheapestRelaxation(
      ofBounds: constraintBounds.filter { wanted.contains($0.name) }, weights: weights,
      settings: settings)
  }

  /// Finds by how much single bounds must move at least so that the program becomes feasible.
  ///
  /// The same as ``cheapestRelaxation(of:weights:settings:)`` with each side chosen apart.
  ///
  /// - Parameters:
  ///   - bounds: The bounds that may move, from ``constraintBounds``.
  ///   - weights: The cost of moving a bound of a row or variable by one of its units, by name;
  ///     positive.
  ///   - settings: The deadline and the iteration limit.
  /// - Returns: The moves with their proof.
  /// - Throws: ``OptimizationError/unknownName(_:)`` and
  ///   ``OptimizationError/invalidValue(argument:index:got:allowed:)`` for bounds and weights.
  /// - Complexity: O(m (n + m)²) for m bounds that may move, as a rule.
  public func cheapestRelaxation(
    ofBounds bounds: [ConstraintBound],
    weights: [String: Double] = [:],
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) throws(OptimizationError) -> CheapestRelaxation {
    try requireNames(weights.keys.sorted())
    for (name, weight) in weights.sorted(by: { $0.key < $1.key })
    where !(weight > 0 && weight < .infinity) {
      throw .invalidValue(
        argument: "weights[\(name)]", index: 0, got: weight,
        allowed: .leastNonzeroMagnitude ... .greatestFiniteMagnitude)
    }
    let known = Set(constraintBounds)
    var seen = Set<ConstraintBound>()
    var movable: [(bound: ConstraintBound, weight: Double)] = []
    for bound in bounds {
      guard known.contains(bound) else { throw .unknownName(bound.name) }
      guard seen.insert(bound).inserted else { continue }
      movable.append((bound, weights[bound.name] ?? defaultWeight(bound)))
    }
    return try ElasticProgram(self, movable).relaxation(settings)
  }

  /// The program with moved bounds.
  ///
  /// - Parameter moves: The moves of a relaxation of this program.
  /// - Returns: The program with the same objective.
  /// - Throws: ``OptimizationError`` when a moved bound names nothing in this program.
  public func relaxed(
    by moves: [CheapestRelaxation.Move]
  ) throws(OptimizationError) -> QuadraticProgram {
    var lower = lowerBounds
    var upper = upperBounds
    var rowLower = rows.map(\.lower)
    var rowUpper = rows.map(\.upper)
    for move in moves {
      switch (move.bound.target, move.bound.side) {
      case (.row(let k), _) where !rows.indices.contains(k): throw .unknownName(move.bound.name)
      case (.variable(let i), _) where !lower.indices.contains(i):
        throw .unknownName(move.bound.name)
      case (.row(let k), .lower): rowLower[k] = move.value
      case (.row(let k), .upper): rowUpper[k] = move.value
      case (.variable(let i), .lower): lower[i] = move.value
      case (.variable(let i), .upper): upper[i] = move.value
      }
    }
    return try QuadraticProgram(
      quadratic: quadratic, linear: linear, lowerBounds: lower, upperBounds: upper,
      rows: rows.indices.map { k in
        LinearRow(
          rows[k].name, indices: rows[k].indices, coefficients: rows[k].coefficients,
          lower: rowLower[k], upper: rowUpper[k])
      }, variableNames: variableNames)
  }

  private func requireNames(_ names: [String]) throws(OptimizationError) {
    var known = Set(rows.map(\.name))
    for i in 0..<variableCount { known.insert(variableName(i)) }
    for name in names where !known.contains(name) { throw .unknownName(name) }
  }

  /// One over the length of the normal; one for a row without coefficients.
  private func defaultWeight(_ bound: ConstraintBound) -> Double {
    guard case .row(let k) = bound.target else { return 1 }
    let largest = rows[k].largestCoefficient
    guard largest > 0 else { return 1 }
    var sum = 0.0
    for a in rows[k].coefficients { sum += (a / largest) * (a / largest) }
    let weight = 1 / (largest * sum.squareRoot())
    return weight.isFinite && weight > 0 ? weight : 1
  }
}

import KeelNumerics

// Goals: (1) vertices to the last bit; (2) an answer also where the interior is thinner than an
// interior-point method can follow; (3) few projections.
//
// Proximal-point iterations, which solve a linear program in finitely many projections:
// Rockafellar, SIAM Journal on Control and Optimization 14 (1976). Each projection starts from the
// active constraints of the one before.

/// What was found out about a linear program, not verified.
enum LinearOutcome {
  /// The point of the search with its dual values.
  case optimum
  /// The direction of the search from its point.
  case ray
}

extension FeasibilitySearch {
  /// Projections at most; two or three are usual.
  private static let maximumProjections = 200

  /// The step of a projection in units of the largest variable.
  private static let step = 100.0

  /// Two projections that differ by less, relative to the largest variable, are one point.
  private static let pointTolerance = 1e-13

  /// Minimizes q'x over the bounds of a program without a quadratic term.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - isInterrupted: Asked at every step.
  /// - Returns: Which of minimum and direction without end the search holds, or nil when neither was
  ///   reached.
  mutating func minimize(
    _ program: QuadraticProgram,
    isInterrupted: () -> Bool
  ) -> LinearOutcome? {
    restart(program, linear: program.linear)
    slope.copyElements(of: program.linear)
    for i in slope.indices { slope[i] *= scale[i] }
    let steepest = largestMagnitude(slope)
    project()
    guard method.run(isInterrupted: isInterrupted) == .feasible else { return nil }
    if steepest == 0 {
      setAnswer(program, hasMultipliers: false)
      return .optimum
    }
    for _ in 0..<Self.maximumProjections {
      previous.copyElements(of: method.x)
      previousActive.copyElements(of: method.active)
      let size = max(largestMagnitude(previous), 1)
      let length = Self.step * size / steepest
      room.copyElements(of: previous)
      for i in room.indices { room[i] -= length * slope[i] }
      method.retarget(room)
      guard method.run(isInterrupted: isInterrupted) == .feasible else { return nil }
      for i in room.indices { room[i] = method.x[i] - previous[i] }
      if largestMagnitude(room) <= Self.pointTolerance * size { return optimum(program) }
      guard method.active == previousActive else { continue }
      // The same constraints hold the point: it would go on along a straight line.
      switch method.advance(along: slope) {
      case .moved: break
      case .stationary: return optimum(program)
      case .unblocked:
        setRay(program)
        return .ray
      }
    }
    return nil
  }

  /// Takes the present projection with the multipliers of the slope.
  private mutating func optimum(_ program: QuadraticProgram) -> LinearOutcome {
    method.setCombination(of: slope)
    setAnswer(program, hasMultipliers: true)
    return .optimum
  }
}

extension QuadraticTerm {
  /// Whether all elements are zero; for a positive semidefinite matrix the diagonal decides.
  var isZero: Bool {
    switch kernel {
    case .dense(let matrix, let factor):
      for i in 0..<matrix.order where factor * matrix[i, i] != 0 { return false }
      return true
    case .diagonal(let values): return values.allSatisfy { $0 == 0 }
    case .lowRank(let term):
      for value in term.diagonal where value != 0 { return false }
      let root = term.root.elements
      for e in 0..<root.count where root[e] * root[e] != 0 { return false }
      return true
    }
  }
}

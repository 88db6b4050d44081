import KeelNumerics

// Goals: (1) vertices to the last bit; (2) an answer also where the interior is thinner than an
// interior-point method can follow; (3) few projections.
//
// Proximal-point iterations, which solve a linear program in finitely many projections:
// Rockafellar, SIAM Journal on Control and Optimization 14 (1976). Each projection starts from the
// active constraints of the one before.

/// What was found out about a linear program, not verified.
enum LinearOutcome {
  case optimum(x: [Double], rowDuals: [Double], boundDuals: [Double])
  case ray([Double], from: [Double])
}

extension FeasibilitySearch {
  /// Projections at most; two or three are usual.
  private static let maximumProjections = 200

  /// The step of a projection in units of the largest variable.
  private static let step = 100.0

  /// Two projections that differ by less, relative to the largest variable, are one point.
  private static let pointTolerance = 1e-13

  /// Minimizes q'x over the bounds.
  ///
  /// - Parameters:
  ///   - linear: The vector q.
  ///   - isInterrupted: Asked at every step.
  /// - Returns: The minimum with its dual values or a direction without end, or nil when neither was
  ///   reached.
  func minimum(
    of linear: [Double],
    isInterrupted: () -> Bool
  ) -> LinearOutcome? {
    let slope = zip(linear, scale).map { $0 * $1 }
    let steepest = largestMagnitude(slope)
    var method = projection()
    guard method.run(isInterrupted: isInterrupted) == .feasible else { return nil }
    if steepest == 0 { return answer(method, multipliers: []) }
    for _ in 0..<Self.maximumProjections {
      let previous = method.x
      let active = method.active
      let size = max(largestMagnitude(previous), 1)
      let length = Self.step * size / steepest
      method.retarget(zip(previous, slope).map { $0 - length * $1 })
      guard method.run(isInterrupted: isInterrupted) == .feasible else { return nil }
      let moved = zip(method.x, previous).map { $0 - $1 }
      if largestMagnitude(moved) <= Self.pointTolerance * size {
        return answer(method, multipliers: method.combination(of: slope))
      }
      guard method.active == active else { continue }
      // The same constraints hold the point: it would go on along a straight line.
      switch method.advance(along: slope) {
      case .moved: break
      case .stationary: return answer(method, multipliers: method.combination(of: slope))
      case .unblocked(let direction): return ray(method, direction)
      }
    }
    return nil
  }
}

extension QuadraticProgram {
  /// The minimum of a program without a quadratic term, or a direction without end.
  func linearOutcome(_ settings: QuadraticSolver.Settings) -> LinearOutcome? {
    guard quadratic.isZero else { return nil }
    return FeasibilitySearch(self, constraintBounds, linear: linear)
      .minimum(of: linear) { settings.interruption() != nil }
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

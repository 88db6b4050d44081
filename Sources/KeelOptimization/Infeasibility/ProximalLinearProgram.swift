// Goals: (1) vertices to the last bit; (2) an answer also where the interior is thinner than an
// interior-point method can follow; (3) few projections.
//
// Proximal-point iterations, which solve a linear program in finitely many projections:
// Rockafellar, SIAM Journal on Control and Optimization 14 (1976). Each projection starts from the
// active constraints of the one before.

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
  /// - Returns: The minimum with its dual values, not verified, or nil when none was reached.
  func minimum(
    of linear: [Double],
    isInterrupted: () -> Bool
  ) -> (x: [Double], rowDuals: [Double], boundDuals: [Double])? {
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
      case .some(true): break
      case .some(false): return answer(method, multipliers: method.combination(of: slope))
      case .none: return nil
      }
    }
    return nil
  }
}

extension QuadraticProgram {
  /// The minimum of a program without a quadratic term, with its certificate.
  func linearMinimum(_ settings: QuadraticSolver.Settings) -> UnscaledPoint? {
    guard quadratic.isZero else { return nil }
    let search = FeasibilitySearch(self, constraintBounds, linear: linear)
    let found = search.minimum(of: linear) { settings.interruption() != nil }
    guard let (x, y, z) = found else { return nil }
    return UnscaledPoint(
      x: x, rowDuals: y, boundDuals: z, certificate: certificate(x, y, z, iterations: 0))
  }
}

extension QuadraticTerm {
  /// Whether all elements are zero; for a positive semidefinite matrix the diagonal decides.
  var isZero: Bool { diagonal.allSatisfy { $0 == 0 } }
}

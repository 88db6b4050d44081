// Goals: (1) a larger bound at the root, because every node inherits it; (2) a diagonal that is proved
// like the first one; (3) some hundred factorizations, in memory that is kept.
//
// For a given point x with fractions z the perspective relaxation is linear in D, so that its
// minimum is concave in D, with the supergradient gᵢ = (xᵢ − centerᵢ)² (1/zᵢ − 1)/2. The best D
// maximizes it over D ⪰ 0 and P − D ⪰ 0 (X. Zheng, X. Sun and D. Li, INFORMS Journal on Computing 26,
// 2014; H. Dong, K. Chen and J. Linderoth, arXiv 1510.06421). Here it is approached by damped Newton
// steps for g'd + μ (log det(P − D) + Σ log d) with a falling μ, the supergradients averaged.
//
// Measured on minimum variance of 100 assets from 250 days, 10 names, short positions: the root gap
// falls from 26 % to 16 %.

import KeelLinearAlgebra
import KeelNumerics

/// Moves the diagonal of a ``CurvatureExtraction`` to where a relaxation gains most, in memory that is
/// kept.
struct CurvatureImprovement: ~Copyable, Sendable {
  /// The part of the linear gain that the barrier may cost at the start, its factor a step and its
  /// least value, which is about what the end stays below the best D.
  private static let firstShare = 0.3
  private static let shareDecrease = 0.8
  private static let leastShare = 0.03

  /// The weight of the newest supergradient in the average.
  private static let freshness = 0.3

  /// Newton steps for one supergradient: until the decrement is small, or so many.
  private static let steps = 6
  private static let smallDecrement = 0.5

  /// Below this decrement a full Newton step stays inside.
  private static let fullStepDecrement = 0.25

  /// Halvings of a step that leaves the set for rounding.
  private static let halvings = 6

  /// The start inside, relative to the first diagonal.
  private static let startShare = 0.5

  /// The square roots of the diagonal of P: everything is relative to them.
  private var deviations: [Double] = []
  /// P in units of the deviations, column after column.
  private var correlations: [Double] = []
  /// D over the margin that is kept, relative to the diagonal of P.
  private var point: [Double] = []
  /// The averaged supergradient; empty before the first one.
  private var gains: [Double] = []
  private var share = CurvatureImprovement.firstShare

  // Room for a Newton step.
  private var factor: WorkingCholesky
  private var hessian: [Double] = []
  private var gradient: [Double] = []
  private var direction: [Double] = []
  private var trial: [Double] = []

  /// Takes the memory for matrices of an order.
  init(reserving order: Int) {
    factor = WorkingCholesky(reserving: order)
    correlations.reserveCapacity(order * order)
    hessian.reserveCapacity(order * order)
    deviations.reserveCapacity(order)
    point.reserveCapacity(order)
    gains.reserveCapacity(order)
    gradient.reserveCapacity(order)
    direction.reserveCapacity(order)
    trial.reserveCapacity(order)
  }

  /// Begins at a diagonal.
  ///
  /// - Parameters:
  ///   - matrix: A matrix.
  ///   - multiple: What it is multiplied by to be P.
  ///   - diagonal: A positive diagonal D with P − D positive definite.
  mutating func begin(_ matrix: SymmetricMatrix, times multiple: Double, at diagonal: [Double]) {
    let n = matrix.order
    share = Self.firstShare
    gains.removeAll(keepingCapacity: true)
    deviations.refill(n, with: 0)
    point.refill(n, with: 0)
    for i in 0..<n {
      deviations[i] = (multiple * matrix[i, i]).squareRoot()
      point[i] = Self.startShare * diagonal[i] / (deviations[i] * deviations[i])
    }
    correlations.refill(n * n, with: 0)
    for j in 0..<n {
      let column = matrix.column(j)
      for i in 0..<n {
        correlations[i + j * n] = multiple * column[i] / (deviations[i] * deviations[j])
      }
    }
  }

  /// Finds the next diagonal.
  ///
  /// - Parameters:
  ///   - diagonal: Becomes a diagonal D with P − D positive definite.
  ///   - fresh: The supergradient at the last one.
  /// - Returns: False when there is no way on; the diagonal is as before then.
  mutating func setNext(_ diagonal: inout [Double], gains fresh: [Double]) -> Bool {
    let weight = gains.isEmpty ? 1 : Self.freshness
    if gains.isEmpty { gains.refill(fresh.count, with: 0) }
    var total = 0.0
    for i in fresh.indices {
      gains[i] += weight * (fresh[i] * deviations[i] * deviations[i] - gains[i])
      total += gains[i] * point[i]
    }
    guard total > 0, total.isFinite else { return false }
    let barrier = share * total / Double(point.count)
    share = max(Self.leastShare, share * Self.shareDecrease)
    for _ in 0..<Self.steps {
      guard let decrement = move(barrier) else { return false }
      if decrement < Self.smallDecrement { break }
    }
    return setProved(&diagonal)
  }

  /// The diagonal at the point with the margin that is kept, no element of it negligible; false when a
  /// factorization does not prove it.
  private mutating func setProved(_ diagonal: inout [Double]) -> Bool {
    let least = CurvatureExtraction.leastShare / CurvatureExtraction.part
    for i in point.indices { trial[i] = max(point[i], least) }
    guard isInside(trial) else { return false }
    diagonal.refill(point.count, with: 0)
    for i in diagonal.indices {
      diagonal[i] = CurvatureExtraction.part * trial[i] * deviations[i] * deviations[i]
    }
    return true
  }

  /// One damped Newton step; returns its decrement, or nil when there is none.
  private mutating func move(_ barrier: Double) -> Double? {
    guard setSystem(barrier) else { return nil }
    direction.copyElements(of: gradient)
    guard factor.factor(hessian, order: point.count), factor.solve(&direction) else { return nil }
    let decrement = max(0, dot(direction, gradient)).squareRoot()
    var length = decrement < Self.fullStepDecrement ? 1 : 1 / (1 + decrement)
    trial.refill(point.count, with: 0)
    for _ in 0..<Self.halvings {
      var isPositive = true
      for i in point.indices {
        trial[i] = point[i] + length * direction[i]
        if !(trial[i] > 0) { isPositive = false }
      }
      if isPositive && isInside(trial) {
        swap(&point, &trial)
        return decrement
      }
      length /= 2
    }
    return nil
  }

  /// Sets gradient and Hessian at the point; false when P − D has no inverse.
  private mutating func setSystem(_ barrier: Double) -> Bool {
    let n = point.count
    hessian.refill(n * n, with: 0)
    guard isInside(point), factor.setInverse(&hessian) else { return false }
    gradient.refill(n, with: 0)
    for i in 0..<n {
      gradient[i] = gains[i] / barrier - hessian[i * (n + 1)] + 1 / point[i]
    }
    for e in hessian.indices { hessian[e] *= hessian[e] }
    for i in 0..<n { hessian[i * (n + 1)] += 1 / (point[i] * point[i]) }
    return true
  }

  /// Factors P − D in units of the deviations; false when it is not positive definite.
  private mutating func isInside(_ d: [Double]) -> Bool {
    // Taken out while it is lent.
    var elements: [Double] = []
    swap(&elements, &correlations)
    defer { swap(&elements, &correlations) }
    return factor.factor(elements.span, order: d.count, minus: d, times: 1)
  }
}

// Goals: (1) a larger bound at the root, because every node inherits it; (2) a diagonal that is proved
// like the first one; (3) some hundred factorizations.
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

/// Moves the diagonal of a ``CurvatureExtraction`` to where a relaxation gains most.
struct CurvatureImprovement: ~Copyable {
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

  private let matrix: SymmetricMatrix
  /// The square roots of the diagonal of P: everything is relative to them.
  private let deviations: [Double]
  /// D over the margin that is kept, relative to the diagonal of P.
  private var point: [Double]
  private var gains: [Double] = []
  private var share = CurvatureImprovement.firstShare
  private var factor = WorkingCholesky()

  /// Begins at a diagonal.
  ///
  /// - Parameters:
  ///   - matrix: The matrix P.
  ///   - diagonal: A positive diagonal D with P − D positive definite.
  init(_ matrix: SymmetricMatrix, at diagonal: [Double]) {
    self.matrix = matrix
    deviations = matrix.diagonal.map { $0.squareRoot() }
    point = zip(diagonal, deviations).map { Self.startShare * $0 / ($1 * $1) }
  }

  /// The next diagonal.
  ///
  /// - Parameter fresh: The supergradient at the last one.
  /// - Returns: A diagonal D with P − D positive definite; nil when there is no way on.
  mutating func next(gains fresh: [Double]) -> [Double]? {
    let weight = gains.isEmpty ? 1 : Self.freshness
    if gains.isEmpty { gains = [Double](repeating: 0, count: fresh.count) }
    var total = 0.0
    for i in fresh.indices {
      gains[i] += weight * (fresh[i] * deviations[i] * deviations[i] - gains[i])
      total += gains[i] * point[i]
    }
    guard total > 0, total.isFinite else { return nil }
    let barrier = share * total / Double(point.count)
    share = max(Self.leastShare, share * Self.shareDecrease)
    for _ in 0..<Self.steps {
      guard let decrement = move(barrier) else { return nil }
      if decrement < Self.smallDecrement { break }
    }
    return proved()
  }

  /// The diagonal at the point with the margin that is kept, no element of it negligible; nil when a
  /// factorization does not prove it.
  private mutating func proved() -> [Double]? {
    var scaled = point
    for i in scaled.indices {
      scaled[i] = max(point[i], CurvatureExtraction.leastShare / CurvatureExtraction.part)
    }
    guard factor.factor(rest(scaled), order: scaled.count) else { return nil }
    return scaled.indices.map {
      CurvatureExtraction.part * scaled[$0] * deviations[$0] * deviations[$0]
    }
  }

  /// One damped Newton step; returns its decrement, or nil when there is none.
  private mutating func move(_ barrier: Double) -> Double? {
    guard let inverse = inverseOfRest() else { return nil }
    let n = point.count
    var hessian = inverse.matrix.columnMajorElements
    var gradient = [Double](repeating: 0, count: n)
    for i in 0..<n {
      gradient[i] = gains[i] / barrier - hessian[i * (n + 1)] + 1 / point[i]
    }
    for e in hessian.indices { hessian[e] *= hessian[e] }
    for i in 0..<n { hessian[i * (n + 1)] += 1 / (point[i] * point[i]) }
    var direction = gradient
    guard factor.factor(hessian, order: n), factor.solve(&direction) else { return nil }
    let decrement = max(0, dot(direction, gradient)).squareRoot()
    var length = decrement < Self.fullStepDecrement ? 1 : 1 / (1 + decrement)
    for _ in 0..<Self.halvings {
      let next = point.indices.map { point[$0] + length * direction[$0] }
      if next.allSatisfy({ $0 > 0 }) && factor.factor(rest(next), order: n) {
        point = next
        return decrement
      }
      length /= 2
    }
    return nil
  }

  /// The matrix P − D in units of the deviations.
  private func rest(_ d: [Double]) -> [Double] {
    let n = d.count
    return [Double](capacity: n * n) { output in
      for j in 0..<n {
        for i in 0..<n {
          output.append(
            matrix[i, j] / (deviations[i] * deviations[j]) - (i == j ? d[i] : 0))
        }
      }
    }
  }

  private func inverseOfRest() -> SymmetricMatrix? {
    do throws(LinearAlgebraError) {
      return try Cholesky(
        SymmetricMatrix(lowerTriangleOf: rest(point), order: point.count)
      ).inverse()
    } catch {
      return nil
    }
  }
}

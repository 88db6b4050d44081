// Goals: (1) the budgets to the tolerance asked for, for any covariance in the range of `Double`;
// (2) as few products of matrix and vector as possible, each of which reads one triangle; (3) no
// copy of the matrix.
//
// The unknowns stay in the caller's unit: u(i) (Σu)(i) has no unit, so that no asset's scale matters.
// Three methods take over from each other where progress is slow: mixed market steps, cyclical
// coordinate descent, damped Newton steps.

import KeelLinearAlgebra
import KeelNumerics
import KeelOptimization

/// The convex problem `minimize 1/2 u'Σu − Σ b ln u`, whose solution is `u(i) (Σu)(i) = b(i)`.
struct RiskBarrier {
  let covariance: SymmetricMatrix
  let variances: [Double]
  let shares: [Double]

  /// The point, and the covariance times the point.
  var u: [Double]
  var product: [Double]

  /// The largest relative distance of a contribution from its budget.
  private(set) var error = Double.infinity
  var iterations = 0

  /// Starts at inverse volatility; budgets are positive and add to one, deviations are positive.
  init(_ covariance: SymmetricMatrix, deviations: [Double], shares: [Double]) {
    self.covariance = covariance
    self.shares = shares
    variances = covariance.diagonal
    u = zip(shares, deviations).map { $0.squareRoot() / $1 }
    product = [Double](repeating: 0, count: u.count)
    refresh()
    normalize()
  }

  /// Minimizes; returns why it was interrupted, or nil.
  mutating func minimize(_ settings: RiskBudgeting.Settings) -> SolverStatus? {
    if let end = mixMarketSteps(settings) { return end }
    if let end = descend(settings) { return end }
    return takeNewtonSteps(settings)
  }

  /// The asset that is farthest from its budget.
  var worstPosition: Int {
    let errors = u.indices.map { (u[$0] * product[$0] / shares[$0] - 1).magnitude }
    return errors.indices.max { errors[$0] < errors[$1] } ?? 0
  }

  func interruption(_ settings: RiskBudgeting.Settings) -> SolverStatus? {
    if Task.isCancelled { return .cancelled }
    if let deadline = settings.deadline, ContinuousClock.now >= deadline {
      return .deadlineExceeded
    }
    return nil
  }

  // MARK: - The point

  /// Computes the product at the point, and the error.
  mutating func refresh() {
    Self.multiply(covariance, u, into: &product)
    error = Self.error(u, product, shares)
  }

  /// Gives the point the variance one that the solution has; returns the factor, or nil without one.
  @discardableResult
  mutating func normalize() -> Double? {
    let variance = Kernels.dot(u.span, product.span)
    guard variance > 0, variance.isFinite else { return nil }
    let factor = 1 / variance.squareRoot()
    Self.scale(&u, by: factor)
    Self.scale(&product, by: factor)
    error = Self.error(u, product, shares)
    return factor
  }

  private static func multiply(
    _ matrix: SymmetricMatrix,
    _ vector: [Double],
    into result: inout [Double]
  ) {
    var output = result.mutableSpan
    // The counts are equal by construction.
    try? Kernels.multiply(matrix, vector.span, into: &output)
  }

  private static func scale(_ values: inout [Double], by factor: Double) {
    var values = values.mutableSpan
    for i in values.indices { values[i] *= factor }
  }

  /// The largest relative distance of u(i) (Σu)(i) from b(i); infinite where one is not a number.
  private static func error(_ u: [Double], _ product: [Double], _ shares: [Double]) -> Double {
    let points = u.span
    let products = product.span
    let budgets = shares.span
    var worst = 0.0
    // A sum keeps what a maximum would lose: one product that is not a number.
    var sum = 0.0
    for i in points.indices {
      let distance = (points[i] * products[i] / budgets[i] - 1).magnitude
      worst = max(worst, distance)
      sum += distance
    }
    return sum.isFinite ? worst : .infinity
  }
}

import KeelLinearAlgebra
import KeelNumerics
import KeelOptimization

/// The convex problem `minimize 1/2 x'Cx − Σ b ln x` on a covariance scaled to unit variances.
struct RiskBarrier {
  private let correlation: SymmetricMatrix
  private let shares: [Double]
  private(set) var x: [Double]
  private(set) var iterations = 0

  /// The Newton steps in which the error must fall to `leastGain` of what it was.
  private static let patience = 200
  private static let leastGain = 0.9

  /// The largest relative distance of a contribution from its budget.
  var error: Double { budgetError(SymmetricKernel.product(correlation, x)) }

  /// The asset that is farthest from its budget.
  var worstPosition: Int {
    let product = SymmetricKernel.product(correlation, x)
    let errors = x.indices.map { (x[$0] * product[$0] / shares[$0] - 1).magnitude }
    return errors.indices.max { errors[$0] < errors[$1] } ?? 0
  }

  init(_ covariance: SymmetricMatrix, deviations: [Double], shares: [Double]) {
    let n = covariance.order
    let elements = covariance.elements
    let scaled = [Double](capacity: n * n) { output in
      for j in 0..<n {
        for i in 0..<n { output.append(elements[i &+ j &* n] / deviations[i] / deviations[j]) }
      }
    }
    correlation = SymmetricMatrix(lowerTriangleOf: scaled, order: n)
    self.shares = shares
    // Inverse volatility, with the length that makes the total x'Cx of one.
    x = shares.map { $0.squareRoot() }
    let variance = zip(x, SymmetricKernel.product(correlation, x)).reduce(0) { $0 + $1.0 * $1.1 }
    if variance > 0 {
      let length = variance.squareRoot()
      for i in x.indices { x[i] /= length }
    }
  }

  /// Minimizes; returns why it was interrupted, or nil.
  mutating func minimize(_ settings: RiskBudgeting.Settings) -> SolverStatus? {
    var product = SymmetricKernel.product(correlation, x)
    var error = budgetError(product)
    var passes = 0
    while passes < settings.maximumPasses, error > settings.relativeTolerance {
      passes += 1
      if let end = interruption(settings) { return end }
      descend(&product)
      product = SymmetricKernel.product(correlation, x)
      let next = budgetError(product)
      iterations += 1
      // Newton steps take over where a pass gains too little: they cost n/6 passes each.
      let sufficientGain = 0.7
      // An error that stays zero or infinite is slow too.
      let isSlow = next >= sufficientGain * error
      error = next
      if isSlow && iterations > 5 { break }
    }
    var newtonSteps = 0
    var checkpoint = error
    while newtonSteps < settings.maximumNewtonSteps, error > settings.relativeTolerance {
      // Budgets of very different size damp the steps to nothing: without a limit they would not end.
      if newtonSteps > 0, newtonSteps % Self.patience == 0 {
        if !(error < Self.leastGain * checkpoint) { break }
        checkpoint = error
      }
      newtonSteps += 1
      if let end = interruption(settings) { return end }
      guard newtonStep(product) else { break }
      product = SymmetricKernel.product(correlation, x)
      let next = budgetError(product)
      iterations += 1
      // Newton's method converges quadratically: no gain below this size is rounding.
      let roundingLevel = 1e-9
      if next >= error && next < roundingLevel { break }
      error = next
    }
    return nil
  }

  private func interruption(_ settings: RiskBudgeting.Settings) -> SolverStatus? {
    if Task.isCancelled { return .cancelled }
    if let deadline = settings.deadline, ContinuousClock.now >= deadline {
      return .deadlineExceeded
    }
    return nil
  }

  /// The largest relative distance of x_i (Cx)_i from b_i.
  private func budgetError(_ product: [Double]) -> Double {
    var worst = 0.0
    for i in x.indices {
      let error = (x[i] * product[i] / shares[i] - 1).magnitude
      if error.isNaN { return .infinity }
      worst = max(worst, error)
    }
    return worst
  }

  /// One pass: each x_i becomes the positive root of its own condition, given the others.
  private mutating func descend(_ product: inout [Double]) {
    var y = product.mutableSpan
    var x = x
    defer { self.x = x }
    for i in 0..<correlation.order {
      let column = correlation.column(i)
      let variance = column[i]
      let others = y[i] - variance * x[i]
      let root = (others * others + 4 * variance * shares[i]).squareRoot()
      // The form without cancellation for each sign.
      let value =
        others > 0 ? 2 * shares[i] / (others + root) : (root - others) / (2 * variance)
      let change = value - x[i]
      if change == 0 || !value.isFinite || value <= 0 { continue }
      x[i] = value
      for k in 0..<column.count { y[k] += column[k] * change }
    }
  }

  /// One Newton step on x'Cx/2 − Σ b ln x, damped as self-concordance asks.
  private mutating func newtonStep(_ product: [Double]) -> Bool {
    let n = x.count
    var hessian = correlation
    for i in 0..<n { hessian[i, i] = correlation[i, i] + shares[i] / (x[i] * x[i]) }
    var step = x.indices.map { shares[$0] / x[$0] - product[$0] }
    let slope = step
    do throws(LinearAlgebraError) {
      var solver = try CholeskySolver(order: n)
      try solver.factor(hessian)
      var span = step.mutableSpan
      try solver.solve(&span)
    } catch {
      return false
    }
    let decrement = zip(slope, step).reduce(0) { $0 + $1.0 * $1.1 }
    let least = shares.min() ?? 1
    // f / min b is self-concordant; full steps are safe once its decrement is below 1/4 (Nesterov).
    let scaled = max(decrement / least, 0).squareRoot()
    let fullStepLimit = 0.25
    var length = scaled < fullStepLimit ? 1 : 1 / (1 + scaled)
    // A longer step is taken when it keeps half of every coordinate.
    let reach = zip(x, step).reduce(1.0) { $1.1 < 0 ? min($0, -0.5 * $1.0 / $1.1) : $0 }
    if reach > length, decreases(step, reach, slope: decrement) { length = reach }
    for i in x.indices { x[i] += length * step[i] }
    return x.allSatisfy { $0 > 0 && $0.isFinite }
  }

  /// Whether a step reduces the objective by a sufficient part of what its slope promises.
  private func decreases(_ step: [Double], _ length: Double, slope: Double) -> Bool {
    let sufficientPart = 0.1
    return objective(sum(step, length)) <= objective(x) - sufficientPart * length * slope
  }

  private func sum(_ step: [Double], _ length: Double) -> [Double] {
    zip(x, step).map { $0 + length * $1 }
  }

  private func objective(_ x: [Double]) -> Double {
    let product = SymmetricKernel.product(correlation, x)
    var value = 0.0
    for i in x.indices { value += x[i] * product[i] / 2 - shares[i] * logarithm(x[i]) }
    return value
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The natural logarithm.
private func logarithm(_ value: Double) -> Double { log(value) }

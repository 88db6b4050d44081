public import KeelData
import KeelNumerics
public import KeelOptimization

/// The efficient frontier: corner portfolios, and the exact straight lines of weights between them.
///
/// On the line between two corners the weights and the expected return are linear in the risk
/// tolerance t, and the variance is quadratic, with dV/dr = 2t.
public struct FrontierCurve: Hashable, Sendable {
  /// An efficient portfolio.
  public struct Point: Hashable, Sendable {
    /// The weights, exactly at the bounds that are active.
    public let weights: Weights

    /// The expected return μ'w per period.
    public let expectedReturn: Double

    /// The variance w'Σw per period.
    public let variance: Double

    /// The risk tolerance t for which the portfolio minimizes `1/2 w'Σw − t μ'w`: the inverse of the
    /// risk aversion of ``MaximumUtility``, and half the slope of the variance over the return.
    public let riskTolerance: Double

    /// The multiplier γ of the budget: the gradient Σw − tμ of the assets inside their bounds.
    public let budgetMultiplier: Double

    /// The multipliers of the other rows, then of the limits on sums of distances.
    let furtherMultipliers: [Double]

    /// The standard deviation per period.
    public var volatility: Double { max(variance, 0).squareRoot() }
  }

  /// A portfolio at which the weights turn.
  public struct Corner: Hashable, Sendable {
    /// The portfolio.
    ///
    /// It appears as two corners when it is efficient for a range of risk tolerances.
    public let point: Point

    /// The assets that leave a bound or a reference here while the risk tolerance falls.
    public let entering: [AssetID]

    /// The assets that stay at a bound or a reference from here on.
    public let leaving: [AssetID]

    /// The linear constraints and limits on sums of distances that bind from here on.
    public let binding: [String]

    /// The linear constraints and limits on sums of distances that no longer bind from here on.
    public let released: [String]

    /// The largest residual of the optimality conditions, relative to the terms of the gradient.
    public let residual: Double
  }

  /// The corners from the largest expected return to the least variance.
  ///
  /// The first is efficient for
  /// every larger risk tolerance too; the last has a risk tolerance of zero.
  public let corners: [Corner]

  /// The data of the curve.
  public let expectedReturns: ExpectedReturns

  /// The data of the curve.
  public let covariance: Covariance

  /// The constraints of the curve, with rows in the place of limits on the largest weights.
  public let constraints: PortfolioConstraints

  private let lower: [Double]
  private let upper: [Double]

  init(
    turns: [CriticalLine.Turn],
    units: FrontierUnits,
    expectedReturns: ExpectedReturns,
    covariance: Covariance,
    constraints: PortfolioConstraints
  ) throws(AllocationError) {
    self.expectedReturns = expectedReturns
    self.covariance = covariance
    self.constraints = constraints
    let universe = covariance.universe
    (lower, upper) = try constraints.resolvedBounds(over: universe)
    let names = constraints.rowNames
    var corners: [Corner] = []
    for turn in turns {
      let riskTolerance = turn.riskTolerance * units.meanScale / units.covarianceScale
      let variance =
        zip(turn.weights, turn.product).reduce(0) { $0 + $1.0 * $1.1 } / units.covarianceScale
      let multiplier = turn.multiplier * units.budgetScale / units.covarianceScale
      let point = try Self.point(
        turn.weights, expectedReturns, variance: variance, riskTolerance: riskTolerance,
        multiplier: multiplier - riskTolerance * units.level,
        further: zip(turn.further, units.rowScales).map { $0 * $1 / units.covarianceScale })
      corners.append(
        Corner(
          point: point, entering: turn.entering.map { universe.assets[$0] },
          leaving: turn.leaving.map { universe.assets[$0] },
          binding: turn.activated.map { names[$0] }, released: turn.released.map { names[$0] },
          residual: turn.residual))
    }
    self.corners = corners
  }

  private static func point(
    _ weights: [Double],
    _ expectedReturns: ExpectedReturns,
    variance: Double,
    riskTolerance: Double,
    multiplier: Double,
    further: [Double]
  ) throws(AllocationError) -> Point {
    let mean = zip(weights, expectedReturns.values).reduce(0) { $0 + $1.0 * $1.1 }
    for (name, value) in [
      ("variance", variance), ("expectedReturn", mean), ("riskTolerance", riskTolerance),
    ] where !value.isFinite {
      throw .invalidValue(argument: name, asset: nil, got: value, allowed: .finite)
    }
    return Point(
      weights: try Translation.weights(weights, over: expectedReturns.universe),
      expectedReturn: mean, variance: max(variance, 0), riskTolerance: riskTolerance,
      budgetMultiplier: multiplier, furtherMultipliers: further)
  }
}

// MARK: - Portfolios on the curve

extension FrontierCurve {
  /// The portfolio of largest expected return.
  public var maximumReturn: Point { corners[0].point }

  /// The portfolio of least variance.
  public var minimumVariance: Point { corners[corners.count - 1].point }

  /// The portfolio of least variance with at least an expected return.
  ///
  /// - Parameter target: The expected return per period. Below the return of the portfolio of least
  ///   variance the answer is that portfolio.
  /// - Returns: The portfolio.
  /// - Throws: ``AllocationError/infeasible(constraints:contradiction:)`` naming `target return` when
  ///   no portfolio earns as much; `invalidValue` for NaN.
  /// - Complexity: O(N²) after a search among the corners.
  public func portfolio(atReturn target: Double) throws(AllocationError) -> Point {
    guard !target.isNaN else {
      throw .invalidValue(argument: "target return", asset: nil, got: target, allowed: .finite)
    }
    guard target <= maximumReturn.expectedReturn else {
      throw .infeasible(
        constraints: ["target return"], contradiction: target - maximumReturn.expectedReturn)
    }
    if target <= minimumVariance.expectedReturn { return minimumVariance }
    let (high, low) = segment { $0.expectedReturn >= target }
    let span = high.expectedReturn - low.expectedReturn
    return try between(high, low, share: span > 0 ? (target - low.expectedReturn) / span : 1)
  }

  /// The portfolio of largest expected return with at most a volatility.
  ///
  /// - Parameter target: The standard deviation per period. Above that of the portfolio of largest
  ///   return the answer is that portfolio.
  /// - Returns: The portfolio.
  /// - Throws: ``AllocationError/infeasible(constraints:contradiction:)`` naming `target volatility`
  ///   when every portfolio has more; `invalidValue` for NaN.
  /// - Complexity: O(N²) after a search among the corners.
  public func portfolio(atVolatility target: Double) throws(AllocationError) -> Point {
    guard !target.isNaN else {
      throw .invalidValue(argument: "target volatility", asset: nil, got: target, allowed: .finite)
    }
    guard target >= minimumVariance.volatility else {
      throw .infeasible(
        constraints: ["target volatility"], contradiction: minimumVariance.volatility - target)
    }
    if target >= maximumReturn.volatility { return maximumReturn }
    let (high, low) = segment { $0.volatility >= target }
    // V = V_low + ρ (t² − t_low²), where ρ = dr/dt, so that with x = t − t_low the root of
    // ρ x² + 2 ρ t_low x = V − V_low is taken in the form that does not cancel.
    let length = high.riskTolerance - low.riskTolerance
    let slope = (high.expectedReturn - low.expectedReturn) / length
    let missing = (target - low.volatility) * (target + low.volatility)
    guard length > 0, slope > 0, missing > 0 else { return low }
    let ratio = missing / slope
    let t = low.riskTolerance
    let step = ratio / (t + (t * t + ratio).squareRoot())
    return try between(high, low, share: min(step / length, 1))
  }

  /// The portfolio that minimizes `1/2 w'Σw − t μ'w` for a risk tolerance t.
  ///
  /// - Parameter target: The risk tolerance, zero or more; infinite for the largest return.
  /// - Returns: The portfolio.
  /// - Throws: `invalidValue` for NaN and negative numbers.
  /// - Complexity: O(N²) after a search among the corners.
  public func portfolio(atRiskTolerance target: Double) throws(AllocationError) -> Point {
    guard target >= 0 else {
      throw .invalidValue(
        argument: "risk tolerance", asset: nil, got: target, allowed: .nonnegative)
    }
    if target >= maximumReturn.riskTolerance { return maximumReturn }
    let (high, low) = segment { $0.riskTolerance >= target }
    let length = high.riskTolerance - low.riskTolerance
    return try between(
      high, low, share: length > 0 ? (target - low.riskTolerance) / length : 1)
  }

  /// The portfolio with the largest ratio of expected excess return to volatility.
  ///
  /// ```text
  /// t (r − r_f) = V  at the optimum, which is linear in t on each line
  /// ```
  ///
  /// - Parameter riskFreeRate: The risk-free rate per period, as a simple return.
  /// - Returns: The portfolio.
  /// - Throws: ``AllocationError/noPortfolioBeatsRiskFree(best:riskFreeRate:)``, `unbounded` when an
  ///   excess return comes without risk, `invalidValue` for NaN and infinities.
  /// - Complexity: O(N²) after a search among the corners.
  public func maximumSharpe(riskFreeRate: Double) throws(AllocationError) -> Point {
    guard riskFreeRate.isFinite else {
      throw .invalidValue(argument: "riskFreeRate", asset: nil, got: riskFreeRate, allowed: .finite)
    }
    guard maximumReturn.expectedReturn > riskFreeRate else {
      throw .noPortfolioBeatsRiskFree(
        best: maximumReturn.expectedReturn, riskFreeRate: riskFreeRate)
    }
    try requireRisk(riskFreeRate)
    func surplus(_ point: Point) -> Double {
      point.riskTolerance * (point.expectedReturn - riskFreeRate) - point.variance
    }
    if surplus(maximumReturn) <= 0 { return maximumReturn }
    for (high, low) in zip(corners, corners.dropFirst()).map({ ($0.point, $1.point) }) {
      let below = surplus(low)
      if below >= 0 { continue }
      let above = surplus(high)
      return try between(high, low, share: below / (below - max(above, 0)))
    }
    // Along a line through cash at the risk-free rate every portfolio has the best ratio.
    return corners[max(corners.count - 2, 0)].point
  }

  /// Portfolios with equally spaced expected returns, from the least variance to the largest return.
  ///
  /// - Parameter count: How many, at least two.
  /// - Returns: The portfolios; all the same when only one is efficient.
  /// - Throws: `invalidValue` for a count below two.
  /// - Complexity: O(N k) each.
  public func sampled(count: Int) throws(AllocationError) -> [Point] {
    guard count >= 2 else {
      throw .invalidValue(
        argument: "count", asset: nil, got: Double(count), allowed: 2...Double(Int.max))
    }
    let low = minimumVariance.expectedReturn
    let high = maximumReturn.expectedReturn
    var points: [Point] = []
    for k in 0..<count {
      if k == count - 1 {
        points.append(maximumReturn)
      } else {
        let share = Double(k) / Double(count - 1)
        points.append(try portfolio(atReturn: min(low + (high - low) * share, high)))
      }
    }
    return points
  }

  private func requireRisk(_ riskFreeRate: Double) throws(AllocationError) {
    // A variance of some roundings of the squared gross volatility is no variance.
    let rounding = 1e-13
    let least = minimumVariance
    let deviations = covariance.standardDeviations
    let gross = zip(least.weights.values, deviations).reduce(0) { $0 + ($1.0 * $1.1).magnitude }
    if least.variance > rounding * gross * gross || least.expectedReturn <= riskFreeRate { return }
    let values = least.weights.values
    let most = values.indices.max { values[$0].magnitude < values[$1].magnitude } ?? 0
    throw .unbounded(asset: covariance.universe.assets[most])
  }

  /// The two neighbors of which the first satisfies an order that holds at the first corner and not
  /// beyond some corner.
  private func segment(_ holds: (Point) -> Bool) -> (high: Point, low: Point) {
    var first = 0
    var last = corners.count - 1
    while last - first > 1 {
      let middle = (first + last) / 2
      if holds(corners[middle].point) { first = middle } else { last = middle }
    }
    return (corners[first].point, corners[last].point)
  }

  /// The portfolio at a share of the way from a low corner to the next higher one.
  private func between(
    _ high: Point,
    _ low: Point,
    share: Double
  ) throws(AllocationError) -> Point {
    if share >= 1 { return high }
    if share <= 0 { return low }
    func mix(_ a: Double, _ b: Double) -> Double { a == b ? a : b + share * (a - b) }
    var weights = high.weights.values
    // A step of some roundings is that from one breakpoint to another: the line begins at the first.
    let rounding = 8 * Double.ulpOfOne * weights.reduce(0) { max($0, $1.magnitude) }
    for (i, other) in low.weights.values.enumerated()
    where (other - weights[i]).magnitude > rounding {
      weights[i] = min(max(mix(weights[i], other), lower[i]), upper[i])
    }
    let product = SymmetricKernel.product(covariance.matrix, weights)
    return try Self.point(
      weights, expectedReturns, variance: zip(weights, product).reduce(0) { $0 + $1.0 * $1.1 },
      riskTolerance: mix(high.riskTolerance, low.riskTolerance),
      multiplier: mix(high.budgetMultiplier, low.budgetMultiplier),
      further: zip(high.furtherMultipliers, low.furtherMultipliers).map { mix($0, $1) })
  }
}

// MARK: - Proofs

extension FrontierCurve {
  /// Proves a portfolio of this curve by residuals computed from the data alone.
  ///
  /// The certificate is that of `minimize 1/2 w'Σw − t μ'w` under the constraints.
  ///
  /// - Parameter point: A portfolio of this curve.
  /// - Returns: The weights with certificate and dual values by name.
  /// - Throws: ``AllocationError/notSolved(status:certificate:)`` when the published tolerance does
  ///   not hold; `universeMismatch` for a portfolio of other assets.
  /// - Complexity: O(N²).
  public func certified(_ point: Point) throws(AllocationError) -> Solution<Weights> {
    try Translation.requireEqual(point.weights.universe, covariance.universe)
    let (certificate, duals) = try proof(point, iterations: corners.count)
    guard certificate.holds(Certificate.optimalTolerances) else {
      throw .notSolved(status: .stalled, certificate: certificate)
    }
    return Solution(
      value: point.weights, status: .optimal, certificate: certificate, duals: duals)
  }

  /// The certificate of the last point of a walk that stopped early.
  func lastCertificate(steps: Int) throws(AllocationError) -> Certificate {
    try proof(minimumVariance, iterations: steps).certificate
  }

  private func proof(
    _ point: Point,
    iterations: Int
  ) throws(AllocationError) -> (certificate: Certificate, duals: Duals) {
    let resolved = try constraints.resolved(over: covariance.universe)
    let program = try resolved.program(
      quadratic: covariance.quadraticTerm,
      linear: expectedReturns.values.map { -point.riskTolerance * $0 })
    let rows = [point.budgetMultiplier] + point.furtherMultipliers
    let proof = try program.certified(
      point.weights.values, rows: rows, bounds: boundDuals(point, resolved, rows),
      iterations: iterations)
    return (proof.certificate, proof.duals)
  }

  /// What is left of the gradient where a bound holds an asset; a reference holds it first.
  private func boundDuals(
    _ point: Point,
    _ resolved: ResolvedConstraints,
    _ rows: [Double]
  ) -> [Double] {
    let weights = point.weights.values
    var gradient = SymmetricKernel.product(covariance.matrix, weights)
    for i in weights.indices {
      gradient[i] -= point.riskTolerance * expectedReturns.values[i]
    }
    for (row, price) in zip(resolved.rows, rows) {
      for (i, a) in zip(row.indices, row.coefficients) { gradient[i] -= a * price }
    }
    var toll = weights.map { _ in 0.0 }
    for (row, price) in zip(resolved.absolute, rows.dropFirst(resolved.rows.count)) {
      for i in weights.indices where row.coefficients[i] > 0 {
        let charge = row.coefficients[i] * price
        if weights[i] == row.reference[i] {
          toll[i] -= charge
        } else {
          gradient[i] -= weights[i] > row.reference[i] ? charge : -charge
        }
      }
    }
    return weights.indices.map { i in
      let force = gradient[i] - min(max(gradient[i], -toll[i]), toll[i])
      if lower[i] == upper[i] { return force }
      if weights[i] == lower[i] { return max(force, 0) }
      return weights[i] == upper[i] ? min(force, 0) : 0
    }
  }
}

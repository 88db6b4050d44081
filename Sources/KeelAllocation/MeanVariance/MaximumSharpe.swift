// Goals: (1) the optimum of a quotient with the certificate of a convex program; (2) a clear answer
// when no portfolio beats the risk-free rate.
//
// The quotient is made homogeneous with y = κ w, κ ≥ 0 (Charnes and Cooper, Naval Research
// Logistics Quarterly 9, 1962), solved for y, and certified for w: a portfolio has the largest
// Sharpe ratio exactly when it has the largest utility at λ = excess return / variance of its own.

public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio with the largest ratio of expected excess return to volatility.
///
/// ```text
/// maximize  (μ'w − r 1'w) / √(w'Σw)  subject to the constraints
/// ```
///
/// The certificate and the dual values are those of ``MaximumUtility`` at the risk aversion that
/// the optimum implies, so that anyone can verify them. Reference: Sharpe, Journal of Business 39
/// (1966).
public struct MaximumSharpe: Hashable, Sendable {
  /// The risk-free rate per period of the data, as a simple return.
  public var riskFreeRate: Double

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - riskFreeRate: The risk-free rate per period of the data, as a simple return.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    riskFreeRate: Double,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.riskFreeRate = riskFreeRate
    self.constraints = constraints
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// - Parameters:
  ///   - expectedReturns: The expected return of each of N assets per period.
  ///   - covariance: Their covariance per period; it may be singular.
  /// - Returns: The optimal weights with certificate and dual values by name.
  /// - Throws: ``AllocationError``, among others
  ///   ``AllocationError/noPortfolioBeatsRiskFree(best:riskFreeRate:)``.
  /// - Complexity: O(N³) an iteration.
  public func weights(
    expectedReturns: ExpectedReturns,
    covariance: Covariance
  ) throws(AllocationError) -> Solution<Weights> {
    let universe = covariance.universe
    try Translation.requireEqual(expectedReturns.universe, universe)
    guard riskFreeRate.isFinite else {
      throw .invalidValue(argument: "riskFreeRate", asset: nil, got: riskFreeRate, allowed: .finite)
    }
    let (lower, upper) = try constraints.resolvedBounds(over: universe)
    let rows = try constraints.resolvedRows(over: universe)
    // Bad names and clashing bounds are reported in the caller's terms.
    _ = try constraints.program(
      quadratic: .diagonal([Double](repeating: 0, count: universe.count)), linear: nil,
      over: universe)
    let homogeneous = try HomogeneousProgram(
      excess: expectedReturns.values.map { $0 - riskFreeRate }, covariance: covariance,
      lower: lower, upper: upper, rows: rows)
    let solution: Solution<[Double]>
    do throws(AllocationError) {
      solution = try Translation.solution(
        of: homogeneous.program, universe: universe, settings: settings)
    } catch {
      if case .infeasible = error { try requireExcessReturn(expectedReturns, universe) }
      throw error
    }
    return try certified(solution, homogeneous, expectedReturns, covariance)
  }

  /// Throws when the constraints clash or allow no excess return.
  private func requireExcessReturn(
    _ expectedReturns: ExpectedReturns,
    _ universe: Universe
  ) throws(AllocationError) {
    let program = try constraints.program(
      quadratic: .diagonal([Double](repeating: 0, count: universe.count)),
      linear: expectedReturns.values.map { -$0 }, over: universe)
    let best = try Translation.solution(of: program, universe: universe, settings: settings)
    let mean = -best.certificate.primalObjective
    throw .noPortfolioBeatsRiskFree(best: mean, riskFreeRate: riskFreeRate)
  }

  /// Throws when the assets can be combined to an excess return without risk.
  private func requireRisk(
    _ values: [Double],
    _ universe: Universe,
    _ covariance: Covariance
  ) throws(AllocationError) {
    let y = Array(values.prefix(universe.count))
    let product = SymmetricKernel.product(covariance.matrix, y)
    let deviations = covariance.standardDeviations
    let variance = zip(y, product).reduce(0) { $0 + $1.0 * $1.1 }
    let gross = zip(y, deviations).reduce(0) { $0 + ($1.0 * $1.1).magnitude }
    // A variance of some roundings of the squared gross volatility is no variance.
    let rounding = 1e-13
    guard variance > rounding * gross * gross else {
      let most = y.indices.max {
        (y[$0] * deviations[$0]).magnitude < (y[$1] * deviations[$1]).magnitude
      }
      guard let most else { return }
      throw .unbounded(asset: universe.assets[most])
    }
  }

  /// Turns y into weights and proves them in the caller's terms.
  private func certified(
    _ solution: Solution<[Double]>,
    _ homogeneous: HomogeneousProgram,
    _ expectedReturns: ExpectedReturns,
    _ covariance: Covariance
  ) throws(AllocationError) -> Solution<Weights> {
    let universe = covariance.universe
    let n = universe.count
    let multiplier = solution.duals.rows[0]
    let total = n < solution.value.count ? solution.value[n] : 0
    try requireRisk(solution.value, universe, covariance)
    guard total > 0, multiplier > 0 else {
      throw .notSolved(status: solution.status, certificate: solution.certificate)
    }
    let weights = homogeneous.weights(solution.value, solution.duals)
    let program = try MaximumUtility.program(
      expectedReturns.values, covariance, riskAversion: total / multiplier, constraints)
    let (rowDuals, boundDuals) = homogeneous.duals(solution.duals, riskFreeRate: riskFreeRate)
    let duals = Duals(of: program, rows: rowDuals, bounds: boundDuals)
    let certificate: Certificate
    do throws(OptimizationError) {
      certificate = try program.verify(
        weights, duals: duals, iterations: solution.certificate.iterations)
    } catch {
      throw Translation.translated(error, universe)
    }
    guard certificate.holds(Certificate.optimalTolerances) else {
      throw .notSolved(status: .stalled, certificate: certificate)
    }
    return Solution(
      value: try Translation.weights(weights, over: universe), status: .optimal,
      certificate: certificate, duals: duals)
  }
}

/// The program in (y, κ) with w = y / κ.
private struct HomogeneousProgram {
  let program: QuadraticProgram
  private let lower: [Double]
  private let upper: [Double]
  private let rowCount: Int
  /// The assets whose bounds became rows, in the order of these rows.
  private let boundedAssets: [Int]

  init(
    excess: [Double],
    covariance: Covariance,
    lower: [Double],
    upper: [Double],
    rows: [LinearRow]
  ) throws(AllocationError) {
    let universe = covariance.universe
    let n = universe.count
    self.lower = lower
    self.upper = upper
    rowCount = rows.count
    var homogeneous = [LinearRow("excess return", coefficients: excess, lower: 1, upper: 1)]
    for (k, row) in rows.enumerated() {
      homogeneous += Self.rows("row \(k)", row.indices, row.coefficients, row.lower, row.upper, n)
    }
    // A bound that the budget and the other lower bounds imply needs no row.
    let budget = rows[0].upper
    let least = lower.reduce(0, +)
    var boundedAssets: [Int] = []
    for i in 0..<n {
      let isImplied = upper[i] >= budget - (least - lower[i])
      let low = lower[i] == 0 ? -.infinity : lower[i]
      let high = isImplied ? .infinity : upper[i]
      if low.isInfinite && high.isInfinite { continue }
      boundedAssets.append(i)
      homogeneous += Self.rows("bound \(i)", [i], [1], low, high, n)
    }
    self.boundedAssets = boundedAssets
    program = try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: .dense(Self.bordered(covariance.matrix)),
        lowerBounds: lower.map { $0 == 0 ? 0 : -.infinity } + [0], rows: homogeneous)
    }
  }

  /// `lower κ ≤ a'y ≤ upper κ` as two rows, of which missing ones keep their place.
  private static func rows(
    _ name: String,
    _ indices: [Int],
    _ coefficients: [Double],
    _ lower: Double,
    _ upper: Double,
    _ n: Int
  ) -> [LinearRow] {
    func row(_ side: String, _ bound: Double, _ low: Double, _ high: Double) -> LinearRow {
      guard bound.isFinite else {
        return LinearRow("\(name) \(side)", indices: [], coefficients: [])
      }
      return LinearRow(
        "\(name) \(side)", indices: indices + [n], coefficients: coefficients + [-bound],
        lower: low, upper: high)
    }
    if lower == upper {
      return [row("lower", lower, 0, 0), row("upper", .infinity, 0, 0)]
    }
    return [row("lower", lower, 0, .infinity), row("upper", upper, -.infinity, 0)]
  }

  /// The matrix with a row and a column of zeros after the last.
  private static func bordered(_ matrix: SymmetricMatrix) -> SymmetricMatrix {
    let n = matrix.order
    let elements = matrix.elements
    let storage = [Double](capacity: (n + 1) * (n + 1)) { output in
      for j in 0..<n {
        for i in 0..<n { output.append(elements[i &+ j &* n]) }
        output.append(0)
      }
      for _ in 0...n { output.append(0) }
    }
    return SymmetricMatrix(lowerTriangleOf: storage, order: n + 1)
  }

  /// The weights y / κ, exactly at the bounds that are active.
  func weights(_ y: [Double], _ duals: Duals) -> [Double] {
    let n = lower.count
    var weights = (0..<n).map { min(max(y[$0] / y[n], lower[$0]), upper[$0]) }
    for (b, i) in boundedAssets.enumerated() {
      let first = 1 + 2 * rowCount + 2 * b
      // Division leaves an active bound by a rounding or two.
      for (dual, bound) in [(duals.rows[first], lower[i]), (-duals.rows[first + 1], upper[i])]
      where dual > 0 && (weights[i] - bound).magnitude <= 4 * bound.ulp { weights[i] = bound }
    }
    return weights
  }

  /// The dual values of the utility program, in units of expected return.
  func duals(_ duals: Duals, riskFreeRate: Double) -> (rows: [Double], bounds: [Double]) {
    let unit = duals.rows[0]
    var rows = (0..<rowCount).map { (duals.rows[1 + 2 * $0] + duals.rows[2 + 2 * $0]) / unit }
    rows[0] -= riskFreeRate
    var bounds = lower.indices.map { duals.bounds[$0] / unit }
    for (b, i) in boundedAssets.enumerated() {
      let first = 1 + 2 * rowCount + 2 * b
      bounds[i] += (duals.rows[first] + duals.rows[first + 1]) / unit
    }
    return (rows, bounds)
  }
}

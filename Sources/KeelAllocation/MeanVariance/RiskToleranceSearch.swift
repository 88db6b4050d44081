// Goals: (1) the portfolio at which a condition on return and variance turns, exactly and with the proof
// of a utility program; (2) few programs.
//
// The optima of `minimize 1/2 x'Σx − t m'x` are piecewise linear in the risk tolerance t, and so are
// their dual values (Markowitz, Naval Research Logistics Quarterly 3, 1956). Between two optima of one
// piece every mixture is an optimum: the mixture that satisfies the condition is proved by its own
// certificate, and only when that fails another program is solved at its risk tolerance.

import KeelData
import KeelNumerics
import KeelOptimization

/// A search along the optima of a mean-variance program.
struct RiskToleranceSearch {
  /// An optimum.
  struct Point {
    var riskTolerance: Double
    var x: [Double]
    var rows: [Double]
    var bounds: [Double]
    var mean: Double
    var variance: Double
    var iterations: Int
  }

  /// What turns from negative to positive while the risk tolerance grows.
  enum Condition {
    /// Variance minus a limit.
    case variance(Double)

    /// t m'x − x'Σx: zero at the largest ratio of mean to volatility.
    case ratio
  }

  let constraints: ResolvedConstraints
  let covariance: Covariance
  let mean: [Double]
  let settings: QuadraticSolver.Settings

  /// The pieces of a frontier are at most some hundred, and bisection needs as many halvings.
  private static let maximumPoints = 200

  /// The optimum of least variance.
  func leastVariance() throws(AllocationError) -> Point {
    let solution = try program(0).solutionNearZero(settings: settings)
    return point(
      0, solution.value, solution.duals.rows, solution.duals.bounds,
      solution.certificate.iterations)
  }

  /// The optimum at a risk tolerance, counting the iterations of an optimum nearby.
  private func point(
    at riskTolerance: Double,
    near other: Point
  ) throws(AllocationError) -> Point {
    let solution = try program(riskTolerance)
      .solution(settings: settings, near: (other.x, other.rows))
    return point(
      riskTolerance, solution.value, solution.duals.rows, solution.duals.bounds,
      other.iterations + solution.certificate.iterations)
  }

  /// The program at a risk tolerance.
  func program(_ riskTolerance: Double) throws(AllocationError) -> PortfolioProgram {
    try constraints.program(
      quadratic: covariance.quadraticTerm, convexity: covariance.convexity,
      linear: mean.map { -riskTolerance * $0 })
  }

  private func point(
    _ riskTolerance: Double,
    _ x: [Double],
    _ rows: [Double],
    _ bounds: [Double],
    _ iterations: Int
  ) -> Point {
    let product = covariance.product(with: x)
    return Point(
      riskTolerance: riskTolerance, x: x, rows: rows, bounds: bounds, mean: sum(mean, x),
      variance: sum(product, x), iterations: iterations)
  }

  /// The value of a condition at a point.
  func value(_ condition: Condition, _ point: Point) -> Double {
    switch condition {
    case .variance(let limit): point.variance - limit
    case .ratio: point.riskTolerance * point.mean - point.variance
    }
  }
}

// MARK: - Search

extension RiskToleranceSearch {
  /// The optimum at which a condition is zero.
  ///
  /// - Parameters:
  ///   - condition: The condition, negative at `low`.
  ///   - low: An optimum.
  /// - Returns: The optimum; its certificate holds in the program at its risk tolerance. Where the
  ///   condition stays negative it is the portfolio of largest mean, with an infinite risk tolerance and
  ///   dual values in the unit of the mean.
  /// - Throws: ``AllocationError``.
  func crossing(_ condition: Condition, from low: Point) throws(AllocationError) -> Point {
    var low = low
    let growth = 8.0
    var next = low.riskTolerance + naturalStep(low)
    // The steps cover all of double precision.
    let maximumGrowths = 400
    for _ in 0..<maximumGrowths where next.isFinite {
      let point = try point(at: next, near: low)
      if value(condition, point) >= 0 { return try crossing(condition, low, point) }
      if canEnd(condition, point), let last = try largestMean(low, point) { return last }
      low = point
      next *= growth
    }
    throw try failure(low, .iterationLimit)
  }

  /// Whether a condition may stay negative: the ratio turns at last where the mean is positive.
  private func canEnd(_ condition: Condition, _ point: Point) -> Bool {
    if case .ratio = condition { return point.mean <= 0 }
    return true
  }

  /// The portfolio of largest mean, which has an infinite risk tolerance and dual values in the unit of
  /// the mean.
  func largestMean(from low: Point) throws(AllocationError) -> Point {
    try crossing(.variance(.infinity), from: low)
  }

  /// A risk tolerance of the size of variance over return.
  private func naturalStep(_ point: Point) -> Double {
    // A portfolio without variance says nothing about the scale of the others.
    let least = 1e-3
    let diagonal = covariance.standardDeviations.reduce(0) { max($0, $1 * $1) }
    let spread = (mean.max() ?? 0) - (mean.min() ?? 0)
    let step = max(point.variance, least * diagonal) / spread
    return step > 0 && step.isFinite ? step : 1
  }

  /// The portfolio of largest mean when two optima are that portfolio.
  ///
  /// Beyond the last corner weights stay where they are and dual values are linear in t. Their slopes
  /// are the dual values of the program of largest mean, whose certificate decides.
  private func largestMean(_ low: Point, _ high: Point) throws(AllocationError) -> Point? {
    let rounding = 1e-12
    var size = 0.0
    for i in mean.indices { size += (mean[i] * high.x[i]).magnitude }
    guard high.mean - low.mean <= rounding * size else { return nil }
    let length = high.riskTolerance - low.riskTolerance
    func slopes(_ left: [Double], _ right: [Double]) -> [Double] {
      zip(left, right).map { ($1 - $0) / length }
    }
    var point = high
    point.riskTolerance = .infinity
    point.rows = slopes(low.rows, high.rows)
    point.bounds = slopes(low.bounds, high.bounds)
    let program = try constraints.program(
      quadratic: .diagonal([Double](repeating: 0, count: mean.count)), linear: mean.map { -$0 })
    let proof = try program.certified(
      point.x, rows: point.rows, bounds: point.bounds, iterations: point.iterations)
    return proof.status == .optimal ? point : nil
  }

  private func crossing(
    _ condition: Condition,
    _ first: Point,
    _ last: Point
  ) throws(AllocationError) -> Point {
    var (low, high) = (first, last)
    // The end that was replaced last and what stood there before: two optima of one piece, often.
    var pair: (Point, Point)?
    var widths: [Double] = []
    var iterations = last.iterations
    for _ in 0..<Self.maximumPoints {
      var guess: Double?
      for (a, b) in [(low, high), pair].compactMap(\.self) {
        var candidate = mixed(a, b, root(condition, a, b))
        candidate.iterations = iterations
        guard candidate.riskTolerance.isFinite, candidate.riskTolerance >= 0 else { continue }
        if try isOptimal(candidate) { return candidate }
        if low.riskTolerance < candidate.riskTolerance
          && candidate.riskTolerance < high.riskTolerance
        {
          guess = candidate.riskTolerance
        }
      }
      let width = high.riskTolerance - low.riskTolerance
      widths.append(width)
      let middle = low.riskTolerance + width / 2
      // Three points have to halve the bracket, or bisection does.
      let isSlow = widths.count > 3 && width > widths[widths.count - 4] / 2
      let next = isSlow ? middle : guess ?? middle
      guard low.riskTolerance < next && next < high.riskTolerance else { break }
      var near = next <= middle ? low : high
      near.iterations = iterations
      let point = try point(at: next, near: near)
      iterations = point.iterations
      if value(condition, point) >= 0 {
        pair = (high, point)
        high = point
      } else {
        pair = (low, point)
        low = point
      }
    }
    throw try failure(mixed(low, high, root(condition, low, high)), .stalled)
  }

  /// The share of b in the mixture of a and b at which a condition is zero; it may lie beyond one.
  private func root(_ condition: Condition, _ a: Point, _ b: Point) -> Double {
    let step = zip(b.x, a.x).map { $0 - $1 }
    let product = covariance.product(with: step)
    let slope = 2 * sum(product, a.x)
    let curvature = sum(product, step)
    let h0 = value(condition, a)
    let (h1, h2): (Double, Double)
    switch condition {
    case .variance: (h1, h2) = (slope, curvature)
    case .ratio:
      let (length, gain) = (b.riskTolerance - a.riskTolerance, b.mean - a.mean)
      (h1, h2) = (a.riskTolerance * gain + length * a.mean - slope, length * gain - curvature)
    }
    if h0 == 0 { return 0 }
    // The root of h0 + h1 s + h2 s² that is next to zero, in the form that does not cancel.
    let discriminant = max(h1 * h1 - 4 * h2 * h0, 0).squareRoot()
    return -2 * h0 / (h1 + (h1 < 0 ? -discriminant : discriminant))
  }

  private func mixed(_ a: Point, _ b: Point, _ share: Double) -> Point {
    func mix(_ left: Double, _ right: Double) -> Double {
      left == right ? left : left + share * (right - left)
    }
    func mix(_ left: [Double], _ right: [Double]) -> [Double] {
      zip(left, right).map { mix($0, $1) }
    }
    return point(
      mix(a.riskTolerance, b.riskTolerance), mix(a.x, b.x), mix(a.rows, b.rows),
      mix(a.bounds, b.bounds), 0)
  }

  private func isOptimal(_ point: Point) throws(AllocationError) -> Bool {
    try proof(point).status == .optimal
  }

  private func proof(_ point: Point) throws(AllocationError) -> Solution<[Double]> {
    try program(point.riskTolerance).certified(
      point.x, rows: point.rows, bounds: point.bounds, iterations: point.iterations)
  }

  private func failure(
    _ point: Point,
    _ status: SolverStatus
  ) throws(AllocationError) -> AllocationError {
    .notSolved(status: status, certificate: try proof(point).certificate)
  }
}

// MARK: - Proof

extension RiskToleranceSearch {
  /// Proves an optimum as the portfolio of largest utility at a risk aversion λ.
  ///
  /// - Parameters:
  ///   - point: An optimum with a risk tolerance above zero.
  ///   - riskAversion: The risk aversion, for most points 1 / t.
  ///   - mean: The means of the utility program.
  ///   - budgetShift: What these means exceed the searched ones by.
  /// - Returns: The point with the dual values of the utility program.
  /// - Throws: ``AllocationError/notSolved(status:certificate:)``.
  func utilityProof(
    _ point: Point,
    riskAversion: Double,
    mean: [Double],
    budgetShift: Double = 0
  ) throws(AllocationError) -> Solution<[Double]> {
    // The dual values of the largest mean are in its unit already.
    let unit = point.riskTolerance.isInfinite ? 1 : point.riskTolerance
    var rows = point.rows.map { $0 / unit }
    rows[0] -= budgetShift
    let program = try MaximumUtility.program(
      mean, covariance, riskAversion: riskAversion, constraints)
    let solution = try program.certified(
      point.x, rows: rows, bounds: point.bounds.map { $0 / unit }, iterations: point.iterations)
    guard solution.status == .optimal else {
      throw .notSolved(status: solution.status, certificate: solution.certificate)
    }
    return solution
  }
}

/// The sum of products, in the order of the elements.
private func sum(_ left: [Double], _ right: [Double]) -> Double {
  var total = 0.0
  for i in left.indices { total += left[i] * right[i] }
  return total
}

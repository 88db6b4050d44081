// Goals in order: a portfolio with a proved bound of its ratio, one way for every measure, few least risks.
//
// The least risk f(t) at an excess return of at least t is convex and does not fall. So it lies above the line through two of
// its points beyond them: between two neighbors it is above the lines from the left and from the right, and t / f(t) is below
// what these allow, the most where they cross. There the next least risk is taken. For measures of partial moments around a target,
// which are not homogeneous, this holds as well.

public import KeelData
public import KeelDistributions
import KeelNumerics
public import KeelOptimization

/// The portfolio with the largest ratio of expected excess return to risk over scenarios, for a measure of choice.
///
/// ```text
/// maximize  (μ'w − r 1'w) / ρ(X w)  subject to the constraints
/// ```
///
/// | measure | ratio |
/// |---|---|
/// | `standardDeviation` | Sharpe |
/// | `semideviation`, `lowerPartialMoment(order: .second, …)` | Sortino |
/// | `lowerPartialMoment(order: .first, target: r)` | Omega less one |
/// | `expectedShortfall` | STARR |
/// | `maximumDrawdown` | Calmar |
/// | `averageDrawdown`, `conditionalDrawdown` | Sterling and its relatives |
/// | `ulcerIndex` | Martin |
///
/// Reference: S. T. Rachev, S. Stoyanov, F. Fabozzi, "Advanced Stochastic Models, Risk Assessment, and Portfolio Optimization"
/// (2008), for quotients of a concave and a convex function.
///
/// ```swift
/// let calmar = MaximumReturnOverRisk(.maximumDrawdown, riskFreeRate: 0.0001)
/// let portfolio = try calmar.weights(scenarios: scenarios)
/// print(portfolio.ratio, portfolio.upperBound)
/// ```
public struct MaximumReturnOverRisk: Hashable, Sendable {
  /// A portfolio with its ratio and a bound of what is possible.
  public struct Portfolio: Hashable, Sendable {
    /// The weights, as fractions.
    public let weights: Weights

    /// The expected outcome per period, as a fraction.
    public let expectedReturn: Double

    /// What it is above the risk-free rate.
    public let excessReturn: Double

    /// The measure.
    public let measure: SampleRiskMeasure

    /// The risk of the weights, as `SampleRiskMeasure.risk(of:)` reports it.
    public let risk: Double

    /// No allowed portfolio has a larger ratio than this.
    public let upperBound: Double

    /// The excess return over the risk.
    public var ratio: Double { excessReturn / risk }

    /// What the ratio may be below the largest possible one.
    public var largestImprovement: Double { max(upperBound - ratio, 0) }
  }

  /// The measure; for drawdowns the scenarios stand in the order of time.
  public var measure: SampleRiskMeasure

  /// The risk-free rate per period of the scenarios, as a simple return.
  public var riskFreeRate: Double

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - measure: The measure.
  ///   - riskFreeRate: The risk-free rate per period of the scenarios, as a simple return.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    _ measure: SampleRiskMeasure,
    riskFreeRate: Double,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.measure = measure
    self.riskFreeRate = riskFreeRate
    self.constraints = constraints
    self.settings = settings
  }

  /// The largest gap between the ratio and its upper bound that is called an optimum, relative to the ratio.
  public static let gapTolerance = 1e-7

  /// Least risks at most; some ten are enough.
  private static let attempts = 60

  /// Chooses the weights.
  ///
  /// - Parameters:
  ///   - scenarios: S scenarios of N assets.
  ///   - expectedReturns: The expected return of each asset per period; nil for the mean outcomes.
  /// - Returns: The weights with return, risk and the upper bound of the ratio.
  /// - Throws: ``AllocationError``: `noPortfolioBeatsRiskFree` where no allowed portfolio has an excess return,
  ///   `unbounded` where one has it without a risk or where no constraint limits the return, and what
  ///   ``MinimumRisk`` throws.
  /// - Complexity: Some ten least risks.
  public func weights(
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> Portfolio {
    if let found = try cut(
      over: scenarios.universe, weights: { [$0.weights] },
      { (choice) throws(AllocationError) in
        try choice.weights(scenarios: scenarios, expectedReturns: expectedReturns)
      })
    {
      return found.answer
    }
    try Translation.require(riskFreeRate, "riskFreeRate", in: .finite)
    let means = try Translation.expectedReturns(expectedReturns, scenarios)
    let excess: ExpectedReturns
    do {
      excess = try ExpectedReturns(
        universe: scenarios.universe, values: means.values.map { $0 - riskFreeRate })
    } catch {
      throw .invalidValue(argument: "riskFreeRate", asset: nil, got: riskFreeRate, allowed: .finite)
    }
    let points = RiskPoints(
      measure: measure, constraints: constraints, settings: settings, scenarios: scenarios,
      means: excess)
    let least = try points.least(atReturn: nil)
    let most = try points.highest().portfolio
    guard most.expectedReturn > 0 else {
      throw .noPortfolioBeatsRiskFree(
        best: most.expectedReturn + riskFreeRate * most.weights.total, riskFreeRate: riskFreeRate)
    }
    var curve = RatioCurve(least, most)
    try curve.refine(until: Self.gapTolerance, attempts: Self.attempts, points)
    let best = curve.best
    guard best.risk > 0 else {
      throw .unbounded(asset: Translation.largest(best.weights.values, scenarios.universe))
    }
    let ratio = best.expectedReturn / best.risk
    guard curve.upperBound <= ratio * (1 + 10 * Self.gapTolerance) else {
      throw .notProved(risk: best.risk, lowerBound: best.expectedReturn / curve.upperBound)
    }
    return Portfolio(
      weights: best.weights,
      expectedReturn: best.expectedReturn + riskFreeRate * best.weights.total,
      excessReturn: best.expectedReturn, measure: measure, risk: best.risk,
      upperBound: max(curve.upperBound, ratio))
  }
}

/// Points of the least risk over the excess return, and what lies between them.
private struct RatioCurve {
  /// An excess return t with bounds of the least risk there.
  private struct Node {
    let t: Double
    let lowest: Double
    let highest: Double
  }

  /// By rising return; the last one has no lower bound.
  private var nodes: [Node]
  /// The portfolio with the largest ratio so far.
  private(set) var best: RiskPortfolio
  /// No ratio is above this.
  private(set) var upperBound = Double.infinity

  init(_ least: RiskPortfolio, _ most: RiskPortfolio) {
    // Below the return of the least risk the risk does not fall any more, and below zero there is no ratio.
    let start = max(least.expectedReturn, 0)
    nodes = [
      Node(
        t: start, lowest: least.lowerBound,
        highest: least.expectedReturn >= 0 ? least.risk : .infinity)
    ]
    best = most
    if most.expectedReturn > start {
      nodes.append(Node(t: most.expectedReturn, lowest: -.infinity, highest: most.risk))
    }
    keep(least)
  }

  private mutating func keep(_ portfolio: RiskPortfolio) {
    guard portfolio.expectedReturn > 0, best.risk > 0 else { return }
    if portfolio.risk <= 0
      || portfolio.expectedReturn * best.risk > best.expectedReturn * portfolio.risk
    {
      best = portfolio
    }
  }

  /// Takes least risks where the largest ratio may be.
  mutating func refine(
    until tolerance: Double,
    attempts: Int,
    _ points: RiskPoints
  ) throws(AllocationError) {
    for _ in 0..<attempts {
      // The last return has no width of its own.
      upperBound = nodes[0].t > 0 ? nodes[0].t / nodes[0].lowest : 0
      var widest: (gap: Int, t: Double)?
      for k in 0..<(nodes.count - 1) {
        let (bound, t) = largestRatio(inGap: k)
        if bound > upperBound || widest == nil {
          upperBound = max(bound, upperBound)
          widest = (k, t)
        }
      }
      guard let widest, best.risk > 0,
        upperBound > best.expectedReturn / best.risk * (1 + tolerance)
      else { return }
      let (a, b) = (nodes[widest.gap].t, nodes[widest.gap + 1].t)
      let inset = Self.inset * (b - a)
      let t = min(max(widest.t, a + inset), b - inset)
      guard t > a, t < b else { return }
      let next = try points.least(atReturn: t)
      keep(next)
      nodes.insert(Node(t: t, lowest: next.lowerBound, highest: next.risk), at: widest.gap + 1)
    }
  }

  /// A new return keeps this share of a gap from its ends.
  private static let inset = 0.05

  /// The largest t / f(t) that the neighbors of a gap allow, and where.
  private func largestRatio(inGap k: Int) -> (bound: Double, t: Double) {
    let (a, b) = (nodes[k], nodes[k + 1])
    var lines: [(value: Double, slope: Double)] = [(a.lowest, 0)]
    if k > 0 {
      let slope = (a.lowest - nodes[k - 1].highest) / (a.t - nodes[k - 1].t)
      if slope.isFinite { lines.append((a.lowest, slope)) }
    }
    if k + 2 < nodes.count, b.lowest.isFinite {
      let slope = (nodes[k + 2].highest - b.lowest) / (nodes[k + 2].t - b.t)
      if slope.isFinite { lines.append((b.lowest - slope * (b.t - a.t), slope)) }
    }
    var candidates = [a.t, b.t]
    for (i, first) in lines.enumerated() {
      for second in lines[(i + 1)...] {
        let t = a.t + (first.value - second.value) / (second.slope - first.slope)
        if t > a.t && t < b.t { candidates.append(t) }
      }
    }
    var result = (bound: -Double.infinity, t: a.t)
    for t in candidates {
      let risk = lines.reduce(-Double.infinity) { max($0, $1.value + $1.slope * (t - a.t)) }
      let bound = t == 0 ? 0 : risk > 0 ? t / risk : .infinity
      if bound > result.bound { result = (bound, t) }
    }
    return result
  }
}

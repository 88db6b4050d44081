// Goals in order: a portfolio inside the limit, a proved bound of the return, few least risks.
//
// The least risk R(t) at a return of at least t is convex. The chord between a point inside the limit and one outside lies above R,
// so that where it meets the limit is inside again; the line through two points inside lies below R beyond them, so that where
// it meets the limit is outside. Both ends move toward the answer. A return is out of reach where the proved lower bound of its
// least risk is above the limit.

public import KeelData
public import KeelDistributions
import KeelNumerics
public import KeelOptimization

/// The portfolio with the highest expected return whose risk over scenarios is within a limit, for a measure of choice.
///
/// ```text
/// maximize  μ'w  subject to  ρ(X w) ≤ limit  and the constraints
/// ```
///
/// ```swift
/// let choice = MaximumReturnAtRisk(.conditionalDrawdown(confidence: 0.95), limit: 0.15)
/// let portfolio = try choice.weights(scenarios: scenarios)
/// print(portfolio.expectedReturn, portfolio.upperBound)
/// ```
public struct MaximumReturnAtRisk: Hashable, Sendable {
  /// A portfolio with its return, its risk and a bound of what is possible.
  public struct Portfolio: Hashable, Sendable {
    /// The weights, as fractions.
    public let weights: Weights

    /// The expected outcome per period, as a fraction.
    public let expectedReturn: Double

    /// No allowed portfolio within the limit has a higher expected return than this.
    public let upperBound: Double

    /// The measure.
    public let measure: SampleRiskMeasure

    /// The risk of the weights, as `SampleRiskMeasure.risk(of:)` reports it; at most the limit.
    public let risk: Double

    /// What the expected return may be below the highest possible one.
    public var largestImprovement: Double { max(upperBound - expectedReturn, 0) }
  }

  /// The measure; for drawdowns the scenarios stand in the order of time.
  public var measure: SampleRiskMeasure

  /// The largest risk, in the unit of the measure.
  public var limit: Double

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - measure: The measure.
  ///   - limit: The largest risk, in the unit of the measure.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    _ measure: SampleRiskMeasure,
    limit: Double,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.measure = measure
    self.limit = limit
    self.constraints = constraints
    self.settings = settings
  }

  /// The largest gap between the expected return and its upper bound that is called an optimum,
  /// relative to the distance of the highest return from that of the least risk.
  public static let gapTolerance = 1e-7

  /// Least risks at most; some ten are enough.
  private static let attempts = 60

  /// Doublings of a return at most, where no constraint limits it.
  private static let doublings = 30

  /// Chooses the weights.
  ///
  /// - Parameters:
  ///   - scenarios: S scenarios of N assets.
  ///   - expectedReturns: The expected return of each asset per period; nil for the mean outcomes.
  /// - Returns: The weights with return, risk and the upper bound of the return.
  /// - Throws: ``AllocationError``: `targetUnreachable` with the risks that allowed portfolios have where the limit is
  ///   below the least one, `unbounded` where neither the constraints nor the limit bound the return, and what ``MinimumRisk``
  ///   throws.
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
    try Translation.require(limit, "limit", in: .finite)
    let means = try Translation.expectedReturns(expectedReturns, scenarios)
    let points = RiskPoints(
      measure: measure, constraints: constraints, settings: settings, scenarios: scenarios,
      means: means)
    let least = try points.least(atReturn: nil)
    let most = try top(points)
    if let most, most.portfolio.risk <= limit {
      return portfolio(most.portfolio, upperBound: most.upperBound)
    }
    guard least.risk <= limit else {
      let largest = most?.portfolio.risk ?? .infinity
      throw .targetUnreachable(
        target: "risk", got: limit, reachable: least.risk...max(largest, least.risk))
    }
    if let most {
      return try search(from: (least, most.portfolio), upperBound: most.upperBound, points)
    }
    let ends = try beyond(least, points)
    return try search(from: ends, upperBound: ends.outside.expectedReturn, points)
  }

  /// The highest return; nil where no constraint limits it.
  private func top(
    _ points: RiskPoints
  ) throws(AllocationError) -> (portfolio: RiskPortfolio, upperBound: Double)? {
    do throws(AllocationError) {
      return try points.highest()
    } catch {
      guard case .unbounded = error else { throw error }
      return nil
    }
  }

  /// A return that the limit excludes and the last one before it, in doubling distances from that of the least risk.
  private func beyond(
    _ least: RiskPortfolio,
    _ points: RiskPoints
  ) throws(AllocationError) -> (inside: RiskPortfolio, outside: RiskPortfolio) {
    let returns = points.means.values
    var distance = returns.reduce(least.expectedReturn.magnitude) { max($0, $1.magnitude) }
    var inside = least
    for _ in 0..<Self.doublings {
      let target = least.expectedReturn + distance
      let next = try points.least(atReturn: target)
      if next.lowerBound > limit { return (inside, outside(target, next)) }
      if next.risk <= limit { inside = next }
      distance *= 2
    }
    throw .unbounded(asset: Translation.largest(inside.weights.values, points.scenarios.universe))
  }

  /// A return above which the limit leaves nothing, as a point.
  private func outside(_ target: Double, _ point: RiskPortfolio) -> RiskPortfolio {
    RiskPortfolio(
      weights: point.weights, expectedReturn: target, measure: measure, risk: point.risk,
      lowerBound: point.lowerBound)
  }

  /// Moves both ends toward the limit.
  private func search(
    from ends: (inside: RiskPortfolio, outside: RiskPortfolio),
    upperBound: Double,
    _ points: RiskPoints
  ) throws(AllocationError) -> Portfolio {
    var (inside, outside) = ends
    let width = outside.expectedReturn - inside.expectedReturn
    let step = Self.gapTolerance / 4 * width
    var before: RiskPortfolio?
    // Targets around one whose risk equals the limit to rounding.
    var near: [Double] = []
    for attempt in 0..<Self.attempts {
      let gap = outside.expectedReturn - inside.expectedReturn
      if gap <= Self.gapTolerance * width { break }
      let low = inside.expectedReturn
      let planned = near.popLast()
      var target = planned ?? Self.crossing(inside, outside, limit)
      // In turns from outside, where the line through two points inside leads.
      if planned == nil, attempt % 2 == 1, let before {
        // Beyond its own rounding, so that the bound of the least risk can tell.
        target = Self.crossing(before, inside, limit) + step
      }
      if !(target > low && target < outside.expectedReturn) { target = low + gap / 2 }
      let next = try points.least(atReturn: target)
      if next.risk <= limit && next.expectedReturn > low {
        before = inside
        inside = next
      } else if next.lowerBound > limit {
        outside = self.outside(target, next)
      } else if near.isEmpty {
        near = [target + step, target - step]
      }
    }
    guard outside.expectedReturn - inside.expectedReturn <= 10 * Self.gapTolerance * width else {
      throw .notProved(risk: inside.risk, lowerBound: outside.lowerBound)
    }
    // The highest return of all is known to the bound of its own proof.
    let isTop = outside.expectedReturn == ends.outside.expectedReturn
    return portfolio(inside, upperBound: isTop ? upperBound : outside.expectedReturn)
  }

  /// Where the line through two points meets the limit.
  private static func crossing(
    _ left: RiskPortfolio,
    _ right: RiskPortfolio,
    _ limit: Double
  ) -> Double {
    let share = (limit - left.risk) / (right.risk - left.risk)
    return left.expectedReturn + share * (right.expectedReturn - left.expectedReturn)
  }

  private func portfolio(_ point: RiskPortfolio, upperBound: Double) -> Portfolio {
    Portfolio(
      weights: point.weights, expectedReturn: point.expectedReturn,
      upperBound: max(upperBound, point.expectedReturn), measure: measure, risk: point.risk)
  }
}

public import KeelData
public import KeelDistributions
import KeelNumerics
public import KeelOptimization

/// Portfolios of least risk over scenarios at expected returns side by side, for a measure of choice.
///
/// ```text
/// minimize  ρ(X w)  subject to  μ'w ≥ t  and the constraints,  t from that of the least risk to the highest
/// ```
///
/// ```swift
/// let frontier = RiskFrontier(.maximumDrawdown)
/// for point in try frontier.portfolios(count: 20, scenarios: scenarios) { print(point.expectedReturn, point.risk) }
/// ```
public struct RiskFrontier: Hashable, Sendable {
  /// The measure; for drawdowns the scenarios stand in the order of time.
  public var measure: SampleRiskMeasure

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the frontier.
  ///
  /// - Parameters:
  ///   - measure: The measure.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    _ measure: SampleRiskMeasure,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.measure = measure
    self.constraints = constraints
    self.settings = settings
  }

  /// The share of the way to the highest return that the last portfolio stops short of it.
  ///
  /// There only one portfolio may be left, which no solver meets to the last bit.
  public static let lastGap = 1e-9

  /// Samples the frontier.
  ///
  /// - Parameters:
  ///   - count: The number of portfolios, at least 2.
  ///   - scenarios: S scenarios of N assets.
  ///   - expectedReturns: The expected return of each asset per period; nil for the mean outcomes.
  /// - Returns: The portfolios by rising return, evenly spaced: the first one has the least risk, the last one
  ///   the highest return to ``lastGap``. Each has its proved lower bound.
  /// - Throws: ``AllocationError``, what ``MinimumRisk`` throws.
  /// - Complexity: That of `count` least risks.
  public func portfolios(
    count: Int,
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> [RiskPortfolio] {
    if let found = try cut(
      over: scenarios.universe, weights: { $0.map(\.weights) },
      { (choice) throws(AllocationError) in
        try choice.portfolios(count: count, scenarios: scenarios, expectedReturns: expectedReturns)
      })
    {
      return found.answer
    }
    try Translation.require(Double(count), "count", in: 2 ... .greatestFiniteMagnitude)
    let points = RiskPoints(
      measure: measure, constraints: constraints, settings: settings, scenarios: scenarios,
      means: try Translation.expectedReturns(expectedReturns, scenarios))
    let first = try points.least(atReturn: nil)
    let top = try points.highest().portfolio.expectedReturn
    let width = (1 - Self.lastGap) * (top - first.expectedReturn)
    var portfolios = [first]
    for k in 1..<count {
      let target = first.expectedReturn + width * Double(k) / Double(count - 1)
      portfolios.append(try points.least(atReturn: target))
    }
    return portfolios
  }
}

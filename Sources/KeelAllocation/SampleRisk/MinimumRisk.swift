// Goals in order: the least risk with a proof, one definition of every measure, the solver that fits it.
//
// Five ways lead to the least risk, each with a lower bound:
// - measures that are expected shortfalls of some scenarios go to the solver of those programs: Σ p max(y, 0) is the expected
//   shortfall at 1/2 of y with half the probability, and of zero with the other half;
// - mean squares and the entropic value at risk have derivatives and go to Newton's method;
// - drawdowns are variables of a program of their own, from which the interior point eliminates them in linear time;
// - the mean difference is the expected shortfall of those pairs whose order is open;
// - what the others do not prove goes to a level bundle of supporting planes.

public import KeelData
public import KeelDistributions
import KeelNumerics
public import KeelOptimization

/// The portfolio with the least risk over scenarios under its constraints, for a measure of choice.
///
/// ```text
/// minimize  ρ(X w)  subject to the constraints and, if wanted, μ'w ≥ targetReturn
/// ```
///
/// ```swift
/// let safest = try MinimumRisk(.entropicValueAtRisk(confidence: 0.95)).weights(scenarios: scenarios)
/// print(safest.risk, safest.largestImprovement)
/// ```
public struct MinimumRisk: Hashable, Sendable {
  /// The name of the constraint on the expected return.
  public static let targetReturnName = MinimumExpectedShortfall.targetReturnName

  /// The measure; for drawdowns the scenarios stand in the order of time.
  public var measure: SampleRiskMeasure

  /// The least expected return per period of the scenarios; nil for none.
  public var targetReturn: Double?

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - measure: The measure.
  ///   - targetReturn: The least expected return per period of the scenarios; nil for none.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    _ measure: SampleRiskMeasure,
    targetReturn: Double? = nil,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.measure = measure
    self.targetReturn = targetReturn
    self.constraints = constraints
    self.settings = settings
  }

  /// The largest gap between the risk and its lower bound that is called an optimum, relative to the
  /// risk.
  public static let gapTolerance = 1e-8

  /// How far weights without a bound are looked for, as a multiple of the largest bound and limit there is, at least of one.
  ///
  /// The lower bound of the risk is proved for weights inside this; a least risk that lies outside counts as one without end.
  public static let reach = 1000.0

  /// Chooses the weights.
  ///
  /// - Parameters:
  ///   - scenarios: S scenarios of N assets.
  ///   - expectedReturns: The expected return of each asset per period; nil for the mean outcomes.
  /// - Returns: The weights with their risk and its lower bound, at most ``gapTolerance`` apart relative
  ///   to the risk or, where it is smaller, to the largest outcome of the portfolio.
  /// - Throws: ``AllocationError``: for bad numbers and names, constraints that clash, where the gap stays wide, and
  ///   `unbounded` where weights without a bound leave ``reach``.
  /// - Complexity: O(S N² + N³) a step, some twenty steps, in O(S N) memory.
  public func weights(
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> RiskPortfolio {
    if let found = try cut(
      over: scenarios.universe, weights: { [$0.weights] },
      { (choice) throws(AllocationError) in
        try choice.weights(scenarios: scenarios, expectedReturns: expectedReturns)
      })
    {
      return found.answer
    }
    let means = try Translation.expectedReturns(expectedReturns, scenarios)
    let problem = try RiskProblem(self, scenarios, means)
    let (weights, bound) = try problem.solution(of: measure)
    let portfolio = try Translation.weights(weights, over: scenarios.universe)
    let law: EmpiricalDistribution
    let risk: Double
    do throws(DistributionsError) {
      law = try EmpiricalDistribution(weights: portfolio, scenarios: scenarios)
      risk = try measure.risk(of: law).value
    } catch {
      throw .invalidValue(argument: "scenarios", asset: nil, got: .infinity, allowed: .finite)
    }
    let size = law.outcomes.reduce(risk.magnitude) { max($0, $1.magnitude) }
    guard risk - bound <= Self.gapTolerance * size else {
      throw .notProved(risk: risk, lowerBound: bound)
    }
    var mean = CompensatedSum()
    for (weight, value) in zip(weights, means.values) { mean.add(weight * value) }
    return RiskPortfolio(
      weights: portfolio, expectedReturn: mean.value, measure: measure, risk: risk,
      lowerBound: min(bound, risk))
  }
}

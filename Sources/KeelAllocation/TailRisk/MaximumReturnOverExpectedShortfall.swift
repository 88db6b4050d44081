// Goals: (1) the optimum of a quotient with the certificate of a convex program; (2) a clear answer
// when no portfolio beats the risk-free rate, or when one has nothing to lose.
//
// The quotient is made homogeneous with y = κ w, κ ≥ 0 (Charnes and Cooper, Naval Research Logistics
// Quarterly 9, 1962), solved for y, and certified for w: a portfolio has the largest ratio ρ exactly
// when it maximizes excess return − ρ × shortfall.

public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio with the largest ratio of expected excess return to expected shortfall.
///
/// ```text
/// maximize  (μ'w − r 1'w) / ES(−R w)  subject to the constraints
/// ```
///
/// The certificate and the dual values are those of the program of
/// ``program(ratio:scenarios:expectedReturns:)`` at the ratio of the optimum, so that anyone can
/// verify them; its objective is zero. Reference: Martin, Rachev and Siboulet, Wilmott (2003), who
/// call the ratio STARR.
public struct MaximumReturnOverExpectedShortfall: Hashable, Sendable {
  /// The confidence, inside (0, 1): 0.95 is the mean of the worst twentieth.
  public var confidence: Double

  /// The risk-free rate per period of the scenarios, as a simple return.
  public var riskFreeRate: Double

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - confidence: The confidence, inside (0, 1).
  ///   - riskFreeRate: The risk-free rate per period of the scenarios, as a simple return.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    confidence: Double,
    riskFreeRate: Double,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.confidence = confidence
    self.riskFreeRate = riskFreeRate
    self.constraints = constraints
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// - Parameters:
  ///   - scenarios: S scenarios of N assets.
  ///   - expectedReturns: The expected return of each asset per period; nil for the mean outcomes.
  /// - Returns: The optimal weights with their tail, certificate and dual values by name.
  /// - Throws: ``AllocationError``, among others
  ///   ``AllocationError/noPortfolioBeatsRiskFree(best:riskFreeRate:)``, and
  ///   ``AllocationError/unbounded(asset:)`` when a portfolio with an excess return has an expected
  ///   shortfall of zero or less, so that the ratio has no upper limit.
  /// - Complexity: O(S N²), and O(S' N'²) an iteration over the scenarios and assets that decide.
  public func weights(
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> Solution<ShortfallPortfolio> {
    if let solution = try limited(
      over: scenarios.universe, weights: \.weights,
      { (choice) throws(AllocationError) in
        try choice.weights(scenarios: scenarios, expectedReturns: expectedReturns)
      })
    {
      return solution
    }
    let universe = scenarios.universe
    let means = try Translation.expectedReturns(expectedReturns, scenarios)
    // Bad numbers, names and bounds are reported in the caller's terms.
    _ = try program(ratio: 1, scenarios: scenarios, expectedReturns: means)
    let given = try constraints.resolved(over: universe)
    let splitWeights = given.boundedByDistances().split().generated.splits
    if !splitWeights.isEmpty {
      do throws(AllocationError) {
        return try solution(given, splitWeights, scenarios, means)
      } catch {
        // Where no limit on distances binds, what is bought and sold is not unique, and rows hold better.
        guard case .notSolved = error else { throw error }
      }
    }
    return try solution(given, [], scenarios, means)
  }

  /// The proved solution over purchases and sales of some weights.
  private func solution(
    _ given: ResolvedConstraints,
    _ splitWeights: [SplitWeight],
    _ scenarios: ScenarioSet,
    _ means: ExpectedReturns
  ) throws(AllocationError) -> Solution<ShortfallPortfolio> {
    let universe = scenarios.universe
    let limits = given.boundedByDistances()
    let (split, _, generated) = limits.split()
    let homogeneous = try HomogeneousShortfall(
      excess: means.values.map { $0 - riskFreeRate }, scenarios: scenarios,
      confidence: confidence, constraints: split, given: given, splitWeights: splitWeights)
    let solution: Solution<ExpectedShortfallPoint>
    do throws(AllocationError) {
      solution = try Translation.solution(
        of: homogeneous.program, universe: universe, settings: settings)
    } catch {
      if case .infeasible = error { try requireExcessReturn(means, universe) }
      throw error
    }
    try requireShortfall(solution, homogeneous, universe)
    let proved = try certified(solution, homogeneous, limits, scenarios, means)
    return Solution(
      value: proved.value, status: proved.status, certificate: proved.certificate,
      duals: generated.removed(from: proved.duals))
  }

  /// The program `minimize −(μ − r 1)'w + ratio · ES(−R w)` that is zero at the optimum of its own
  /// ratio.
  ///
  /// With limits on sums of distances it has further variables and rows: what is sold of each asset.
  ///
  /// - Parameters:
  ///   - ratio: The ratio of excess return to shortfall, positive.
  ///   - scenarios: S scenarios of N assets.
  ///   - expectedReturns: The expected return of each asset per period; nil for the mean outcomes.
  /// - Returns: The program.
  /// - Throws: ``AllocationError`` for numbers, names and limits that make no program.
  public func program(
    ratio: Double,
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> ExpectedShortfallProgram {
    let universe = scenarios.universe
    let means = try Translation.expectedReturns(expectedReturns, scenarios)
    try Translation.requireConfidence(confidence)
    guard ratio > 0, ratio.isFinite else {
      throw .invalidValue(
        argument: "ratio", asset: nil, got: ratio,
        allowed: .leastNonzeroMagnitude ... .greatestFiniteMagnitude)
    }
    guard riskFreeRate.isFinite else {
      throw .invalidValue(argument: "riskFreeRate", asset: nil, got: riskFreeRate, allowed: .finite)
    }
    let (split, names, _) = try constraints.resolved(over: universe).boundedByDistances().split()
    return try Translation.shortfallProgram(universe: universe) { () throws(OptimizationError) in
      try ExpectedShortfallProgram(
        outcomes: scenarios.outcomes, probabilities: scenarios.probabilities,
        confidence: confidence,
        linear: means.values.map { riskFreeRate - $0 } + names.map { _ in 0 },
        shortfallWeight: ratio, lowerBounds: split.lower, upperBounds: split.upper,
        rows: split.rows, variableNames: universe.assets.map(\.rawValue) + names)
    }
  }

  /// Throws when the constraints clash or allow no excess return.
  private func requireExcessReturn(
    _ means: ExpectedReturns,
    _ universe: Universe
  ) throws(AllocationError) {
    let best = try MaximumUtility(riskAversion: 0, constraints: constraints, settings: settings)
      .weights(expectedReturns: means, covariance: Translation.flatCovariance(over: universe))
    throw .noPortfolioBeatsRiskFree(
      best: -best.certificate.primalObjective, riskFreeRate: riskFreeRate)
  }

  /// A shortfall below this share of the losses that make it up is none.
  private static let leastShortfall = 1e-12

  /// Throws when an excess return comes without shortfall.
  private func requireShortfall(
    _ solution: Solution<ExpectedShortfallPoint>,
    _ homogeneous: HomogeneousShortfall,
    _ universe: Universe
  ) throws(AllocationError) {
    let y = solution.value.variables
    let shares = solution.value.scenarioMultipliers
    var gross = 0.0
    for j in 0..<homogeneous.program.outcomes.columnCount {
      let column = homogeneous.program.outcomes.column(j)
      for s in shares.indices where shares[s] > 0 {
        gross += (shares[s] * column[s] * y[j]).magnitude
      }
    }
    guard solution.value.expectedShortfall > Self.leastShortfall * gross else {
      throw .unbounded(asset: Translation.largest(homogeneous.holdings(solution), universe))
    }
  }

  /// Turns y into weights and proves them in the caller's terms.
  private func certified(
    _ solution: Solution<ExpectedShortfallPoint>,
    _ homogeneous: HomogeneousShortfall,
    _ limits: ResolvedConstraints,
    _ scenarios: ScenarioSet,
    _ means: ExpectedReturns
  ) throws(AllocationError) -> Solution<ShortfallPortfolio> {
    let universe = scenarios.universe
    guard let weights = homogeneous.weights(solution)?.prefix(universe.count) else {
      throw .notSolved(status: solution.status, certificate: solution.certificate)
    }
    let values = Array(weights)
    let portfolio = try ShortfallPortfolio(
      values, scenarioShares: solution.value.scenarioMultipliers, scenarios: scenarios,
      expectedReturns: means, confidence: confidence)
    let ratio =
      (portfolio.expectedReturn - riskFreeRate * portfolio.weights.total)
      / portfolio.expectedShortfall
    let program = try program(ratio: ratio, scenarios: scenarios, expectedReturns: means)
    let prices = homogeneous.duals(solution, ratio: ratio)
    let duals = Duals(of: program, rows: prices.rows, bounds: prices.bounds)
    let certificate: Certificate
    do throws(OptimizationError) {
      certificate = try program.verify(
        values + limits.sold(values), scenarioMultipliers: portfolio.scenarioShares, duals: duals,
        iterations: solution.certificate.iterations)
    } catch {
      throw Translation.translated(error, universe)
    }
    guard certificate.holds(Certificate.optimalTolerances) else {
      throw .notSolved(status: .stalled, certificate: certificate)
    }
    return Solution(
      value: portfolio, status: .optimal, certificate: certificate, duals: duals)
  }
}

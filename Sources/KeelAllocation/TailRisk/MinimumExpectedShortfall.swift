public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio with the least expected shortfall over scenarios under its constraints.
///
/// ```text
/// minimize  ES(−R w)  subject to the constraints and, if wanted, μ'w ≥ targetReturn
/// ```
///
/// The expected shortfall is the mean of the worst 1 − confidence of the losses, the same that
/// `EmpiricalDistribution` reports. The objective in the certificate is the shortfall; relative gap
/// at most 1e-10. Reference: Rockafellar and Uryasev, Journal of Risk 2 (2000).
public struct MinimumExpectedShortfall: Hashable, Sendable {
  /// The name of the constraint on the expected return.
  public static let targetReturnName = "target return"

  /// The confidence, inside (0, 1): 0.95 is the mean of the worst twentieth.
  public var confidence: Double

  /// The least expected return per period, as a fraction; nil for none.
  public var targetReturn: Double?

  /// The constraints; ``MinimumRisk`` takes limits on sums of distances, too.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - confidence: The confidence, inside (0, 1).
  ///   - targetReturn: The least expected return per period, as a fraction; nil for none.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    confidence: Double,
    targetReturn: Double? = nil,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.confidence = confidence
    self.targetReturn = targetReturn
    self.constraints = constraints
    self.settings = settings
  }

  /// Chooses the weights.
  ///
  /// - Parameters:
  ///   - scenarios: S scenarios of N assets.
  ///   - expectedReturns: The expected return of each asset per period; nil for the mean outcomes.
  /// - Returns: The optimal weights with their tail, certificate and dual values by name.
  /// - Throws: ``AllocationError`` when there is no such portfolio;
  ///   ``AllocationError/unbounded(asset:)`` when positions without limit make ever more in every
  ///   part of the tail.
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
    let program = try program(scenarios: scenarios, expectedReturns: expectedReturns)
    let means = try Translation.expectedReturns(expectedReturns, scenarios)
    let solution = try Translation.solution(
      of: program, universe: scenarios.universe, settings: settings)
    return try solution.map { (point) throws(AllocationError) in
      try ShortfallPortfolio(
        point.variables, scenarioShares: point.scenarioMultipliers, scenarios: scenarios,
        expectedReturns: means, confidence: confidence)
    }
  }

  /// The program that ``weights(scenarios:expectedReturns:)`` solves, for anyone to verify.
  ///
  /// - Parameters:
  ///   - scenarios: S scenarios of N assets.
  ///   - expectedReturns: The expected return of each asset per period; nil for the mean outcomes.
  /// - Returns: The program.
  /// - Throws: ``AllocationError`` for numbers, names and limits that make no program.
  public func program(
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> ExpectedShortfallProgram {
    let universe = scenarios.universe
    try Translation.requireConfidence(confidence)
    let (lower, upper) = try constraints.resolvedBounds(over: universe)
    var rows = try constraints.resolvedRows(over: universe)
    if let targetReturn {
      guard targetReturn.isFinite else {
        throw .invalidValue(
          argument: Self.targetReturnName, asset: nil, got: targetReturn, allowed: .finite)
      }
      let means = try Translation.expectedReturns(expectedReturns, scenarios)
      rows.append(
        LinearRow(Self.targetReturnName, coefficients: means.values, lower: targetReturn))
    } else if let expectedReturns {
      try Translation.requireEqual(expectedReturns.universe, universe)
    }
    return try Translation.shortfallProgram(universe: universe) { () throws(OptimizationError) in
      try ExpectedShortfallProgram(
        outcomes: scenarios.outcomes, probabilities: scenarios.probabilities,
        confidence: confidence, lowerBounds: lower, upperBounds: upper, rows: rows,
        variableNames: universe.assets.map(\.rawValue))
    }
  }
}

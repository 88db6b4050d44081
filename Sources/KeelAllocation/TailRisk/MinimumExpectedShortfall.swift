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

  /// The constraints.
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
    let universe = scenarios.universe
    let (program, limits, generated) = try parts(scenarios, expectedReturns)
    let means = try Translation.expectedReturns(expectedReturns, scenarios)
    let solution: Solution<ExpectedShortfallPoint>
    do throws(AllocationError) {
      solution = try Translation.solution(of: program, universe: universe, settings: settings)
    } catch {
      throw try limits.translated(error, generated, settings: settings)
    }
    let point = solution.value
    return Solution(
      value: try ShortfallPortfolio(
        Array(point.variables.prefix(universe.count)), scenarioShares: point.scenarioMultipliers,
        scenarios: scenarios, expectedReturns: means, confidence: confidence),
      status: solution.status, certificate: solution.certificate,
      duals: generated.removed(from: solution.duals))
  }

  /// The program that ``weights(scenarios:expectedReturns:)`` solves, for anyone to verify.
  ///
  /// With limits on sums of distances it has further variables and rows: what is sold of each asset.
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
    try parts(scenarios, expectedReturns).program
  }

  /// The program, its constraints without further variables, and the names that are not the caller's.
  private func parts(
    _ scenarios: ScenarioSet,
    _ expectedReturns: ExpectedReturns?
  ) throws(AllocationError) -> (
    program: ExpectedShortfallProgram, limits: ResolvedConstraints, generated: GeneratedNames
  ) {
    let universe = scenarios.universe
    try Translation.requireConfidence(confidence)
    var limits = try constraints.resolved(over: universe)
    if let targetReturn {
      guard targetReturn.isFinite else {
        throw .invalidValue(
          argument: Self.targetReturnName, asset: nil, got: targetReturn, allowed: .finite)
      }
      let means = try Translation.expectedReturns(expectedReturns, scenarios)
      limits.rows.append(
        LinearRow(Self.targetReturnName, coefficients: means.values, lower: targetReturn))
    } else if let expectedReturns {
      try Translation.requireEqual(expectedReturns.universe, universe)
    }
    let (split, names, generated) = limits.boundedByDistances().split()
    let program = try Translation.shortfallProgram(universe: universe) {
      () throws(OptimizationError) in
      try ExpectedShortfallProgram(
        outcomes: scenarios.outcomes, probabilities: scenarios.probabilities,
        confidence: confidence, lowerBounds: split.lower, upperBounds: split.upper,
        rows: split.rows, variableNames: universe.assets.map(\.rawValue) + names)
    }
    return (program, limits, generated)
  }
}

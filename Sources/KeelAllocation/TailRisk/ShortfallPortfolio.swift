public import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization

/// A portfolio with the tail of its outcomes over scenarios.
public struct ShortfallPortfolio: Hashable, Sendable {
  /// The weights, as fractions.
  public let weights: Weights

  /// The expected outcome per period, as a fraction.
  public let expectedReturn: Double

  /// The smallest loss that is exceeded with a probability of at most 1 − confidence.
  public let valueAtRisk: Double

  /// The mean of the worst 1 − confidence of the losses; that of
  /// `EmpiricalDistribution.expectedShortfall(confidence:)` for these weights.
  public let expectedShortfall: Double

  /// The dual value of each scenario: its share of the tail, not negative, summing to one.
  ///
  /// The mean of each asset's loss with these shares is what the asset adds to the shortfall.
  public let scenarioShares: [Double]

  /// Measures a portfolio.
  init(
    _ values: [Double],
    scenarioShares: [Double],
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns,
    confidence: Double
  ) throws(AllocationError) {
    weights = try Translation.weights(values, over: scenarios.universe)
    let law: EmpiricalDistribution
    do throws(DistributionsError) {
      law = try EmpiricalDistribution(weights: weights, scenarios: scenarios)
    } catch {
      throw .invalidValue(argument: "scenarios", asset: nil, got: .infinity, allowed: .finite)
    }
    var mean = CompensatedSum()
    for (weight, value) in zip(values, expectedReturns.values) { mean.add(weight * value) }
    expectedReturn = mean.value
    valueAtRisk = law.valueAtRisk(confidence: confidence)
    expectedShortfall = law.expectedShortfall(confidence: confidence)
    self.scenarioShares = scenarioShares
  }
}

extension Translation {
  /// The expected returns that were given, or the mean outcomes.
  static func expectedReturns(
    _ given: ExpectedReturns?,
    _ scenarios: ScenarioSet
  ) throws(AllocationError) -> ExpectedReturns {
    if let given {
      try requireEqual(given.universe, scenarios.universe)
      return given
    }
    do throws(DataError) {
      return try scenarios.expectedReturns
    } catch {
      throw .invalidValue(argument: "scenarios", asset: nil, got: .infinity, allowed: .finite)
    }
  }

  /// Makes a program or says what was wrong with the constraints.
  static func shortfallProgram(
    universe: Universe,
    _ make: () throws(OptimizationError) -> ExpectedShortfallProgram
  ) throws(AllocationError) -> ExpectedShortfallProgram {
    do throws(OptimizationError) {
      return try make()
    } catch {
      throw translated(error, universe)
    }
  }

  /// Solves a program; anything but an optimum is an error.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - universe: The assets, its first variables.
  ///   - settings: The limits of the solver.
  ///   - isGapJudged: Whether the caller looks at the gap, so that it may be that of an almost optimal point.
  /// - Returns: The solution.
  /// - Throws: ``AllocationError``.
  static func solution(
    of program: ExpectedShortfallProgram,
    universe: Universe,
    settings: QuadraticSolver.Settings,
    isGapJudged: Bool = false
  ) throws(AllocationError) -> Solution<ExpectedShortfallPoint> {
    let solution = ExpectedShortfallSolver(settings: settings).solve(program)
    let (certificate, limits) = (solution.certificate, Certificate.optimalTolerances)
    switch solution.status {
    case .optimal: return solution
    case .almostOptimal
    where isGapJudged && certificate.primalResidual <= limits.primal
      && certificate.dualResidual <= limits.dual:
      return solution
    case .primalInfeasible(let proof):
      throw .infeasible(constraints: proof.constraints, contradiction: proof.contradiction)
    case .unbounded(let proof):
      throw .unbounded(asset: largest(proof.direction, universe))
    default: throw .notSolved(status: solution.status, certificate: solution.certificate)
    }
  }

  /// The asset with the largest of some numbers, the first among equals.
  static func largest(_ values: [Double], _ universe: Universe) -> AssetID {
    var most = 0
    for i in values.indices.prefix(universe.count)
    where values[i].magnitude > values[most].magnitude { most = i }
    return most < universe.count ? universe.assets[most] : AssetID("")
  }

  /// Requires a confidence inside (0, 1).
  static func requireConfidence(_ confidence: Double) throws(AllocationError) {
    guard confidence > 0, confidence < 1 else {
      throw .invalidValue(
        argument: "confidence", asset: nil, got: confidence,
        allowed: .leastNonzeroMagnitude...1.0.nextDown)
    }
  }
}

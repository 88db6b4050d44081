public import KeelData
import KeelNumerics
public import KeelOptimization

/// The portfolio with the least expected shortfall for the worst law near the scenarios.
///
/// ```text
/// minimize  max over laws Q within the radius of  ES_Q(−r'w)
///         = ES(−R w) + radius/(1 − confidence) ‖w‖*
/// ```
///
/// A law is as far from the scenarios as its mass must be moved, mass times distance of outcomes (the
/// Wasserstein distance of order one); outcomes may be anything. ‖w‖* is the norm that is dual to that of
/// distances, see ``OutcomeDistance``. Reference: Mohajerin Esfahani and Kuhn, Mathematical Programming 171 (2018).
///
/// ```swift
/// let choice = WassersteinExpectedShortfall(confidence: 0.95, radius: 0.001)
/// let portfolio = try choice.weights(scenarios: scenarios).value
/// print(portfolio.worstCaseShortfall, portfolio.estimate.expectedShortfall)
/// ```
public struct WassersteinExpectedShortfall: Hashable, Sendable {
  /// How the distance between two vectors of outcomes is measured.
  @nonexhaustive
  public enum OutcomeDistance: Hashable, Sendable {
    /// The sum of differences: the worst law moves one asset alone, and ‖w‖* is the largest |w|.
    case sum

    /// The square root of the sum of squared differences: ‖w‖* is √Σw².
    case euclidean

    /// The largest difference: the worst law moves all assets, and ‖w‖* is Σ|w|.
    ///
    /// Without short positions that is the sum of the weights, whatever they are: the weights are
    /// those of ``MinimumExpectedShortfall``.
    case largest
  }

  /// A portfolio with its worst shortfall.
  public struct Portfolio: Hashable, Sendable {
    /// The portfolio under the law of the scenarios.
    public let estimate: ShortfallPortfolio

    /// The largest expected shortfall over all laws within the radius.
    public let worstCaseShortfall: Double

    /// No allowed portfolio has a lower worst shortfall than this.
    ///
    /// Proved by the dual values, up to their rounding.
    public let lowerBound: Double

    /// The weights, as fractions.
    public var weights: Weights { estimate.weights }
  }

  /// The confidence, inside (0, 1): 0.95 is the mean of the worst twentieth.
  public var confidence: Double

  /// The distance of laws from the scenarios to prepare for, zero or more, in the unit of outcomes.
  public var radius: Double

  /// How the distance between two vectors of outcomes is measured.
  public var distance: OutcomeDistance

  /// The least expected return per period under the law of the scenarios, as a fraction; nil for none.
  public var targetReturn: Double?

  /// The constraints; limits on sums of distances are not supported.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - confidence: The confidence, inside (0, 1).
  ///   - radius: The distance of laws from the scenarios, zero or more, in the unit of outcomes.
  ///   - distance: How the distance between two vectors of outcomes is measured.
  ///   - targetReturn: The least expected return per period under the law of the scenarios; nil for none.
  ///   - constraints: The constraints; limits on sums of distances are not supported.
  ///   - settings: The limits of the solver.
  public init(
    confidence: Double,
    radius: Double,
    distance: OutcomeDistance = .euclidean,
    targetReturn: Double? = nil,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.confidence = confidence
    self.radius = radius
    self.distance = distance
    self.targetReturn = targetReturn
    self.constraints = constraints
    self.settings = settings
  }

  /// The largest expected shortfall of weights over all laws within the radius.
  ///
  /// - Parameters:
  ///   - weights: The weights, as fractions.
  ///   - scenarios: S scenarios of N assets.
  /// - Returns: The worst shortfall, positive for a loss.
  /// - Throws: ``AllocationError`` for numbers out of range and other assets.
  /// - Complexity: O(S N + S log S).
  public func worstCase(
    of weights: Weights,
    scenarios: ScenarioSet
  ) throws(AllocationError) -> Double {
    try Translation.requireConfidence(confidence)
    try Translation.requireEqual(weights.universe, scenarios.universe)
    let rate = try rate()
    let portfolio = try ShortfallPortfolio(
      weights.values, scenarioShares: [], scenarios: scenarios,
      expectedReturns: Translation.expectedReturns(nil, scenarios), confidence: confidence)
    return portfolio.expectedShortfall + rate * norm(weights.values)
  }

  /// Chooses the weights.
  ///
  /// - Parameters:
  ///   - scenarios: S scenarios of N assets.
  ///   - expectedReturns: The expected return of each asset per period; nil for the mean outcomes.
  /// - Returns: The optimal weights with their tail, certificate and dual values by name. For Euclidean
  ///   distances the certificate holds to `ConicProgram.symmetricTolerances`.
  /// - Throws: ``AllocationError`` when there is no such portfolio.
  /// - Complexity: That of ``MinimumExpectedShortfall``; for Euclidean distances also O(S' N²) an
  ///   iteration of a conic program over the S' scenarios near the tail.
  public func weights(
    scenarios: ScenarioSet,
    expectedReturns: ExpectedReturns? = nil
  ) throws(AllocationError) -> Solution<Portfolio> {
    if let solution = try limited(
      over: scenarios.universe, weights: \.estimate.weights,
      { (choice) throws(AllocationError) in
        try choice.weights(scenarios: scenarios, expectedReturns: expectedReturns)
      })
    {
      return solution
    }
    let rate = try rate()
    _ = try constraints.resolvedRows(over: scenarios.universe)
    let plain = try MinimumExpectedShortfall(
      confidence: confidence, targetReturn: targetReturn, constraints: constraints,
      settings: settings
    ).program(scenarios: scenarios, expectedReturns: expectedReturns)
    let means = try Translation.expectedReturns(expectedReturns, scenarios)
    let solution: Solution<WorstShortfallPoint>
    var constant = 0.0
    switch distance {
    case .sum:
      solution = try solved(largestWeight(plain, rate), scenarios)
    case .largest where plain.lowerBounds.allSatisfy { $0 >= 0 }:
      solution = try solved(plain, scenarios)
      constant = rate * constraints.budget
    case .largest: solution = try solved(grossWeight(plain, rate), scenarios)
    case .euclidean where rate == 0: solution = try solved(plain, scenarios)
    case .euclidean:
      solution = try EuclideanShortfall(plain, rate: rate).solution(
        universe: scenarios.universe, settings: settings)
    }
    let weights = Array(solution.value.variables.prefix(scenarios.universe.count))
    let lowerBound = solution.certificate.dualObjective + constant
    return try solution.map { (point) throws(AllocationError) in
      let estimate = try ShortfallPortfolio(
        weights, scenarioShares: point.scenarioShares, scenarios: scenarios,
        expectedReturns: means, confidence: confidence)
      let worst = estimate.expectedShortfall + rate * norm(weights)
      return Portfolio(
        estimate: estimate, worstCaseShortfall: worst, lowerBound: min(lowerBound, worst))
    }
  }

  /// What a unit of the dual norm adds to the shortfall.
  func rate() throws(AllocationError) -> Double {
    try Translation.require(radius, "radius", in: .nonnegative)
    try Translation.requireConfidence(confidence)
    let rate = radius / (1 - confidence)
    try Translation.require(rate, "radius", in: .nonnegative)
    return rate
  }

  /// ‖w‖*.
  func norm(_ weights: [Double]) -> Double {
    switch distance {
    case .sum: return weights.reduce(0) { max($0, $1.magnitude) }
    case .largest:
      var sum = CompensatedSum()
      for weight in weights { sum.add(weight.magnitude) }
      return sum.value
    case .euclidean:
      var sum = CompensatedSum()
      for weight in weights { sum.add(weight * weight) }
      return sum.value.squareRoot()
    }
  }

  private func solved(
    _ program: ExpectedShortfallProgram,
    _ scenarios: ScenarioSet
  ) throws(AllocationError) -> Solution<WorstShortfallPoint> {
    let solution = try Translation.solution(
      of: program, universe: scenarios.universe, settings: settings)
    return solution.map {
      WorstShortfallPoint(variables: $0.variables, scenarioShares: $0.scenarioMultipliers)
    }
  }

  /// The program with one variable above all |w|.
  private func largestWeight(
    _ plain: ExpectedShortfallProgram,
    _ rate: Double
  ) throws(AllocationError) -> ExpectedShortfallProgram {
    if rate == 0 { return plain }
    let n = plain.variableCount
    var rows = plain.rows
    var taken = Set(rows.map(\.name) + plain.variableNames)
    for i in 0..<n {
      let name = plain.variableNames[i]
      if plain.upperBounds[i] > 0 {
        rows.append(
          LinearRow(
            FreshName.insert("\(name) long", into: &taken), indices: [i, n], coefficients: [1, -1],
            upper: 0))
      }
      if plain.lowerBounds[i] < 0 {
        rows.append(
          LinearRow(
            FreshName.insert("\(name) short", into: &taken), indices: [i, n], coefficients: [1, 1],
            lower: 0))
      }
    }
    return try extended(
      plain, rows, linear: [Double](repeating: 0, count: n) + [rate], lower: [0],
      upper: [.infinity], names: [FreshName.insert("largest weight", into: &taken)])
  }

  /// The program with |w| = w + 2 s, and s for each asset that may be short.
  private func grossWeight(
    _ plain: ExpectedShortfallProgram,
    _ rate: Double
  ) throws(AllocationError) -> ExpectedShortfallProgram {
    if rate == 0 { return plain }
    let n = plain.variableCount
    var (rows, names) = (plain.rows, [String]())
    var taken = Set(rows.map(\.name) + plain.variableNames)
    var linear = [Double](repeating: rate, count: n)
    var upper: [Double] = []
    for i in 0..<n where plain.lowerBounds[i] < 0 {
      if plain.upperBounds[i] <= 0 {
        linear[i] = -rate
        continue
      }
      let name = plain.variableNames[i]
      rows.append(
        LinearRow(
          FreshName.insert("\(name) short", into: &taken),
          indices: [i, n + names.count], coefficients: [1, 1], lower: 0))
      names.append(FreshName.insert("\(name) sold", into: &taken))
      upper.append(-plain.lowerBounds[i])
    }
    return try extended(
      plain, rows, linear: linear + names.map { _ in 2 * rate }, lower: names.map { _ in 0 },
      upper: upper, names: names)
  }

  private func extended(
    _ plain: ExpectedShortfallProgram,
    _ rows: [LinearRow],
    linear: [Double],
    lower: [Double],
    upper: [Double],
    names: [String]
  ) throws(AllocationError) -> ExpectedShortfallProgram {
    do throws(OptimizationError) {
      return try ExpectedShortfallProgram(
        outcomes: plain.outcomes, probabilities: plain.probabilities, confidence: confidence,
        linear: linear, lowerBounds: plain.lowerBounds + lower,
        upperBounds: plain.upperBounds + upper, rows: rows,
        variableNames: plain.variableNames + names)
    } catch {
      throw .invalidValue(argument: "radius", asset: nil, got: radius, allowed: .nonnegative)
    }
  }
}

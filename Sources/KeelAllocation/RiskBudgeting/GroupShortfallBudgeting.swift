public import KeelData
import KeelNumerics

/// The long-only portfolio in which each group of assets contributes a wanted share of the expected shortfall over scenarios.
///
/// ```text
/// minimize ES(w) − Σ b_g ln W_g  over w ≥ 0,   W_g = Σ w_i over the group,   1'w = budget
/// ```
///
/// The assets of a group that are held have equal marginal risk, `W_g (−X'q)_i = b_g ES(w)`, with the shares q of the scenarios in
/// the tail; the others have at least that, and the weight zero. So the group contributes its budget, and inside it the risk is
/// least. A line of the budget may be a protocol: the positions that are lost when it fails, with scenarios in which they
/// are. Groups of one asset are ``ShortfallRiskBudgeting``, one group of all is the least expected shortfall.
///
/// References: S. Maillard, T. Roncalli, J. Teïletche, Journal of Portfolio Management 36 (2010); R. T. Rockafellar and
/// S. Uryasev, Journal of Risk 2 (2000).
///
/// ```swift
/// let lines = [
///   RiskBudgetLine("lending", ["USDC lent", "ETH lent"], share: 1), RiskBudgetLine("wallet", ["BTC"], share: 3),
/// ]
/// let portfolio = try GroupShortfallBudgeting(confidence: 0.95, lines: lines).weights(scenarios: scenarios)
/// ```
public struct GroupShortfallBudgeting: Hashable, Sendable {
  /// A portfolio with the contributions that it attains.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The expected shortfall; a loss is positive.
    public let expectedShortfall: Double

    /// What each asset contributes to it at ``scenarioShares``.
    public let contributions: [Double]

    /// What each line contributes, in the order of the lines.
    public let lineContributions: [Double]

    /// By how much the marginal risk of an asset exceeds that of its line, for assets that are not held; zero for the others.
    public let excessRisks: [Double]

    /// The share of each scenario in the tail: from 0 to its probability over 1 − confidence, adding to one.
    public let scenarioShares: [Double]

    /// The largest relative distance of a line's contribution from its budget, of their sum from the expected shortfall, and by
    /// which the marginal risk of an asset falls below that of its line.
    public let largestError: Double

    /// The number of iterations.
    public let iterations: Int
  }

  /// The confidence, inside (0, 1): 0.95 is the mean of the worst twentieth.
  public var confidence: Double

  /// The budget; each asset is in one line.
  public var lines: [RiskBudgetLine]

  /// The sum of the weights.
  public var budget: Double

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - confidence: The confidence, inside (0, 1).
  ///   - lines: The budget; each asset is in one line.
  ///   - budget: The sum of the weights; positive.
  public init(confidence: Double, lines: [RiskBudgetLine], budget: Double = 1) {
    self.confidence = confidence
    self.lines = lines
    self.budget = budget
  }

  /// The largest ``Portfolio/largestError``.
  public static let tolerance = 1e-9

  /// An asset with a smaller part of its line is not held.
  private static let leastPart = 1e-10

  /// Chooses the weights.
  ///
  /// - Parameter scenarios: S scenarios of N assets.
  /// - Returns: The weights with their contributions and the shares of the scenarios that prove them.
  /// - Throws: ``AllocationError``: bad numbers and names; an asset in no line or in two as
  ///   ``AllocationError/invalidValue(argument:asset:got:allowed:)`` for the count of its lines; `riskBudgetUnattainable` where some
  ///   long-only portfolio has no expected shortfall, so that no budgets can be met.
  /// - Complexity: O(S N²) an iteration, some twenty iterations; sixty where sizes and probabilities are far apart.
  public func weights(scenarios: ScenarioSet) throws(AllocationError) -> Portfolio {
    try Translation.requireConfidence(confidence)
    try Translation.require(budget, "budget", in: .positive)
    let resolved = try RiskBudgetLines(lines, over: scenarios.universe)
    let found = try ShortfallBudgetSearch.run(scenarios, confidence: confidence, lines: resolved)
    return try portfolio(found, resolved, scenarios)
  }

  /// Scales the weights and proves them in the caller's terms.
  private func portfolio(
    _ found: ShortfallBudgetSearch.Answer,
    _ resolved: RiskBudgetLines,
    _ scenarios: ScenarioSet
  ) throws(AllocationError) -> Portfolio {
    let universe = scenarios.universe
    let places = resolved.lineOfAsset
    let all = resolved.sums(found.weights)
    let held = found.weights.indices.map {
      found.weights[$0] > Self.leastPart * all[places[$0]] ? found.weights[$0] : 0
    }
    let total = held.reduce(0, +)
    let values = held.map { $0 / total * budget }
    let largest = Translation.largest(values, universe)
    let sums = resolved.sums(values)
    guard values.allSatisfy(\.isFinite), sums.allSatisfy({ $0 > 0 }) else {
      throw .riskBudgetUnattainable(asset: largest, reason: .vanishingRisk(error: .infinity))
    }
    let prices = found.prices(scenarios)
    let contributions = zip(values, prices).map { $0 * $1 }
    let parts = resolved.sums(contributions)
    let weights = try Translation.weights(values, over: universe)
    let risk = try Translation.expectedShortfall(weights, scenarios, confidence)
    var error = (1 - parts.reduce(0, +) / risk).magnitude
    for (part, share) in zip(parts, resolved.shares) {
      error = propagatingMaximum(error, (part / (risk * share) - 1).magnitude)
    }
    let excess = prices.indices.map { i in
      prices[i] - resolved.shares[places[i]] * risk / sums[places[i]]
    }
    for i in prices.indices {
      error = propagatingMaximum(error, -excess[i] / (prices[i] - excess[i]))
    }
    guard found.isSolved, risk > 0, error <= Self.tolerance else {
      throw .riskBudgetUnattainable(asset: largest, reason: .vanishingRisk(error: error))
    }
    return Portfolio(
      weights: weights, expectedShortfall: risk, contributions: contributions,
      lineContributions: parts, excessRisks: zip(values, excess).map { $0 == 0 ? $1 : 0 },
      scenarioShares: found.scenarioShares, largestError: error, iterations: found.iterations)
  }
}

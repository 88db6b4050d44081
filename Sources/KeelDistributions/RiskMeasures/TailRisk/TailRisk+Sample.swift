// Goals in order: intervals that hold for any law of independent outcomes, one definition of the measures, O(T log T).
//
// The number of losses below the true value at risk is binomial, so that two ranks hold it between them. The expected
// shortfall has the influence function
//
//   e(L) = max(L − VaR, 0) / (1 − confidence) + VaR − ES
//
// and the variance Σ p² e² (B. Manistre and G. Hancock, "Variance of the CTE estimator", North American Actuarial Journal 9 (2005), for
// equal p). With unequal probabilities the share of losses below a point has the variance confidence (1 − confidence) Σ p², and
// the interval is turned from shares to losses (R. Woodruff, "Confidence intervals for medians and other position
// measures", Journal of the American Statistical Association 47 (1952)).

public import KeelData
import KeelNumerics

extension TailRisk {
  /// The measures of a sample.
  ///
  /// The interval of the value at risk is that of two ranks for equal probabilities, and asymptotic for others; that of the
  /// expected shortfall is asymptotic, and nil when fewer than two outcomes are beyond the value at risk. Both assume
  /// independent outcomes: for others take ``historical(_:confidence:level:bootstrap:replicateCount:)``.
  ///
  /// - Parameters:
  ///   - law: The sample, as fractions for returns.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - level: The probability with which intervals hold the true values, inside (0, 1).
  /// - Returns: The measures; those of `law`.
  /// - Throws: `DistributionsError.invalidValue`.
  /// - Complexity: O(T log T).
  public static func historical(
    _ law: EmpiricalDistribution,
    confidence: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> TailRisk {
    try sample(
      law, law.probabilities == nil ? .historical : .weightedHistory, confidence, level)
  }

  /// The measures of past outcomes, each brought to the volatility of today.
  ///
  /// - Parameters:
  ///   - outcomes: T outcomes as fractions, negative for losses.
  ///   - volatilities: T positive standard deviations, each known before its outcome.
  ///   - currentVolatility: The standard deviation of the next outcome, positive.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - level: The probability with which intervals hold the true values, inside (0, 1).
  /// - Returns: The measures.
  /// - Throws: As `EmpiricalDistribution.init(outcomes:volatilities:currentVolatility:)`, and `DistributionsError.invalidValue`.
  public static func filteredHistory(
    outcomes: [Double],
    volatilities: [Double],
    currentVolatility: Double,
    confidence: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> TailRisk {
    let law = try EmpiricalDistribution(
      outcomes: outcomes, volatilities: volatilities, currentVolatility: currentVolatility)
    return try sample(law, .filteredHistory, confidence, level)
  }

  /// The measures of a portfolio over drawn scenarios; the intervals are those of the number of draws.
  ///
  /// - Parameters:
  ///   - scenarios: Independent draws, as of ``MultivariateStudentT/scenarios(count:points:from:on:)``.
  ///   - weights: The portfolio, as fractions, over the same universe in the same order.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - level: The probability with which intervals hold the values of infinitely many draws, inside (0, 1).
  /// - Returns: The measures.
  /// - Throws: As ``EmpiricalDistribution/init(weights:scenarios:)``, and `DistributionsError.invalidValue`.
  /// - Complexity: O(S N + S log S).
  public static func simulated(
    _ scenarios: ScenarioSet,
    weights: Weights,
    confidence: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> TailRisk {
    let law = try EmpiricalDistribution(weights: weights, scenarios: scenarios)
    return try sample(law, .simulation, confidence, level)
  }

  /// The measures of a sample, with intervals from histories drawn again.
  ///
  /// Blocks keep the clusters of volatility, so that the intervals of dependent outcomes are wide enough.
  ///
  /// - Parameters:
  ///   - law: The sample with equal probabilities, in the order of time.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - level: The probability with which intervals hold the true values, inside (0, 1).
  ///   - bootstrap: How histories are drawn.
  ///   - replicateCount: The number of histories, at least ``Bootstrap/leastReplicateCount``.
  /// - Returns: The measures of the sample with percentile intervals.
  /// - Throws: `DistributionsError.invalidValue`, also for unequal probabilities; as ``Bootstrap/rows(replicate:rowCount:count:)``.
  /// - Complexity: O(T) a replicate.
  public static func historical(
    _ law: EmpiricalDistribution,
    confidence: Double,
    level: Double = 0.95,
    bootstrap: Bootstrap,
    replicateCount: Int
  ) throws(DistributionsError) -> TailRisk {
    try requireConfidence(confidence)
    if let probabilities = law.probabilities {
      // The rows of a replicate are equally likely.
      let equal = 1 / Double(probabilities.count)
      for value in probabilities {
        try requireInside(value, equal.nextDown...equal.nextUp, "probabilities")
      }
    }
    let intervals = try bootstrap.intervals(
      rowCount: law.outcomes.count, level: level, replicateCount: replicateCount
    ) { rows in
      let tail = SampleTail(
        losses: rows.map { -law.outcomes[$0] }, masses: nil, confidence: confidence)
      return [tail.valueAtRisk, tail.expectedShortfall]
    }
    return try TailRisk(
      .historical, confidence: confidence,
      valueAtRisk: law.valueAtRisk(confidence: confidence),
      expectedShortfall: law.expectedShortfall(confidence: confidence),
      observationCount: law.outcomes.count, intervals: (intervals[0], intervals[1]))
  }

  private static func sample(
    _ law: EmpiricalDistribution,
    _ method: Method,
    _ confidence: Double,
    _ level: Double
  ) throws(DistributionsError) -> TailRisk {
    try requireConfidence(confidence)
    try requireLevel(level)
    let losses = law.outcomes.map { -$0 }
    let tail = SampleTail(losses: losses, masses: law.probabilities, confidence: confidence)
    let quantile =
      law.probabilities == nil
      ? RankInterval(count: losses.count, confidence: confidence, level: level).interval(of: losses)
      : woodruff(law, confidence, level)
    return try TailRisk(
      method, confidence: confidence, valueAtRisk: tail.valueAtRisk,
      expectedShortfall: tail.expectedShortfall, observationCount: losses.count,
      intervals: (quantile, shortfallInterval(law, tail, confidence, level)))
  }

  private static func woodruff(
    _ law: EmpiricalDistribution,
    _ confidence: Double,
    _ level: Double
  ) -> ConfidenceInterval {
    let total = law.probabilities?.reduce(0, +) ?? 1
    let concentration =
      law.probabilities.map { $0.reduce(0) { $0 + ($1 / total) * ($1 / total) } } ?? 1
    let reach =
      ConfidenceInterval.score(level)
      * (confidence * (1 - confidence) * concentration).squareRoot()
    let (low, high) = (confidence - reach, confidence + reach)
    return ConfidenceInterval(
      range: (low > 0 ? law.valueAtRisk(confidence: low) : -.infinity)...(high < 1
        ? law.valueAtRisk(confidence: high) : .infinity),
      standardError: nil, level: level, basis: .asymptotic)
  }

  private static func shortfallInterval(
    _ law: EmpiricalDistribution,
    _ tail: SampleTail,
    _ confidence: Double,
    _ level: Double
  ) -> ConfidenceInterval? {
    let masses = law.probabilities
    let total = masses?.reduce(0, +) ?? Double(law.outcomes.count)
    var (variance, beyond) = (CompensatedSum(), 0)
    let rest = tail.valueAtRisk - tail.expectedShortfall
    for (t, outcome) in law.outcomes.enumerated() {
      let mass = (masses?[t] ?? 1) / total
      let excess = -outcome - tail.valueAtRisk
      if excess > 0, mass > 0 { beyond += 1 }
      let influence = mass * (max(excess, 0) / (1 - confidence) + rest)
      variance.add(influence * influence)
    }
    guard beyond > 1 else { return nil }
    return ConfidenceInterval(
      around: tail.expectedShortfall, standardError: max(variance.value, 0).squareRoot(),
      level: level, basis: .asymptotic)
  }
}

/// Two ranks between which the true quantile of independent losses is.
///
/// The number B of losses below the quantile is binomial: the r-th least loss is above it with the probability P(B < r), the
/// s-th below it with P(B ≥ s). Source: H. David and H. Nagaraja, "Order statistics" (2003), section 7.1.
struct RankInterval {
  /// r, counted from one; zero when no loss is low enough.
  let low: Int
  /// s; above the number of losses when none is high enough.
  let high: Int
  let level: Double

  init(count: Int, confidence: Double, level: Double) {
    let tail = (1 - level) / 2
    self.level = level
    // P(B < k) for 1 ≤ k ≤ T + 1, the incomplete beta function.
    func below(_ k: Int) -> Double {
      k > count
        ? 1
        : SpecialFunctions.regularizedBeta(
          1 - confidence, a: Double(count - k + 1), b: Double(k))
    }
    // P(B ≥ k), from its own side.
    func atLeast(_ k: Int) -> Double {
      k > count
        ? 0 : SpecialFunctions.regularizedBeta(confidence, a: Double(k), b: Double(count - k + 1))
    }
    low = Self.last(in: 0...count) { $0 == 0 || below($0) <= tail }
    high = 1 + Self.last(in: 0...count) { $0 == 0 || atLeast($0) > tail }
  }

  /// The last number for which a condition holds that holds at the first and, once broken, no more.
  private static func last(in range: ClosedRange<Int>, _ holds: (Int) -> Bool) -> Int {
    var (yes, no) = (range.lowerBound, range.upperBound + 1)
    while no - yes > 1 {
      let middle = (yes + no) / 2
      if holds(middle) { yes = middle } else { no = middle }
    }
    return yes
  }

  func interval(of losses: [Double]) -> ConfidenceInterval {
    var values = losses
    let bottom = low == 0 ? -Double.infinity : Selection.select(low - 1, in: &values)
    let top = high > losses.count ? Double.infinity : Selection.select(high - 1, in: &values)
    return ConfidenceInterval(
      range: bottom...max(bottom, top), standardError: nil, level: level, basis: .orderStatistics)
  }
}

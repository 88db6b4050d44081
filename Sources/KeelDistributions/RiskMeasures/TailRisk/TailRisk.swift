import KeelNumerics

/// Value at risk and expected shortfall of one period or several, with how they were found and how far they can be trusted.
///
/// ```swift
/// let history = try TailRisk.historical(EmpiricalDistribution(outcomes: returns), confidence: 0.99)
/// let normal = try TailRisk.parametric(Normal.fit(returns), confidence: 0.99)
/// print(history.valueAtRisk, history.valueAtRiskInterval?.range ?? 0...0)
/// let tenDays = try normal.overPeriods(10)
/// ```
///
/// | method | made by |
/// |---|---|
/// | past outcomes | ``historical(_:confidence:level:)`` |
/// | past outcomes by age | the same, with ``EmpiricalDistribution/init(outcomes:halfLife:)`` |
/// | past outcomes over their volatilities | ``filteredHistory(outcomes:volatilities:currentVolatility:confidence:level:)`` |
/// | a law | ``parametric(_:confidence:)`` |
/// | a fitted law, with its errors | ``parametric(_:sample:confidence:level:law:)`` |
/// | moments | ``cornishFisher(_:confidence:)``, of a sample ``cornishFisher(outcomes:confidence:level:)`` |
/// | a quadratic book in normal moves | ``deltaGamma(_:confidence:)`` |
/// | drawn scenarios | ``simulated(_:weights:confidence:level:)`` |
/// | the tail beyond a threshold | ``peaksOverThreshold(_:confidence:level:)`` |
/// | the tail of losses over their volatilities | ``conditionalTail(_:confidence:volatility:level:)`` |
///
/// Losses are positive, in the unit of the outcomes.
public struct TailRisk: Hashable, Sendable {
  /// How the measures were found.
  @nonexhaustive
  public enum Method: String, Hashable, Sendable, CaseIterable {
    /// Past outcomes, equally likely.
    case historical
    /// Past outcomes with unequal probabilities.
    case weightedHistory
    /// Past outcomes over their volatilities, times that of today.
    case filteredHistory
    /// A law with given or fitted parameters.
    case parametric
    /// The expansion of Cornish and Fisher.
    case cornishFisher
    /// The exact law of a quadratic book in normal moves.
    case deltaGamma
    /// Drawn scenarios.
    case simulation
    /// A generalized Pareto law beyond a threshold.
    case peaksOverThreshold
    /// A generalized Pareto law of losses over their volatilities, times that of the period.
    case conditionalTail
  }

  /// How a risk of one period becomes that of several.
  @nonexhaustive
  public enum Scaling: Hashable, Sendable {
    /// No law holds: the risk of several periods is a question of its own.
    case none
    /// Independent normal outcomes: the mean grows with the number of periods, the deviation with its root.
    case independentNormal(Normal)
    /// Independent outcomes given by cumulants, which add.
    case independentCumulants(CornishFisher)
  }

  /// How the measures were found.
  public let method: Method

  /// The confidence, inside (0, 1).
  public let confidence: Double

  /// The number of periods of the data that the risk spans.
  public let periodCount: Double

  /// The number of observations behind the measures; nil where the parameters were given.
  public let observationCount: Int?

  /// The loss that is exceeded with a probability of at most 1 − confidence.
  public let valueAtRisk: Double

  /// The mean of the worst 1 − confidence of the losses.
  public let expectedShortfall: Double

  /// Where the true value at risk is; nil where no theory says.
  public let valueAtRiskInterval: ConfidenceInterval?

  /// Where the true expected shortfall is; nil where no theory says.
  public let expectedShortfallInterval: ConfidenceInterval?

  /// How the risk grows with the number of periods.
  public let scaling: Scaling

  init(
    _ method: Method,
    confidence: Double,
    valueAtRisk: Double,
    expectedShortfall: Double,
    observationCount: Int? = nil,
    intervals: (valueAtRisk: ConfidenceInterval?, expectedShortfall: ConfidenceInterval?) = (
      nil, nil
    ),
    periodCount: Double = 1,
    scaling: Scaling = .none
  ) throws(DistributionsError) {
    guard !valueAtRisk.isNaN, !expectedShortfall.isNaN else {
      throw .notRepresentable(result: "tail risk")
    }
    self.method = method
    self.confidence = confidence
    self.periodCount = periodCount
    self.observationCount = observationCount
    self.valueAtRisk = valueAtRisk
    self.expectedShortfall = expectedShortfall
    valueAtRiskInterval = intervals.valueAtRisk
    expectedShortfallInterval = intervals.expectedShortfall
    self.scaling = scaling
  }
}

extension TailRisk {
  /// The risk over several periods, where a law of scaling holds.
  ///
  /// Independent normal outcomes: exact, with the intervals of a fit. Cumulants: those of a sum of independent periods,
  /// `mean h, volatility √h, s / √h, k / h`, of which the expansion is then taken. The root of time is used nowhere else.
  ///
  /// - Parameter count: The number h of periods, in those of this risk's data: positive, finite.
  /// - Returns: The risk over that many periods.
  /// - Throws: `DistributionsError.invalidValue` for the count; also for any but one where ``scaling`` is `none`.
  public func overPeriods(_ count: Double) throws(DistributionsError) -> TailRisk {
    try requirePositive(count, "periods")
    switch scaling {
    case .none:
      try requireInside(count, 1...1, "periods")
      return self
    case .independentNormal(let law):
      return try TailRisk.normal(
        law, confidence: confidence, observationCount: observationCount,
        level: valueAtRiskInterval?.level, periodCount: count)
    case .independentCumulants(let law):
      let longer = try CornishFisher(
        mean: law.mean * count, volatility: law.volatility * count.squareRoot(),
        skewness: law.skewness / count.squareRoot(), excessKurtosis: law.excessKurtosis / count)
      return try TailRisk.cornishFisher(longer, of: law, confidence, periodCount: count)
    }
  }
}

/// Where the true value of a measure is.
public struct ConfidenceInterval: Hashable, Sendable {
  /// Why the interval holds.
  @nonexhaustive
  public enum Basis: String, Hashable, Sendable, CaseIterable {
    /// Ranks of the sample by the binomial law: exact for independent outcomes, whatever their law.
    case orderStatistics
    /// The normal law of the estimate for many independent outcomes.
    case asymptotic
    /// The normal law of the parameters of a fit.
    case deltaMethod
    /// The profile of the likelihood.
    case profileLikelihood
    /// Histories drawn again.
    case bootstrap
  }

  /// The interval; infinite at an end that the sample does not bound.
  public let range: ClosedRange<Double>

  /// The standard error of the estimate; nil where the interval does not come from one.
  public let standardError: Double?

  /// The probability with which such intervals hold the true value, inside (0, 1).
  public let level: Double

  /// Why it holds.
  public let basis: Basis

  init(range: ClosedRange<Double>, standardError: Double?, level: Double, basis: Basis) {
    self.range = range
    self.standardError = standardError
    self.level = level
    self.basis = basis
  }

  /// The estimate and its error, normal; nil for an error that is not finite.
  init?(around value: Double, standardError: Double, level: Double, basis: Basis) {
    guard value.isFinite, standardError >= 0, standardError.isFinite else { return nil }
    let reach = Self.score(level) * standardError
    self.init(
      range: (value - reach)...(value + reach), standardError: standardError, level: level,
      basis: basis)
  }

  /// How many standard errors an interval of a level reaches to either side.
  static func score(_ level: Double) -> Double { StandardNormal.survivalQuantile((1 - level) / 2) }
}

/// Checks that the level of an interval is inside (0, 1).
func requireLevel(_ level: Double) throws(DistributionsError) {
  try requireInside(level, (0.0).nextUp...(1.0).nextDown, "level")
}

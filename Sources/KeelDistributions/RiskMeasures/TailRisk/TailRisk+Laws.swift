extension TailRisk {
  /// The measures of a law with given parameters.
  ///
  /// - Parameters:
  ///   - law: The law of the outcome of one period.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The measures; they scale over periods for a ``Normal`` law only.
  /// - Throws: `DistributionsError.invalidValue`, `DistributionsError.notRepresentable`.
  public static func parametric(
    _ law: some ContinuousDistribution,
    confidence: Double
  ) throws(DistributionsError) -> TailRisk {
    try requireConfidence(confidence)
    if let normal = law as? Normal {
      return try self.normal(
        normal, confidence: confidence, observationCount: nil, level: nil, periodCount: 1)
    }
    return try TailRisk(
      .parametric, confidence: confidence, valueAtRisk: law.valueAtRisk(confidence: confidence),
      expectedShortfall: law.expectedShortfall(confidence: confidence))
  }

  /// The measures of a fitted normal law, with the intervals of the fit.
  ///
  /// ```text
  /// standard error² = (h² + h k² / 2) σ² / T,   k = (measure + h μ) / (σ √h)
  /// ```
  ///
  /// - Parameters:
  ///   - fit: The fit.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - level: The probability with which intervals hold the true values, inside (0, 1).
  /// - Returns: The measures.
  /// - Throws: `DistributionsError.invalidValue`.
  public static func parametric(
    _ fit: DistributionFit<Normal>,
    confidence: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> TailRisk {
    try requireLevel(level)
    return try normal(
      fit.law, confidence: confidence, observationCount: fit.observationCount, level: level,
      periodCount: 1)
  }

  /// The measures of a fitted law, with the intervals of the fit.
  ///
  /// The delta method: the covariance of the parameters is the inverse of the observed information, by differences of the likelihood
  /// over a hundredth of a standard error, and the slopes of the measures are differences too. A parameter
  /// without a standard error, at its bound, counts as known. The intervals are nil where the information is not positive definite, and
  /// where a step from the fit leaves the domain of the law.
  ///
  /// ```swift
  /// let fit = try StudentT.fit(returns)
  /// let risk = try TailRisk.parametric(fit, sample: returns, confidence: 0.99) { p throws(DistributionsError) in
  ///   try StudentT(location: p[0], scale: p[1], degreesOfFreedom: p[2])
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - fit: The fit.
  ///   - sample: The sample it was fitted to, each outcome of weight one; only its count is checked.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - level: The probability with which intervals hold the true values, inside (0, 1).
  ///   - law: The law with given parameters, in the order of ``DistributionFit/parameters``.
  /// - Returns: The measures.
  /// - Throws: `DistributionsError.shapeMismatch` for a sample of another count, `DistributionsError.invalidValue`,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(T k²) for k parameters.
  public static func parametric<Law: ContinuousDistribution>(
    _ fit: DistributionFit<Law>,
    sample: [Double],
    confidence: Double,
    level: Double = 0.95,
    law: ([Double]) throws(DistributionsError) -> Law
  ) throws(DistributionsError) -> TailRisk {
    try requireConfidence(confidence)
    try requireLevel(level)
    guard sample.count == fit.observationCount else {
      throw .shapeMismatch(
        argument: "sample", got: sample.count, required: fit.observationCount)
    }
    let errors = ParameterErrors.standardErrors(fit, sample: sample, law: law) { law in
      [law.valueAtRisk(confidence: confidence), law.expectedShortfall(confidence: confidence)]
    }
    let value = fit.law.valueAtRisk(confidence: confidence)
    let shortfall = fit.law.expectedShortfall(confidence: confidence)
    func interval(_ value: Double, _ place: Int) -> ConfidenceInterval? {
      errors.flatMap {
        ConfidenceInterval(
          around: value, standardError: $0[place], level: level, basis: .deltaMethod)
      }
    }
    return try TailRisk(
      .parametric, confidence: confidence, valueAtRisk: value, expectedShortfall: shortfall,
      observationCount: fit.observationCount,
      intervals: (interval(value, 0), interval(shortfall, 1)))
  }

  /// The measures of an expansion of Cornish and Fisher.
  ///
  /// - Parameters:
  ///   - expansion: The expansion.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The measures; over several periods the cumulants add.
  /// - Throws: `DistributionsError.invalidValue` for an expansion that is no law, see ``CornishFisher/isMonotone``.
  public static func cornishFisher(
    _ expansion: CornishFisher,
    confidence: Double
  ) throws(DistributionsError) -> TailRisk {
    try cornishFisher(expansion, of: expansion, confidence, periodCount: 1)
  }

  /// The measures of the expansion of a sample's moments, with intervals by the errors of these.
  ///
  /// The errors are those of independent outcomes. ``Bootstrap/interval(of:level:replicateCount:statistic:)`` has
  /// intervals of dependent ones.
  ///
  /// - Parameters:
  ///   - outcomes: T outcomes as fractions, negative for losses.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - level: The probability with which intervals hold the true values, inside (0, 1).
  /// - Returns: The measures; over several periods the cumulants add.
  /// - Throws: As ``CornishFisher/init(outcomes:)``, and `DistributionsError.invalidValue` for an expansion that is no law.
  /// - Complexity: O(T).
  public static func cornishFisher(
    outcomes: [Double],
    confidence: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> TailRisk {
    try requireLevel(level)
    let expansion = try CornishFisher(outcomes: outcomes)
    let risk = try cornishFisher(expansion, confidence: confidence)
    let count = Double(outcomes.count)
    func interval(
      _ value: Double,
      _ measure: (CornishFisher) -> Double
    ) -> ConfidenceInterval? {
      let sum = outcomes.reduce(0) { (sum: Double, outcome: Double) -> Double in
        let influence = expansion.influence(of: outcome, measure) / expansion.volatility
        return sum + influence * influence
      }
      return ConfidenceInterval(
        around: value, standardError: sum.squareRoot() / count * expansion.volatility, level: level,
        basis: .deltaMethod)
    }
    return try TailRisk(
      .cornishFisher, confidence: confidence, valueAtRisk: risk.valueAtRisk,
      expectedShortfall: risk.expectedShortfall, observationCount: outcomes.count,
      intervals: (
        interval(risk.valueAtRisk) { $0.valueAtRisk(confidence: confidence) },
        interval(risk.expectedShortfall) { $0.expectedShortfall(confidence: confidence) }
      ), scaling: risk.scaling)
  }

  /// The measures of a quadratic book in normal moves, by its exact law.
  ///
  /// - Parameters:
  ///   - law: The law of the book's profit.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The measures, in cash.
  /// - Throws: `DistributionsError.invalidValue`, `DistributionsError.notRepresentable`.
  public static func deltaGamma(
    _ law: DeltaGammaLaw,
    confidence: Double
  ) throws(DistributionsError) -> TailRisk {
    try requireConfidence(confidence)
    return try TailRisk(
      .deltaGamma, confidence: confidence, valueAtRisk: law.valueAtRisk(confidence: confidence),
      expectedShortfall: law.expectedShortfall(confidence: confidence))
  }

  /// The measures of a tail beyond a threshold.
  ///
  /// - Parameters:
  ///   - tail: The tail of the losses.
  ///   - confidence: Above 1 − ``PeaksOverThreshold/exceedanceShare``, below 1.
  ///   - level: The probability with which the intervals hold the true values, inside (0, 1).
  /// - Returns: The measures with their profile intervals.
  /// - Throws: `DistributionsError.invalidValue`.
  public static func peaksOverThreshold(
    _ tail: PeaksOverThreshold,
    confidence: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> TailRisk {
    try tailRisk(
      .peaksOverThreshold, confidence: confidence, observationCount: tail.observationCount,
      measures: (
        tail.valueAtRisk(confidence: confidence), tail.expectedShortfall(confidence: confidence)
      ),
      profiles: (
        tail.valueAtRiskInterval(confidence: confidence, level: level),
        tail.expectedShortfallInterval(confidence: confidence, level: level)
      ), level: level)
  }

  /// The measures of a tail of losses whose volatility changes, for a period of a given volatility.
  ///
  /// - Parameters:
  ///   - tail: The tail of the losses over their volatilities.
  ///   - confidence: Above 1 less the share of the tail, below 1.
  ///   - volatility: The standard deviation of the period, positive, in the unit of the losses. It counts as known.
  ///   - level: The probability with which the intervals hold the true values, inside (0, 1).
  /// - Returns: The measures with their profile intervals.
  /// - Throws: `DistributionsError.invalidValue`.
  public static func conditionalTail(
    _ tail: ConditionalTail,
    confidence: Double,
    volatility: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> TailRisk {
    try tailRisk(
      .conditionalTail, confidence: confidence, observationCount: tail.peaks.observationCount,
      measures: (
        tail.valueAtRisk(confidence: confidence, volatility: volatility),
        tail.expectedShortfall(confidence: confidence, volatility: volatility)
      ),
      profiles: (
        tail.valueAtRiskInterval(confidence: confidence, volatility: volatility, level: level),
        tail.expectedShortfallInterval(confidence: confidence, volatility: volatility, level: level)
      ), level: level)
  }

  private static func tailRisk(
    _ method: Method,
    confidence: Double,
    observationCount: Int,
    measures: (Double, Double),
    profiles: (ClosedRange<Double>, ClosedRange<Double>),
    level: Double
  ) throws(DistributionsError) -> TailRisk {
    let interval = { (range: ClosedRange<Double>) in
      ConfidenceInterval(
        range: range, standardError: nil, level: level, basis: .profileLikelihood)
    }
    return try TailRisk(
      method, confidence: confidence, valueAtRisk: measures.0, expectedShortfall: measures.1,
      observationCount: observationCount, intervals: (interval(profiles.0), interval(profiles.1)))
  }

  /// The expansion over some periods, of that over one.
  static func cornishFisher(
    _ expansion: CornishFisher,
    of period: CornishFisher,
    _ confidence: Double,
    periodCount: Double
  ) throws(DistributionsError) -> TailRisk {
    try requireConfidence(confidence)
    guard expansion.isMonotone else {
      // The kurtosis from which on the expansion rises, for this skewness, is the user's to find.
      throw .invalidValue(
        argument: "slope of the Cornish-Fisher expansion", got: expansion.leastSlope, lowest: 0,
        highest: .greatestFiniteMagnitude)
    }
    return try TailRisk(
      .cornishFisher, confidence: confidence,
      valueAtRisk: expansion.valueAtRisk(confidence: confidence),
      expectedShortfall: expansion.expectedShortfall(confidence: confidence),
      periodCount: periodCount, scaling: .independentCumulants(period))
  }

  /// The normal law over some periods, with the errors of a fit to one.
  static func normal(
    _ law: Normal,
    confidence: Double,
    observationCount: Int?,
    level: Double?,
    periodCount: Double
  ) throws(DistributionsError) -> TailRisk {
    try requireConfidence(confidence)
    let (mean, deviation) = (
      law.mean * periodCount, law.standardDeviation * periodCount.squareRoot()
    )
    let longer = try Normal(mean: mean, standardDeviation: deviation)
    let value = longer.valueAtRisk(confidence: confidence)
    let shortfall = longer.expectedShortfall(confidence: confidence)
    func interval(_ measure: Double) -> ConfidenceInterval? {
      guard let observationCount, let level else { return nil }
      let k = (measure + mean) / deviation
      let variance =
        periodCount * (periodCount + k * k / 2) / Double(observationCount)
      return ConfidenceInterval(
        around: measure, standardError: variance.squareRoot() * law.standardDeviation, level: level,
        basis: .deltaMethod)
    }
    return try TailRisk(
      .parametric, confidence: confidence, valueAtRisk: value, expectedShortfall: shortfall,
      observationCount: observationCount, intervals: (interval(value), interval(shortfall)),
      periodCount: periodCount, scaling: .independentNormal(law))
  }
}

// Goals in order: errors for any law of the outcomes, for dependent ones too, O(T log T).
//
// The error of a measure is that of the mean of its influence function ψ, as in PerformanceRatio. Of a spectral measure, with the outcomes
// in order and u = j/T below the gap between the j-th and the next,
//
//   ψ(x) = Σ gap(j) φ(u) (1{x ≤ j-th} − u)
//
// (P. Huber and E. Ronchetti, "Robust statistics" (2009), section 3.3, for functions of order statistics); of an entropic risk
// ψ = (e^(−a x) / E[e^(−a x)] − 1) / a.

extension OutcomeMeasure {
  /// An interval for the measure from histories drawn again: for every measure, blocks for dependent outcomes.
  ///
  /// - Parameters:
  ///   - outcomes: The outcomes, finite, in the order of time.
  ///   - level: The probability with which such intervals hold the true value, inside (0, 1).
  ///   - bootstrap: How histories are drawn.
  ///   - replicateCount: The number of histories, at least ``Bootstrap/leastReplicateCount``.
  /// - Returns: The percentile interval, with the deviation of the replicates as standard error.
  /// - Throws: As ``value(of:)`` and ``Bootstrap/interval(of:level:replicateCount:statistic:)``.
  /// - Complexity: One measure a replicate.
  public func interval(
    of outcomes: [Double],
    level: Double = 0.95,
    bootstrap: Bootstrap,
    replicateCount: Int
  ) throws(DistributionsError) -> ConfidenceInterval {
    // What cannot be measured is refused with its reason.
    _ = try value(of: EmpiricalDistribution(outcomes: outcomes))
    return try bootstrap.interval(of: outcomes, level: level, replicateCount: replicateCount) {
      (try? value(of: EmpiricalDistribution(outcomes: $0))) ?? .nan
    }
  }
}

extension SampleRiskMeasure {
  /// The standard error of the measure for many outcomes.
  ///
  /// - Parameters:
  ///   - outcomes: At least two finite numbers, in the order of time.
  ///   - lagCount: The number of autocovariances that the error takes into account, below T; zero for independent outcomes.
  /// - Returns: The error in the unit of the outcomes; nil for drawdowns and for the worst case, which have none by theory, as
  ///   an expected shortfall of the worst 1 − confidence below 1/T.
  /// - Throws: As ``risk(of:)``, `DistributionsError.tooFewObservations`, `DistributionsError.invalidValue`.
  /// - Complexity: O(T L), O(T log T) for the mean difference.
  public func standardError(
    of outcomes: [Double],
    lagCount: Int = 0
  ) throws(DistributionsError) -> Double? {
    try meanError(of: outcomes, lagCount: lagCount) { _ in
      RatioMoments(outcomes).influences(of: self)
    }
  }
}

extension RiskSpectrum {
  /// The standard error of the measure for many outcomes.
  ///
  /// - Parameters:
  ///   - outcomes: At least two finite numbers, in the order of time.
  ///   - lagCount: The number of autocovariances that the error takes into account, below T; zero for independent outcomes.
  /// - Returns: The error in the unit of the outcomes; nil where it is not finite, and where only the worst outcome has a weight.
  /// - Throws: As ``risk(of:)-(EmpiricalDistribution)``, `DistributionsError.tooFewObservations`, `DistributionsError.invalidValue`.
  /// - Complexity: O(T L + T log T).
  public func standardError(
    of outcomes: [Double],
    lagCount: Int = 0
  ) throws(DistributionsError) -> Double? {
    try meanError(of: outcomes, lagCount: lagCount) { _ in influences(of: outcomes) }
  }

  /// The influence of each outcome; nil where only the worst one has a weight.
  private func influences(of outcomes: [Double]) -> [Double]? {
    // Weights never rise: without one at the first gap the measure is the worst case.
    guard weight(at: 1 / Double(outcomes.count)) > 0 else { return nil }
    let order = outcomes.indices.sorted { outcomes[$0] < outcomes[$1] }
    var influences = [Double](repeating: 0, count: outcomes.count)
    // From the best outcome, which no gap is above.
    var sum = 0.0
    for rank in (1..<outcomes.count).reversed() {
      influences[order[rank]] = sum
      let gap = outcomes[order[rank]] - outcomes[order[rank - 1]]
      sum += gap * weight(at: Double(rank) / Double(outcomes.count))
    }
    influences[order[0]] = sum
    return influences
  }
}

extension EntropicRisk {
  /// The standard error of the measure for many outcomes.
  ///
  /// - Parameters:
  ///   - outcomes: At least two finite numbers, in the order of time.
  ///   - lagCount: The number of autocovariances that the error takes into account, below T; zero for independent outcomes.
  /// - Returns: The error in the unit of the outcomes; nil where it is not finite.
  /// - Throws: As ``risk(of:)-(EmpiricalDistribution)``, `DistributionsError.tooFewObservations`, `DistributionsError.invalidValue`.
  /// - Complexity: O(T L).
  public func standardError(
    of outcomes: [Double],
    lagCount: Int = 0
  ) throws(DistributionsError) -> Double? {
    let count = Double(outcomes.count)
    return try meanError(of: outcomes, lagCount: lagCount) { risk in
      risk.slopes.map { (-count * $0 - 1) / aversion }
    }
  }
}

extension OutcomeMeasure {
  /// The error of the mean of influences on the risk of outcomes that have one, with checked lags.
  fileprivate func meanError(
    of outcomes: [Double],
    lagCount: Int,
    influences: (SampleRisk) -> [Double]?
  ) throws(DistributionsError) -> Double? {
    let risk = try risk(of: RatioMoments.law(of: outcomes))
    try requireInside(Double(lagCount), 0...Double(outcomes.count - 1), "lagCount")
    return influences(risk).flatMap { RatioMoments.error($0, lagCount: lagCount) }
  }
}

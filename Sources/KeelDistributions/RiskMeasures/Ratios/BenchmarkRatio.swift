// Goals in order: one definition a ratio, errors for any joint law of outcomes and benchmark, for dependent ones too.
//
// All are smooth functions of the mean of one vector a period, so that their errors are those of PerformanceRatio: with the distances
// d and e of outcome and benchmark from their means the slope β = E[de]/E[e²] has the influence (d − β e) e / E[e²].

import KeelNumerics

/// A ratio of what was earned to what was risked against a benchmark, a period.
///
/// With outcomes x and those b of the benchmark over the same T periods, their means m and n, a riskless rate τ a period and
/// `β = Σ (x − m)(b − n) / Σ (b − n)²`:
///
/// | ratio | value |
/// |---|---|
/// | ``beta`` | β |
/// | ``information`` | mean of x − b over its standard deviation, with T − 1 |
/// | ``treynor(rate:)`` | (m − τ) / β |
/// | ``alpha(rate:)`` | (m − τ) − β (n − τ) (Jensen) |
/// | ``appraisal(rate:)`` | alpha / √(Σ (x − m − β (b − n))² / (T − 2)) |
/// | ``riskAdjusted(rate:)`` | τ + (m − τ) σ(b) / σ(x) (M²) |
/// | ``upCapture(threshold:)`` | Σ x / Σ b over the periods with b above the threshold |
/// | ``downCapture(threshold:)`` | Σ x / Σ b over the periods with b below the threshold |
/// | ``capture(threshold:)`` | the first over the second |
///
/// Captures are of sums, not of compounded outcomes. A ratio over zero is infinite, or NaN when its numerator is zero too. No ratio is
/// annualized here. What an information or an appraisal ratio divides, and by what, is zero where it is but the rounding of the outcomes, 16
/// units in the last place: the information ratio of the benchmark plus a constant is infinite, that of the benchmark itself NaN.
///
/// Sources: J. Treynor, "How to rate management of investment funds", Harvard Business Review 43 (1965); M. Jensen, "The performance of mutual
/// funds in the period 1945-1964", Journal of Finance 23 (1968); J. Treynor and F. Black, "How to use security analysis to improve
/// portfolio selection", Journal of Business 46 (1973); F. Modigliani and L. Modigliani, Journal of Portfolio Management 23 (1997); T.
/// Goodwin, "The information ratio", Financial Analysts Journal 54 (1998); C. Bacon, "Practical portfolio performance measurement
/// and attribution" (2008).
@nonexhaustive
public enum BenchmarkRatio: Hashable, Sendable {
  /// The slope of the outcome in that of the benchmark.
  case beta

  /// The mean active outcome over its standard deviation.
  case information

  /// The mean excess over the slope.
  case treynor(rate: Double)

  /// The mean excess that the benchmark does not explain, a period.
  case alpha(rate: Double)

  /// The alpha over the deviation of what the benchmark does not explain.
  case appraisal(rate: Double)

  /// The mean outcome at the deviation of the benchmark, a period.
  case riskAdjusted(rate: Double)

  /// The share of the benchmark's outcomes above a threshold, not negative, that was earned.
  case upCapture(threshold: Double)

  /// The share of the benchmark's outcomes below a threshold, not positive, that was lost.
  case downCapture(threshold: Double)

  /// The up capture over the down capture, at zero or at a threshold and its negative.
  case capture(threshold: Double)
}

extension BenchmarkRatio {
  /// The ratio of some outcomes, with its error.
  ///
  /// - Parameters:
  ///   - outcomes: At least three finite numbers, in the order of time; as fractions for returns.
  ///   - benchmark: The outcomes of the benchmark in the same periods.
  ///   - lagCount: The number L of autocovariances that the error takes into account, below T; zero for independent outcomes.
  /// - Returns: The ratio, a period.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.shapeMismatch`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.invalidValue` for a parameter of the ratio or the lags.
  /// - Complexity: O(T L).
  public func estimate(
    of outcomes: [Double],
    benchmark: [Double],
    lagCount: Int = 0
  ) throws(DistributionsError) -> RatioEstimate {
    guard outcomes.count >= 3 else {
      throw .tooFewObservations(got: outcomes.count, required: 3)
    }
    guard benchmark.count == outcomes.count else {
      throw .shapeMismatch(
        argument: "benchmark", got: benchmark.count, required: outcomes.count)
    }
    for (argument, values) in [("outcomes", outcomes), ("benchmark", benchmark)] {
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw .invalidObservation(argument: argument, index: index, got: values[index])
      }
    }
    try requireInside(Double(lagCount), 0...Double(outcomes.count - 1), "lagCount")
    try requireParameters()
    return RatioEstimate(
      ratio(RatioMoments(outcomes), RatioMoments(benchmark)), observationCount: outcomes.count,
      lagCount: lagCount)
  }

  /// An interval for the ratio from histories drawn again, each period with its benchmark.
  ///
  /// - Parameters:
  ///   - outcomes: At least three finite numbers, in the order of time; as fractions for returns.
  ///   - benchmark: The outcomes of the benchmark in the same periods.
  ///   - level: The probability with which such intervals hold the true value, inside (0, 1).
  ///   - bootstrap: How histories are drawn.
  ///   - replicateCount: The number of histories, at least ``Bootstrap/leastReplicateCount``.
  /// - Returns: The percentile interval, with the deviation of the replicates as standard error; nil where one is infinite.
  /// - Throws: As ``estimate(of:benchmark:lagCount:)`` and ``Bootstrap/interval(of:level:replicateCount:statistic:)``, which refuses a
  ///   replicate whose ratio is NaN: for captures one without periods above or below the threshold.
  /// - Complexity: One ratio a replicate.
  public func interval(
    of outcomes: [Double],
    benchmark: [Double],
    level: Double = 0.95,
    bootstrap: Bootstrap,
    replicateCount: Int
  ) throws(DistributionsError) -> ConfidenceInterval {
    _ = try estimate(of: outcomes, benchmark: benchmark)
    return try bootstrap.intervals(
      rowCount: outcomes.count, level: level, replicateCount: replicateCount
    ) { rows in
      [
        ratio(RatioMoments(rows.map { outcomes[$0] }), RatioMoments(rows.map { benchmark[$0] }))
          .value
      ]
    }[0]
  }

  private func requireParameters() throws(DistributionsError) {
    switch self {
    case .beta, .information: break
    case .treynor(let rate), .alpha(let rate), .appraisal(let rate), .riskAdjusted(let rate):
      try requireFinite(rate, "rate")
    case .upCapture(let threshold), .capture(let threshold):
      try requireInside(threshold, 0...(.greatestFiniteMagnitude), "threshold")
    case .downCapture(let threshold):
      try requireInside(threshold, -.greatestFiniteMagnitude...0, "threshold")
    }
  }

  private func ratio(_ own: RatioMoments, _ other: RatioMoments) -> RatioPart {
    switch self {
    case .beta: return Self.slope(own, other)
    case .information: return Self.information(own, other)
    case .treynor(let rate): return own.meanPart(above: rate) / Self.slope(own, other)
    case .alpha(let rate): return Self.alpha(own, other, rate)
    case .appraisal(let rate): return Self.appraisal(own, other, rate)
    case .riskAdjusted(let rate):
      return own.meanPart(above: rate) * (other.deviation / own.deviation) + rate
    case .upCapture(let threshold): return Self.capture(own, other) { $0 > threshold }
    case .downCapture(let threshold): return Self.capture(own, other) { $0 < threshold }
    case .capture(let threshold):
      return Self.capture(own, other) { $0 > threshold }
        / Self.capture(own, other) { $0 < -threshold }
    }
  }

  private static func slope(_ own: RatioMoments, _ other: RatioMoments) -> RatioPart {
    let (distances, unit) = RatioMoments.scaled(own.distances)
    let (others, otherUnit) = RatioMoments.scaled(other.distances)
    return RatioMoments.mean(of: zip(distances, others).map { $0 * $1 })
      / RatioMoments.mean(of: others.map { $0 * $0 }) * (unit / otherUnit)
  }

  private static func alpha(
    _ own: RatioMoments,
    _ other: RatioMoments,
    _ rate: Double
  ) -> RatioPart {
    own.meanPart(above: rate) - slope(own, other) * other.meanPart(above: rate)
  }

  private static func capture(
    _ own: RatioMoments,
    _ other: RatioMoments,
    _ counts: (Double) -> Bool
  ) -> RatioPart {
    let ratio =
      RatioMoments.mean(of: zip(own.outcomes, other.outcomes).map { counts($1) ? $0 : 0 })
      / RatioMoments.mean(of: other.outcomes.map { counts($0) ? $0 : 0 }).aboveZero
    // Nothing over a loss is −0.0.
    return ratio.aboveZero
  }

  /// The mean active outcome over its deviation.
  private static func information(_ own: RatioMoments, _ other: RatioMoments) -> RatioPart {
    let active = RatioMoments(zip(own.outcomes, other.outcomes).map { $0 - $1 })
    return overDeviation(
      active.meanPart(above: 0), of: active.distances, own.outcomes, other.outcomes, rates: 0,
      divisor: active.outcomes.count - 1)
  }

  /// The alpha over the deviation of the residuals.
  private static func appraisal(
    _ own: RatioMoments,
    _ other: RatioMoments,
    _ rate: Double
  ) -> RatioPart {
    let slope = slope(own, other).value
    // The slope is where the mean square is least: moving it changes nothing.
    return overDeviation(
      alpha(own, other, rate),
      of: zip(own.distances, other.distances).map { d, e in d - slope * e },
      own.outcomes, other.outcomes.map { slope * $0 },
      rates: rate.magnitude * (1 + slope.magnitude), divisor: own.outcomes.count - 2)
  }

  /// A part over the deviation of some rests, all of differences of outcomes and rates; both are zero where they are the
  /// rounding of those.
  private static func overDeviation(
    _ part: RatioPart,
    of rests: [Double],
    _ outcomes: [Double],
    _ others: [Double],
    rates: Double,
    divisor: Int
  ) -> RatioPart {
    let count = Double(rests.count)
    let size = RatioPart.rootMeanSquare(outcomes + others, divisor: count).value
    guard RatioPart.rootMeanSquare(rests, divisor: count).value <= rounding * size else {
      return part / RatioPart.rootMeanSquare(rests, divisor: Double(divisor))
    }
    let isRounding = part.value.magnitude <= rounding * (size + rates)
    return RatioPart(value: isRounding ? .nan : part.value / 0)
  }

  private static let rounding = 16 * Double.ulpOfOne
}

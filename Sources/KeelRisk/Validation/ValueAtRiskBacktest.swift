import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Likelihood ratios of a hypothesis with expected counts m against the observed counts x are 2 Σ x ln(x/m), the sum of
// m ((1 + u) ln(1 + u) − u) with u = x/m − 1, since Σ x = Σ m: no large logarithms cancel.

/// Forecasts of value at risk against what then was lost.
///
/// ```swift
/// let backtest = try ValueAtRiskBacktest(losses: losses, valuesAtRisk: forecasts, confidence: 0.99)
/// print(backtest.exceedanceCount, backtest.coverage.pValue, backtest.trafficLight.zone)
/// ```
///
/// A forecast must be made before its loss is known. The tests hold for many observations; with fewer than
/// some hundred, or fewer than five expected exceedances, p-values of ``coverage`` are rough and ``trafficLight``,
/// which is exact, says more.
public struct ValueAtRiskBacktest: Hashable, Sendable {
  /// The probability with which a loss stays within its forecast, as claimed.
  public let confidence: Double

  /// For each row, whether the loss was larger than its forecast.
  public let exceedances: [Bool]

  /// The number of rows T.
  public var observationCount: Int { exceedances.count }

  /// How many losses were larger than their forecast.
  public let exceedanceCount: Int

  /// T (1 − confidence).
  public var expectedExceedanceCount: Double { Double(observationCount) * (1 - confidence) }

  /// Whether losses exceed as often as claimed.
  ///
  /// χ² with one degree of freedom. Source: the proportion of failures of P. Kupiec, "Techniques for verifying the accuracy of
  /// risk measurement models", Journal of Derivatives 3 (1995), 73-84.
  public let coverage: LikelihoodRatioTest

  /// Whether an exceedance makes one in the next row more or less likely.
  ///
  /// χ² with one degree of freedom. Source: P. Christoffersen, "Evaluating interval forecasts", International Economic
  /// Review 39 (1998), 841-862.
  public let independence: LikelihoodRatioTest

  /// Both together: the sum of the two statistics, χ² with two degrees of freedom (Christoffersen 1998).
  public let conditionalCoverage: LikelihoodRatioTest

  /// Counts and tests.
  ///
  /// - Parameters:
  ///   - losses: The T losses, positive where something was lost.
  ///   - valuesAtRisk: The T forecasts in the same units, each made before its loss was known.
  ///   - confidence: The probability with which a loss stays within its forecast, between 0 and 1.
  /// - Throws: `RiskError.shapeMismatch` for different lengths or none, `RiskError.invalidValue`.
  /// - Complexity: O(T).
  public init(
    losses: [Double],
    valuesAtRisk: [Double],
    confidence: Double
  ) throws(RiskError) {
    try requireForecasts(losses, [("valuesAtRisk", valuesAtRisk)], confidence)
    self.confidence = confidence
    let exceedances = zip(losses, valuesAtRisk).map { $0 > $1 }
    self.exceedances = exceedances
    let count = exceedances.reduce(0) { $0 + ($1 ? 1 : 0) }
    exceedanceCount = count
    let rows = Double(exceedances.count)
    let expected = rows * (1 - confidence)
    coverage = LikelihoodRatioTest(
      counts: [Double(count), rows - Double(count)], expected: [expected, rows * confidence])
    // Transitions from each kind of row (quiet, exceeding) to each kind.
    var moves = [[0.0, 0.0], [0.0, 0.0]]
    for (before, after) in zip(exceedances, exceedances.dropFirst()) {
      moves[before ? 1 : 0][after ? 1 : 0] += 1
    }
    let all = max(rows - 1, 1)
    let into = [moves[0][0] + moves[1][0], moves[0][1] + moves[1][1]]
    independence = LikelihoodRatioTest(
      counts: moves[0] + moves[1],
      expected: moves.flatMap { row in into.map { (row[0] + row[1]) * $0 / all } })
    conditionalCoverage = LikelihoodRatioTest(
      statistic: coverage.statistic + independence.statistic, degreesOfFreedom: 2)
  }

  /// The traffic light of the Basel Committee: how unlikely at most so many exceedances are when the forecasts are
  /// right.
  public var trafficLight: TrafficLight {
    TrafficLight(
      exceedanceCount: exceedanceCount, observationCount: observationCount, confidence: confidence)
  }
}

/// A likelihood ratio and how often one as large comes by chance.
public struct LikelihoodRatioTest: Hashable, Sendable {
  /// Twice the logarithm of the ratio; zero or more.
  public let statistic: Double

  /// The probability of a statistic at least as large when the hypothesis holds, for many observations.
  public let pValue: Double

  /// The test of a statistic with one or two degrees of freedom.
  init(statistic: Double, degreesOfFreedom: Int) {
    self.statistic = statistic
    pValue =
      degreesOfFreedom == 1
      ? SpecialFunctions.erfc((statistic / 2).squareRoot()) : exp(-statistic / 2)
  }

  /// One degree of freedom.
  init(counts: [Double], expected: [Double]) {
    var sum = 0.0
    for (count, mean) in zip(counts, expected) where mean > 0 {
      let excess = (count - mean) / mean
      // Far above its mean a count stands alone: the ratio of the two may overflow, its logarithm does not.
      sum +=
        excess > 1
        ? count * (log(count) - log(mean)) - (count - mean)
        : mean * (count > 0 ? (1 + excess) * log1p(excess) - excess : 1)
    }
    self.init(statistic: max(2 * sum, 0), degreesOfFreedom: 1)
  }
}

/// The zones in which the Basel Committee on Banking Supervision puts a model by its exceedances ("Supervisory
/// framework for the use of backtesting in conjunction with the internal models approach to market risk
/// capital requirements", 1996).
public struct TrafficLight: Hashable, Sendable {
  /// What the exceedances say.
  @nonexhaustive
  public enum Zone: String, Hashable, Sendable, Codable {
    /// Fewer than 95 of 100 right models have at most so many.
    case green

    /// From 95 in 100 on.
    case yellow

    /// From 9999 in 10 000 on.
    case red
  }

  /// The probability of at most so many exceedances when the forecasts are right and exceedances independent: of the
  /// binomial law, exact.
  public let cumulativeProbability: Double

  /// The zone of the probability.
  public let zone: Zone

  /// What is added to the multiplication factor of the capital, 0 to 1; nil but for 250 rows at a confidence
  /// of 0.99, for which alone the Committee sets it.
  public let capitalAddOn: Double?

  init(exceedanceCount: Int, observationCount: Int, confidence: Double) {
    let (count, rows) = (Double(exceedanceCount), Double(observationCount))
    cumulativeProbability =
      exceedanceCount >= observationCount
      ? 1
      : SpecialFunctions.regularizedBeta(confidence, a: rows - count, b: count + 1)
    zone = cumulativeProbability < 0.95 ? .green : cumulativeProbability < 0.9999 ? .yellow : .red
    let addOns = [0, 0, 0, 0, 0, 0.4, 0.5, 0.65, 0.75, 0.85]
    capitalAddOn =
      observationCount == 250 && confidence == 0.99
      ? exceedanceCount < addOns.count ? addOns[exceedanceCount] : 1 : nil
  }
}

/// Requires losses and forecasts of the same number of rows, finite, and a confidence between 0 and 1.
func requireForecasts(
  _ losses: [Double],
  _ forecasts: [(String, [Double])],
  _ confidence: Double
) throws(RiskError) {
  guard !losses.isEmpty else {
    throw .shapeMismatch(argument: "losses", got: 0, required: 1)
  }
  try require(confidence, "confidence", in: (0.0).nextUp...(1.0).nextDown)
  let finite = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
  for (row, loss) in losses.enumerated() { try require(loss, "losses[\(row)]", in: finite) }
  for (name, values) in forecasts {
    guard values.count == losses.count else {
      throw .shapeMismatch(argument: name, got: values.count, required: losses.count)
    }
    for (row, value) in values.enumerated() { try require(value, "\(name)[\(row)]", in: finite) }
  }
}

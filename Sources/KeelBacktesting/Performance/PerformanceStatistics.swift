public import KeelData
import KeelDistributions

/// The figures of a strategy, from its simple returns after costs.
///
/// With returns `r(1) … r(n)`, `P` periods a year, a riskless return `f` a period, the mean `m` and
/// the value `V(t) = Π (1 + r)`, `V(0) = 1`:
///
/// ```text
/// total return            V(n) − 1
/// annualized return       V(n)^(P/n) − 1                              (geometric)
/// annualized volatility   √P · √(Σ (r − m)² / (n − 1))
/// downside deviation      √P · √(Σ min(r − f, 0)² / n)
/// Sharpe ratio            P (m − f) / annualized volatility
/// Sortino ratio           P (m − f) / downside deviation
/// maximum drawdown        max over t of 1 − V(t) / max over s ≤ t of V(s)   (the start counts)
/// Calmar ratio            annualized return / maximum drawdown, over all periods
/// hit rate                number of r > 0, over n
/// average gain, loss      mean of the r > 0, and of −r over the r < 0; zero when there are none
/// turnover a year         Σ turnover · P/n
/// cost a year             Σ cost · P/n
/// ```
///
/// A ratio over zero is infinite, or NaN when its numerator is zero too. Relative error: total
/// return, volatility and downside deviation a few ulp for any number of periods (each squared
/// shortfall carries the rounding of `r − f`); the annualized return a few ulp and half an ulp times
/// the logarithm of a year's growth; ratios a few ulp times the cancellation in `m − f`.
///
/// Look at ``warnings`` first: a result that is too good is an error more often than a discovery.
public struct PerformanceStatistics: Hashable, Sendable {
  /// The number of periods.
  public let periodCount: Int

  /// The growth over all periods less one, as a fraction; infinite beyond the largest number.
  public let totalReturn: Double

  /// The geometric growth a year, as a fraction.
  public let annualizedReturn: Double

  /// The standard deviation of returns, annualized, as a fraction.
  public let annualizedVolatility: Double

  /// The root mean square of the shortfalls below the riskless return, annualized, as a fraction.
  public let downsideDeviation: Double

  /// The annual mean excess return over the volatility.
  public let sharpeRatio: Double

  /// The annual mean excess return over the downside deviation.
  public let sortinoRatio: Double

  /// The deepest fall from a peak; nil when the value never fell.
  public let maximumDrawdown: Drawdown?

  /// The most periods that the value stayed below a peak; an open one counts to the end.
  public let longestTimeUnderWater: Int

  /// The annualized return over the depth of the maximum drawdown.
  public let calmarRatio: Double

  /// The share of periods with a gain; a return of zero is none.
  public let hitRate: Double

  /// The mean of the positive returns, as a fraction.
  public let averageGain: Double

  /// The mean loss of the periods with a negative return, as a positive fraction.
  public let averageLoss: Double

  /// What is traded a year over twice the value: one exchanges all once.
  public let turnoverPerYear: Double

  /// What trades cost a year, as a fraction of the value.
  public let costPerYear: Double

  /// The number of periods in which something was traded, as far as turnovers were given.
  public let tradingPeriodCount: Int

  /// Why the result should not be believed without a closer look.
  public internal(set) var warnings: [ImplausibleResult]
}

extension PerformanceStatistics {
  /// Computes the figures of a series.
  ///
  /// - Parameters:
  ///   - returns: The simple returns after costs, one a period, as fractions: −1 to
  ///     ``PerformanceAccumulator/largestReturn``, at least two.
  ///   - annualization: The number of periods in a year.
  ///   - ratePerPeriod: The return of the riskless asset in one period: above −1, at most 1.
  ///   - limits: What makes a result implausible.
  /// - Throws: `BacktestingError.invalidValue` with the row, `.tooFewPeriods`.
  /// - Complexity: O(n).
  public init(
    returns: [Double],
    annualization: Annualization,
    ratePerPeriod: Double,
    limits: PlausibilityLimits = PlausibilityLimits()
  ) throws(BacktestingError) {
    var accumulator = try PerformanceAccumulator(
      annualization: annualization, ratePerPeriod: ratePerPeriod)
    for value in returns { try accumulator.add(return: value) }
    self = try accumulator.statistics(limits: limits)
  }

  /// Value at risk and expected shortfall of a stored series, a period.
  ///
  /// They are those of `EmpiricalDistribution`: one definition for backtests,
  /// reports and optimizers. They need the whole series and are not annualized, as no law of
  /// scaling holds for them.
  ///
  /// - Parameters:
  ///   - returns: The returns, one a period, as fractions: finite, at least one.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The two losses, positive for a loss.
  /// - Throws: `BacktestingError.tooFewPeriods`, `.invalidValue`.
  /// - Complexity: O(n), by selection.
  public static func tailRisk(
    ofReturns returns: [Double],
    confidence: Double
  ) throws(BacktestingError) -> (valueAtRisk: Double, expectedShortfall: Double) {
    try require(confidence, "confidence", in: Double.leastNonzeroMagnitude...1.0.nextDown)
    do throws(DistributionsError) {
      let law = try EmpiricalDistribution(outcomes: returns)
      return (
        law.valueAtRisk(confidence: confidence), law.expectedShortfall(confidence: confidence)
      )
    } catch {
      throw Self.translated(error, count: returns.count)
    }
  }

  private static func translated(_ error: DistributionsError, count: Int) -> BacktestingError {
    guard case .invalidObservation(_, let index, let got) = error else {
      return .tooFewPeriods(got: count, required: 1)
    }
    return .invalidValue(
      argument: "return", asset: nil, row: index, got: got,
      lowest: -.greatestFiniteMagnitude, highest: .greatestFiniteMagnitude)
  }
}

/// Why the figures of a strategy should not be believed without a closer look.
///
/// Look-ahead, missing costs, a price that is repeated, and too few trades all show as figures that
/// are too good.
@nonexhaustive
public enum ImplausibleResult: Hashable, Sendable {
  /// The Sharpe ratio is above the bound.
  case sharpeRatioTooHigh(got: Double, bound: Double)

  /// No period lost anything, in as many.
  case noLosingPeriod(periods: Int)

  /// All returns are the same number, in as many periods.
  case equalReturns(periods: Int)

  /// The returns do not vary and differ from the riskless one: a gain without risk.
  case excessWithoutVolatility(annualizedReturn: Double)

  /// Fewer periods with trades than a result needs.
  case tooFewTrades(got: Int, required: Int)
}

extension ImplausibleResult: CustomStringConvertible {
  /// What is suspicious, in one sentence.
  public var description: String {
    switch self {
    case .sharpeRatioTooHigh(let got, let bound):
      "a Sharpe ratio of \(got) is above \(bound)"
    case .noLosingPeriod(let periods): "no period of \(periods) lost anything"
    case .equalReturns(let periods): "all \(periods) returns are equal"
    case .excessWithoutVolatility(let annualizedReturn):
      "a return of \(annualizedReturn) a year has no volatility"
    case .tooFewTrades(let got, let required):
      "\(got) periods with trades are fewer than \(required)"
    }
  }
}

/// What makes a result implausible.
public struct PlausibilityLimits: Hashable, Sendable {
  /// The largest annualized Sharpe ratio that raises no warning.
  ///
  /// By default 5: diversified strategies with public records stay below 3 over years.
  public let largestSharpeRatio: Double

  /// The number of periods from which a series without a loss is suspicious.
  ///
  /// By default 20: a fair coin shows twenty heads once in a million times.
  public let losslessPeriods: Int

  /// The least number of periods with trades, where turnovers were given.
  ///
  /// By default 30, below which a hit rate is uncertain by a tenth and more.
  public let leastTrades: Int

  /// Creates limits.
  ///
  /// - Parameters:
  ///   - largestSharpeRatio: The largest Sharpe ratio without a warning. NaN warns always.
  ///   - losslessPeriods: The number of periods from which a series without a loss is suspicious.
  ///   - leastTrades: The least number of periods with trades; zero never warns.
  public init(
    largestSharpeRatio: Double = 5,
    losslessPeriods: Int = 20,
    leastTrades: Int = 30
  ) {
    self.largestSharpeRatio = largestSharpeRatio
    self.losslessPeriods = losslessPeriods
    self.leastTrades = leastTrades
  }

  /// The warnings on figures, in the order of the cases.
  func warnings(
    on statistics: PerformanceStatistics,
    losingPeriodCount: Int,
    allEqual: Bool
  ) -> [ImplausibleResult] {
    var warnings: [ImplausibleResult] = []
    let sharpe = statistics.sharpeRatio
    // A ratio of zero over zero is that of the riskless asset itself.
    if !sharpe.isNaN, !(sharpe <= largestSharpeRatio) {
      warnings.append(.sharpeRatioTooHigh(got: sharpe, bound: largestSharpeRatio))
    }
    let periods = statistics.periodCount
    if losingPeriodCount == 0, periods >= losslessPeriods {
      warnings.append(.noLosingPeriod(periods: periods))
    }
    if allEqual { warnings.append(.equalReturns(periods: periods)) }
    if statistics.annualizedVolatility == 0, !sharpe.isNaN {
      warnings.append(
        .excessWithoutVolatility(annualizedReturn: statistics.annualizedReturn))
    }
    let trades = statistics.tradingPeriodCount
    if trades > 0, trades < leastTrades {
      warnings.append(.tooFewTrades(got: trades, required: leastTrades))
    }
    return warnings
  }
}

public import KeelData
import KeelNumerics

// Goals in order: figures that are right to the last digits for any number of periods, O(1) state, speed.
//
// Products of growth factors are kept as an unevaluated sum of two doubles with an exponent of their own, sums in
// compensated form. The sum of squared deviations is taken at the end from Σr and Σr², both with what rounding took away:
//
//   Σ(r − m)² = Σr² − 2m Σr + n m²,   m = Σr/n rounded once
//
// which holds for any m, so that the rounding of m does no harm, and whose cancellation costs digits of a sum that has
// twice as many as the result.

/// Takes the returns of a strategy one period after the other and knows its figures at any time.
///
/// The state is a few numbers, whatever the count of periods. ``PerformanceStatistics`` defines
/// the figures.
///
/// ```swift
/// var performance = try PerformanceAccumulator(
///   annualization: .dailyContinuous, ratePerPeriod: 0.0001)
/// for value in returns { try performance.add(return: value) }
/// let statistics = try performance.statistics()
/// ```
public struct PerformanceAccumulator: Sendable {
  /// The number of periods in a year.
  public let annualization: Annualization

  /// The return of the riskless asset in one period, as a fraction.
  public let ratePerPeriod: Double

  /// The number of periods so far.
  public private(set) var periodCount = 0

  private var sum = CompensatedSum()
  private var sumOfSquares = CompensatedSum()
  private var shortfallSquares = CompensatedSum()
  private var gains = SignedReturns()
  private var losses = SignedReturns()
  private var smallest = Double.infinity
  private var largest = -Double.infinity
  private var growth = GrowthProduct()
  private var drawdowns = DrawdownTracker()
  private var turnover = CompensatedSum()
  private var cost = CompensatedSum()
  private var tradingPeriodCount = 0

  /// The largest return of one period that is taken: its square and sums of squares are finite.
  public static let largestReturn = 1e100

  /// Creates an accumulator without periods.
  ///
  /// - Parameters:
  ///   - annualization: The number of periods in a year.
  ///   - ratePerPeriod: The return of the riskless asset in one period, as a fraction: above −1, at
  ///     most 1.
  /// - Throws: `BacktestingError.invalidValue`.
  public init(
    annualization: Annualization,
    ratePerPeriod: Double
  ) throws(BacktestingError) {
    try require(ratePerPeriod, "ratePerPeriod", in: (-1.0).nextUp...1)
    self.annualization = annualization
    self.ratePerPeriod = ratePerPeriod
  }

  /// Adds a period.
  ///
  /// - Parameters:
  ///   - value: The simple return of the period after costs, as a fraction: −1 to
  ///     ``largestReturn``.
  ///   - turnover: What was traded in the period, over twice the value: not negative.
  ///   - cost: What trades cost in the period, as a fraction of the value: not negative. The return
  ///     has it deducted already.
  /// - Throws: `BacktestingError.invalidValue` with the period; nothing is added then.
  /// - Complexity: O(1), without allocation.
  public mutating func add(
    return value: Double,
    turnover: Double = 0,
    cost: Double = 0
  ) throws(BacktestingError) {
    try require(value, "return", in: -1...Self.largestReturn, row: periodCount)
    try require(turnover, "turnover", in: 0...Self.largestReturn, row: periodCount)
    try require(cost, "cost", in: 0...Self.largestReturn, row: periodCount)
    periodCount += 1
    sum.add(value)
    sumOfSquares.addProduct(value, value)
    let shortfall = min(value - ratePerPeriod, 0)
    shortfallSquares.addProduct(shortfall, shortfall)
    if value > 0 { gains.add(value) }
    if value < 0 { losses.add(value) }
    smallest = min(smallest, value)
    largest = max(largest, value)
    growth.multiply(byOnePlus: value)
    drawdowns.add(value, period: periodCount)
    guard turnover > 0 || cost > 0 else { return }
    if turnover > 0 { tradingPeriodCount += 1 }
    self.turnover.add(turnover)
    self.cost.add(cost)
  }

  /// The figures of the periods so far.
  ///
  /// - Parameter limits: What makes a result implausible.
  /// - Returns: The figures and the warnings.
  /// - Throws: `BacktestingError.tooFewPeriods` before the second period.
  /// - Complexity: O(1).
  public func statistics(
    limits: PlausibilityLimits = PlausibilityLimits()
  ) throws(BacktestingError) -> PerformanceStatistics {
    guard periodCount >= 2 else { throw .tooFewPeriods(got: periodCount, required: 2) }
    let count = Double(periodCount)
    let mean = sum.value / count
    let deviation = smallest == largest ? 0 : squaredDeviations(mean: mean).squareRoot()
    let volatility = annualization.volatility(deviation / (count - 1).squareRoot())
    let downside = annualization.volatility((shortfallSquares.value / count).squareRoot())
    let excess = annualization.linear(mean - ratePerPeriod)
    let annualizedReturn = growth.annualized(
      periodsPerYear: annualization.periodsPerYear, count: count)
    let years = count / annualization.periodsPerYear
    var statistics = PerformanceStatistics(
      periodCount: periodCount,
      totalReturn: growth.total,
      annualizedReturn: annualizedReturn,
      annualizedVolatility: volatility,
      downsideDeviation: downside,
      sharpeRatio: excess / volatility,
      sortinoRatio: excess / downside,
      maximumDrawdown: drawdowns.deepest,
      longestTimeUnderWater: drawdowns.longest,
      calmarRatio: annualizedReturn / (drawdowns.deepest?.depth ?? 0),
      hitRate: Double(gains.count) / count,
      averageGain: gains.average,
      averageLoss: -losses.average,
      turnoverPerYear: turnover.value / years,
      costPerYear: cost.value / years,
      tradingPeriodCount: tradingPeriodCount,
      warnings: [])
    statistics.warnings = limits.warnings(
      on: statistics, losingPeriodCount: losses.count, allEqual: smallest == largest)
    return statistics
  }

  /// Σ(r − m)², not negative.
  private func squaredDeviations(mean: Double) -> Double {
    let count = Double(periodCount)
    let rounded = sum.value
    var rest = sum
    rest.add(-rounded)
    var total = sumOfSquares
    total.addProduct(-2 * mean, rounded)
    total.addProduct(-2 * mean, rest.value)
    let weight = DoubleDouble.product(count, mean)
    total.addProduct(mean, weight.high)
    total.addProduct(mean, weight.low)
    return max(total.value, 0)
  }
}

/// Count and sum of the returns of one sign.
private struct SignedReturns {
  var count = 0
  private var sum = CompensatedSum()

  mutating func add(_ value: Double) {
    count += 1
    sum.add(value)
  }

  /// The average, zero without returns.
  var average: Double { count == 0 ? 0 : sum.value / Double(count) }
}

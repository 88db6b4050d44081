import Foundation
import KeelBacktesting
import KeelData
import KeelDistributions
import KeelTestSupport
import Testing

struct PerformanceReference: Decodable, Sendable {
  struct Series: Decodable, Sendable {
    var returns: [Double]
    var periodsPerYear: Double
    var ratePerPeriod: Double
    var totalReturn: Double
    var annualizedReturn: Double
    var annualizedVolatility: Double
    var downsideDeviation: Double
    var sharpeRatio: Double
    var sortinoRatio: Double
    var depth: Double
    var start: Int
    var trough: Int
    var recovery: Int?
    var longestTimeUnderWater: Int
    var calmarRatio: Double
    var hitRate: Double
    var averageGain: Double
    var averageLoss: Double
  }

  struct Simulation: Decodable, Sendable {
    var returns: [[Double]]
    var target: [Double]
    var costFraction: Double
    var cashRatePerPeriod: Double
    var everyRows: Int
    var absoluteThreshold: Double?
    var values: [Double]
    var turnovers: [Double]
    var weights: [Double]
  }

  var series: [Series]
  var simulations: [Simulation]

  static func load() throws -> PerformanceReference {
    try Reference.load(PerformanceReference.self, "performance")
  }
}

@Suite struct PerformanceTests {
  @Test func figuresMatchExactArithmetic() throws {
    for (number, reference) in try PerformanceReference.load().series.enumerated() {
      let statistics = try PerformanceStatistics(
        returns: reference.returns,
        annualization: Annualization(periodsPerYear: reference.periodsPerYear),
        ratePerPeriod: reference.ratePerPeriod)
      func close(_ value: Double, _ expected: Double, _ name: String, _ relative: Double = 1e-15) {
        expectClose(value, expected, relative: relative, "series \(number), \(name)")
      }
      close(statistics.totalReturn, reference.totalReturn, "total")
      // The power multiplies the rounding of the logarithm of a year's growth by that logarithm.
      let logarithm = log1p(max(reference.annualizedReturn, -0.999)).magnitude
      close(
        statistics.annualizedReturn, reference.annualizedReturn, "annual", 4e-15 + 3e-16 * logarithm
      )
      close(statistics.annualizedVolatility, reference.annualizedVolatility, "volatility")
      close(statistics.downsideDeviation, reference.downsideDeviation, "downside", 2e-15)
      // The mean less the rate cancels.
      let cancellation =
        1 + 2 * reference.ratePerPeriod * reference.periodsPerYear
        / (reference.sharpeRatio * reference.annualizedVolatility).magnitude
      close(statistics.sharpeRatio, reference.sharpeRatio, "Sharpe", 2e-15 * cancellation)
      close(statistics.sortinoRatio, reference.sortinoRatio, "Sortino", 4e-15 * cancellation)
      let drawdown = try #require(statistics.maximumDrawdown)
      close(drawdown.depth, reference.depth, "depth")
      #expect(drawdown.start == reference.start && drawdown.trough == reference.trough)
      #expect(drawdown.recovery == reference.recovery)
      #expect(statistics.longestTimeUnderWater == reference.longestTimeUnderWater)
      close(statistics.calmarRatio, reference.calmarRatio, "Calmar", 6e-15 + 3e-16 * logarithm)
      close(statistics.hitRate, reference.hitRate, "hit rate")
      close(statistics.averageGain, reference.averageGain, "gain")
      close(statistics.averageLoss, reference.averageLoss, "loss")
    }
  }

  /// Ten million gains of 1e-9 and as many losses that undo them: the growth is known exactly.
  @Test func manyPeriodsLoseNoDigits() throws {
    #if DEBUG
      let pairs = 20_000
    #else
      let pairs = 5_000_000
    #endif
    var accumulator = try PerformanceAccumulator(
      annualization: .dailyContinuous, ratePerPeriod: 0)
    for _ in 0..<pairs {
      try accumulator.add(return: 1)
      try accumulator.add(return: -0.5)
    }
    try accumulator.add(return: 0.25)
    let statistics = try accumulator.statistics()
    #expect(statistics.totalReturn == 0.25)
    let count = Double(2 * pairs + 1)
    // Σr = n/2 + 1/4 and Σr² = 1.25 n + 1/16 over n pairs.
    let sum = 0.5 * Double(pairs) + 0.25
    let squares = 1.25 * Double(pairs) + 0.0625
    let variance = (squares - sum * sum / count) / (count - 1)
    expectClose(statistics.annualizedVolatility, (365 * variance).squareRoot(), relative: 1e-15)
    let drawdown = try #require(statistics.maximumDrawdown)
    #expect(drawdown.depth == 0.5 && drawdown.start == 1 && drawdown.trough == 2)
    #expect(drawdown.recovery == 3 && statistics.longestTimeUnderWater == 2)
  }

  /// A growth beyond the largest number still has an annual rate.
  @Test func hugeGrowthHasAnAnnualRate() throws {
    var accumulator = try PerformanceAccumulator(
      annualization: Annualization(periodsPerYear: 1), ratePerPeriod: 0)
    for _ in 0..<4_000 { try accumulator.add(return: 1) }
    try accumulator.add(return: 0.5)
    let statistics = try accumulator.statistics()
    #expect(statistics.totalReturn == .infinity)
    // (2^4000 · 1.5)^(1/4001) − 1, and with 9000 losses of three quarters, at 30 digits.
    expectClose(statistics.annualizedReturn, 0.999_856_200_084_897_1, relative: 1e-14)
    for _ in 0..<9_000 { try accumulator.add(return: -0.75) }
    let fallen = try accumulator.statistics()
    #expect(fallen.totalReturn == -1)
    expectClose(fallen.annualizedReturn, -0.525_919_239_578_735, relative: 1e-14)
  }

  @Test func turnoverAndCostAreAnnual() throws {
    var accumulator = try PerformanceAccumulator(annualization: .weekly, ratePerPeriod: 0)
    for period in 0..<26 {
      try accumulator.add(
        return: period.isMultiple(of: 2) ? 0.01 : -0.01,
        turnover: period.isMultiple(of: 13) ? 0.25 : 0, cost: period == 0 ? 0.001 : 0)
    }
    let statistics = try accumulator.statistics()
    expectClose(statistics.turnoverPerYear, 1, relative: 1e-15)
    expectClose(statistics.costPerYear, 0.002, relative: 1e-15)
    #expect(statistics.tradingPeriodCount == 2)
    #expect(statistics.warnings == [.tooFewTrades(got: 2, required: 30)])
  }

  @Test func implausibleResultsAreFlagged() throws {
    // A strategy that gains one percent or a little more every day: a Sharpe ratio of 183 and more.
    let tooGood = try PerformanceStatistics(
      returns: (0..<100).map { 0.01 + 0.001 * Double($0 % 3) }, annualization: .dailyContinuous,
      ratePerPeriod: 0)
    #expect(tooGood.sharpeRatio > 183)
    #expect(
      tooGood.warnings == [
        .sharpeRatioTooHigh(got: tooGood.sharpeRatio, bound: 5), .noLosingPeriod(periods: 100),
      ])
    #expect(tooGood.maximumDrawdown == nil && tooGood.calmarRatio == .infinity)
    let constant = try PerformanceStatistics(
      returns: [Double](repeating: 0.1, count: 50), annualization: .monthly, ratePerPeriod: 0)
    #expect(constant.annualizedVolatility == 0 && constant.sharpeRatio == .infinity)
    #expect(
      constant.warnings == [
        .sharpeRatioTooHigh(got: .infinity, bound: 5), .noLosingPeriod(periods: 50),
        .equalReturns(periods: 50),
        .excessWithoutVolatility(annualizedReturn: constant.annualizedReturn),
      ])
    // The riskless asset itself: equal returns, no excess.
    let cash = try PerformanceStatistics(
      returns: [0.5, 0.5], annualization: .monthly, ratePerPeriod: 0.5)
    #expect(cash.sharpeRatio.isNaN && cash.warnings == [.equalReturns(periods: 2)])
    let honest = try PerformanceStatistics(
      returns: (0..<100).map { $0.isMultiple(of: 2) ? 0.01 : -0.0095 },
      annualization: .dailyContinuous, ratePerPeriod: 0)
    #expect(honest.warnings.isEmpty)
    let strict = try PerformanceStatistics(
      returns: [0.02, -0.01, 0.02, -0.01], annualization: .businessDays, ratePerPeriod: 0,
      limits: PlausibilityLimits(largestSharpeRatio: 1))
    #expect(strict.warnings == [.sharpeRatioTooHigh(got: strict.sharpeRatio, bound: 1)])
    for warning in tooGood.warnings + constant.warnings { #expect(!"\(warning)".isEmpty) }
  }

  @Test func tailsAreThoseOfTheSample() throws {
    var generator = SeededGenerator(seed: 5)
    let returns = (0..<300).map { _ in 0.01 * generator.gaussian() }
    let law = try EmpiricalDistribution(outcomes: returns)
    for confidence in [0.5, 0.9, 0.95, 0.999] {
      let tail = try PerformanceStatistics.tailRisk(ofReturns: returns, confidence: confidence)
      #expect(tail.valueAtRisk == law.valueAtRisk(confidence: confidence))
      #expect(tail.expectedShortfall == law.expectedShortfall(confidence: confidence))
    }
    // The worst tenth of ten returns is the worst of them.
    let ten = (0..<10).map { -Double($0) }
    #expect(
      try PerformanceStatistics.tailRisk(ofReturns: ten, confidence: 0.9).expectedShortfall == 9)
  }

  @Test func badInputIsRefused() throws {
    #expect(throws: BacktestingError.tooFewPeriods(got: 1, required: 2)) {
      try PerformanceStatistics(returns: [0.1], annualization: .weekly, ratePerPeriod: 0)
    }
    #expect(throws: BacktestingError.tooFewPeriods(got: 0, required: 1)) {
      try PerformanceStatistics.tailRisk(ofReturns: [], confidence: 0.9)
    }
    #expect(
      throws: BacktestingError.invalidValue(
        argument: "return", asset: nil, row: 1, got: -1.5, lowest: -1, highest: 1e100)
    ) {
      try PerformanceStatistics(returns: [0.1, -1.5], annualization: .weekly, ratePerPeriod: 0)
    }
    for number in hostileNumbers {
      if !(number > -1 && number <= 1) {
        #expect(throws: BacktestingError.self) {
          try PerformanceAccumulator(annualization: .weekly, ratePerPeriod: number)
        }
      }
      if !(number > 0 && number < 1) {
        #expect(throws: BacktestingError.self) {
          try PerformanceStatistics.tailRisk(ofReturns: [0.1], confidence: number)
        }
      }
      if !number.isFinite {
        #expect(throws: BacktestingError.self) {
          try PerformanceStatistics.tailRisk(ofReturns: [0.1, number], confidence: 0.9)
        }
      }
      var accumulator = try PerformanceAccumulator(annualization: .weekly, ratePerPeriod: 0)
      try accumulator.add(return: 0.5)
      do {
        try accumulator.add(return: number)
        #expect(number >= -1 && number <= 1e100)
      } catch {
        #expect(!(number >= -1 && number <= 1e100))
      }
      do {
        try accumulator.add(return: 0.1, turnover: number, cost: number)
        #expect(number >= 0 && number <= 1e100)
      } catch {
        #expect(!(number >= 0 && number <= 1e100))
      }
      try accumulator.add(return: -0.5)
      let statistics = try accumulator.statistics()
      #expect(statistics.annualizedVolatility.isFinite && statistics.sharpeRatio.isFinite)
    }
    var largest = try PerformanceAccumulator(annualization: .weekly, ratePerPeriod: 0)
    for value in [1e100, -1, 1e100, 1e-300] { try largest.add(return: value) }
    let statistics = try largest.statistics()
    #expect(statistics.totalReturn == -1 && statistics.annualizedReturn == -1)
    #expect(statistics.annualizedVolatility.isFinite)
    #expect(statistics.maximumDrawdown?.recovery == nil)
  }
}

import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs on real prices in the folder of `Reference.realData`; skipped where it is absent.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct MeasuresRealDataTests {
  /// Simple returns of the last rows up to a day, one column a series; rows in which one is missing are left out.
  private static func window(
    _ prices: [String: [Double?]],
    _ end: String,
    _ count: Int
  ) -> [[Double]] {
    let rows = prices.keys.sorted().filter { $0 <= end }.suffix(count + 1)
      .compactMap { day -> [Double]? in
        let row = (prices[day] ?? []).compactMap { $0 }
        return row.count == prices[day]?.count ? row : nil
      }
    return zip(rows.dropFirst(), rows).map { new, old in zip(new, old).map { $0 / $1 - 1 } }
  }

  private static let coins = ["BTC", "ETH", "LTC", "LINK"]

  /// Closing prices of coins by day; those that begin later count where all are there.
  private static func coinPrices() throws -> [String: [Double?]] {
    var prices: [String: [Double?]] = [:]
    for row in try #require(try Reference.realRows("crypto_spot_daily.csv.gz")) {
      guard let day = row["date"], let symbol = row["symbol"],
        let place = coins.firstIndex(of: symbol), let price = row["close"].flatMap(Double.init)
      else { continue }
      prices[day, default: [nil, nil, nil, nil]][place] = price
    }
    return prices
  }

  private static let stocks = ["AAPL", "BAC", "CVX", "JNJ", "KO", "XOM"]

  private static func stockPrices() throws -> [String: [Double?]] {
    var prices: [String: [Double?]] = [:]
    for row in try #require(try Reference.realRows("equities_sp500_20_daily.csv.gz")) {
      guard let day = row["date"] else { continue }
      prices[day] = stocks.map { row[$0].flatMap(Double.init) }
    }
    return prices
  }

  private static let ends = ["2020-03-31", "2021-05-31", "2022-11-30"]

  /// The three windows of coins and of stocks.
  private static func windows() throws -> [(label: String, names: [String], rows: [[Double]])] {
    let (coinPrices, stockPrices) = (try coinPrices(), try stockPrices())
    return ends.flatMap { end in
      [
        ("coins \(end)", coins, window(coinPrices, end, 400)),
        ("stocks \(end)", stocks, window(stockPrices, end, 500)),
      ]
    }
  }

  private static func check(_ risk: TailRisk, _ label: String) {
    #expect(risk.valueAtRisk > 0 && risk.expectedShortfall.isFinite, "\(label)")
    #expect(risk.expectedShortfall >= risk.valueAtRisk, "\(label)")
    for (interval, value) in [
      (risk.valueAtRiskInterval, risk.valueAtRisk),
      (risk.expectedShortfallInterval, risk.expectedShortfall),
    ] {
      if let interval { #expect(interval.range.contains(value), "\(label)") }
    }
  }

  /// Standard deviations known before each return, by exponential weights of 0.94, and that of the next.
  private static func volatilities(_ returns: [Double]) -> [Double] {
    var variance = returns.prefix(60).reduce(0) { $0 + $1 * $1 } / 60
    return [variance.squareRoot()]
      + returns.map { x in
        variance = 0.94 * variance + 0.06 * x * x
        return variance.squareRoot()
      }
  }

  @Test func everyMethodInThreeCrises() throws {
    for (label, names, rows) in try Self.windows() {
      try #require(rows.count > 300, "\(label)")
      for j in [0, names.count - 1] {
        let returns = rows.map { $0[j] }
        let name = "\(names[j]) \(label)"
        let history = try EmpiricalDistribution(outcomes: returns)
        let historical = try TailRisk.historical(history, confidence: 0.975)
        var risks: [TailRisk] = [historical]
        risks.append(
          try .historical(
            EmpiricalDistribution(outcomes: returns, halfLife: 120), confidence: 0.975))
        let path = Self.volatilities(returns)
        risks.append(
          try .filteredHistory(
            outcomes: returns, volatilities: Array(path.dropLast()),
            currentVolatility: try #require(path.last), confidence: 0.975))
        let fit = try StudentT.fit(returns)
        risks.append(
          try .parametric(fit, sample: returns, confidence: 0.975) { p throws(DistributionsError) in
            try StudentT(location: p[0], scale: p[1], degreesOfFreedom: p[2])
          })
        risks.append(try .parametric(Normal.fit(returns), confidence: 0.975))
        let tails = try ParetoTailedEmpirical(sample: returns)
        risks.append(try .parametric(tails, confidence: 0.975))
        risks.append(
          try .peaksOverThreshold(
            PeaksOverThreshold(returns.map { -$0 }, exceedanceCount: rows.count / 10),
            confidence: 0.975))
        risks.append(
          try .historical(
            history, confidence: 0.975, bootstrap: Bootstrap(.stationary(meanLength: 10), seed: 2),
            replicateCount: 99))
        // The moments of a crisis are outside the domain of the expansion; halved they may not be.
        let normal = try Normal.fit(returns).law
        risks.append(
          try .cornishFisher(
            CornishFisher(
              mean: normal.mean, volatility: normal.standardDeviation, skewness: -0.3,
              excessKurtosis: 2), confidence: 0.975))
        for risk in risks {
          Self.check(risk, "\(name) \(risk.method)")
          // All measure the same tail, but that of today's volatility.
          if risk.method == .filteredHistory { continue }
          #expect(
            risk.valueAtRisk < 3 * historical.valueAtRisk
              && historical.valueAtRisk < 3 * risk.valueAtRisk, "\(name) \(risk.method)")
        }
        // Smooth measures of the tails between the mean loss and the end.
        let averse = try RiskSpectrum.exponential(aversion: 20).risk(of: tails)
        #expect(averse > -tails.mean && averse < 1, "\(name)")
        let entropic = try EntropicRisk(aversion: 1).risk(of: tails)
        #expect(entropic > -tails.mean, "\(name)")
        #expect((entropic == .infinity) == (tails.lowerTail.law.shape > 0), "\(name)")
      }
    }
  }

  /// Every split of every law, sample and book sums to its measure.
  @Test func splitsSumInThreeCrises() throws {
    for (label, names, rows) in try Self.windows() {
      let universe = try Universe(names.map { AssetID($0) })
      let weights = try Weights(
        universe: universe,
        values: names.indices.map { $0 == 1 ? -0.25 : 1.25 / Double(names.count - 1) })
      let scenarios = try ScenarioSet(universe: universe, outcomes: Matrix(rows: rows))
      let matrix = try Matrix(rows: rows)
      func expectSplit(_ split: RiskContributions, _ name: String) {
        let size = split.contributions.reduce(0) { $0 + $1.magnitude }
        #expect(split.total > 0 && split.total.isFinite, "\(label) \(name)")
        expectClose(
          split.contributions.reduce(0, +), split.total, absolute: 1e-12 * size, "\(label) \(name)")
      }
      for (name, measure) in SampleRiskMeasureTests.measures(0.95, 0) {
        expectSplit(try .of(measure, weights: weights, scenarios: scenarios), name)
      }
      expectSplit(
        try .valueAtRisk(weights: weights, scenarios: scenarios, confidence: 0.95), "kernel")
      expectSplit(
        try .spectral(.exponential(aversion: 15), weights: weights, scenarios: scenarios),
        "spectral")
      let skewed = try MultivariateHyperbolicSkewedT.unlabeledFit(matrix).law(universe)
      let fit = try MultivariateStudentT.unlabeledFit(matrix)
      let student = try MultivariateStudentT(
        expectedReturns: ExpectedReturns(universe: universe, values: fit.location),
        covariance: Covariance(universe: universe, dense: try #require(fit.covariance)),
        degreesOfFreedom: fit.degreesOfFreedom)
      let history = try EmpiricalDistribution(weights: weights, scenarios: scenarios)
      for confidence in [0.95, 0.99] {
        let value = try skewed.valueAtRiskContributions(weights, confidence: confidence)
        let shortfall = try skewed.expectedShortfallContributions(weights, confidence: confidence)
        expectSplit(value, "skewed value at risk")
        expectSplit(shortfall, "skewed shortfall")
        #expect(shortfall.total >= value.total)
        // The fitted law and the history see the same tail.
        let past = history.expectedShortfall(confidence: confidence)
        #expect(shortfall.total < 2 * past && past < 2 * shortfall.total, "\(label)")
        expectSplit(
          try student.expectedShortfallContributions(weights, confidence: confidence), "student")
      }
      // Short options of the first asset over its hedge, in normal moves.
      let moves = try MultivariateNormal(
        expectedReturns: student.expectedReturns, covariance: student.covariance)
      var gammas = try SymmetricMatrix(order: names.count)
      gammas[0, 0] = -8
      let book = try DeltaGammaBook(
        positions: [
          QuadraticPosition(
            constant: 0.002, deltas: names.indices.map { $0 == 0 ? -0.5 : 0 }, gammas: gammas),
          QuadraticPosition(deltas: weights.values),
        ], moves: moves)
      Self.check(try TailRisk.deltaGamma(book.law, confidence: 0.99), "\(label) book")
      for measure in DeltaGammaBook.Measure.allCases {
        let split = try book.contributions(measure, confidence: 0.99)
        let size = split.positions.reduce(0) { $0 + $1.magnitude }
        expectClose(split.positions.reduce(0, +), split.total, absolute: 1e-12 * size, label)
        expectSplit(split.assets, "book")
      }
    }
  }

  /// Ratios of stocks against their equal mixture, with errors; a mixture of them is its own benchmark.
  @Test func ratiosOfStocksHaveErrors() throws {
    let rows = Self.window(try Self.stockPrices(), "2022-12-28", 750)
    let benchmark = rows.map { $0.reduce(0, +) / Double($0.count) }
    for j in Self.stocks.indices {
      let returns = rows.map { $0[j] }
      for ratio: PerformanceRatio in [
        .sharpe(rate: 0), .sortino(target: 0), .omega(target: 0), .tail(confidence: 0.95),
        .excess(rate: 0, over: .expectedShortfall(confidence: 0.95)),
        .excess(rate: 0, over: .entropicValueAtRisk(confidence: 0.95)),
        .excess(rate: 0, over: .giniMeanDifference),
      ] {
        let estimate = try ratio.estimate(of: returns, lagCount: 5)
        let error = try #require(estimate.standardError, "\(ratio)")
        // Of some 750 days: the error of a Sharpe ratio a day is about 1/√750.
        #expect(error > 0 && error < 0.5 && estimate.value.isFinite, "\(ratio)")
      }
      for ratio: BenchmarkRatio in [.beta, .upCapture(threshold: 0), .downCapture(threshold: 0)] {
        let estimate = try ratio.estimate(of: returns, benchmark: benchmark)
        #expect(estimate.value > 0.2 && estimate.value < 2.5, "\(ratio)")
        #expect(try #require(estimate.standardError) < 0.4, "\(ratio)")
      }
      let burke = try PerformanceRatio.burke(rate: 0, fallCount: 5).estimate(of: returns)
      let martin = try PerformanceRatio.excess(rate: 0, over: .ulcerIndex).estimate(of: returns)
      #expect(burke.value.isFinite && burke.value.sign == martin.value.sign)
    }
    let beta = try BenchmarkRatio.beta.estimate(of: benchmark, benchmark: benchmark)
    expectClose(beta.value, 1, relative: 1e-14)
  }

  /// Kupiec's statistic, chi-square of one degree of freedom: −2 ln of the likelihood of the confidence over that of the share.
  private static func kupiec(_ exceedances: Int, of count: Int, confidence: Double) -> Double {
    let (n, k) = (Double(count), Double(exceedances))
    func logLikelihood(_ p: Double) -> Double { k * log(p) + (n - k) * log1p(-p) }
    return 2 * (logLikelihood(max(k, 0.5) / n) - logLikelihood(1 - confidence))
  }

  /// Forecasts from 500 days, renewed every 50, over the last years of stocks: exceeded about as often as they say, in clusters that
  /// a test notices for some; the normal law's at 99 % for all.
  @Test func forecastsOfStocksAreExceededAboutAsOftenAsTheySay() throws {
    let rows = Self.window(try Self.stockPrices(), "2022-12-28", 3500)
    let (memory, step) = (500, 50)
    var (accepted, normalExceedances, days) = (0, 0, 0)
    for j in Self.stocks.indices {
      let returns = rows.map { $0[j] }
      var counts = ["historical": 0, "student": 0]
      for start in stride(from: memory, to: returns.count, by: step) {
        let past = Array(returns[(start - memory)..<start])
        let limits = [
          "historical": try EmpiricalDistribution(outcomes: past).valueAtRisk(confidence: 0.95),
          "student": try StudentT.fit(past).law.valueAtRisk(confidence: 0.95),
        ]
        let normal = try Normal.fit(past).law.valueAtRisk(confidence: 0.99)
        let next = returns[start..<min(start + step, returns.count)]
        for (name, limit) in limits { counts[name, default: 0] += next.count { -$0 > limit } }
        normalExceedances += next.count { -$0 > normal }
      }
      let total = returns.count - memory
      days += total
      for (name, count) in counts {
        let share = Double(count) / Double(total)
        #expect(share > 0.045 && share < 0.07, "\(Self.stocks[j]) \(name) \(share)")
        if Self.kupiec(count, of: total, confidence: 0.95) < Self.criticalValue { accepted += 1 }
      }
    }
    // Of twelve; the oil companies' crises come together.
    #expect(accepted >= 7)
    #expect(Self.kupiec(normalExceedances, of: days, confidence: 0.99) > 30)
    #expect(Double(normalExceedances) / Double(days) > 0.012)
  }

  /// 99 % of chi-square of one degree of freedom.
  private static let criticalValue = 6.634_896_601_021_214

  /// With the volatility of each day the clusters are gone, and the test accepts.
  @Test func filteredForecastsAreExceededAsOftenAsTheySay() throws {
    let rows = Self.window(try Self.stockPrices(), "2022-12-28", 2000)
    for j in [0, Self.stocks.count - 1] {
      let returns = rows.map { $0[j] }
      let path = Self.volatilities(returns)
      var count = 0
      for day in 500..<returns.count {
        let past = (day - 500)..<day
        let law = try EmpiricalDistribution(
          outcomes: Array(returns[past]), volatilities: Array(path[past]),
          currentVolatility: path[day])
        if -returns[day] > law.valueAtRisk(confidence: 0.95) { count += 1 }
      }
      let statistic = Self.kupiec(count, of: returns.count - 500, confidence: 0.95)
      #expect(statistic < Self.criticalValue, "\(Self.stocks[j]) \(count)")
    }
  }
}

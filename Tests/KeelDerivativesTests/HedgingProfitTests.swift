import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

/// The mean and the deviation of what a hedge leaves, in closed form.
@Suite struct HedgingProfitTests {
  private func model(_ row: [Double]) -> (BlackScholes, EuropeanOption) {
    (
      BlackScholes(spot: row[0], volatility: row[5], rate: row[3], carryYield: row[4]),
      EuropeanOption(kind: .call, strike: row[1], timeToExpiry: row[2])
    )
  }

  @Test(arguments: 0..<3)
  func matchesReferences(number: Int) throws {
    let row = try HedgedOptionsReference.load().profits[number]
    let (model, option) = model(row)
    let profit = try model.expectedHedgingProfit(
      of: option, realizedVolatility: row[6], hedgeVolatility: row[7], drift: row[8])
    expectClose(profit.value, row[9], relative: 1e-9)
    let put = EuropeanOption(kind: .put, strike: row[1], timeToExpiry: row[2])
    let ofPut = try model.expectedHedgingProfit(
      of: put, realizedVolatility: row[6], hedgeVolatility: row[7], drift: row[8])
    expectClose(ofPut.value, row[9], relative: 1e-9)
    for count in [1, 100] {
      let deviation = try model.discreteHedgingDeviation(of: option, count: count, drift: row[8])
      expectClose(deviation.value, row[10] / Double(count).squareRoot(), relative: 1e-9)
    }
  }

  /// Without a drift beyond the financing the mean is the difference of both prices, whatever is hedged.
  @Test(arguments: [0.2, 0.5, 0.8, 1.4])
  func theHedgeDoesNotMoveTheMean(hedge: Double) throws {
    for (strike, rate, yield) in [(100.0, 0.0, 0.0), (140, 0.05, 0.01), (60, -0.02, 0.03)] {
      var model = BlackScholes(spot: 100, volatility: 0.6, rate: rate, carryYield: yield)
      let option = EuropeanOption(kind: .put, strike: strike, timeToExpiry: 0.7)
      let profit = try model.expectedHedgingProfit(
        of: option, realizedVolatility: 0.45, hedgeVolatility: hedge, drift: rate - yield)
      let before = model.price(of: option)
      model.volatility = 0.45
      expectClose(profit.value, model.price(of: option) - before, absolute: 1e-9)
    }
  }

  /// Volatilities so low that the gamma is there for a moment only, when the forward passes the strike.
  @Test(arguments: [1e-2, 1e-4, 1e-6])
  func findsNarrowPeaks(volatility: Double) throws {
    var model = BlackScholes(spot: 100, volatility: volatility, rate: 0.3, carryYield: 0)
    let option = EuropeanOption(kind: .call, strike: 100 * exponential(0.3), timeToExpiry: 1)
    let profit = try model.expectedHedgingProfit(
      of: option, realizedVolatility: 2 * volatility, hedgeVolatility: 3 * volatility, drift: 0.3)
    let before = model.price(of: option)
    model.volatility = 2 * volatility
    expectClose(profit.value, model.price(of: option) - before, relative: 1e-8)
    // With another drift the mean of the gamma is a peak at half time, whose integral is one over the speed.
    let passing = EuropeanOption(kind: .call, strike: 100, timeToExpiry: 1)
    model = BlackScholes(spot: 100 * exponential(0.5), volatility: 1, rate: 0, carryYield: 0)
    model.volatility = 3 * volatility
    let peak = try model.expectedHedgingProfit(
      of: passing, realizedVolatility: 2 * volatility, hedgeVolatility: 3 * volatility, drift: -1)
    expectClose(
      peak.value, -(5 * volatility * volatility / 2) * 100, relative: 0.2 * volatility + 1e-8)
  }

  /// The mean over simulated paths, hedged daily at the wrong volatility with a drift: within four standard errors.
  @Test(arguments: [(0.5, 0.6, 0.5), (0.5, 0.6, 0.6), (0.6, 0.4, 0.5)])
  func simulationsAgree(implied: Double, realized: Double, hedge: Double) throws {
    let option = EuropeanOption(kind: .call, strike: 110, timeToExpiry: 0.25)
    let model = BlackScholes(spot: 100, volatility: implied, rate: 0, carryYield: 0)
    let (drift, count, paths) = (0.4, 60, 1_000)
    var settings = HedgedOption.Settings()
    settings.hedge = .volatility(hedge)
    var (sum, squares) = (0.0, 0.0)
    for seed in 1...paths {
      let path = HedgedOptionTests.path(
        seed: UInt64(seed), count: count, until: 0.25, volatility: realized, implied: implied,
        drift: drift)
      let total = try HedgedOption(option, path: path, settings: settings).profit.total
      sum += total
      squares += total * total
    }
    let mean = sum / Double(paths)
    let error = ((squares / Double(paths) - mean * mean) / Double(paths)).squareRoot()
    let expected = try model.expectedHedgingProfit(
      of: option, realizedVolatility: realized, hedgeVolatility: hedge, drift: drift)
    // A day's delay of the hedge is worth the drift of the asset over a day.
    let delay = 0.1 * drift / Double(count)
    expectClose(mean, expected.value, absolute: 4 * error + delay)
    #expect(error < 0.1)
  }

  /// The deviation of gamma against theta over simulated paths, to the error of 2000 of them.
  @Test func deviationsOfDiscreteHedges() throws {
    let option = EuropeanOption(kind: .call, strike: 105, timeToExpiry: 0.25)
    let model = BlackScholes(spot: 100, volatility: 0.5, rate: 0, carryYield: 0)
    var squares = 0.0
    for seed in 1...2_000 {
      let path = HedgedOptionTests.path(
        seed: UInt64(seed), count: 100, until: 0.25, volatility: 0.5, implied: 0.5)
      let total = try HedgedOption(option, path: path).profit.total
      squares += total * total
    }
    let deviation = try model.discreteHedgingDeviation(of: option, count: 100, drift: 0)
    expectClose((squares / 2_000).squareRoot(), deviation.value, relative: 0.1)
    // At the money, where the spot has the drift of its logarithm: Derman and Kamal.
    let money = EuropeanOption(kind: .put, strike: 100, timeToExpiry: 0.01)
    let near = try model.discreteHedgingDeviation(of: money, count: 50, drift: 0)
    let vega = model.greeks(of: money).vega.perUnitVolatility
    expectClose(
      near.value, (Double.pi / 4).squareRoot() * vega * 0.5 / 50.0.squareRoot(), relative: 1e-3)
  }

  @Test func badInput() throws {
    let option = EuropeanOption(kind: .call, strike: 100, timeToExpiry: 0.5)
    let model = BlackScholes(spot: 100, volatility: 0.5, rate: 0.01, carryYield: 0)
    for bad in [Double.nan, .infinity, -1, 0] {
      #expect(throws: NumericsError.self) {
        try model.expectedHedgingProfit(
          of: option, realizedVolatility: bad, hedgeVolatility: 0.5, drift: 0)
      }
      #expect(throws: NumericsError.self) {
        try model.expectedHedgingProfit(
          of: option, realizedVolatility: 0.5, hedgeVolatility: bad, drift: 0)
      }
      for other in [
        EuropeanOption(kind: .call, strike: bad, timeToExpiry: 0.5),
        EuropeanOption(kind: .call, strike: 100, timeToExpiry: bad),
      ] {
        #expect(throws: NumericsError.self) {
          try model.discreteHedgingDeviation(of: other, count: 10, drift: 0)
        }
      }
      guard !bad.isFinite else { continue }
      #expect(throws: NumericsError.self) {
        try model.expectedHedgingProfit(
          of: option, realizedVolatility: 0.5, hedgeVolatility: 0.5, drift: bad)
      }
      var other = model
      other.rate = bad
      #expect(throws: NumericsError.self) {
        try other.discreteHedgingDeviation(of: option, count: 10, drift: 0)
      }
    }
    for count in [0, -1] {
      #expect(throws: NumericsError.self) {
        try model.discreteHedgingDeviation(of: option, count: count, drift: 0)
      }
    }
  }
}

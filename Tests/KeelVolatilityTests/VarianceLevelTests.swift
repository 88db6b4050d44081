import Foundation
import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import KeelVolatility
import Testing

/// Shapes, fair variances, indices and what follows from them.
@Suite struct VarianceLevelTests {
  @Test(arguments: 0..<6)
  func matchesReferences(number: Int) throws {
    let row = try MeasuresReference.load().smiles[number]
    let smile = try row.smile()
    let skew = smile.skew()
    expectClose(skew.volatility, row.shape[0], relative: 1e-14)
    expectClose(skew.slope, row.shape[1], relative: 1e-12, absolute: 1e-16)
    expectClose(skew.curvature, row.shape[2], relative: 1e-11, absolute: 1e-15)
    let root = smile.timeToExpiry.squareRoot()
    let deviation = skew.volatility * root
    expectClose(skew.normalizedSlope, deviation * skew.slope / skew.volatility, relative: 1e-14)
    expectClose(
      skew.normalizedCurvature, deviation * deviation * skew.curvature / skew.volatility,
      relative: 1e-14)

    let level = try smile.fairVariance()
    expectClose(level.variance, row.fairVariance, relative: 1e-10)
    #expect(level.errorEstimate <= 1e-9 * level.variance)
    let finer = try smile.fairVariance(tolerance: 1e-12)
    expectClose(finer.variance, row.fairVariance, relative: 1e-12)
    // The second method sums prices of options.
    let swap = VarianceSwap(forward: 1, timeToExpiry: smile.timeToExpiry)
    let replicated = try swap.fairVariance { smile.impliedVolatility(at: log($0)) }
    expectClose(level.variance, replicated.value, relative: 1e-9)
  }

  /// A left wing of slope p leaves the mean of the variance finite up to 2, and no number beyond.
  @Test func steepWings() throws {
    let steep = try SVISmile(timeToExpiry: 1, a: 0.02, b: 0.95, rho: -0.9, m: 0, sigma: 0.2)
    let level = try steep.fairVariance()
    #expect(level.variance > 0.1 && level.variance.isFinite)
    let beyond = try SVISmile(timeToExpiry: 1, a: 0.02, b: 1.5, rho: -0.9, m: 0, sigma: 0.2)
    #expect(throws: VolatilityError.self) { try beyond.fairVariance() }
    for tolerance in [0, 1e-13, 1, Double.nan] {
      #expect(throws: VolatilityError.self) { try steep.fairVariance(tolerance: tolerance) }
    }
  }

  @Test func theIndexIsTheExchangesExample() throws {
    let exchange = try MeasuresReference.load().exchange
    var levels: [VarianceLevel] = []
    for (number, expiry) in [exchange.near, exchange.next].enumerated() {
      let strip = try StripVariance(expiry.chain.shuffled(), rate: expiry.rate)
      expectClose(strip.forward, expiry.forward, relative: 1e-14)
      expectClose(strip.forward, exchange.published.forwards[number], absolute: 5e-6)
      #expect(strip.centralStrike == expiry.central)
      #expect(strip.strikeCount == expiry.count)
      expectClose(strip.level.variance, expiry.variance, relative: 1e-13)
      // The exchange prints results with times of seven digits.
      let printed = (expiry.time * 1e7).rounded() / 1e7
      expectClose(
        strip.level.totalVariance / printed, exchange.published.variances[number], absolute: 5e-8)
      levels.append(strip.level)
    }
    let index = try VolatilityIndex(levels)
    expectClose(index.volatility, exchange.index, relative: 1e-13)
    expectClose(index.volatility, exchange.published.index, absolute: 5e-5)
  }

  /// With strikes far out and near each other the sum of the exchange is the replication.
  @Test func denseStripsAreTheReplication() throws {
    let smile = try SVISmile(timeToExpiry: 0.25, a: 0.01, b: 0.1, rho: -0.4, m: 0.02, sigma: 0.15)
    let quotes = try SmileQuotes(
      timeToExpiry: 0.25, forward: 50_000, discountFactor: 0.98,
      quotes: (-400...400).map { i in
        let k = Double(i) / 100 - 0.003
        let volatility = smile.impliedVolatility(at: k)
        return try SmileQuotes.Quote(logMoneyness: k, bid: volatility, ask: volatility)
      })
    let strip = try StripVariance(quotes)
    let level = try smile.fairVariance()
    expectClose(strip.level.variance, level.variance, relative: 2e-3)
    #expect(strip.strikeCount == 801 && strip.centralStrike <= 50_000)

    // The same quotes as a chain in cash have the same sum.
    var chain: [OptionQuote] = []
    for quote in quotes.quotes {
      for kind in EuropeanOption.Kind.allCases {
        let option = EuropeanOption(
          kind: kind, strike: 50_000 * exp(quote.logMoneyness), timeToExpiry: 0.25)
        let price =
          0.98
          * Black.price(
            kind, forward: 50_000, strike: option.strike, totalVolatility: quote.middle / 2)
        chain.append(OptionQuote(option, bid: price, ask: price))
      }
    }
    let summed = try StripVariance(chain, rate: -log(0.98) / 0.25)
    expectClose(summed.level.variance, strip.level.variance, relative: 1e-9)
    expectClose(summed.forward, 50_000, relative: 1e-12)
  }

  @Test func badChains() throws {
    let exchange = try MeasuresReference.load().exchange
    let chain = exchange.near.chain
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) {
      try StripVariance([], rate: 0)
    }
    #expect(throws: VolatilityError.self) { try StripVariance(chain, rate: .nan) }
    #expect(throws: VolatilityError.self) { try StripVariance(chain, rate: 1e9) }
    #expect(throws: VolatilityError.duplicateStrike(logMoneyness: log(200))) {
      try StripVariance(chain + [chain[0]], rate: 0)
    }
    #expect(throws: VolatilityError.self) {
      try StripVariance(chain + exchange.next.chain, rate: 0)
    }
    for (bid, ask) in [(Double.nan, 1.0), (1, .nan), (2, 1), (-1, 1), (1, .infinity)] {
      var bad = chain
      (bad[20].bid, bad[20].ask) = (bid, ask)
      #expect(throws: VolatilityError.self) { try StripVariance(bad, rate: 0) }
    }
    for strike in [0, -1, Double.nan, .infinity] {
      var bad = chain
      bad[20].option.strike = strike
      #expect(throws: VolatilityError.self) { try StripVariance(bad, rate: 0) }
    }
    var none = chain
    for index in none.indices { none[index].bid = nil }
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) {
      try StripVariance(none, rate: 0)
    }
    let above = try SmileQuotes(
      timeToExpiry: 1, forward: 1, quotes: [.init(logMoneyness: 0.1, bid: 0.5, ask: 0.6)])
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) { try StripVariance(above) }
    let one = try SmileQuotes(
      timeToExpiry: 1, forward: 1, quotes: [.init(logMoneyness: -0.1, bid: 0.5, ask: 0.6)])
    #expect(throws: VolatilityError.tooFewQuotes(got: 1, required: 2)) { try StripVariance(one) }
  }

  @Test func indicesForwardsAndPremiums() throws {
    let smiles = try [(0.05, 0.02), (0.1, 0.05), (0.5, 0.2)].map {
      try SVISmile(timeToExpiry: $0.0, a: $0.1, b: 0, rho: 0, m: 0, sigma: 1)
    }
    let index = try VolatilityIndex(of: smiles)
    let part = (30.0 / 365 - 0.05) / 0.05
    expectClose(
      index.variance, (0.02 * (1 - part) + 0.05 * part) * 365 / 30, relative: 1e-9)
    #expect(index.near.timeToExpiry == 0.05 && index.next.timeToExpiry == 0.1)
    let surface = try SmileSurface(smiles: smiles)
    expectClose(
      try surface.smile(timeToExpiry: VolatilityIndex.thirtyDays).fairVariance().variance,
      index.variance, relative: 1e-9)
    // At an expiry the index is its level.
    let level = try smiles[1].fairVariance()
    expectClose(
      try VolatilityIndex(of: smiles, horizon: 0.1).variance, level.variance, relative: 1e-15)
    for horizon in [0.049, 0.51, Double.nan, .infinity, -1, 0] {
      #expect(throws: VolatilityError.self) { try VolatilityIndex(of: smiles, horizon: horizon) }
      #expect(throws: VolatilityError.self) { try VolatilityIndex([level], horizon: horizon) }
    }
    #expect(throws: VolatilityError.self) { try VolatilityIndex(of: [SVISmile]()) }
    #expect(throws: VolatilityError.duplicateExpiry(timeToExpiry: 0.1)) {
      try VolatilityIndex([level, level], horizon: 0.1)
    }
    for bad in [(0.0, 0.1), (1, -0.1), (.nan, 1), (1, .infinity)] {
      #expect(throws: VolatilityError.self) {
        try VarianceLevel(timeToExpiry: bad.0, variance: bad.1)
      }
    }

    let forward = try ForwardVariance(from: index.near, to: index.next)
    expectClose(forward.variance, 0.03 / 0.05, relative: 1e-8)
    expectClose(
      try surface.forwardVariance(from: 0.05, to: 0.1).volatility, (0.6).squareRoot(),
      relative: 1e-13)
    expectClose(
      try surface.forwardVariance(at: -0.3, from: 0, to: 0.1).variance, 0.5, relative: 1e-13)
    #expect(throws: VolatilityError.self) {
      try ForwardVariance(from: index.next, to: index.near)
    }
    let crossed = try SmileSurface(smiles: [
      SVISmile(timeToExpiry: 0.1, a: 0.05, b: 0, rho: 0, m: 0, sigma: 1),
      SVISmile(timeToExpiry: 0.2, a: 0.04, b: 0, rho: 0, m: 0, sigma: 1),
    ])
    do throws(VolatilityError) {
      _ = try crossed.forwardVariance(from: 0.1, to: 0.2)
      Issue.record("the calendar is crossed")
    } catch {
      guard case .invalidValue("forwardVariance", let got, 0, _) = error else {
        Issue.record("\(error)")
        return
      }
      expectClose(got, -0.1, relative: 1e-12)
    }
    for (start, end) in [(0.1, 0.1), (0.2, 0.1), (-1, 1), (.nan, 1), (0.1, .infinity)] {
      #expect(throws: VolatilityError.self) {
        try surface.forwardVariance(from: start, to: end)
      }
      if !end.isFinite || end > 0.15 { continue }
      #expect(throws: VolatilityError.self) { try surface.smile(timeToExpiry: -end) }
    }

    let premium = try VarianceRiskPremium(level: level, forecastVariance: 0.36)
    expectClose(premium.variance, 0.5 - 0.36, relative: 1e-8)
    expectClose(premium.volatility, 0.5.squareRoot() - 0.6, relative: 1e-8)
    expectClose(premium.logRatio, log(0.5 / 0.36), relative: 1e-8)
    for forecast in [0, -1, Double.nan, .infinity] {
      #expect(throws: VolatilityError.self) {
        try VarianceRiskPremium(level: level, forecastVariance: forecast)
      }
    }
  }

  @Test func levelsAreStoredAndChecked() throws {
    let level = try VarianceLevel(timeToExpiry: 0.1, variance: 0.04, errorEstimate: 1e-9)
    let data = try JSONEncoder().encode(level)
    #expect(try JSONDecoder().decode(VarianceLevel.self, from: data) == level)
    let wrong = Data(#"{"timeToExpiry":0.1,"variance":-4,"errorEstimate":0}"#.utf8)
    #expect(throws: VolatilityError.self) {
      try JSONDecoder().decode(VarianceLevel.self, from: wrong)
    }
  }

  @Test func termStructures() throws {
    let smiles = try [(0.5, 0.2), (0.05, 0.02), (0.1, 0.05), (0.6, 0.19)].map {
      try SVISmile(timeToExpiry: $0.0, a: $0.1, b: 0, rho: 0, m: 0, sigma: 1)
    }
    let term = try VolatilityTermStructure(of: smiles, atTheMoney: .deltaNeutral(.coinSettled))
    #expect(term.points.map(\.timeToExpiry) == [0.05, 0.1, 0.5, 0.6])
    for (point, variance) in zip(term.points, [0.02, 0.05, 0.2, 0.19]) {
      expectClose(point.logMoneyness, -variance / 2, relative: 1e-13)
      expectClose(point.volatility, (variance / point.timeToExpiry).squareRoot(), relative: 1e-14)
    }
    for (point, expected) in zip(term.points, [0.4, 0.6, 0.375, -0.1]) {
      expectClose(point.forwardVariance, expected, relative: 1e-13)
    }
    expectClose(term.spread, (0.19 / 0.6).squareRoot() - 0.4.squareRoot(), relative: 1e-13)
    #expect(throws: VolatilityError.self) {
      try VolatilityTermStructure(of: [SVISmile](), atTheMoney: .forward)
    }
    #expect(throws: VolatilityError.duplicateExpiry(timeToExpiry: 0.5)) {
      try VolatilityTermStructure(of: [smiles[0], smiles[0]], atTheMoney: .forward)
    }
    #expect(throws: VolatilityError.self) {
      try VolatilityTermStructure(of: smiles, atTheMoney: .spot(forwardOverSpot: .nan))
    }
  }

  @Test func expiriesInTheNumbersOfDesks() throws {
    let smile = try SVISmile(timeToExpiry: 0.5, a: 0.03, b: 0.12, rho: -0.4, m: 0.05, sigma: 0.2)
    let measures = try ExpiryMeasures(of: smile, settings: .init(convention: .coinSettled))
    #expect(measures.timeToExpiry == 0.5 && measures.deltaQuotes.map(\.delta) == [0.25, 0.1])
    #expect(measures.deltaQuotes[1].riskReversal < measures.deltaQuotes[0].riskReversal)
    #expect(measures.deltaQuotes[0].riskReversal < 0 && measures.deltaQuotes[0].butterfly > 0)
    #expect(measures.atTheMoney == measures.deltaQuotes[0].atTheMoney)
    #expect(measures.skew == smile.skew())
    #expect(measures.level == (try smile.fairVariance()))
    // Quantiles are where the probabilities of the falls are.
    for fall in measures.falls {
      expectClose(
        try smile.quantile(fall.probability), log(1 - fall.fraction), absolute: 1e-12)
    }
    for bad in [0, 1, -0.1, Double.nan] {
      var settings = ExpiryMeasures.Settings(convention: .forward)
      settings.falls = [bad]
      #expect(throws: VolatilityError.self) { try ExpiryMeasures(of: smile, settings: settings) }
      settings = ExpiryMeasures.Settings(convention: .forward)
      settings.deltas = [bad]
      #expect(throws: VolatilityError.self) { try ExpiryMeasures(of: smile, settings: settings) }
    }
    var settings = ExpiryMeasures.Settings(convention: .spot(carryYield: 0.01))
    settings.atTheMoney = .forward
    #expect(try ExpiryMeasures(of: smile, settings: settings).atTheMoney.logMoneyness == 0)
    let data = try JSONEncoder().encode(measures)
    #expect(try JSONDecoder().decode(ExpiryMeasures.self, from: data) == measures)
  }
}

import Foundation
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

/// A random market of one expiry: a smile without arbitrage, and quotes around it.
struct PlantedSmile {
  let smile: SVISmile
  let quotes: SmileQuotes
  /// The half spread as a part of the volatility, and the noise as a part of that.
  let halfSpread: Double
  let range: Double

  init(
    _ generator: inout SeededGenerator,
    halfSpread: Double,
    noise: Double,
    ranges: [Double] = [0.02, 0.05, 0.1, 0.15, 0.3, 0.6]
  ) throws {
    range = ranges[Int.random(in: 0..<ranges.count, using: &generator)]
    self.halfSpread = halfSpread
    var planted: SVISmile?
    while planted == nil {
      let time = (1 / 365.0) * pow(730, generator.uniform())
      let volatility = 0.05 * pow(60, generator.uniform())
      let money = volatility * volatility * time
      let size = money.squareRoot()
      let sigma = size * generator.uniform(0.3...3)
      let b = money / sigma * generator.uniform(0.05...1)
      let smile = try? SVISmile(
        timeToExpiry: time, a: money - b * sigma * generator.uniform(0.3...1.2), b: b,
        rho: generator.uniform(-0.9...0.7), m: size * generator.uniform(-0.5...0.5), sigma: sigma)
      guard let smile, smile.butterflyMargin.densityFactor > 1e-3,
        smile.minimumVariance > 0.05 * money
      else { continue }
      planted = smile
    }
    guard let planted else { throw VolatilityError.noFit }
    smile = planted
    let count = Int.random(in: 5...40, using: &generator)
    let list = try (0..<count).map { [range, smile] i in
      let k = range * (2 * Double(i) / Double(count - 1) - 1)
      let exact = smile.impliedVolatility(at: k)
      let half = halfSpread * exact
      let middle = exact + noise * half * generator.uniform(-1...1)
      return try SmileQuotes.Quote(
        logMoneyness: k, bid: middle - half, ask: middle + half, middle: middle)
    }
    self.quotes = try SmileQuotes(timeToExpiry: smile.timeToExpiry, forward: 100, quotes: list)
  }
}

@Suite struct SVIFitTests {
  @Test(arguments: [0, 0.002, 0.01, 0.03])
  func `no degenerate fit in a sweep of ranges`(halfSpread: Double) throws {
    var generator = SeededGenerator(seed: 7)
    #if DEBUG
      let count = 15
    #else
      let count = 2_000
    #endif
    for _ in 0..<count {
      let planted = try PlantedSmile(&generator, halfSpread: halfSpread, noise: 1)
      let fit = try SVIFit(to: planted.quotes)
      let nearest = try #require(
        planted.quotes.quotes.min { $0.logMoneyness.magnitude < $1.logMoneyness.magnitude })
      // The money itself is known where a quote is near.
      let deviation = planted.smile.totalVariance(at: 0).value.squareRoot()
      let k = nearest.logMoneyness.magnitude < 0.5 * deviation ? 0 : nearest.logMoneyness
      expectClose(
        fit.smile.impliedVolatility(at: k), planted.smile.impliedVolatility(at: k),
        relative: max(3 * halfSpread, 1e-4), "\(planted)")
      #expect(fit.butterfly.isFree)
      #expect(fit.butterfly.leftWing > 0 && fit.butterfly.rightWing > 0)
      let reach = planted.range + 10 * deviation
      #expect(try ButterflyMargin(of: fit.smile, in: -reach...reach).densityFactor >= 0)
    }
  }

  @Test(arguments: 1...40)
  func `exact quotes give the planted parameters back where they identify them`(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let planted = try PlantedSmile(&generator, halfSpread: 0, noise: 0)
    let fit = try SVIFit(to: planted.quotes)
    #expect(fit.quality.rootMeanSquare < 1e-4 * planted.smile.impliedVolatility(at: 0))
    guard fit.identification.unidentified.isEmpty, fit.isConverged else { return }
    // A quote is met to 1e-6 half spreads or so, of which parameters take as many as their errors say.
    let pairs = [
      (fit.smile.a, planted.smile.a), (fit.smile.b, planted.smile.b),
      (fit.smile.rho, planted.smile.rho), (fit.smile.m, planted.smile.m),
      (fit.smile.sigma, planted.smile.sigma),
    ]
    for ((value, expected), error) in zip(pairs, fit.identification.standardErrors) {
      expectClose(value, expected, absolute: 1e-2 * error, "\(planted)")
    }
  }

  @Test(arguments: 1...40)
  func `noisy quotes give the planted parameters back within their errors`(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(100 + seed))
    let planted = try PlantedSmile(&generator, halfSpread: 0.002, noise: 1, ranges: [0.3, 0.6])
    let fit = try SVIFit(to: planted.quotes)
    guard fit.identification.unidentified.isEmpty, fit.identification.conditionNumber < 300 else {
      return
    }
    let pairs = [
      (fit.smile.a, planted.smile.a), (fit.smile.b, planted.smile.b),
      (fit.smile.rho, planted.smile.rho), (fit.smile.m, planted.smile.m),
      (fit.smile.sigma, planted.smile.sigma),
    ]
    for ((value, expected), error) in zip(pairs, fit.identification.standardErrors) {
      expectClose(value, expected, absolute: 4 * error, "\(planted)")
    }
  }

  @Test func `says what narrow quotes cannot identify`() throws {
    let smile = try SVISmile(timeToExpiry: 1, a: 0.02, b: 0.1, rho: -0.4, m: 0.02, sigma: 0.2)
    func fit(_ range: Double) throws -> SVIFit {
      let quotes = try (-6...6).map { i in
        let k = range * Double(i) / 6
        let volatility = smile.impliedVolatility(at: k)
        return try SmileQuotes.Quote(
          logMoneyness: k, bid: volatility - 0.002, ask: volatility + 0.002)
      }
      return try SVIFit(to: SmileQuotes(timeToExpiry: 1, forward: 1, quotes: quotes))
    }
    let (narrow, wide) = (try fit(0.02), try fit(1))
    #expect(wide.identification.unidentified.isEmpty)
    #expect(narrow.identification.unidentified.contains(.sigma))
    #expect(narrow.identification.unidentified.contains(.a))
    #expect(narrow.identification.conditionNumber > 100 * wide.identification.conditionNumber)
    expectClose(
      narrow.smile.impliedVolatility(at: 0), smile.impliedVolatility(at: 0), relative: 1e-3)
  }

  @Test func `costs no more than the best of another method`() throws {
    for row in try SmilesReference.load().fits {
      let fit = try SVIFit(to: row.quotes())
      #expect(fit.isConverged)
      #expect(fit.butterfly.isFree)
      let cost = row.cost(of: fit.smile)
      #expect(cost <= row.cost * (1 + 1e-4), "\(cost) \(row.cost) \(fit)")
    }
  }

  @Test func `Vogt's quotes are fitted by a smile at the edge of arbitrage`() throws {
    let fit = try SVIFit(to: SmilesReference.load().fits[0].quotes())
    #expect(fit.butterfly.densityFactor >= 0 && fit.butterfly.densityFactor < 1e-5)
    #expect(fit.quality.rootMeanSquare < 0.01)
    #expect(fit.quality.insideCount < 21)
  }

  @Test(arguments: 1...30)
  func `stays above the smile of the expiry before`(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let planted = try PlantedSmile(
      &generator, halfSpread: 0.01, noise: 1, ranges: [0.15, 0.3, 0.6])
    // An expiry before with more variance on the left, less on the right.
    let (smile, unit) = (planted.smile, planted.smile.totalVariance(at: 0).value)
    let previous = try SVISmile(
      timeToExpiry: smile.timeToExpiry * 0.8, a: smile.a + 0.1 * unit, b: 0.8 * smile.b,
      rho: max(smile.rho - 0.2, -0.95), m: smile.m, sigma: smile.sigma)
    guard previous.butterflyMargin.isFree, smile.timeToExpiry > 0 else { return }
    let fit = try SVIFit(to: planted.quotes, after: previous)
    let calendar = try #require(fit.calendar)
    #expect(calendar.isFree, "\(calendar)")
    #expect(fit.butterfly.isFree)
    for i in -200...200 {
      let k = 2 * planted.range * Double(i) / 200
      #expect(
        fit.smile.totalVariance(at: k).value
          >= previous.totalVariance(at: k).value * (1 - 1e-13))
    }
    // An expiry before far below changes nothing.
    let low = try SVISmile(
      timeToExpiry: smile.timeToExpiry / 2, a: 1e-3 * unit, b: 0, rho: 0, m: 0, sigma: 1)
    #expect(try SVIFit(to: planted.quotes, after: low).smile == SVIFit(to: planted.quotes).smile)
  }

  @Test func `quotes without bid or ask count on the side they have`() throws {
    let smile = try SVISmile(timeToExpiry: 0.5, a: 0.02, b: 0.1, rho: -0.3, m: 0, sigma: 0.2)
    let quotes = try (-8...8).map { i in
      let k = 0.1 * Double(i)
      let volatility = smile.impliedVolatility(at: k)
      return try SmileQuotes.Quote(
        logMoneyness: k, bid: i < -6 ? 0 : volatility * 0.99,
        ask: i > 6 ? .infinity : volatility * 1.01, middle: volatility)
    }
    let fit = try SVIFit(to: SmileQuotes(timeToExpiry: 0.5, forward: 1, quotes: quotes))
    // Two have no bid, two no ask.
    #expect(fit.quality.insideCount == 13 && fit.quality.quoteCount == 13)
    expectClose(fit.smile.sigma, smile.sigma, relative: 1e-3)
  }

  @Test func `a flat smile is fitted, short and long, low and high`() throws {
    for volatility in [0.01, 0.2, 3] {
      for time in [1e-4, 0.1, 5] {
        let quotes = try (-5...5).map {
          try SmileQuotes.Quote(
            logMoneyness: 0.05 * Double($0), bid: volatility, ask: volatility)
        }
        let fit = try SVIFit(to: SmileQuotes(timeToExpiry: time, forward: 1, quotes: quotes))
        #expect(fit.quality.rootMeanSquare < 1e-6 * volatility)
        #expect(fit.butterfly.isFree)
      }
    }
  }

  @Test func `contradictory and hostile quotes give a smile or an error`() throws {
    var generator = SeededGenerator(seed: 3)
    let values = [1e-200, 1e-8, 1e-3, 0.2, 5, 1e3, 1e100, 1e300]
    let places = [-1e300, -1e5, -3, -1e-9, 0, 1e-12, 0.5, 40, 1e200]
    for _ in 0..<60 {
      let quotes = try places.shuffled(using: &generator).prefix(6).map {
        let volatility = values.randomElement(using: &generator) ?? 1
        return try SmileQuotes.Quote(
          logMoneyness: $0, bid: volatility, ask: volatility * generator.uniform(1...2))
      }
      let slice = try SmileQuotes(
        timeToExpiry: generator.uniform(0.001...3), forward: 1, quotes: quotes)
      do throws(VolatilityError) {
        let fit = try SVIFit(to: slice)
        #expect(fit.butterfly.isFree)
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }

  @Test func `too few, duplicate and undefined quotes are refused`() throws {
    func quotes(_ places: [Double]) throws -> SmileQuotes {
      try SmileQuotes(
        timeToExpiry: 1, forward: 1,
        quotes: places.map { try SmileQuotes.Quote(logMoneyness: $0, bid: 0.2, ask: 0.21) })
    }
    for count in 0...4 {
      #expect(throws: VolatilityError.tooFewQuotes(got: count, required: 5)) {
        try SVIFit(to: quotes((0..<count).map(Double.init)))
      }
    }
    #expect(throws: VolatilityError.duplicateStrike(logMoneyness: 2)) {
      try quotes([1, 2, 3, 2, 5])
    }
    for bad in [Double.nan, .infinity] {
      #expect(throws: VolatilityError.self) { try quotes([1, 2, 3, bad, 5]) }
    }
    let later = try SVISmile(timeToExpiry: 2, a: 0.04, b: 0.1, rho: 0, m: 0, sigma: 0.2)
    #expect(throws: VolatilityError.self) {
      try SVIFit(to: quotes([-2, -1, 0, 1, 2]), after: later)
    }
    var none = SVIFit.Settings()
    none.maximumIterations = 0
    #expect(throws: VolatilityError.self) {
      try SVIFit(to: quotes([-2, -1, 0, 1, 2]), settings: none)
    }
  }

  @Test func `what is infinite is coded, and quotes are checked`() throws {
    func recoded<Value: Codable & Equatable>(_ value: Value) throws -> Bool {
      try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value)) == value
    }
    let quotes = try SmileQuotes(
      timeToExpiry: 0.5, forward: 1,
      quotes: (-5...5).map {
        try SmileQuotes.Quote(
          logMoneyness: 0.1 * Double($0), bid: 0.2, ask: $0 == 5 ? .infinity : 0.2, middle: 0.2)
      })
    #expect(try recoded(quotes))
    let text = #"{"conditionNumber":"inf","standardErrors":["inf",1,2,3,4],"unidentified":["a"]}"#
    let unknown = try JSONDecoder().decode(SVIIdentification.self, from: Data(text.utf8))
    #expect(
      unknown.standardErrors == [.infinity, 1, 2, 3, 4] && unknown.conditionNumber == .infinity)
    #expect(try recoded(unknown))
    let fit = try SVIFit(to: quotes)
    #expect(try recoded(fit))
    #expect(try recoded(SVIFit.Settings()) && recoded(SVIFit.Settings.robust))
    for (good, bad) in [
      ("\"forward\":1", "\"forward\":-1"), ("\"bid\":0.2", "\"bid\":0.3"),
      ("\"ask\":\"inf\"", "\"ask\":\"many\""),
    ] {
      let text = try #require(String(data: JSONEncoder().encode(quotes), encoding: .utf8))
      #expect(text.contains(good))
      let wrong = Data(text.replacingOccurrences(of: good, with: bad).utf8)
      #expect(throws: (any Error).self) {
        try JSONDecoder().decode(SmileQuotes.self, from: wrong)
      }
    }
  }
}

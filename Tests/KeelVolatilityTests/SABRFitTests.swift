import Foundation
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

@Suite struct SABRFitTests {
  /// A row of `Tests/Reference/sabr.json`.
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Previous: Decodable, Sendable {
      let time: Double
      /// α, ρ, ν.
      let point: [Double]
    }

    let beta: Double
    let time: Double
    let places: [Double]
    let bids: [Double]
    let asks: [Double]
    let previous: Previous?
    let lower: Double
    let upper: Double
    /// The least cost with the conditions and without.
    let cost: Double
    let freeCost: Double

    /// What the fit may cost over SLSQP's; a record where that finds a smile whose volatility falls when α rises.
    var largestRatio: Double {
      guard time == 6 else { return 1 + 1e-5 }
      return previous == nil ? 1.131 : 5
    }

    var testDescription: String { "beta \(beta), time \(time), cost \(cost)" }

    func quotes() throws -> SmileQuotes {
      try SmileQuotes(
        timeToExpiry: time, forward: 1,
        quotes: places.indices.map {
          try SmileQuotes.Quote(logMoneyness: places[$0], bid: bids[$0], ask: asks[$0])
        })
    }

    func before() throws -> SABRSmile? {
      try previous.map {
        try SABRSmile(
          timeToExpiry: $0.time, alpha: $0.point[0], beta: beta, rho: $0.point[1], nu: $0.point[2])
      }
    }

    /// The documented cost of a smile.
    func cost(of smile: SABRSmile) -> Double {
      var sum = 0.0
      for (i, k) in places.enumerated() {
        let middle = (bids[i] + asks[i]) / 2
        let scale = middle * time * max(asks[i] - bids[i], 2e-4 * middle)
        let w = smile.totalVariance(at: k).value
        let outside =
          max(w - asks[i] * asks[i] * time, 0) + max(bids[i] * bids[i] * time - w, 0)
        let distance = w - middle * middle * time
        sum += (0.01 * distance * distance + outside * outside) / (scale * scale) / 2
      }
      return sum
    }
  }

  struct Cases: Decodable {
    let cases: [Case]
  }

  static let cases = (try? Reference.load(Cases.self, "sabr"))?.cases ?? []

  /// Checks what a fit promises, on points of its interval.
  private func expectFree(
    _ fit: SABRFit,
    after previous: SABRSmile? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let (lower, upper) = (fit.interval.lowerBound, fit.interval.upperBound)
    var (least, growth) = (Double.infinity, Double.infinity)
    for i in 0...2000 {
      let k = lower + (upper - lower) * Double(i) / 2000
      let variance = fit.smile.totalVariance(at: k)
      let factor = variance.densityFactor(at: k)
      if !(factor >= least) { least = factor }
      let earlier = previous?.totalVariance(at: k).value ?? 0
      if !(variance.value - earlier >= growth) { growth = variance.value - earlier }
    }
    #expect(least >= 0 && growth >= 0, sourceLocation: sourceLocation)
    #expect(fit.butterfly.isFree && fit.calendar?.isFree ?? true, sourceLocation: sourceLocation)
    #expect((fit.calendar == nil) == (previous == nil), sourceLocation: sourceLocation)
    #expect(
      fit.butterfly.densityFactor <= least * (1 + 1e-12) + 1e-15, sourceLocation: sourceLocation)
    if let calendar = fit.calendar {
      #expect(calendar.variance <= growth * (1 + 1e-6), sourceLocation: sourceLocation)
    }
    let ends = (fit.smile.totalVariance(at: lower), fit.smile.totalVariance(at: upper))
    #expect(
      ends.0.probabilityBelow(lower) >= 0 && ends.1.probabilityAbove(upper) >= 0,
      sourceLocation: sourceLocation)
    #expect(
      fit.freeInterval.lowerBound <= lower && fit.freeInterval.upperBound >= upper,
      sourceLocation: sourceLocation)
  }

  /// Quotes of a smile, without spread unless given.
  private func quotes(
    _ smile: SABRSmile,
    _ places: [Double],
    halfSpread: Double = 0,
    noise: () -> Double = { 0 }
  ) throws -> SmileQuotes {
    try SmileQuotes(
      timeToExpiry: smile.timeToExpiry, forward: 1,
      quotes: places.map { k in
        let middle = smile.impliedVolatility(at: k) * (1 + halfSpread * noise())
        return try SmileQuotes.Quote(
          logMoneyness: k, bid: middle * (1 - halfSpread), ask: middle * (1 + halfSpread))
      })
  }

  #if DEBUG
    /// A search takes half a minute without optimization: they run in release.
    private static let tested = cases.prefix(0)
    private static let seeds = 0..<0
    private static let laws = broken.prefix(0)
    private static let times = [0.02]
    private static let hostileCount = 1
  #else
    private static let tested = cases[...]
    private static let seeds = 1..<17
    private static let laws = broken[...]
    private static let times = [0.02, 0.1, 0.25, 0.5, 1]
    private static let hostileCount = 60
  #endif

  @Test(arguments: tested)
  func `costs no more than the best of SLSQP`(row: Case) throws {
    let previous = try row.before()
    let fit = try SABRFit(to: row.quotes(), after: previous, beta: row.beta)
    expectClose(fit.interval.lowerBound, row.lower, relative: 1e-12)
    expectClose(fit.interval.upperBound, row.upper, relative: 1e-12)
    #expect(fit.isConverged)
    #expect(row.cost > row.freeCost * 1.001 + 1e-9)
    let cost = row.cost(of: fit.smile)
    #expect(cost <= row.cost * row.largestRatio, "\(cost)")
    expectFree(fit, after: previous)
  }

  @Test func `has all cases`() { #expect(Self.cases.count >= 12) }

  /// Laws with a density that is negative at quotes: β, time, α, ρ, ν√T.
  static let broken = [
    [1, 1, 0.5, 0.95, 4], [0.5, 4, 0.5, 0.999, 2.2], [1, 4, 1, 0, 2.5], [1, 0.02, 1.5, 0.99, 4],
    [0.5, 10, 0.3, -0.3, 1.3], [0.5, 10, 1, -0.9, 2], [0, 5, 0.6, 0, 2], [0, 1, 0.5, -0.999, 3],
    [0, 3, 0.5, -0.5, 1.2],
  ]

  @Test(arguments: laws)
  func `a planted arbitrage is not fitted`(law: [Double]) throws {
    let (beta, time, alpha, rho) = (law[0], law[1], law[2], law[3])
    let planted = try SABRSmile(
      timeToExpiry: time, alpha: alpha, beta: beta, rho: rho, nu: law[4] / time.squareRoot())
    let places = (-10...10).map { 0.3 * alpha * time.squareRoot() * Double($0) }
      .filter { planted.totalVariance(at: $0).value > 1e-4 * alpha * alpha * time }
    let interval = places[0]...places[places.count - 1]
    #expect(try !ButterflyMargin(of: planted, in: interval).isFree)
    let fit = try SABRFit(to: quotes(planted, places, halfSpread: 0.01), beta: beta)
    expectFree(fit)
    #expect(fit.isConverged)
  }

  @Test(arguments: seeds)
  func `noise is not fitted with an arbitrage`(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let time = generator.uniform(0.01...5)
    let planted = try SABRSmile(
      timeToExpiry: time, alpha: generator.uniform(0.1...1.2), beta: [0, 0.5, 1][seed % 3],
      rho: generator.uniform(-0.95...0.95), nu: generator.uniform(0.2...1.5) / time.squareRoot())
    let size = planted.alpha * time.squareRoot()
    let places = (-5...5).map { 0.4 * size * Double($0) }
      .filter { planted.totalVariance(at: $0).value > 0 }
    let noisy = try quotes(
      planted, places, halfSpread: 0.05, noise: { generator.uniform(-3...3) })
    let fit = try SABRFit(to: noisy, beta: planted.beta)
    expectFree(fit)
    // A second fit after the first of an earlier expiry with larger variance.
    let earlier = try SABRSmile(
      timeToExpiry: time / 2, alpha: planted.alpha * 1.6, beta: 1, rho: 0,
      nu: 0.3 / time.squareRoot())
    expectFree(try SABRFit(to: noisy, after: earlier, beta: 1), after: earlier)
  }

  @Test func `a fit that keeps its conditions is the one without them`() throws {
    let planted = try SABRSmile(timeToExpiry: 0.25, alpha: 0.6, beta: 1, rho: -0.3, nu: 1.6)
    let quotes = try quotes(planted, (-8...8).map { 0.06 * Double($0) }, halfSpread: 0.01)
    let alone = try SABRFit(to: quotes, beta: 1)
    #expect(alone.calendar == nil)
    expectClose(alone.smile.nu, planted.nu, relative: 1e-6)
    let earlier = try SABRSmile(timeToExpiry: 0.2, alpha: 0.6, beta: 1, rho: -0.3, nu: 1.7)
    let after = try SABRFit(to: quotes, after: earlier, beta: 1)
    #expect(after.smile == alone.smile && after.butterfly == alone.butterfly)
    expectFree(after, after: earlier)
  }

  @Test func `expiries stay above each other`() throws {
    var generator = SeededGenerator(seed: 4)
    var previous: SABRSmile?
    var raised = 0
    for time in Self.times {
      // Volatilities that fall faster than the root of time.
      let planted = try SABRSmile(
        timeToExpiry: time, alpha: 0.3 * pow(time, -0.55), beta: 0.5,
        rho: generator.uniform(-0.4...0.2), nu: 0.5 / time.squareRoot())
      let size = planted.alpha * time.squareRoot()
      let quotes = try quotes(planted, (-5...5).map { 0.4 * size * Double($0) }, halfSpread: 0.01)
      let fit = try SABRFit(to: quotes, after: previous, beta: 0.5)
      expectFree(fit, after: previous)
      if let calendar = fit.calendar, calendar.variance < 1e-6 { raised += 1 }
      previous = fit.smile
    }
    #expect(raised >= Self.times.count - 2)
  }

  #if !DEBUG
    @Test func `names an expiry before that is too high`() throws {
      let planted = try SABRSmile(timeToExpiry: 4, alpha: 0.5, beta: 0, rho: -0.3, nu: 0.3)
      let quotes = try quotes(planted, (-4...4).map { 0.3 * Double($0) }, halfSpread: 0.01)
      let high = try SABRSmile(timeToExpiry: 2, alpha: 60, beta: 1, rho: 0, nu: 0)
      let thrown = #expect(throws: VolatilityError.self) {
        try SABRFit(to: quotes, after: high, beta: 0)
      }
      switch try #require(thrown) {
      case .calendarArbitrage(let time, let logMoneyness, let variance):
        #expect(time == 4 && variance < 0 && logMoneyness.magnitude < 3)
      case .butterflyArbitrage(_, let factor): #expect(factor < 0)
      case .steepWing(let slope): #expect(slope > 2)
      case let other: Issue.record(other)
      }
      // A flat smile at any level is no arbitrage.
      expectFree(try SABRFit(to: quotes, after: high, beta: 1), after: high)
    }
  #endif

  @Test func `names what cannot be kept`() throws {
    let planted = try SABRSmile(timeToExpiry: 4, alpha: 0.5, beta: 0, rho: -0.3, nu: 0.3)
    let quotes = try quotes(planted, (-4...4).map { 0.3 * Double($0) }, halfSpread: 0.01)
    let late = try SABRSmile(timeToExpiry: 4, alpha: 0.1, beta: 1, rho: 0, nu: 0)
    #expect(throws: VolatilityError.self) { try SABRFit(to: quotes, after: late, beta: 1) }
    let undefined = try SABRSmile(timeToExpiry: 3, alpha: 0.5, beta: 1, rho: -0.99, nu: 4)
    #expect(undefined.totalVariance(at: 0).value.isNaN)
    #expect(throws: VolatilityError.self) { try SABRFit(to: quotes, after: undefined, beta: 1) }
    let error = VolatilityError.calendarArbitrage(
      timeToExpiry: 0.5, logMoneyness: 0.1, variance: -0.25)
    #expect(error.description.contains("0.25 below"))
  }

  @Test func `says where the density is negative beyond the quotes`() throws {
    let planted = try SABRSmile(timeToExpiry: 4, alpha: 0.4, beta: 0.5, rho: -0.3, nu: 0.4)
    let quotes = try quotes(planted, (-4...4).map { 0.1 * Double($0) }, halfSpread: 0.01)
    let fit = try SABRFit(to: quotes, beta: 0.5)
    expectFree(fit)
    let end = fit.freeInterval.lowerBound
    #expect(end < fit.interval.lowerBound)
    func factor(_ k: Double) -> Double { fit.smile.totalVariance(at: k).densityFactor(at: k) }
    #expect(factor(end) >= 0 && !(factor(end * (1 + 1e-9)) >= 0))
    let data = try JSONEncoder().encode(fit)
    #expect(try JSONDecoder().decode(SABRFit.self, from: data) == fit)
    let text = try #require(String(data: data, encoding: .utf8))
    let wrong = Data(text.replacingOccurrences(of: "\"alpha\":", with: "\"alpha\":-").utf8)
    #expect(throws: VolatilityError.self) { try JSONDecoder().decode(SABRFit.self, from: wrong) }
  }

  @Test func `margins after an expiry`() throws {
    let early = try SABRSmile(timeToExpiry: 1, alpha: 0.5, beta: 1, rho: 0, nu: 0)
    let late = try SABRSmile(timeToExpiry: 2, alpha: 0.4, beta: 1, rho: 0, nu: 0.5)
    let margin = try SABRCalendarMargin(of: late, after: early, in: -1...1)
    // The least variance of a symmetric smile is at the money.
    expectClose(margin.variance, late.totalVariance(at: 0).value - 0.25, relative: 1e-12)
    expectClose(margin.logMoneyness, 0, absolute: 1e-5)
    #expect(margin.isFree == (margin.variance >= 0))
    #expect(throws: VolatilityError.self) {
      try SABRCalendarMargin(of: late, after: early, in: -Double.infinity...1)
    }
    let undefined = try SABRSmile(timeToExpiry: 3, alpha: 0.5, beta: 1, rho: -0.99, nu: 4)
    #expect(throws: VolatilityError.self) {
      try SABRCalendarMargin(of: undefined, after: early, in: -1...1)
    }
  }

  @Test func `hostile quotes give a smile or an error`() throws {
    var generator = SeededGenerator(seed: 3)
    let values = [1e-200, 1e-8, 1e-3, 0.2, 5, 1e3, 1e100, 1e300]
    let places: [Double] = [-1e300, -1e5, -3, -1e-9, 0, 1e-12, 0.5, 40, 1e200]
    let times: [Double] = [1e-300, 1e-4, 1, 1e300]
    for _ in 0..<Self.hostileCount {
      let quotes = try places.shuffled(using: &generator).prefix(4).map {
        let volatility = values.randomElement(using: &generator) ?? 1
        return try SmileQuotes.Quote(
          logMoneyness: $0, bid: volatility / 2, ask: volatility, middle: volatility * 0.7)
      }
      let time = times.randomElement(using: &generator) ?? 1
      do throws(VolatilityError) {
        let fit = try SABRFit(
          to: SmileQuotes(timeToExpiry: time, forward: 1, quotes: quotes), beta: 0.5)
        expectFree(fit)
      } catch {
        continue
      }
    }
  }
}

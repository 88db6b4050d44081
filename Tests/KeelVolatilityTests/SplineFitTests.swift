import Foundation
import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import KeelVolatility
import Testing

/// The rows of `Tests/Reference/splines.json`.
private struct SplinesReference: Decodable, Sendable {
  struct Law: Decodable, Sendable {
    let strikes: [Double]
    let densities: [Double]
    let leftWing: [Double]
    let rightWing: [Double]
    /// Log-moneyness, price of the option out of the money, variance, slope, curvature.
    let points: [[Double]]

    func smile() throws -> SplineSmile {
      try SplineSmile(
        timeToExpiry: 0.5, strikes: strikes, densities: densities, leftWing: leftWing,
        rightWing: rightWing)
    }
  }

  struct Fit: Decodable, Sendable {
    let time: Double
    let places: [Double]
    let bids: [Double]
    let asks: [Double]
    let cost: Double
    let volatilities: [Double]

    func quotes() throws -> SmileQuotes {
      try SmileQuotes(
        timeToExpiry: time, forward: 1,
        quotes: places.indices.map {
          try SmileQuotes.Quote(logMoneyness: places[$0], bid: bids[$0], ask: asks[$0])
        })
    }
  }

  let laws: [Law]
  let fits: [Fit]

  static func load() throws -> SplinesReference { try Reference.load(Self.self, "splines") }
}

@Suite struct SplineFitTests {
  private func flat(
    _ volatility: Double,
    _ time: Double,
    count: Int = 9,
    halfSpread: Double = 0,
    reach: Double = 2
  ) throws -> SmileQuotes {
    let deviation = volatility * time.squareRoot()
    return try SmileQuotes(
      timeToExpiry: time, forward: 100,
      quotes: (0..<count).map {
        let part = count > 1 ? 2 * Double($0) / Double(count - 1) - 1 : 0
        return try SmileQuotes.Quote(
          logMoneyness: reach * deviation * part, bid: volatility * (1 - halfSpread),
          ask: volatility * (1 + halfSpread))
      })
  }

  /// Prices of calls over the forward, from the smile.
  private func call(_ smile: some VolatilitySmile, _ strike: Double) -> Double {
    Black.price(
      .call, forward: 1, strike: strike,
      totalVolatility: smile.totalVariance(at: log(strike)).value.squareRoot())
  }

  @Test func `total variances of laws agree with references`() throws {
    for law in try SplinesReference.load().laws {
      let smile = try law.smile()
      for point in law.points {
        let variance = smile.totalVariance(at: point[0])
        let price = Black.price(
          point[0] >= 0 ? .call : .put, forward: 1, strike: exp(point[0]),
          totalVolatility: variance.value.squareRoot())
        expectClose(price, point[1], relative: 1e-11, "\(point)")
        expectClose(variance.value, point[2], relative: 1e-12, "\(point)")
        let unit = variance.value.squareRoot()
        expectClose(variance.slope, point[3], relative: 1e-10, absolute: 1e-11 * unit, "\(point)")
        expectClose(variance.curvature, point[4], relative: 1e-8, absolute: 1e-9, "\(point)")
      }
    }
  }

  @Test func `fits agree with another solver on the same program`() throws {
    var previous: SplineSmile?
    for row in try SplinesReference.load().fits {
      let fit = try SplineFit(to: row.quotes(), after: previous)
      #expect(fit.isConverged)
      // Squares of distances of hundreds of half spreads cancel in the cost; the reference keeps the earlier law below at
      // more places than need be.
      expectClose(fit.cost, row.cost, relative: 1e-5, absolute: 1e-6, "\(row.time)")
      for (k, volatility) in zip(row.places, row.volatilities) {
        expectClose(
          fit.smile.impliedVolatility(at: k), volatility, relative: 1e-4, "\(row.time) \(k)")
      }
      previous = fit.smile
    }
  }

  @Test(arguments: [0.03, 0.3, 1.5])
  func `a flat smile is met and its law recovered`(volatility: Double) throws {
    for time in [0.001, 0.1, 1] {
      let quotes = try flat(volatility, time, count: 17, halfSpread: 0.005, reach: 2.5)
      let fit = try SplineFit(to: quotes)
      #expect(fit.isConverged && fit.butterfly.isFree)
      #expect(fit.quality.insideCount == 17)
      let deviation = volatility * time.squareRoot()
      for i in -20...20 {
        let k = 0.125 * deviation * Double(i)
        expectClose(fit.smile.impliedVolatility(at: k), volatility, relative: 2e-3, "\(k)")
        let exact = TotalVariance(value: deviation * deviation, slope: 0, curvature: 0)
        expectClose(
          fit.smile.totalVariance(at: k).density(at: k), exact.density(at: k),
          absolute: 0.02 * exact.density(at: 0), "\(k)")
      }
      for probability in [0.01, 0.3, 0.5, 0.9] {
        let normal = StandardNormal.quantile(probability)
        expectClose(
          try fit.smile.quantile(probability), deviation * normal - deviation * deviation / 2,
          absolute: 0.01 * deviation, "\(probability)")
      }
    }
  }

  @Test(arguments: 1...6)
  func `a fitted law has mass one, the forward as its mean and convex prices`(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let planted = try PlantedSmile(&generator, halfSpread: 0.01, noise: 1, ranges: [0.15, 0.3])
    let smile = try SplineFit(to: planted.quotes).smile
    let (first, last) = (smile.strikes[0], smile.strikes[smile.strikes.count - 1])
    // The density is read from total variance between the knots; beyond them it is a sum of powers.
    var (mass, mean) = (0.0, 0.0)
    for (start, end) in zip(smile.strikes, smile.strikes.dropFirst()) {
      let part = try smile.moments(over: log(start)...log(end))
      (mass, mean) = (mass + part.mass, mean + part.mean)
    }
    for (i, p) in SplineSmile.exponents.enumerated() {
      mass += smile.leftWing[i] * first / p + smile.rightWing[i] * last / (p + 1)
      mean += smile.leftWing[i] * first * first / (p + 1) + smile.rightWing[i] * last * last / p
    }
    expectClose(mass, 1, absolute: 1e-8)
    expectClose(mean, 1, absolute: 1e-8)
    let deviation = planted.smile.totalVariance(at: 0).value.squareRoot()
    let strikes = (0...400).map { exp(deviation * (Double($0) / 50 - 4)) }
    let prices = strikes.map { call(smile, $0) }
    var before = -1.0
    for i in 1..<strikes.count {
      let slope = (prices[i] - prices[i - 1]) / (strikes[i] - strikes[i - 1])
      let rounding = 1e-15 / (strikes[i] - strikes[i - 1])
      #expect(slope >= before - rounding && slope <= rounding)
      before = slope
    }
  }

  @Test(arguments: [0, 0.002, 0.01, 0.03])
  func `no degenerate fit in a sweep of ranges`(halfSpread: Double) throws {
    var generator = SeededGenerator(seed: 7)
    #if DEBUG
      let count = 3
    #else
      let count = 60
    #endif
    for _ in 0..<count {
      let planted = try PlantedSmile(&generator, halfSpread: halfSpread, noise: 1)
      let deviation = planted.smile.totalVariance(at: 0).value.squareRoot()
      // Quotes this far out have no price.
      guard planted.range < 12 * deviation else { continue }
      let fit = try SplineFit(to: planted.quotes)
      #expect(fit.butterfly.isFree && fit.butterfly.densityFactor > 0, "\(planted)")
      #expect(fit.butterfly.leftWing > 0 && fit.butterfly.rightWing > 0)
      let nearest = try #require(
        planted.quotes.quotes.min { $0.logMoneyness.magnitude < $1.logMoneyness.magnitude })
      let k = nearest.logMoneyness.magnitude < 0.5 * deviation ? 0 : nearest.logMoneyness
      expectClose(
        fit.smile.impliedVolatility(at: k), planted.smile.impliedVolatility(at: k),
        relative: max(3 * halfSpread, 1e-2), "\(planted)")
    }
  }

  #if DEBUG
    /// Programs that the earlier expiry decides take seconds without optimization.
    private static let pairs = 1...2
  #else
    private static let pairs = 1...8
  #endif

  @Test(arguments: pairs)
  func `stays above the expiry before, far out too`(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let planted = try PlantedSmile(&generator, halfSpread: 0.01, noise: 1, ranges: [0.15, 0.3])
    let deviation = planted.smile.totalVariance(at: 0).value.squareRoot()
    guard planted.range < 8 * deviation else { return }
    // A later expiry quoted with less variance on one side.
    let time = planted.quotes.timeToExpiry * 1.1
    let later = try SmileQuotes(
      timeToExpiry: time, forward: 1,
      quotes: planted.quotes.quotes.map {
        let factor = (1.0 / 1.1).squareRoot() * ($0.logMoneyness < 0 ? 0.97 : 1.1)
        return try SmileQuotes.Quote(
          logMoneyness: 0.9 * $0.logMoneyness, bid: $0.bid * factor, ask: $0.ask * factor)
      })
    let surface = try SplineSurfaceFit([later, planted.quotes])
    let (first, fit) = (surface.fits[0].smile, surface.fits[1])
    #expect(try #require(fit.calendar).isFree)
    for i in -400...400 {
      let k = deviation * sinh(Double(i) / 60)
      let growth = fit.smile.totalVariance(at: k).value / first.totalVariance(at: k).value
      #expect(growth >= 1 - 1e-12, "\(k) \(growth)")
    }
    #expect(surface.surface.margins.isFree)
    #expect(surface.surface.smiles == [first, fit.smile])
    #expect(surface.quality.map(\.timeToExpiry) == [planted.quotes.timeToExpiry, time])
  }

  @Test func `wings follow Lee's bound as far as numbers reach`() throws {
    let smile = try SplineFit(to: flat(0.6, 0.1, halfSpread: 0.01)).smile
    for k in [-1e5, -300, -20, -3, 3, 20, 300, 1e5] {
      let variance = smile.totalVariance(at: k)
      #expect(variance.value > 0 && variance.value < 2 * k.magnitude)
      #expect(variance.slope * (k < 0 ? -1 : 1) > 0 && variance.slope.magnitude < 2)
      #expect(variance.densityFactor(at: k) > 0)
    }
    // The slope of a wing with the slowest power p is 2 - 4 (√(p² + p) - p).
    let law = try SplinesReference.load().laws[2].smile()
    for (wing, side) in [(law.leftWing, -1.0), (law.rightWing, 1.0)] {
      let p = try #require(zip(wing, SplineSmile.exponents).first { $0.0 > 0 }).1
      let slope = 2 - 4 * ((p * p + p).squareRoot() - p)
      expectClose(law.totalVariance(at: side * 1e8).value / 1e8, slope, relative: 1e-3)
    }
    #expect(law.totalVariance(at: .nan).value.isNaN)
    #expect(law.totalVariance(at: .infinity).value.isNaN)
  }

  /// A line of volatility that falls with the strike: where the upper wing wants less than the powers can.
  @Test func `a steep skew leaves no wing empty`() throws {
    let smiles = try [(0.1, 60_300.0), (0.4, 61_200.0)].map { time, forward in
      try SmileQuotes(
        timeToExpiry: time, forward: forward,
        quotes: stride(from: 40_000.0, through: 90_000, by: 2_500).map {
          let volatility = 0.6 - 0.2 * ($0 / forward - 1)
          return try SmileQuotes.Quote(
            logMoneyness: log($0 / forward), bid: volatility - 0.01, ask: volatility + 0.01)
        })
    }
    let fit = try SplineSurfaceFit(smiles)
    #expect(fit.surface.margins.isFree)
    #expect(fit.quality.allSatisfy { $0.insideCount == 21 })
    for fit in fit.fits {
      #expect(fit.smile.leftWing.contains { $0 > 0 } && fit.smile.rightWing.contains { $0 > 0 })
    }
  }

  @Test func `few, one-sided and locked quotes are fitted`() throws {
    for count in 1...3 {
      let fit = try SplineFit(to: flat(0.5, 0.2, count: count, halfSpread: 0.01, reach: 1))
      #expect(fit.quality.insideCount == count && fit.butterfly.isFree)
      expectClose(fit.smile.impliedVolatility(at: 0), 0.5, relative: 0.011)
    }
    let quotes = try (-8...8).map { i in
      try SmileQuotes.Quote(
        logMoneyness: 0.1 * Double(i), bid: i < -6 ? 0 : 0.6 * 0.99,
        ask: i > 6 ? .infinity : 0.6 * 1.01, middle: 0.6)
    }
    let fit = try SplineFit(to: SmileQuotes(timeToExpiry: 0.25, forward: 1, quotes: quotes))
    #expect(fit.quality.insideCount == 13 && fit.quality.quoteCount == 13)
    expectClose(fit.smile.impliedVolatility(at: 0.8), 0.6, relative: 0.02)
    let locked = try SplineFit(to: flat(0.5, 0.2))
    expectClose(locked.quality.rootMeanSquare, 0, absolute: 1e-4)
  }

  @Test func `crossed and near strikes leave quotes outside, not an arbitrage`() throws {
    let places = [-0.2, -0.1, 0, 1e-9, 0.1, 0.2]
    let volatilities = [0.5, 0.5, 0.5, 0.7, 0.2, 0.5]
    let quotes = try places.indices.map {
      try SmileQuotes.Quote(
        logMoneyness: places[$0], bid: volatilities[$0] - 0.001, ask: volatilities[$0] + 0.001)
    }
    let fit = try SplineFit(to: SmileQuotes(timeToExpiry: 0.1, forward: 1, quotes: quotes))
    #expect(fit.butterfly.isFree && fit.quality.insideCount < 6)
    #expect(throws: VolatilityError.duplicateStrike(logMoneyness: 0.1)) {
      try SmileQuotes(timeToExpiry: 0.1, forward: 1, quotes: [quotes[4], quotes[4]])
    }
  }

  @Test func `hostile quotes give a smile or an error`() throws {
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) {
      try SplineFit(to: SmileQuotes(timeToExpiry: 1, forward: 1, quotes: []))
    }
    #expect(throws: VolatilityError.tooFewQuotes(got: 0, required: 1)) { try SplineSurfaceFit([]) }
    var generator = SeededGenerator(seed: 3)
    let values = [1e-200, 1e-8, 1e-3, 0.2, 5, 1e3, 1e100, 1e300]
    let places: [Double] = [-1e300, -1e5, -3, -1e-9, 0, 1e-12, 0.5, 40, 1e200]
    let times: [Double] = [1e-300, 1e-4, 1, 1e300]
    for _ in 0..<60 {
      let quotes = try places.shuffled(using: &generator).prefix(4).map {
        let volatility = values.randomElement(using: &generator) ?? 1
        return try SmileQuotes.Quote(
          logMoneyness: $0, bid: volatility / 2, ask: volatility, middle: volatility * 0.7)
      }
      let time = times.randomElement(using: &generator) ?? 1
      do throws(VolatilityError) {
        let fit = try SplineFit(to: SmileQuotes(timeToExpiry: time, forward: 1, quotes: quotes))
        #expect(fit.butterfly.isFree)
      } catch {
        continue
      }
    }
    let quotes = try flat(0.5, 0.2, halfSpread: 0.01)
    for bad in [0, -1, Double.nan, .infinity] {
      var settings = SplineFit.Settings()
      settings.smoothness = bad
      #expect(throws: VolatilityError.self) { try SplineFit(to: quotes, settings: settings) }
    }
    let many = try (0...SplineFit.largestQuoteCount).map {
      try SmileQuotes.Quote(logMoneyness: 1e-3 * Double($0 - 500), bid: 0.5, ask: 0.6)
    }
    #expect(throws: VolatilityError.self) {
      try SplineFit(to: SmileQuotes(timeToExpiry: 1, forward: 1, quotes: many))
    }
    let late = try SplineFit(to: flat(0.5, 0.3, halfSpread: 0.01)).smile
    #expect(throws: VolatilityError.self) { try SplineFit(to: quotes, after: late) }
    #expect(throws: VolatilityError.duplicateExpiry(timeToExpiry: 0.2)) {
      try SplineSurfaceFit([quotes, quotes])
    }
  }

  @Test func `laws are checked, and coded with their checks`() throws {
    let fit = try SplineFit(to: flat(0.5, 0.2, halfSpread: 0.01))
    let data = try JSONEncoder().encode(fit)
    #expect(try JSONDecoder().decode(SplineFit.self, from: data) == fit)
    let smile = fit.smile
    let inner = Array(smile.densities.dropFirst().dropLast())
    func law(
      strikes: [Double]? = nil,
      densities: [Double]? = nil,
      left: [Double]? = nil
    ) throws -> SplineSmile {
      try SplineSmile(
        timeToExpiry: 0.2, strikes: strikes ?? smile.strikes, densities: densities ?? inner,
        leftWing: left ?? smile.leftWing, rightWing: smile.rightWing)
    }
    #expect(try law() == smile)
    #expect(throws: VolatilityError.self) { try law(strikes: []) }
    #expect(throws: VolatilityError.self) { try law(strikes: smile.strikes.reversed()) }
    #expect(throws: VolatilityError.self) { try law(strikes: smile.strikes.map { $0 * 1.001 }) }
    #expect(throws: VolatilityError.self) { try law(densities: inner.map { $0 * 1.001 }) }
    #expect(throws: VolatilityError.self) { try law(densities: [-1] + inner.dropFirst()) }
    #expect(throws: VolatilityError.self) { try law(left: [1]) }
    #expect(throws: VolatilityError.self) { try law(left: smile.leftWing.map { _ in Double.nan }) }
    let text = try #require(String(data: JSONEncoder().encode(smile), encoding: .utf8))
      .replacingOccurrences(of: "\"timeToExpiry\":0.2", with: "\"timeToExpiry\":-1")
    #expect(throws: VolatilityError.self) {
      try JSONDecoder().decode(SplineSmile.self, from: Data(text.utf8))
    }
  }
}

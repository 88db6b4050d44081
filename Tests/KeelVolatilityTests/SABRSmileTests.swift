import Foundation
import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

@Suite struct SABRSmileTests {
  @Test func `values and derivatives are those of the formula in cash`() throws {
    for row in try SmilesReference.load().formulas {
      let alpha = row.alpha * pow(row.forward, row.beta - 1)
      let smile = try SABRSmile(
        timeToExpiry: row.time, alpha: alpha, beta: row.beta, rho: row.rho, nu: row.nu)
      for point in row.points {
        let (k, value) = (try #require(point[0]), try #require(point[1]))
        let variance = smile.totalVariance(at: k)
        expectClose(variance.value, value, relative: 1e-13)
        guard let slope = point[2], let curvature = point[3] else { continue }
        let unit = value / alpha / row.time.squareRoot()
        expectClose(variance.slope, slope, relative: 1e-12, absolute: 1e-13 * (unit + value))
        expectClose(variance.curvature, curvature, relative: 1e-11, absolute: 1e-12 * (1 + value))
      }
    }
  }

  @Test func `the level solves the cubic`() throws {
    for beta in [0, 0.3, 1.0] {
      for rho in [-0.7, 0, 0.6] {
        for nu in [0, 0.3, 1.5] {
          let alpha = try SABRSmile.alpha(
            moneyVolatility: 0.6, timeToExpiry: 0.7, beta: beta, rho: rho, nu: nu)
          let smile = try SABRSmile(
            timeToExpiry: 0.7, alpha: alpha, beta: beta, rho: rho, nu: nu)
          expectClose(smile.impliedVolatility(at: 0), 0.6, relative: 1e-14)
        }
      }
    }
    #expect(throws: VolatilityError.noFit) {
      try SABRSmile.alpha(moneyVolatility: 50, timeToExpiry: 4, beta: 1, rho: -0.9, nu: 2)
    }
  }

  @Test func `the level of hostile numbers is refused or positive`() throws {
    #expect(
      throws: VolatilityError.invalidValue(
        argument: "moneyVolatility", got: .infinity, lowest: .leastNormalMagnitude,
        highest: .greatestFiniteMagnitude)
    ) {
      try SABRSmile.alpha(
        moneyVolatility: .infinity, timeToExpiry: 1, beta: 0.5, rho: 0, nu: 1e200)
    }
    #expect(throws: VolatilityError.noFit) {
      try SABRSmile.alpha(moneyVolatility: 0.5, timeToExpiry: 1, beta: 0.5, rho: 0, nu: 1e200)
    }
    let numbers = [.leastNormalMagnitude, 1e-200, 0.5, 1e9, 1e150, Double.greatestFiniteMagnitude]
    for volatility in hostileNumbers + numbers {
      for (time, nu) in numbers.flatMap({ time in numbers.map { (time, $0) } }) {
        for (beta, rho) in [(0, 0), (0.5, -0.99), (1, -0.81)] {
          guard
            let alpha = try? SABRSmile.alpha(
              moneyVolatility: volatility, timeToExpiry: time, beta: beta, rho: rho, nu: nu)
          else { continue }
          #expect(alpha >= .leastNormalMagnitude && alpha.isFinite)
        }
      }
    }
    for bad in [Double.nan, .infinity, -1] {
      for i in 0..<4 {
        var values = [1, 0.5, 0, 0.4]
        values[i] = i == 2 ? 2 * bad : bad
        #expect(throws: VolatilityError.self) {
          try SABRSmile.alpha(
            moneyVolatility: 0.5, timeToExpiry: values[0], beta: values[1], rho: values[2],
            nu: values[3])
        }
      }
    }
    // A small level has all its digits.
    let small = try SABRSmile.alpha(
      moneyVolatility: 1e-250, timeToExpiry: 1, beta: 0.5, rho: 0, nu: 0.6)
    expectClose(small, 1e-250 / 1.03, relative: 1e-14)
  }

  @Test func `survives storage, and a stored smile is checked`() throws {
    let smile = try SABRSmile(timeToExpiry: 1, alpha: 0.5, beta: 0.25, rho: -0.375, nu: 0.75)
    let data = try JSONEncoder().encode(smile)
    #expect(try JSONDecoder().decode(SABRSmile.self, from: data) == smile)
    let text = try #require(String(data: data, encoding: .utf8))
    for (good, bad) in [
      ("\"timeToExpiry\":1", "\"timeToExpiry\":-1"), ("\"alpha\":0.5", "\"alpha\":0"),
      ("\"beta\":0.25", "\"beta\":1.5"), ("\"rho\":-0.375", "\"rho\":2"),
      ("\"nu\":0.75", "\"nu\":-1"),
    ] {
      #expect(text.contains(good))
      let wrong = Data(text.replacingOccurrences(of: good, with: bad).utf8)
      #expect(throws: VolatilityError.self) {
        try JSONDecoder().decode(SABRSmile.self, from: wrong)
      }
    }
  }

  @Test(arguments: [0, 0.5, 1.0])
  func `gives planted parameters back`(beta: Double) throws {
    var generator = SeededGenerator(seed: 5)
    var count = 0
    for _ in 0..<20 {
      let time = generator.uniform(0.02...1)
      let planted = try SABRSmile(
        timeToExpiry: time, alpha: generator.uniform(0.1...1), beta: beta,
        rho: generator.uniform(-0.8...0.6), nu: generator.uniform(0.3...1.2) / time.squareRoot())
      let deviation = planted.totalVariance(at: 0).value.squareRoot()
      // Others are not fitted.
      let reach = 2.6 * deviation
      guard try ButterflyMargin(of: planted, in: -reach...reach).isFree else { continue }
      count += 1
      let quotes = try (-8...8).map { i in
        let k = 0.25 * deviation * Double(i)
        let volatility = planted.impliedVolatility(at: k)
        return try SmileQuotes.Quote(logMoneyness: k, bid: volatility, ask: volatility)
      }
      let fit = try SABRFit(
        to: SmileQuotes(timeToExpiry: time, forward: 1, quotes: quotes), beta: beta)
      #expect(fit.isConverged)
      expectClose(fit.smile.alpha, planted.alpha, relative: 1e-6)
      expectClose(fit.smile.rho, planted.rho, absolute: 1e-5)
      expectClose(fit.smile.nu, planted.nu, relative: 1e-5)
      #expect(fit.quality.insideCount <= 17)
      #expect(fit.quality.rootMeanSquare < 1e-7)
    }
    #expect(count >= 10)
  }

  @Test func `says where the density turns negative`() throws {
    let smile = try SABRSmile(timeToExpiry: 10, alpha: 0.3, beta: 0.5, rho: -0.3, nu: 0.4)
    let interval = try smile.freeInterval(within: -6...2)
    #expect(interval.lowerBound > -6 && interval.lowerBound < 0)
    let below = interval.lowerBound - 6 / 400.0
    #expect(smile.totalVariance(at: below).densityFactor(at: below) < 0)
    #expect(try ButterflyMargin(of: smile, in: interval).densityFactor >= 0)
    #expect(try !ButterflyMargin(of: smile, in: -6...2).isFree)
  }

  @Test func `hostile numbers are refused`() throws {
    let good = [1, 0.2, 0.5, -0.3, 0.4]
    for i in good.indices {
      for bad in hostileNumbers {
        var values = good
        values[i] = bad
        guard
          let smile = try? SABRSmile(
            timeToExpiry: values[0], alpha: values[1], beta: values[2], rho: values[3],
            nu: values[4])
        else { continue }
        for k in [-1, 0, 0.5] {
          let value = smile.totalVariance(at: k).value
          #expect(value.isNaN || value >= 0)
        }
      }
    }
    let quotes = try SmileQuotes(
      timeToExpiry: 1, forward: 1,
      quotes: [SmileQuotes.Quote(logMoneyness: 0, bid: 0.2, ask: 0.3)])
    #expect(throws: VolatilityError.tooFewQuotes(got: 1, required: 3)) {
      try SABRFit(to: quotes, beta: 0.5)
    }
    #expect(throws: VolatilityError.self) { try SABRFit(to: quotes, beta: .nan) }
  }
}

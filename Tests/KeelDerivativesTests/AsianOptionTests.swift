import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct AsianOptionTests {
  @Test func geometricMatchesReference() throws {
    for row in try ExoticsReference.load().geometricAverages {
      let terms = row.terms
      let model = BlackScholes(
        spot: terms[1], volatility: terms[3], rate: terms[4], carryYield: terms[5])
      let option = AsianOption(
        kind: kind(terms[0]), strike: terms[2], fixingTimes: row.times, pastFixings: row.past,
        timeToExpiry: terms[6])
      expectClose(
        model.geometricPrice(of: option), row.price, absolute: 1e-14 * (terms[1] + terms[2]),
        "\(row)")
    }
  }

  /// Many fixings approach the continuous average, which has the volatility σ/√3 (Kemna and Vorst).
  @Test func manyFixingsAreContinuous() {
    let model = BlackScholes(spot: 100, volatility: 0.4, rate: 0.05, carryYield: 0.01)
    let count = 4000
    let times = (0..<count).map { (Double($0) + 0.5) / Double(count) }
    let option = AsianOption(kind: .call, strike: 98, fixingTimes: times, timeToExpiry: 1)
    let deviation = 0.4 / 3.0.squareRoot()
    let drift = (0.05 - 0.01 - 0.08) / 2
    let forward = 100 * exponential(drift + deviation * deviation / 2)
    let continuous =
      exponential(-0.05)
      * Black.price(.call, forward: forward, strike: 98, totalVolatility: deviation)
    expectClose(model.geometricPrice(of: option), continuous, relative: 1e-6)
  }

  /// One fixing at expiry is the European option, on both averages and without an error.
  @Test func oneFixingIsEuropean() throws {
    let model = BlackScholes(spot: 100, volatility: 0.5, rate: 0.03, carryYield: 0.01)
    let option = AsianOption(kind: .put, strike: 105, fixingTimes: [0.7], timeToExpiry: 0.7)
    let european = model.price(of: EuropeanOption(kind: .put, strike: 105, timeToExpiry: 0.7))
    expectClose(model.geometricPrice(of: option), european, relative: 1e-13)
    let simulated = try model.arithmeticPrice(of: option, pairCount: 100, seed: 3)
    expectClose(simulated.price, european, relative: 1e-13)
    #expect(simulated.standardError < 1e-12 && simulated.pathCount == 200)
  }

  /// A call on the arithmetic average is worth more; parity holds within the error; the error falls with the root of
  /// the count; the control takes most of it away.
  @Test(arguments: 1...6)
  func arithmeticAverage(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let example = ExoticCase(&generator)
    let times = (1...12).map { example.time * (Double($0) / 12) }
    var option = AsianOption(
      kind: .call, strike: example.strike, fixingTimes: times, pastFixings: [97, 103],
      timeToExpiry: example.time)
    let call = try example.model.arithmeticPrice(of: option, pairCount: 20_000, seed: 1)
    let coarse = try example.model.arithmeticPrice(of: option, pairCount: 1250, seed: 2)
    let geometric = example.model.geometricPrice(of: option)
    #expect(call.price >= geometric, "\(example)")
    expectClose(call.standardError, coarse.standardError / 4, relative: 0.25)
    expectClose(
      call.price, coarse.price, absolute: 4 * (coarse.standardError + call.standardError),
      "\(example)")
    option.kind = .put
    let put = try example.model.arithmeticPrice(of: option, pairCount: 20_000, seed: 3)
    let forwards = times.map { example.model.forward(timeToExpiry: $0) }.reduce(200, +) / 14
    let parity = exponential(-example.model.rate * example.time) * (forwards - example.strike)
    let error = call.standardError + put.standardError
    expectClose(call.price - put.price, parity, absolute: 4 * error + 1e-12, "\(example)")
    #expect(
      try example.model.arithmeticPrice(of: option, pairCount: 500, seed: 9)
        == example.model.arithmeticPrice(of: option, pairCount: 500, seed: 9))
  }

  /// Two fixings against a quadrature over both: the inner one is a European option.
  @Test func twoFixingsAgainstQuadrature() throws {
    let model = BlackScholes(spot: 100, volatility: 0.6, rate: 0.04, carryYield: 0)
    let option = AsianOption(
      kind: .call, strike: 102, fixingTimes: [0.4, 1], timeToExpiry: 1)
    let rule = try GaussLegendre(count: 200)
    let exact = rule.integral(over: -9...9) { (z: Double) -> Double in
      let first = 100 * exponential((0.04 - 0.18) * 0.4 + 0.6 * 0.4.squareRoot() * z)
      let later = BlackScholes(spot: first, volatility: 0.6, rate: 0.04, carryYield: 0)
      // (S₁ + S₂)/2 − K is half of S₂ − (2 K − S₁).
      let strike = 204 - first
      let value =
        strike > 0
        ? later.price(of: EuropeanOption(kind: .call, strike: strike, timeToExpiry: 0.6))
        : first - strike * exponential(-0.04 * 0.6)
      return StandardNormal.pdf(z) * exponential(-0.04 * 0.4) * value / 2
    }
    let simulated = try model.arithmeticPrice(of: option, pairCount: 200_000, seed: 5)
    expectClose(simulated.price, exact, absolute: 3 * simulated.standardError)
    // Without the control the same paths would leave some 0.06.
    #expect(simulated.standardError < 0.02)
  }

  @Test func edgesAndBadInput() throws {
    var model = BlackScholes(spot: 100, volatility: 0.3, rate: 0.05, carryYield: 0)
    var option = AsianOption(
      kind: .call, strike: 90, fixingTimes: [], pastFixings: [96, 104], timeToExpiry: 0)
    let root = (96.0 * 104).squareRoot()
    expectClose(model.geometricPrice(of: option), root - 90, absolute: 1e-13)
    let sure = try model.arithmeticPrice(of: option, pairCount: 2, seed: 1)
    expectClose(sure.price, 10, absolute: 1e-13)
    option = AsianOption(kind: .put, strike: 90, fixingTimes: [0.5, 1], timeToExpiry: 1)
    model.spot = 0
    #expect(model.geometricPrice(of: option) == 90 * exponential(-0.05))
    expectClose(
      try model.arithmeticPrice(of: option, pairCount: 2, seed: 1).price, 90 * exponential(-0.05),
      relative: 1e-15)
    model.spot = 100
    for times in [[], [-0.1], [1.1], [.nan]] {
      option.fixingTimes = times
      #expect(model.geometricPrice(of: option).isNaN)
      #expect(throws: DerivativesError.self) {
        try model.arithmeticPrice(of: option, pairCount: 10, seed: 1)
      }
    }
    option.fixingTimes = [1]
    option.pastFixings = [0]
    #expect(model.geometricPrice(of: option).isNaN)
    option.pastFixings = []
    for count in [-1, 0, 1, 100_000_001, Int.max] {
      #expect(throws: DerivativesError.self) {
        try model.arithmeticPrice(of: option, pairCount: count, seed: 1)
      }
    }
    model.volatility = .nan
    #expect(model.geometricPrice(of: option).isNaN)
    #expect(throws: DerivativesError.self) {
      try model.arithmeticPrice(of: option, pairCount: 10, seed: 1)
    }
  }
}

import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct ContinuousEverlastingOptionTests {
  static func make(
    _ kind: EuropeanOption.Kind, _ strike: Double, _ payments: Double
  ) throws -> ContinuousEverlastingOption {
    try ContinuousEverlastingOption(kind: kind, strike: strike, paymentsPerYear: payments)
  }

  @Test func matchesReference() throws {
    for row in try PerpetualsReference.load().continuous {
      let model = BlackScholes(spot: row[1], volatility: row[3], rate: row[4], carryYield: row[5])
      let greeks = try Self.make(kind(row[0]), row[2], row[6]).greeks(in: model)
      let isInside = (row[0] == 0) == (row[1] > row[2])
      // In the money, parity adds legs that cancel: the error is relative to the larger one.
      let leg = isInside ? max(row[1], row[2]) : 0
      // The power carries the rounding of its exponent, S/V times the delta at the strike.
      let exponent =
        isInside ? 0 : (naturalLog(row[1] / row[2]) * row[8] * row[1] / row[7]).magnitude
      expectClose(
        greeks.price, row[7], relative: 3e-16 * (4 + 2 * exponent), absolute: 4e-16 * leg, "\(row)")
      expectClose(
        greeks.delta, row[8], relative: 3e-16 * (4 + 2 * exponent),
        absolute: isInside ? 1e-15 : 0, "\(row)")
      expectClose(greeks.gamma, row[9], relative: 2e-14, "\(row)")
      expectClose(greeks.vega.perUnitVolatility, row[10], relative: 2e-14, "\(row)")
      let legs = 1e-14 * leg / row[6]
      expectClose(greeks.rho.perUnitRate, row[11], relative: 2e-14, absolute: legs, "\(row)")
      expectClose(greeks.carryRho.perUnitRate, row[12], relative: 2e-14, absolute: legs, "\(row)")
      #expect(greeks.theta.perYear == 0)
    }
  }

  /// Differences of lower Greeks are a second way to the higher ones.
  @Test(arguments: 1...20)
  func higherGreeksAreDerivatives(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 40))
    let model = BlackScholes(
      spot: generator.uniform(70...130), volatility: generator.uniform(0.4...1.2),
      rate: generator.uniform(-0.05...0.1), carryYield: generator.uniform(-0.05...0.1))
    let payments = generator.uniform(5...300)
    let kind: EuropeanOption.Kind = seed % 2 == 0 ? .call : .put
    func greeks(_ spot: Double, _ volatility: Double, _ strike: Double) throws -> Greeks {
      let moved = BlackScholes(
        spot: spot, volatility: volatility, rate: model.rate, carryYield: model.carryYield)
      return try Self.make(kind, strike, payments).greeks(in: moved)
    }
    let (spot, volatility) = (model.spot, model.volatility)
    let at = try greeks(spot, volatility, 100)
    func slope(_ h: Double, _ move: (Double) throws -> Double) throws -> Double {
      try (8 * (move(h) - move(-h)) - (move(2 * h) - move(-2 * h))) / (12 * h)
    }
    func check(_ value: Double, _ slope: Double) {
      expectClose(value, slope, relative: 2e-6, absolute: 1e-9)
    }
    let (dv, ds) = (1e-3 * volatility, min(1e-3 * spot, (spot - 100).magnitude / 4))
    check(
      at.vanna.perUnitVolatility,
      try slope(dv) { try greeks(spot, volatility + $0, 100).delta })
    check(
      at.volga.perSquaredUnit,
      try slope(dv) { try greeks(spot, volatility + $0, 100).vega.perUnitVolatility })
    check(
      at.ultima.perCubedUnit,
      try slope(dv) { try greeks(spot, volatility + $0, 100).volga.perSquaredUnit })
    check(
      at.zomma.perUnitVolatility,
      try slope(dv) { try greeks(spot, volatility + $0, 100).gamma })
    check(at.speed, try slope(ds) { try greeks(spot + $0, volatility, 100).gamma })
    check(at.dualDelta, try slope(ds) { try greeks(spot, volatility, 100 + $0).price })
    check(at.dualGamma, try slope(ds) { try greeks(spot, volatility, 100 + $0).dualDelta })
  }

  /// Many small payments: the sum of dated options tends to the closed form.
  @Test(arguments: 1...6)
  func isTheLimitOfSums(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let model = BlackScholes(
      spot: 100, volatility: generator.uniform(0.4...1.2), rate: generator.uniform(-0.05...0.1),
      carryYield: generator.uniform(-0.05...0.1))
    let kind: EuropeanOption.Kind = seed % 2 == 0 ? .call : .put
    let strike = generator.uniform(97...103)
    // The mean of both sides of a payment is the trapezoidal rule for the integral whose weights
    // decay as those of the sum; the root of time at zero leaves an error of the order 3/2.
    func error(_ paymentsPerPeriod: Double) throws -> Double {
      let option = try EverlastingOption(
        kind: kind, strike: strike, interval: FundingInterval(hours: 24 / paymentsPerPeriod),
        fundingShare: 1 / paymentsPerPeriod)
      let decay = naturalLog(1 + option.fundingShare) * option.interval.intervalsPerYear
      let limit = try Self.make(kind, strike, decay).greeks(in: model).price
      let before = option.value(in: model, timeToNextFunding: 0).greeks.price
      let after = option.value(in: model, timeToNextFunding: option.interval.years).greeks.price
      return ((before + after) / 2 - limit) / limit
    }
    let (coarse, fine) = (try error(20), try error(80))
    #expect(fine.magnitude < 2e-4 && fine.magnitude < coarse.magnitude / 6, "\(coarse) \(fine)")
  }

  /// Value, delta and gamma satisfy the stationary equation with its funding.
  @Test(arguments: 1...40)
  func satisfiesItsEquation(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<20 {
      let model = BlackScholes(
        spot: power(10, generator.uniform(-3...5)), volatility: generator.uniform(0.01...3),
        rate: generator.uniform(-0.3...0.3), carryYield: generator.uniform(-0.3...0.3))
      let payments = power(10, generator.uniform(0...4))
      let strike = model.spot * power(10, generator.uniform(-0.5...0.5))
      let kind: EuropeanOption.Kind = generator.uniform() < 0.5 ? .call : .put
      let greeks = try Self.make(kind, strike, payments).greeks(in: model)
      let payoff = max(0, kind == .call ? model.spot - strike : strike - model.spot)
      let diffusion =
        model.volatility * model.volatility * model.spot * model.spot * greeks.gamma / 2
      let drift = (model.rate - model.carryYield) * model.spot * greeks.delta
      let residual =
        diffusion + drift - model.rate * greeks.price - payments * (greeks.price - payoff)
      let scale = diffusion + drift.magnitude + payments * (greeks.price + payoff)
      #expect(residual.magnitude <= max(1e-13 * scale, 1e-300), "\(seed)")
    }
  }

  /// The call less the put is linear in spot, and both sides of the strike meet.
  @Test(arguments: 1...40)
  func parityAndSmoothness(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let payments = generator.uniform(1...1_000)
    var model = BlackScholes(
      spot: 100, volatility: generator.uniform(0.05...2), rate: generator.uniform(-0.2...0.3),
      carryYield: generator.uniform(-0.2...0.3))
    let call = try Self.make(.call, 100, payments)
    let put = try Self.make(.put, 100, payments)
    for spot in [50, 100.0.nextDown, 100, 100.0.nextUp, 180] {
      model.spot = spot
      let difference = call.greeks(in: model).price - put.greeks(in: model).price
      let parity =
        spot * payments / (payments + model.carryYield)
        - 100 * payments / (payments + model.rate)
      expectClose(difference, parity, absolute: 1e-13 * spot)
    }
    model.spot = 100
    let below = call.greeks(in: model)
    model.spot = 100.0.nextUp
    let above = call.greeks(in: model)
    expectClose(below.price, above.price, relative: 1e-11)
    expectClose(below.delta, above.delta, relative: 1e-11)
    expectClose(below.gamma, above.gamma, relative: 1e-11)
    expectClose(below.vega.perUnitVolatility, above.vega.perUnitVolatility, relative: 1e-11)
    expectClose(below.rho.perUnitRate, above.rho.perUnitRate, relative: 1e-8, absolute: 1e-9)
    expectClose(
      below.carryRho.perUnitRate, above.carryRho.perUnitRate, relative: 1e-8, absolute: 1e-9)
  }

  @Test func limitsWithoutVolatility() throws {
    // With a drift of 10 % a call at 110 is reached after ln(1.1)/0.1 years and kept from then on.
    let model = BlackScholes(spot: 100, volatility: 0, rate: 0.1, carryYield: 0)
    let call = try Self.make(.call, 110, 2).greeks(in: model)
    let reached = naturalLog(1.1) / 0.1
    let expected =
      100 * exponential(-2 * reached) - 110 * 2 / 2.1 * exponential(-2.1 * reached)
    expectClose(call.price, expected, relative: 1e-14)
    #expect(call.vega.perUnitVolatility == 0)
    // Without a drift it never is.
    let still = BlackScholes(spot: 100, volatility: 0, rate: 0.1, carryYield: 0.1)
    #expect(try Self.make(.call, 110, 2).greeks(in: still).price == 0)
    #expect(try Self.make(.call, 100, 2).greeks(in: still).price == 0)
    let away = BlackScholes(spot: 100, volatility: 0, rate: 0, carryYield: 0.1)
    #expect(try Self.make(.call, 110, 2).greeks(in: away).price == 0)
    expectClose(
      try Self.make(.put, 110, 2).greeks(in: still).price, 10 * 2 / 2.1, relative: 1e-14)
    // A tiny volatility is close to none.
    var tiny = model
    tiny.volatility = 1e-8
    expectClose(try Self.make(.call, 110, 2).greeks(in: tiny).price, expected, relative: 1e-12)
  }

  @Test func isDefinedForHostileNumbers() throws {
    for number in hostileNumbers {
      if !(number > 0 && number.isFinite) {
        #expect(throws: DerivativesError.self) { try Self.make(.call, number, 1) }
        #expect(throws: DerivativesError.self) { try Self.make(.call, 1, number) }
      }
      for kind in EuropeanOption.Kind.allCases {
        let option = try Self.make(kind, 100, 365)
        for place in 0..<4 {
          var inputs = [100.0, 0.5, 0.05, 0.02]
          inputs[place] = number
          let price = option.greeks(
            in: BlackScholes(
              spot: inputs[0], volatility: inputs[1], rate: inputs[2], carryYield: inputs[3])
          ).price
          let isOutside =
            !number.isFinite || (number <= 0 && place == 0) || (number < 0 && place == 1)
            || number < -365
          if isOutside { #expect(price.isNaN, "\(inputs)") }
          if !isOutside && number.magnitude < 1e299 { #expect(price >= 0, "\(inputs) \(price)") }
        }
      }
    }
    let option = try Self.make(.put, 100, 365)
    #expect(try roundTrip(option) == option)
    #expect(throws: DecodingError.self) {
      try decoded(
        ContinuousEverlastingOption.self, #"{"kind": "put", "strike": 0, "paymentsPerYear": 1}"#)
    }
  }
}

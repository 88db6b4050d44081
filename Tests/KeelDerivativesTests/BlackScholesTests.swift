import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct BlackScholesTests {
  @Test func matchesReference() throws {
    let rows = try BlackReference.load().greeks
    #expect(rows.count > 500)
    for row in rows {
      let model = BlackScholes(
        spot: row[1], volatility: row[4], rate: row[5], carryYield: row[6])
      let option = EuropeanOption(kind: kind(row[0]), strike: row[2], timeToExpiry: row[3])
      let greeks = model.greeks(of: option)
      let values = [
        greeks.price, greeks.delta, greeks.gamma, greeks.vega.perUnitVolatility,
        greeks.theta.perYear, greeks.rho.perUnitRate, greeks.carryRho.perUnitRate,
      ]
      #expect(greeks.price == model.price(of: option))
      for i in 0..<7 {
        let reference = row[7 + i]
        let scale = i == 4 ? row[14] : reference.magnitude
        let error = (values[i] - reference).magnitude / scale
        #expect(error <= 2e-15, "Greek \(i): \(values[i]) for \(reference) in \(row)")
      }
    }
  }

  /// Central differences of the price are a second way to every Greek.
  @Test(arguments: 1...50)
  func agreesWithDifferences(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let model = BlackScholes(
      spot: generator.uniform(50...200), volatility: generator.uniform(0.1...1.5),
      rate: generator.uniform(-0.1...0.2), carryYield: generator.uniform(-0.1...0.2))
    let option = EuropeanOption(
      kind: seed % 2 == 0 ? .call : .put,
      strike: model.spot * generator.uniform(0.7...1.4),
      timeToExpiry: generator.uniform(0.1...2))
    let greeks = model.greeks(of: option)

    func difference(
      _ h: Double, _ change: (inout BlackScholes, inout EuropeanOption, Double) -> Void
    )
      -> Double
    {
      func value(_ step: Double) -> Double {
        var (m, o) = (model, option)
        change(&m, &o, step)
        return m.price(of: o)
      }
      // Fourth order.
      return (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h)
    }
    let scale = 1e-8 * model.spot
    expectClose(
      greeks.delta, difference(1e-3 * model.spot) { m, _, h in m.spot += h }, absolute: 1e-8)
    expectClose(
      greeks.vega.perUnitVolatility, difference(1e-3) { m, _, h in m.volatility += h },
      absolute: scale)
    expectClose(
      greeks.theta.perYear, difference(1e-3) { _, o, h in o.timeToExpiry -= h },
      absolute: 1e-5 * model.spot)
    expectClose(
      greeks.rho.perUnitRate, difference(1e-3) { m, _, h in m.rate += h }, absolute: scale)
    expectClose(
      greeks.carryRho.perUnitRate, difference(1e-3) { m, _, h in m.carryYield += h },
      absolute: scale)
    let h = 1e-3 * model.spot
    var (up, down) = (model, model)
    up.spot += h
    down.spot -= h
    let slope = (up.greeks(of: option).delta - down.greeks(of: option).delta) / (2 * h)
    expectClose(greeks.gamma, slope, relative: 1e-3)
  }

  /// Theta, delta and gamma satisfy the Black-Scholes equation.
  @Test(arguments: 1...50)
  func satisfiesItsEquation(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<20 {
      let spot = power(10, generator.uniform(-3...5))
      let volatility = generator.uniform(0.01...3)
      let (rate, carry) = (generator.uniform(-0.3...0.3), generator.uniform(-0.3...0.3))
      let model = BlackScholes(
        spot: spot, volatility: volatility, rate: rate, carryYield: carry)
      let option = EuropeanOption(
        kind: generator.uniform() < 0.5 ? .call : .put,
        strike: spot * power(10, generator.uniform(-1...1)),
        timeToExpiry: power(10, generator.uniform(-4...1)))
      let greeks = model.greeks(of: option)
      let diffusion = volatility * volatility * spot * spot * greeks.gamma / 2
      let drift = (rate - carry) * spot * greeks.delta
      let scale =
        diffusion + drift.magnitude + (rate * greeks.price).magnitude
        + option.strike * rate.magnitude
      #expect(
        (greeks.theta.perYear + diffusion + drift - rate * greeks.price).magnitude
          <= 1e-13 * scale)
    }
  }

  @Test func statesItsUnits() {
    let model = BlackScholes(spot: 100, volatility: 0.2, rate: 0.05, carryYield: 0)
    let greeks = model.greeks(of: EuropeanOption(kind: .call, strike: 100, timeToExpiry: 1))
    // J. C. Hull, "Options, Futures, and Other Derivatives": the standard one-year example.
    expectClose(greeks.price, 10.450583572185565, relative: 1e-15)
    expectClose(
      greeks.vega.perVolatilityPoint, greeks.vega.perUnitVolatility * 0.01, relative: 1e-15)
    expectClose(greeks.theta.perDay * 365, greeks.theta.perYear, relative: 1e-15)
    expectClose(greeks.rho.perBasisPoint * 1e4, greeks.rho.perUnitRate, relative: 1e-15)
    #expect(
      greeks.theta.perYear < 0 && greeks.rho.perUnitRate > 0 && greeks.carryRho.perUnitRate < 0)
    let book = 2 * greeks + -2 * greeks
    #expect(book.price == 0 && book.theta.perYear == 0 && book.carryRho.perUnitRate == 0)
  }

  @Test func hasItsLimits() {
    let call = EuropeanOption(kind: .call, strike: 90, timeToExpiry: 0)
    let put = EuropeanOption(kind: .put, strike: 90, timeToExpiry: 0)
    let model = BlackScholes(spot: 100, volatility: 0.5, rate: 0.1, carryYield: 0.02)
    let expired = model.greeks(of: call)
    #expect(expired.price == 10 && expired.delta == 1 && expired.gamma == 0)
    #expect(expired.vega.perUnitVolatility == 0 && expired.rho.perUnitRate == 0)
    expectClose(expired.theta.perYear, 0.02 * 100 - 0.1 * 90, relative: 1e-15)
    #expect(model.greeks(of: put).price == 0 && model.greeks(of: put).delta == 0)

    let atTheMoney = model.greeks(of: EuropeanOption(kind: .call, strike: 100, timeToExpiry: 0))
    #expect(atTheMoney.price == 0 && atTheMoney.delta == 0.5)
    #expect(atTheMoney.gamma == .infinity && atTheMoney.theta.perYear == -.infinity)

    var still = model
    still.volatility = 0
    let certain = still.greeks(of: EuropeanOption(kind: .call, strike: 90, timeToExpiry: 1))
    expectClose(certain.price, 100 * exponential(-0.02) - 90 * exponential(-0.1), relative: 1e-15)
    expectClose(certain.delta, exponential(-0.02), relative: 1e-15)
    #expect(certain.gamma == 0 && certain.vega.perUnitVolatility == 0)

    let worthless = BlackScholes(spot: 0, volatility: 0.5, rate: 0.1, carryYield: 0)
      .greeks(of: EuropeanOption(kind: .put, strike: 90, timeToExpiry: 1))
    expectClose(worthless.price, 90 * exponential(-0.1), relative: 1e-15)
    #expect(worthless.delta == -1 && worthless.gamma == 0)
    expectClose(model.forward(timeToExpiry: 1), 100 * exponential(0.08), relative: 1e-15)
  }

  @Test func isDefinedForHostileNumbers() {
    for number in hostileNumbers {
      for place in 0..<6 {
        var inputs = [100.0, 0.3, 0.05, 0.01, 110.0, 0.5]
        inputs[place] = number
        let model = BlackScholes(
          spot: inputs[0], volatility: inputs[1], rate: inputs[2], carryYield: inputs[3])
        for kind in EuropeanOption.Kind.allCases {
          let option = EuropeanOption(kind: kind, strike: inputs[4], timeToExpiry: inputs[5])
          let price = model.price(of: option)
          let greeks = model.greeks(of: option)
          #expect(price == greeks.price || (price.isNaN && greeks.price.isNaN))
          let isRate = place == 2 || place == 3
          let isOutside = !number.isFinite || (number < 0 && !isRate)
          if isOutside {
            #expect(price.isNaN && greeks.delta.isNaN, "\(inputs)")
          } else if number.magnitude < 1e299 {
            #expect(price >= 0, "\(inputs)")
            #expect(!greeks.delta.isNaN && !greeks.theta.perYear.isNaN, "\(inputs)")
            #expect(greeks.values.allSatisfy { !$0.isNaN }, "\(inputs) \(greeks)")
          }
        }
      }
    }
  }

  @Test func limitsWhereAFactorLeavesTheRange() {
    // The forward overflows to infinity, also where its exponent carries a negative low part.
    for time in [0.9, Double(1).nextDown, 1.5, 3.3] {
      let model = BlackScholes(
        spot: .greatestFiniteMagnitude, volatility: 0.3, rate: 0.5, carryYield: 0.03)
      #expect(model.forward(timeToExpiry: time) == .infinity)
    }
    // At the money at expiry the time value falls at an infinite rate, however small its scale.
    for size in [1e-300, 1e-200, 1, 1e200] {
      let model = BlackScholes(spot: size, volatility: 1e-300, rate: 0, carryYield: 0)
      let greeks = model.greeks(of: EuropeanOption(kind: .call, strike: size, timeToExpiry: 0))
      #expect(greeks.theta.perYear == -.infinity && greeks.delta == 0.5, "\(size)")
    }
    // A leg that is never exercised has no delta, even under a discount factor that overflows.
    let model = BlackScholes(spot: 0, volatility: 1e300, rate: 0, carryYield: -1e300)
    let put = EuropeanOption(kind: .put, strike: 0, timeToExpiry: 0.5)
    #expect(model.greeks(of: put).delta == 0)
  }
}

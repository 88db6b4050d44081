import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct LookbackOptionTests {
  /// A sixth of the rows has no carry, a sixth next to none.
  @Test func matchesReference() throws {
    for row in try ExoticsReference.load().lookbacks {
      let model = BlackScholes(spot: row[2], volatility: row[5], rate: row[6], carryYield: row[7])
      let option = LookbackOption(
        kind: kind(row[0]), strike: row[1] == 1 ? .fixed(row[3]) : .floating, extreme: row[4],
        timeToExpiry: row[8])
      // The mean of a heavy tail may exceed the spot: its own size counts too.
      let size = row[2] + row[3] + row[4] + row[9]
      expectClose(model.price(of: option), row[9], absolute: 3e-14 * size, "\(row)")
    }
  }

  /// Published: Haug, The Complete Guide to Option Pricing Formulas (2007), table 4-10, floating call 25.3533.
  @Test func matchesPublishedValue() {
    let model = BlackScholes(spot: 120, volatility: 0.3, rate: 0.1, carryYield: 0.06)
    let option = LookbackOption(kind: .call, strike: .floating, extreme: 100, timeToExpiry: 0.5)
    expectClose(model.price(of: option), 25.3533, absolute: 1e-4)
  }

  /// Prices run through the switch to the mean of the slope without a step.
  @Test func carrySwitchIsSmooth() {
    for carry in [0.05, -0.05] {
      for strike in [LookbackOption.Strike.floating, .fixed(105)] {
        for kind in [EuropeanOption.Kind.call, .put] {
          let option = LookbackOption(kind: kind, strike: strike, timeToExpiry: 1.5)
          func price(_ factor: Double) -> Double {
            // The switch is at 5 % of the variance.
            BlackScholes(
              spot: 100, volatility: 0.5, rate: 0.03 + 0.25 * carry * factor, carryYield: 0.03
            ).price(of: option)
          }
          expectClose(price(1 + 1e-13), price(1 - 1e-13), relative: 2e-14)
        }
      }
    }
  }

  @Test(arguments: 1...20)
  func greeksAreDifferences(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let example = ExoticCase(&generator)
    for strike in [LookbackOption.Strike.floating, .fixed(example.strike)] {
      let isOnMaximum = (example.kind == .call) == (strike != .floating)
      let option = LookbackOption(
        kind: example.kind, strike: strike,
        extreme: isOnMaximum ? generator.uniform(105...140) : generator.uniform(60...95),
        timeToExpiry: example.time)
      let greeks = example.model.greeks(of: option)
      expectClose(greeks.price, example.model.price(of: option), absolute: 1e-12)
      expectDifferences(
        greeks, of: { $0.price(of: option) }, at: example.model, "\(example) \(option)")
      expectPricingEquation(greeks, example.model, "\(example) \(option)")
    }
  }

  /// A floating put is a fixed call on the maximum so far, and so on; all exceed European options.
  @Test(arguments: 1...30)
  func kindsBelongTogether(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let example = ExoticCase(&generator)
    let (model, time) = (example.model, example.time)
    let discount = exponential(-model.rate * time)
    let held = model.spot * exponential(-model.carryYield * time)
    func price(
      _ kind: EuropeanOption.Kind,
      _ strike: LookbackOption.Strike,
      _ extreme: Double
    ) -> Double {
      model.price(
        of: LookbackOption(kind: kind, strike: strike, extreme: extreme, timeToExpiry: time))
    }
    let highest = generator.uniform(100...140)
    expectClose(
      price(.put, .floating, highest),
      price(.call, .fixed(highest), highest) + highest * discount - held, absolute: 1e-11)
    let lowest = generator.uniform(60...100)
    expectClose(
      price(.call, .floating, lowest),
      price(.put, .fixed(lowest), lowest) + held - lowest * discount, absolute: 1e-11)
    let european = model.price(of: example.european)
    let fixed = price(example.kind, .fixed(example.strike), 100)
    #expect(fixed >= european - 1e-12, "\(example)")
  }

  @Test func edgesAndBadInput() {
    var model = BlackScholes(spot: 100, volatility: 0.4, rate: 0.05, carryYield: 0)
    var option = LookbackOption(kind: .call, strike: .floating, extreme: 80, timeToExpiry: 0)
    #expect(model.price(of: option) == 20)
    option = LookbackOption(kind: .put, strike: .fixed(90), extreme: 85, timeToExpiry: 0)
    #expect(model.price(of: option) == 5)
    option.timeToExpiry = 1
    model.volatility = 0
    expectClose(model.price(of: option), 5 * exponential(-0.05), relative: 1e-15)
    #expect(model.greeks(of: option).delta.isNaN)
    model.volatility = 1e-3
    expectClose(model.price(of: option), 5 * exponential(-0.05), relative: 1e-10)
    // Without strike: the maximum itself, which the floating put has too.
    model.volatility = 0.4
    let maximum = model.price(
      of: LookbackOption(kind: .call, strike: .fixed(0), extreme: 110, timeToExpiry: 1))
    let put = model.price(
      of: LookbackOption(kind: .put, strike: .floating, extreme: 110, timeToExpiry: 1))
    expectClose(maximum, put + 100, absolute: 1e-12)
    let small = model.price(
      of: LookbackOption(kind: .call, strike: .fixed(1e-12), extreme: 110, timeToExpiry: 1))
    expectClose(maximum, small, absolute: 1e-11)
    // A minimum of zero stays.
    expectClose(
      model.price(of: LookbackOption(kind: .call, strike: .floating, extreme: 0, timeToExpiry: 1)),
      100, relative: 1e-15)
    // A passed extreme is the spot.
    option = LookbackOption(kind: .call, strike: .fixed(95), extreme: 90, timeToExpiry: 1)
    let passed = model.price(of: option)
    option.extreme = nil
    #expect(model.price(of: option) == passed)
    for bad in [-1, Double.nan, .infinity] {
      var other = option
      other.extreme = bad
      #expect(model.price(of: other).isNaN && model.greeks(of: other).delta.isNaN)
      other = option
      other.strike = .fixed(bad)
      #expect(model.price(of: other).isNaN)
      other = option
      other.timeToExpiry = bad
      #expect(model.price(of: other).isNaN)
    }
  }

  /// Carry of any sign, long and short times: within what the extreme can be.
  @Test(arguments: 1...60)
  func extremesStayInBounds(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let model = BlackScholes(
      spot: 100, volatility: power(10, generator.uniform(-4...0.3)),
      rate: generator.uniform(0...0.5), carryYield: generator.uniform(-0.5...0.5))
    let time = power(10, generator.uniform(-6...1))
    let lowest = generator.uniform(50...100)
    let price = model.price(
      of: LookbackOption(kind: .put, strike: .fixed(120), extreme: lowest, timeToExpiry: time))
    let discount = exponential(-model.rate * time)
    #expect(
      price >= (120 - lowest) * discount - 1e-11 && price <= 120 * discount, "\(model) \(time)")
  }
}

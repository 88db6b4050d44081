import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct DoubleBarrierOptionTests {
  @Test func matchesReference() throws {
    for row in try ExoticsReference.load().doubleBarriers {
      let model = BlackScholes(spot: row[1], volatility: row[6], rate: row[7], carryYield: row[8])
      let option = DoubleBarrierOption(
        kind: kind(row[0]), strike: row[2], lowerBarrier: row[3], upperBarrier: row[4],
        effect: row[5] == 1 ? .knockIn : .knockOut, timeToExpiry: row[9])
      expectClose(
        model.price(of: option), row[10], absolute: 1e-14 * (row[1] + row[2]), "\(row)")
      // What survives has its digits however little it is.
      if row[5] == 0 && row[10] > 1e-12 {
        expectClose(model.price(of: option), row[10], relative: 1e-9, "\(row)")
      }
    }
  }

  /// Both series at the same numbers: the switch is where the levels are two deviations apart.
  @Test func seriesMeet() {
    for kind in [EuropeanOption.Kind.call, .put] {
      let option = DoubleBarrierOption(
        kind: kind, strike: 100, lowerBarrier: 80, upperBarrier: 130, effect: .knockOut,
        timeToExpiry: 1)
      let atSwitch = naturalLog(130.0 / 80) / 2
      var model = BlackScholes(
        spot: 95, volatility: atSwitch * (1 - 1e-12), rate: 0.05, carryYield: 0.02)
      let reflections = model.greeks(of: option)
      model.volatility = atSwitch * (1 + 1e-12)
      let waves = model.greeks(of: option)
      expectClose(reflections.price, waves.price, relative: 1e-11)
      expectClose(reflections.delta, waves.delta, absolute: 1e-11)
      expectClose(reflections.gamma, waves.gamma, absolute: 1e-11)
      expectClose(
        reflections.vega.perUnitVolatility, waves.vega.perUnitVolatility, relative: 1e-9)
    }
  }

  @Test(arguments: 1...20)
  func greeksAreDifferences(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let example = ExoticCase(&generator)
    for effect in BarrierOption.Effect.allCases {
      let option = DoubleBarrierOption(
        kind: example.kind, strike: example.strike, lowerBarrier: generator.uniform(60...90),
        upperBarrier: generator.uniform(110...170), effect: effect, timeToExpiry: example.time)
      let greeks = example.model.greeks(of: option)
      expectClose(greeks.price, example.model.price(of: option), absolute: 1e-12)
      expectDifferences(
        greeks, of: { $0.price(of: option) }, at: example.model, "\(example) \(option)")
      expectPricingEquation(greeks, example.model, "\(example) \(option)")
    }
  }

  /// A far level leaves the other one, both far ones the European option.
  @Test(arguments: 1...20)
  func farLevelsDoNotMatter(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let example = ExoticCase(&generator)
    let level = generator.uniform(60...95)
    var option = DoubleBarrierOption(
      kind: example.kind, strike: example.strike, lowerBarrier: level, upperBarrier: 1e9,
      effect: .knockOut, timeToExpiry: example.time)
    let one = BarrierOption(
      kind: example.kind, strike: example.strike, barrier: level, direction: .down,
      effect: .knockOut, timeToExpiry: example.time)
    expectClose(
      example.model.price(of: option), example.model.price(of: one), absolute: 1e-11, "\(example)")
    option.lowerBarrier = 1e-7
    expectClose(
      example.model.price(of: option), example.model.price(of: example.european), absolute: 1e-11,
      "\(example)")
    option.lowerBarrier = 0
    expectClose(
      example.model.price(of: option), example.model.price(of: example.european), absolute: 1e-11,
      "\(example)")
  }

  /// Nothing survives for long between near levels; no number is out of bounds.
  @Test(arguments: 1...60)
  func extremesStayInBounds(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let model = BlackScholes(
      spot: 100, volatility: power(10, generator.uniform(-4...1)),
      rate: generator.uniform(0...0.5), carryYield: generator.uniform(-0.5...0.5))
    let option = DoubleBarrierOption(
      kind: generator.uniform() < 0.5 ? .call : .put, strike: generator.uniform(50...200),
      lowerBarrier: 100 * exponential(-power(10, generator.uniform(-4...0.7))),
      upperBarrier: 100 * exponential(power(10, generator.uniform(-4...0.7))), effect: .knockOut,
      timeToExpiry: power(10, generator.uniform(-6...2)))
    let whole = model.price(
      of: EuropeanOption(
        kind: option.kind, strike: option.strike, timeToExpiry: option.timeToExpiry))
    let price = model.price(of: option)
    let size = 100 * exponential(-model.carryYield * option.timeToExpiry) + option.strike
    #expect(price >= 0 && price <= whole + 1e-12 * size, "\(model) \(option)")
  }

  @Test func edgesAndBadInput() {
    var model = BlackScholes(spot: 100, volatility: 0.3, rate: 0.05, carryYield: 0)
    var option = DoubleBarrierOption(
      kind: .call, strike: 90, lowerBarrier: 80, upperBarrier: 120, effect: .knockOut,
      timeToExpiry: 0)
    #expect(model.price(of: option) == 10)
    option.timeToExpiry = 1
    for spot in [80.0, 120, 79, 121] {
      model.spot = spot
      #expect(model.price(of: option) == 0 && model.greeks(of: option).delta.isNaN)
    }
    model.spot = 100
    model.volatility = 0
    let european = model.price(of: EuropeanOption(kind: .call, strike: 90, timeToExpiry: 1))
    #expect(model.price(of: option) == european)
    option.upperBarrier = 105
    #expect(model.price(of: option) == 0)
    option.effect = .knockIn
    #expect(model.price(of: option) == european)
    model.volatility = 0.3
    for bad in [-1, Double.nan, .infinity] {
      var other = option
      other.lowerBarrier = bad
      #expect(model.price(of: other).isNaN)
      other = option
      other.upperBarrier = bad
      #expect(model.price(of: other).isNaN)
    }
    option.lowerBarrier = 110
    #expect(model.price(of: option).isNaN)
  }
}

import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct BarrierOptionTests {
  /// Some units in the last place of the larger leg.
  @Test func matchesReference() throws {
    for row in try ExoticsReference.load().barriers {
      let model = BlackScholes(spot: row[1], volatility: row[8], rate: row[9], carryYield: row[10])
      let option = BarrierOption(
        kind: kind(row[0]), strike: row[2], barrier: row[3], direction: row[4] == 1 ? .up : .down,
        effect: row[5] == 1 ? .knockIn : .knockOut, timeToExpiry: row[11], rebate: row[6],
        rebateTime: row[7] == 1 ? .atHit : .atExpiry)
      let size = row[1] + row[2] + row[6]
      expectClose(model.price(of: option), row[12], absolute: 1e-14 * size, "\(row)")
    }
  }

  @Test(arguments: 1...40)
  func inAndOutAreTheWhole(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let example = ExoticCase(&generator)
    for direction in BarrierOption.Direction.allCases {
      let level = direction == .up ? generator.uniform(101...160) : generator.uniform(50...99)
      var option = BarrierOption(
        kind: example.kind, strike: example.strike, barrier: level, direction: direction,
        effect: .knockIn, timeToExpiry: example.time, rebate: 3, rebateTime: .atExpiry)
      let entering = example.model.price(of: option)
      option.effect = .knockOut
      let ending = example.model.price(of: option)
      let rebate = 3 * exponential(-example.model.rate * example.time)
      let european = example.model.price(of: example.european)
      expectClose(entering + ending, european + rebate, absolute: 1e-12, "\(example) \(option)")
      option.rebate = 0
      #expect(example.model.price(of: option) <= european + 1e-12, "\(example) \(option)")
    }
  }

  /// Greeks by dual numbers against differences of prices.
  @Test(arguments: 1...20)
  func greeksAreDifferences(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let example = ExoticCase(&generator)
    for direction in BarrierOption.Direction.allCases {
      for effect in BarrierOption.Effect.allCases {
        let option = BarrierOption(
          kind: example.kind, strike: example.strike,
          barrier: direction == .up ? generator.uniform(110...160) : generator.uniform(50...90),
          direction: direction, effect: effect, timeToExpiry: example.time, rebate: 2,
          rebateTime: .atExpiry)
        let greeks = example.model.greeks(of: option)
        expectClose(greeks.price, example.model.price(of: option), absolute: 1e-12)
        expectDifferences(
          greeks, of: { $0.price(of: option) }, at: example.model, "\(example) \(option)")
        expectPricingEquation(greeks, example.model, "\(example) \(option)")
      }
    }
  }

  /// At the level and beyond it is reached; far away it does not matter.
  @Test func levelsAreReachedOrNot() {
    let model = BlackScholes(spot: 100, volatility: 0.5, rate: 0.03, carryYield: 0.01)
    func price(_ level: Double, _ effect: BarrierOption.Effect, rebate: Double = 0) -> Double {
      model.price(
        of: BarrierOption(
          kind: .call, strike: 95, barrier: level, direction: .up, effect: effect,
          timeToExpiry: 0.5, rebate: rebate))
    }
    let european = model.price(of: EuropeanOption(kind: .call, strike: 95, timeToExpiry: 0.5))
    for level in [100.0, 99, 0] {
      #expect(price(level, .knockIn) == european)
      #expect(price(level, .knockOut, rebate: 7) == 7)
    }
    expectClose(price(1e6, .knockOut), european, relative: 1e-14)
    #expect(price(1e6, .knockIn) <= 1e-12)
    expectClose(price(100 * (1 + 1e-9), .knockOut), 0, absolute: 1e-5)
  }

  /// The forward decides without volatility: it rises to 110.5.
  @Test func certainPaths() {
    let model = BlackScholes(spot: 100, volatility: 0, rate: 0.1, carryYield: 0)
    func price(
      _ level: Double,
      _ effect: BarrierOption.Effect,
      _ time: BarrierOption.RebateTime = .atHit
    ) -> Double {
      model.price(
        of: BarrierOption(
          kind: .call, strike: 100, barrier: level, direction: .up, effect: effect,
          timeToExpiry: 1, rebate: 4, rebateTime: time))
    }
    let european = model.price(of: EuropeanOption(kind: .call, strike: 100, timeToExpiry: 1))
    #expect(price(111, .knockOut) == european)
    expectClose(price(111, .knockIn), 4 * exponential(-0.1), relative: 1e-15)
    #expect(price(105, .knockIn) == european)
    // Reached when the spot has grown by 5 %.
    expectClose(price(105, .knockOut), 4 / 1.05, relative: 1e-14)
    expectClose(price(105, .knockOut, .atExpiry), 4 * exponential(-0.1), relative: 1e-15)
    var still = model
    still.volatility = 1e-4
    let option = BarrierOption(
      kind: .call, strike: 100, barrier: 105, direction: .up, effect: .knockOut, timeToExpiry: 1,
      rebate: 4)
    expectClose(still.price(of: option), 4 / 1.05, absolute: 1e-6)
  }

  @Test func expiredAndOutsideTheDomain() {
    var model = BlackScholes(spot: 100, volatility: 0.3, rate: 0.02, carryYield: 0)
    var option = BarrierOption(
      kind: .put, strike: 110, barrier: 90, direction: .down, effect: .knockOut, timeToExpiry: 0,
      rebate: 2)
    #expect(model.price(of: option) == 10)
    option.effect = .knockIn
    #expect(model.price(of: option) == 2)
    #expect(model.greeks(of: option).delta.isNaN)
    option.timeToExpiry = 1
    for bad in [-1, Double.nan, .infinity] {
      var other = option
      other.barrier = bad
      #expect(model.price(of: other).isNaN && model.greeks(of: other).price.isNaN)
      other = option
      other.strike = bad
      #expect(model.price(of: other).isNaN)
      other = option
      other.rebate = bad
      #expect(model.price(of: other).isNaN)
      other = option
      other.timeToExpiry = bad
      #expect(model.price(of: other).isNaN)
    }
    model.spot = 0
    #expect(model.price(of: option) == 110 * exponential(-0.02))
    // A level of zero is never reached from above; one that is reached late is worth more than can be said
    // at a rate that grows faster than that.
    model = BlackScholes(spot: 100, volatility: 0.2, rate: -0.5, carryYield: -0.48)
    option = BarrierOption(
      kind: .put, strike: 110, barrier: 0, direction: .down, effect: .knockOut, timeToExpiry: 1)
    #expect(
      model.price(of: option)
        == model.price(of: EuropeanOption(kind: .put, strike: 110, timeToExpiry: 1)))
    option.barrier = 90
    option.rebate = 1
    #expect(model.price(of: option).isNaN)
    option.rebateTime = .atExpiry
    #expect(model.price(of: option) > 0)
  }

  /// Huge powers and tiny probabilities meet: small volatility with strong drift, and long deep levels.
  @Test(arguments: 1...60)
  func extremesStayInBounds(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let model = BlackScholes(
      spot: 100, volatility: power(10, generator.uniform(-4...1)),
      rate: generator.uniform(0...0.5), carryYield: generator.uniform(-0.5...0.5))
    let time = power(10, generator.uniform(-6...2))
    for direction in BarrierOption.Direction.allCases {
      let distance = power(10, generator.uniform(-4...0.7))
      let option = BarrierOption(
        kind: generator.uniform() < 0.5 ? .call : .put, strike: generator.uniform(50...200),
        barrier: 100 * exponential(direction == .up ? distance : -distance),
        direction: direction, effect: .knockIn, timeToExpiry: time, rebate: 0)
      let whole = model.price(
        of: EuropeanOption(kind: option.kind, strike: option.strike, timeToExpiry: time))
      let price = model.price(of: option)
      let size =
        100 * exponential(-model.carryYield * time) + option.strike
        * exponential(-model.rate * time)
      #expect(price >= 0 && price <= whole + 1e-12 * size, "\(model) \(option)")
    }
  }

  /// Levels that are watched at intervals against a simulation of the same.
  @Test func monitoredLevelIsThatOfASimulation() throws {
    let model = BlackScholes(spot: 100, volatility: 0.6, rate: 0.03, carryYield: 0)
    let option = BarrierOption(
      kind: .call, strike: 100, barrier: 85, direction: .down, effect: .knockOut, timeToExpiry: 0.2)
    let steps = 50
    let shifted = option.monitored(every: 0.2 / Double(steps), volatility: 0.6)
    #expect(shifted.barrier < 85)
    let (mean, error) = simulate(model, option, steps: steps, pairs: 40_000)
    // Broadie, Glasserman and Kou: the correction leaves an error of less than 0.1 % here.
    expectClose(model.price(of: shifted), mean, absolute: 3 * error + 1e-3 * mean)
    #expect((model.price(of: option) - mean).magnitude > 5 * error)
  }

  private func simulate(
    _ model: BlackScholes,
    _ option: BarrierOption,
    steps: Int,
    pairs: Int
  ) -> (mean: Double, error: Double) {
    let step = option.timeToExpiry / Double(steps)
    let drift = (model.rate - model.carryYield - model.volatility * model.volatility / 2) * step
    let deviation = model.volatility * step.squareRoot()
    let stream = RandomStream(seed: 7)
    let discount = exponential(-model.rate * option.timeToExpiry)
    let level = naturalLog(option.barrier / model.spot)
    var (sum, squares) = (0.0, 0.0)
    for pair in 0..<pairs {
      var payoff = 0.0
      for sign in [1.0, -1.0] {
        var (position, isAlive) = (0.0, true)
        for i in 0..<steps {
          position += drift + sign * deviation * stream.normal(at: UInt64(pair * steps + i))
          if position <= level { isAlive = false }
        }
        if isAlive { payoff += max(0, model.spot * exponential(position) - option.strike) / 2 }
      }
      sum += discount * payoff
      squares += discount * payoff * discount * payoff
    }
    let mean = sum / Double(pairs)
    return (mean, ((squares / Double(pairs) - mean * mean) / Double(pairs)).squareRoot())
  }
}

/// The equation of Black and Scholes, which every price between its levels solves.
func expectPricingEquation(_ greeks: Greeks, _ model: BlackScholes, _ label: String) {
  let drift = (model.rate - model.carryYield) * model.spot * greeks.delta
  let curve =
    model.volatility * model.volatility * model.spot * model.spot * greeks.gamma / 2
  let terms = [greeks.theta.perYear, drift, curve, -model.rate * greeks.price]
  let size = terms.reduce(0) { $0 + $1.magnitude }
  expectClose(terms.reduce(0, +), 0, absolute: 1e-10 * size + 1e-10, label)
}

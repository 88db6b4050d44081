import Foundation
import KeelDerivatives
import KeelTestSupport
import Testing

/// Models and payoffs that are built on the Black formula.
@Suite struct AdapterTests {
  private func random(_ generator: inout SeededGenerator) -> (BlackScholes, EuropeanOption) {
    let model = BlackScholes(
      spot: power(10, generator.uniform(-1...4)), volatility: generator.uniform(0.1...1.5),
      rate: generator.uniform(-0.05...0.15), carryYield: generator.uniform(-0.2...0.2))
    let time = generator.uniform(0.02...2)
    let moneyness = generator.uniform(-2...2) * model.volatility * time.squareRoot()
    let option = EuropeanOption(
      kind: generator.uniform() < 0.5 ? .call : .put, strike: model.spot * exponential(moneyness),
      timeToExpiry: time)
    return (model, option)
  }

  @Test(arguments: 1...20)
  func black76IsTheDiscountedForwardForm(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 900))
    let (model, option) = random(&generator)
    let black = Black76(forward: model.spot, volatility: model.volatility, rate: model.rate)
    let time = option.timeToExpiry
    let discount = exponential(-model.rate * time)
    let price = Black.price(
      option.kind, forward: model.spot, strike: option.strike,
      totalVolatility: model.volatility * time.squareRoot())
    expectClose(black.price(of: option), discount * price, relative: 2e-14)
    let greeks = black.greeks(of: option)
    expectClose(greeks.rho.perUnitRate, -time * greeks.price, relative: 0)
    #expect(greeks.carryRho.perUnitRate == 0)
    // A difference in the rate at a held forward.
    var (up, down) = (black, black)
    up.rate += 1e-5
    down.rate -= 1e-5
    expectClose(
      greeks.rho.perUnitRate, (up.price(of: option) - down.price(of: option)) / 2e-5,
      relative: 1e-7)
    let isOutOfTheMoney = (option.strike >= black.forward) == (option.kind == .call)
    if isOutOfTheMoney {
      let implied = try Black76.impliedVolatility(
        of: option, price: greeks.price, forward: black.forward, rate: black.rate)
      expectClose(implied.volatility, black.volatility, relative: 1e-13)
    }
    let same = BlackScholes.garmanKohlhagen(
      spot: model.spot, volatility: model.volatility, domesticRate: model.rate,
      foreignRate: model.carryYield)
    #expect(same == model)
  }

  /// Displacement zero is Black; a large one with volatility × displacement held is Bachelier.
  @Test func displacementJoinsTheModels() throws {
    let option = EuropeanOption(kind: .call, strike: 105, timeToExpiry: 0.5)
    let plain = DisplacedBlack(forward: 100, displacement: 0, volatility: 0.3, rate: 0.02)
    #expect(
      plain.greeks(of: option)
        == Black76(forward: 100, volatility: 0.3, rate: 0.02).greeks(of: option))
    let normal = Bachelier(forward: 100, volatility: 30, rate: 0.02)
    var distance = Double.infinity
    for displacement in [1e3, 1e4, 1e5] {
      let displaced = DisplacedBlack(
        forward: 100, displacement: displacement, volatility: 30 / (100 + displacement),
        rate: 0.02)
      let next = (displaced.price(of: option) - normal.price(of: option)).magnitude
      #expect(next < distance / 5)
      distance = next
    }
    #expect(distance < 1e-3)
    let negative = DisplacedBlack(forward: -2, displacement: 10, volatility: 0.5, rate: 0)
    let put = EuropeanOption(kind: .put, strike: -3, timeToExpiry: 1)
    let implied = try DisplacedBlack.impliedVolatility(
      of: put, price: negative.price(of: put), forward: -2, displacement: 10, rate: 0)
    expectClose(implied.volatility, 0.5, relative: 1e-14)
    #expect(
      DisplacedBlack(forward: -2, displacement: 1, volatility: 0.5, rate: 0)
        .price(of: put).isNaN)
  }

  /// A call is an asset-or-nothing less strike times a cash-or-nothing; calls and puts add to certainty.
  @Test(arguments: 1...30)
  func digitalsAddUp(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed + 930))
    let (model, option) = random(&generator)
    let time = option.timeToExpiry
    func digital(_ kind: EuropeanOption.Kind, _ payoff: DigitalOption.Payoff) -> Greeks {
      model.greeks(
        of: DigitalOption(
          kind: kind, payoff: payoff, strike: option.strike, timeToExpiry: time))
    }
    let vanilla = model.greeks(of: option)
    let sign: Double = option.kind == .call ? 1 : -1
    let cash = digital(option.kind, .cash(1))
    let joined = sign * digital(option.kind, .asset) + (-sign * option.strike) * cash
    expectClose(joined.price, vanilla.price, absolute: 1e-14 * (model.spot + option.strike))
    expectClose(joined.delta, vanilla.delta, absolute: 1e-12)
    expectClose(joined.gamma, vanilla.gamma, relative: 1e-10)
    expectClose(
      joined.vega.perUnitVolatility, vanilla.vega.perUnitVolatility,
      absolute: 1e-12 * model.spot)
    expectClose(joined.theta.perYear, vanilla.theta.perYear, absolute: 1e-11 * model.spot / time)
    // The price of a cash digital is minus the dual delta of the vanilla one.
    expectClose(cash.price, -sign * vanilla.dualDelta, relative: 1e-14)
    expectClose(cash.dualDelta, -sign * vanilla.dualGamma, relative: 1e-11)
    let both = digital(.call, .cash(3)) + digital(.put, .cash(3))
    expectClose(both.price, 3 * exponential(-model.rate * time), relative: 1e-14)
    expectClose(both.gamma * model.spot * model.spot, 0, absolute: 1e-12)
    let assets = digital(.call, .asset) + digital(.put, .asset)
    expectClose(assets.price, model.spot * exponential(-model.carryYield * time), relative: 1e-14)
  }

  @Test func digitalsHaveTheirLimits() {
    let model = BlackScholes(spot: 100, volatility: 0.5, rate: 0.1, carryYield: 0.02)
    func price(_ kind: EuropeanOption.Kind, _ strike: Double, _ time: Double) -> Double {
      model.price(
        of: DigitalOption(kind: kind, payoff: .cash(10), strike: strike, timeToExpiry: time))
    }
    #expect(price(.call, 90, 0) == 10 && price(.put, 90, 0) == 0 && price(.call, 100, 0) == 5)
    #expect(price(.call, -1, 1).isNaN && price(.call, 90, -1).isNaN)
    let certain = model.greeks(
      of: DigitalOption(kind: .call, payoff: .cash(10), strike: 90, timeToExpiry: 0))
    #expect(certain.delta == 0 && certain.gamma == 0)
    expectClose(certain.theta.perYear, 1, relative: 1e-15)
    let asset = model.greeks(
      of: DigitalOption(kind: .call, payoff: .asset, strike: 90, timeToExpiry: 0))
    #expect(asset.price == 100 && asset.delta == 1)
    for number in hostileNumbers where !number.isFinite || number < 0 {
      let greeks = model.greeks(
        of: DigitalOption(kind: .call, payoff: .asset, strike: number, timeToExpiry: 1))
      #expect(greeks.price.isNaN && greeks.delta.isNaN)
    }
  }

  @Test(arguments: 1...20)
  func structuresAreTheSumOfTheirLegs(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed + 960))
    let (model, option) = random(&generator)
    let (k, time) = (option.strike, option.timeToExpiry)
    let structures: [OptionStructure] = [
      .straddle(strike: k, timeToExpiry: time),
      .strangle(putStrike: 0.9 * k, callStrike: 1.1 * k, timeToExpiry: time),
      .verticalSpread(.call, bought: k, written: 1.2 * k, timeToExpiry: time),
      .butterfly(lower: 0.8 * k, middle: k, upper: 1.2 * k, timeToExpiry: time),
      .ironCondor(
        strikes: (0.7 * k, 0.8 * k, 1.2 * k, 1.3 * k), timeToExpiry: time),
      .riskReversal(putStrike: 0.9 * k, callStrike: 1.1 * k, timeToExpiry: time),
      .protectivePut(floor: 0.9 * k, timeToExpiry: time),
      .coveredCall(cap: 1.1 * k, timeToExpiry: time),
      .collar(floor: 0.9 * k, cap: 1.1 * k, timeToExpiry: time),
    ]
    for structure in structures {
      let greeks = model.greeks(of: structure)
      let expected = structure.legs.reduce(structure.assetQuantity * model.spot) {
        $0 + $1.quantity * model.price(of: $1.option)
      }
      #expect(model.price(of: structure) == expected)
      expectClose(greeks.price, expected, absolute: 1e-14 * (model.spot + k))
      let delta = structure.legs.reduce(structure.assetQuantity) {
        $0 + $1.quantity * model.greeks(of: $1.option).delta
      }
      expectClose(greeks.delta, delta, absolute: 1e-14)
      // At expiry the price is the payoff.
      for spot in [0.5 * k, 0.85 * k, k, 1.15 * k, 2 * k] {
        var expired = structure
        for i in expired.legs.indices { expired.legs[i].option.timeToExpiry = 0 }
        var moved = model
        moved.spot = spot
        expectClose(
          moved.price(of: expired), structure.payoff(at: spot), absolute: 1e-14 * (spot + 4 * k))
      }
    }
    // A put and a call bound the collar between floor and cap.
    let collar = OptionStructure.collar(floor: 90, cap: 120, timeToExpiry: 1)
    #expect([10, 100, 500].map { collar.payoff(at: $0) } == [90, 100, 120])
    let calendar = OptionStructure.calendarSpread(.call, strike: k, near: time, far: 2 * time)
    var later = option
    later.kind = .call
    later.timeToExpiry = 2 * time
    var sooner = later
    sooner.timeToExpiry = time
    #expect(model.price(of: calendar) == -model.price(of: sooner) + model.price(of: later))
  }

  @Test func bookAddsByUnderlyingAndExpiry() {
    let model = BlackScholes(spot: 100, volatility: 0.5, rate: 0.1, carryYield: 0.02)
    let call = model.greeks(of: EuropeanOption(kind: .call, strike: 90, timeToExpiry: 0.2))
    let put = model.greeks(of: EuropeanOption(kind: .put, strike: 90, timeToExpiry: 0.7))
    var book = GreeksBook<String, Double>()
    book.add(2, of: call, underlying: "BTC", expiry: 0.2)
    book.add(-1, of: put, underlying: "BTC", expiry: 0.7)
    book.add(3, of: put, underlying: "ETH", expiry: 0.7)
    book.add(1, of: call, underlying: "BTC", expiry: 0.2)
    #expect(book.underlyings == ["BTC", "ETH"] && book.expiries(of: "BTC") == [0.2, 0.7])
    expectClose(book.total(of: "BTC").delta, 3 * call.delta - put.delta, relative: 1e-15)
    expectClose(book.total(of: "BTC", expiry: 0.2).gamma, 3 * call.gamma, relative: 1e-15)
    expectClose(
      book.total(of: "ETH").color.perYear, 3 * put.color.perYear, relative: 1e-15)
    #expect(book.total(of: "SOL") == .zero && book.total(of: "BTC", expiry: 9) == .zero)
  }

  /// Cash dividends: the forward by stepping from payment to payment; Hull's example of a European call.
  @Test func dividendsLowerTheForward() throws {
    let model = BlackScholes(spot: 40, volatility: 0.3, rate: 0.09, carryYield: 0)
    let schedule = try DividendSchedule([
      .init(time: 5.0 / 12, amount: .cash(0.5)), .init(time: 2.0 / 12, amount: .cash(0.5)),
    ])
    // J. Hull, "Options, Futures, and Other Derivatives": S* = 39.0259, price 3.67.
    expectClose(schedule.escrowedSpot(model, timeToExpiry: 0.5), 39.0259, absolute: 1e-4)
    let call = EuropeanOption(kind: .call, strike: 40, timeToExpiry: 0.5)
    expectClose(schedule.price(of: call, model), 3.67, absolute: 5e-3)

    let mixed = try DividendSchedule([
      .init(time: 0.2, amount: .cash(1)), .init(time: 0.4, amount: .proportional(0.03)),
      .init(time: 0.6, amount: .cash(2)), .init(time: 3, amount: .cash(5)),
    ])
    var other = model
    other.carryYield = 0.02
    let growth = 0.07
    var stepped = 40 * exponential(growth * 0.2) - 1
    stepped = stepped * exponential(growth * 0.2) * 0.97
    stepped = (stepped * exponential(growth * 0.2) - 2) * exponential(growth * 0.4)
    expectClose(mixed.forward(other, timeToExpiry: 1), stepped, relative: 1e-14)
    #expect(
      try DividendSchedule([]).price(of: call, model) == model.price(of: call))
    // No discount, no dividend: Greeks agree with the plain ones at the escrowed spot.
    let greeks = mixed.greeks(of: call, other)
    #expect(greeks.price == mixed.price(of: call, other))
    var escrowed = other
    escrowed.spot = mixed.escrowedSpot(other, timeToExpiry: 0.5)
    let plain = escrowed.greeks(of: call)
    expectClose(greeks.delta, 0.97 * plain.delta, relative: 1e-13)
    expectClose(greeks.gamma, 0.97 * 0.97 * plain.gamma, relative: 1e-12)
    expectClose(
      greeks.vega.perUnitVolatility, plain.vega.perUnitVolatility, relative: 1e-12)
    // Time passes for payments and expiry alike.
    func later(_ h: Double) throws -> Double {
      let moved = try DividendSchedule(
        mixed.payments.map { .init(time: $0.time - h, amount: $0.amount) })
      var option = call
      option.timeToExpiry -= h
      return moved.price(of: option, other)
    }
    expectClose(
      greeks.theta.perYear, (try later(1e-5) - later(-1e-5)) / 2e-5, relative: 1e-6)
  }

  @Test func badDividendsAreRefused() throws {
    let amounts: [DividendSchedule.Payment] = [
      .init(time: -1, amount: .cash(1)), .init(time: .nan, amount: .cash(1)),
      .init(time: 1, amount: .cash(-1)), .init(time: 1, amount: .cash(.infinity)),
      .init(time: 1, amount: .proportional(1)), .init(time: 1, amount: .proportional(-0.1)),
      .init(time: 1, amount: .proportional(.nan)),
    ]
    for payment in amounts {
      #expect(throws: DerivativesError.self) { try DividendSchedule([payment]) }
      let data = try? JSONEncoder().encode(["payments": [payment]])
      if let data {
        #expect(throws: (any Error).self) {
          try JSONDecoder().decode(DividendSchedule.self, from: data)
        }
      }
    }
    let schedule = try DividendSchedule([.init(time: 0.1, amount: .cash(200))])
    let model = BlackScholes(spot: 100, volatility: 0.5, rate: 0.1, carryYield: 0.02)
    let option = EuropeanOption(kind: .call, strike: 90, timeToExpiry: 1)
    #expect(schedule.price(of: option, model).isNaN)
    #expect(schedule.greeks(of: option, model).delta.isNaN)
    #expect(schedule.forward(model, timeToExpiry: 1).isNaN)
    let decoded = try JSONDecoder().decode(
      DividendSchedule.self, from: JSONEncoder().encode(schedule))
    #expect(decoded == schedule)
  }
}

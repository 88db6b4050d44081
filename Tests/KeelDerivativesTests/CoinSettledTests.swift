import Foundation
import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

/// Options paid in the coin, in a stablecoin, or in a third currency.
@Suite struct CoinSettledTests {
  private func random(_ generator: inout SeededGenerator) -> (BlackScholes, EuropeanOption) {
    let model = BlackScholes(
      spot: power(10, generator.uniform(1...5)), volatility: generator.uniform(0.2...2),
      rate: generator.uniform(-0.05...0.1), carryYield: generator.uniform(-0.2...0.2))
    let time = generator.uniform(0.01...2)
    let moneyness = generator.uniform(-2...2) * model.volatility * time.squareRoot()
    let option = EuropeanOption(
      kind: generator.uniform() < 0.5 ? .call : .put, strike: model.spot * exponential(moneyness),
      timeToExpiry: time)
    return (model, option)
  }

  /// The price in coin as a formula of its own, for exact differentiation.
  private struct CoinFormula: DifferentiablePrice {
    let kind: EuropeanOption.Kind

    func price<Scalar: AnalyticScalar>(
      spot: Scalar, strike: Scalar, timeToExpiry: Scalar, volatility: Scalar, rate: Scalar,
      carryYield: Scalar
    ) -> Scalar {
      PriceFormula.blackScholes(
        kind, spot: spot, strike: strike, timeToExpiry: timeToExpiry, volatility: volatility,
        rate: rate, carryYield: carryYield) / spot
    }
  }

  @Test(arguments: 1...30)
  func coinGreeksAreDerivativesOfTheCoinPrice(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed + 70))
    for _ in 0..<20 {
      let (model, option) = random(&generator)
      let coin = CoinSettledOption(option, model: model)
      let exact = CoinFormula(kind: option.kind)
        .greeks(model, strike: option.strike, timeToExpiry: option.timeToExpiry)
      expectClose(coin.inCoin.price * model.spot, coin.inDollars.price, relative: 4e-16)
      let deviation = model.volatility * option.timeToExpiry.squareRoot()
      let (s, t, v) = (model.spot * min(deviation, 1), option.timeToExpiry, model.volatility)
      let sizes = [
        1, s, s * s, v, t, 1, 1, s, s * s, s * v, v * v, s * t, v * t, s * s * s, s * s * v,
        s * s * t, v * v * v,
      ]
      for (i, (value, reference)) in zip(coin.inCoin.values, exact.values).enumerated() {
        let scale = max(reference.magnitude, max(1, option.strike / model.spot) / sizes[i])
        #expect(
          (value - reference).magnitude <= 1e-12 * scale,
          "Greek \(i): \(value) for \(reference), \(model) \(option)")
      }
    }
  }

  @Test(arguments: 1...10)
  func hedgesAreFlatToFirstOrder(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed + 170))
    for _ in 0..<20 {
      let (model, option) = random(&generator)
      let coin = CoinSettledOption(option, model: model)
      expectClose(
        coin.priceAdjustedDelta, coin.inDollars.delta - coin.inCoin.price,
        absolute: 4e-15 * (1 + coin.inCoin.price))
      // What one long option and N dollars of an inverse perpetual gain in coin, and in dollars.
      func gains(_ dollars: Double, _ spot: Double) -> (coin: Double, dollar: Double) {
        var moved = model
        moved.spot = spot
        let value = CoinSettledOption(option, model: moved).inCoin.price
        let perpetual = dollars * (1 / model.spot - 1 / spot)
        return (value + perpetual, (value + perpetual) * spot)
      }
      let step = 1e-4 * model.spot
      func slope(_ at: (Double) -> Double) -> Double {
        let (far, near) = (
          at(model.spot + 2 * step) - at(model.spot - 2 * step),
          at(model.spot + step) - at(model.spot - step)
        )
        return (8 * near - far) / (12 * step)
      }
      // A bound on what differences of fourth order leave, relative to an unhedged delta of one.
      let left = 1e-7
      let inCoin = slope { gains(coin.coinNeutralInverseDollars, $0).coin } * model.spot
      #expect(inCoin.magnitude <= left, "\(inCoin)")
      let inDollars = slope { gains(coin.dollarNeutralInverseDollars, $0).dollar }
      #expect(inDollars.magnitude <= left, "\(inDollars)")
    }
  }

  @Test func zeroStrikeCallIsOneCoin() {
    let model = BlackScholes(spot: 90_000, volatility: 0.6, rate: 0, carryYield: 0)
    let coin = CoinSettledOption(
      EuropeanOption(kind: .call, strike: 0, timeToExpiry: 0.3), model: model)
    #expect(coin.inCoin.price == 1 && coin.priceAdjustedDelta == 0)
    #expect(coin.inCoin.delta == 0 && coin.inCoin.gamma == 0 && coin.coinNeutralInverseDollars == 0)
    #expect(coin.inDollars.price == 90_000 && coin.inDollars.delta == 1)
  }

  @Test func outsideItsDomainNothingIsDefined() {
    for number in hostileNumbers {
      let model = BlackScholes(spot: number, volatility: 0.6, rate: 0, carryYield: 0)
      let option = EuropeanOption(kind: .put, strike: 100, timeToExpiry: 0.3)
      let coin = CoinSettledOption(option, model: model)
      if !(number > 0 && number.isFinite) {
        #expect(coin.inCoin.price.isNaN && coin.inDollars.price.isNaN)
        #expect(coin.priceAdjustedDelta.isNaN)
      }
      let linear = StablecoinOption(
        option, model: BlackScholes(spot: 100, volatility: 0.6, rate: 0, carryYield: 0),
        stablecoinPrice: number)
      #expect(linear.inDollars.price.isNaN == !(number >= 0 && number.isFinite))
    }
  }

  @Test func stablecoinScalesEverything() {
    let model = BlackScholes(spot: 100, volatility: 0.6, rate: 0.03, carryYield: 0)
    let option = EuropeanOption(kind: .put, strike: 95, timeToExpiry: 0.3)
    let linear = StablecoinOption(option, model: model, stablecoinPrice: 0.875)
    #expect(linear.inStablecoin == model.greeks(of: option))
    #expect(linear.inDollars.price == 0.875 * linear.inStablecoin.price)
    #expect(linear.inDollars.ultima.perCubedUnit == 0.875 * linear.inStablecoin.ultima.perCubedUnit)
    #expect(linear.stablecoinDelta == linear.inStablecoin.price)
  }

  /// Without correlation a quanto is the plain option with another discount; with it the drift moves.
  @Test(arguments: 1...20)
  func quantoMovesTheDrift(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed + 270))
    let (model, option) = random(&generator)
    let settlementRate = generator.uniform(-0.05...0.1)
    let time = option.timeToExpiry
    var quanto = Quanto(
      asset: model, settlementRate: settlementRate, fixedExchangeRate: 7,
      exchangeVolatility: 0.3, correlation: 0)
    let discount = exponential((model.rate - settlementRate) * time)
    expectClose(quanto.price(of: option), 7 * discount * model.price(of: option), relative: 1e-13)
    quanto.correlation = generator.uniform(-0.9...0.9)
    var other = model
    other.carryYield += quanto.correlation * 0.3 * model.volatility
    expectClose(quanto.price(of: option), 7 * discount * other.price(of: option), relative: 1e-12)
    let greeks = quanto.greeks(of: option)
    #expect(greeks.price == quanto.price(of: option))
    let vanilla = other.greeks(of: option)
    expectClose(greeks.delta, 7 * discount * vanilla.delta, relative: 1e-12)
    // The volatility acts through the drift as well.
    expectClose(
      greeks.vega.perUnitVolatility,
      7 * discount
        * (vanilla.vega.perUnitVolatility
          + vanilla.carryRho.perUnitRate * quanto.correlation * 0.3),
      relative: 1e-11, absolute: 1e-12 * model.spot)
    quanto.correlation = 1.01
    #expect(quanto.price(of: option).isNaN && quanto.greeks(of: option).delta.isNaN)
  }
}

/// The marks, deltas and vegas that Deribit listed, from its own volatilities.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct DeribitChainTests {
  private func date(_ text: String) throws -> Date {
    let format = ISO8601DateFormatter()
    format.formatOptions =
      text.contains(".")
      ? [.withInternetDateTime, .withFractionalSeconds] : [.withInternetDateTime]
    return try #require(format.date(from: text))
  }

  private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  @Test(arguments: [
    "options_deribit_2020-05-21", "options_deribit_2026-01-10", "options_deribit_2026-02-10",
  ])
  func listedValuesAreReproduced(name: String) throws {
    let rows = try #require(try Reference.realRows("\(name).csv.gz"))
    #expect(rows.count > 300)
    var errors: (mark: [Double], delta: [Double], vega: [Double]) = ([], [], [])
    for row in rows {
      func number(_ column: String) throws -> Double { try #require(Double(row[column] ?? "")) }
      let time =
        try date(row["expiry"] ?? "").timeIntervalSince(date(row["snapshot_time"] ?? ""))
        / (365 * 86_400)
      let model = BlackScholes(
        spot: try number("forward_price"), volatility: try number("mark_iv"), rate: 0,
        carryYield: 0)
      let option = EuropeanOption(
        kind: row["option_type"] == "call" ? .call : .put, strike: try number("strike"),
        timeToExpiry: time)
      let coin = CoinSettledOption(option, model: model)
      errors.mark.append(try (coin.inCoin.price - number("mark")).magnitude)
      errors.delta.append(try (coin.inDollars.delta - number("delta")).magnitude)
      errors.vega.append(
        try (coin.inDollars.vega.perVolatilityPoint - number("vega")).magnitude
          / max(number("vega"), 0.01 * model.spot / 100))
    }
    // Volatilities are listed with four decimals, deltas and vegas with five.
    #expect(median(errors.mark) <= 1e-5)
    #expect(median(errors.delta) <= 1e-4)
    #expect(median(errors.vega) <= 2e-3)
  }
}

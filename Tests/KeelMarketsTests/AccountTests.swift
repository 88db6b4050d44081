import Foundation
import KeelData
import KeelDerivatives
import KeelMarkets
import KeelTestSupport
import Testing

/// One account that holds every kind of instrument.
private struct EveryKind {
  static let start = Timestamp(nanosecondsSinceEpoch: 1_700_000_000_000_000_000)

  static func listings() throws -> [Listing] {
    let tiers = try MaintenanceTiers.flat(0.01)
    let quarter = try start.advanced(byDays: 90)
    var inCoin = ListedOption.Settings()
    inCoin.isCoinSettled = true
    inCoin.size = 0.1
    return [
      try Listing(
        "ETH-LINEAR", .perpetual(.linear(coinPerContract: 0.01), underlying: "ETH", margin: tiers),
        protocolName: "venue", costFraction: 0.0005, gas: 0),
      try Listing(
        "ETH-INVERSE", .perpetual(.inverse(cashPerContract: 10), underlying: "ETH", margin: tiers),
        protocolName: "venue", costFraction: 0.0005, gas: 0),
      try Listing(
        "ETH-MAR",
        .future(.linear(coinPerContract: 1), underlying: "ETH", expiry: quarter, margin: tiers),
        costFraction: 0.0005, gas: 0),
      try Listing(
        "ETH-MAR-INVERSE",
        .future(.inverse(cashPerContract: 100), underlying: "ETH", expiry: quarter, margin: tiers),
        costFraction: 0.0005, gas: 0),
      try Listing(
        "ETH-2000-P",
        .option(
          ListedOption(
            .put, strike: 2000, expiry: quarter, underlying: "ETH", settings: .init())),
        costFraction: 0.003, gas: 0),
      try Listing(
        "ETH-2500-C",
        .option(
          ListedOption(.call, strike: 2500, expiry: quarter, underlying: "ETH", settings: inCoin)),
        costFraction: 0.003, gas: 0),
      try Listing(
        "ETH-POOL", .pool(asset: "ETH", lowerPrice: 1500, upperPrice: 2600, feeFraction: 0.0005),
        protocolName: "pools", costFraction: 0.0005, gas: 3),
      try Listing(
        "ETH-LINE", .pool(asset: "ETH", lowerPrice: 0, upperPrice: nil, feeFraction: 0.003),
        protocolName: "pools", costFraction: 0.003, gas: 3),
      try Listing(
        "ETH-LENT", .deposit(asset: "ETH", liquidationThreshold: 0.8), protocolName: "lender",
        costFraction: 0, gas: 2),
      try Listing(
        "USD-OWED", .loan(asset: "USD"), protocolName: "lender", costFraction: 0, gas: 2),
      try Listing(
        "ETH-PRINCIPAL", .principalToken(asset: "ETH", maturity: quarter),
        protocolName: "splitter", costFraction: 0.001, gas: 2),
      try Listing(
        "ETH-YIELD", .yieldToken(asset: "ETH", maturity: quarter), protocolName: "splitter",
        costFraction: 0.002, gas: 2),
    ]
  }

  static func market(spot: Double, volatility: Double = 0.6, days: Int = 0) throws
    -> MarketSnapshot
  {
    var market = MarketSnapshot(
      time: try start.advanced(byDays: days), universe: try Universe(["USD", "ETH"]),
      prices: [1, spot], rate: 0.03)
    let funding = FundingRate(
      fraction: 0.0002, interval: .eightHours, whenPositive: .longPaysShort)
    // The basis is a fixed share of the spot, so that contracts move with it.
    market.quotes = [
      "ETH-LINEAR": .contract(price: spot * 1.001, funding: funding),
      "ETH-INVERSE": .contract(price: spot * 1.001, funding: funding),
      "ETH-MAR": .contract(price: spot * 1.02, funding: nil),
      "ETH-MAR-INVERSE": .contract(price: spot * 1.02, funding: nil),
      "ETH-2000-P": .option(volatility: volatility, carryYield: 0.01),
      "ETH-2500-C": .option(volatility: volatility, carryYield: 0.01),
      "ETH-POOL": .pool(volumePerYear: 1e9, activeLiquidity: 1e6),
      "ETH-LINE": .pool(volumePerYear: 1e8, activeLiquidity: 1e6),
      "ETH-LENT": .lending(index: 1.02, ratePerYear: 0.02),
      "USD-OWED": .lending(index: 1.05, ratePerYear: 0.07),
      "ETH-PRINCIPAL": .yieldSplit(index: 1.06, ratePerYear: 0.04, impliedRate: 0.05),
      "ETH-YIELD": .yieldSplit(index: 1.06, ratePerYear: 0.04, impliedRate: 0.05),
    ]
    return market
  }

  static func account() throws -> Account {
    func amount(_ value: Double) throws -> Amount {
      try Amount(value, decimals: 8, rounding: .towardZero)
    }
    return try Account(
      cash: "USD",
      holdings: Holdings(
        universe: Universe(["USD", "ETH"]), amounts: [amount(20_000), amount(3)]),
      positions: [
        .init("ETH-LINEAR", quantity: amount(-250), entryPrice: 2100),
        .init("ETH-INVERSE", quantity: amount(300), entryPrice: 1900),
        .init("ETH-MAR", quantity: amount(2), entryPrice: 2000),
        .init("ETH-MAR-INVERSE", quantity: amount(-40), entryPrice: 2000),
        .init("ETH-2000-P", quantity: amount(5)),
        .init("ETH-2500-C", quantity: amount(-12)),
        .init("ETH-POOL", quantity: amount(200)),
        .init("ETH-LINE", quantity: amount(20)),
        .init("ETH-LENT", quantity: amount(4)),
        .init("USD-OWED", quantity: amount(3000)),
        // As many of one as of the other, so that the whole does not depend on the time to maturity.
        .init("ETH-PRINCIPAL", quantity: amount(2)),
        .init("ETH-YIELD", quantity: amount(2), entryPrice: 1.02),
      ])
  }
}

@Suite struct AccountTests {
  /// Delta, gamma, vega and theta of the whole are the differences of its value.
  @Test(arguments: [1600.0, 1999, 2400, 3000])
  func exposuresAreDifferencesOfTheValue(spot: Double) throws {
    let account = try EveryKind.account()
    let catalog = try Catalog(EveryKind.listings())
    func value(_ market: MarketSnapshot) throws -> Double {
      try account.valuation(in: market, catalog: catalog).equity
    }
    let middle = try account.valuation(in: EveryKind.market(spot: spot), catalog: catalog)
    let exposure = middle["ETH"]
    let step = spot * 1e-4
    let up = try value(EveryKind.market(spot: spot + step))
    let down = try value(EveryKind.market(spot: spot - step))
    expectClose(exposure.delta, (up - down) / (2 * step), relative: 1e-6)
    expectClose(
      exposure.gamma, (up - 2 * middle.equity + down) / (step * step), relative: 1e-3,
      absolute: 1e-6)
    let higher = try value(EveryKind.market(spot: spot, volatility: 0.6001))
    let lower = try value(EveryKind.market(spot: spot, volatility: 0.5999))
    expectClose(exposure.vega.perUnitVolatility, (higher - lower) / 0.0002, relative: 1e-5)
    let later = try value(EveryKind.market(spot: spot, days: 1))
    expectClose(exposure.theta.perDay, later - middle.equity, relative: 0.02, absolute: 0.05)
  }

  @Test func everyKindIsValuedByItsFormula() throws {
    let account = try EveryKind.account()
    let catalog = try Catalog(EveryKind.listings())
    let market = try EveryKind.market(spot: 2200)
    let valuation = try account.valuation(in: market, catalog: catalog)
    func value(_ id: AssetID) throws -> Exposure {
      let place = try #require(account.positions.firstIndex { $0.id == id })
      return valuation.positions[place]
    }
    expectClose(try value("ETH-LINEAR").value, -250 * 0.01 * (2202.2 - 2100), relative: 1e-12)
    expectClose(
      try value("ETH-INVERSE").value, 300 * 10 * (1 / 1900.0 - 1 / 2202.2) * 2200,
      relative: 1e-12)
    expectClose(try value("ETH-LENT").value, 4 * 1.02 * 2200, relative: 1e-12)
    expectClose(try value("USD-OWED").value, -3000 * 1.05, relative: 1e-12)
    // Funding: 250 · 0.01 · 2202.2 short at 0.02 % three times a day.
    expectClose(
      try value("ETH-LINEAR").carry.perYear, 250 * 0.01 * 2202.2 * 0.0002 * 3 * 365,
      relative: 1e-12)
    // A future at a premium of 2 % loses it over its 90 days.
    expectClose(
      try value("ETH-MAR").carry.perYear, -2 * 2244 * log(1.02) / (90.0 / 365), relative: 1e-12)
    expectClose(
      try value("ETH-POOL").carry.perYear, 1e9 * 0.0005 * 200 / 1e6, relative: 1e-12)
    let discount = exp(-0.05 * 90.0 / 365)
    expectClose(try value("ETH-PRINCIPAL").value, 2 * 2200 * discount, relative: 1e-14)
    expectClose(
      try value("ETH-YIELD").value, 2 * 2200 * (1.06 / 1.02 - discount), relative: 1e-12)
    expectClose(
      valuation["ETH"].impliedRate.perUnitRate, 0, absolute: 1e-12)
    let splitter = try #require(valuation.protocols.first { $0.name == "splitter" })
    expectClose(splitter.value, 2 * 2200 * 1.06 / 1.02, relative: 1e-13)
    expectClose(valuation.healthFactor, 0.8 * 4 * 1.02 * 2200 / (3000 * 1.05), relative: 1e-12)
    let short = try value("ETH-2500-C")
    expectClose(short.margin, 1.2 * 0.075 * 2200 - short.value, relative: 1e-12)
    #expect(valuation.marginRatio > 1 && valuation.leverage > 1)
    let held = valuation.holdings.reduce(0, +)
    let all = valuation.positions.reduce(held) { $0 + $1.value }
    expectClose(valuation.equity, all, relative: 1e-12)
  }

  /// A trade at the marks changes equity by its cost only, whatever is traded.
  @Test(arguments: 1...40)
  func tradesCostWhatTheySay(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let catalog = try Catalog(EveryKind.listings())
    let market = try EveryKind.market(spot: generator.uniform(1600...2900))
    var account = try EveryKind.account()
    for listing in catalog.listings {
      let before = try account.valuation(in: market, catalog: catalog).equity
      let held = account.position(listing.id)?.quantity.doubleValue ?? 0
      let canBeNegative = listing.instrument.isMargined
      let wanted = generator.uniform((canBeNegative ? -2 : -0.9)...2) * held.magnitude
      let quantity = try Amount(wanted, decimals: 8, rounding: .towardZero)
      let cost = try account.trade(quantity, of: listing, in: market)
      let after = try account.valuation(in: market, catalog: catalog).equity
      expectClose(before - after, cost, absolute: 1e-6)
      #expect(cost >= 0)
    }
  }

  /// What is known of the account before a trade changes no bit of the account after it.
  @Test(arguments: 1...20)
  func knownPositionsChangeNoBit(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let catalog = try Catalog(EveryKind.listings())
    let market = try EveryKind.market(spot: generator.uniform(1600...2900))
    let before = try EveryKind.account()
    let known = (before, try before.valuation(in: market, catalog: catalog))
    var after = before
    for listing in catalog.listings where generator.uniform() < 0.4 {
      let held = try after.position(listing.id)?.quantity ?? Amount("1.00000000", decimals: 8)
      let quantity = generator.uniform() < 0.3 ? try held.negated() : held
      _ = try after.trade(quantity, of: listing, in: market)
    }
    #expect(
      try after.valuation(in: market, catalog: catalog, known: known)
        == after.valuation(in: market, catalog: catalog))
    #expect(try before.valuation(in: market, catalog: catalog, known: known) == known.1)
  }

  @Test func longAndShortFundingNetToZero() throws {
    let market = try EveryKind.market(spot: 2345)
    let listings = try EveryKind.listings()
    for listing in listings.prefix(2) {
      let long = listing.exposure(quantity: 17, entryPrice: 2000, in: market)
      let short = listing.exposure(quantity: -17, entryPrice: 2000, in: market)
      #expect(long.carry.perYear + short.carry.perYear == 0)
      #expect(long.value + short.value == 0 && long.carry.perYear < 0)
    }
  }

  @Test func survivesStorage() throws {
    let account = try EveryKind.account()
    let market = try EveryKind.market(spot: 2000)
    let catalog = try Catalog(EveryKind.listings())
    let encoder = JSONEncoder()
    let decoder = JSONDecoder()
    #expect(try decoder.decode(Account.self, from: encoder.encode(account)) == account)
    #expect(try decoder.decode(MarketSnapshot.self, from: encoder.encode(market)) == market)
    #expect(try decoder.decode(Catalog.self, from: encoder.encode(catalog)) == catalog)
  }

  @Test func missingNumbersAreNamed() throws {
    let account = try EveryKind.account()
    let catalog = try Catalog(EveryKind.listings())
    for id in account.positions.map(\.id) {
      var market = try EveryKind.market(spot: 2000)
      market.quotes[id] = nil
      #expect(throws: MarketsError.unknownInstrument(id)) {
        try account.valuation(in: market, catalog: catalog)
      }
      market.quotes[id] = .lending(index: .nan, ratePerYear: 0)
      #expect(throws: MarketsError.unknownInstrument(id)) {
        try account.valuation(in: market, catalog: catalog)
      }
    }
    let broken = try EveryKind.market(spot: .nan)
    #expect(throws: MarketsError.unknownInstrument("ETH")) {
      try account.valuation(in: broken, catalog: catalog)
    }
    var twice = try EveryKind.listings()
    twice.append(twice[0])
    let listings = twice
    #expect(throws: MarketsError.self) { try Catalog(listings) }
    #expect(throws: MarketsError.self) {
      try Listing(
        "Q",
        .perpetual(
          .quanto(multiplier: 1e-6), underlying: "ETH", margin: MaintenanceTiers.flat(0.1)),
        costFraction: 0, gas: 0)
    }
    #expect(throws: MarketsError.self) {
      try Account(cash: "EUR", holdings: account.holdings)
    }
  }
}

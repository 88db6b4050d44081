import KeelData
import KeelDerivatives
import KeelMarkets
import KeelRisk

/// Accounts and markets that tests share.
enum Sample {
  static let start = Timestamp(nanosecondsSinceEpoch: 1_700_000_000_000_000_000)

  static func amount(_ value: Double) throws -> Amount {
    try Amount(value, decimals: 12, rounding: .toNearestOrEven)
  }

  static func option(
    _ id: AssetID,
    _ kind: EuropeanOption.Kind,
    strike: Double,
    days: Int,
    on asset: AssetID = "ETH"
  ) throws -> Listing {
    try Listing(
      id,
      .option(
        ListedOption(
          kind, strike: strike, expiry: start.advanced(byDays: days), underlying: asset,
          settings: .init())),
      protocolName: "venue", costFraction: 0.003, gas: 0)
  }

  static func listings() throws -> [Listing] {
    let tiers = try MaintenanceTiers.flat(0.01)
    return [
      try Listing("BTC", .spot(asset: "BTC"), costFraction: 0.001, gas: 0.5),
      try Listing("ETH", .spot(asset: "ETH"), costFraction: 0.002, gas: 0.5),
      try Listing(
        "ETH-PERP", .perpetual(.linear(coinPerContract: 0.01), underlying: "ETH", margin: tiers),
        protocolName: "venue", costFraction: 0.0005, gas: 0),
      try Listing(
        "BTC-MAR",
        .future(
          .linear(coinPerContract: 0.1), underlying: "BTC", expiry: start.advanced(byDays: 90),
          margin: tiers), protocolName: "venue", costFraction: 0.0005, gas: 0),
      try option("ETH-2000-P", .put, strike: 2000, days: 90),
      try option("ETH-2600-C", .call, strike: 2600, days: 30),
      try Listing(
        "ETH-POOL", .pool(asset: "ETH", lowerPrice: 1500, upperPrice: 2600, feeFraction: 0.0005),
        protocolName: "pools", costFraction: 0.0005, gas: 3),
      try Listing(
        "ETH-LENT", .deposit(asset: "ETH", liquidationThreshold: 0.8), protocolName: "lender",
        costFraction: 0, gas: 2),
      try Listing(
        "USD-OWED", .loan(asset: "USD"), protocolName: "lender", costFraction: 0, gas: 2),
    ]
  }

  static func market(_ assets: [AssetID] = ["USD", "USDC", "BTC", "ETH"]) throws -> MarketSnapshot {
    let prices: [AssetID: Double] = ["USD": 1, "USDC": 0.9995, "BTC": 40_000, "ETH": 2200]
    let funding = FundingRate(
      fraction: 0.0002, interval: .eightHours, whenPositive: .longPaysShort)
    var market = MarketSnapshot(
      time: start, universe: try Universe(assets), prices: assets.map { prices[$0] ?? 10 },
      rate: 0.03)
    market.quotes = [
      "ETH-PERP": .contract(price: 2203, funding: funding),
      "BTC-MAR": .contract(price: 40_800, funding: nil),
      "ETH-2000-P": .option(volatility: 0.65, carryYield: 0.01),
      "ETH-2600-C": .option(volatility: 0.6, carryYield: 0.01),
      "ETH-POOL": .pool(volumePerYear: 1e9, activeLiquidity: 1e6),
      "ETH-LENT": .lending(index: 1.02, ratePerYear: 0.02),
      "USD-OWED": .lending(index: 1.05, ratePerYear: 0.07),
    ]
    return market
  }

  static func positions() throws -> [Account.Position] {
    [
      .init("ETH-PERP", quantity: try amount(-250), entryPrice: 2100),
      .init("BTC-MAR", quantity: try amount(3), entryPrice: 39_000),
      .init("ETH-2000-P", quantity: try amount(5)),
      .init("ETH-2600-C", quantity: try amount(-12)),
      .init("ETH-POOL", quantity: try amount(200)),
      .init("ETH-LENT", quantity: try amount(4)),
      .init("USD-OWED", quantity: try amount(3000)),
    ]
  }

  static func account(
    _ assets: [AssetID] = ["USD", "USDC", "BTC", "ETH"],
    positions: [Account.Position]? = nil
  ) throws -> Account {
    let amounts: [AssetID: Double] = ["USD": 20_000, "USDC": 5000, "BTC": 0.5, "ETH": 3]
    return try Account(
      cash: "USD",
      holdings: Holdings(
        universe: Universe(assets), amounts: assets.map { try amount(amounts[$0] ?? 0) }),
      positions: positions ?? self.positions())
  }

  static func test() throws -> StressTest {
    try StressTest(account: account(), market: market(), catalog: Catalog(listings()))
  }
}

import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets

/// A market of one asset with a spot listing, contracts and options on it.
struct HedgingSample {
  var price = 2000.0
  var rate = 0.0
  var funding = 0.0
  var volatility = 0.6
  var carryYield = 0.0
  var costFraction = 0.0
  var gas = 0.0
  var lot = 0.001

  static let start = Timestamp(nanosecondsSinceEpoch: 1_700_000_000_000_000_000)

  static func amount(_ value: Double) throws -> Amount {
    try Amount(value, decimals: 9, rounding: .toNearestOrEven)
  }

  func instrument(_ id: AssetID, _ instrument: Instrument) throws -> HedgeInstrument {
    try HedgeInstrument(
      Listing(id, instrument, costFraction: costFraction, gas: gas), lot: Self.amount(lot))
  }

  func spot() throws -> HedgeInstrument { try instrument("ETH", .spot(asset: "ETH")) }

  func perpetual(_ id: AssetID = "PERP") throws -> HedgeInstrument {
    try instrument(
      id,
      .perpetual(
        .linear(coinPerContract: 1), underlying: "ETH", margin: MaintenanceTiers.flat(0.02)))
  }

  func inverse() throws -> HedgeInstrument {
    try instrument(
      "INV",
      .perpetual(
        .inverse(cashPerContract: 10), underlying: "ETH", margin: MaintenanceTiers.flat(0.02)))
  }

  func future(days: Int) throws -> HedgeInstrument {
    try instrument(
      "FUT",
      .future(
        .linear(coinPerContract: 1), underlying: "ETH",
        expiry: Self.start.advanced(byDays: days), margin: MaintenanceTiers.flat(0.02)))
  }

  func option(
    _ id: AssetID,
    _ kind: EuropeanOption.Kind,
    strike: Double,
    days: Int = 30
  ) throws -> HedgeInstrument {
    try instrument(
      id,
      .option(
        ListedOption(
          kind, strike: strike, expiry: Self.start.advanced(byDays: days), underlying: "ETH",
          settings: .init())))
  }

  func market(options: [AssetID] = []) throws -> MarketSnapshot {
    var market = MarketSnapshot(
      time: Self.start, universe: try Universe(["USD", "ETH"]), prices: [1, price], rate: rate)
    let rate = FundingRate(
      simplePerYear: funding, interval: .eightHours, whenPositive: .longPaysShort)
    market.quotes = [
      "PERP": .contract(price: price, funding: rate), "INV": .contract(price: price, funding: rate),
      "PERP2": .contract(price: price, funding: rate),
      "FUT": .contract(price: price * 1.02, funding: nil),
      "POOL": .pool(volumePerYear: 1e8, activeLiquidity: 1e6),
    ]
    for id in options {
      market.quotes[id] = .option(volatility: volatility, carryYield: carryYield)
    }
    return market
  }
}

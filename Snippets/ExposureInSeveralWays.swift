// Three ether more exposure, without touching the spot portfolio: the asset, a perpetual or a call, by what each costs.
import Keel

let now = try Timestamp(parsing: "2026-03-01T00:00:00Z")
var market = MarketSnapshot(
  time: now, universe: try Universe(["USD", "ETH"]), prices: [1, 2000], rate: 0.04)
market.quotes = [
  "ETH-PERP": .contract(
    price: 2000,
    funding: FundingRate(
      simplePerYear: 0.09, interval: .eightHours, whenPositive: .longPaysShort)),
  "ETH-1800-C": .option(volatility: 0.62, carryYield: 0),
]
func instrument(
  _ name: AssetID,
  _ instrument: Instrument,
  costFraction: Double
) throws -> HedgeInstrument {
  try HedgeInstrument(
    Listing(name, instrument, costFraction: costFraction, gas: 0), lot: Amount("0.01", decimals: 2))
}
let call = try ListedOption(
  .call, strike: 1800, expiry: now.advanced(byDays: 60), underlying: "ETH", settings: .init())
let ways = [
  try instrument("ETH", .spot(asset: "ETH"), costFraction: 0.0015),
  try instrument(
    "ETH-PERP", .perpetual(.linear(coinPerContract: 1), underlying: "ETH", margin: .flat(0.01)),
    costFraction: 0.0005),
  try instrument("ETH-1800-C", .option(call), costFraction: 0.01),
]
for days in [3.0, 30.0] {
  var settings = SyntheticRebalancing.Settings()
  settings.forecastVolatility = 0.58
  let menu = try SyntheticRebalancing(
    delta: 3, of: "ETH", instruments: ways, market: market, horizonYears: days / 365,
    settings: settings)
  print("over", days, "days")
  for way in menu.ways { print(" ", way.order.quantity, way.order.id, "costs", way.totalCost) }
  if menu.ways.count > 1, let best = menu.best {
    let rate = best.rateToFlip(against: menu.ways[1], horizonYears: days / 365)
    print("  the choice flips when its rate is dearer by", rate, "a year")
  }
}

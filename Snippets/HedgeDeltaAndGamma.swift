// Short options before a jump of volatility: what the jump costs, and the least trades that take gamma and delta back.
import Keel

let now = try Timestamp(parsing: "2026-03-01T00:00:00Z")
let universe = try Universe(["USD", "ETH"])
func option(_ name: AssetID, _ kind: EuropeanOption.Kind, strike: Double) throws -> Listing {
  try Listing(
    name,
    .option(
      ListedOption(
        kind, strike: strike, expiry: now.advanced(byDays: 30), underlying: "ETH", settings: .init()
      )),
    protocolName: "venue", costFraction: 0.02, gas: 0)
}
let listings = [
  try option("ETH-2000-C", .call, strike: 2000), try option("ETH-2200-C", .call, strike: 2200),
  try option("ETH-1800-P", .put, strike: 1800),
  try Listing(
    "ETH-PERP",
    .perpetual(.linear(coinPerContract: 0.01), underlying: "ETH", margin: .flat(0.01)),
    protocolName: "venue", costFraction: 0.0005, gas: 0),
]
let catalog = try Catalog(listings)
var market = MarketSnapshot(time: now, universe: universe, prices: [1, 2000])
for listing in listings { market.quotes[listing.id] = .option(volatility: 0.6, carryYield: 0) }
market.quotes["ETH-PERP"] = .contract(price: 2000, funding: nil)

let account = try Account(
  cash: "USD",
  holdings: Holdings(
    universe: universe, amounts: [Amount("20000", decimals: 6), Amount("0", decimals: 8)]),
  positions: [.init("ETH-2000-C", quantity: Amount("-20.0", decimals: 1))])
let exposure = try account.valuation(in: market, catalog: catalog)["ETH"]
print(
  "delta", exposure.delta, "gamma", exposure.gamma, "vega per point",
  exposure.vega.perVolatilityPoint)

// A sudden shift of volatility by 30 points with a rise of the price by a tenth.
var jump = Scenario("jump")
jump.spotMoves = ["ETH": 0.1]
jump.volatilityShift = 0.3
let test = try StressTest(account: account, market: market, catalog: catalog)
print("loss in the jump", try test.outcome(of: jump).loss)

var bands = DeltaGammaHedge.Bands()
bands.delta = try HedgeBand(lower: -0.2, target: 0, upper: 0.2)
bands.gamma = try HedgeBand(lower: exposure.gamma / 4, target: 0, upper: 0)
let lots = try Amount("0.1", decimals: 1)
let hedge = try DeltaGammaHedge(
  .init(
    delta: exposure.delta, gamma: exposure.gamma, vega: exposure.vega.perUnitVolatility),
  bands: bands, instruments: listings.map { try HedgeInstrument($0, lot: lots) }, market: market)
for order in hedge.orders { print("trade", order.quantity, order.id, "cost", order.cost) }
print(
  "after: delta", hedge.after.delta, "gamma", hedge.after.gamma, "in bands", hedge.isInsideBands)

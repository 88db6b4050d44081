// What an account of ether, a put and a short perpetual loses in a crash, and how it is hedged again.
import Keel

let now = try Timestamp(parsing: "2026-03-01T00:00:00Z")
let universe = try Universe(["USD", "ETH"])
let perpetual = try Listing(
  "ETH-PERP",
  .perpetual(.linear(coinPerContract: 0.1), underlying: "ETH", margin: .flat(0.01)),
  protocolName: "venue", costFraction: 0.0005, gas: 0)
let put = try Listing(
  "ETH-2000-P",
  .option(
    ListedOption(
      .put, strike: 2000, expiry: now.advanced(byDays: 60), underlying: "ETH", settings: .init())),
  protocolName: "venue", costFraction: 0.003, gas: 0)
let catalog = try Catalog([perpetual, put])

var market = MarketSnapshot(time: now, universe: universe, prices: [1, 2200], rate: 0.03)
market.quotes = [
  "ETH-PERP": .contract(
    price: 2201,
    funding: FundingRate(
      fraction: 0.0001, interval: .eightHours, whenPositive: .longPaysShort)),
  "ETH-2000-P": .option(volatility: 0.65, carryYield: 0),
]
let account = try Account(
  cash: "USD",
  holdings: Holdings(
    universe: universe, amounts: [Amount("5000", decimals: 6), Amount("10", decimals: 18)]),
  positions: [
    .init("ETH-PERP", quantity: Amount("-40", decimals: 0), entryPrice: 2150),
    .init("ETH-2000-P", quantity: Amount("6", decimals: 1)),
  ])

let test = try StressTest(account: account, market: market, catalog: catalog)
var crash = Scenario.march2020.limited(to: universe)
crash.volatilityShift = 0.8
crash.depthFactor = 0.2
let outcome = try test.outcome(of: crash)
print("loss", outcome.loss, "exit", outcome.exitCosts, "margin ratio", outcome.marginRatio)
let rise = try test.liquidationDistance(of: .asset("ETH"), direction: .rise)
print("liquidated after a rise of", rise.move.map { "\($0)" } ?? "more than ten times the price")

let delta = try account.valuation(in: market, catalog: catalog)["ETH"].delta
let hedge = try DeltaHedge(
  delta: delta, of: "ETH", band: HedgeBand(lower: -0.5, target: 0, upper: 0.5),
  instruments: [HedgeInstrument(perpetual, lot: Amount("1", decimals: 0))], market: market,
  horizonYears: 7.0 / 365)
print(hedge.reason, hedge.order?.quantity.description ?? "nothing", "delta", hedge.deltaAfter)

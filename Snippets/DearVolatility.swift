// Sell the option that is dear against a forecast, buy the one that is cheap, with no vega between them.
import Keel

let now = try Timestamp(parsing: "2026-03-01T00:00:00Z")
var market = MarketSnapshot(
  time: now, universe: try Universe(["USD", "BTC"]), prices: [1, 60_000], rate: 0.04)
let quotes: [(strike: Double, days: Int, volatility: Double)] = [
  (50_000, 30, 0.68), (55_000, 30, 0.71), (60_000, 30, 0.58), (65_000, 30, 0.56),
  (70_000, 30, 0.57), (50_000, 90, 0.61), (60_000, 90, 0.55), (70_000, 90, 0.60),
  (80_000, 90, 0.58),
]
var options: [HedgeInstrument] = []
for quote in quotes {
  let name = AssetID("BTC-\(quote.days)d-\(Int(quote.strike))")
  let listed = try ListedOption(
    quote.strike < 60_000 ? .put : .call, strike: quote.strike,
    expiry: now.advanced(byDays: quote.days), underlying: "BTC", settings: .init())
  options.append(
    try HedgeInstrument(
      Listing(name, .option(listed), costFraction: 0.015, gas: 0), lot: Amount("0.1", decimals: 1)))
  market.quotes[name] = .option(volatility: quote.volatility, carryYield: 0)
}

// Volatility is expected to fall from 0.60 toward 0.55 with the horizon.
let spread = try VolatilitySpread.best(
  of: options, market: market,
  forecast: { expiry in expiry.years(since: now) < 0.15 ? 0.60 : 0.55 }, vega: 50_000)
if let spread {
  print(
    "sell", spread.sold.order.quantity, spread.sold.order.id, "at", spread.sold.impliedVolatility)
  print(
    "buy", spread.bought.order.quantity, spread.bought.order.id, "at",
    spread.bought.impliedVolatility)
  print("edge", spread.edge, "residual vega", spread.residualVega, "delta to hedge", spread.delta)
} else {
  print("no pair is worth its costs")
}

// Against the surface of all quotes, without an opinion of the level.
let surface = try QuotedSurface(
  of: "BTC", in: market, listed: Catalog(options.map(\.listing)))
let relative = try VolatilitySpread.best(
  of: options, market: market, surface: surface, vega: 50_000)
print(
  relative.map { "sell \($0.sold.order.id), buy \($0.bought.order.id)" }
    ?? "no option is far enough from the surface")

// A position in a concentrated pool: its value, impermanent loss, fees against what arbitrage takes, and its hedge.
import Keel

let position = try PoolPosition(liquidity: 4000, lowerPrice: 1600, upperPrice: 2400)
for price in [1500.0, 1800, 2000, 2200, 2600] {
  print(
    price, "value", position.value(at: price), "impermanent loss",
    position.impermanentLoss(from: 2000, to: price), "delta", position.delta(at: price))
}

let pool = try Listing(
  "POOL", .pool(asset: "ETH", lowerPrice: 1600, upperPrice: 2400, feeFraction: 0.0005),
  protocolName: "uniswap", costFraction: 0.0005, gas: 2)
let perpetual = try Listing(
  "ETH-PERP", .perpetual(.linear(coinPerContract: 0.01), underlying: "ETH", margin: .flat(0.01)),
  protocolName: "venue", costFraction: 0.0005, gas: 0)
var market = MarketSnapshot(
  time: try Timestamp(parsing: "2026-03-01T00:00:00Z"), universe: try Universe(["USD", "ETH"]),
  prices: [1, 2000])
market.quotes = [
  "POOL": .pool(volumePerYear: 20e9, activeLiquidity: 2e6),
  "ETH-PERP": .contract(
    price: 2000,
    funding: FundingRate(
      simplePerYear: 0.06, interval: .eightHours, whenPositive: .longPaysShort)),
]
for volatility in [0.3, 0.6, 0.9] {
  var settings = LiquidityHedge.Settings()
  settings.adjustmentsPerYear = 365
  let hedge = try LiquidityHedge(
    pool: pool, liquidity: 4000,
    contract: HedgeInstrument(perpetual, lot: Amount("1", decimals: 0)), market: market,
    volatility: volatility, settings: settings)
  print(
    "volatility", volatility, "fees", hedge.feesPerYear, "taken by arbitrage",
    hedge.lossVersusRebalancingPerYear, "hedged income", hedge.expectedIncomePerYear)
  if let volume = hedge.breakEvenVolumePerYear { print("  breaks even at a volume of", volume) }
}

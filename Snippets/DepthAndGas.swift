// How much a market takes, where one venue is cheaper than another, and how often gas lets a portfolio be rebalanced.
import Keel

let near = try OrderBook(
  bids: [.init(price: 1999, quantity: 8), .init(price: 1995, quantity: 30)],
  asks: [
    .init(price: 2001, quantity: 5), .init(price: 2004, quantity: 12),
    .init(price: 2010, quantity: 60),
  ])
let far = try OrderBook(
  bids: [.init(price: 2008, quantity: 6), .init(price: 2003, quantity: 20)],
  asks: [.init(price: 2011, quantity: 10)])
print("depth within 0.3 %", near.depth(for: .buy, within: 0.003), "spread", near.spreadFraction)
for quantity in [2.0, 15, 50] {
  print("buying", quantity, "costs", try near.fill(.buy, quantity: quantity).costFraction)
}

// Buying near and selling far, as long as a unit more still earns its fees.
let fees = 0.0005
var (best, gain) = (0.0, 0.0)
for quantity in stride(from: 1.0, through: 20, by: 1) {
  let (bought, sold) = (
    try near.fill(.buy, quantity: quantity), try far.fill(.sell, quantity: quantity)
  )
  let profit =
    quantity * (sold.averagePrice * (1 - fees) - bought.averagePrice * (1 + fees))
  if profit > gain { (best, gain) = (quantity, profit) }
}
print("the gap between the venues is worth", gain, "for", best, "units")

// Gas, and the band of a 50 % weight that it asks for.
let schedule = try GasSchedule(gasByAction: ["swap": 150_000], gasPerTransaction: 21_000)
let spread = DriftBand.weightVolatility(weight: 0.5, volatility: 0.6)
for gwei in [1.0, 20, 100] {
  let gas = schedule.cost(of: ["swap"], gasPriceGwei: gwei, coinPrice: 2000, isBatched: true)
  let band = try DriftBand.best(
    fixedCost: gas / 100_000, weightVolatility: spread, riskAversion: 3, volatility: 0.6)
  print(
    gwei, "gwei: a swap costs", gas, "band", band.above, "trades a year",
    band.tradesPerYear(weightVolatility: spread))
}

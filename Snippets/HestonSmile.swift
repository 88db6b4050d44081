// The smile of a Heston model: prices of a strip with bounds of their errors, and what they imply.

import Keel

let model = try HestonModel(
  initialVariance: 0.3, reversion: 3, meanVariance: 0.36, varianceVolatility: 1.4,
  correlation: -0.3)
let spot = 60_000.0
let time = 45.0 / 365
let strikes = [45_000.0, 50_000, 55_000, 60_000, 65_000, 70_000, 80_000]

let strip = model.greeks(
  of: .call, strikes: strikes, timeToExpiry: time, spot: spot, rate: 0.04, carryYield: 0)
for (i, strike) in strikes.enumerated() {
  let implied = try BlackScholes.impliedVolatility(
    of: EuropeanOption(kind: .call, strike: strike, timeToExpiry: time),
    price: strip.prices[i], spot: spot, rate: 0.04, carryYield: 0)
  print(strike, strip.prices[i], "±", strip.errors[i], strip.deltas[i], implied.volatility)
}

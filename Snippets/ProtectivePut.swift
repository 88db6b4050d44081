// A put on a coin: price, Greeks with their units, and the volatility implied by a quote.

import Keel

let market = BlackScholes(spot: 42_265, volatility: 0.55, rate: 0.05, carryYield: 0)
let put = EuropeanOption(kind: .put, strike: 38_000, timeToExpiry: 30.0 / 365)

let greeks = market.greeks(of: put)
print("price", greeks.price, "delta", greeks.delta, "gamma", greeks.gamma)
print("vega per volatility point", greeks.vega.perVolatilityPoint)
print("theta per day", greeks.theta.perDay)

let implied = try Black.impliedTotalVolatility(
  .put, price: 900, forward: market.forward(timeToExpiry: put.timeToExpiry), strike: put.strike)
print("total volatility", implied.volatility, "within", implied.relativeUncertainty)

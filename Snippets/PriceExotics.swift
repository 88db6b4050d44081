// Options on the path of the spot, and the variance that a smile promises.

import KeelDerivatives

let market = BlackScholes(spot: 60_000, volatility: 0.55, rate: 0.04, carryYield: 0)

// A put that ends when the market has recovered; its Greeks are exact.
let put = BarrierOption(
  kind: .put, strike: 58_000, barrier: 66_000, direction: .up, effect: .knockOut,
  timeToExpiry: 0.25)
let greeks = market.greeks(of: put)
print("knock-out put:", greeks.price, "delta", greeks.delta, "vega", greeks.vega.perVolatilityPoint)

// The same level, looked at once a day, is reached less often.
let daily = put.monitored(every: 1 / 365, volatility: market.volatility)
print("watched daily:", market.price(of: daily))

// A range, the best sale until expiry, and a monthly average.
let range = DoubleBarrierOption(
  kind: .call, strike: 60_000, lowerBarrier: 50_000, upperBarrier: 75_000, effect: .knockOut,
  timeToExpiry: 0.25)
print("between two levels:", market.price(of: range))
let lookback = LookbackOption(kind: .put, strike: .floating, timeToExpiry: 0.25)
print("sale at the maximum:", market.price(of: lookback))
let asian = AsianOption(
  kind: .call, strike: 60_000, fixingTimes: (1...12).map { Double($0) / 12 }, timeToExpiry: 1)
let average = try market.arithmeticPrice(of: asian, pairCount: 10_000, seed: 1)
print("average of a year:", average.price, "±", average.standardError)

// What a smile says of variance and volatility until expiry.
let swap = VarianceSwap(forward: 60_600, timeToExpiry: 0.25)
let smile = { (strike: Double) in 0.5 + 0.15 * (strike / 60_600 - 1) * (strike / 60_600 - 1) }
let variance = try swap.fairVariance { min(smile($0), 1.2) }
let volatility = try swap.fairVolatility { min(smile($0), 1.2) }
print("variance swap at", variance.value.squareRoot(), "volatility swap at", volatility.value)

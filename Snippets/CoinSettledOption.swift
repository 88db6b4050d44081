// An option that pays in coin: both values, and the hedge for a book kept in coin.

import Keel

let forward = BlackScholes(spot: 90_400, volatility: 0.45, rate: 0, carryYield: 0)
let call = EuropeanOption(kind: .call, strike: 95_000, timeToExpiry: 20.0 / 365)
let option = CoinSettledOption(call, model: forward)
print("worth", option.inCoin.price, "BTC or", option.inDollars.price, "dollars")
print("delta", option.inDollars.delta, "and less the premium", option.priceAdjustedDelta)
print("hedge: sell", -option.coinNeutralInverseDollars, "dollars of the inverse perpetual")

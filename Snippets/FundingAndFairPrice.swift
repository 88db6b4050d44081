// A funding payment of an inverse perpetual, the premium that is fair, and the carry it stands for.

import Keel

// Short 500 contracts of 100 dollars: the rate of a premium of 0.12 % is 0.07 % for 8 hours.
let perpetual = try FuturesContract.inverse(cashPerContract: 100)
let quote = PerpetualQuote(mark: 60_072, index: 60_000)
let rule = FundingRule.bitMEX
let rate = rule.rate(premium: quote.premium)
let received = perpetual.fundingReceived(
  quantity: -500, rate: rate, price: rule.notionalPrice(of: quote))
print("rate", rate.fraction, "received in coin", received)
print("per year: simple", rate.simplePerYear, "compounded", rate.compoundedPerYear)

// With a carry of 20 % a year the perpetual is fairly priced at this premium after a payment.
let fair = try FairPerpetual(rule: rule, settlement: .inverse, growthPerYear: 0.2)
print(
  "fair premium", try fair.premium(elapsed: 0), "price", try fair.price(index: 60_000, elapsed: 0))

// What funding stands for as a yield of the coin, for option prices hedged with the perpetual.
let carryYield = rate.carryYield(rate: 0.04, settlement: .inverse)
let market = BlackScholes(spot: 60_000, volatility: 0.55, rate: 0.04, carryYield: carryYield)
let everlasting = try EverlastingOption(
  kind: .put, strike: 58_000, interval: FundingInterval(hours: 24), fundingShare: 1)
let value = everlasting.value(in: market, timeToNextFunding: 0.5 / 365)
print("everlasting put", value.greeks.price, "delta", value.greeks.delta, "legs", value.legCount)

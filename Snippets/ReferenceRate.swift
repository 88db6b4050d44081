// What stands for a risk-free rate on chain: stablecoins lent and ether staked, net of failures, and what is priced with it.
import Keel

// Dollars: a money market quotes by the second, a fixed term as simple interest, a third shows its index a week apart.
let model = try InterestRateModel(
  baseRate: 0, slopeBelowKink: 0.05, slopeAboveKink: 0.6, kink: 0.9, reserveFactor: 0.1)
let week = try QuotedRate(indexFrom: 1.052_11, to: 1.052_87, years: 7.0 / 365)
var dollars = [
  ReferenceRate.Source(
    "large", reserve: try LendingReserve(supplied: 450e6, borrowed: 400e6, rates: model),
    hazardPerYear: 0.004, lossGivenFailure: 0.5),
  ReferenceRate.Source(
    "term", quote: QuotedRate(0.052, .simple(periodInYears: 0.25)), capital: 150e6,
    hazardPerYear: 0.01, lossGivenFailure: 0.6),
  ReferenceRate.Source(
    "index", quote: week, capital: 400e6, hazardPerYear: 0.006, lossGivenFailure: 0.5),
  ReferenceRate.Source("broken", quote: QuotedRate(9, .periodic(perYear: 1)), capital: 80e6),
]
dollars[3].ageNanoseconds = 7_200_000_000_000
let cash = try ReferenceRate(sources: dollars, maximumAgeNanoseconds: 3_600_000_000_000)
for part in cash.contributions {
  print(part.name, part.grossRate, "less", part.expectedLoss, "share", part.share)
  print("  may move it to", part.attainable.map { "\($0)" } ?? "anything")
}
for source in cash.leftOut { print(source.name, "left out:", source.reason) }
let yield = QuotedRate(continuouslyCompounded: cash.rate, as: .periodic(perYear: 1)).perYear
print("dollars", cash.rate, "effective", yield, "spread", cash.spread)

// Ether: exchange rates and rewards of staking, less commission and slashing.
let ether = try ReferenceRate(sources: [
  ReferenceRate.Source(
    "pool", quote: try QuotedRate(indexFrom: 1.2041, to: 1.2066, years: 30.0 / 365), capital: 9e6,
    hazardPerYear: 0.001, lossGivenFailure: 0.5),
  ReferenceRate.Source(
    "validator", quote: QuotedRate(0.03, .periodic(perYear: 365)), capital: 2e6,
    staking: .init(commission: 0.1, slashingHazardPerYear: 0.002, lossGivenSlashing: 0.05)),
])
print("ether", ether.rate)

// Both rates price an option: cash by the rate of the market, ether by its carry yield.
let now = try Timestamp(parsing: "2026-03-01T00:00:00Z")
var market = MarketSnapshot(
  time: now, universe: try Universe(["USD", "ETH"]), prices: [1, 2200], rate: cash.rate)
market.quotes["ETH-2200-C"] = .option(volatility: 0.65, carryYield: ether.rate)
let call = try Listing(
  "ETH-2200-C",
  .option(
    ListedOption(
      .call, strike: 2200, expiry: now.advanced(byDays: 90), underlying: "ETH",
      settings: .init())),
  protocolName: "venue", costFraction: 0.003, gas: 0)
let value = call.exposure(quantity: 1, entryPrice: 0, in: market)
print("call", value.value, "delta", value.delta)
market.rate = 0
print("at no rate", call.exposure(quantity: 1, entryPrice: 0, in: market).value)

// A future is dear when it carries more than the difference of the two rates.
let black = BlackScholes(
  spot: 2200, volatility: 0.65, rate: cash.rate, carryYield: ether.rate)
print("fair future", black.forward(timeToExpiry: 90.0 / 365))

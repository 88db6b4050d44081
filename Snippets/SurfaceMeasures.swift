// What a surface says in the numbers of desks, which quotes it calls wrong, and the spreads that follow.
import Keel

// Two expiries in coin convention, quoted one point around a smile, but for two quotes.
var quotes: [SmileQuotes] = []
for time in [20.0 / 365, 55.0 / 365] {
  let planted = try SVISmile(
    timeToExpiry: time, a: 0.3 * time, b: 0.08 * time.squareRoot(), rho: -0.3, m: 0, sigma: 0.2)
  quotes.append(
    try SmileQuotes(
      timeToExpiry: time, forward: 60_000,
      quotes: (-6...6).map { i in
        let k = Double(i) / 20
        var volatility = planted.impliedVolatility(at: k)
        if time < 0.1 && i == -3 { volatility += 0.04 }
        if time < 0.1 && i == -1 { volatility -= 0.03 }
        return try SmileQuotes.Quote(
          logMoneyness: k, bid: volatility - 0.005, ask: volatility + 0.005)
      }))
}
let surface = try SSVIFit(quotes).surface

// snippet.example
let smiles = try quotes.map { try surface.smile(timeToExpiry: $0.timeToExpiry) }
for smile in smiles {
  let measures = try ExpiryMeasures(of: smile, settings: .init(convention: .coinSettled))
  print(
    "days", measures.timeToExpiry * 365, "money", measures.atTheMoney.volatility, "skew",
    measures.skew.normalizedSlope)
  for quotes in measures.deltaQuotes {
    print("  delta", quotes.delta, "reversal", quotes.riskReversal, "fly", quotes.butterfly)
  }
  print("  probability of a fall by a quarter", measures.falls[1].probability)
}
let index = try VolatilityIndex(of: smiles)
let premium = try VarianceRiskPremium(
  level: VarianceLevel(timeToExpiry: index.horizon, variance: index.variance),
  forecastVariance: 0.25)
print("30 days", index.volatility, "above the forecast by", premium.volatility)
print("forward", try ForwardVariance(from: index.near, to: index.next).volatility)

let fee = OptionFee(forwardFraction: 0.0003, largestPriceFraction: 0.125)
let mispricing = try Mispricing(of: quotes, against: surface, fee: fee)
for score in mispricing.scores.prefix(2) {
  print(score.option.strike, score.deviation, "scales", score.robustScore, "edge", score.edge)
}
let spreads = try SpreadCandidates(mispricing)
for spread in spreads.candidates.prefix(3) {
  print(
    spread.form, "edge", spread.edge, "per vega", spread.edgePerVega, "loses at most",
    spread.worstLoss ?? .nan)
}
// snippet.end

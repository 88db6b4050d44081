// Option quotes cleaned, a surface fitted to them without arbitrage, and what it says between expiries.
import Keel

// A chain in cash: 60 % volatility with a skew, quoted two points wide.
var quotes: [OptionQuote] = []
for (time, forward) in [(0.1, 60_300.0), (0.4, 61_200.0)] {
  for strike in stride(from: 40_000.0, through: 90_000, by: 2_500) {
    let volatility = 0.6 - 0.2 * (strike / forward - 1)
    for kind in EuropeanOption.Kind.allCases {
      let option = EuropeanOption(kind: kind, strike: strike, timeToExpiry: time)
      let bid = Black76(forward: forward, volatility: volatility - 0.01, rate: 0.04)
      let ask = Black76(forward: forward, volatility: volatility + 0.01, rate: 0.04)
      quotes.append(
        OptionQuote(option, bid: bid.price(of: option), ask: ask.price(of: option)))
    }
  }
}
quotes[3].bid = 99_999  // crossed

// snippet.example
let cleaned = try CleanedQuotes(quotes, premium: .cash)
for fit in cleaned.parity {
  print(fit.timeToExpiry, "forward", fit.forward, "±", fit.forwardError, fit.discountFactor)
}
for drop in cleaned.dropped where drop.reason != .inTheMoney { print(drop.index, drop.reason) }

let fit = try SSVIFit(cleaned.smiles)
print("converged", fit.isConverged, "free of arbitrage", fit.margins.isFree, fit.surface.slack)
for quality in fit.quality {
  print(quality.timeToExpiry, quality.insideCount, "of", quality.quoteCount, "inside bid and ask")
}
let splines = try SplineSurfaceFit(cleaned.smiles)
print("splines free of arbitrage", splines.surface.margins.isFree)
print("implied", fit.surface.impliedVolatility(at: -0.1, timeToExpiry: 0.25))
print("local", fit.surface.localVolatility(at: -0.1, time: 0.25))
// snippet.end

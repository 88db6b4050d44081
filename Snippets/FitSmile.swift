// The smile of one expiry fitted without arbitrage, with what proves it and what the quotes leave open.

import Keel

let places = [-0.5, -0.35, -0.2, -0.1, 0, 0.1, 0.2, 0.35]  // ln(K/F)
let bids = [0.83, 0.74, 0.66, 0.62, 0.59, 0.585, 0.59, 0.62]
let asks = [0.87, 0.77, 0.68, 0.635, 0.605, 0.60, 0.61, 0.65]

// snippet.example
let quotes = try SmileQuotes(
  timeToExpiry: 30 / 365, forward: 64_000,
  quotes: places.indices.map {
    try SmileQuotes.Quote(logMoneyness: places[$0], bid: bids[$0], ask: asks[$0])
  })
let fit = try SVIFit(to: quotes)
print("at the money", fit.smile.impliedVolatility(at: 0))
print("inside bid and ask", fit.quality.insideCount, "of", fit.quality.quoteCount)
print("least density factor", fit.butterfly.densityFactor, "at", fit.butterfly.logMoneyness)
print("not identified", fit.identification.unidentified.map(\.rawValue))
print("ln(S/F) exceeded with 99 %", try fit.smile.quantile(0.01))
// snippet.end

import Foundation
import Keel

/// Surfaces of implied volatility.
let surfaceCases: [Case] = [ssviCase(expiries: 12, strikes: 40)]

/// Noisy quotes of a planted surface, two half spreads wide.
private func ssviCase(expiries: Int, strikes: Int) -> Case {
  Case(name: "surface/ssvi/\(expiries)x\(strikes)", items: expiries * strikes) {
    let halfSpread = 0.004
    let quotes = try (0..<expiries).map { i in
      let time = 0.02 * pow(1.5, Double(i))
      let variance = 0.36 * time * (1 + 0.1 * exp(-time))
      let smile = try SSVISmile(
        timeToExpiry: time, variance: variance, correlation: -0.3 + 0.015 * Double(i),
        curvature: 0.9 * (variance / (1 + variance)).squareRoot())
      let rows = try (0..<strikes).map { j in
        let k = 3 * variance.squareRoot() * (2 * Double(j) / Double(strikes - 1) - 1)
        let noise = halfSpread * sin(Double(37 * j + 11 * i))
        let middle = smile.impliedVolatility(at: k) + noise
        return try SmileQuotes.Quote(
          logMoneyness: k, bid: middle - halfSpread, ask: middle + halfSpread)
      }
      return try SmileQuotes(timeToExpiry: time, forward: 100, quotes: rows)
    }
    var answer: [Double] = []
    return .init(
      run: {
        let fit = try SSVIFit(quotes)
        answer = fit.surface.smiles.flatMap { [$0.variance, $0.correlation, $0.curvature] }
      }, answer: { answer })
  }
}

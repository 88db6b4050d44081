import Foundation
import Keel

/// Surfaces of implied volatility.
let surfaceCases: [Case] = [
  ssviCase(expiries: 12, strikes: 40), hestonCalibrationCase(expiries: 8, strikes: 25),
]

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

/// Noisy quotes of a planted model, two half spreads wide, two deviations to either side.
private func hestonCalibrationCase(expiries: Int, strikes: Int) -> Case {
  Case(name: "heston/calibration/\(expiries)x\(strikes)", items: expiries * strikes) {
    let halfSpread = 0.004
    let planted = try HestonModel(
      initialVariance: 0.3, reversion: 3, meanVariance: 0.36, varianceVolatility: 1.4,
      correlation: -0.3)
    let quotes = try (0..<expiries).map { i in
      let time = 0.08 * pow(1.6, Double(i))
      let deviation = planted.logVariance(timeToExpiry: time).squareRoot()
      let rows = try (0..<strikes).map { j in
        let k = 2 * deviation * (2 * Double(j) / Double(strikes - 1) - 1)
        let option = EuropeanOption(
          kind: k < 0 ? .put : .call, strike: exp(k), timeToExpiry: time)
        let price = planted.price(of: option, spot: 1, rate: 0, carryYield: 0)
        let implied = try Black76.impliedVolatility(of: option, price: price, forward: 1, rate: 0)
        let middle = implied.volatility + halfSpread * sin(Double(37 * j + 11 * i))
        return try SmileQuotes.Quote(
          logMoneyness: k, bid: middle - halfSpread, ask: middle + halfSpread)
      }
      return try SmileQuotes(timeToExpiry: time, forward: 100, quotes: rows)
    }
    var answer: [Double] = []
    return .init(
      run: {
        let fit = try ModelCalibration<HestonModel>(to: quotes)
        guard fit.isConverged else { throw BenchmarkError("the calibration has not converged") }
        answer = fit.model.parameters
      }, answer: { answer })
  }
}

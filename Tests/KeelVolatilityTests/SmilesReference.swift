import KeelDerivatives
import KeelTestSupport
import KeelVolatility

/// The rows of `Tests/Reference/smiles.json`.
struct SmilesReference: Decodable, Sendable {
  struct Hyperbola: Decodable, Sendable {
    let time: Double
    /// a, b, ρ, m, σ.
    let raw: [Double]
    /// Log-moneyness, variance, slope, curvature, density factor, density, probability below.
    let points: [[Double]]
    let leastFactor: Double
    /// Where; nil for a limit.
    let place: Double?
    /// Δ, μ, ρ, ω, ζ.
    let natural: [Double]
    /// v, ψ, p, c, least v.
    let jumpWings: [Double]

    func smile() throws -> SVISmile {
      try SVISmile(
        timeToExpiry: time, a: raw[0], b: raw[1], rho: raw[2], m: raw[3], sigma: raw[4])
    }
  }

  struct Formula: Decodable, Sendable {
    let time: Double
    let forward: Double
    let alpha: Double
    let beta: Double
    let rho: Double
    let nu: Double
    /// Log-moneyness, variance, slope, curvature; the last one at the money without derivatives.
    let points: [[Double?]]
  }

  struct Fit: Decodable, Sendable {
    let time: Double
    let places: [Double]
    let bids: [Double]
    let asks: [Double]
    /// The least cost.
    let cost: Double

    func quotes() throws -> SmileQuotes {
      try SmileQuotes(
        timeToExpiry: time, forward: 1,
        quotes: places.indices.map {
          try SmileQuotes.Quote(logMoneyness: places[$0], bid: bids[$0], ask: asks[$0])
        })
    }

    /// The documented cost of a smile.
    func cost(of smile: SVISmile) -> Double {
      var sum = 0.0
      for (i, k) in places.enumerated() {
        let middle = (bids[i] + asks[i]) / 2
        let scale = middle * time * max(asks[i] - bids[i], 2e-4 * middle)
        let w = smile.totalVariance(at: k).value
        let outside =
          max(w - asks[i] * asks[i] * time, 0) + max(bids[i] * bids[i] * time - w, 0)
        let distance = w - middle * middle * time
        sum += (0.01 * distance * distance + outside * outside) / (scale * scale) / 2
      }
      return sum
    }
  }

  let hyperbolas: [Hyperbola]
  let formulas: [Formula]
  let fits: [Fit]

  static func load() throws -> SmilesReference { try Reference.load(Self.self, "smiles") }
}

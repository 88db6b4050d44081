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

  let hyperbolas: [Hyperbola]
  let formulas: [Formula]

  static func load() throws -> SmilesReference { try Reference.load(Self.self, "smiles") }
}

import KeelDerivatives
import KeelTestSupport
import KeelVolatility

/// The rows of `Tests/Reference/measures.json`.
struct MeasuresReference: Decodable, Sendable {
  struct Strike: Decodable, Sendable {
    let convention: String
    let kind: EuropeanOption.Kind
    let delta: Double
    /// Nil where no call has the delta.
    let logMoneyness: Double?
    /// The largest delta then.
    let largest: Double?

    init(from decoder: any Decoder) throws {
      var row = try decoder.unkeyedContainer()
      convention = try row.decode(String.self)
      kind = try row.decode(EuropeanOption.Kind.self)
      delta = try row.decode(Double.self)
      logMoneyness = try row.decode(Double?.self)
      largest = try row.decode(Double?.self)
    }
  }

  struct Strangle: Decodable, Sendable {
    let convention: String
    let delta: Double
    let volatility: Double

    init(from decoder: any Decoder) throws {
      var row = try decoder.unkeyedContainer()
      convention = try row.decode(String.self)
      delta = try row.decode(Double.self)
      volatility = try row.decode(Double.self)
    }
  }

  struct Smile: Decodable, Sendable {
    /// Time, a, b, ρ, m, σ.
    let raw: [Double]
    let strikes: [Strike]
    /// Where d₁ and d₂ are zero.
    let neutral: [Double]
    /// Volatility, slope, curvature.
    let shape: [Double]
    let strangles: [Strangle]
    let fairVariance: Double

    func smile() throws -> SVISmile { try MeasuresReference.smile(raw) }
  }

  struct Expiry: Decodable, Sendable {
    let time: Double
    let rate: Double
    /// Strike, bid, ask.
    let puts: [[Double]]
    let calls: [[Double]]
    let forward: Double
    let central: Double
    let count: Int
    let variance: Double

    var chain: [OptionQuote] {
      zip([EuropeanOption.Kind.put, .call], [puts, calls]).flatMap { kind, rows in
        rows.map {
          OptionQuote(
            EuropeanOption(kind: kind, strike: $0[0], timeToExpiry: time), bid: $0[1], ask: $0[2])
        }
      }
    }
  }

  struct Exchange: Decodable, Sendable {
    struct Published: Decodable, Sendable {
      let forwards: [Double]
      let variances: [Double]
      let index: Double
    }

    let near: Expiry
    let next: Expiry
    let index: Double
    let published: Published
  }

  struct Scores: Decodable, Sendable {
    let raw: [Double]
    let forward: Double
    let discount: Double
    /// Log-moneyness, volatility of bid and ask, cash of bid, fit and ask.
    let quotes: [[Double]]
  }

  let carryYield: Double
  let smiles: [Smile]
  let exchange: Exchange
  let scores: [Scores]
  let center: Double
  let scale: Double

  func convention(_ name: String) -> DeltaConvention {
    switch name {
    case "spot": .spot(carryYield: carryYield)
    case "forward": .forward
    case "adjustedSpot": .premiumAdjustedSpot(carryYield: carryYield)
    default: .premiumAdjustedForward
    }
  }

  static func smile(_ raw: [Double]) throws -> SVISmile {
    try SVISmile(
      timeToExpiry: raw[0], a: raw[1], b: raw[2], rho: raw[3], m: raw[4], sigma: raw[5])
  }

  static func load() throws -> MeasuresReference { try Reference.load(Self.self, "measures") }
}

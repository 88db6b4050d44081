import KeelDerivatives
import KeelTestSupport
import Testing

/// The rows of `Tests/Reference/exotics.json`.
struct ExoticsReference: Decodable, Sendable {
  struct GeometricAverage: Decodable, Sendable {
    /// Kind, spot, strike, volatility, rate, carry yield, time.
    let terms: [Double]
    let times: [Double]
    let past: [Double]
    let price: Double
  }

  /// Kind, spot, strike, level, up, in, rebate, at hit, volatility, rate, carry yield, time, price.
  let barriers: [[Double]]

  /// Kind, spot, strike, levels, in, volatility, rate, carry yield, time, price.
  let doubleBarriers: [[Double]]

  /// Kind, fixed, spot, strike, extreme, volatility, rate, carry yield, time, price.
  let lookbacks: [[Double]]

  let geometricAverages: [GeometricAverage]

  /// Argument, I₀ − I₁.
  let besselDifferences: [[Double]]

  static func load() throws -> ExoticsReference {
    try Reference.load(Self.self, "exotics")
  }
}

/// A market and terms that options of all kinds share.
struct ExoticCase: CustomStringConvertible {
  var model: BlackScholes
  var kind: EuropeanOption.Kind
  var strike: Double
  var time: Double

  /// A random one.
  init(_ generator: inout SeededGenerator) {
    model = BlackScholes(
      spot: 100, volatility: generator.uniform(0.1...0.9), rate: generator.uniform(-0.01...0.1),
      carryYield: generator.uniform(-0.04...0.1))
    kind = generator.uniform() < 0.5 ? .call : .put
    strike = generator.uniform(70...130)
    time = generator.uniform(0.05...2)
  }

  var european: EuropeanOption {
    EuropeanOption(kind: kind, strike: strike, timeToExpiry: time)
  }

  var description: String { "\(model) \(kind) \(strike) \(time)" }
}

/// Compares Greeks with central differences of a price, of fourth order.
func expectDifferences(
  _ greeks: Greeks,
  of price: (BlackScholes) -> Double,
  at model: BlackScholes,
  _ label: String
) {
  func slope(_ step: Double, _ move: (inout BlackScholes, Double) -> Void) -> Double {
    func moved(_ change: Double) -> Double {
      var model = model
      move(&model, change)
      return price(model)
    }
    return (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (12 * step)
  }
  // Prices are known to some 1e-14 of 100, so that differences over these steps are to 1e-8 or so of their size.
  let near = 1e-6 * (1 + greeks.delta.magnitude)
  expectClose(greeks.delta, slope(1e-4 * model.spot) { $0.spot += $1 }, absolute: near, label)
  let vega = greeks.vega.perUnitVolatility
  expectClose(
    vega, slope(1e-4) { $0.volatility += $1 }, absolute: 1e-6 * (100 + vega.magnitude), label)
  let rho = greeks.rho.perUnitRate
  expectClose(rho, slope(1e-4) { $0.rate += $1 }, absolute: 1e-6 * (100 + rho.magnitude), label)
}

import KeelDerivatives
import KeelTestSupport

/// The rows of `Tests/Reference/black.json`.
struct BlackReference: Decodable, Sendable {
  let prices: [[Double]]
  let greeks: [[Double]]

  static func load() throws -> BlackReference { try Reference.load(Self.self, "black") }
}

/// The rows of `Tests/Reference/black_random.json`.
struct RandomBlackReference: Decodable, Sendable {
  let prices: [[Double]]
}

func kind(_ code: Double) -> EuropeanOption.Kind { code == 0 ? .call : .put }

/// A seeded book of options over every usual and many unusual regions.
struct RandomOption {
  var kind: EuropeanOption.Kind
  var forward: Double
  var strike: Double
  var totalVolatility: Double

  init(using generator: inout SeededGenerator, depth: Double = 30) {
    kind = generator.uniform() < 0.5 ? .call : .put
    forward = power(10, generator.uniform(-6...6))
    totalVolatility = power(10, generator.uniform(-6...0.8))
    let logMoneyness = generator.uniform(-depth...depth) * totalVolatility
    strike = forward * power(2.718281828459045, min(max(logMoneyness, -600), 600))
  }
}

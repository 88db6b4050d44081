import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

private typealias First = Dual<Double>
private typealias Second = Dual<First>
private typealias Third = Dual<Second>

/// Every Greek against the exact derivative of the price formula by nested dual numbers.
@Suite struct DualGreeksTests {
  /// The mixed derivative of the Black-Scholes price by three variables out of S, K, T, σ, r, y; −1 for
  /// none.
  private func derivative(
    _ kind: EuropeanOption.Kind,
    _ point: [Double],
    _ variables: [Int]
  ) -> Double {
    let inputs = point.indices.map { i in
      let first = First(point[i], derivative: variables[0] == i ? 1 : 0)
      let second = Second(first, derivative: First(variables[1] == i ? 1 : 0))
      return Third(second, derivative: Second(variables[2] == i ? 1 : 0))
    }
    let price = PriceFormula.blackScholes(
      kind, spot: inputs[0], strike: inputs[1], timeToExpiry: inputs[2], volatility: inputs[3],
      rate: inputs[4], carryYield: inputs[5])
    let outer = variables[2] < 0 ? price.value : price.derivative
    let middle = variables[1] < 0 ? outer.value : outer.derivative
    return variables[0] < 0 ? middle.value : middle.derivative
  }

  /// Variables and sign of each value in the order of `Greeks.values`.
  private static let variables: [(by: [Int], sign: Double)] = [
    ([-1, -1, -1], 1), ([0, -1, -1], 1), ([0, 0, -1], 1), ([3, -1, -1], 1), ([2, -1, -1], -1),
    ([4, -1, -1], 1), ([5, -1, -1], 1), ([1, -1, -1], 1), ([1, 1, -1], 1), ([0, 3, -1], 1),
    ([3, 3, -1], 1), ([0, 2, -1], -1), ([3, 2, -1], -1), ([0, 0, 0], 1), ([0, 0, 3], 1),
    ([0, 0, 2], -1), ([3, 3, 3], 1),
  ]

  @Test(arguments: 1...40)
  func everyGreekIsADerivative(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed + 500))
    for _ in 0..<20 {
      let spot = power(10, generator.uniform(-2...4))
      let time = generator.uniform(0.02...3)
      let volatility = generator.uniform(0.1...1.5)
      let strike =
        spot * exponential(generator.uniform(-2.5...2.5) * volatility * time.squareRoot())
      let point = [
        spot, strike, time, volatility, generator.uniform(-0.1...0.2),
        generator.uniform(-0.2...0.2),
      ]
      let kind: EuropeanOption.Kind = generator.uniform() < 0.5 ? .call : .put
      let model = BlackScholes(
        spot: spot, volatility: volatility, rate: point[4], carryYield: point[5])
      let option = EuropeanOption(kind: kind, strike: strike, timeToExpiry: time)
      let values = model.greeks(of: option).values
      // Each is scaled by the size of a derivative of that order: one division by S, σ√T S, T, σ each.
      let sizes = [
        spot * volatility * time.squareRoot(), strike * volatility * time.squareRoot(), time,
        volatility, 1, 1,
      ]
      let least = min(spot, strike)
      for (i, (by, sign)) in Self.variables.enumerated() {
        let exact = sign * derivative(kind, point, by)
        let scale = by.reduce(least) { $1 < 0 ? $0 : $0 / sizes[$1] }
        #expect(
          (values[i] - exact).magnitude <= 1e-12 * max(scale, exact.magnitude),
          "Greek \(i): \(values[i]) for \(exact) at \(point)")
      }
    }
  }

  @Test func formulasOfDoublesAreThePrices() {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<500 {
      let (forward, strike) = (generator.uniform(50...200), generator.uniform(50...200))
      let total = generator.uniform(0.01...2)
      for kind in EuropeanOption.Kind.allCases {
        expectClose(
          PriceFormula.black(kind, forward: forward, strike: strike, totalVolatility: total),
          Black.price(kind, forward: forward, strike: strike, totalVolatility: total),
          absolute: 1e-13 * 200)
      }
    }
  }
}

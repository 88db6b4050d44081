import Keel

let americanCases: [Case] = [fastCase, accurateCase, latticeCase]

/// Puts near the strike, one boundary each.
private struct AmericanPuts {
  static let carryYield = 0.01
  static let option = AmericanOption(kind: .put, strike: 100, timeToExpiry: 1)

  let markets: [BlackScholes]

  init(count: Int) {
    let spots = Inputs.uniforms(count: count, 85...115, stream: 60)
    let volatilities = Inputs.uniforms(count: count, 0.15...0.6, stream: 61)
    let rates = Inputs.uniforms(count: count, 0.02...0.08, stream: 62)
    markets = (0..<count).map {
      BlackScholes(
        spot: spots[$0], volatility: volatilities[$0], rate: rates[$0],
        carryYield: Self.carryYield)
    }
  }

  var peerInputs: [(name: String, shape: [Int], values: [Double])] {
    [
      ("spot", [markets.count], markets.map(\.spot)),
      ("volatility", [markets.count], markets.map(\.volatility)),
      ("rate", [markets.count], markets.map(\.rate)),
      ("carry_yield", [markets.count], markets.map(\.carryYield)),
    ]
  }
}

private let optionCount = 100
private let fastCase = putCase("american/fast/put", .fast, peer: "quantlib_american_fast")
private let accurateCase = putCase(
  "american/accurate/put", .accurate, peer: "quantlib_american_accurate")

private func putCase(_ name: String, _ precision: AmericanPrecision, peer: String) -> Case {
  Case(
    name: name, items: optionCount, peers: [peer],
    inputs: { AmericanPuts(count: optionCount).peerInputs }
  ) {
    let puts = AmericanPuts(count: optionCount)
    var prices = [Double](repeating: 0, count: optionCount)
    return .init(
      run: {
        for (i, market) in puts.markets.enumerated() {
          prices[i] = market.price(of: AmericanPuts.option, precision: precision)
        }
        guard prices.allSatisfy(\.isFinite) else { throw BenchmarkError("a price is not finite") }
      },
      answer: { prices })
  }
}

private let latticeCase = Case(
  name: "american/lattice/1000", items: 1, peers: ["quantlib_american_lattice"],
  inputs: { AmericanPuts(count: 1).peerInputs }
) {
  let puts = AmericanPuts(count: 1)
  let lattice = LatticeBox(try AmericanLattice(stepCount: 1000))
  var price = 0.0
  return .init(
    run: {
      price = lattice.value.price(of: AmericanPuts.option, in: puts.markets[0])
      guard price.isFinite else { throw BenchmarkError("a price is not finite") }
    },
    answer: { [price] })
}

/// A closure cannot own a lattice by itself.
private final class LatticeBox {
  var value: AmericanLattice

  init(_ value: consuming AmericanLattice) { self.value = value }
}

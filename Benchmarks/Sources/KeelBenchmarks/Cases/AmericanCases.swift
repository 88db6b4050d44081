import Keel

let americanCases: [Case] = [fastCase, accurateCase, latticeCase]

private let optionCount = 100

/// Puts near the strike, one boundary each.
private struct AmericanPuts {
  let spots = Inputs.uniforms(count: optionCount, 85...115, stream: 60)
  let volatilities = Inputs.uniforms(count: optionCount, 0.15...0.6, stream: 61)
  let rates = Inputs.uniforms(count: optionCount, 0.02...0.08, stream: 62)
  let option = AmericanOption(kind: .put, strike: 100, timeToExpiry: 1)

  func market(_ i: Int) -> BlackScholes {
    BlackScholes(
      spot: spots[i], volatility: volatilities[i], rate: rates[i], carryYield: 0.01)
  }
}

private let fastCase = putCase("american/fast/put", .fast)
private let accurateCase = putCase("american/accurate/put", .accurate)

private func putCase(_ name: String, _ precision: AmericanPrecision) -> Case {
  Case(name: name, items: optionCount) {
    let puts = AmericanPuts()
    var sum = 0.0
    return .init(run: {
      for i in 0..<optionCount {
        sum += puts.market(i).price(of: puts.option, precision: precision)
      }
      guard sum.isFinite else { throw BenchmarkError("a price is not finite") }
    })
  }
}

private let latticeCase = Case(name: "american/lattice/1000", items: 1) {
  let puts = AmericanPuts()
  let lattice = LatticeBox(try AmericanLattice(stepCount: 1000))
  var sum = 0.0
  return .init(run: {
    sum += lattice.value.price(of: puts.option, in: puts.market(0))
    guard sum.isFinite else { throw BenchmarkError("a price is not finite") }
  })
}

/// A closure cannot own a lattice by itself.
private final class LatticeBox {
  var value: AmericanLattice

  init(_ value: consuming AmericanLattice) { self.value = value }
}

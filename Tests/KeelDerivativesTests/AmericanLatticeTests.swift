import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct AmericanLatticeTests {
  @Test func matchesReference() throws {
    var lattice = try AmericanLattice(stepCount: 1001)
    for row in try AmericanReference.load().prices {
      let example = AmericanCase(row)
      let value = lattice.value(of: example.option, in: example.model)
      expectClose(value.price, row[7], absolute: 5e-5 * row[2], "\(row)")
      expectClose(
        lattice.price(of: example.option, in: example.model), row[7], absolute: 1e-4 * row[2],
        "\(row)")
    }
  }

  /// A second method that shares nothing with the boundary, at both signs of the rates.
  @Test(arguments: 1...20)
  func agreesWithTheBoundary(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var lattice = try AmericanLattice(stepCount: 1001)
    let example = AmericanCase(&generator, rates: -0.04...0.1, yields: -0.06...0.1)
    let value = lattice.value(of: example.option, in: example.model)
    expectClose(
      value.price, example.model.price(of: example.option), absolute: 3e-3, "\(example)")
    let plain = lattice.price(of: example.option, in: example.model)
    #expect(value.plainPrice == plain && value.errorEstimate < 0.1)
  }

  /// Without early exercise the tree's error falls like 1/n².
  @Test func europeanPricesConverge() throws {
    let model = BlackScholes(spot: 105, volatility: 0.3, rate: 0.05, carryYield: 0)
    let option = AmericanOption(kind: .call, strike: 100, timeToExpiry: 1)
    let exact = model.price(of: option.european)
    var coarse = try AmericanLattice(stepCount: 101)
    var fine = try AmericanLattice(stepCount: 1001)
    expectClose(coarse.price(of: option, in: model), exact, absolute: 1e-3)
    expectClose(fine.price(of: option, in: model), exact, absolute: 1e-5)
  }

  @Test func isDefinedForHostileNumbers() throws {
    #expect(throws: DerivativesError.self) { _ = try AmericanLattice(stepCount: 2) }
    #expect(throws: DerivativesError.self) { _ = try AmericanLattice(stepCount: 200_000) }
    var lattice = try AmericanLattice(stepCount: 10)
    #expect(lattice.stepCount == 11)
    for number in hostileNumbers {
      for place in 0..<6 {
        var inputs = [100.0, 100, 1, 0.3, 0.05, 0.02]
        inputs[place] = number
        let model = BlackScholes(
          spot: inputs[0], volatility: inputs[3], rate: inputs[4], carryYield: inputs[5])
        let option = AmericanOption(kind: .put, strike: inputs[1], timeToExpiry: inputs[2])
        let price = lattice.price(of: option, in: model)
        #expect(price.isNaN || price >= 0, "\(inputs) \(price)")
        if !number.isFinite || (number < 0 && place < 4) { #expect(price.isNaN, "\(inputs)") }
      }
    }
    let expired = AmericanOption(kind: .put, strike: 100, timeToExpiry: 0)
    let model = BlackScholes(spot: 90, volatility: 0.3, rate: 0.05, carryYield: 0.02)
    let price = lattice.price(of: expired, in: model)
    #expect(price == 10)
  }
}

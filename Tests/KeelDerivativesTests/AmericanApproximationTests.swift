import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct AmericanApproximationTests {
  @Test func matchReference() throws {
    for row in try AmericanReference.load().approximations {
      let example = AmericanCase(row)
      expectClose(
        BaroneAdesiWhaley(model: example.model).price(of: example.option), row[7], relative: 1e-11,
        "\(row)")
      // Where the formula is below the European price, that is the better bound.
      let floor = example.model.price(of: example.option.european)
      let intrinsic = example.option.exerciseValue(spot: example.model.spot)
      expectClose(
        BjerksundStensland(model: example.model).price(of: example.option),
        max(row[8], floor, intrinsic),
        relative: 1e-11, absolute: 1e-11, "\(row)")
    }
  }

  /// The documented errors, and the side on which the flat boundaries are.
  @Test(arguments: 1...60)
  func areClose(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let example = AmericanCase(&generator, rates: 0.001...0.1, yields: -0.02...0.1)
    let price = example.model.price(of: example.option)
    let quadratic = BaroneAdesiWhaley(model: example.model).price(of: example.option)
    let flat = BjerksundStensland(model: example.model).price(of: example.option)
    expectClose(quadratic, price, absolute: 1.5, "\(example)")
    #expect(flat <= price + 1e-6 && flat >= price - 1.5, "\(example) \(flat) \(price)")
    for value in [quadratic, flat] {
      #expect(value >= example.model.price(of: example.option.european))
      #expect(value >= example.option.exerciseValue(spot: example.model.spot))
    }
  }

  @Test func areDefinedForHostileNumbers() throws {
    for number in hostileNumbers {
      for place in 0..<6 {
        var inputs = [100.0, 100, 1, 0.3, 0.05, 0.02]
        inputs[place] = number
        let model = BlackScholes(
          spot: inputs[0], volatility: inputs[3], rate: inputs[4], carryYield: inputs[5])
        for kind in EuropeanOption.Kind.allCases {
          let option = AmericanOption(kind: kind, strike: inputs[1], timeToExpiry: inputs[2])
          for price in [
            BaroneAdesiWhaley(model: model).price(of: option),
            BjerksundStensland(model: model).price(of: option),
          ] {
            #expect(price.isNaN || price >= 0, "\(inputs) \(price)")
            if !number.isFinite || (number < 0 && place < 4) { #expect(price.isNaN, "\(inputs)") }
          }
        }
      }
    }
    let model = BlackScholes(spot: 90, volatility: 0.3, rate: 0.05, carryYield: 0.02)
    #expect(try roundTrip(BaroneAdesiWhaley(model: model)) == BaroneAdesiWhaley(model: model))
    #expect(try roundTrip(BjerksundStensland(model: model)) == BjerksundStensland(model: model))
  }
}

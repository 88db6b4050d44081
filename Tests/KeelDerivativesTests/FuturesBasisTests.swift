import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct FuturesBasisTests {
  @Test func matchesReference() throws {
    for row in try PerpetualsReference.load().forwards {
      let fair = FuturesBasis.fairPrice(
        spot: row[0], rate: row[1], carryYield: row[2], timeToExpiry: row[3])
      #expect(ulps(fair, row[4]) <= 2, "\(row)")
      let basis = try FuturesBasis(spot: row[0], price: row[5], timeToExpiry: row[3])
      #expect(ulps(basis.continuousCarryPerYear, row[6]) <= 2, "\(row)")
      #expect(ulps(basis.simpleCarryPerYear, row[7]) <= 2, "\(row)")
    }
  }

  @Test(arguments: 1...40)
  func carryGoesThereAndBack(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let spot = power(10, generator.uniform(-3...5))
    let (rate, carry) = (generator.uniform(-0.2...0.4), generator.uniform(-0.3...0.3))
    let time = generator.uniform(0.01...3)
    let price = FuturesBasis.fairPrice(
      spot: spot, rate: rate, carryYield: carry, timeToExpiry: time)
    let basis = try FuturesBasis(spot: spot, price: price, timeToExpiry: time)
    expectClose(basis.continuousCarryPerYear, rate - carry, absolute: 1e-15 / time + 1e-15)
    expectClose(basis.carryYield(rate: rate), carry, absolute: 1e-15 / time + 1e-15)
    expectClose(basis.relative, exponential((rate - carry) * time) - 1, absolute: 1e-14)
    expectClose(basis.absolute, price - spot, relative: 1e-15)
    // A model with the implied yield has this forward.
    let model = BlackScholes(
      spot: spot, volatility: 0.5, rate: rate, carryYield: basis.carryYield(rate: rate))
    expectClose(model.forward(timeToExpiry: time), price, relative: 2e-15)
  }

  @Test func refusesAndRestores() throws {
    for number in hostileNumbers where !(number > 0 && number.isFinite) {
      for place in 0..<3 {
        var inputs = [100.0, 101, 0.5]
        inputs[place] = number
        #expect(throws: DerivativesError.self) {
          try FuturesBasis(spot: inputs[0], price: inputs[1], timeToExpiry: inputs[2])
        }
      }
    }
    for number in hostileNumbers {
      for place in 0..<4 {
        var inputs = [100.0, 0.05, 0.01, 0.5]
        inputs[place] = number
        let price = FuturesBasis.fairPrice(
          spot: inputs[0], rate: inputs[1], carryYield: inputs[2], timeToExpiry: inputs[3])
        let isOutside = !number.isFinite || (number < 0 && (place == 0 || place == 3))
        #expect(price.isNaN == isOutside, "\(inputs)")
      }
    }
    let basis = try FuturesBasis(spot: 100, price: 101, timeToExpiry: 0.5)
    #expect(try roundTrip(basis) == basis)
    #expect(throws: DecodingError.self) {
      try decoded(FuturesBasis.self, #"{"spot": 100, "price": 101, "timeToExpiry": 0}"#)
    }
  }
}

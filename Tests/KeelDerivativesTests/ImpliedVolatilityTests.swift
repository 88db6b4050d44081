import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct ImpliedVolatilityTests {
  /// The volatility of a reference price comes back within what the price can tell.
  @Test func invertsReferencePrices() throws {
    let rows = try BlackReference.load().prices
    var most = 0
    var refused = 0
    for row in rows {
      do {
        let implied = try Black.impliedTotalVolatility(
          kind(row[0]), price: row[4], forward: row[1], strike: row[2])
        let error = (implied.volatility - row[3]).magnitude / row[3]
        let bound = max(1e-12, 4 * Double.ulpOfOne * implied.conditioning)
        #expect(error <= bound, "\(row): \(implied)")
        most = max(most, implied.iterationCount)
      } catch .noInformation {
        refused += 1
        let intrinsic = max(0, row[0] == 0 ? row[1] - row[2] : row[2] - row[1])
        let maximum = row[0] == 0 ? row[1] : row[2]
        #expect(min(row[4] - intrinsic, maximum - row[4]) <= 16 * row[4].ulp, "\(row)")
      } catch .priceAboveMaximum {
        // The price rounds to its maximum.
        #expect(row[4] == (row[0] == 0 ? row[1] : row[2]))
        refused += 1
      }
    }
    #expect(most <= 6)
    // The others are prices at their maximum, or intrinsic values.
    #expect(refused < rows.count / 10)
  }

  @Test(arguments: 1...40)
  func returnsFromItsOwnPrice(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    #if DEBUG
      let count = 250
    #else
      let count = 25_000
    #endif
    var most = 0
    for _ in 0..<count {
      let option = RandomOption(using: &generator)
      let (f, k, s) = (option.forward, option.strike, option.totalVolatility)
      let price = Black.price(option.kind, forward: f, strike: k, totalVolatility: s)
      guard price > 0 else { continue }
      do {
        let implied = try Black.impliedTotalVolatility(
          option.kind, price: price, forward: f, strike: k)
        let error = (implied.volatility - s).magnitude / s
        #expect(
          error <= max(1e-12, 4 * Double.ulpOfOne * implied.conditioning),
          "\(option): \(implied)")
        most = max(most, implied.iterationCount)
        let again = Black.price(
          option.kind, forward: f, strike: k, totalVolatility: implied.volatility)
        let moved = (implied.volatility.ulp / implied.volatility) / implied.conditioning * price
        #expect(
          (again - price).magnitude <= 4 * price.ulp + 2 * moved, "\(option): \(implied)")
      } catch .noInformation(_, let timeValue) {
        let missing = (option.kind == .call ? f : k) - price
        #expect(min(timeValue, missing) <= 16 * price.ulp, "\(option)")
      } catch .priceAboveMaximum(let price, let maximum) {
        #expect(price == maximum)
      }
    }
    #expect(most <= 8)
  }

  @Test(arguments: 1...20)
  func invertsTheModel(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<50 {
      let model = BlackScholes(
        spot: generator.uniform(1...1e5), volatility: generator.uniform(0.05...3),
        rate: generator.uniform(-0.3...0.3), carryYield: generator.uniform(-0.3...0.3))
      let time = power(10, generator.uniform(-3...1))
      let forward = model.forward(timeToExpiry: time)
      let depth = generator.uniform(-4...4) * model.volatility * time.squareRoot()
      let option = EuropeanOption(
        kind: depth > 0 ? .call : .put, strike: forward * exponential(depth), timeToExpiry: time)
      let implied = try BlackScholes.impliedVolatility(
        of: option, price: model.price(of: option), spot: model.spot, rate: model.rate,
        carryYield: model.carryYield)
      expectClose(implied.volatility, model.volatility, relative: 1e-12)
    }
  }

  @Test func namesWhatIsWrong() {
    #expect(throws: DerivativesError.priceBelowIntrinsic(price: 9, intrinsic: 10)) {
      try Black.impliedTotalVolatility(.call, price: 9, forward: 100, strike: 90)
    }
    #expect(throws: DerivativesError.priceBelowIntrinsic(price: -1, intrinsic: 0)) {
      try Black.impliedTotalVolatility(.put, price: -1, forward: 100, strike: 90)
    }
    #expect(throws: DerivativesError.priceAboveMaximum(price: 100, maximum: 100)) {
      try Black.impliedTotalVolatility(.call, price: 100, forward: 100, strike: 90)
    }
    #expect(throws: DerivativesError.priceAboveMaximum(price: 90, maximum: 90)) {
      try Black.impliedTotalVolatility(.put, price: 90, forward: 100, strike: 90)
    }
    #expect(throws: DerivativesError.noInformation(price: 10, timeValue: 0)) {
      try Black.impliedTotalVolatility(.call, price: 10, forward: 100, strike: 90)
    }
    #expect(throws: DerivativesError.noInformation(price: 0, timeValue: 0)) {
      try Black.impliedTotalVolatility(.put, price: 0, forward: 100, strike: 90)
    }
    let expired = EuropeanOption(kind: .call, strike: 100, timeToExpiry: 0)
    #expect(
      throws: DerivativesError.invalidValue(
        argument: "timeToExpiry", got: 0, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    ) {
      try BlackScholes.impliedVolatility(
        of: expired, price: 1, spot: 100, rate: 0, carryYield: 0)
    }
  }

  @Test func isDefinedForHostileNumbers() {
    let numbers = hostileNumbers + [1, 100]
    for price in numbers {
      for f in numbers {
        for k in numbers {
          for kind in EuropeanOption.Kind.allCases {
            do {
              let implied = try Black.impliedTotalVolatility(
                kind, price: price, forward: f, strike: k)
              #expect(implied.volatility > 0 && implied.volatility.isFinite)
              #expect(implied.conditioning >= 0 && implied.relativeUncertainty < 1)
            } catch .iterationLimit {
              Issue.record("iteration limit at \(kind) \(price) \(f) \(k)")
            } catch {}
          }
        }
      }
    }
  }

  @Test func invertsExtremeScales() throws {
    for scale in [1e-290, 1e-150, 1, 1e150, 1e290] {
      for strike in [1.0, 1 + 1e-12, 1.1, 3, 1e6] {
        for s in [1e-9, 1e-4, 0.02, 0.3, 2, 11] {
          let price = Black.price(
            .call, forward: scale, strike: strike * scale, totalVolatility: s)
          guard price.isNormal, price < scale else { continue }
          let implied = try Black.impliedTotalVolatility(
            .call, price: price, forward: scale, strike: strike * scale)
          let error = (implied.volatility - s).magnitude / s
          #expect(error <= max(1e-12, 4 * Double.ulpOfOne * implied.conditioning))
        }
      }
    }
  }
}

import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct AmericanLatticeTests {
  /// At every level: K σ √T / n is what the price bends between two nodes.
  @Test(arguments: Kernels.Level.allCases)
  func matchesReference(level: Kernels.Level) throws {
    var lattice = try AmericanLattice(stepCount: 1001, level: level)
    let rows = try AmericanReference.load().prices
    var withinEstimate = 0
    for row in rows {
      let example = AmericanCase(row)
      let value = lattice.value(of: example.option, in: example.model)
      expectClose(value.price, row[7], absolute: example.latticeError(stepCount: 1001), "\(row)")
      let plain = lattice.price(of: example.option, in: example.model)
      #expect(value.plainPrice == plain)
      if (value.price - row[7]).magnitude <= value.errorEstimate + row[8] { withinEstimate += 1 }
    }
    #expect(withinEstimate * 20 >= rows.count * 19)
  }

  // D. Leisen, "Pricing the American put option: a detailed convergence analysis for binomial models",
  // Journal of Economic Dynamics and Control 22 (1998).
  /// The error is of first order in the number of steps, and extrapolation takes most of it.
  @Test func convergesInFirstOrder() throws {
    let rows = try AmericanReference.load().prices
    func errors(_ stepCount: Int) throws -> (plain: Double, extrapolated: Double) {
      var lattice = try AmericanLattice(stepCount: stepCount)
      var (plain, extrapolated) = (0.0, 0.0)
      for row in rows {
        let example = AmericanCase(row)
        let value = lattice.value(of: example.option, in: example.model)
        let (first, second) = (value.plainPrice - row[7], value.price - row[7])
        plain += first * first
        extrapolated += second * second
      }
      return (plain.squareRoot(), extrapolated.squareRoot())
    }
    let (coarse, fine) = (try errors(251), try errors(1001))
    let order = naturalLog(coarse.plain / fine.plain) / naturalLog(1001.0 / 251)
    #expect(order > 0.9, "\(order)")
    #expect(fine.extrapolated < fine.plain / 2 && coarse.extrapolated < coarse.plain / 2)
    #expect(fine.extrapolated < coarse.extrapolated / 3)
  }

  /// A second method that shares nothing with the boundary, at both signs of the rates.
  @Test(arguments: 1...20)
  func agreesWithTheBoundary(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var lattice = try AmericanLattice(stepCount: 1001)
    let example = AmericanCase(&generator, rates: -0.04...0.1, yields: -0.06...0.1)
    let value = lattice.value(of: example.option, in: example.model)
    expectClose(
      value.price, example.model.price(of: example.option),
      absolute: example.latticeError(stepCount: 1001), "\(example)")
  }

  /// Without early exercise the tree's error falls like 1/n².
  @Test func europeanPricesConverge() throws {
    let model = BlackScholes(spot: 105, volatility: 0.3, rate: 0.05, carryYield: 0)
    let option = AmericanOption(kind: .call, strike: 100, timeToExpiry: 1)
    let exact = model.price(of: option.european)
    var coarse = try AmericanLattice(stepCount: 101)
    var fine = try AmericanLattice(stepCount: 1001)
    let (first, second) = (coarse.price(of: option, in: model), fine.price(of: option, in: model))
    let order = naturalLog((first - exact) / (second - exact)) / naturalLog(1001.0 / 101)
    expectClose(order, 2, absolute: 0.1)
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

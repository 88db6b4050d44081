import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct AmericanOptionTests {
  /// At every level; `accurate` to 1e-8 of the price beyond what the reference is known to.
  @Test(arguments: Kernels.Level.allCases)
  func matchesReference(level: Kernels.Level) throws {
    for row in try AmericanReference.load().prices {
      let example = AmericanCase(row)
      let model = example.model
      let premium = row[7] - model.price(of: example.option.european)
      func price(_ precision: AmericanPrecision) throws -> Double {
        try example.boundary(precision, level: level).price(spot: model.spot)
      }
      expectClose(try price(.highPrecision), row[7], absolute: row[8], "\(row)")
      expectClose(try price(.accurate), row[7], relative: 1e-8, absolute: row[8], "\(row)")
      expectClose(
        try price(.fast), row[7], absolute: 1e-3 * premium + 1e-5 * row[7], "\(row)")
    }
  }

  /// Where the yield exceeds the rate, against polynomials on panels.
  @Test func matchesPanels() throws {
    for row in try AmericanPanelsReference.load().prices {
      let example = AmericanCase(row)
      let spot = example.model.spot
      expectClose(
        try example.boundary(.highPrecision).price(spot: spot), row[7], relative: 1e-11,
        absolute: row[8], "\(row)")
      expectClose(try example.boundary().price(spot: spot), row[7], relative: 1e-8, "\(row)")
    }
  }

  /// What a level rounds differently stays as small as that.
  @Test(arguments: 1...30)
  func levelsAgree(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 600))
    let example = AmericanCase(&generator)
    for precision in AmericanPrecision.allCases {
      let first = try example.boundary(precision, level: .automatic)
      for level in [Kernels.Level.baseline, .avx2] {
        let other = try example.boundary(precision, level: level)
        // At the last digits rounding decides whether one more step is taken.
        if precision != .highPrecision {
          #expect(other.iterationCount == first.iterationCount, "\(example)")
        }
        let (a, b) = (
          first.greeks(spot: example.model.spot), other.greeks(spot: example.model.spot)
        )
        expectClose(a.price, b.price, relative: 1e-12, absolute: 1e-12)
        expectClose(a.delta, b.delta, absolute: 1e-11)
        expectClose(a.gamma * 100, b.gamma * 100, absolute: 1e-9)
      }
    }
  }

  /// A yield above the rate, where the boundary starts below the strike and the premium may be a tiny part.
  @Test(arguments: 1...100)
  func yieldsAboveTheRate(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 700))
    for _ in 0..<5 {
      let rate = generator.uniform(0.0005...0.1)
      let example = AmericanCase(&generator, rates: rate...rate, yields: rate...0.2)
      let strike = example.option.strike
      let (fine, best) = (try example.boundary(.accurate), try example.boundary(.highPrecision))
      let deviation = example.model.volatility * example.option.timeToExpiry.squareRoot()
      for k in -3...3 {
        let spot = strike * exponential(Double(k) * deviation)
        expectClose(
          fine.price(spot: spot), best.price(spot: spot), relative: 1e-8, "\(example) \(k)")
      }
    }
  }

  // L. Andersen, M. Lake, D. Offengenden (2016), section 6.
  /// Strike and spot 100, both rates 5 %, volatility 25 %, one year.
  @Test func matchesThePublishedPremium() {
    let model = BlackScholes(spot: 100, volatility: 0.25, rate: 0.05, carryYield: 0.05)
    for kind in EuropeanOption.Kind.allCases {
      let option = AmericanOption(kind: kind, strike: 100, timeToExpiry: 1)
      let european = model.price(of: option.european)
      let premium = model.price(of: option, precision: .highPrecision) - european
      expectClose(premium, 0.106_952_702_747, absolute: 5e-13)
      expectClose(model.price(of: option) - european, 0.106_952_702_747, relative: 1e-8)
    }
  }

  /// The documented errors: of the premium for `fast`, of the price for `accurate`.
  @Test(arguments: 1...60)
  func precisionsHoldWhatTheyPromise(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<3 {
      let example = AmericanCase(&generator)
      let spot = example.model.spot
      let best = try example.boundary(.highPrecision).price(spot: spot)
      let premium = best - example.model.price(of: example.option.european)
      expectClose(
        try example.boundary(.accurate).price(spot: spot), best, relative: 1e-8, absolute: 1e-9,
        "\(example)")
      expectClose(
        try example.boundary(.fast).price(spot: spot), best, absolute: 2e-3 * premium + 1e-9,
        "\(example)")
    }
  }

  /// Rates of every sign: not below the European price nor the payoff, monotone and convex in the spot.
  @Test(arguments: 1...80)
  func priceHasItsShape(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 100))
    let example = AmericanCase(&generator, rates: -0.05...0.1, yields: -0.08...0.1)
    let boundary = try example.boundary()
    let (kind, strike) = (example.option.kind, example.option.strike)
    let spots = (0...60).map { strike * exponential(-1.5 + 0.05 * Double($0)) }
    let prices = spots.map { boundary.price(spot: $0) }
    let slack = 1e-8 * strike
    // A negative yield makes a share of the asset at expiry worth more than one today.
    let steepest = max(1, exponential(-example.model.carryYield * example.option.timeToExpiry))
    for i in spots.indices {
      var model = example.model
      model.spot = spots[i]
      #expect(prices[i] >= model.price(of: example.option.european) - 1e-12 * strike)
      #expect(prices[i] >= example.option.exerciseValue(spot: spots[i]))
      if i > 0 {
        let change = (prices[i] - prices[i - 1]) * (kind == .call ? 1 : -1)
        #expect(
          change >= -slack && change <= steepest * (spots[i] - spots[i - 1]) + slack, "\(example)")
      }
      if i > 1 {
        let before = (prices[i - 1] - prices[i - 2]) / (spots[i - 1] - spots[i - 2])
        let after = (prices[i] - prices[i - 1]) / (spots[i] - spots[i - 1])
        #expect(after >= before - slack, "\(example) \(spots[i])")
      }
    }
  }

  /// The boundary starts at its limit, moves away from the strike, and price and slope meet the payoff on it.
  @Test(arguments: 1...60)
  func boundaryIsMonotoneAndSmooth(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 200))
    let example = AmericanCase(&generator, rates: 0.005...0.12)
    let boundary = try example.boundary(.highPrecision)
    let (time, strike) = (example.option.timeToExpiry, example.option.strike)
    let isPut = example.option.kind == .put
    func edge(_ time: Double) throws -> Double {
      let range = try #require(boundary.exerciseRange(timeToExpiry: time))
      return isPut ? range.upperBound : range.lowerBound
    }
    let model = example.model
    let (cost, gain) =
      isPut ? (model.carryYield, model.rate) : (model.rate, model.carryYield)
    let limit = cost > gain ? gain / cost : 1
    expectClose(try edge(0), isPut ? strike * limit : strike / limit, relative: 1e-14)
    var previous = try edge(0)
    for i in 1...40 {
      let next = try edge(time * (Double(i) / 40))
      #expect(isPut ? next <= previous : next >= previous, "\(example)")
      previous = next
    }
    let outside = previous * (isPut ? 1 + 1e-9 : 1 - 1e-9)
    let greeks = boundary.greeks(spot: outside)
    #expect(!greeks.isExercised)
    expectClose(
      greeks.price, example.option.exerciseValue(spot: outside), absolute: 1e-9 * strike)
    expectClose(greeks.delta, isPut ? -1 : 1, absolute: 2e-6, "\(example)")
    #expect(boundary.greeks(spot: previous).isExercised)
    #expect(boundary.exerciseRange(timeToExpiry: time.nextUp) == nil)
    #expect(boundary.exerciseRange(timeToExpiry: -1) == nil)
  }

  /// Spot and strike, rate and yield exchanged (McDonald and Schroder).
  @Test(arguments: 1...30)
  func callsArePutsOfExchangedAssets(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed + 300))
    let example = AmericanCase(&generator, rates: -0.03...0.1, yields: -0.05...0.1)
    let (model, option) = (example.model, example.option)
    let other = BlackScholes(
      spot: option.strike, volatility: model.volatility, rate: model.carryYield,
      carryYield: model.rate)
    let exchanged = AmericanOption(
      kind: option.kind == .call ? .put : .call, strike: model.spot,
      timeToExpiry: option.timeToExpiry)
    expectClose(model.price(of: option), other.price(of: exchanged), relative: 1e-12, "\(example)")
  }

  @Test(arguments: 1...30)
  func neverExercisedOptionsAreEuropean(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 400))
    var example = AmericanCase(&generator, rates: 0...0)
    let isPut = example.option.kind == .put
    // A call without a yield and a put without interest, the other rate not negative; or less than nothing.
    example.model.rate = isPut ? -0.01 * Double(seed % 2) : generator.uniform(0...0.1)
    example.model.carryYield = isPut ? generator.uniform(0...0.1) : -0.01 * Double(seed % 2)
    let european = example.model.greeks(of: example.option.european)
    let american = example.model.greeks(of: example.option)
    #expect(american.price == european.price)
    expectClose(american.delta, european.delta, relative: 1e-14)
    expectClose(american.gamma, european.gamma, relative: 1e-14)
    expectClose(american.theta.perYear, european.theta.perYear, relative: 1e-10, absolute: 1e-11)
    let boundary = try example.boundary()
    #expect(boundary.longestTime == 0 && boundary.exerciseRange(timeToExpiry: 0) == nil)
  }

  /// Delta, gamma and theta against differences of the price, and the other derivatives of shape.
  @Test(arguments: 1...30)
  func greeksAreDerivatives(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 500))
    let example = AmericanCase(&generator, rates: 0.01...0.1)
    let (model, option) = (example.model, example.option)
    let boundary = try example.boundary(.highPrecision)
    let greeks = boundary.greeks(spot: model.spot)
    let h = 0.01 * model.volatility * option.timeToExpiry.squareRoot() * model.spot
    guard
      ![-2, -1, 0, 1, 2].contains(where: { boundary.greeks(spot: model.spot + $0 * h).isExercised })
    else { return }
    func price(_ steps: Double) -> Double { boundary.price(spot: model.spot + steps * h) }
    let delta = (8 * (price(1) - price(-1)) - (price(2) - price(-2))) / (12 * h)
    let gamma =
      (16 * (price(1) + price(-1)) - (price(2) + price(-2)) - 30 * price(0)) / (12 * h * h)
    expectClose(greeks.price, model.price(of: option, precision: .highPrecision), relative: 1e-15)
    expectClose(greeks.delta, delta, absolute: 1e-8, "\(example)")
    expectClose(greeks.gamma * model.spot, gamma * model.spot, absolute: 2e-5, "\(example)")
    func later(_ days: Double) -> Double {
      var moved = option
      moved.timeToExpiry += days
      return model.price(of: moved, precision: .highPrecision)
    }
    let step = 1e-3 * option.timeToExpiry
    let theta =
      -(8 * (later(step) - later(-step)) - (later(2 * step) - later(-2 * step))) / (12 * step)
    expectClose(greeks.theta.perYear, theta, relative: 1e-5, absolute: 1e-4, "\(example)")
    let sensitivities = model.sensitivities(of: option)
    #expect(sensitivities.vega.perUnitVolatility > 0)
    #expect((sensitivities.rho.perUnitRate > 0) == (option.kind == .call), "\(example)")
  }

  /// A vega by many steps of another size.
  @Test func sensitivitiesAreSlopes() {
    let model = BlackScholes(spot: 95, volatility: 0.4, rate: 0.06, carryYield: 0.02)
    let option = AmericanOption(kind: .put, strike: 100, timeToExpiry: 1)
    func slope(_ step: Double, _ move: (inout BlackScholes, Double) -> Void) -> Double {
      var (up, down) = (model, model)
      move(&up, step)
      move(&down, -step)
      return
        (up.price(of: option, precision: .highPrecision)
        - down.price(of: option, precision: .highPrecision)) / (2 * step)
    }
    let sensitivities = model.sensitivities(of: option)
    expectClose(
      sensitivities.vega.perUnitVolatility, slope(1e-4) { $0.volatility += $1 }, absolute: 1e-4)
    expectClose(sensitivities.rho.perUnitRate, slope(1e-5) { $0.rate += $1 }, absolute: 1e-3)
    expectClose(
      sensitivities.carryRho.perUnitRate, slope(1e-5) { $0.carryYield += $1 }, absolute: 1e-3)
  }

  /// Without volatility the best of all certain payoffs; expired the payoff.
  @Test func limitsWithoutUncertainty() {
    func price(
      _ kind: EuropeanOption.Kind, _ spot: Double, _ volatility: Double, _ rate: Double,
      _ yield: Double, _ time: Double
    ) -> Double {
      BlackScholes(spot: spot, volatility: volatility, rate: rate, carryYield: yield)
        .price(of: AmericanOption(kind: kind, strike: 100, timeToExpiry: time))
    }
    #expect(price(.put, 90, 0.3, 0.05, 0, 0) == 10)
    #expect(price(.call, 90, 0.3, 0.05, 0, 0) == 0)
    #expect(price(.put, 90, 0, 0.05, 0, 1) == 10)
    expectClose(price(.call, 100, 0, 0.05, 0, 1), 100 - 100 * exponential(-0.05), relative: 1e-14)
    #expect(price(.put, 0, 0.3, 0.05, 0, 1) == 100)
    expectClose(price(.put, 0, 0.3, -0.05, 0, 1), 100 * exponential(0.05), relative: 1e-15)
    // Both rates negative: waiting gains until 100 r e^(−rt) = S q e^(−qt).
    let time = naturalLog(0.01 * 100 / (0.06 * 50)) / (-0.01 + 0.06)
    #expect(time < 0)
    #expect(price(.put, 50, 0, -0.01, -0.06, 3) == 50)
    let best = naturalLog(0.01 * 100 / (0.06 * 14)) / (-0.01 + 0.06)
    expectClose(
      price(.put, 14, 0, -0.01, -0.06, 10),
      100 * exponential(0.01 * best) - 14 * exponential(0.06 * best), relative: 1e-12)
    // Small volatilities come close.
    expectClose(price(.put, 90, 0.02, 0.05, 0.02, 1), 10, relative: 1e-15)
    expectClose(
      price(.call, 100, 1e-3, 0.05, 0, 1), 100 - 100 * exponential(-0.05), relative: 1e-12)
  }

  @Test func isDefinedForHostileNumbers() throws {
    for number in hostileNumbers {
      for place in 0..<6 {
        var inputs = [100.0, 100, 1, 0.3, 0.05, 0.02]
        inputs[place] = number
        let model = BlackScholes(
          spot: inputs[0], volatility: inputs[3], rate: inputs[4], carryYield: inputs[5])
        for kind in EuropeanOption.Kind.allCases {
          let option = AmericanOption(kind: kind, strike: inputs[1], timeToExpiry: inputs[2])
          let isOutside = !number.isFinite || (number < 0 && place < 4)
          for precision in AmericanPrecision.allCases {
            let price = model.price(of: option, precision: precision)
            if isOutside { #expect(price.isNaN, "\(inputs)") }
            #expect(price.isNaN || price >= 0, "\(inputs) \(price)")
          }
          if isOutside {
            #expect(model.greeks(of: option).price.isNaN)
            if place > 0 {
              #expect(throws: DerivativesError.self) {
                try ExerciseBoundary(
                  of: option, volatility: inputs[3], rate: inputs[4], carryYield: inputs[5])
              }
            }
          }
        }
      }
    }
    let boundary = try AmericanCase([1, 100, 100, 0.3, 0.05, 0.02, 1]).boundary()
    #expect(boundary.price(spot: .nan).isNaN && boundary.price(spot: -1).isNaN)
    #expect(boundary.greeks(spot: 0).delta.isNaN)
    #expect(boundary.price(spot: 0) == 100)
    #expect(boundary.price(spot: 1e300) == 0)
    let option = AmericanOption(kind: .put, strike: 100, timeToExpiry: 1)
    #expect(try roundTrip(option) == option)
    #expect(
      DerivativesError.boundaryNotFound(iterations: 3, change: 0.5).description.contains("3"))
  }

  /// The same bits again, whatever was computed between.
  @Test func repeatsItsBits() throws {
    let example = AmericanCase([1, 97, 100, 0.3, 0.05, 0.02, 1])
    let first = try example.boundary(.accurate)
    _ = try AmericanCase([0, 97, 100, 0.5, 0.05, 0.07, 2]).boundary(.accurate)
    #expect(try example.boundary(.accurate) == first)
    #expect(first.price(spot: 97) == example.model.price(of: example.option))
  }
}

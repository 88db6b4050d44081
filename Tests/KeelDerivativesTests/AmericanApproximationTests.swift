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

  // E. G. Haug, "The complete guide to option pricing formulas", 2nd edition (2007), section 3.1.2.
  /// Calls and puts on a future at 90, 100 and 110, strike 100, rate 10 %.
  ///
  /// The printed values are from a critical spot of few digits: QuantLib, too, meets them to 3e-3.
  @Test func matchThePublishedTable() {
    let table: [(time: Double, volatility: Double, calls: [Double], puts: [Double])] = [
      (0.1, 0.15, [0.0206, 1.8771, 10.0089], [10, 1.877, 0.041]),
      (0.1, 0.25, [0.3159, 3.128, 10.3919], [10.2533, 3.1277, 0.4562]),
      (0.1, 0.35, [0.9495, 4.3777, 11.1679], [10.8787, 4.3777, 1.2402]),
      (0.5, 0.15, [0.8208, 4.0842, 10.8087], [10.5595, 4.0842, 1.0822]),
      (0.5, 0.25, [2.7437, 6.8015, 13.017], [12.4419, 6.8014, 3.3226]),
      (0.5, 0.35, [5.0063, 9.5106, 15.5689], [14.6945, 9.5104, 5.8823]),
    ]
    for (time, volatility, calls, puts) in table {
      for (spot, (call, put)) in zip([90.0, 100, 110], zip(calls, puts)) {
        let formula = BaroneAdesiWhaley(
          model: BlackScholes(spot: spot, volatility: volatility, rate: 0.1, carryYield: 0.1))
        for (kind, value) in [(EuropeanOption.Kind.call, call), (.put, put)] {
          let option = AmericanOption(kind: kind, strike: 100, timeToExpiry: time)
          expectClose(
            formula.price(of: option), value, absolute: 3e-3, "\(time) \(volatility) \(spot)")
        }
      }
    }
  }

  // R. C. Merton, "Theory of rational option pricing", Bell Journal of Economics 4 (1973).
  /// Both become the price without expiry, (K − B)(S/B)^p, as time grows, the flat boundaries where the drift takes
  /// them there.
  @Test(arguments: 1...20)
  func becomePerpetual(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (rate, yield) = (generator.uniform(0.03...0.1), generator.uniform(0.03...0.1))
    let volatility = generator.uniform(0.15...0.5)
    let half = (rate - yield) / (volatility * volatility) - 0.5
    let root = (half * half + 2 * rate / (volatility * volatility)).squareRoot()
    for kind in EuropeanOption.Kind.allCases {
      let sign: Double = kind == .call ? 1 : -1
      let power = sign * root - half
      let boundary = 100 * power / (power - 1)
      let spot = generator.uniform(80...120)
      let exact =
        sign * (spot - boundary) >= 0
        ? sign * (spot - 100)
        : sign * (boundary - 100) * exponential(power * naturalLog(spot / boundary))
      let model = BlackScholes(
        spot: spot, volatility: volatility, rate: rate, carryYield: yield)
      let option = AmericanOption(kind: kind, strike: 100, timeToExpiry: 1e6)
      expectClose(BaroneAdesiWhaley(model: model).price(of: option), exact, relative: 1e-9)
      if sign * (rate - yield) > 0 {
        expectClose(BjerksundStensland(model: model).price(of: option), exact, relative: 1e-9)
      }
    }
  }

  /// Two flat boundaries are one policy of exercise: not above the price, and above what its parts are worth.
  @Test(arguments: 1...60)
  func flatBoundariesAreALowerBound(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let example = AmericanCase(&generator, rates: 0.001...0.1, yields: -0.02...0.1)
    let price = example.model.price(of: example.option)
    let flat = BjerksundStensland(model: example.model).price(of: example.option)
    #expect(flat <= price * (1 + 1e-8), "\(example) \(flat) \(price)")
    for value in [BaroneAdesiWhaley(model: example.model).price(of: example.option), flat] {
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

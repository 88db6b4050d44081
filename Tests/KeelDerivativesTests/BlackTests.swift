import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct BlackTests {
  @Test func matchesReference() throws {
    let rows = try BlackReference.load().prices
    #expect(rows.count > 2500)
    expectAccurate(rows, unitsInLastPlace: 3)
  }

  @Test func matchesReferenceOfRandomOptions() throws {
    let rows = try Reference.load(RandomBlackReference.self, "black_random").prices
    #expect(rows.count == 6000)
    expectAccurate(rows, unitsInLastPlace: 3)
  }

  private func expectAccurate(_ rows: [[Double]], unitsInLastPlace bound: Double) {
    var worst = 0.0
    var total = 0.0
    var worstRow: [Double] = []
    for row in rows {
      let price = Black.price(
        kind(row[0]), forward: row[1], strike: row[2], totalVolatility: row[3])
      let distance = ulps(price, row[4])
      total += distance
      if distance > worst { (worst, worstRow) = (distance, row) }
    }
    #expect(worst <= bound, "\(worst) ulp at \(worstRow)")
    #expect(total / Double(rows.count) <= 0.25)
  }

  @Test(arguments: 1...20)
  func keepsParity(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<200 {
      let option = RandomOption(using: &generator)
      let (f, k, s) = (option.forward, option.strike, option.totalVolatility)
      let call = Black.price(.call, forward: f, strike: k, totalVolatility: s)
      let put = Black.price(.put, forward: f, strike: k, totalVolatility: s)
      let largest = max(max(call, put), max(f, k))
      #expect(((call - put) - (f - k)).magnitude <= 2 * largest.ulp)
      #expect(call >= max(0, f - k) && call <= f)
      #expect(put >= max(0, k - f) && put <= k)
    }
  }

  /// The integral of the payoff over the normal law is a second way to the price.
  @Test func agreesWithIntegration() {
    for s in [0.05, 0.2, 0.6, 1.5, 3] {
      for depth in [-2.0, -1, -0.3, 0, 0.4, 1, 2.5] {
        let strike = 100 * exponential(depth * s)
        let start = naturalLog(strike / 100) / s + s / 2
        // Simpson's rule from the kink upwards; beyond 12 + s nothing is left.
        let count = 16_000
        let width = (12 + s - start) / Double(count)
        var sum = 0.0
        for i in 0...count {
          let z = start + Double(i) * width
          let payoff = 100 * exponential(s * z - s * s / 2) - strike
          let weight: Double = i == 0 || i == count ? 1 : i % 2 == 1 ? 4 : 2
          sum += weight * payoff * exponential(-z * z / 2)
        }
        let integral = sum * width / 3 / (2 * Double.pi).squareRoot()
        let price = Black.price(.call, forward: 100, strike: strike, totalVolatility: s)
        expectClose(price, integral, relative: 1e-11, "s \(s), depth \(depth)")
      }
    }
  }

  /// A call on F struck at K and a put on K struck at F are the same contract.
  @Test(arguments: 1...10)
  func isSymmetricAndHomogeneous(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<100 {
      let option = RandomOption(using: &generator)
      let (f, k, s) = (option.forward, option.strike, option.totalVolatility)
      let call = Black.price(.call, forward: f, strike: k, totalVolatility: s)
      #expect(Black.price(.put, forward: k, strike: f, totalVolatility: s) == call)
      let scaled = Black.price(.call, forward: 4 * f, strike: 4 * k, totalVolatility: s)
      #expect(call < 1e-290 || scaled == 4 * call)
    }
  }

  /// The price does not decrease with volatility and does not increase with the strike of a call,
  /// within rounding, across the switches between the methods.
  @Test func isMonotoneAcrossMethodSwitches() {
    for h in stride(from: -20.0, through: 0, by: 0.5) {
      let center = 0.125 - h / 16
      var previous = 0.0
      let x = h * 2 * center
      for step in -200...200 {
        let s = 2 * center * (1 + Double(step) * 1e-4)
        let price = Black.price(
          .call, forward: 1, strike: exponential(-x), totalVolatility: s)
        #expect(price > previous, "h \(h), step \(step)")
        previous = price
      }
    }
  }

  @Test func hasItsLimits() {
    #expect(Black.price(.call, forward: 100, strike: 90, totalVolatility: 0) == 10)
    #expect(Black.price(.put, forward: 100, strike: 90, totalVolatility: 0) == 0)
    #expect(Black.price(.call, forward: 100, strike: 100, totalVolatility: 0) == 0)
    #expect(Black.price(.call, forward: 100, strike: 90, totalVolatility: .infinity) == 100)
    #expect(Black.price(.put, forward: 100, strike: 90, totalVolatility: .infinity) == 90)
    #expect(Black.price(.call, forward: 100, strike: 0, totalVolatility: 0.2) == 100)
    #expect(Black.price(.put, forward: 0, strike: 90, totalVolatility: 0.2) == 90)
    #expect(Black.price(.call, forward: 0, strike: 90, totalVolatility: .infinity) == 0)
    #expect(Black.price(.call, forward: 0, strike: 0, totalVolatility: 0.2) == 0)
  }

  @Test func isDefinedForHostileNumbers() {
    for f in hostileNumbers {
      for k in hostileNumbers {
        for s in hostileNumbers {
          for kind in EuropeanOption.Kind.allCases {
            let price = Black.price(kind, forward: f, strike: k, totalVolatility: s)
            let inside = f >= 0 && f.isFinite && k >= 0 && k.isFinite && s >= 0
            #expect(price.isNaN != inside, "\(f) \(k) \(s)")
            if inside { #expect(price >= 0 && price <= max(f, k), "\(f) \(k) \(s) \(price)") }
          }
        }
      }
    }
  }
}

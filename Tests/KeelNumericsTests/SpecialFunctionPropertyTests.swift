import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct SpecialFunctionPropertyTests {
  @Test func errorFunctionSymmetries() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<20_000 {
      let x = generator.uniform(-6...6)
      #expect(SpecialFunctions.erf(-x) == -SpecialFunctions.erf(x))
      expectClose(
        SpecialFunctions.erf(x) + SpecialFunctions.erfc(x), 1, absolute: 4.5e-16, "erf + erfc")
      expectClose(
        SpecialFunctions.erfc(x) + SpecialFunctions.erfc(-x), 2, absolute: 9e-16, "erfc(±)")
      #expect(StandardNormal.survival(x) == StandardNormal.cdf(-x))
      expectClose(StandardNormal.cdf(x) + StandardNormal.survival(x), 1, absolute: 2.3e-16)
      #expect(StandardNormal.pdf(x) == StandardNormal.pdf(-x))
    }
  }

  /// Values at neighboring doubles may cross by rounding, by no more than twice the error bound.
  @Test func neighborsAreOrderedWithinTheBound() {
    var generator = SeededGenerator(seed: 2)
    var points = (0..<20_000).map { _ in generator.uniform(-8...37) }
    points += [0.25, 0.5, 1, 2, 4, 8, 16, 32]
    for x in points {
      let next = x.nextUp
      let (low, high) = (StandardNormal.survival(next), StandardNormal.survival(x))
      #expect(low <= high + 2 * high.ulp, "survival at \(x)")
      let (later, earlier) = (SpecialFunctions.scaledErfc(next), SpecialFunctions.scaledErfc(x))
      #expect(later <= earlier + 2 * earlier.ulp, "scaledErfc at \(x)")
    }
  }

  @Test func monotoneOnGrids() {
    var before = -1.0
    for i in 0...40_000 {
      let p = StandardNormal.cdf(-39 + Double(i) * 0.002)
      #expect(p >= before)
      #expect(p <= 1)
      before = p
    }
    for (a, b) in [(0.5, 0.5), (3, 7), (1e-3, 20), (2e5, 1e5), (20, 20), (1e3, 0.01)] {
      before = 0
      var above = 1.0
      for i in 0...2_000 {
        let x = Double(i) / 2_000
        let lower = SpecialFunctions.regularizedBeta(x, a: a, b: b)
        let upper = SpecialFunctions.regularizedBetaComplement(x, a: a, b: b)
        #expect(lower >= before * (1 - 1e-13), "I at \(x), \(a), \(b)")
        #expect(upper <= above * (1 + 1e-13), "1 - I at \(x), \(a), \(b)")
        expectClose(lower + upper, 1, absolute: 1e-13, "\(x) \(a) \(b)")
        (before, above) = (lower, upper)
      }
    }
    for a in [1e-3, 0.3, 1, 5, 19.9, 20, 300, 1e5] {
      before = 0
      var above = 1.0
      for i in 0...2_000 {
        let x = a * Double(i) / 700
        let lower = SpecialFunctions.regularizedGammaP(a, x)
        let upper = SpecialFunctions.regularizedGammaQ(a, x)
        #expect(lower >= before * (1 - 1e-13), "P at \(a), \(x)")
        #expect(upper <= above * (1 + 1e-13), "Q at \(a), \(x)")
        expectClose(lower + upper, 1, absolute: 1e-13, "\(a) \(x)")
        (before, above) = (lower, upper)
      }
    }
  }

  @Test(arguments: 1...20)
  func recurrencesHold(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<200 {
      let x = generator.uniform(0.01...60)
      let logGamma: (Double) -> Double = SpecialFunctions.logGamma
      expectClose(
        logGamma(x + 1) - logGamma(x) - SpecialFunctions.logGamma(1), Double.logarithm(x),
        absolute: 1e-13 * max(1, logGamma(x).magnitude), "ln Γ at \(x)")
      expectClose(
        SpecialFunctions.digamma(x + 1), SpecialFunctions.digamma(x) + 1 / x,
        absolute: 4e-15 * max(1, 1 / x), "ψ at \(x)")
      let (a, b) = (generator.uniform(0.1...50), generator.uniform(0.1...50))
      let t = generator.uniform(0.01...0.99)
      expectClose(
        SpecialFunctions.regularizedBeta(t, a: a, b: b),
        SpecialFunctions.regularizedBetaComplement(1 - t, a: b, b: a),
        // 1 − t is rounded.
        relative: 1e-13 + 2e-16 * (a + b) / min(t, 1 - t), "I(\(t), \(a), \(b))")
    }
  }

  /// Second methods: gamma of shape 1/2 is the error function, of shape 1 the exponential law, beta
  /// with a parameter 1 a power, and beta with a large parameter is gamma.
  @Test func specialCasesAgree() {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<2_000 {
      let x = generator.uniform(0...25)
      expectClose(
        SpecialFunctions.regularizedGammaQ(0.5, x * x), SpecialFunctions.erfc(x),
        relative: 1e-14 + 2.3e-16 * x * x, "Q(1/2, \(x)²)")
      expectClose(
        SpecialFunctions.regularizedGammaP(0.5, x * x), SpecialFunctions.erf(x), relative: 1e-14)
      expectClose(
        SpecialFunctions.regularizedGammaQ(1, x), 1 - SpecialFunctions.regularizedGammaP(1, x),
        absolute: 1e-15)
      let t = generator.uniform(0...1)
      expectClose(SpecialFunctions.regularizedBeta(t, a: 1, b: 1), t, relative: 4e-15)
      expectClose(SpecialFunctions.regularizedBeta(t, a: 2, b: 1), t * t, relative: 4e-15)
      expectClose(
        SpecialFunctions.regularizedBeta(t, a: 1, b: 2), t * (2 - t), relative: 4e-15)
      expectClose(
        SpecialFunctions.regularizedBeta(x / 1e18, a: 3, b: 1e18),
        SpecialFunctions.regularizedGammaP(3, x), relative: 1e-13)
    }
  }

  @Test(arguments: 1...40)
  func inversesReturn(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<25 {
      let a = Double.power(10, generator.uniform(-3...6))
      let b = Double.power(10, generator.uniform(-3...6))
      let p = generator.uniform(0...0.5)
      let x = SpecialFunctions.inverseRegularizedGammaP(a, p)
      if x > 1e-300 {
        // One rounding of x moves P by at most about a + √a roundings of P.
        expectClose(
          SpecialFunctions.regularizedGammaP(a, x), p, relative: 1e-13 + 1e-15 * a.squareRoot(),
          "P(\(a), \(x))")
      }
      let y = SpecialFunctions.inverseRegularizedGammaQ(a, p)
      if y > 1e-300 {
        expectClose(
          SpecialFunctions.regularizedGammaQ(a, y), p, relative: 1e-13 + 1e-15 * a.squareRoot(),
          "Q(\(a), \(y))")
      }
      let t = SpecialFunctions.inverseRegularizedBeta(p, a: a, b: b)
      if t > 1e-300, t < 0.9 {
        expectClose(
          SpecialFunctions.regularizedBeta(t, a: a, b: b), p,
          relative: 1e-13 + 1e-14 * max(a, b).squareRoot(), "I(\(t), \(a), \(b))")
      }
    }
  }

  @Test func normalQuantileRoundTrip() {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<20_000 {
      let z = generator.uniform(-37...8)
      let p = StandardNormal.cdf(z)
      // One rounding of p moves z by Mills' ratio.
      let moved = p * .ulpOfOne / StandardNormal.pdf(z)
      expectClose(
        StandardNormal.quantile(p), z, relative: 4.5e-16, absolute: 2 * moved, "z = \(z)")
    }
  }
}

extension Double {
  /// The natural logarithm by the series of artanh, independent of the platform's library.
  fileprivate static func logarithm(_ x: Double) -> Double {
    let k = x.exponent
    let m = x.significand
    let t = (m - 1) / (m + 1)
    var sum = 0.0
    for n in stride(from: 45, through: 1, by: -2) { sum = sum * t * t + 1 / Double(n) }
    return 2 * t * sum + Double(k) * 0.6931471805599453
  }

  /// 10 to a power, by halving and squaring.
  fileprivate static func power(_ base: Double, _ exponent: Double) -> Double {
    var result = 1.0
    let y = exponent * logarithm(base) / 1_024
    for n in stride(from: 12, through: 1, by: -1) { result = 1 + result * y / Double(n) }
    for _ in 0..<10 { result *= result }
    return result
  }
}

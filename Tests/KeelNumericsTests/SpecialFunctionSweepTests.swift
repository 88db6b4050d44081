// Wide sweeps against a second method in twice the precision. Release builds only: a debug build
// takes minutes.
#if !DEBUG
  import KeelNumerics
  import KeelTestSupport
  import Testing

  /// An unevaluated sum of two doubles, independent of the library's own arithmetic.
  private struct Twofold {
    var high: Double
    var low: Double

    init(_ high: Double, _ low: Double = 0) { (self.high, self.low) = (high, low) }

    static func + (a: Twofold, b: Twofold) -> Twofold {
      let s = a.high + b.high
      let t = s - a.high
      let rest = ((a.high - (s - t)) + (b.high - t)) + (a.low + b.low)
      let high = s + rest
      return Twofold(high, rest - (high - s))
    }

    static func - (a: Twofold, b: Twofold) -> Twofold { a + Twofold(-b.high, -b.low) }

    static func * (a: Twofold, b: Twofold) -> Twofold {
      let p = a.high * b.high
      let rest = (-p).addingProduct(a.high, b.high) + (a.high * b.low + a.low * b.high)
      let high = p + rest
      return Twofold(high, rest - (high - p))
    }

    static func / (a: Twofold, b: Twofold) -> Twofold {
      let first = Twofold(a.high / b.high)
      let rest = a - first * b
      let second = Twofold(rest.high / b.high)
      let last = rest - second * b
      return first + second + Twofold(last.high / b.high)
    }

    /// exp(self), by the Taylor series of a 2¹⁰-th part and ten squarings of exp − 1.
    var exponential: Twofold {
      let ln2 = Twofold(0.6931471805599453, 2.3190468138462996e-17)
      let k = (high / ln2.high).rounded()
      let reduced = self - ln2 * Twofold(k)
      let r = Twofold(reduced.high / 1_024, reduced.low / 1_024)
      var sum = Twofold(0)
      for n in stride(from: 12.0, through: 1, by: -1) { sum = (sum + Twofold(1)) * r / Twofold(n) }
      // (1 + e)² − 1 = 2e + e²
      for _ in 0..<10 { sum = sum + sum + sum * sum }
      let value = sum + Twofold(1)
      // In two factors: the power of two may be subnormal, the product need not.
      let half = Double(sign: .plus, exponent: Int(k) / 2, significand: 1)
      let other = Double(sign: .plus, exponent: Int(k) - Int(k) / 2, significand: 1)
      return Twofold(value.high * half * other, value.low * half * other)
    }
  }

  /// erfc(x) for x ≥ 0 by its series of positive terms up to 3, by a continued fraction above.
  private func secondErfc(_ x: Twofold) -> Twofold {
    let twoOverRootPi = Twofold(1.1283791670955126, 1.533545961316588e-17)
    let square = x * x
    let decay = Twofold(-square.high, -square.low).exponential
    if x.high < 3 {
      // erf(x) = 2/√π x exp(−x²) Σ (2x²)ⁿ / (2n + 1)!!
      var term = Twofold(1)
      var sum = Twofold(1)
      var n = 1.0
      while term.high > sum.high * 1e-33 {
        term = term * (square + square) / Twofold(2 * n + 1)
        sum = sum + term
        n += 1
      }
      return Twofold(1) - twoOverRootPi * x * decay * sum
    }
    // erfc(x) = x exp(−x²)/√π / (x² + ½ − ½·1/(x² + 5/2 − 3/2·2/(x² + 9/2 − …)))
    var fraction = Twofold(0)
    for n in stride(from: 80.0, through: 1, by: -1) {
      fraction = Twofold(n * (n - 0.5)) / (square + Twofold(2 * n + 0.5) - fraction)
    }
    let half = Twofold(0.5)
    return half * twoOverRootPi * x * decay / (square + half - fraction)
  }

  /// The worst distance of a function from the second method, over points drawn by a seed.
  private func worst(
    _ count: Int, _ range: ClosedRange<Double>, seed: UInt64,
    _ error: (Double) -> Double
  ) -> (error: Double, place: Double) {
    var generator = SeededGenerator(seed: seed)
    var worst = (error: 0.0, place: 0.0)
    for _ in 0..<count {
      let x = generator.uniform(range)
      let candidate = error(x)
      if !(candidate <= worst.error) { worst = (candidate, x) }
    }
    return worst
  }

  @Suite struct SpecialFunctionSweepTests {
    /// 1/√2
    private static let inverseRootTwo = Twofold(0.7071067811865476, -4.833646656726457e-17)

    /// Φ(−z) for z ≥ 0.
    private static func secondTail(_ z: Double) -> Twofold {
      secondErfc(inverseRootTwo * Twofold(z)) * Twofold(0.5)
    }

    private static func ulps(_ value: Double, _ reference: Twofold) -> Double {
      ((value - reference.high) - reference.low).magnitude / reference.high.ulp
    }

    @Test func erfc() {
      let result = worst(300_000, 0...26, seed: 1) {
        Self.ulps(SpecialFunctions.erfc($0), secondErfc(Twofold($0)))
      }
      #expect(result.error <= 1, "\(result)")
    }

    @Test func erf() {
      let result = worst(200_000, 1e-3...6, seed: 2) {
        Self.ulps(SpecialFunctions.erf($0), Twofold(1) - secondErfc(Twofold($0)))
      }
      #expect(result.error <= 1, "\(result)")
    }

    @Test(arguments: [0.0...1.0, 1.0...8.0, 8.0...37.0])
    func normalTail(_ range: ClosedRange<Double>) {
      let result = worst(330_000, range, seed: 3) {
        Self.ulps(StandardNormal.survival($0), Self.secondTail($0))
      }
      #expect(result.error <= 1, "\(result)")
    }

    /// The tail at the quantile tells the quantile's error: the density is the derivative.
    @Test func normalQuantile() {
      let result = worst(300_000, -690 ... -0.7, seed: 4) { logarithm in
        let q = Twofold(logarithm).exponential.high
        let z = StandardNormal.survivalQuantile(q)
        let residual = Self.secondTail(z) - Twofold(q)
        return (residual.high / StandardNormal.pdf(z)).magnitude / z.ulp
      }
      #expect(result.error <= 2, "\(result)")
    }

    /// Q(n, x) = exp(−x) Σ xᵏ/k! for whole n, and P by the rest of the series.
    @Test func incompleteGammaOfWholeShapes() {
      var generator = SeededGenerator(seed: 5)
      var worst = (error: 0.0, place: [0.0])
      for _ in 0..<30_000 {
        let n = 1 + Int(generator.next() % 60)
        let x = generator.uniform(1e-3...300)
        var term = Twofold(-x).exponential
        var upper = Twofold(0)
        for k in 0..<n {
          upper = upper + term
          term = term * Twofold(x) / Twofold(Double(k + 1))
        }
        var lower = Twofold(0)
        var k = Double(n)
        while term.high > lower.high * 1e-30 || k < x {
          lower = lower + term
          k += 1
          term = term * Twofold(x) / Twofold(k)
        }
        let a = Double(n)
        for (value, reference) in [
          (SpecialFunctions.regularizedGammaQ(a, x), upper),
          (SpecialFunctions.regularizedGammaP(a, x), lower),
        ] where reference.high > 1e-290 {
          let error = ((value - reference.high) - reference.low).magnitude / reference.high
          if !(error <= worst.error) { worst = (error, [a, x, value, reference.high]) }
        }
      }
      #expect(worst.error <= 1e-14, "\(worst)")
    }

    /// I_x(m, n) is a binomial tail for whole m and n.
    @Test func incompleteBetaOfWholeParameters() {
      var generator = SeededGenerator(seed: 6)
      var worst = (error: 0.0, place: [0.0])
      for _ in 0..<20_000 {
        let m = 1 + Int(generator.next() % 40)
        let n = 1 + Int(generator.next() % 40)
        let x = generator.uniform(1e-3...0.999)
        let count = m + n - 1
        let odds = Twofold(x) / (Twofold(1) - Twofold(x))
        var term = Twofold(1)
        for _ in 0..<count { term = term * (Twofold(1) - Twofold(x)) }
        var sums = [Twofold(0), Twofold(0)]
        for k in 0...count {
          sums[k < m ? 0 : 1] = sums[k < m ? 0 : 1] + term
          term = term * odds * Twofold(Double(count - k)) / Twofold(Double(k + 1))
        }
        let (a, b) = (Double(m), Double(n))
        for (value, reference) in [
          (SpecialFunctions.regularizedBetaComplement(x, a: a, b: b), sums[0]),
          (SpecialFunctions.regularizedBeta(x, a: a, b: b), sums[1]),
        ] {
          let error = ((value - reference.high) - reference.low).magnitude / reference.high
          if !(error <= worst.error) { worst = (error, [x, a, b, value, reference.high]) }
        }
      }
      #expect(worst.error <= 2e-14, "\(worst)")
    }
  }
#endif

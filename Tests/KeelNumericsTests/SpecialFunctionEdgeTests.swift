import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct SpecialFunctionEdgeTests {
  private static let infinity = Double.infinity

  @Test func errorFunctionEdges() {
    #expect(SpecialFunctions.erf(0) == 0)
    #expect(SpecialFunctions.erf(-0.0).sign == .minus)
    #expect(SpecialFunctions.erf(.infinity) == 1)
    #expect(SpecialFunctions.erf(-.infinity) == -1)
    #expect(SpecialFunctions.erfc(0) == 1)
    #expect(SpecialFunctions.erfc(.infinity) == 0)
    #expect(SpecialFunctions.erfc(-.infinity) == 2)
    #expect(SpecialFunctions.erfc(27.3) == 0)
    #expect(SpecialFunctions.scaledErfc(0) == 1)
    #expect(SpecialFunctions.scaledErfc(.infinity) == 0)
    #expect(SpecialFunctions.scaledErfc(-.infinity) == .infinity)
    #expect(SpecialFunctions.scaledErfc(-27) == .infinity)
    #expect(SpecialFunctions.scaledErfc(.greatestFiniteMagnitude) > 0)
    for x in [Double.nan, .signalingNaN] {
      #expect(SpecialFunctions.erf(x).isNaN)
      #expect(SpecialFunctions.erfc(x).isNaN)
      #expect(SpecialFunctions.scaledErfc(x).isNaN)
    }
  }

  /// Below the normal numbers the error is at most one unit of the smallest number.
  @Test func subnormalTails() {
    // 50-digit values of erfc(26.7), erfc(27.2), Φ(−38), Φ(−38.4), φ(38), φ(38.5).
    let unit = Double.leastNonzeroMagnitude
    let table: [(Double, Double)] = [
      (SpecialFunctions.erfc(26.7), erfcAt26_7), (SpecialFunctions.erfc(27.2), erfcAt27_2),
      (StandardNormal.cdf(-38), cdfAt38), (StandardNormal.cdf(-38.4), cdfAt38_4),
      (StandardNormal.pdf(38), pdfAt38), (StandardNormal.pdf(38.5), pdfAt38_5),
    ]
    for (value, reference) in table {
      #expect((value - reference).magnitude <= unit, "\(value) \(reference)")
    }
  }

  @Test func normalEdges() {
    #expect(StandardNormal.cdf(0) == 0.5)
    #expect(StandardNormal.cdf(.infinity) == 1)
    #expect(StandardNormal.cdf(-.infinity) == 0)
    #expect(StandardNormal.survival(.infinity) == 0)
    #expect(StandardNormal.pdf(.infinity) == 0)
    #expect(StandardNormal.logPDF(-.infinity) == -.infinity)
    #expect(StandardNormal.logPDF(1e300) == -.infinity)
    #expect(StandardNormal.logCDF(-.infinity) == -.infinity)
    #expect(StandardNormal.logCDF(-1e300) == -.infinity)
    #expect(StandardNormal.logCDF(.infinity) == 0)
    #expect(StandardNormal.logSurvival(.infinity) == -.infinity)
    #expect(StandardNormal.quantile(0) == -.infinity)
    #expect(StandardNormal.quantile(1) == .infinity)
    #expect(StandardNormal.quantile(0.5) == 0)
    #expect(StandardNormal.quantile(-1e-300).isNaN)
    #expect(StandardNormal.quantile(1.0.nextUp).isNaN)
    #expect(StandardNormal.survivalQuantile(0) == .infinity)
    #expect(StandardNormal.survivalQuantile(2).isNaN)
    expectClose(StandardNormal.quantile(subnormal("5e-324")), quantileAtLeast, relative: 4.5e-16)
    expectClose(StandardNormal.quantile(subnormal("1e-310")), quantileAt310, relative: 4.5e-16)
    let functions: [(Double) -> Double] = [
      StandardNormal.cdf, StandardNormal.survival, StandardNormal.pdf, StandardNormal.logPDF,
      StandardNormal.logCDF, StandardNormal.logSurvival, StandardNormal.quantile,
      StandardNormal.survivalQuantile,
    ]
    for function in functions {
      #expect(function(.nan).isNaN)
    }
  }

  @Test func gammaEdges() {
    #expect(SpecialFunctions.logGamma(1) == 0)
    #expect(SpecialFunctions.logGamma(2) == 0)
    for pole in [0, -0.0, -1, -2, -1e10, -1e300, .infinity, -.infinity] {
      #expect(SpecialFunctions.logGamma(pole) == .infinity, "\(pole)")
    }
    #expect(SpecialFunctions.logGamma(.nan).isNaN)
    #expect(SpecialFunctions.logGamma(1e305).isFinite)
    #expect(SpecialFunctions.logGamma(.greatestFiniteMagnitude) == .infinity)
    #expect(SpecialFunctions.digamma(0) == -.infinity)
    #expect(SpecialFunctions.digamma(-0.0) == .infinity)
    #expect(SpecialFunctions.digamma(.infinity) == .infinity)
    for pole in [-1, -2, -1e300, -.infinity, .nan] {
      #expect(SpecialFunctions.digamma(pole).isNaN, "\(pole)")
    }
    expectClose(SpecialFunctions.logBeta(1, 1), 0, absolute: 4e-15)
    for (a, b) in [(0.0, 1.0), (1, -1), (.nan, 1), (1, .nan), (.infinity, 1)] {
      #expect(SpecialFunctions.logBeta(a, b).isNaN)
    }
  }

  @Test func incompleteEdges() {
    #expect(SpecialFunctions.regularizedGammaP(2, 0) == 0)
    #expect(SpecialFunctions.regularizedGammaQ(2, 0) == 1)
    #expect(SpecialFunctions.regularizedGammaP(2, .infinity) == 1)
    #expect(SpecialFunctions.regularizedGammaQ(2, .infinity) == 0)
    #expect(SpecialFunctions.inverseRegularizedGammaP(2, 0) == 0)
    #expect(SpecialFunctions.inverseRegularizedGammaP(2, 1) == .infinity)
    #expect(SpecialFunctions.inverseRegularizedGammaQ(2, 0) == .infinity)
    #expect(SpecialFunctions.inverseRegularizedGammaQ(2, 1) == 0)
    #expect(SpecialFunctions.inverseRegularizedGammaP(1e-3, 1e-10) == 0)
    #expect(SpecialFunctions.inverseRegularizedGammaP(2.4e-299, 1e-62) == 0)
    #expect(SpecialFunctions.inverseRegularizedGammaQ(2.4e-299, 0.9) == 0)
    #expect(SpecialFunctions.inverseRegularizedBeta(1e-62, a: 2.4e-299, b: 1e3) == 0)
    for (a, x) in [(0.0, 1.0), (-1, 1), (.nan, 1), (1, .nan), (.infinity, 1), (1, -1)] {
      #expect(SpecialFunctions.regularizedGammaP(a, x).isNaN)
      #expect(SpecialFunctions.regularizedGammaQ(a, x).isNaN)
      #expect(SpecialFunctions.inverseRegularizedGammaP(a, x == 1 ? 0.5 : x).isNaN)
      #expect(SpecialFunctions.inverseRegularizedGammaQ(a, x == 1 ? 0.5 : x).isNaN)
    }
    #expect(SpecialFunctions.regularizedBeta(0, a: 2, b: 3) == 0)
    #expect(SpecialFunctions.regularizedBeta(1, a: 2, b: 3) == 1)
    #expect(SpecialFunctions.regularizedBetaComplement(1, a: 2, b: 3) == 0)
    #expect(SpecialFunctions.inverseRegularizedBeta(0, a: 2, b: 3) == 0)
    #expect(SpecialFunctions.inverseRegularizedBeta(1, a: 2, b: 3) == 1)
    #expect(SpecialFunctions.inverseRegularizedBetaComplement(0, a: 2, b: 3) == 1)
    for x in [-0.1, 1.1, .nan] {
      #expect(SpecialFunctions.regularizedBeta(x, a: 2, b: 3).isNaN)
      #expect(SpecialFunctions.inverseRegularizedBeta(x, a: 2, b: 3).isNaN)
    }
  }

  /// Every combination returns at once, and never leaves 0 ... 1 or the domain of the argument.
  @Test func inverseGammaOfShapesWhoseLogarithmOverflows() {
    for a in [1e36, 1e100, 1e300, 1e304, 1e306, Double.greatestFiniteMagnitude] {
      for p in [Double.leastNonzeroMagnitude, 1e-300, 0.3, 0.5, 1.0.nextDown] {
        #expect(SpecialFunctions.inverseRegularizedGammaP(a, p) == a)
        #expect(SpecialFunctions.inverseRegularizedGammaQ(a, p) == a)
      }
    }
    let below = SpecialFunctions.inverseRegularizedGammaP(1e36.nextDown, 1e-300)
    expectClose(below, 1e36, relative: 3e-16)
  }

  @Test func hostileArguments() {
    let numbers = hostileNumbers + [1, 0.5, 1e-10, 1e10, 1e20, 1e99, 1e101, 1e6]
    let clock = ContinuousClock()
    for a in numbers {
      for b in numbers {
        let start = clock.now
        for value in [
          SpecialFunctions.regularizedGammaP(a, b), SpecialFunctions.regularizedGammaQ(a, b),
        ] {
          #expect(value.isNaN || (value >= 0 && value <= 1), "gamma \(a) \(b)")
        }
        #expect(!(SpecialFunctions.inverseRegularizedGammaP(a, b) < 0), "\(a) \(b)")
        #expect(!(SpecialFunctions.inverseRegularizedGammaQ(a, b) < 0), "\(a) \(b)")
        let isValid = a > 0 && b > 0 && a < .infinity && b < .infinity
        #expect(SpecialFunctions.logBeta(a, b).isNaN != isValid, "logBeta \(a) \(b)")
        for x in [0.3, 1e-300, 1 - 1e-16, subnormal("5e-324"), a, b] {
          for value in [
            SpecialFunctions.regularizedBeta(x, a: a, b: b),
            SpecialFunctions.regularizedBetaComplement(x, a: a, b: b),
            SpecialFunctions.inverseRegularizedBeta(x, a: a, b: b),
            SpecialFunctions.inverseRegularizedBetaComplement(x, a: a, b: b),
          ] {
            #expect(
              isValid && x >= 0 && x <= 1 ? value >= 0 && value <= 1 : value.isNaN,
              "beta \(x) \(a) \(b): \(value)")
          }
        }
        // Some thirty calls.
        let elapsed = clock.now - start
        #expect(elapsed < .seconds(10), "\(a) \(b) took \(elapsed)")
      }
    }
  }
}

// Values of mpmath 1.3.0 at 50 digits.
private let erfcAt26_7 = subnormal("5.253110413596e-312")
private let erfcAt27_2 = subnormal("1e-323")
private let cdfAt38 = subnormal("2.88542835e-316")
private let cdfAt38_4 = subnormal("6.4e-323")
private let pdfAt38 = subnormal("1.097221052e-314")
private let pdfAt38_5 = subnormal("5.4e-323")
private let quantileAtLeast = -38.467405617144344
private let quantileAt310 = -37.663060331949524

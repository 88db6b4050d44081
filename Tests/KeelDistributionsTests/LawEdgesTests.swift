import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct LawEdgesTests {
  /// One law of every kind, and some with extreme parameters.
  static let laws = Result { () throws -> [any ContinuousDistribution] in
    [
      try Normal(mean: 1, standardDeviation: 2),
      try StudentT(location: -1, scale: 2, degreesOfFreedom: 3.5),
      try HansenSkewedT(degreesOfFreedom: 5, asymmetry: -0.4),
      try LogNormal(logMean: -1, logStandardDeviation: 0.7),
      try Laplace(location: 2, scale: 0.1),
      try AsymmetricLaplace(location: 2, scale: 0.1, asymmetry: 1.7),
      try Logistic(location: -3, scale: 4),
      try GeneralizedError(location: 0.5, scale: 2, shape: 1.3),
      try GeneralizedPareto(threshold: 1, scale: 2, shape: 0.3),
      try GeneralizedPareto(threshold: 1, scale: 2, shape: -0.3),
      try GeneralizedExtremeValue(location: 1, scale: 2, shape: 0.2),
      try GeneralizedExtremeValue(location: 1, scale: 2, shape: -0.2),
      try FernandezSteelSkewedT(location: 1, scale: 2, degreesOfFreedom: 4, skew: 0.6),
      try FernandezSteelSkewedT(location: 1, scale: 2, degreesOfFreedom: .infinity, skew: 1.6),
      try AzzaliniSkewedT(location: 1, scale: 2, degreesOfFreedom: 4, slant: -2),
      try AzzaliniSkewedT(location: 1, scale: 2, degreesOfFreedom: .infinity, slant: 3),
      try NormalInverseGaussianLaw(location: 1, scale: 2, steepness: 1.5, asymmetry: -0.5),
      try GeneralizedHyperbolic(
        location: 1, scale: 2, order: 0.7, steepness: 1.5, asymmetry: -0.5),
      try VarianceGammaLaw(location: 1, order: 1.2, steepness: 1.5, asymmetry: -0.5),
      try HyperbolicSkewedT(location: 1, drift: -0.3, scale: 2, degreesOfFreedom: 6),
      try Mixture(
        components: [
          Normal(mean: 0, standardDeviation: 1), Normal(mean: -1, standardDeviation: 4),
        ], weights: [0.8, 0.2]),
      try Mixture(
        components: [
          StudentT(location: 0, scale: 1, degreesOfFreedom: 3),
          StudentT(location: 1, scale: 5, degreesOfFreedom: 5),
        ], weights: [0.5, 0.5]),
    ]
  }

  @Test func functionsAreTotal() throws {
    for law in try Self.laws.get() {
      let name = "\(law)"
      #expect(law.pdf(.nan).isNaN && law.logPDF(.nan).isNaN, "\(name)")
      #expect(law.cdf(.nan).isNaN && law.survival(.nan).isNaN, "\(name)")
      #expect(law.logCDF(.nan).isNaN && law.logSurvival(.nan).isNaN, "\(name)")
      #expect(law.cdf(-.infinity) == 0 && law.survival(-.infinity) == 1, "\(name)")
      #expect(law.cdf(.infinity) == 1 && law.survival(.infinity) == 0, "\(name)")
      #expect(law.pdf(.infinity) == 0 && law.pdf(-.infinity) == 0, "\(name)")
      #expect(law.logCDF(-.infinity) == -.infinity && law.logCDF(.infinity) == 0, "\(name)")
      #expect(law.logSurvival(.infinity) == -.infinity, "\(name)")
      for p in [-0.1, 1.1, .nan, .infinity] {
        #expect(law.quantile(p).isNaN && law.survivalQuantile(p).isNaN, "\(name)")
        #expect(law.meanBelow(probability: p).isNaN, "\(name)")
        #expect(law.meanAbove(probability: p).isNaN, "\(name)")
      }
      #expect(law.meanBelow(probability: 0).isNaN && law.meanAbove(probability: 0).isNaN)
      for confidence in [0, 1, -1, .nan] {
        #expect(law.valueAtRisk(confidence: confidence).isNaN, "\(name)")
        #expect(law.expectedShortfall(confidence: confidence).isNaN, "\(name)")
        #expect(law.valueAtRisk(tailProbability: confidence).isNaN, "\(name)")
        if confidence == 1 {
          #expect(law.expectedShortfall(tailProbability: 1) == -law.mean, "\(name)")
        } else {
          #expect(law.expectedShortfall(tailProbability: confidence).isNaN, "\(name)")
        }
      }
      #expect(law.quantile(0) == law.survivalQuantile(1), "\(name)")
      #expect(law.quantile(1) == law.survivalQuantile(0), "\(name)")
      #expect(law.quantile(0) < law.quantile(1), "\(name)")
      for x in hostileNumbers where !x.isNaN {
        let (lower, upper) = (law.cdf(x), law.survival(x))
        #expect(lower >= 0 && lower <= 1 && upper >= 0 && upper <= 1, "\(name) at \(x)")
        expectClose(lower + upper, 1, absolute: 2.3e-16, "\(name) at \(x)")
        #expect(law.pdf(x) >= 0, "\(name) at \(x)")
        #expect(law.logCDF(x) <= 0 && law.logSurvival(x) <= 0, "\(name) at \(x)")
      }
    }
  }

  @Test func probabilitiesAreMonotoneAndInvert() throws {
    for law in try Self.laws.get() {
      var before = (lower: -Double.infinity, upper: Double.infinity)
      let (low, high) = (law.quantile(1e-9), law.survivalQuantile(1e-9))
      let tails = [1e-300, 1e-250, 1e-200, 1e-150, 1e-100, 1e-60, 1e-30, 1e-15]
      var points = tails.map(law.quantile)
      for k in 0...60 { points.append(low + (high - low) * Double(k) / 60) }
      points += tails.reversed().map(law.survivalQuantile)
      for x in points {
        let (lower, upper) = (law.logCDF(x), law.logSurvival(x))
        // Neighbors a rounding apart may be equal.
        #expect(lower >= before.lower - 1e-12, "\(type(of: law)) \(x)")
        #expect(upper <= before.upper + 1e-12, "\(type(of: law)) \(x)")
        before = (lower, upper)
      }
      for p in [1e-9, 0.003, 0.2, 0.5, 0.8, 0.997] {
        // The rounding of the point moves its probability.
        let (x, y) = (law.quantile(p), law.survivalQuantile(p))
        expectClose(
          law.cdf(x), p, relative: 1e-10, absolute: 2 * law.pdf(x) * x.ulp, "\(type(of: law)) \(p)")
        expectClose(
          law.survival(y), p, relative: 1e-10, absolute: 2 * law.pdf(y) * y.ulp,
          "\(type(of: law)) \(p)")
      }
    }
  }

  /// quantile(cdf(x)) = x, up to what the rounding of the probability moves the point.
  @Test func quantilesOfProbabilitiesAreThePoints() throws {
    let stable: [any ContinuousDistribution] = [
      try AlphaStable(index: 1.6, skew: -0.4, scale: 2, location: 1),
      try AlphaStable(index: 0.8, skew: 0.5, scale: 2, location: 1),
      try TemperedStable(
        index: 1.3, upperIntensity: 0.4, lowerIntensity: 0.6, upperTempering: 0.8,
        lowerTempering: 0.5, location: 0.2),
      try TemperedStable(
        index: 0.7, upperIntensity: 0.001, lowerIntensity: 0.6, upperTempering: 0.01,
        lowerTempering: 2, location: 0),
    ]
    for law in try Self.laws.get() + stable {
      for p in [1e-250, 1e-120, 1e-40, 1e-9, 0.003, 0.1, 0.3] {
        for isLower in [true, false] {
          let x = isLower ? law.quantile(p) : law.survivalQuantile(p)
          guard x.isFinite, x.magnitude < 1e290 else { continue }
          let tail = isLower ? law.cdf(x) : law.survival(x)
          guard tail > 1e-300 else { continue }
          let back = isLower ? law.quantile(tail) : law.survivalQuantile(tail)
          let digits = max(1, -log(tail)) * 1e-12
          expectClose(
            back, x, absolute: digits * exp(log(tail) - law.logPDF(x)) + 4 * x.ulp,
            "\(type(of: law)) at \(x), \(p)")
        }
      }
    }
  }

  @Test func meansOfBothTailsMakeTheMean() throws {
    for law in try Self.laws.get() {
      let unit = law.standardDeviation
      for p in [0.02, 0.4, 0.7] {
        let sum =
          p * law.meanBelow(probability: p) + (1 - p) * law.meanAbove(probability: 1 - p)
        expectClose(sum, law.mean, absolute: 1e-10 * unit, "\(law) at \(p)")
        #expect(law.meanBelow(probability: p) <= law.quantile(p), "\(law) at \(p)")
        #expect(law.meanAbove(probability: p) >= law.survivalQuantile(p), "\(law) at \(p)")
      }
    }
  }

  @Test func drawsFollowTheLawAndDependOnTheirIndexOnly() throws {
    for law in try Self.laws.get() {
      let stream = RandomStream(seed: 4, stream: 2)
      let draws = law.draws(count: 200, from: stream)
      #expect(law.draws(count: 3, from: stream, at: 7) == Array(draws[7..<10]), "\(law)")
      #expect(law.draws(count: -1, from: stream).isEmpty)
      let fit = try GoodnessOfFit.kolmogorovSmirnov(draws, law: law)
      #expect(fit.pValue > 1e-4, "\(law)")
    }
  }

  /// Laws at the ends of what is allowed.
  static let extremeLaws = Result { () throws -> [any ContinuousDistribution] in
    var laws: [any ContinuousDistribution] = []
    for asymmetry in [1e-6, 1e6] {
      laws.append(try AsymmetricLaplace(location: 0, scale: 1, asymmetry: asymmetry))
    }
    for shape in [0.05, 1000] {
      laws.append(try GeneralizedError(location: 0, scale: 1, shape: shape))
    }
    for shape in [-100.0, -1, 100] {
      laws.append(try GeneralizedPareto(threshold: 0, scale: 1, shape: shape))
    }
    for shape in [-10.0, -1, 10] {
      laws.append(try GeneralizedExtremeValue(location: 0, scale: 1, shape: shape))
    }
    for (degrees, skew) in [(0.1, 1e-3), (0.5, 1e3), (1e8, 1e3), (1e8, 1)] {
      laws.append(
        try FernandezSteelSkewedT(
          location: 0, scale: 1, degreesOfFreedom: degrees, skew: skew))
    }
    for (degrees, slant) in [(0.5, 1000.0), (1e8, -1000), (.infinity, 1000)] {
      laws.append(
        try AzzaliniSkewedT(location: 0, scale: 1, degreesOfFreedom: degrees, slant: slant))
    }
    for (scale, asymmetry) in [(1.1e-6, 0.0), (0.9e8, 0), (1, 0.999_999)] {
      laws.append(
        try NormalInverseGaussianLaw(location: 0, scale: scale, steepness: 1, asymmetry: asymmetry))
    }
    for (order, scale) in [(100.0, 1.0), (-100, 1), (0, 1e-5), (-2, 1e7)] {
      laws.append(
        try GeneralizedHyperbolic(
          location: 0, scale: scale, order: order, steepness: 1, asymmetry: 0.3))
    }
    for (order, asymmetry) in [(0.05, 0.9), (1e4, -0.9)] {
      laws.append(
        try VarianceGammaLaw(location: 0, order: order, steepness: 1, asymmetry: asymmetry))
    }
    return laws
  }

  @Test func extremeParametersKeepTheirDigits() throws {
    for law in try Self.extremeLaws.get() {
      let name = "\(law)".prefix(120)
      for p in [1e-30, 1e-3, 0.3, 0.8] {
        for (x, logTail) in [
          (law.quantile(p), law.logCDF(law.quantile(p))),
          (law.survivalQuantile(p), law.logSurvival(law.survivalQuantile(p))),
        ] where x.isFinite && x.magnitude > 1e-290 && x.magnitude < 1e290 {
          // The rounding of the point moves its probability.
          let slope = exp(law.logPDF(x) - log(p)) * x.ulp
          // A point that rounds to the end of the support has none.
          guard slope < 1e-3, law.logPDF(x) > -.infinity else { continue }
          expectClose(
            logTail, log(p), relative: 1e-10, absolute: 1e-10 + 4 * slope, "\(name) at \(p)")
          expectClose(law.cdf(x) + law.survival(x), 1, absolute: 2.3e-16, "\(name) at \(p)")
        }
      }
    }
  }

  @Test func steepErrorLawsKeepTheirMiddle() throws {
    // |Z|^1000 underflows; references with 40 digits of mpmath.
    let law = try GeneralizedError(location: 0, scale: 1, shape: 1000)
    expectClose(law.quantile(0.7), 0.399_769_508_993_838_097_68, relative: 1e-14)
    expectClose(law.survivalQuantile(0.7), -0.399_769_508_993_838_097_68, relative: 1e-14)
    expectClose(law.meanAbove(probability: 0.3), 0.699_598_008_729_725_166_23, relative: 1e-13)
  }

  @Test func tailsBeyondTheModeKeepTheirMeans() throws {
    // References with 40 digits of mpmath, of the parameters as they are in binary.
    let low = try AsymmetricLaplace(location: 0, scale: 1, asymmetry: 1e-6)
    let high = try AsymmetricLaplace(location: 0, scale: 1, asymmetry: 1e6)
    for (p, mean) in [
      (2e-12, -2.499_999_999_986_665_673_7e-7), (0.3, 167_758.464_141_957_783_14),
    ] {
      expectClose(low.meanBelow(probability: p), mean, relative: 1e-12, "\(p)")
      expectClose(high.meanAbove(probability: p), -mean, relative: 1e-9, "\(p)")
    }
    // (probability, degrees, skew, mean)
    for (p, degrees, skew, mean) in [
      (2e-6, 5.0, 1000.0, -1.452_187_093_877_383_164_6e-4),
      (0.4, 1.5, 20, 6.113_559_170_852_052_018_3),
      (0.4, .infinity, 20, 5.072_786_137_377_722_250_5),
    ] {
      let law = try FernandezSteelSkewedT(
        location: 0, scale: 1, degreesOfFreedom: degrees, skew: skew)
      let mirror = try FernandezSteelSkewedT(
        location: 0, scale: 1, degreesOfFreedom: degrees, skew: 1 / skew)
      expectClose(law.meanBelow(probability: p), mean, relative: 1e-11, "\(skew)")
      expectClose(mirror.meanAbove(probability: p), -mean, relative: 1e-9, "\(skew)")
    }
  }

  @Test func extremeParametersKeepTheirMoments() throws {
    let wide = try LogNormal(logMean: -800, logStandardDeviation: 30)
    expectClose(wide.variance, 7.225_973_768_125_749_258_2e86, relative: 1e-12)
    let narrow = try LogNormal(logMean: 0, logStandardDeviation: 1e-9)
    expectClose(narrow.variance, 1e-18, relative: 1e-14)
    for shape in [1e-170, -1e-170, Double.leastNonzeroMagnitude, 0] {
      let law = try GeneralizedExtremeValue(location: 0, scale: 1, shape: shape)
      expectClose(law.mean, 0.577_215_664_901_532_861, relative: 1e-15, "\(shape)")
      expectClose(law.variance, Double.pi * Double.pi / 6, relative: 1e-15, "\(shape)")
    }
  }

  @Test func batchesAreTheSingleResults() throws {
    let law: some ContinuousDistribution = try Logistic(location: 1, scale: 2)
    let points = [-3, 0, 1, 7.5]
    #expect(law.pdf(points) == points.map { law.pdf($0) })
    #expect(law.logPDF(points) == points.map { law.logPDF($0) })
    #expect(law.cdf(points) == points.map { law.cdf($0) })
    #expect(law.survival(points) == points.map { law.survival($0) })
    #expect(law.logSurvival(points) == points.map { law.logSurvival($0) })
    #expect(law.quantile([0.1, 0.9]) == [law.quantile(0.1), law.quantile(0.9)])
  }

  @Test func momentsThatDoNotExistSaySo() throws {
    let pareto = try GeneralizedPareto(threshold: 0, scale: 1, shape: 1.5)
    #expect(pareto.mean == .infinity && pareto.variance.isNaN && pareto.skewness.isNaN)
    #expect(pareto.meanAbove(probability: 0.1) == .infinity)
    let heavy = try GeneralizedPareto(threshold: 0, scale: 1, shape: 0.4)
    #expect(heavy.variance.isFinite && heavy.skewness == .infinity)
    let student = try StudentT(location: 0, scale: 1, degreesOfFreedom: 1.5)
    #expect(student.mean == 0 && student.variance == .infinity && student.skewness.isNaN)
    let skewed = try FernandezSteelSkewedT(location: 0, scale: 1, degreesOfFreedom: 1, skew: 2)
    #expect(skewed.mean.isNaN && skewed.meanBelow(probability: 0.1) == -.infinity)
    let azzalini = try AzzaliniSkewedT(location: 0, scale: 1, degreesOfFreedom: 1, slant: 2)
    #expect(azzalini.mean.isNaN && azzalini.meanAbove(probability: 0.1) == .infinity)
  }

  @Test func badParametersAreRefusedWithWhatIsAllowed() {
    #expect(
      throws: DistributionsError.invalidValue(
        argument: "shape", got: 200, lowest: -100, highest: 100)
    ) { try GeneralizedPareto(threshold: 0, scale: 1, shape: 200) }
    #expect(
      throws: DistributionsError.invalidValue(
        argument: "asymmetry", got: 2, lowest: (-2.0).nextUp, highest: (2.0).nextDown)
    ) { try NormalInverseGaussianLaw(location: 0, scale: 1, steepness: 2, asymmetry: 2) }
    for bad in [0, -1, .nan, .infinity] {
      #expect(throws: DistributionsError.self) { try Laplace(location: 0, scale: bad) }
      #expect(throws: DistributionsError.self) { try Logistic(location: 0, scale: bad) }
      #expect(throws: DistributionsError.self) {
        try LogNormal(logMean: 0, logStandardDeviation: bad)
      }
      #expect(throws: DistributionsError.self) {
        try AsymmetricLaplace(location: 0, scale: 1, asymmetry: bad)
      }
      #expect(throws: DistributionsError.self) {
        try GeneralizedError(location: 0, scale: 1, shape: bad)
      }
      #expect(throws: DistributionsError.self) {
        try FernandezSteelSkewedT(location: 0, scale: 1, degreesOfFreedom: 4, skew: bad)
      }
      #expect(throws: DistributionsError.self) {
        try NormalInverseGaussianLaw(location: 0, scale: 1, steepness: bad, asymmetry: 0)
      }
      #expect(throws: DistributionsError.self) {
        try VarianceGammaLaw(location: 0, order: bad, steepness: 1, asymmetry: 0)
      }
    }
    #expect(throws: DistributionsError.self) {
      try GeneralizedExtremeValue(location: .nan, scale: 1, shape: 0)
    }
    #expect(throws: DistributionsError.self) {
      try Mixture(components: [Normal](), weights: [])
    }
    #expect(throws: DistributionsError.self) {
      let normal = try Normal(mean: 0, standardDeviation: 1)
      return try Mixture(components: [normal, normal], weights: [0.5, 0.4])
    }
  }
}

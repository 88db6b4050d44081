import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct ParetoTailedEmpiricalTests {
  static let law = Result {
    let student = try StudentT(location: 0.001, scale: 0.02, degreesOfFreedom: 4)
    let sample = student.draws(count: 2000, from: RandomStream(seed: 31))
    return try ParetoTailedEmpirical(sample: sample, tailShare: 0.08)
  }

  @Test func tailsReachBeyondTheSample() throws {
    let law = try Self.law.get()
    let student = try StudentT(location: 0.001, scale: 0.02, degreesOfFreedom: 4)
    for p in [1e-3, 0.01, 0.05] {
      expectClose(law.quantile(p), student.quantile(p), relative: 0.35, "\(p)")
      expectClose(law.survivalQuantile(p), student.survivalQuantile(p), relative: 0.35, "\(p)")
    }
    // The tail index of the law is 1/4.
    for tail in [law.lowerTail, law.upperTail] {
      #expect(tail.status == .converged && tail.observationCount == 160)
      expectClose(tail.law.shape, 0.25, absolute: 0.3)
    }
  }

  /// The published formula of the generalized Pareto law times the share of the tail, out to 1e-300.
  @Test func tailsAreThoseOfTheFittedLaws() throws {
    let law = try Self.law.get()
    func check(_ fit: GeneralizedPareto, _ sign: Double) {
      let threshold = sign < 0 ? -law.lowerThreshold : law.upperThreshold
      for exponent in [-300.0, -200, -60, -12, -4, -2] {
        let share = exponent * log(10) - log(law.tailProbability)
        let excess = fit.scale * expm1(-fit.shape * share) / fit.shape
        let x = threshold + excess
        let level = log1p(fit.shape * (x - threshold) / fit.scale) / fit.shape
        let tail = log(law.tailProbability) - level
        let density = tail - level * fit.shape - log(fit.scale)
        let bound = 1e-12 * max(1, tail.magnitude)
        expectClose(
          sign < 0 ? law.logCDF(-x) : law.logSurvival(x), tail, absolute: bound,
          "\(sign) \(exponent)")
        expectClose(law.logPDF(sign * x), density, absolute: bound, "\(sign) \(exponent)")
      }
    }
    check(law.lowerTail.law, -1)
    check(law.upperTail.law, 1)
  }

  @Test func quantilesInvertTheProbabilities() throws {
    let law = try Self.law.get()
    for p in [1e-300, 1e-20, 1e-3, 0.0801, 0.0802, 0.3, 0.5, 0.77, 0.9199, 0.93, 0.9999] {
      expectClose(law.cdf(law.quantile(p)), p, relative: 1e-12, "\(p)")
      expectClose(law.survival(law.survivalQuantile(p)), p, relative: 1e-12, "\(p)")
      let x = law.quantile(p)
      expectClose(law.cdf(x) + law.survival(x), 1, absolute: 2.3e-16)
      #expect(law.pdf(x) > 0 || p < 1e-100)
    }
    var before = -Double.infinity
    for k in 0...1000 {
      let x = law.quantile(Double(k) / 1000)
      #expect(x >= before)
      before = x
    }
  }

  @Test func meansOfTailsAreIntegralsOfQuantiles() throws {
    let law = try Self.law.get()
    let mass = law.tailProbability
    // Beyond the thresholds quantiles are smooth in ln p.
    let rule = try GaussLegendre(count: 200)
    func tail(_ end: Double, _ quantile: (Double) -> Double) -> Double {
      rule.integral(over: -60...log(end)) { quantile(exp($0)) * exp($0) }
    }
    expectClose(
      law.meanBelow(probability: 0.01), tail(0.01, law.quantile) / 0.01, relative: 1e-9)
    expectClose(
      law.meanAbove(probability: 0.01), tail(0.01, law.survivalQuantile) / 0.01, relative: 1e-9)
    // Between them they are linear from step to step of 1/2000.
    func middle(_ steps: Int, _ quantile: (Double) -> Double) -> Double {
      (0..<steps).reduce(0) { sum, k in sum + quantile(mass + (Double(k) + 0.5) / 2000) / 2000 }
    }
    for steps in [1, 100, 700, 1600] {
      let p = mass + Double(steps) / 2000
      let lower = tail(mass, law.quantile) + middle(steps, law.quantile)
      expectClose(law.meanBelow(probability: p), lower / p, relative: 1e-8, "\(p)")
      let upper = tail(mass, law.survivalQuantile) + middle(steps, law.survivalQuantile)
      expectClose(law.meanAbove(probability: p), upper / p, relative: 1e-8, "\(p)")
    }
    expectClose(law.meanBelow(probability: 1), law.mean)
  }

  @Test func aTailWithoutMeanLeavesTheOtherSideFinite() throws {
    // Below, exact points of a Pareto tail of index 1/1.4; above, those of the normal law.
    let normal = try Normal(mean: 0, standardDeviation: 1)
    let pareto = try GeneralizedPareto(threshold: 0, scale: 1, shape: 1.4)
    let sample = (0..<400).map { (k: Int) -> Double in
      let p = (Double(k) + 0.5) / 400
      return p < 0.5 ? -pareto.survivalQuantile(2 * p) : normal.quantile(p)
    }
    let law = try ParetoTailedEmpirical(sample: sample)
    let mirror = try ParetoTailedEmpirical(sample: sample.map { -$0 })
    let mass = law.tailProbability
    #expect(law.lowerTail.law.shape >= 1 && law.mean == -.infinity)
    let rule = try GaussLegendre(count: 200)
    let upper = rule.integral(over: -60...log(mass)) { law.survivalQuantile(exp($0)) * exp($0) }
    // Between the thresholds quantiles are linear from step to step of 1/400; beyond, smooth.
    let steps = Int(((1 - 2 * mass) * 400).rounded())
    let middle = { (count: Int) -> Double in
      (0..<count).reduce(0) { sum, k in
        sum + law.survivalQuantile(mass + (Double(k) + 0.5) / 400) / 400
      }
    }
    for count in [1, steps / 2, steps] {
      let p = mass + Double(count) / 400
      let reference = (upper + middle(count)) / p
      expectClose(law.meanAbove(probability: p), reference, relative: 1e-8, "\(p)")
      expectClose(mirror.meanBelow(probability: p), -reference, relative: 1e-8, "\(p)")
    }
    let deep = try GaussLegendre(count: 200).integral(over: 0.5 * mass...mass) { law.quantile($0) }
    let p = 1 - 0.5 * mass
    let reference = (upper + middle(steps) + deep) / p
    expectClose(law.meanAbove(probability: p), reference, relative: 1e-8)
    expectClose(mirror.meanBelow(probability: p), -reference, relative: 1e-8)
  }

  @Test func momentsAreIntegrals() throws {
    let law = try Self.law.get()
    let variance = try GaussLegendre(count: 500).integral(over: -60...log(0.5)) {
      let (low, high) = (law.quantile(exp($0)), law.survivalQuantile(exp($0)))
      return ((low - law.mean) * (low - law.mean) + (high - law.mean) * (high - law.mean))
        * exp($0)
    }
    expectClose(law.variance, variance, relative: 1e-3)
    // A symmetric sample has no skewness.
    let half = try StudentT(location: 0, scale: 1, degreesOfFreedom: 8).draws(
      count: 300, from: RandomStream(seed: 2))
    let symmetric = try ParetoTailedEmpirical(sample: half + half.map { -$0 })
    expectClose(symmetric.mean, 0, absolute: 1e-13)
    expectClose(symmetric.skewness, 0, absolute: 1e-9)
    expectClose(
      symmetric.meanBelow(probability: 0.3), -symmetric.meanAbove(probability: 0.3),
      relative: 1e-9)
  }

  struct RiskReference: Decodable {
    struct Case: Decodable {
      let name: String
      let sample: [Double]
      let lowerShape: Double
      let upperShape: Double
      let entropic: [String: Double]
      let exponential: [String: Double]
      let power: [String: Double]
    }
    let cases: [Case]
  }

  /// Fits agree with those of the reference to some 1e-8, and with them the risks.
  @Test func smoothMeasuresMatchReferences() throws {
    for item in try Reference.load(RiskReference.self, "pareto_tails").cases {
      let law = try ParetoTailedEmpirical(sample: item.sample, tailShare: 0.125)
      expectClose(law.lowerTail.law.shape, item.lowerShape, absolute: 1e-6, item.name)
      expectClose(law.upperTail.law.shape, item.upperShape, absolute: 1e-6, item.name)
      let size = law.standardDeviation
      for (aversion, value) in item.entropic {
        let risk = try EntropicRisk(aversion: try #require(Double(aversion))).risk(of: law)
        expectClose(risk, value, absolute: 1e-6 * size, "\(item.name) \(aversion)")
      }
      if item.entropic.isEmpty {
        #expect(try EntropicRisk(aversion: 1e-3).risk(of: law) == .infinity)
      }
      for (aversion, value) in item.exponential {
        let spectrum = try RiskSpectrum.exponential(aversion: try #require(Double(aversion)))
        expectClose(
          try spectrum.risk(of: law), value, absolute: 1e-6 * size, "\(item.name) \(aversion)")
      }
      for (exponent, value) in item.power {
        let spectrum = try RiskSpectrum.power(exponent: try #require(Double(exponent)))
        expectClose(
          try spectrum.risk(of: law), value, absolute: 1e-6 * size, "\(item.name) \(exponent)")
      }
    }
  }

  /// The same measures by the density and by quantiles, piece by piece, of the fitted law.
  @Test func smoothMeasuresAreTheirIntegrals() throws {
    let item = try #require(
      try Reference.load(RiskReference.self, "pareto_tails").cases.first { $0.name == "skewed" })
    let law = try ParetoTailedEmpirical(sample: item.sample, tailShare: 0.125)
    let rule = try GaussLegendre(count: 40)
    let mass = law.tailProbability
    let kinks = [0] + (0...119).map { mass + Double($0) / 160 } + [1]
    for aversion in [0.5, 10, 200] {
      let panels = [1e-18, 1e-12, 1e-8, 1e-5, 1e-3, 0.01, 0.05]
      let exponent = { (x: Double) in exp(-aversion * (x - law.lowerThreshold)) }
      var sum = 0.0
      for (a, b) in zip(kinks.dropFirst(), kinks.dropFirst(2).dropLast()) {
        sum += rule.integral(over: a...b) { exponent(law.quantile($0)) }
      }
      for (a, b) in zip([0] + panels, panels + [mass]) {
        sum += rule.integral(over: a...b) {
          exponent(law.quantile($0)) + exponent(law.survivalQuantile($0))
        }
      }
      expectClose(
        try EntropicRisk(aversion: aversion).risk(of: law),
        log(sum) / aversion - law.lowerThreshold, relative: 1e-9, absolute: 1e-11, "\(aversion)")
    }
    // A little less of the expected shortfall's steps at every level, by steps.
    let spectrum = try RiskSpectrum.exponential(aversion: 6)
    let count = 4000
    var (ends, heights) = ([Double](), [Double]())
    for k in 0..<count {
      let (low, high) = (Double(k) / Double(count), Double(k + 1) / Double(count))
      ends.append(k + 1 == count ? 1 : high)
      heights.append((exp(-6 * low) - exp(-6 * high)) / -expm1(-6) / (high - low))
    }
    expectClose(
      try spectrum.risk(of: law),
      try RiskSpectrum.steps(ends: ends, heights: heights).risk(of: law),
      absolute: 1e-6)
    // Toward no aversion both are minus the mean.
    expectClose(
      try RiskSpectrum.exponential(aversion: 1e-9).risk(of: law), -law.mean, absolute: 1e-9)
    expectClose(try EntropicRisk(aversion: 1e-6).risk(of: law), -law.mean, absolute: 1e-6)
    expectClose(try RiskSpectrum.power(exponent: 1).risk(of: law), -law.mean, relative: 1e-11)
    // Toward infinite aversion the end of the support.
    let end = law.lowerThreshold + law.lowerTail.law.scale / law.lowerTail.law.shape
    expectClose(try EntropicRisk(aversion: 1e12).risk(of: law), -end, relative: 1e-9)
  }

  /// A tail of losses with a shape s makes a power spectrum infinite from an exponent of s down.
  @Test func spectraOfHeavyTailsAreInfiniteOrNot() throws {
    let law = try Self.law.get()
    let shape = law.lowerTail.law.shape
    #expect(shape > 0)
    #expect(try RiskSpectrum.power(exponent: 0.9 * shape).risk(of: law) == .infinity)
    #expect(try EntropicRisk(aversion: 1e-3).risk(of: law) == .infinity)
    let finite = try RiskSpectrum.power(exponent: 0.75).risk(of: law)
    #expect(finite > -law.mean && finite < law.expectedShortfall(confidence: 0.99))
    let averse = try RiskSpectrum.exponential(aversion: 50).risk(of: law)
    #expect(averse > law.expectedShortfall(confidence: 0.9))
  }

  @Test func badSamplesAreRefused() throws {
    let sample = (0..<200).map { Double($0) }
    #expect(throws: DistributionsError.tooFewObservations(got: 50, required: 100)) {
      try ParetoTailedEmpirical(sample: Array(sample[..<50]))
    }
    #expect(throws: DistributionsError.self) {
      try ParetoTailedEmpirical(sample: sample + [.nan])
    }
    for share in [0, 0.5, -1, .nan] {
      #expect(throws: DistributionsError.self) {
        try ParetoTailedEmpirical(sample: sample, tailShare: share)
      }
    }
    #expect(throws: DistributionsError.self) {
      try ParetoTailedEmpirical(sample: [Double](repeating: 3, count: 500))
    }
    let tied = try ParetoTailedEmpirical(sample: sample + sample.map { _ in 100 } + sample)
    #expect(tied.cdf(100.5) > tied.cdf(99.5))
  }
}

import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct GeneralizedHyperbolicIntervalTests {
  struct File: Decodable {
    struct Case: Decodable {
      let sample: [Double]
      let level: Double
      let logLikelihood: Double
      let intervals: [[Double?]]
    }
    let cases: [Case]
  }

  @Test func `Ends are those of profiles by another search`() throws {
    for item in try Reference.load(File.self, "hyperbolic_intervals").cases {
      let fit = try GeneralizedHyperbolic.fit(item.sample)
      #expect(fit.logLikelihood > item.logLikelihood - 1e-6)
      let intervals = try fit.likelihoodIntervals(of: item.sample, level: item.level)
      for (j, interval) in intervals.enumerated() {
        let name = fit.parameters[j].name
        guard let low = item.intervals[j][0], let high = item.intervals[j][1] else {
          Issue.record("\(name)")
          continue
        }
        expectClose(interval.lowerBound, low, absolute: 0.005 * (high - low), name)
        expectClose(interval.upperBound, high, absolute: 0.005 * (high - low), name)
      }
    }
  }

  private func sample() throws -> [Double] {
    let law = try NormalInverseGaussianLaw(
      location: 0.2, scale: 1, steepness: 1.2, asymmetry: -0.3)
    return law.draws(count: 120, from: RandomStream(seed: 5))
  }

  @Test func `Intervals scale with the sample and repeat with weights`() throws {
    let sample = try sample()
    let intervals = try GeneralizedHyperbolic.fit(sample).likelihoodIntervals(of: sample)
    let factor = 37 * 0x1p-30
    let scaled = sample.map { factor * $0 }
    let other = try GeneralizedHyperbolic.fit(scaled).likelihoodIntervals(of: scaled)
    for (j, power) in [factor, factor, 1, 1 / factor, 1 / factor].enumerated() {
      let width = (intervals[j].upperBound - intervals[j].lowerBound) * power
      expectClose(
        other[j].lowerBound, intervals[j].lowerBound * power, absolute: 1e-5 * width, "\(j)")
      expectClose(
        other[j].upperBound, intervals[j].upperBound * power, absolute: 1e-5 * width, "\(j)")
    }
    let weights = sample.indices.map { Double(1 + $0 % 2) }
    let repeated = sample.indices.flatMap { [Double](repeating: sample[$0], count: 1 + $0 % 2) }
    let one = try GeneralizedHyperbolic.fit(sample, weights: weights).likelihoodIntervals(
      of: sample, weights: weights)
    let two = try GeneralizedHyperbolic.fit(repeated).likelihoodIntervals(of: repeated)
    for (a, b) in zip(one, two) {
      let width = b.upperBound - b.lowerBound
      expectClose(a.lowerBound, b.lowerBound, absolute: 1e-4 * width)
      expectClose(a.upperBound, b.upperBound, absolute: 1e-4 * width)
    }
  }

  @Test func `Intervals hold the estimate and widen with the level`() throws {
    let sample = try sample()
    let fit = try GeneralizedHyperbolic.fit(sample)
    let narrow = try fit.likelihoodIntervals(of: sample, level: 0.5)
    let wide = try fit.likelihoodIntervals(of: sample)
    for (j, parameter) in fit.parameters.enumerated() {
      #expect(narrow[j].contains(parameter.value), "\(parameter.name)")
      // From a scale of 0, as a variance gamma law is likely enough.
      #expect(
        wide[j].lowerBound < narrow[j].lowerBound || (j == 1 && wide[j].lowerBound == 0),
        "\(parameter.name)")
      #expect(wide[j].upperBound > narrow[j].upperBound, "\(parameter.name)")
    }
    for level in [0, 1, Double.nan] {
      #expect(throws: DistributionsError.self) {
        try fit.likelihoodIntervals(of: sample, level: level)
      }
    }
    #expect(throws: DistributionsError.tooFewObservations(got: 2, required: 20)) {
      try fit.likelihoodIntervals(of: [1, 2])
    }
  }

  @Test func `At limit laws intervals have no end`() throws {
    let normal = (1...99).map { StandardNormal.quantile(Double($0) / 100) }
    let light = try GeneralizedHyperbolic.fit(normal)
    #expect(light.status == .upperBound)
    let intervals = try light.likelihoodIntervals(of: normal)
    #expect(intervals[1].upperBound == .infinity && intervals[3].upperBound == .infinity)
    let law = try VarianceGammaLaw(location: 0, order: 1.5, steepness: 1, asymmetry: 0)
    let gamma = (1...80).map { law.quantile(Double($0) / 81) }
    let peaked = try GeneralizedHyperbolic.fit(gamma)
    #expect(try peaked.likelihoodIntervals(of: gamma)[1].lowerBound == 0)
  }
}

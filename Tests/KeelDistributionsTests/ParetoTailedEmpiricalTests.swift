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

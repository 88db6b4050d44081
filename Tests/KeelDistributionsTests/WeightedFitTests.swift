import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

/// A fit of any law: from a sample and its weights to parameters, log-likelihood and status.
struct FitOfAnyLaw: CustomTestStringConvertible, Sendable {
  struct Outcome {
    let parameters: [FittedParameter]
    let logLikelihood: Double
    let totalWeight: Double
    let status: FitStatus
    let density: @Sendable (Double) -> Double

    init<Law: ContinuousDistribution>(_ fit: DistributionFit<Law>) {
      (parameters, logLikelihood) = (fit.parameters, fit.logLikelihood)
      (totalWeight, status) = (fit.totalWeight, fit.status)
      density = { fit.law.logPDF($0) }
    }
  }

  let name: String
  let sample: [Double]
  let fit: @Sendable ([Double], [Double]?) throws -> Outcome

  var testDescription: String { name }

  init<Law: ContinuousDistribution>(
    _ name: String,
    _ law: Law,
    count: Int = 150,
    _ fit: @escaping @Sendable ([Double], [Double]?) throws -> DistributionFit<Law>
  ) {
    self.name = name
    sample = law.draws(count: count, from: RandomStream(seed: 77))
    self.fit = { Outcome(try fit($0, $1)) }
  }

  static let all: [FitOfAnyLaw] = {
    do { return try make() } catch { return [] }
  }()

  private static func make() throws -> [FitOfAnyLaw] {
    [
      .init("normal", try Normal(mean: 0.1, standardDeviation: 2)) {
        try Normal.fit($0, weights: $1)
      },
      .init("logNormal", try LogNormal(logMean: 0.1, logStandardDeviation: 0.4)) {
        try LogNormal.fit($0, weights: $1)
      },
      .init("laplace", try Laplace(location: 0.1, scale: 2)) { try Laplace.fit($0, weights: $1) },
      .init("asymmetricLaplace", try AsymmetricLaplace(location: 0.1, scale: 2, asymmetry: 1.3)) {
        try AsymmetricLaplace.fit($0, weights: $1)
      },
      .init("logistic", try Logistic(location: 0.1, scale: 2)) {
        try Logistic.fit($0, weights: $1)
      },
      .init("studentT", try StudentT(location: 0.1, scale: 2, degreesOfFreedom: 3)) {
        try StudentT.fit($0, weights: $1)
      },
      .init(
        "fernandezSteel",
        try FernandezSteelSkewedT(location: 0.1, scale: 2, degreesOfFreedom: 4, skew: 1.2)
      ) { try FernandezSteelSkewedT.fit($0, weights: $1) },
      .init(
        "azzalini", try AzzaliniSkewedT(location: 0.1, scale: 2, degreesOfFreedom: 4, slant: 1.5),
        count: 80
      ) { try AzzaliniSkewedT.fit($0, weights: $1) },
      .init("hansen", try HansenSkewedT(degreesOfFreedom: 5, asymmetry: -0.2)) {
        try HansenSkewedT.fit($0, weights: $1)
      },
      .init("generalizedError", try GeneralizedError(location: 0.1, scale: 2, shape: 1.5)) {
        try GeneralizedError.fit($0, weights: $1)
      },
      .init("generalizedErrorBelowOne", try GeneralizedError(location: 0.1, scale: 2, shape: 0.7)) {
        var settings = GeneralizedError.FitSettings()
        settings.lowestShape = 0.4
        return try GeneralizedError.fit($0, weights: $1, settings: settings)
      },
      .init("generalizedPareto", try GeneralizedPareto(threshold: 0, scale: 2, shape: 0.2)) {
        try GeneralizedPareto.fit($0, threshold: 0, weights: $1)
      },
      .init(
        "generalizedExtremeValue",
        try GeneralizedExtremeValue(location: 0.1, scale: 2, shape: 0.1)
      ) { try GeneralizedExtremeValue.fit($0, weights: $1) },
      .init(
        "normalInverseGaussian",
        try NormalInverseGaussianLaw(location: 0.1, scale: 2, steepness: 0.5, asymmetry: -0.1)
      ) { try NormalInverseGaussianLaw.fit($0, weights: $1) },
      .init(
        "varianceGamma",
        try VarianceGammaLaw(location: 0.1, order: 3, steepness: 1, asymmetry: 0.1)
      ) { try VarianceGammaLaw.fit($0, weights: $1) },
      .init(
        "generalizedHyperbolic",
        try GeneralizedHyperbolic(
          location: 0.1, scale: 1, order: 1, steepness: 1, asymmetry: -0.1)
      ) { try GeneralizedHyperbolic.fit($0, weights: $1) },
      .init(
        "alphaStable", try AlphaStable(index: 1.6, skew: 0.2, scale: 2, location: 0.1), count: 80
      ) { try AlphaStable.fit($0, weights: $1) },
      .init(
        "normalMixture",
        try Mixture(
          components: [
            Normal(mean: 0, standardDeviation: 1), Normal(mean: -1, standardDeviation: 4),
          ], weights: [0.7, 0.3])
      ) { try Mixture<Normal>.fit($0, componentCount: 2, weights: $1) },
    ]
  }
}

@Suite struct WeightedFitTests {
  @Test func everyLawIsHere() { #expect(FitOfAnyLaw.all.count == 18) }

  @Test(arguments: FitOfAnyLaw.all) func weightsOfOneChangeNothing(_ law: FitOfAnyLaw) throws {
    let ones = [Double](repeating: 1, count: law.sample.count)
    let (plain, weighted) = (try law.fit(law.sample, nil), try law.fit(law.sample, ones))
    #expect(plain.logLikelihood == weighted.logLikelihood)
    #expect(plain.totalWeight == Double(law.sample.count))
    for (one, two) in zip(plain.parameters, weighted.parameters) { #expect(one.value == two.value) }
    // The likelihood is that of the law.
    let sum = law.sample.reduce(0) { $0 + plain.density($1) }
    expectClose(plain.logLikelihood, sum, relative: 1e-9, law.name)
  }

  @Test(arguments: FitOfAnyLaw.all) func wholeWeightsAreRepetitions(_ law: FitOfAnyLaw) throws {
    let counts = law.sample.indices.map { $0 % 7 == 0 ? 0 : 1 + $0 % 3 }
    let repeated = law.sample.indices.flatMap {
      [Double](repeating: law.sample[$0], count: counts[$0])
    }
    let one = try law.fit(repeated, nil)
    let two = try law.fit(law.sample, counts.map { Double($0) })
    #expect(one.status == two.status)
    #expect(two.totalWeight == Double(repeated.count))
    expectClose(two.logLikelihood, one.logLikelihood, relative: 1e-11, law.name)
    for (a, b) in zip(one.parameters, two.parameters) {
      let error = a.standardError.isNaN ? a.value.magnitude : a.standardError
      expectClose(b.value, a.value, absolute: 1e-6 * error, "\(law.name) \(a.name)")
      if !a.standardError.isNaN {
        expectClose(b.standardError, a.standardError, relative: 1e-4, "\(law.name) \(a.name)")
      }
    }
  }

  @Test func equalWeightsOfAnySizeHaveTheSameMiddle() throws {
    let law = try Normal(mean: 3, standardDeviation: 1)
    let sample = law.draws(count: 30, from: RandomStream(seed: 13))
    for count in [10, 12, 20, 30] {
      let part = Array(sample.prefix(count))
      for weight in [0.1, 0.3, 1e-7] {
        let weights = [Double](repeating: weight, count: count)
        let (plain, weighted) = (try Laplace.fit(part), try Laplace.fit(part, weights: weights))
        #expect(weighted.law.location == plain.law.location, "\(count) of \(weight)")
        var settings = GeneralizedError.FitSettings()
        settings.highestShape = 1.000_1
        let (one, two) = (
          try GeneralizedError.fit(part, settings: settings),
          try GeneralizedError.fit(part, weights: weights, settings: settings)
        )
        expectClose(
          two.law.location, one.law.location, relative: 1e-12, "\(count) of \(weight)")
      }
    }
  }

  @Test func startsBeyondTheRangeOfNumbersAreLeftOut() throws {
    let sample = try StudentT(location: 0, scale: 1, degreesOfFreedom: 5)
      .draws(count: 60, from: RandomStream(seed: 31)).map { 1e-170 * $0 }
    let gamma = try VarianceGammaLaw.fit(
      sample, start: VarianceGammaLaw(location: 0, order: 2, steepness: 1e-150, asymmetry: 0))
    #expect(gamma.logLikelihood == (try VarianceGammaLaw.fit(sample)).logLikelihood)
    let stable = try AlphaStable.fit(
      sample, start: AlphaStable(index: 1.5, skew: 0, scale: 1e160, location: 0))
    #expect(stable.logLikelihood == (try AlphaStable.fit(sample)).logLikelihood)
  }

  @Test func recentObservationsCountMore() throws {
    // The scale doubles; a memory of fifty observations follows it.
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: 5)
    let draws = law.draws(count: 600, from: RandomStream(seed: 4))
    let sample = draws.indices.map { $0 < 300 ? draws[$0] : 2 * draws[$0] }
    let weights = sample.indices.map { pow(0.98, Double(599 - $0)) }
    let plain = try StudentT.fit(sample)
    let recent = try StudentT.fit(sample, weights: weights)
    let last = try StudentT.fit(Array(sample[300...]))
    #expect(plain.law.scale < 0.85 * last.law.scale)
    #expect(
      (recent.law.scale - last.law.scale).magnitude < 3 * (recent["scale"]?.standardError ?? 0))
    expectClose(recent.totalWeight, 50, relative: 1e-4)
    #expect((recent["scale"]?.standardError ?? 0) > 2 * (plain["scale"]?.standardError ?? 0))
  }

  @Test(arguments: FitOfAnyLaw.all) func badWeightsAreRefused(_ law: FitOfAnyLaw) throws {
    var weights = [Double](repeating: 1, count: law.sample.count)
    #expect(throws: DistributionsError.self) { try law.fit(law.sample, Array(weights[1...])) }
    for bad in [-1, Double.nan, .infinity] {
      weights[3] = bad
      #expect(throws: DistributionsError.self) { try law.fit(law.sample, weights) }
    }
    #expect(throws: DistributionsError.self) {
      try law.fit(law.sample, [Double](repeating: 0, count: law.sample.count))
    }
  }
}

import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct LawRankingTests {
  struct File: Decodable {
    struct Case: Decodable {
      let name: String
      let sample: [Double]
      let statistic: Double
      let pValue: Double
    }

    let cases: [Case]
  }

  private static let quick: [LawFamily] = [
    .normal, .logNormal, .laplace, .asymmetricLaplace, .logistic, .generalizedError, .studentT,
    .fernandezSteelSkewedT, .normalMixture,
  ]

  @Test func theLawOfTheSampleIsAmongTheFirst() throws {
    let stream = RandomStream(seed: 12)
    let samples: [(LawFamily, [Double])] = [
      (.normal, try Normal(mean: 1, standardDeviation: 2).draws(count: 600, from: stream)),
      (.laplace, try Laplace(location: 0.01, scale: 0.02).draws(count: 600, from: stream)),
      (
        .logNormal,
        try LogNormal(logMean: 0, logStandardDeviation: 1).draws(count: 600, from: stream)
      ),
      (
        .studentT,
        try StudentT(location: 0, scale: 0.01, degreesOfFreedom: 2).draws(count: 600, from: stream)
      ),
    ]
    for (family, sample) in samples {
      let ranking = try LawRanking(sample, families: Self.quick, criterion: .bayesian)
      #expect(ranking.best?.family == family)
      #expect(ranking.entries.count == Self.quick.count)
      let values = ranking.entries.compactMap { try? $0.outcome.get().bayesianCriterion }
      #expect(values == values.sorted())
      #expect((ranking.best?.kolmogorovSmirnov.pValue ?? 0) > 0.1)
    }
  }

  @Test func aFamilyWithoutAFitStaysWithItsReason() throws {
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: 3)
    let sample = law.draws(count: 30, from: RandomStream(seed: 3))
    let ranking = try LawRanking(sample, families: [.logNormal, .studentT, .normal])
    #expect(ranking.entries.map(\.family).last == .logNormal)
    let index = sample.firstIndex { $0 <= 0 } ?? 0
    guard case .failure(let error) = ranking.entries[2].outcome else {
      Issue.record("a log-normal law of negative numbers")
      return
    }
    #expect(
      error == .invalidObservation(argument: "sample", index: index, got: sample[index]))
    // Constant and tiny samples: every reason is kept.
    let constant = try LawRanking([Double](repeating: 1, count: 40), families: Self.quick)
    #expect(constant.best == nil && constant.entries.map(\.family) == Self.quick)
    let tiny = try LawRanking([1, 2, 4])
    #expect(tiny.entries.count == LawFamily.allCases.count)
    #expect(throws: DistributionsError.tooFewObservations(got: 0, required: 1)) {
      try LawRanking([])
    }
    #expect(throws: DistributionsError.self) { try LawRanking([1, .nan]) }
  }

  @Test func allFamiliesOfOneSample() throws {
    let law = try NormalInverseGaussianLaw(
      location: 0.001, scale: 0.02, steepness: 50, asymmetry: -4)
    let sample = law.draws(count: 120, from: RandomStream(seed: 8))
    // Without optimization the fit of the tempered stable law takes many seconds.
    #if DEBUG
      let families = LawFamily.allCases.filter { $0 != .temperedStable }
    #else
      let families = LawFamily.allCases
    #endif
    let ranking = try LawRanking(sample, families: families)
    #expect(ranking.entries.count == families.count && LawFamily.allCases.count == 16)
    for entry in ranking.entries where entry.family != .logNormal {
      let ranked = try entry.outcome.get()
      let sum = sample.reduce(0) { $0 + ranked.law.logPDF($1) }
      expectClose(ranked.logLikelihood, sum, relative: 1e-9, entry.family.rawValue)
      #expect(ranked.status != .iterationLimit, "\(entry.family)")
      #expect(ranked.andersonDarling.statistic.isFinite && ranked.cramerVonMises.statistic > 0)
      // A larger family is at least as likely as one it contains.
    }
    func likelihood(_ family: LawFamily) throws -> Double {
      let entry = try #require(ranking.entries.first { $0.family == family })
      return try entry.outcome.get().logLikelihood
    }
    for (small, large) in [
      (LawFamily.normalInverseGaussian, LawFamily.generalizedHyperbolic),
      (.laplace, .asymmetricLaplace), (.laplace, .generalizedError),
      (.studentT, .fernandezSteelSkewedT), (.studentT, .azzaliniSkewedT),
      (.asymmetricLaplace, .varianceGamma), (.normal, .normalMixture),
    ] {
      #expect(try likelihood(small) <= likelihood(large) + 1e-6, "\(small) in \(large)")
    }
  }

  @Test func bootstrapPValuesAgreeWithLilliefors() throws {
    for item in try Reference.load(File.self, "lilliefors").cases {
      let law = try Normal.fit(item.sample).law
      let test = try BootstrapGoodnessOfFit(
        item.sample, law: law, replicateCount: 200, from: RandomStream(seed: 5))
      #expect(test.replicateCount == 200 && test.failureCount == 0)
      expectClose(test.kolmogorovSmirnov.statistic, item.statistic, relative: 0.03)
      // The error of 200 replicates is at most 0.035, that of the divisor some 0.02; the table ends at 0.001
      // and 0.99.
      expectClose(test.kolmogorovSmirnov.pValue, item.pValue, absolute: 0.12, item.name)
      // Given parameters would be much too mild.
      let mild = try GoodnessOfFit.kolmogorovSmirnov(item.sample, law: law)
      #expect(test.kolmogorovSmirnov.pValue <= mild.pValue)
    }
  }

  @Test func bootstrapIsReproducibleAndFair() throws {
    let law = try Laplace(location: 0, scale: 1)
    var sum = 0.0
    for seed in 0..<30 as Range<UInt64> {
      let sample = law.draws(count: 40, from: RandomStream(seed: seed, stream: 9_000))
      let fit = try Laplace.fit(sample)
      let test = try BootstrapGoodnessOfFit(
        sample, law: fit.law, replicateCount: 30, from: RandomStream(seed: seed))
      sum += test.andersonDarling.pValue
      if seed == 0 {
        let again = try BootstrapGoodnessOfFit(
          sample, law: fit.law, replicateCount: 30, from: RandomStream(seed: seed))
        #expect(test == again)
      }
    }
    // Uniform p-values: the mean of 30 has the deviation 0.053.
    expectClose(sum / 30, 0.5, absolute: 0.2)
    #expect(throws: DistributionsError.self) {
      try BootstrapGoodnessOfFit(
        [1, 2, 3], law: law, replicateCount: 0, from: RandomStream(seed: 1))
    }
  }
}

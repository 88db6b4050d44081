import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct FurtherFitTests {
  private func likelihood(_ sample: [Double], _ law: some ContinuousDistribution) -> Double {
    sample.reduce(0) { $0 + law.logPDF($1) }
  }

  @Test func asymmetricLaplaceBeatsEveryLocation() throws {
    let law = try AsymmetricLaplace(location: 1, scale: 2, asymmetry: 0.7)
    for seed in 0..<5 as Range<UInt64> {
      let sample = law.draws(count: 60, from: RandomStream(seed: seed))
      let fit = try AsymmetricLaplace.fit(sample)
      #expect(fit.status == .converged)
      for location in sample {
        for factor in [0.8, 1, 1.25] {
          for other in [0.8, 1, 1.25] {
            let rival = try AsymmetricLaplace(
              location: location, scale: fit.law.scale * factor,
              asymmetry: fit.law.asymmetry * other)
            #expect(likelihood(sample, rival) <= fit.logLikelihood + 1e-9)
          }
        }
      }
    }
  }

  @Test func cuspsOfTheErrorLawAreSearched() throws {
    var settings = GeneralizedError.FitSettings()
    settings.lowestShape = 0.3
    for (seed, shape) in zip(0..<6 as Range<UInt64>, [0.5, 0.6, 0.7, 0.8, 0.9, 0.6]) {
      let law = try GeneralizedError(location: 1, scale: 2, shape: shape)
      let sample = law.draws(count: 120, from: RandomStream(seed: seed))
      let fit = try GeneralizedError.fit(sample, settings: settings)
      guard fit.status == .converged, fit.law.shape < 1 else { continue }
      expectClose(fit.logLikelihood, likelihood(sample, fit.law), relative: 1e-10)
      #expect(sample.contains { ($0 - fit.law.location).magnitude < 1e-12 })
      // No other observation is the better location with this or a near shape, at its best scale.
      for factor in [0.9, 1, 1.1] {
        let shape = fit.law.shape * factor
        for location in sample {
          let mean =
            sample.reduce(0) { $0 + pow(($1 - location).magnitude, shape) } / Double(sample.count)
          let rival = try GeneralizedError(
            location: location, scale: pow(shape * mean, 1 / shape), shape: shape)
          #expect(likelihood(sample, rival) <= fit.logLikelihood + 1e-9)
        }
      }
      let scaled = try GeneralizedError.fit(sample.map { 1e5 * $0 }, settings: settings)
      expectClose(scaled.law.scale, 1e5 * fit.law.scale, relative: 1e-8)
      expectClose(scaled.law.shape, fit.law.shape, relative: 1e-8)
    }
  }

  @Test func boundsAreSaid() throws {
    let normal = try Normal(mean: 0, standardDeviation: 1)
    let light = (0..<200).map { normal.quantile((Double($0) + 0.5) / 200) }
    let even = (0..<200).map { Double($0) / 200 }
    #expect(try VarianceGammaLaw.fit(even).status == .upperBound)
    #expect(try AzzaliniSkewedT.fit(light).status == .upperBound)
    #expect(try HansenSkewedT.fit(light).status == .upperBound)
    #expect(try GeneralizedHyperbolic.fit(even).status == .upperBound)
    // A law of one side.
    let side = even.map { -log1p(-$0) }
    let asymmetric = try AsymmetricLaplace.fit(side)
    #expect(
      asymmetric.status == .lowerBound && asymmetric["asymmetry"]?.standardError.isNaN == true)
    #expect(try AsymmetricLaplace.fit(side.map { -$0 }).status == .upperBound)
  }

  @Test func badSamplesAreRefused() throws {
    let constant = [Double](repeating: 4, count: 50)
    let wild = (1...49).map { Double($0) } + [.nan]
    let fits: [([Double]) throws -> Void] = [
      { _ = try Logistic.fit($0) }, { _ = try LogNormal.fit($0) },
      { _ = try AsymmetricLaplace.fit($0) }, { _ = try AzzaliniSkewedT.fit($0) },
      { _ = try VarianceGammaLaw.fit($0) }, { _ = try GeneralizedHyperbolic.fit($0) },
      { _ = try Mixture<Normal>.fit($0, componentCount: 2) },
    ]
    for fit in fits {
      for sample in [constant, wild, [], [1]] {
        #expect(throws: DistributionsError.self) { try fit(sample) }
      }
    }
    #expect(throws: DistributionsError.self) { try HansenSkewedT.fit(wild) }
    #expect(throws: DistributionsError.self) { try LogNormal.fit([1, -1, 2]) }
    #expect(throws: DistributionsError.self) {
      try Mixture<Normal>.fit(Array(wild[..<15]), componentCount: 2)
    }
    #expect(throws: DistributionsError.self) {
      try Mixture<Normal>.fit(Array(wild[..<30]), componentCount: 0)
    }
  }
}

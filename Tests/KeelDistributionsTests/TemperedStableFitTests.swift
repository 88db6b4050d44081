import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct TemperedStableFitTests {
  /// Without optimization a fit of few observations from the truth is all there.
  #if DEBUG
    static let (count, isQuick) = (100, true)
  #else
    static let (count, isQuick) = (300, false)
  #endif

  static func sample(_ parameters: [Double], count: Int, seed: UInt64) throws -> [Double] {
    try TemperedStableTests.law(parameters).draws(count: count, from: RandomStream(seed: seed))
  }

  /// Daily returns of 2 %, heavier below.
  static let returns: [Double] = [0.8, 0.4, 0.5, 60, 45, 0.001]

  @Test(
    .enabled(if: !isQuick),
    arguments: [
      returns, [1.3, 0.04, 0.04, 30, 40, 0], [0.4, 1.5, 1, 2, 1.5, 0.2],
    ])
  func recoversTheParameters(_ parameters: [Double]) throws {
    let fit = try TemperedStable.fit(Self.sample(parameters, count: 10_000, seed: 5))
    let names = [
      "index", "upperIntensity", "lowerIntensity", "upperTempering", "lowerTempering", "location",
    ]
    #expect(fit.parameters.map(\.name) == names)
    #expect(fit.status != .iterationLimit, "\(parameters) \(fit)")
    guard fit.status == .converged else { return }
    for (name, truth) in zip(names, parameters) {
      let parameter = try #require(fit[name])
      #expect(parameter.standardError > 0)
      #expect(
        (parameter.value - truth).magnitude < 3.5 * parameter.standardError,
        "\(name) \(parameter) of \(parameters)")
    }
  }

  @Test func isAMaximum() throws {
    let sample = try Self.sample(Self.returns, count: Self.count, seed: 11)
    let truth = try TemperedStableTests.law(Self.returns)
    let fit = try TemperedStable.fit(sample, start: Self.isQuick ? truth : nil)
    #expect(fit.status != .iterationLimit)
    func logLikelihood(_ law: TemperedStable) -> Double { law.logPDF(sample).reduce(0, +) }
    let law = fit.law
    let best = logLikelihood(law)
    expectClose(best, fit.logLikelihood, relative: 1e-10)

    let point = [
      law.index, law.upperIntensity, law.lowerIntensity, law.upperTempering, law.lowerTempering,
      law.location,
    ]
    for j in 0..<6 {
      for sign in [-1.0, 1] {
        var other = point
        other[j] += sign * 0.05 * (j == 5 ? law.standardDeviation : point[j])
        #expect(logLikelihood(try TemperedStableTests.law(other)) < best, "\(j) \(sign)")
      }
    }
  }

  @Test(.enabled(if: !isQuick)) func isEquivariantAndWarm() throws {
    let sample = try Self.sample(Self.returns, count: 250, seed: 3)
    let fit = try TemperedStable.fit(sample)
    let other = try TemperedStable.fit(sample.map { 700 * $0 })
    expectClose(other.law.upperTempering, fit.law.upperTempering / 700, relative: 1e-8)
    expectClose(other.law.lowerTempering, fit.law.lowerTempering / 700, relative: 1e-8)
    expectClose(
      other.law.location, 700 * fit.law.location,
      absolute: 1e-8 * other.law.standardDeviation)
    expectClose(other.law.index, fit.law.index, relative: 1e-8)
    expectClose(other.law.standardDeviation, 700 * fit.law.standardDeviation, relative: 1e-8)
    let warm = try TemperedStable.fit(sample, start: fit.law)
    expectClose(warm.logLikelihood, fit.logLikelihood, relative: 1e-12)
    #expect(warm.iterations <= 4)
    // Whole weights are repetitions.
    let weights = sample.indices.map { Double($0 % 3) }
    let repeated = zip(sample, weights).flatMap { [Double](repeating: $0, count: Int($1)) }
    let weighted = try TemperedStable.fit(sample, weights: weights)
    let plain = try TemperedStable.fit(repeated)
    expectClose(weighted.logLikelihood, plain.logLikelihood, relative: 1e-10)
  }

  @Test(.enabled(if: !isQuick)) func saysThatTailsAreNormal() throws {
    let sample = try RandomStream(seed: 9).normals(count: 250)
    let fit = try TemperedStable.fit(sample)

    #expect(fit.status != .converged)
  }

  @Test func refusesBadSamplesAndSettings() throws {
    #expect(throws: DistributionsError.tooFewObservations(got: 3, required: 100)) {
      try TemperedStable.fit([1, 2, 3])
    }
    #expect(throws: DistributionsError.self) {
      try TemperedStable.fit([Double](repeating: 1, count: 200))
    }
    let sample = try RandomStream(seed: 9).normals(count: 120)
    for change: (inout TemperedStable.FitSettings) -> Void in [
      { $0.highestIndex = 2 }, { $0.lowestIndex = 0 }, { $0.lowestTempering = -1 },
      { $0.highestTempering = .nan }, { $0.lowestShare = 0.5 }, { $0.maximumIterations = 0 },
    ] {
      var settings = TemperedStable.FitSettings()
      change(&settings)
      #expect(throws: DistributionsError.self) {
        try TemperedStable.fit(sample, settings: settings)
      }
    }
  }
}

import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct AlphaStableFitTests {
  #if DEBUG
    static let count = 400
  #else
    static let count = 10_000
  #endif

  static func sample(_ index: Double, _ skew: Double, count: Int, seed: UInt64) throws -> [Double] {
    try AlphaStable(index: index, skew: skew, scale: 0.02, location: 0.001)
      .draws(count: count, from: RandomStream(seed: seed))
  }

  @Test(arguments: [(1.7, -0.2), (1.3, 0.6), (0.8, 0.3), (1.0, 0.0)])
  func recoversTheParameters(index: Double, skew: Double) throws {
    let fit = try AlphaStable.fit(Self.sample(index, skew, count: Self.count, seed: 5))
    #expect(fit.status == .converged)
    for (name, truth) in [("index", index), ("skew", skew), ("scale", 0.02), ("location", 0.001)] {
      let parameter = try #require(fit[name])
      #expect(parameter.standardError > 0)
      #expect(
        (parameter.value - truth).magnitude < 3.5 * parameter.standardError,
        "\(name) \(parameter) of \(index) \(skew)")
    }
  }

  @Test func isAMaximum() throws {
    let sample = try Self.sample(1.6, 0.3, count: 250, seed: 11)
    let fit = try AlphaStable.fit(sample)
    func logLikelihood(_ law: AlphaStable) -> Double { sample.reduce(0) { $0 + law.logPDF($1) } }
    let best = logLikelihood(fit.law)
    expectClose(best, fit.logLikelihood, relative: 1e-11)
    let law = fit.law
    for sign in [-1.0, 1] {
      let step = 0.02 * sign
      let others = [
        try AlphaStable(
          index: law.index + step, skew: law.skew, scale: law.scale, location: law.location),
        try AlphaStable(
          index: law.index, skew: law.skew + step, scale: law.scale, location: law.location),
        try AlphaStable(
          index: law.index, skew: law.skew, scale: law.scale * (1 + step), location: law.location),
        try AlphaStable(
          index: law.index, skew: law.skew, scale: law.scale,
          location: law.location + 0.1 * step * law.scale),
      ]
      for other in others { #expect(logLikelihood(other) < best) }
    }
  }

  @Test func isEquivariant() throws {
    let sample = try Self.sample(1.5, -0.4, count: 150, seed: 3)
    let fit = try AlphaStable.fit(sample)
    let other = try AlphaStable.fit(sample.map { 700 * $0 })
    expectClose(other.law.scale, 700 * fit.law.scale, relative: 1e-8)
    expectClose(
      other.law.location, 700 * fit.law.location, relative: 1e-8, absolute: 1e-8 * other.law.scale)
    expectClose(other.law.index, fit.law.index, relative: 1e-8)
    expectClose(other.law.skew, fit.law.skew, absolute: 1e-8)
  }

  /// The regression of the start reads phases, which a location far from 0 would turn many times.
  @Test(arguments: [(1.5, -0.4), (0.8, 0.3)])
  func findsALocationFarFromZero(index: Double, skew: Double) throws {
    let sample = try AlphaStable(index: index, skew: skew, scale: 1, location: 0)
      .draws(count: 150, from: RandomStream(seed: 3))
    let fit = try AlphaStable.fit(sample)
    #expect(fit.status == .converged)
    for location in [-0x1p24] {
      let other = try AlphaStable.fit(sample.map { $0 + location })
      #expect(other.status == .converged)
      expectClose(other.law.location - location, fit.law.location, absolute: 1e-6)
      expectClose(other.law.scale, fit.law.scale, relative: 1e-6)
      expectClose(other.law.index, fit.law.index, relative: 1e-6)
      expectClose(other.law.skew, fit.law.skew, absolute: 1e-6)
    }
  }

  @Test func saysThatTailsAreNormal() throws {
    let sample = try RandomStream(seed: 9).normals(count: 250)
    let fit = try AlphaStable.fit(sample)
    #expect(fit.status == .upperBound)
    #expect(fit["index"]?.standardError.isNaN == true)
    #expect(fit.law.index == 1.99)
  }

  @Test func refusesBadSamplesAndSettings() throws {
    #expect(throws: DistributionsError.tooFewObservations(got: 3, required: 50)) {
      try AlphaStable.fit([1, 2, 3])
    }
    #expect(throws: DistributionsError.self) {
      try AlphaStable.fit([Double](repeating: 1, count: 60))
    }
    var settings = AlphaStable.FitSettings()
    settings.highestIndex = 2
    let sample = try Self.sample(1.5, 0, count: 60, seed: 2)
    #expect(throws: DistributionsError.self) { try AlphaStable.fit(sample, settings: settings) }
  }
}

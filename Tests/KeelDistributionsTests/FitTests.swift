import Foundation
import KeelDistributions
import KeelTestSupport
import Testing

@Suite struct FitTests {
  /// Student-t numbers by inversion of the law's own quantile at uniform numbers.
  static func sample(
    _ law: StudentT, count: Int, seed: UInt64
  ) -> [Double] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in law.quantile(generator.uniform(1e-12...(1 - 1e-12))) }
  }

  @Test func agreesWithFortyDigits() throws {
    for reference in try DistributionsReference.load().studentTFits {
      let fit = try StudentT.fit(reference.sample)
      #expect(fit.status == .converged, "\(reference.name)")
      expectClose(
        fit.law.location, reference.location, relative: 1e-9, absolute: 1e-9 * reference.scale)
      expectClose(fit.law.scale, reference.scale, relative: 1e-9)
      expectClose(fit.law.degreesOfFreedom, reference.degreesOfFreedom, relative: 1e-9)
      expectClose(fit.logLikelihood, reference.logLikelihood, relative: 1e-13)
      for (parameter, error) in zip(fit.parameters, reference.standardErrors) {
        expectClose(parameter.standardError, error, relative: 1e-7, parameter.name)
      }
      // SciPy's own fit stops earlier; it may not be better.
      let scipy = try StudentT(
        location: reference.scipy[0], scale: reference.scipy[1],
        degreesOfFreedom: reference.scipy[2])
      let theirs = reference.sample.reduce(0) { $0 + scipy.logPDF($1) }
      #expect(theirs <= fit.logLikelihood + 1e-9)
      expectClose(scipy.degreesOfFreedom, fit.law.degreesOfFreedom, relative: 1e-3)
      expectClose(
        fit.logLikelihood, reference.sample.reduce(0) { $0 + fit.law.logPDF($1) }, relative: 1e-13)
    }
  }

  @Test(arguments: 0..<100) func recoversParameters(seed: Int) throws {
    let degrees = [1.5, 2.5, 4, 8, 20][seed % 5]
    let law = try StudentT(location: 0.001, scale: 0.02, degreesOfFreedom: degrees)
    let fit = try StudentT.fit(Self.sample(law, count: 1500, seed: UInt64(seed)))
    #expect(fit.iterations < 40)
    guard fit.status == .converged else {
      #expect(degrees == 20 && fit.status == .upperBound, "seed \(seed)")
      return
    }
    // Five standard errors: one in a million each. ν is judged by its logarithm.
    let location = try #require(fit["location"])
    let scale = try #require(fit["scale"])
    let shape = try #require(fit["degreesOfFreedom"])
    #expect((location.value - 0.001).magnitude < 5 * location.standardError)
    #expect((scale.value - 0.02).magnitude < 5 * scale.standardError)
    #expect(log(shape.value / degrees).magnitude < 5 * shape.standardError / shape.value)
    expectClose(fit.bayesianCriterion - fit.akaikeCriterion, 3 * log(1500) - 6, relative: 1e-9)
  }

  @Test(arguments: [1e-300, 1e-150, 1e-8, 3.7, 1e6, 1e150, 1e290])
  func scaleAndOrder(factor: Double) throws {
    let law = try StudentT(location: 0.1, scale: 0.5, degreesOfFreedom: 3)
    let sample = Self.sample(law, count: 333, seed: 5)
    let base = try StudentT.fit(sample)
    let scaled = try StudentT.fit(sample.map { $0 * factor })
    expectClose(scaled.law.location, base.law.location * factor, relative: 1e-8)
    expectClose(scaled.law.scale, base.law.scale * factor, relative: 1e-8)
    expectClose(scaled.law.degreesOfFreedom, base.law.degreesOfFreedom, relative: 1e-8)
    expectClose(scaled.logLikelihood, base.logLikelihood - 333 * log(factor), relative: 1e-10)
    let mirrored = try StudentT.fit(sample.reversed().map { -$0 })
    expectClose(mirrored.law.location, -base.law.location, relative: 1e-8)
    expectClose(mirrored.law.degreesOfFreedom, base.law.degreesOfFreedom, relative: 1e-8)
    let normal = try Normal.fit(sample)
    let scaledNormal = try Normal.fit(sample.map { $0 * factor })
    expectClose(scaledNormal.law.mean, normal.law.mean * factor, relative: 1e-13)
    expectClose(
      scaledNormal.law.standardDeviation, normal.law.standardDeviation * factor, relative: 1e-13)
  }

  @Test(arguments: [-900, -3, 1, 60, 900]) func powersOfTwoExactly(exponent: Int) throws {
    let law = try StudentT(location: 0.1, scale: 0.5, degreesOfFreedom: 3)
    let sample = Self.sample(law, count: 200, seed: 8)
    let factor = Double(sign: .plus, exponent: exponent, significand: 1)
    let base = try StudentT.fit(sample).law
    let scaled = try StudentT.fit(sample.map { $0 * factor }).law
    #expect(scaled.location == base.location * factor && scaled.scale == base.scale * factor)
    #expect(scaled.degreesOfFreedom == base.degreesOfFreedom)
  }

  /// Small samples of light and heavy tails: every search ends, with its end said.
  @Test(arguments: [0.4, 1, 2, 4, 10, .infinity]) func everySearchEnds(degrees: Double) throws {
    let law = try StudentT(location: 0.1, scale: 2, degreesOfFreedom: degrees)
    for count in [10, 11, 20, 50] {
      for seed in 0..<25 as Range<UInt64> {
        let fit = try StudentT.fit(Self.sample(law, count: count, seed: seed))
        let shapeError = try #require(fit["degreesOfFreedom"]).standardError
        switch fit.status {
        case .converged: #expect(fit.parameters.allSatisfy { $0.standardError > 0 })
        case .upperBound: #expect(fit.law.degreesOfFreedom == 1000 && shapeError.isNaN)
        case .lowerBound: #expect(fit.law.degreesOfFreedom == 0.5 && shapeError.isNaN)
        default: Issue.record("\(count) \(seed) \(fit.status)")
        }
      }
    }
  }

  @Test(arguments: 1...10) func normalDataReachTheBound(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    // A bounded law has lighter tails than the normal one.
    let sample = (0..<500).map { _ in generator.uniform(-1...1) }
    let fit = try StudentT.fit(sample)
    #expect(fit.status == .upperBound)
    #expect(fit.law.degreesOfFreedom == 1000)
    #expect(fit["degreesOfFreedom"]?.standardError.isNaN == true)
    let normal = try Normal.fit(sample)
    expectClose(fit.law.location, normal.law.mean, absolute: 1e-3)
    expectClose(fit.law.standardDeviation, normal.law.standardDeviation, relative: 2e-3)
    #expect(normal.logLikelihood > fit.logLikelihood)
  }

  @Test func heavierThanTheBound() throws {
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: 0.3)
    let fit = try StudentT.fit(Self.sample(law, count: 400, seed: 11))
    #expect(fit.status == .lowerBound && fit.law.degreesOfFreedom == 0.5)
  }

  @Test func normalFitByHand() throws {
    let fit = try Normal.fit([1, 2, 3, 4])
    expectClose(fit.law.mean, 2.5, relative: 1e-15)
    expectClose(fit.law.variance, 1.25, relative: 1e-15)
    expectClose(
      fit.logLikelihood, [1.0, 2, 3, 4].reduce(0) { $0 + fit.law.logPDF($1) }, relative: 1e-14)
    expectClose(fit["mean"]?.standardError ?? .nan, (1.25 / 4).squareRoot(), relative: 1e-15)
  }

  @Test func hostileSamples() throws {
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: 3)
    let good = Self.sample(law, count: 50, seed: 3)
    #expect(throws: DistributionsError.tooFewObservations(got: 0, required: 10)) {
      try StudentT.fit([])
    }
    #expect(throws: DistributionsError.tooFewObservations(got: 1, required: 2)) {
      try Normal.fit([1])
    }
    #expect(
      throws: DistributionsError.repeatedValue(value: 2, count: 20, observationCount: 20)
    ) { try StudentT.fit([Double](repeating: 2, count: 20)) }
    #expect(throws: DistributionsError.repeatedValue(value: 0.1, count: 9, observationCount: 9)) {
      try Normal.fit([Double](repeating: 0.1, count: 9))
    }
    // A third of zeros, wherever they stand.
    #expect(throws: DistributionsError.repeatedValue(value: 0, count: 25, observationCount: 75)) {
      try StudentT.fit(good + [Double](repeating: 0, count: 25))
    }
    _ = try StudentT.fit(good + [Double](repeating: 0, count: 20))
    for value in hostileNumbers {
      for position in [0, 7, 49] {
        var sample = good
        sample[position] = value
        if value.isFinite {
          if let fit = try? StudentT.fit(sample) {
            #expect(fit.law.scale > 0 && fit.logLikelihood.isFinite && fit.status == .converged)
          } else {
            #expect(value.magnitude >= 1e300)
          }
          if let fit = try? Normal.fit(sample) { #expect(fit.law.standardDeviation > 0) }
        } else {
          #expect(throws: DistributionsError.self) { try StudentT.fit(sample) }
          #expect(throws: DistributionsError.self) { try Normal.fit(sample) }
        }
      }
    }
    for scale in [Double.leastNonzeroMagnitude, .leastNormalMagnitude / 1e3, 1e308] {
      _ = try? StudentT.fit(good.map { $0 * scale })
      _ = try? Normal.fit(good.map { $0 * scale })
    }
    // Duplicated observations are legal.
    let doubled = try StudentT.fit(good + good)
    expectClose(doubled.law.scale, try StudentT.fit(good).law.scale, relative: 1e-8)
    var settings = StudentT.FitSettings()
    settings.highestDegreesOfFreedom = 0.1
    #expect(throws: DistributionsError.self) { try StudentT.fit(good, settings: settings) }
    settings = .init()
    settings.maximumIterations = 1
    #expect(try StudentT.fit(good, settings: settings).status == .iterationLimit)
    settings.maximumIterations = 0
    #expect(throws: DistributionsError.self) { try StudentT.fit(good, settings: settings) }
  }

  // Tails so heavy that the best law lies below the bound: rounding keeps the gradient from zero.
  @Test(.timeLimit(.minutes(1))) func aSearchWithoutALimitEnds() throws {
    var settings = StudentT.FitSettings()
    settings.maximumIterations = .max
    settings.lowestDegreesOfFreedom = 0.1
    for k in [1, 8, 19, 27] {
      let sample = (0..<(10 + k * 7)).map { i in
        let size = exp(40 * sin(Double(i * (k + 3))))
        return i % 2 == 0 ? size : -size
      }
      let fit = try StudentT.fit(sample, settings: settings)
      #expect(fit.law.degreesOfFreedom == 0.1)
      #expect(fit.logLikelihood.isFinite)
    }
  }
}

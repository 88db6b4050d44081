import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct LawFitTests {
  struct File: Decodable {
    struct Case: Decodable {
      let law: String
      let sample: [Double]
      let estimates: [Double]
      let standardErrors: [Double]
      /// From the outer products of the scores, where the fit's are.
      let scoreErrors: [Double]?
      let logLikelihood: Double
    }

    let cases: [Case]
  }

  /// The parameters, log-likelihood and status of a fit of any law.
  struct Outcome {
    let parameters: [FittedParameter]
    let logLikelihood: Double
    let status: FitStatus

    init<Law>(_ fit: DistributionFit<Law>) {
      (parameters, logLikelihood, status) = (fit.parameters, fit.logLikelihood, fit.status)
    }

    init(_ law: String, _ sample: [Double], scaledBy scale: Double = 1) throws {
      let sample = sample.map { $0 * scale }
      switch law {
      case "generalizedPareto":
        self = Outcome(try GeneralizedPareto.fit(sample, threshold: 0))
      case "generalizedExtremeValue": self = Outcome(try GeneralizedExtremeValue.fit(sample))
      case "fernandezSteelSkewedT": self = Outcome(try FernandezSteelSkewedT.fit(sample))
      case "normalInverseGaussian": self = Outcome(try NormalInverseGaussianLaw.fit(sample))
      case "logistic": self = Outcome(try Logistic.fit(sample))
      case "logNormal": self = Outcome(try LogNormal.fit(sample))
      case "azzaliniSkewedT": self = Outcome(try AzzaliniSkewedT.fit(sample))
      case "hansenSkewedT": self = Outcome(try HansenSkewedT.fit(sample))
      case "varianceGamma": self = Outcome(try VarianceGammaLaw.fit(sample))
      case "generalizedHyperbolic": self = Outcome(try GeneralizedHyperbolic.fit(sample))
      case "normalMixture": self = Outcome(try Mixture<Normal>.fit(sample, componentCount: 2))
      default: throw CocoaError(.fileReadUnknown)
      }
    }
  }

  @Test func fitsAgreeWithThirtyDigits() throws {
    for item in try Reference.load(File.self, "law_fits").cases {
      let fit = try Outcome(item.law, item.sample)
      #expect(fit.status == .converged)
      for (k, parameter) in fit.parameters.enumerated() {
        let error = item.standardErrors[k]
        expectClose(
          parameter.value, item.estimates[k], absolute: 1e-7 * error,
          "\(item.law) \(parameter.name)")
        expectClose(
          parameter.standardError, item.scoreErrors?[k] ?? error, relative: 1e-5,
          "\(item.law) error of \(parameter.name)")
      }
      expectClose(fit.logLikelihood, item.logLikelihood, relative: 1e-12, absolute: 1e-10, item.law)
    }
  }

  // Of samples as large Bessel functions are polynomials in pieces.
  @Test func `Hyperbolic fits to a sample twelve times over are those to it once`() throws {
    for item in try Reference.load(File.self, "law_fits").cases {
      let many = (0..<12).flatMap { _ in item.sample }
      let outcome: Outcome
      switch item.law {
      case "varianceGamma":
        let once = try VarianceGammaLaw.fit(item.sample)
        outcome = Outcome(try VarianceGammaLaw.fit(many, start: once.law))
      case "generalizedHyperbolic":
        let once = try GeneralizedHyperbolic.fit(item.sample)
        outcome = Outcome(try GeneralizedHyperbolic.fit(many, start: once.law))
      default: continue
      }
      #expect(outcome.status == .converged)
      for (k, parameter) in outcome.parameters.enumerated() {
        let error = item.scoreErrors?[k] ?? item.standardErrors[k]
        expectClose(
          parameter.value, item.estimates[k], absolute: 1e-7 * item.standardErrors[k],
          "\(item.law) \(parameter.name)")
        expectClose(
          parameter.standardError, error / 12.0.squareRoot(), relative: 1e-5,
          "\(item.law) error of \(parameter.name)")
      }
      expectClose(outcome.logLikelihood, 12 * item.logLikelihood, relative: 1e-12, item.law)
    }
  }

  @Test func fitsScaleWithTheSample() throws {
    for item in try Reference.load(File.self, "law_fits").cases {
      // One law is of standardized numbers, one of logarithms.
      if ["hansenSkewedT", "logNormal"].contains(item.law) { continue }
      let fit = try Outcome(item.law, item.sample)
      for scale in [1e-6, 37, 1e12] {
        let other = try Outcome(item.law, item.sample, scaledBy: scale)
        for (one, two) in zip(fit.parameters, other.parameters) {
          let power =
            switch one.name {
            case "location", "scale", "mean1", "mean2": scale
            case "standardDeviation1", "standardDeviation2": scale
            case "steepness", "asymmetry": 1 / scale
            default: 1.0
            }
          expectClose(
            two.value, one.value * power, relative: 1e-8,
            absolute: 1e-8 * one.standardError * power,
            "\(item.law) \(one.name) times \(scale)")
        }
      }
    }
  }

  @Test func badSamplesAndSettingsAreRefused() throws {
    let sample = (1...40).map { Double($0) }
    for bad in [Double.nan, .infinity] {
      #expect(throws: DistributionsError.self) {
        try GeneralizedPareto.fit(sample + [bad], threshold: 0)
      }
      #expect(throws: DistributionsError.self) { try GeneralizedExtremeValue.fit(sample + [bad]) }
      #expect(throws: DistributionsError.self) { try NormalInverseGaussianLaw.fit(sample + [bad]) }
      #expect(throws: DistributionsError.self) { try FernandezSteelSkewedT.fit(sample + [bad]) }
    }
    #expect(throws: DistributionsError.invalidObservation(argument: "sample", index: 0, got: 1)) {
      try GeneralizedPareto.fit(sample, threshold: 2)
    }
    let constant = [Double](repeating: 4, count: 50)
    #expect(throws: DistributionsError.self) { try GeneralizedPareto.fit(constant, threshold: 4) }
    #expect(throws: DistributionsError.self) { try GeneralizedPareto.fit(constant, threshold: 0) }
    #expect(throws: DistributionsError.self) { try GeneralizedExtremeValue.fit(constant) }
    #expect(throws: DistributionsError.self) { try NormalInverseGaussianLaw.fit(constant) }
    #expect(throws: DistributionsError.self) { try FernandezSteelSkewedT.fit(constant) }
    #expect(throws: DistributionsError.self) {
      try GeneralizedPareto.fit(Array(sample[..<5]), threshold: 0)
    }
    var settings = GeneralizedPareto.FitSettings()
    settings.highestShape = -0.6
    #expect(throws: DistributionsError.self) {
      try GeneralizedPareto.fit(sample, threshold: 0, settings: settings)
    }
  }

  @Test func boundsAreSaid() throws {
    // Equal steps have an end: their shape is −1.
    let even = (0..<200).map { (Double($0) + 0.5) / 200 }
    let pareto = try GeneralizedPareto.fit(even, threshold: 0)
    #expect(pareto.status == .lowerBound && pareto["shape"]?.standardError.isNaN == true)
    let normal = try Normal(mean: 0, standardDeviation: 1)
    let light = even.map { normal.quantile($0) }
    #expect(try NormalInverseGaussianLaw.fit(light).status == .upperBound)
    #expect(try FernandezSteelSkewedT.fit(light).status == .upperBound)
  }

  @Test(arguments: [0, 0.3]) func boundsOfTheSkewAreSaid(shape: Double) throws {
    // Half of a law: nothing is below the mode.
    let half = try GeneralizedPareto(threshold: 0, scale: 1, shape: shape)
    let sample = (0..<250).map { half.quantile((Double($0) + 0.5) / 250) }
    let fit = try FernandezSteelSkewedT.fit(sample)
    expectClose(fit.law.skew, 100, relative: 1e-12)
    #expect(fit["degreesOfFreedom"]?.standardError.isNaN == false)
    #expect(fit.status == .upperBound && fit["skew"]?.standardError.isNaN == true)
    let mirror = try FernandezSteelSkewedT.fit(sample.map { -$0 })
    expectClose(mirror.law.skew, 0.01, relative: 1e-12)
    #expect(mirror.status == .lowerBound && mirror["skew"]?.standardError.isNaN == true)
    expectClose(mirror.logLikelihood, fit.logLikelihood, relative: 1e-9)
  }

  @Test func narrowBoundsOfTheShapeKeepTheSampleInside() throws {
    let gumbel = try GeneralizedExtremeValue(location: 0, scale: 1, shape: 0)
    let middle = (0..<60).map { gumbel.quantile((Double($0) + 0.5) / 60) }
    let sorted = middle.sorted()
    let median = 0.5 * (sorted[29] + sorted[30])
    let deviations = middle.map { ($0 - median).magnitude }.sorted()
    let far = median - 3.2 * deviations[30]
    var extreme = GeneralizedExtremeValue.FitSettings()
    extreme.lowestShape = 0.5
    let fit = try GeneralizedExtremeValue.fit(middle + [far], settings: extreme)
    #expect(fit.status == .lowerBound && fit.law.shape == 0.5)
    #expect(fit.law.logPDF(far) > -.infinity)
    let even = (0..<200).map { (Double($0) + 0.5) / 200 }
    var pareto = GeneralizedPareto.FitSettings()
    pareto.lowestShape = -0.9
    pareto.highestShape = -0.45
    let short = try GeneralizedPareto.fit(even, threshold: 0, settings: pareto)
    #expect(short.status == .lowerBound && short.law.shape == -0.9)
    // Exponential excesses would like a shape of 0.
    let light = (0..<200).map { -log((Double($0) + 0.5) / 200) }
    let held = try GeneralizedPareto.fit(light, threshold: 0, settings: pareto)
    #expect(held.status == .upperBound && held.law.shape == -0.45)
    pareto.lowestShape = 1.5
    pareto.highestShape = 2
    #expect(try GeneralizedPareto.fit(even, threshold: 0, settings: pareto).status == .lowerBound)
  }

  static func nig(_ p: [Double]) throws -> NormalInverseGaussianLaw {
    try NormalInverseGaussianLaw(location: p[0], scale: p[1], steepness: p[2], asymmetry: p[3])
  }

  /// Whether every parameter is within so many standard errors of the truth.
  static func expectNear<Law>(
    _ fit: DistributionFit<Law>,
    _ truth: [Double],
    errors: Double = 4,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(fit.status == .converged, sourceLocation: sourceLocation)
    for (parameter, value) in zip(fit.parameters, truth) {
      #expect(parameter.standardError > 0, "\(parameter)", sourceLocation: sourceLocation)
      expectClose(
        parameter.value, value, absolute: errors * parameter.standardError, parameter.name,
        sourceLocation: sourceLocation)
    }
  }

  @Test func paretoFitsRecoverTheParameters() throws {
    for (k, shape) in [-0.3, -0.05, 0, 0.2, 0.6, 1.2].enumerated() {
      let law = try GeneralizedPareto(threshold: 2, scale: 0.03, shape: shape)
      let sample = law.draws(count: 4000, from: RandomStream(seed: 7, stream: UInt64(k)))
      let fit = try GeneralizedPareto.fit(sample, threshold: 2)
      Self.expectNear(fit, [0.03, shape])
      #expect(fit.iterations < 20)
      let sum = sample.reduce(0) { $0 + fit.law.logPDF($1) }
      expectClose(fit.logLikelihood, sum, relative: 1e-10)
    }
  }

  @Test func normalInverseGaussianFitsRecoverTheParameters() throws {
    for (k, p) in [[0.0, 1, 1, 0], [0.01, 0.02, 60, -12], [3, 5, 0.5, 0.2]].enumerated() {
      let sample = try Self.nig(p).draws(
        count: 4000, from: RandomStream(seed: 11, stream: UInt64(k)))
      let fit = try NormalInverseGaussianLaw.fit(sample)
      Self.expectNear(fit, p)
      let sum = sample.reduce(0) { $0 + fit.law.logPDF($1) }
      expectClose(fit.logLikelihood, sum, relative: 1e-10)
    }
  }
}

extension LawFitTests {
  @Test func extremeValueFitsRecoverTheParameters() throws {
    for (k, shape) in [-0.3, -0.05, 0, 0.2, 0.6].enumerated() {
      let law = try GeneralizedExtremeValue(location: -1, scale: 20, shape: shape)
      let sample = law.draws(count: 2000, from: RandomStream(seed: 3, stream: UInt64(k)))
      let fit = try GeneralizedExtremeValue.fit(sample)
      Self.expectNear(fit, [-1, 20, shape])
      let sum = sample.reduce(0) { $0 + fit.law.logPDF($1) }
      expectClose(fit.logLikelihood, sum, relative: 1e-10)
    }
  }

  @Test func skewedStudentFitsRecoverTheParameters() throws {
    for (k, p) in [[0.1, 2, 4, 0.8], [-3, 0.02, 8, 1.5]].enumerated() {
      let law = try FernandezSteelSkewedT(
        location: p[0], scale: p[1], degreesOfFreedom: p[2], skew: p[3])
      let sample = law.draws(count: 2000, from: RandomStream(seed: 5, stream: UInt64(k)))
      let fit = try FernandezSteelSkewedT.fit(sample)
      Self.expectNear(fit, p)
      let sum = sample.reduce(0) { $0 + fit.law.logPDF($1) }
      expectClose(fit.logLikelihood, sum, relative: 1e-10)
    }
  }

  @Test func laplaceFitsRecoverTheParameters() throws {
    let law = try Laplace(location: 0.3, scale: 5)
    let sample = law.draws(count: 3001, from: RandomStream(seed: 17))
    let fit = try Laplace.fit(sample)
    Self.expectNear(fit, [0.3, 5])
    expectClose(fit.logLikelihood, sample.reduce(0) { $0 + law.logPDF($1) }, relative: 1e-3)
    #expect(fit.logLikelihood >= sample.reduce(0) { $0 + law.logPDF($1) })
    let even = try Laplace.fit([1, 2, 4, 9])
    #expect(even.law.location == 3 && even.law.scale == 2.5)
    #expect(throws: DistributionsError.self) { try Laplace.fit([2, 2, 2]) }
    #expect(throws: DistributionsError.self) { try Laplace.fit([1]) }
  }
}

extension LawFitTests {
  @Test func errorLawFitsRecoverTheParameters() throws {
    for (k, p) in [[0.1, 2, 1.3], [-3, 0.02, 2], [5, 1e-5, 5]].enumerated() {
      let law = try GeneralizedError(location: p[0], scale: p[1], shape: p[2])
      let sample = law.draws(count: 800, from: RandomStream(seed: 15, stream: UInt64(k)))
      let fit = try GeneralizedError.fit(sample)
      Self.expectNear(fit, p)
      let sum = sample.reduce(0) { $0 + fit.law.logPDF($1) }
      expectClose(fit.logLikelihood, sum, relative: 1e-10)
      // No neighbor at half a standard error is as likely.
      for j in 0..<3 {
        for sign in [-0.5, 0.5] {
          var q = fit.parameters.map(\.value)
          q[j] += sign * fit.parameters[j].standardError
          let other = try GeneralizedError(location: q[0], scale: q[1], shape: q[2])
          #expect(sample.reduce(0) { $0 + other.logPDF($1) } < sum - 0.02)
        }
      }
      let scaled = try GeneralizedError.fit(sample.map { 1e7 * $0 })
      expectClose(scaled.law.scale, 1e7 * fit.law.scale, relative: 1e-8)
      expectClose(scaled.law.shape, fit.law.shape, relative: 1e-8)
    }
  }

  @Test func errorLawFitsTakeTheBetterOfTwoMaxima() throws {
    // Eight observations within 1e-6 among 32 even ones: the likelihood rises both ways from a shape of 1.
    let even = (0..<32).map { 2 * Double($0) / 31 - 1 }
    let sample = even + (0..<8).map { 1e-6 * (2 * Double($0) / 7 - 1) }
    var settings = GeneralizedError.FitSettings()
    settings.lowestShape = 0.25
    let fit = try GeneralizedError.fit(sample, settings: settings)
    #expect(fit.law.shape == 0.25 && fit.status == .lowerBound)
    // A direct scan of the shape 0.25: its mean log-likelihood is -0.6104.
    expectClose(fit.logLikelihood / 40, -0.6104, absolute: 1e-4)
    #expect(fit.logLikelihood > (try GeneralizedError.fit(sample)).logLikelihood)
  }

  @Test func mixturesOfTooManyComponentsHaveAFit() throws {
    for seed in 0..<12 as Range<UInt64> {
      let sample = try RandomStream(seed: seed).normals(count: 40)
      let fit = try Mixture<Normal>.fit(sample, componentCount: 3)
      #expect(fit.law.weights.allSatisfy { $0 > 0 } && fit.logLikelihood.isFinite)
    }
  }

  @Test func errorLawFitsSayTheirBounds() throws {
    let student = try StudentT(location: 0, scale: 1, degreesOfFreedom: 2)
    let heavy = student.draws(count: 400, from: RandomStream(seed: 1))
    let fit = try GeneralizedError.fit(heavy)
    #expect(fit.status == .lowerBound && fit.law.shape == 1)
    #expect(fit["shape"]?.standardError.isNaN == true)
    let laplace = try Laplace.fit(heavy)
    expectClose(fit.law.scale, laplace.law.scale, relative: 1e-12)
    expectClose(fit.logLikelihood, laplace.logLikelihood, relative: 1e-12)
    let even = (0..<200).map { Double($0) }
    #expect(try GeneralizedError.fit(even).status == .upperBound)
    #expect(throws: DistributionsError.self) {
      try GeneralizedError.fit([Double](repeating: 1, count: 30))
    }
    var settings = GeneralizedError.FitSettings()
    settings.lowestShape = 0.1
    #expect(throws: DistributionsError.self) {
      try GeneralizedError.fit(even, settings: settings)
    }
  }
}

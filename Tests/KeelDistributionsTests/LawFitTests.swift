import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct LawFitTests {
  struct File: Decodable {
    struct Case: Decodable {
      let law: String
      let seed: UInt64
      let count: Int
      let parameters: [Double]
      let estimates: [Double]
      let standardErrors: [Double]
      let logLikelihood: Double
    }

    let cases: [Case]
  }

  static func nig(_ p: [Double]) throws -> NormalInverseGaussian {
    try NormalInverseGaussian(location: p[0], scale: p[1], steepness: p[2], asymmetry: p[3])
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
      let fit = try NormalInverseGaussian.fit(sample)
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

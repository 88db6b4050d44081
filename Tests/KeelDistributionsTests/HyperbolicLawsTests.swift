import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct HyperbolicLawsTests {
  struct File: Decodable {
    struct Case: Decodable {
      let law: String
      let parameters: [Double]
      let points: [[Double]]
      let moments: [Double]
    }

    let cases: [Case]
  }

  static let reference = Result { try Reference.load(File.self, "hyperbolic_laws") }

  static func law(_ name: String, _ p: [Double]) throws -> any ContinuousDistribution {
    switch name {
    case "normalInverseGaussian":
      try NormalInverseGaussianLaw(location: 0, scale: p[3], steepness: p[1], asymmetry: p[2])
    case "generalizedHyperbolic":
      try GeneralizedHyperbolic(
        location: 0, scale: p[3], order: p[0], steepness: p[1], asymmetry: p[2])
    default: try VarianceGammaLaw(location: 0, order: p[0], steepness: p[1], asymmetry: p[2])
    }
  }

  static func forEachCase(
    _ body: (any ContinuousDistribution, File.Case, String) throws -> Void
  ) throws {
    for item in try reference.get().cases {
      try body(try law(item.law, item.parameters), item, "\(item.law) \(item.parameters)")
    }
  }

  @Test func densitiesAndTailsAgreeWithQuadrature() throws {
    try Self.forEachCase { law, item, name in
      for row in item.points {
        expectDensityAndTails(law, row, tolerance: 1e-12, name)
        expectComplements(law, at: row[0], name)
      }
    }
  }

  @Test func meansOfTailsAgreeWithQuadrature() throws {
    try Self.forEachCase { law, item, name in
      let unit = law.standardDeviation
      for row in item.points {
        expectMeansOfTails(
          law, row, unit: unit, tolerance: 1e-12, largestLogarithm: -1e-12, name)
      }
    }
  }

  @Test func densitiesNextToTheLocationEnd() throws {
    // ln f with 40 digits of mpmath, at an order of K of 0.01 and an argument of 1e-200.
    let law = try VarianceGammaLaw(location: 0, order: 0.51, steepness: 1, asymmetry: 0)
    expectClose(law.logPDF(1e-200), 2.780_894_163_164_849_228, absolute: 1e-12)
  }

  @Test func momentsAgreeWithQuadrature() throws {
    try Self.forEachCase { law, item, name in
      let unit = law.standardDeviation
      expectClose(law.mean, item.moments[0], relative: 1e-12, absolute: 1e-13 * unit, name)
      expectClose(law.variance, item.moments[1], relative: 1e-12, name)
      expectClose(law.skewness, item.moments[2], relative: 1e-11, absolute: 1e-12, name)
      expectClose(law.excessKurtosis, item.moments[3], relative: 1e-11, absolute: 1e-11, name)
    }
  }

  @Test func quantilesInvertTheTails() throws {
    try Self.forEachCase { law, _, name in
      for p in [1e-300, 1e-40, 1e-9, 0.01, 0.2, 0.5, 0.7, 0.99] {
        expectQuantilesInvertTails(law, at: p, name)
      }
    }
  }
}

import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct HansenSkewedTTests {
  struct File: Decodable {
    let points: [[Double]]
    let quantiles: [[Double]]
    let shortfalls: [[Double]]
    let variancesBelowZero: [[Double]]
  }

  static let reference = Result { try Reference.load(File.self, "hansen") }

  static func law(_ row: [Double]) throws -> HansenSkewedT {
    try HansenSkewedT(degreesOfFreedom: row[0], asymmetry: row[1])
  }

  @Test func densitiesAndTailsAgreeWithFiftyDigits() throws {
    for row in try Self.reference.get().points {
      let law = try Self.law(row)
      let mirrored = try Self.law([row[0], -row[1]])
      func check(_ value: Double, _ reference: Double, _ name: String) {
        let bound = 1e-12 * max(1, reference.magnitude)
        expectClose(value, reference, absolute: bound, "\(name) \(row)")
      }
      let x = row[2]
      check(law.logPDF(x), row[3], "logPDF")
      check(mirrored.logPDF(-x), row[3], "mirrored logPDF")
      check(law.logSurvival(x), row[5], "logSurvival")
      check(law.logCDF(x), row[4], "logCDF")
      check(mirrored.logSurvival(-x), row[4], "mirrored logSurvival")
      for (value, logarithm) in [(law.cdf(x), row[4]), (law.survival(x), row[5])]
      where logarithm > -700 {
        expectClose(
          log(value), logarithm, absolute: 1e-12 * max(1, -logarithm), "probability \(row)")
      }
      expectClose(law.cdf(x) + law.survival(x), 1, absolute: 4e-16, "\(row)")
    }
  }

  @Test func quantilesAgreeWithFiftyDigits() throws {
    for row in try Self.reference.get().quantiles {
      let law = try Self.law(row)
      let mirrored = try Self.law([row[0], -row[1]])
      expectClose(law.quantile(row[2]), row[3], relative: 1e-12, absolute: 1e-12, "\(row)")
      expectClose(
        mirrored.survivalQuantile(row[2]), -row[3], relative: 1e-12, absolute: 1e-12, "\(row)")
      // A confidence cannot say that much.
      if row[2] < 1e-15 { continue }
      expectClose(
        law.valueAtRisk(confidence: 1 - row[2]), -law.quantile(1 - (1 - row[2])), relative: 1e-13,
        absolute: 1e-14, "\(row)")
    }
  }

  @Test func shortfallsAgreeWithQuadrature() throws {
    for row in try Self.reference.get().shortfalls {
      expectClose(
        try Self.law(row).expectedShortfall(confidence: row[2]), row[3], relative: 1e-12,
        absolute: 1e-12, "\(row)")
    }
  }

  @Test func varianceBelowZeroAgreesWithQuadrature() throws {
    for row in try Self.reference.get().variancesBelowZero {
      expectClose(try Self.law(row).varianceBelowZero, row[2], relative: 1e-11, "\(row)")
    }
    for degrees in [3, 50, .infinity] {
      let (one, other) = (try Self.law([degrees, 0.4]), try Self.law([degrees, -0.4]))
      expectClose(one.varianceBelowZero + other.varianceBelowZero, 1, absolute: 1e-13)
    }
  }

  @Test func withoutAsymmetryIsStudents() throws {
    for degrees in [2.5, 6, 1e5, .infinity] {
      let law = try Self.law([degrees, 0])
      let scale = degrees == .infinity ? 1 : ((degrees - 2) / degrees).squareRoot()
      let student = try StudentT(location: 0, scale: scale, degreesOfFreedom: degrees)
      for x in [-30, -2, -0.3, 0, 0.5, 8] {
        expectClose(law.logPDF(x), student.logPDF(x), relative: 1e-14, absolute: 1e-15)
        expectClose(law.survival(x), student.survival(x), relative: 1e-14)
      }
      expectClose(
        law.expectedShortfall(confidence: 0.975), student.expectedShortfall(confidence: 0.975),
        relative: 1e-14)
      expectClose(law.varianceBelowZero, 0.5, relative: 1e-15)
    }
  }

  @Test func drawsHaveMeanZeroAndVarianceOne() throws {
    let law = try Self.law([8, -0.4])
    let uniforms = try RandomStream(seed: 5).uniforms(count: 4000)
    let draws = uniforms.map(law.quantile)
    let mean = draws.reduce(0, +) / 4000
    let variance = draws.reduce(0) { $0 + $1 * $1 } / 4000
    // Four standard errors.
    expectClose(mean, 0, absolute: 0.065)
    expectClose(variance, 1, absolute: 0.15)
    for (u, x) in zip(uniforms, draws).prefix(500) {
      expectClose(law.cdf(x), u, relative: 1e-13)
    }
  }

  @Test func higherMomentsAgreeWithQuadrature() throws {
    for (degrees, asymmetry) in [(20.0, 0.4), (30, -0.7), (.infinity, 0.2)] {
      let law = try Self.law([degrees, asymmetry])
      func moment(_ power: Double) throws -> Double {
        let low = try GaussKronrod.integral(over: -200...0) { pow($0, power) * law.pdf($0) }
        let high = try GaussKronrod.integral(over: 0...200) { pow($0, power) * law.pdf($0) }
        return low.value + high.value
      }
      expectClose(law.skewness, try moment(3), absolute: 1e-10)
      expectClose(law.excessKurtosis, try moment(4) - 3, absolute: 1e-9)
    }
    #expect(try Self.law([3, 0.1]).skewness.isNaN)
    #expect(try Self.law([4, 0.1]).excessKurtosis == .infinity)
  }

  @Test func edgesAndBadArguments() throws {
    let law = try Self.law([5, 0.3])
    #expect(law.mean == 0 && law.variance == 1 && law.standardDeviation == 1)
    #expect(law.quantile(0) == -.infinity && law.quantile(1) == .infinity)
    #expect(law.survivalQuantile(0) == .infinity && law.survivalQuantile(1) == -.infinity)
    #expect(law.quantile(-0.1).isNaN && law.quantile(1.1).isNaN && law.quantile(.nan).isNaN)
    #expect(law.pdf(.nan).isNaN && law.cdf(.nan).isNaN && law.survival(.nan).isNaN)
    #expect(law.cdf(-.infinity) == 0 && law.cdf(.infinity) == 1 && law.pdf(.infinity) == 0)
    #expect(law.logSurvival(-.infinity) == 0)
    for confidence in [0, 1, -1, .nan] {
      #expect(law.valueAtRisk(confidence: confidence).isNaN)
      #expect(law.expectedShortfall(confidence: confidence).isNaN)
    }
    for degrees in [2, 0, -1, .nan] {
      #expect(throws: DistributionsError.self) { try Self.law([degrees, 0]) }
    }
    for asymmetry in [-1, 1, 3, .nan] {
      #expect(throws: DistributionsError.self) { try Self.law([5, asymmetry]) }
    }
  }
}

import Foundation
import KeelDistributions
import KeelTestSupport
import Testing

@Suite struct AzzaliniSkewedTTests {
  struct File: Decodable {
    let points: [[Double]]
  }

  static let reference = Result { try Reference.load(File.self, "azzalini") }

  @Test func densitiesAndTailsAgreeWithQuadrature() throws {
    for row in try Self.reference.get().points {
      let x = row[2]
      let law = try AzzaliniSkewedT(
        location: 0, scale: 1, degreesOfFreedom: row[0], slant: row[1])
      func check(_ value: Double, _ reference: Double, _ function: String) {
        expectClose(
          value, reference, absolute: 1e-12 * max(1, reference.magnitude), "\(function) \(row)")
      }
      check(law.logPDF(x), row[3], "logPDF")
      check(law.logCDF(x), row[4], "logCDF")
      check(law.logSurvival(x), row[5], "logSurvival")
      expectClose(law.cdf(x) + law.survival(x), 1, absolute: 2.3e-16, "\(row)")
      for (below, logarithm, mean) in [(true, row[4], row[6]), (false, row[5], row[7])]
      where logarithm < -1e-12 && logarithm > -200 {
        let p = exp(logarithm)
        let tolerance = 1e-11 * max(1, -logarithm)
        expectClose(
          below ? law.meanBelow(probability: p) : law.meanAbove(probability: p), mean,
          relative: tolerance, absolute: tolerance, "mean \(below) \(row)")
      }
    }
  }

  @Test func quantilesInvertTheTails() throws {
    for (degrees, slant) in [(0.6, -1.0), (3, 5), (8, -40), (1e8, 2), (.infinity, -1)] {
      let law = try AzzaliniSkewedT(
        location: 0, scale: 1, degreesOfFreedom: degrees, slant: slant)
      for p in [1e-60, 1e-9, 0.02, 0.5, 0.9] {
        expectClose(
          law.logCDF(law.quantile(p)), log(p), relative: 1e-11, absolute: 1e-11,
          "\(degrees) \(slant) \(p)")
        expectClose(
          law.logSurvival(law.survivalQuantile(p)), log(p), relative: 1e-11, absolute: 1e-11,
          "\(degrees) \(slant) \(p)")
      }
    }
  }

  @Test func probabilitiesAcrossASteepStepAgreeWithQuadrature() throws {
    // 40 digits of mpmath by pieces around the step, of the width 1/α.
    for (slant, z, reference) in [
      (1000.0, 0.66, 0.490_746_170_657_327_724_73), (100, 0.66, 0.490_746_170_657_327_724_73),
      (1000, 0.001, 8.643_604_800_458_698_529_5e-4),
    ] {
      for sign in [1.0, -1] {
        let law = try AzzaliniSkewedT(
          location: 0, scale: 1, degreesOfFreedom: .infinity, slant: sign * slant)
        let value = sign > 0 ? law.cdf(z) : law.survival(-z)
        expectClose(value, reference, relative: 1e-12, "\(slant) at \(z)")
      }
    }
    // (degrees, slant, probability, point, mean below it)
    for (degrees, slant, probability, point, mean) in [
      (4.0, 200.0, 0.356_670_036_869_034_492_51, 0.5, 0.243_676_779_739_664_915_25),
      (.infinity, 1000, 0.451_493_764_499_852_824_61, 0.6, 0.291_111_342_861_807_618_94),
    ] {
      let law = try AzzaliniSkewedT(
        location: 0, scale: 1, degreesOfFreedom: degrees, slant: slant)
      let mirror = try AzzaliniSkewedT(
        location: 0, scale: 1, degreesOfFreedom: degrees, slant: -slant)
      expectClose(law.cdf(point), probability, relative: 1e-12)
      expectClose(law.quantile(probability), point, relative: 1e-11)
      expectClose(law.meanBelow(probability: probability), mean, relative: 1e-11)
      expectClose(mirror.meanAbove(probability: probability), -mean, relative: 1e-11)
    }
  }

  @Test func withoutSlantIsStudents() throws {
    let student = try StudentT(location: 1, scale: 2, degreesOfFreedom: 4.5)
    let law = try AzzaliniSkewedT(location: 1, scale: 2, degreesOfFreedom: 4.5, slant: 0)
    for x in [-50, -2, 0.9, 1, 3, 40] {
      expectClose(law.logPDF(x), student.logPDF(x), relative: 1e-14, absolute: 1e-14)
      expectClose(law.logSurvival(x), student.logSurvival(x), relative: 1e-13, absolute: 1e-13)
    }
    expectClose(law.excessKurtosis, student.excessKurtosis, relative: 1e-13)
    expectClose(law.variance, student.variance, relative: 1e-14)
  }

  @Test func momentsAreThoseOfTheTails() throws {
    // The mean from both tails, which are integrals, against its closed form.
    for (degrees, slant) in [(3.0, 2.0), (7, -1), (.infinity, 5)] {
      let law = try AzzaliniSkewedT(
        location: 0, scale: 1, degreesOfFreedom: degrees, slant: slant)
      let sum = 0.5 * law.meanBelow(probability: 0.5) + 0.5 * law.meanAbove(probability: 0.5)
      expectClose(sum, law.mean, relative: 1e-11)
    }
    // The skew-normal law of slant 1: skewness and excess kurtosis of Azzalini (1985).
    let law = try AzzaliniSkewedT(
      location: 0, scale: 1, degreesOfFreedom: .infinity, slant: 1)
    let square = 1 / Double.pi
    let third = (4 - Double.pi) / 2 * pow(square / (1 - square), 1.5)
    expectClose(law.skewness, third, relative: 1e-12)
    expectClose(
      law.excessKurtosis, 2 * (Double.pi - 3) * pow(square / (1 - square), 2), relative: 1e-11)
  }
}

import Foundation
import KeelDistributions
import KeelTestSupport
import Testing

@Suite struct StudentTTests {
  static func standard(_ degrees: Double) throws -> StudentT {
    try StudentT(location: 0, scale: 1, degreesOfFreedom: degrees)
  }

  @Test func densitiesAndTailsAgreeWithSixtyDigits() throws {
    for row in try DistributionsReference.load().studentT {
      let law = try Self.standard(row[0])
      let (x, logPDF, logSurvival, logCDF) = (row[1], row[2], row[3], row[4])
      let label = "ν \(row[0]) x \(x)"
      func check(_ value: Double, _ reference: Double, _ name: String) {
        expectClose(
          value, reference, absolute: 1e-12 * max(1, reference.magnitude), "\(name) \(label)")
      }
      check(law.logPDF(x), logPDF, "logPDF")
      check(law.logPDF(-x), logPDF, "logPDF")
      check(law.logSurvival(x), logSurvival, "logSurvival")
      check(law.logCDF(-x), logSurvival, "logCDF of −x")
      check(law.logCDF(x), logCDF, "logCDF")
      // Relative accuracy where the logarithm is tiny.
      expectClose(law.logSurvival(-x), logCDF, relative: 1e-12, "logSurvival of −x \(label)")
      if logSurvival > -700 {
        let survival = exp(logSurvival)
        expectClose(law.survival(x), survival, relative: 1e-12 * max(1, -logSurvival), label)
        expectClose(law.cdf(-x), survival, relative: 1e-12 * max(1, -logSurvival), label)
      }
      expectClose(law.cdf(x) + law.survival(x), 1, absolute: 2e-16, label)
    }
  }

  @Test func quantilesAgreeWithSixtyDigits() throws {
    for row in try DistributionsReference.load().studentTQuantiles {
      let law = try Self.standard(row[0])
      // x(p) has the condition number S/(x f), small in both tails; ln x carries the error of ln p.
      let bound = 1e-13 * max(1, -log(row[1]) / row[0])
      expectClose(law.survivalQuantile(row[1]), row[2], relative: bound, "ν \(row[0]) p \(row[1])")
      expectClose(law.quantile(row[1]), -row[2], relative: bound, "ν \(row[0]) p \(row[1])")
    }
  }

  @Test func shortfallsAgreeWithQuadrature() throws {
    for row in try DistributionsReference.load().expectedShortfalls {
      if row[0] < 0 {
        let law = try Normal(mean: 0.5, standardDeviation: 2)
        expectClose(
          law.expectedShortfall(confidence: row[1]), 2 * row[2] - 0.5, relative: 1e-13,
          absolute: 1e-14)
      } else {
        let law = try StudentT(location: 0.5, scale: 2, degreesOfFreedom: row[0])
        expectClose(
          law.expectedShortfall(confidence: row[1]), 2 * row[2] - 0.5, relative: 1e-12,
          "\(row)")
      }
    }
  }

  /// A second method: ES is the mean of the value at risk over the tail, by Gauss-free midpoint
  /// sums in the probability's logarithm.
  @Test(arguments: [2.0, 3, 6, 50, .infinity]) func shortfallIsMeanValueAtRisk(degrees: Double)
    throws
  {
    let law = try StudentT(location: 0.001, scale: 0.02, degreesOfFreedom: degrees)
    let tail = 0.025
    let steps = 4000
    let depth = 80.0
    // ∫ VaR dp with p = tail·exp(−u).
    var sum = 0.0
    for i in 0..<steps {
      let u = depth * (Double(i) + 0.5) / Double(steps)
      sum += exp(-u) * -law.quantile(tail * exp(-u)) * depth / Double(steps)
    }
    expectClose(law.expectedShortfall(confidence: 1 - tail), sum, relative: 1e-4)
  }

  /// At a small confidence one less it has no digits left. References: mpmath 1.3.0 at 40 digits.
  @Test func measuresOfSmallConfidenceKeepTheirDigits() throws {
    let (normal, law) = (try Normal(mean: 0, standardDeviation: 1), try Self.standard(3))
    for (confidence, normalShortfall, shortfall) in [
      (1e-13, 7.480_245_373_923_454e-13, 3.338_654_731_690_452_4e-09),
      (1e-6, 4.948_337_664_899_689e-06, 1.549_580_686_016_833_8e-4),
      (0.25, 0.423_702_096_912_142_56, 0.615_140_447_609_470_5),
    ] {
      let name = "confidence \(confidence)"
      expectClose(
        normal.expectedShortfall(confidence: confidence), normalShortfall, relative: 1e-13, name)
      expectClose(law.expectedShortfall(confidence: confidence), shortfall, relative: 1e-13, name)
    }
    expectClose(normal.valueAtRisk(confidence: 1e-13), -7.348_796_102_800_677, relative: 1e-14)
    expectClose(law.valueAtRisk(confidence: 1e-13), -22_257.698_184_310_488, relative: 1e-13)
  }

  @Test func normalLimit() throws {
    let normal = try Normal(mean: 0, standardDeviation: 1)
    let limit = try Self.standard(.infinity)
    for degrees in [1e20, 1e25, 1e100, 1e300, .infinity] {
      let law = try Self.standard(degrees)
      for x in [-30.0, -5, -1, -1e-5, 0, 0.1, 1.7, 1.8, 2, 10, 37] {
        let label = "ν \(degrees) x \(x)"
        expectClose(law.logPDF(x), normal.logPDF(x), relative: 1e-14, label)
        expectClose(
          law.logSurvival(x), normal.logSurvival(x),
          absolute: 1e-14 * max(1, normal.logSurvival(x).magnitude), label)
        expectClose(law.cdf(x), normal.cdf(x), relative: 2e-13, label)
      }
      for p in [1e-300, 1e-10, 0.01, 0.3, 0.5, 0.7, 0.999] {
        expectClose(law.quantile(p), normal.quantile(p), relative: 1e-13, "ν \(degrees) p \(p)")
        expectClose(
          law.expectedShortfall(confidence: 1 - p), normal.expectedShortfall(confidence: 1 - p),
          relative: 1e-12)
      }
    }
    #expect(limit.variance == 1 && limit.mean == 0)
  }

  @Test func cauchyClosedForm() throws {
    let law = try Self.standard(1)
    for x in [0.1, 0.5, 1, 1.5, 3, 100, 1e10] {
      expectClose(law.survival(x), atan2(1, x) / .pi, relative: 1e-14)
      expectClose(law.pdf(x), 1 / (.pi * (1 + x * x)), relative: 1e-14)
    }
    #expect(law.mean.isNaN && law.variance.isNaN)
    #expect(law.expectedShortfall(confidence: 0.99) == .infinity)
    #expect(try Self.standard(1.5).variance == .infinity)
  }

  @Test(arguments: [0.05, 0.7, 1, 2.5, 5, 30, 1e3, 1e6, 1e12])
  func monotoneAndInvertible(degrees: Double) throws {
    let law = try StudentT(location: -1, scale: 3, degreesOfFreedom: degrees)
    var last = Double.infinity
    var x = -200.0
    while x <= 200 {
      let logSurvival = law.logSurvival(x)
      #expect(logSurvival <= last, "ν \(degrees) x \(x)")
      #expect((0...1).contains(law.cdf(x)) && (0...1).contains(law.survival(x)))
      last = logSurvival
      x += 0.0917
    }
    for p in [1e-200, 1e-20, 1e-4, 0.02, 0.2, 0.45, 0.5, 0.55, 0.9, 0.9999] {
      let back = law.quantile(p)
      if back.magnitude < 1e300 {
        expectClose(law.cdf(back), p, relative: 1e-11, "ν \(degrees) p \(p)")
      }
      #expect(law.quantile(p) <= law.quantile(p + 1e-3 * min(p, 1 - p)))
    }
  }

  @Test func riskMeasuresCountLossesPositive() throws {
    let law = try StudentT(location: 0.001, scale: 0.02, degreesOfFreedom: 4)
    // t₀.₉₉ with four degrees of freedom is 3.746947 (published tables).
    expectClose(law.valueAtRisk(confidence: 0.99), 0.02 * 3.746_947_388 - 0.001, relative: 1e-9)
    expectClose(law.valueAtRisk(confidence: 0.95), -law.quantile(1 - 0.95), relative: 1e-15)
    #expect(law.expectedShortfall(confidence: 0.99) > law.valueAtRisk(confidence: 0.99))
  }

  @Test func hostileArguments() throws {
    for location in hostileNumbers {
      for scale in hostileNumbers {
        for degrees in hostileNumbers {
          guard
            let law = try? StudentT(
              location: location, scale: scale, degreesOfFreedom: degrees)
          else { continue }
          #expect(location.isFinite && scale > 0 && scale.isFinite && degrees > 0)
          for x in hostileNumbers + [0.5, 1, 2] {
            let values = [law.cdf(x), law.survival(x)]
            if x.isNaN {
              #expect(values.allSatisfy(\.isNaN) && law.logPDF(x).isNaN)
            } else {
              #expect(values.allSatisfy { $0 >= 0 && $0 <= 1 }, "\(law) at \(x)")
              #expect(!law.logSurvival(x).isNaN && law.logSurvival(x) <= 0, "\(law) at \(x)")
              #expect(!law.logPDF(x).isNaN && law.pdf(x) >= 0, "\(law) at \(x)")
            }
            if x >= 0 && x <= 1 {
              _ = law.quantile(x)
            } else {
              #expect(law.quantile(x).isNaN && law.survivalQuantile(x).isNaN)
            }
            if !(x > 0 && x < 1) {
              #expect(law.valueAtRisk(confidence: x).isNaN)
              #expect(law.expectedShortfall(confidence: x).isNaN)
            }
          }
        }
      }
    }
    #expect(
      throws: DistributionsError.invalidValue(
        argument: "scale", got: 0, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    ) { try StudentT(location: 0, scale: 0, degreesOfFreedom: 3) }
  }
}

@Suite struct NormalTests {
  @Test func tailsAgreeWithSixtyDigits() throws {
    let law = try Normal(mean: 0, standardDeviation: 1)
    for row in try DistributionsReference.load().normal {
      expectClose(
        law.logSurvival(row[0]), row[1], absolute: 1e-15 * max(1, row[1].magnitude), "\(row)")
      expectClose(
        law.logCDF(-row[0]), row[1], absolute: 1e-15 * max(1, row[1].magnitude), "\(row)")
      // The density is its published formula.
      let density = -row[0] * row[0] / 2 - 0.918_938_533_204_672_741_78
      expectClose(law.logPDF(row[0]), density, absolute: 1e-15 * max(1, density.magnitude))
      if row[1] > -700 {
        expectClose(law.survival(row[0]), exp(row[1]), relative: 1e-15 * max(1, -row[1]))
        expectClose(law.cdf(-row[0]), exp(row[1]), relative: 1e-15 * max(1, -row[1]))
      }
    }
  }

  @Test func locationAndScale() throws {
    let law = try Normal(mean: 0.01, standardDeviation: 0.2)
    expectClose(law.pdf(0.01), 1 / (0.2 * (2 * Double.pi).squareRoot()), relative: 1e-15)
    expectClose(law.logPDF(0.41), log(law.pdf(0.41)), relative: 1e-14)
    expectClose(law.variance, 0.04, relative: 1e-15)
    // Φ⁻¹(0.99) = 2.3263478740408408 (published tables).
    expectClose(
      law.valueAtRisk(confidence: 0.99), 0.2 * 2.326_347_874_040_840_8 - 0.01, relative: 1e-13)
    for p in [1e-300, 1e-9, 0.2, 0.5, 0.8] {
      expectClose(law.cdf(law.quantile(p)), p, relative: 1e-12)
      expectClose(law.quantile(p) + law.survivalQuantile(p), 0.02, absolute: 1e-14)
    }
  }

  @Test func hostileArguments() throws {
    for mean in hostileNumbers {
      for deviation in hostileNumbers {
        guard let law = try? Normal(mean: mean, standardDeviation: deviation) else { continue }
        for x in hostileNumbers {
          #expect(x.isNaN ? law.cdf(x).isNaN : (0...1).contains(law.cdf(x)))
          #expect(x.isNaN == law.logPDF(x).isNaN)
          if !(x > 0 && x < 1) { #expect(law.valueAtRisk(confidence: x).isNaN) }
        }
      }
    }
  }
}

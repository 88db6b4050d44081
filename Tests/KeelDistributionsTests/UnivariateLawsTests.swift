import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

/// The reference file of laws of one variable.
struct LawsReference: Decodable {
  struct Case: Decodable {
    let law: String
    let parameters: [Double]
    let points: [[Double]]
    let quantiles: [[Double]]
    let tailMeans: [[Double]]
    let moments: [Double]
  }

  let cases: [Case]
}

/// The law of a case, and how its parameters condition what is computed.
struct LawUnderTest {
  let law: any ContinuousDistribution

  init(_ name: String, _ p: [Double]) throws {
    law =
      switch name {
      case "laplace": try Laplace(location: 0, scale: 1)
      case "normalMixture":
        try Mixture(
          components: stride(from: 0, to: p.count, by: 3).map {
            try Normal(mean: p[$0], standardDeviation: p[$0 + 1])
          }, weights: stride(from: 2, to: p.count, by: 3).map { p[$0] })
      case "studentMixture":
        try Mixture(
          components: stride(from: 0, to: p.count, by: 4).map {
            try StudentT(location: p[$0 + 1], scale: p[$0 + 2], degreesOfFreedom: p[$0])
          }, weights: stride(from: 3, to: p.count, by: 4).map { p[$0] })
      case "asymmetricLaplace":
        try AsymmetricLaplace(location: 0, scale: 1, asymmetry: p[0])
      case "logistic": try Logistic(location: 0, scale: 1)
      case "logNormal": try LogNormal(logMean: p[0], logStandardDeviation: p[1])
      case "generalizedPareto": try GeneralizedPareto(threshold: 0, scale: 1, shape: p[0])
      case "generalizedExtremeValue":
        try GeneralizedExtremeValue(location: 0, scale: 1, shape: p[0])
      case "generalizedError": try GeneralizedError(location: 0, scale: 1, shape: p[0])
      case "fernandezSteelSkewedT":
        try FernandezSteelSkewedT(location: 0, scale: 1, degreesOfFreedom: p[0], skew: p[1])
      default: throw CocoaError(.fileReadUnknown)
      }
  }
}

@Suite struct UnivariateLawsTests {
  static let reference = Result { try Reference.load(LawsReference.self, "univariate_laws") }

  static func forEachCase(
    _ body: (any ContinuousDistribution, LawsReference.Case, String) throws -> Void
  ) throws {
    for item in try reference.get().cases {
      try body(
        try LawUnderTest(item.law, item.parameters).law, item, "\(item.law) \(item.parameters)")
    }
  }

  @Test func densitiesAndTailsAgreeWithFiftyDigits() throws {
    try Self.forEachCase { law, item, name in
      for row in item.points {
        expectDensityAndTails(law, row, tolerance: 1e-12, name)
        let x = row[0]
        for (value, logarithm) in [(law.cdf(x), row[2]), (law.survival(x), row[3])]
        where logarithm > -700 {
          expectClose(
            log(value), logarithm, absolute: 1e-12 * max(1, logarithm.magnitude),
            "probability \(name) at \(x)")
        }
        expectComplements(law, at: x, name)
      }
    }
  }

  @Test func quantilesAgreeWithFiftyDigits() throws {
    try Self.forEachCase { law, item, name in
      // The spread between the tails of 5 or 30 %.
      let unit =
        item.quantiles.filter { $0[0] > 0.01 && $0[0] < 0.4 }
        .map { ($0[2] - $0[1]).magnitude }.min() ?? 1
      for row in item.quantiles {
        let tolerance = 1e-12 * max(1, -log(row[0]) * 0.1)
        expectClose(
          law.quantile(row[0]), row[1], relative: tolerance, absolute: 1e-12 * unit,
          "quantile \(name) at \(row[0])")
        expectClose(
          law.survivalQuantile(row[0]), row[2], relative: tolerance, absolute: 1e-12 * unit,
          "survivalQuantile \(name) at \(row[0])")
      }
    }
  }

  @Test func meansOfTailsAgreeWithQuadrature() throws {
    try Self.forEachCase { law, item, name in
      let unit = law.variance.isFinite ? law.standardDeviation : 1
      for row in item.tailMeans {
        expectClose(
          law.meanBelow(probability: row[0]), row[1], relative: 1e-11, absolute: 1e-12 * unit,
          "meanBelow \(name) at \(row[0])")
        expectClose(
          law.meanAbove(probability: row[0]), row[2], relative: 1e-11, absolute: 1e-12 * unit,
          "meanAbove \(name) at \(row[0])")
      }
    }
  }

  /// Tails that no confidence below 1 is near enough to, and confidences that no tail below 1 is near enough to.
  @Test func risksOfSmallProbabilitiesAgreeWithFiftyDigits() throws {
    try Self.forEachCase { law, item, name in
      let unit = law.variance.isFinite ? law.standardDeviation : 1
      for row in item.quantiles {
        let tolerance = 1e-12 * max(1, -log(row[0]) * 0.1)
        expectClose(
          law.valueAtRisk(tailProbability: row[0]), -row[1], relative: tolerance,
          absolute: 1e-12 * unit, "\(name) at \(row[0])")
        if row[0] < 0.5 {
          expectClose(
            law.valueAtRisk(confidence: row[0]), -row[2], relative: tolerance,
            absolute: 1e-12 * unit, "\(name) at \(row[0])")
        }
      }
      for row in item.tailMeans {
        let (p, below, above) = (row[0], row[1], row[2])
        expectClose(
          law.expectedShortfall(tailProbability: p), -below, relative: 1e-11,
          absolute: 1e-12 * unit, "\(name) at \(p)")
        // The mean is that of both sides; a tail near one is rounded.
        let mean = item.moments[0]
        expectClose(
          law.expectedShortfall(confidence: p), (p * above - mean) / (1 - p),
          absolute: 1e-11 * (p * above.magnitude + mean.magnitude)
            + 2.3e-16 * (above.magnitude + unit), "\(name) at \(p)")
      }
      // What is left out has no digits beside the mean.
      expectClose(
        law.expectedShortfall(confidence: 1e-20), -law.mean, absolute: 1e-15 * unit, name)
      for power in [2, 20, 53] {
        let tail = Double(sign: .plus, exponent: -power, significand: 1)
        #expect(
          law.valueAtRisk(confidence: 1 - tail) == law.valueAtRisk(tailProbability: tail), "\(name)"
        )
        #expect(
          law.expectedShortfall(confidence: 1 - tail)
            == law.expectedShortfall(tailProbability: tail), "\(name)")
      }
    }
  }

  @Test func momentsAgreeWithQuadrature() throws {
    try Self.forEachCase { law, item, name in
      let values = [law.mean, law.variance, law.skewness, law.excessKurtosis]
      for (k, expected) in item.moments.enumerated() {
        let size = k == 0 ? (item.moments.count > 1 ? item.moments[1].squareRoot() : 1) : 1
        expectClose(
          values[k], expected, relative: 1e-11, absolute: (k < 2 ? 1e-13 : 1e-12) * size,
          "moment \(k + 1) \(name)")
      }
    }
  }
}

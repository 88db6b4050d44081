import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct TemperedStableTests {
  struct File: Decodable {
    struct Case: Decodable {
      let law: [Double]
      let points: [[Double]]
    }

    let cases: [Case]
  }

  static let reference = Result { try Reference.load(File.self, "tempered_stable") }
  /// Few and far jumps.
  static let rare = Result { try Reference.load(File.self, "tempered_stable_rare") }
  static func cases() throws -> [File.Case] { try reference.get().cases + rare.get().cases }

  /// Index, intensities, temperings and location.
  static func law(_ p: [Double]) throws -> TemperedStable {
    try TemperedStable(
      index: p[0], upperIntensity: p[1], lowerIntensity: p[2], upperTempering: p[3],
      lowerTempering: p[4], location: p[5])
  }

  /// A law of either side of one, next to one, and of one side.
  static let laws: [[Double]] = [
    [0.7, 0.3, 0.5, 2, 1.25, 0.1], [1.4, 0.5, 0.25, 1, 2, 0], [1, 0.5, 1, 1.5, 0.75, -0.2],
    [0.6, 0, 1, 1, 2, 1],
  ]

  @Test func densitiesAndTailsAgreeWithInversion() throws {
    for item in try Self.cases() {
      let law = try Self.law(item.law)
      let densities = law.logPDF(item.points.map { $0[0] })
      for (row, density) in zip(item.points, densities) {
        expectDensityAndTails(law, row, logPDF: density, tolerance: 1e-12, "\(item.law)")
      }
    }
  }

  /// Among a thousand points the density is that of interpolants along curves of other points.
  @Test func densitiesOfManyPointsAgreeWithInversion() throws {
    #if DEBUG
      let (count, stride) = (60, 4)
    #else
      let (count, stride) = (1000, 1)
    #endif
    for (k, item) in try Self.cases().enumerated() where k % stride == 0 {
      let law = try Self.law(item.law)
      let (low, high) = (law.quantile(1e-6), law.survivalQuantile(1e-6))
      let others = (0..<count).map { low + (high - low) * (Double($0) + 0.5) / Double(count) }
      let densities = law.logPDF(item.points.map { $0[0] } + others)
      for (row, density) in zip(item.points, densities) {
        expectClose(
          density, row[1], absolute: 1e-12 * max(1, row[1].magnitude), "\(item.law) at \(row[0])")
      }
    }
  }

  /// Next to the sharp peak of a small index, where the curve of a point is that of its nearest neighbors only.
  @Test func manyPointsNextToAPeakAgreeWithSingleOnes() throws {
    for (index, upper) in [(0.136, 0.65), (0.3, 0.2), (0.9, 0.1)] {
      let law = try Self.law([index, upper, 1.27, 0.46, 0.72, 0])
      // Where the law would end without its jumps.
      let slope = exp(SpecialFunctions.logGamma(1 - index))
      let peak = slope * (1.27 * pow(0.72, index - 1) - upper * pow(0.46, index - 1))
      let points = (0..<200).map { (k: Int) -> Double in
        let distance = exp(-14 + 14 * Double(k) / 200)
        return peak + (k % 2 == 0 ? distance : -distance) * law.standardDeviation
      }
      for (k, (x, value)) in zip(points, law.logPDF(points)).enumerated() where k % 10 < 2 {
        expectClose(
          value, law.logPDF(x), absolute: 1e-12 * max(1, value.magnitude), "\(index) at \(x)")
      }
    }
  }

  /// An index of 1/2 and jumps upward alone: the inverse Gaussian law of first passages.
  @Test func agreesWithTheInverseGaussianLaw() throws {
    let (mean, shape) = (1.5, 2.0)
    let normal = try Normal(mean: 0, standardDeviation: 1)
    let law = try Self.law([
      0.5, (shape / (2 * Double.pi)).squareRoot(), 0, shape / (2 * mean * mean), 1, mean,
    ])
    expectClose(law.quantile(0), 0, absolute: 1e-15)
    expectClose(law.variance, mean * mean * mean / shape, relative: 1e-14)
    #expect(law.survivalQuantile(0) == .infinity)
    for x in [0.002, 0.1, 0.7, 1.5, 4, 60, 900] {
      let change = (x - mean) / mean
      let density =
        0.5 * log(shape / (2 * Double.pi)) - 1.5 * log(x) - 0.5 * shape * change * change / x
      expectClose(law.logPDF(x), density, absolute: 1e-12 * max(1, density.magnitude), "\(x)")
      let root = (shape / x).squareRoot()
      let first = normal.cdf(-root * change)
      let second =
        exp(2 * shape / mean) * normal.cdf(-root * (x / mean + 1))
      if x > mean, x < 60 {
        expectClose(law.survival(x), first - second, relative: 1e-9, "\(x)")
      } else if x < mean {
        let lower = normal.cdf(root * change)
        expectClose(law.cdf(x), lower + second, relative: 1e-9, "\(x)")
      }
    }
    #expect(law.pdf(-0.1) == 0 && law.cdf(-0.1) == 0 && law.logPDF([-0.1]) == [-.infinity])
  }

  @Test func cumulantsAreThoseOfTheDensity() throws {
    for parameters in Self.laws.prefix(3) {
      let law = try Self.law(parameters)
      // The density is smooth and decays: the trapezoidal rule has all digits.
      let step = law.standardDeviation / 40
      let points = (-2400...2400).map { law.mean + step * Double($0) }
      let weights = law.pdf(points).map { $0 * step }
      func moment(_ n: Double) -> Double {
        zip(points, weights).reduce(0) { $0 + $1.1 * pow($1.0 - law.mean, n) }
      }
      let (m2, m3, m4) = (moment(2), moment(3), moment(4))
      expectClose(weights.reduce(0, +), 1, relative: 1e-9, "\(parameters)")
      expectClose(law.cumulant(order: 2), m2, relative: 1e-8, "\(parameters)")
      expectClose(law.cumulant(order: 3), m3, relative: 1e-7, absolute: 1e-9, "\(parameters)")
      expectClose(law.cumulant(order: 4), m4 - 3 * m2 * m2, relative: 1e-7, "\(parameters)")
      expectClose(law.variance, m2, relative: 1e-8)
      expectClose(law.skewness, m3 / pow(m2, 1.5), relative: 1e-7, absolute: 1e-9)
      expectClose(law.excessKurtosis, m4 / (m2 * m2) - 3, relative: 1e-7)
      #expect(law.cumulant(order: 1) == law.location && law.cumulant(order: 0).isNaN)
    }
    let law = try Self.law(Self.laws[1])
    let logGamma = SpecialFunctions.logGamma(7 - 1.4)
    expectClose(
      law.cumulant(order: 7), exp(logGamma) * (0.5 - 0.25 * pow(2, 1.4 - 7)), relative: 1e-12)
  }

  @Test func manyPointsAgreeWithSingleOnes() throws {
    for parameters in Self.laws {
      let law = try Self.law(parameters)
      var points: [Double] = [1e5, -1e5, .infinity, -.infinity]
      for k in 0..<150 { points.append(0.03 * Double(k * k % 197) - 3) }
      let values = law.logPDF(points + [.nan])
      #expect(values[points.count].isNaN)
      for (x, value) in zip(points, values).prefix(40) {
        let single = law.logPDF(x)
        if single == -.infinity {
          #expect(value == single, "\(parameters) at \(x)")
        } else {
          expectClose(
            value, single, absolute: 1e-12 * max(1, single.magnitude), "\(parameters) at \(x)")
        }
      }
    }
  }

  @Test func isContinuousWhereFormulasChange() throws {
    let (upper, lower) = ([0.5, 1, 1.5, 0.75, 0.2], [0.3, 0.2, 2, 4, 0])
    for (index, rest) in [(1.0, upper), (0.5, lower)] {
      let first = try Self.law([index] + rest)
      for other in [index - 1e-12, index + 1e-12] {
        let second = try Self.law([other] + rest)
        for x in [-30, -3, -0.4, 0, 0.2, 0.9, 8, 60.0] {
          let size = 1e-10 * max(1, first.logPDF(x).magnitude)
          expectClose(second.logPDF(x), first.logPDF(x), absolute: size, "\(other) at \(x)")
          expectClose(second.logCDF(x), first.logCDF(x), absolute: size, "\(other) at \(x)")
        }
      }
    }
    // Next to the mean, where the pole of the tails passes the saddle, and where the saddle meets the branch point.
    for parameters in Self.laws.prefix(3) {
      let law = try Self.law(parameters)
      for k in 0..<16 {
        let x = law.mean + law.standardDeviation * pow(10, Double(k) - 15)
        let change = law.survival(law.mean) - law.survival(x)
        expectClose(
          change, law.pdf(law.mean) * (x - law.mean), relative: 0.6, absolute: 1e-13,
          "\(parameters) \(k)")
      }
    }
  }

  @Test func probabilitiesAreMonotoneAndInvert() throws {
    for parameters in Self.laws {
      let law = try Self.law(parameters)
      var before = (lower: -Double.infinity, upper: Double.infinity)
      let (low, high) = (law.quantile(1e-9), law.survivalQuantile(1e-9))
      for k in 0...40 {
        let x = low + (high - low) * Double(k) / 40
        let (lower, upper) = (law.logCDF(x), law.logSurvival(x))
        #expect(lower >= before.lower - 1e-12 && upper <= before.upper + 1e-12)
        #expect(lower <= 0 && upper <= 0)
        expectClose(law.cdf(x) + law.survival(x), 1, absolute: 2.3e-16)
        before = (lower, upper)
      }
      for p in [1e-280, 1e-9, 0.2, 0.5, 0.997] {
        let (x, y) = (law.quantile(p), law.survivalQuantile(p))
        expectClose(
          law.cdf(x), p, relative: 1e-10, absolute: 2 * law.pdf(x) * x.ulp, "\(parameters) \(p)")
        expectClose(
          law.survival(y), p, relative: 1e-10, absolute: 2 * law.pdf(y) * y.ulp,
          "\(parameters) \(p)")
      }
    }
  }

  @Test func meansOfTailsAreIntegralsOfQuantiles() throws {
    for parameters in Self.laws {
      let law = try Self.law(parameters)
      for p in [0.02, 0.7] {
        let sum =
          p * law.meanBelow(probability: p) + (1 - p) * law.meanAbove(probability: 1 - p)
        expectClose(sum, law.mean, absolute: 1e-11 * law.standardDeviation, "\(parameters) \(p)")
      }
      // E[X; X > x] = x P(X > x) + ∫ P(X > y) dy.
      let x = law.survivalQuantile(0.05)
      let reach = law.survivalQuantile(1e-16) - x
      guard reach.isFinite, let rule = try? GaussLegendre(count: 40) else { continue }
      var area = 0.0
      for (node, weight) in zip(rule.nodes, rule.weights) {
        let t = 0.5 * (node + 1)
        area += reach * weight * t * law.survival(x + reach * t * t)
      }
      expectClose(
        law.meanAbove(probability: 0.05), x + area / 0.05, relative: 1e-7, "\(parameters)")
    }
  }

  @Test func limitsAreThoseOfOtherLaws() throws {
    // Large temperings: normal, to the excess kurtosis.
    for (parameters, accuracy) in [
      ([1.5, 1, 1, 1e4, 1e4, 0], 1e-6), ([1.2, 1e5, 1e5, 2e4, 2e4, 0], 1e-10),
    ] {
      let law = try Self.law(parameters)
      let normal = try Normal(mean: 0, standardDeviation: law.standardDeviation)
      for z in [0, 0.5, 2.0] {
        let x = z * law.standardDeviation
        expectClose(law.logPDF(x), normal.logPDF(x), absolute: accuracy, "\(parameters)")
      }
    }
    // Tiny temperings: alpha-stable, with 2c Γ(−α) cos(πα/2) = −scale^α.
    let index = 1.5
    let gamma = exp(SpecialFunctions.logGamma(2 - index)) / (index * (index - 1))
    let intensity = -0.5 / (gamma * cos(0.5 * Double.pi * index))
    let tempered = try Self.law([index, intensity, intensity, 1e-5, 1e-5, 0])
    let stable = try AlphaStable(index: index, skew: 0, scale: 1, location: 0)
    for x in [0, 0.7, 5, 20.0] {
      expectClose(tempered.logPDF(x), stable.logPDF(x), absolute: 1e-3, "\(x)")
    }
  }

  @Test func drawsFollowTheLaw() throws {
    let law = try Self.law(Self.laws[1])
    let stream = RandomStream(seed: 4, stream: 2)
    let draws = law.draws(count: 100, from: stream)
    #expect(law.draws(count: 3, from: stream, at: 7) == Array(draws[7..<10]))
    #expect(try GoodnessOfFit.kolmogorovSmirnov(draws, law: law).pValue > 0.01)
  }

  @Test func functionsAreTotal() throws {
    for parameters in Self.laws {
      let law = try Self.law(parameters)
      #expect(law.pdf(.nan).isNaN && law.cdf(.nan).isNaN && law.logSurvival(.nan).isNaN)
      #expect(law.cdf(-.infinity) == 0 && law.survival(.infinity) == 0)
      #expect(law.quantile(-0.1).isNaN && law.meanBelow(probability: 0).isNaN)
      for x in hostileNumbers where !x.isNaN {
        let (lower, upper) = (law.cdf(x), law.survival(x))
        #expect(lower >= 0 && lower <= 1 && upper >= 0 && upper <= 1, "\(parameters) at \(x)")
        #expect(law.pdf(x) >= 0, "\(parameters) at \(x)")
        #expect(law.logCDF(x) <= 0 && law.logSurvival(x) <= 0, "\(parameters) at \(x)")
      }
    }
  }

  @Test func refusesParametersOutsideTheDomain() {
    let good: [Double] = [0.7, 0.3, 0.5, 2, 1.25, 0.1]
    for (place, values) in [
      (0, [0, 0.04, 2, -1, .nan]), (1, [-1, .nan, .infinity]), (2, [-1, .nan, .infinity]),
      (3, [0, -1, .nan, .infinity, 1e-15]), (4, [0, -1, .nan, .infinity, 1e-15]),
      (5, [.nan, .infinity]),
    ] {
      for value in values {
        var parameters = good
        parameters[place] = value
        #expect(throws: DistributionsError.self, "\(parameters)") { try Self.law(parameters) }
      }
    }
    #expect(throws: DistributionsError.self) { try Self.law([0.7, 0, 0, 2, 1, 0]) }
    #expect(throws: DistributionsError.self) {
      try Self.law([0.7, 1e300, 1e300, 1e-300, 1e-300, 0])
    }
  }
}

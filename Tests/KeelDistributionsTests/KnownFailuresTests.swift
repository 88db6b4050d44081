import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

/// The points of reports of wrong heavy tails in SciPy; the numbers are those of its threads.
@Suite struct KnownFailuresTests {
  struct File: Decodable {
    struct Case: Decodable {
      let thread: Int
      let parameters: [Double]
      let points: [[Double]]
    }

    let hyperbolic: Case
    let stable: [Case]
  }

  static let reference = Result { try Reference.load(File.self, "known_failures") }

  private func check(_ law: some ContinuousDistribution, _ item: File.Case, relative: Double) {
    for row in item.points {
      let name = "\(item.thread) \(item.parameters) at \(row[0])"
      for (value, reference, function) in [
        (law.logPDF(row[0]), row[1], "logPDF"), (law.logCDF(row[0]), row[2], "logCDF"),
        (law.logSurvival(row[0]), row[3], "logSurvival"),
      ] {
        expectClose(
          value, reference, absolute: relative * max(1, reference.magnitude), "\(function) \(name)")
      }
      expectClose(law.cdf(row[0]) + law.survival(row[0]), 1, absolute: 2.3e-16, name)
    }
  }

  /// 18117: a probability above one at 80 and of 3.6e-10 at 85.
  @Test func hyperbolicProbabilitiesStayRightFarOut() throws {
    let item = try Self.reference.get().hyperbolic
    let law = try GeneralizedHyperbolic(
      location: 0, scale: 1, order: item.parameters[0], steepness: item.parameters[1],
      asymmetry: item.parameters[2])
    check(law, item, relative: 1e-12)
    #expect(law.cdf(80) <= 1 && law.cdf(85) <= 1)
  }

  /// 17493: probabilities off by up to a tenth, those of the other parametrization. The points are printed
  /// percentiles of the first one.
  @Test func bothParametrizationsKeepTheirPercentiles() throws {
    for item in try Self.reference.get().stable where item.thread == 17_493 {
      let law = try AlphaStable(
        index: item.parameters[0], skew: item.parameters[1], scale: 1, location: 0,
        parametrization: .s1)
      for row in item.points {
        expectClose(
          law.cdf(row[0]), row[0] < 0 ? 0.01 : 0.99, relative: 1e-8, "\(item.parameters) \(row[0])")
      }
    }
  }

  /// 12658: densities of 1e-10 and NaN; 17194: a survival that falls to 0; 17493: both tails; 20636: light tails.
  @Test func stableLawsStayRightInEveryTail() throws {
    for item in try Self.reference.get().stable {
      let (index, skew) = (item.parameters[0], item.parameters[1])
      check(
        try AlphaStable(index: index, skew: skew, scale: 1, location: 0), item, relative: 1e-11)
      let turned = try AlphaStable(index: index, skew: -skew, scale: 1, location: 0)
      let points = item.points.map { [-$0[0], $0[1], $0[3], $0[2]] }
      check(
        turned, File.Case(thread: item.thread, parameters: [index, -skew], points: points),
        relative: 1e-11)
    }
  }

  /// 17194: over the whole range of its graph.
  @Test func stableSurvivalFallsSmoothlyToItsPowerLaw() throws {
    let law = try AlphaStable(index: 0.93, skew: 1, scale: 1, location: 0)
    let (first, last) = (law.quantile(0.9), 3 * law.quantile(0.9999))
    let constant = sin(0.93 * .pi / 2) * tgamma(0.93) / .pi * 2
    var previous = 0.1 * (1 + 1e-9)
    for k in 0...60 {
      let x = first + (last - first) * Double(k) / 60
      let survival = law.survival(x)
      #expect(survival <= previous, "at \(x)")
      previous = survival
      // The next term of the tail is of the order of the shift over x.
      if k > 0 { expectClose(survival, constant * pow(x, -0.93), relative: 30 / x, "at \(x)") }
    }
  }

  /// A fit is sound: its spread and its probabilities are those of the sample.
  private func expectSound(_ fit: DistributionFit<GeneralizedHyperbolic>, _ sample: [Double]) throws
  {
    let normal = try Normal.fit(sample)
    #expect(fit.logLikelihood >= normal.logLikelihood)
    expectClose(
      fit.law.standardDeviation, normal.law.standardDeviation, relative: 0.15, "spread")
    let count = Double(sample.count)
    for (k, x) in sample.sorted().enumerated() where k % 97 == 0 {
      let probability = fit.law.cdf(x)
      #expect(abs(probability - (Double(k) + 0.5) / count) < 1.36 / count.squareRoot())
      expectClose(probability + fit.law.survival(x), 1, absolute: 2.3e-16, "at \(x)")
    }
  }

  /// 22317: fits of small returns with a vanishing scale, whose probabilities then fail.
  @Test(arguments: [1, 0.01, 1e-6])
  func hyperbolicFitsOfSmallReturnsAreSound(scale: Double) throws {
    let law = try GeneralizedHyperbolic(
      location: 0.05, scale: 1, order: -0.5, steepness: 1, asymmetry: -0.1)
    let unit = law.draws(count: 400, from: RandomStream(seed: 22_317))
    let sample = unit.map { scale * $0 }
    let fit = try GeneralizedHyperbolic.fit(sample)
    try expectSound(fit, sample)
    let reference = try GeneralizedHyperbolic.fit(unit)
    expectClose(fit.law.standardDeviation, scale * reference.law.standardDeviation, relative: 1e-8)
    expectClose(
      fit.law.cdf(scale * 0.7), reference.law.cdf(0.7), absolute: 1e-8, "at scale \(scale)")
  }

  /// 22317, on real logarithms of price ratios.
  @Test(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
  func hyperbolicFitsOfRealReturnsAreSound() throws {
    for sample in [
      try LawsRealDataTests.returns("crypto_usd_daily.csv.gz", "close", symbol: "BTC"),
      try LawsRealDataTests.returns("index_sp500_daily.csv.gz", "SP500"),
    ] {
      let last = Array(sample.suffix(1000))
      let fit = try GeneralizedHyperbolic.fit(last)
      try expectSound(fit, last)
      let probability = fit.law.cdf(0.014375281204495192)
      #expect(probability > 0.5 && probability < 1)
    }
  }
}

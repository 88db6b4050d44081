import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct GoodnessOfFitTests {
  struct File: Decodable {
    struct Sample: Decodable {
      let sample: [Double]
      let kolmogorov: [Double]
      let anderson: Double
      let cramer: Double
    }

    let kolmogorov: [[Double]]
    let cramer: [[Double]]
    let anderson: [[Double]]
    let samples: [Sample]
  }

  static let reference = Result { try Reference.load(File.self, "goodness_of_fit") }

  static let uniform = Result { try GeneralizedPareto(threshold: 0, scale: 1, shape: -1) }

  @Test func statisticsAgreeWithPeers() throws {
    let law = try Normal(mean: 0, standardDeviation: 1)
    for item in try Self.reference.get().samples {
      let distance = try GoodnessOfFit.kolmogorovSmirnov(item.sample, law: law)
      expectClose(distance.statistic, item.kolmogorov[0], relative: 1e-13)
      expectClose(distance.pValue, item.kolmogorov[1], absolute: 1e-5)
      let anderson = try GoodnessOfFit.andersonDarling(item.sample, law: law)
      expectClose(anderson.statistic, item.anderson, absolute: 1e-11)
      let cramer = try GoodnessOfFit.cramerVonMises(item.sample, law: law)
      expectClose(cramer.statistic, item.cramer, relative: 1e-12)
      #expect(cramer.observationCount == item.sample.count)
    }
  }

  @Test func kolmogorovPValuesAgreeWithPeers() throws {
    let law = try Self.uniform.get()
    for row in try Self.reference.get().kolmogorov where row[1] > 0.5 / row[0] {
      let (count, d) = (Int(row[0]), row[1])
      // Every point in the middle of its step, but none before d: there the deviation is d.
      let sample = (0..<count).map { max((Double($0) + 0.5) / row[0], d) }
      let fit = try GoodnessOfFit.kolmogorovSmirnov(sample, law: law)
      expectClose(fit.statistic, d, relative: 1e-13)
      let isSmall = row[2] < 0.03
      expectClose(
        fit.pValue, row[2], relative: isSmall ? 1e-4 : 0, absolute: isSmall ? 0 : 1e-5,
        "n \(count), D \(d)")
    }
  }

  @Test func quadraticPValuesAgreeWithPeers() throws {
    let law = try Self.uniform.get()
    for row in try Self.reference.get().cramer {
      // Even points drawn together by a share c have the statistic 1/(12n) + c² (n − 1/n)/12.
      let n = 100.0
      let square = (row[0] - 1 / (12 * n)) * 12 / (n - 1 / n)
      let sample = (0..<100).map { k in
        let even = (Double(k) + 0.5) / n
        return even + square.squareRoot() * (0.5 - even)
      }
      let fit = try GoodnessOfFit.cramerVonMises(sample, law: law)
      expectClose(fit.statistic, row[0], relative: 1e-12)
      expectClose(fit.pValue, row[1], absolute: 1e-12, "W² \(row[0])")
    }
    for row in try Self.reference.get().anderson where row[0] > 0.4 {
      // One point u has the statistic −1 − ln u (1 − u).
      let product = exp(-1 - row[0])
      let point = 2 * product / (1 + (1 - 4 * product).squareRoot())
      let fit = try GoodnessOfFit.andersonDarling([point], law: law)
      expectClose(fit.statistic, row[0], relative: 1e-12)
      expectClose(fit.pValue, row[1], absolute: 1e-10, "A² \(row[0])")
    }
  }

  @Test func pValuesOfTrueLawsAreUniform() throws {
    let law = try NormalInverseGaussianLaw(location: 0, scale: 1, steepness: 2, asymmetry: -0.5)
    var small = [0, 0, 0]
    for stream in 0..<60 {
      let sample = law.draws(count: 40, from: RandomStream(seed: 9, stream: UInt64(stream)))
      let fits = [
        try GoodnessOfFit.kolmogorovSmirnov(sample, law: law),
        try GoodnessOfFit.andersonDarling(sample, law: law),
        try GoodnessOfFit.cramerVonMises(sample, law: law),
      ]
      for (k, fit) in fits.enumerated() where fit.pValue < 0.5 { small[k] += 1 }
    }
    // Thirty are expected, with a standard deviation below four.
    for count in small { #expect((14...46).contains(count)) }
  }

  @Test func smallPValuesOfHugeSamplesAgreeWithTheExactSum() throws {
    let law = try Self.uniform.get()
    // (count, D, twice Smirnov's sum), the sum with 19 digits.
    for (count, distance, reference) in [
      (100_001, 0.012, 6.157_109_011_524_764e-13), (100_001, 0.034, 7.173_105_152_680_06e-101),
    ] {
      // An even sample on [0, 1 − D] has its largest distance at its end.
      let n = Double(count)
      let sample = (0..<count).map { (Double($0) + 1) / n * (1 - distance) }
      let fit = try GoodnessOfFit.kolmogorovSmirnov(sample, law: law)
      expectClose(fit.statistic, distance, relative: 1e-12)
      expectClose(fit.pValue, reference, relative: 1e-5, "\(distance)")
    }
  }

  /// A law that is NaN inside its support.
  struct Broken: ContinuousDistribution {
    var mean: Double { .nan }
    var variance: Double { .nan }
    var skewness: Double { .nan }
    var excessKurtosis: Double { .nan }
    func logPDF(_ x: Double) -> Double { .nan }
    func cdf(_ x: Double) -> Double { .nan }
    func survival(_ x: Double) -> Double { .nan }
    func logCDF(_ x: Double) -> Double { .nan }
    func logSurvival(_ x: Double) -> Double { .nan }
    func quantile(_ probability: Double) -> Double { .nan }
    func survivalQuantile(_ probability: Double) -> Double { .nan }
    func meanBelow(probability: Double) -> Double { .nan }
    func meanAbove(probability: Double) -> Double { .nan }
  }

  @Test func lawsThatGiveNoNumberHaveNoPValue() throws {
    let sample = [0.1, 0.2, 0.7]
    for fit in [
      try GoodnessOfFit.kolmogorovSmirnov(sample, law: Broken()),
      try GoodnessOfFit.andersonDarling(sample, law: Broken()),
      try GoodnessOfFit.cramerVonMises(sample, law: Broken()),
    ] {
      #expect(fit.statistic.isNaN && fit.pValue.isNaN)
    }
  }

  @Test func edges() throws {
    let law = try Self.uniform.get()
    #expect(throws: DistributionsError.tooFewObservations(got: 0, required: 1)) {
      try GoodnessOfFit.kolmogorovSmirnov([], law: law)
    }
    #expect(throws: DistributionsError.self) {
      try GoodnessOfFit.andersonDarling([0.5, .nan], law: law)
    }
    let outside = try GoodnessOfFit.andersonDarling([0.5, 2], law: law)
    #expect(outside.statistic == .infinity && outside.pValue == 0)
    let far = try GoodnessOfFit.kolmogorovSmirnov([2, 3, 4], law: law)
    #expect(far.statistic == 1 && far.pValue == 0)
    let single = try GoodnessOfFit.kolmogorovSmirnov([0.5], law: law)
    #expect(single.statistic == 0.5 && single.pValue == 1)
  }
}

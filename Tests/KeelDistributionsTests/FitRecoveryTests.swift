import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

/// The number of simulated samples of each law; `KEEL_FIT_CASES` says another.
private let recoveryCaseCount: Int = {
  let text = ProcessInfo.processInfo.environment["KEEL_FIT_CASES"]
  if let text, let count = Int(text), count > 0 { return count }
  #if DEBUG
    return 8
  #else
    return 200
  #endif
}()

/// The law of simulated samples and its fit.
private struct RecoveredLaw: CustomTestStringConvertible, Sendable {
  let name: String
  let sampleSize: Int
  /// Fewer samples of a slow fit, by this factor, where no number is given.
  let thinning: Int
  let truth: [Double]
  /// The least share of fits that end inside their bounds.
  let leastShare: Double
  /// Next to limit laws the likelihood falls less than a parabola, and intervals of its profile hold the truth too often.
  var mostCoverage: Double { name == "generalizedHyperbolic" ? 0.985 : 0.97 }
  /// Intervals of the fit's own, which there are at bounds too.
  typealias Outcome = (
    parameters: [FittedParameter], status: FitStatus, intervals: [ClosedRange<Double>]?
  )
  let fit: @Sendable (_ seed: UInt64) throws -> Outcome

  var testDescription: String { name }

  init<Law: ContinuousDistribution>(
    _ name: String, _ law: Law, _ truth: [Double], size: Int = 1000, thinning: Int = 1,
    leastShare: Double = 0.8,
    sample draw: (@Sendable (Int, RandomStream) -> [Double])? = nil,
    intervals: (@Sendable (DistributionFit<Law>, [Double]) throws -> [ClosedRange<Double>])? = nil,
    _ fit: @escaping @Sendable ([Double]) throws -> DistributionFit<Law>
  ) {
    self.name = name
    let size = Self.quickSize(size)
    sampleSize = size
    self.thinning = thinning
    self.truth = truth
    self.leastShare = leastShare
    self.fit = { seed in
      let stream = RandomStream(seed: 20_260_101, stream: seed)
      let sample = draw.map { $0(size, stream) } ?? law.draws(count: size, from: stream)
      let result = try fit(sample)
      return (result.parameters, result.status, try intervals?(result, sample))
    }
  }

  /// The tempered stable law, whose draws by rejection are fast and do without its quantiles.
  init(temperedStable truth: [Double], size: Int, thinning: Int, leastShare: Double) {
    name = "temperedStable"
    let size = Self.quickSize(size)
    sampleSize = size
    self.thinning = thinning
    self.truth = truth
    // Of small samples many end at a bound of the index.
    self.leastShare = size < 1000 ? 0.25 : leastShare
    fit = { seed in
      let result = try TemperedStable.fit(
        TemperedDraws.sample(of: truth, count: size, seed: seed))
      return (result.parameters, result.status, nil)
    }
  }

  /// Positive shapes are judged by their logarithm, whose law is nearer to the normal one.
  func usesLogarithm(_ parameter: String) -> Bool {
    Self.positive.contains(parameter)
  }

  private static let positive: Set<String> = [
    "degreesOfFreedom", "order", "steepness", "scale", "upperIntensity", "lowerIntensity",
    "upperTempering", "lowerTempering",
  ]

  /// Builds without optimization take smaller samples.
  private static func quickSize(_ size: Int) -> Int {
    #if DEBUG
      return min(size, 300)
    #else
      return size
    #endif
  }

  /// `KEEL_FIT_LAW` says the name of one law.
  static let all: [RecoveredLaw] = {
    let name = ProcessInfo.processInfo.environment["KEEL_FIT_LAW"]
    do { return try make().filter { name == nil || $0.name == name } } catch { return [] }
  }()

  private static func make() throws -> [RecoveredLaw] {
    [
      .init("normal", try Normal(mean: 0.1, standardDeviation: 2), [0.1, 2]) { try Normal.fit($0) },
      .init("logNormal", try LogNormal(logMean: 0.1, logStandardDeviation: 0.4), [0.1, 0.4]) {
        try LogNormal.fit($0)
      },
      // The density has no slope at its location, whose error is that of the theory in large samples only.
      .init("laplace", try Laplace(location: 0.1, scale: 2), [0.1, 2], size: 10_000) {
        try Laplace.fit($0)
      },
      .init(
        "asymmetricLaplace", try AsymmetricLaplace(location: 0.1, scale: 2, asymmetry: 1.3),
        [0.1, 2, 1.3], size: 10_000
      ) { try AsymmetricLaplace.fit($0) },
      .init("logistic", try Logistic(location: 0.1, scale: 2), [0.1, 2]) { try Logistic.fit($0) },
      .init(
        "generalizedError", try GeneralizedError(location: 0.1, scale: 2, shape: 1.5),
        [0.1, 2, 1.5], thinning: 2
      ) { try GeneralizedError.fit($0) },
      .init(
        "studentT", try StudentT(location: 0.1, scale: 2, degreesOfFreedom: 4), [0.1, 2, 4]
      ) { try StudentT.fit($0) },
      .init(
        "fernandezSteelSkewedT",
        try FernandezSteelSkewedT(location: 0.1, scale: 2, degreesOfFreedom: 5, skew: 0.8),
        [0.1, 2, 5, 0.8], thinning: 2
      ) { try FernandezSteelSkewedT.fit($0) },
      .init(
        "hansenSkewedT", try HansenSkewedT(degreesOfFreedom: 6, asymmetry: -0.2), [6, -0.2]
      ) { try HansenSkewedT.fit($0) },
      .init(
        "azzaliniSkewedT",
        try AzzaliniSkewedT(location: 0.1, scale: 2, degreesOfFreedom: 5, slant: -1.5),
        [0.1, 2, 5, -1.5], thinning: 10
      ) { try AzzaliniSkewedT.fit($0) },
      .init(
        "generalizedPareto", try GeneralizedPareto(threshold: 0, scale: 2, shape: 0.2),
        [2, 0.2]
      ) { try GeneralizedPareto.fit($0, threshold: 0) },
      .init(
        "generalizedExtremeValue",
        try GeneralizedExtremeValue(location: 0.1, scale: 2, shape: 0.1), [0.1, 2, 0.1]
      ) { try GeneralizedExtremeValue.fit($0) },
      .init(
        "normalInverseGaussian",
        try NormalInverseGaussianLaw(location: 0.1, scale: 2, steepness: 0.75, asymmetry: -0.1),
        [0.1, 2, 0.75, -0.1]
      ) { try NormalInverseGaussianLaw.fit($0) },
      .init(
        "varianceGamma",
        try VarianceGammaLaw(location: 0.1, order: 3, steepness: 1, asymmetry: 0.1),
        [0.1, 3, 1, 0.1], size: 2000, thinning: 10
      ) { try VarianceGammaLaw.fit($0) },
      // On the ridge a quarter of the samples end at a bound, and the likelihood is far from a parabola: intervals are
      // those of its profile, for all samples.
      .init(
        "generalizedHyperbolic",
        try GeneralizedHyperbolic(
          location: 0.1, scale: 1, order: 1, steepness: 1.5, asymmetry: -0.2),
        [0.1, 1, 1, 1.5, -0.2], size: 2000, thinning: 20, leastShare: 0.25,
        sample: hyperbolicSample, intervals: { try $0.likelihoodIntervals(of: $1) }
      ) { try GeneralizedHyperbolic.fit($0) },
      .init(
        "normalMixture",
        try Mixture(
          components: [
            Normal(mean: 0, standardDeviation: 1), Normal(mean: -1, standardDeviation: 4),
          ], weights: [0.7, 0.3]),
        [0.7, 0, 1, -1, 4], thinning: 4
      ) { try Mixture<Normal>.fit($0, componentCount: 2) },
      .init(
        "alphaStable", try AlphaStable(index: 1.6, skew: 0.2, scale: 2, location: 0.1),
        [1.6, 0.2, 2, 0.1], thinning: 10
      ) { try AlphaStable.fit($0) },
      // Away from the ridge towards the normal law: tails of a moderate tempering tell the index.
      .init(
        temperedStable: [0.7, 0.6, 1, 0.3, 0.5, 0.1], size: 2000, thinning: 10, leastShare: 0.75),
    ]
  }
}

/// The sample of the generalized hyperbolic law by its mixture; the mixing variable by the ratio of uniforms: J.
/// Dagpunar, "An easily implemented generalised inverse Gaussian generator", Communications in Statistics 18 (1989).
private func hyperbolicSample(_ count: Int, _ stream: RandomStream) -> [Double] {
  let (location, scale, order, steepness, asymmetry) = (0.1, 1.0, 1.0, 1.5, -0.2)
  let gamma = (steepness * steepness - asymmetry * asymmetry).squareRoot()
  let omega = scale * gamma
  func logDensity(_ w: Double) -> Double { (order - 1) * log(w) - 0.5 * omega * (w + 1 / w) }
  let mode = (order - 1 + hypot(order - 1, omega)) / omega
  let far = (order + 1 + hypot(order + 1, omega)) / omega
  let (top, width) = (logDensity(mode), far * exp(0.5 * (logDensity(far) - logDensity(mode))))
  var random = RandomSequence(stream)
  return (0..<count).map { _ in
    var mixing = 0.0
    while true {
      let u = random.uniform()
      mixing = width * random.uniform() / u
      if 2 * log(u) <= logDensity(mixing) - top { break }
    }
    let variance = mixing * scale / gamma
    return location + asymmetry * variance + variance.squareRoot() * random.normal()
  }
}

@Suite struct FitRecoveryTests {
  /// Of simulated samples, the share whose 95 % interval holds the truth is 0.93 to 0.97 beside the chance of so
  /// many samples, and estimates have no bias to speak of; intervals of a profile miss the truth on either side alike.
  /// Failures and ends at bounds are counted.
  @Test(arguments: RecoveredLaw.all) private func intervalsHoldTheTruth(_ law: RecoveredLaw) throws
  {
    let isFull = ProcessInfo.processInfo.environment["KEEL_FIT_CASES"] != nil
    let count = isFull ? recoveryCaseCount : max(recoveryCaseCount / law.thinning, 2)
    var tally = Tally(parameterCount: law.truth.count)
    for seed in 0..<UInt64(count) {
      guard let outcome = try? law.fit(seed) else {
        tally.failures += 1
        continue
      }
      tally.add(outcome, law)
      if isFull, seed % 1000 == 999 || seed + 1 == UInt64(count) { report(law, seed + 1, tally) }
    }
    let judged = Double(max(tally.judged, 1))
    let (shares, biases) = (tally.shares, tally.biases)
    #expect(tally.failures == 0)
    #expect(tally.unfinished <= count / 1000)
    #expect(Double(count - tally.atBound - tally.unfinished) >= law.leastShare * Double(count))
    let chance = 4 * (0.95 * 0.05 / judged).squareRoot()
    for j in law.truth.indices {
      #expect(
        shares[j] > 0.93 - chance && shares[j] < law.mostCoverage + chance,
        "\(law.name) \(j): \(shares[j])")
      // Of a profile the bias is the difference of the shares on either side.
      let largest = tally.hasIntervals ? 0.02 + chance : 0.25 + 4 / judged.squareRoot()
      #expect(biases[j].magnitude < largest, "\(law.name) \(j): \(biases[j])")
    }
  }

  private func report(_ law: RecoveredLaw, _ count: UInt64, _ tally: Tally) {
    let line =
      "\(law.name) n=\(law.sampleSize) samples \(count) failures \(tally.failures) "
      + "at bound \(tally.atBound) unfinished \(tally.unfinished) "
      + "coverage \(tally.shares) bias \(tally.biases)\n"
    FileHandle.standardError.write(Data(line.utf8))
  }

  /// What was counted of simulated samples.
  private struct Tally {
    var failures = 0
    var atBound = 0
    var unfinished = 0
    var judged = 0
    var hasIntervals = false
    var inside: [Int]
    var scores: [Double]

    var shares: [Double] { inside.map { Double($0) / Double(max(judged, 1)) } }
    var biases: [Double] { scores.map { $0 / Double(max(judged, 1)) } }

    init(parameterCount: Int) {
      inside = [Int](repeating: 0, count: parameterCount)
      scores = [Double](repeating: 0, count: parameterCount)
    }

    mutating func add(_ outcome: RecoveredLaw.Outcome, _ law: RecoveredLaw) {
      switch outcome.status {
      case .converged: break
      case .iterationLimit: unfinished += 1
      default: atBound += 1
      }
      if let intervals = outcome.intervals {
        hasIntervals = true
        judged += 1
        for (j, interval) in intervals.enumerated() {
          if interval.contains(law.truth[j]) { inside[j] += 1 }
          if interval.lowerBound > law.truth[j] { scores[j] += 1 }
          if interval.upperBound < law.truth[j] { scores[j] -= 1 }
        }
        return
      }
      guard outcome.status == .converged else { return }
      judged += 1
      for (j, parameter) in outcome.parameters.enumerated() {
        let score =
          law.usesLogarithm(parameter.name)
          ? log(parameter.value / law.truth[j]) / (parameter.standardError / parameter.value)
          : (parameter.value - law.truth[j]) / parameter.standardError
        if score.magnitude <= 1.959_964 { inside[j] += 1 }
        if score.isFinite { scores[j] += score }
      }
    }
  }
}

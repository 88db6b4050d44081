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
  /// The least coverage and the largest bias in standard errors.
  var leastCoverage: Double { name == "generalizedHyperbolic" ? 0.87 : 0.93 }
  var largestBias: Double { name == "generalizedHyperbolic" ? 0.5 : 0.25 }
  let fit: @Sendable (_ seed: UInt64) throws -> (parameters: [FittedParameter], status: FitStatus)

  var testDescription: String { name }

  init<Law: ContinuousDistribution>(
    _ name: String, _ law: Law, _ truth: [Double], size: Int = 1000, thinning: Int = 1,
    leastShare: Double = 0.8,
    _ fit: @escaping @Sendable ([Double]) throws -> DistributionFit<Law>
  ) {
    self.name = name
    let size = Self.quickSize(size)
    sampleSize = size
    self.thinning = thinning
    self.truth = truth
    self.leastShare = leastShare
    self.fit = { seed in
      let sample = law.draws(count: size, from: RandomStream(seed: 20_260_101, stream: seed))
      let result = try fit(sample)
      return (result.parameters, result.status)
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
      return (result.parameters, result.status)
    }
  }

  /// Positive shapes are judged by their logarithm, whose law is nearer to the normal one; those of the
  /// generalized hyperbolic law come near 0 or below.
  func usesLogarithm(_ parameter: String) -> Bool {
    name != "generalizedHyperbolic" && Self.positive.contains(parameter)
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

  static let all: [RecoveredLaw] = {
    do { return try make() } catch { return [] }
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
      // On the ridge some samples end at a bound, a quarter of those of 2000 observations; the intervals of the
      // others hold the truth in nine of ten cases, as the likelihood is far from a parabola there.
      .init(
        "generalizedHyperbolic",
        try GeneralizedHyperbolic(
          location: 0.1, scale: 1, order: 1, steepness: 1.5, asymmetry: -0.2),
        [0.1, 1, 1, 1.5, -0.2], size: 2000, thinning: 20, leastShare: 0.25
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

@Suite struct FitRecoveryTests {
  /// Of simulated samples, the share whose 95 % interval holds the truth is 0.93 to 0.97 beside the chance of so
  /// many samples, and estimates have no bias to speak of. Failures and ends at bounds are counted.
  @Test(arguments: RecoveredLaw.all) private func intervalsHoldTheTruth(_ law: RecoveredLaw) throws
  {
    let isFull = ProcessInfo.processInfo.environment["KEEL_FIT_CASES"] != nil
    let count = isFull ? recoveryCaseCount : max(recoveryCaseCount / law.thinning, 2)
    var (failures, atBound, unfinished, judged) = (0, 0, 0, 0)
    var inside = [Int](repeating: 0, count: law.truth.count)
    var scores = [Double](repeating: 0, count: law.truth.count)
    for seed in 0..<UInt64(count) {
      guard let (parameters, status) = try? law.fit(seed) else {
        failures += 1
        continue
      }
      switch status {
      case .converged: break
      case .iterationLimit: unfinished += 1
      default: atBound += 1
      }
      guard status == .converged else { continue }
      judged += 1
      for (j, parameter) in parameters.enumerated() {
        let score =
          law.usesLogarithm(parameter.name)
          ? log(parameter.value / law.truth[j]) / (parameter.standardError / parameter.value)
          : (parameter.value - law.truth[j]) / parameter.standardError
        if score.magnitude <= 1.959_964 { inside[j] += 1 }
        if score.isFinite { scores[j] += score }
      }
    }
    if isFull {
      let shares = inside.map { Double($0) / Double(max(judged, 1)) }
      let biases = scores.map { $0 / Double(max(judged, 1)) }
      let line =
        "\(law.name) n=\(law.sampleSize) samples \(count) failures \(failures) at bound \(atBound) "
        + "unfinished \(unfinished) coverage \(shares) bias in errors \(biases)\n"
      FileHandle.standardError.write(Data(line.utf8))
    }
    #expect(failures == 0)
    #expect(unfinished <= count / 1000)
    #expect(Double(judged) >= law.leastShare * Double(count))
    let chance = 4 * (0.95 * 0.05 / Double(judged)).squareRoot()
    for j in law.truth.indices {
      let share = Double(inside[j]) / Double(judged)
      #expect(
        share > law.leastCoverage - chance && share < 0.97 + chance, "\(law.name) \(j): \(share)")
      let bias = scores[j] / Double(judged)
      #expect(
        bias.magnitude < law.largestBias + 4 / Double(judged).squareRoot(),
        "\(law.name) \(j): \(bias)")
    }
  }
}

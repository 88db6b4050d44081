// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// Newton's method in (μ, ln δ, ln(α − β), ln(α + β)) with exact second derivatives: those of K₁ follow
// from R = K₀/K₁ by its differential equation,
//   (ln K₁)' = L = −R − 1/x,   L' = 1 + 1/x² − L/x − L²   (DLMF 10.29.2, 10.25.1).
// The start matches the first four moments: O. Barndorff-Nielsen (1997), section 2.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension NormalInverseGaussian {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The largest scale, in median absolute deviations of the sample: at 100 the law is normal to an
    /// excess kurtosis of some 1e-4.
    public var highestScale = 100.0

    /// The largest number of steps; ten are usual.
    public var maximumIterations = 200

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 20

  /// Fits the four parameters to a sample by maximum likelihood.
  ///
  /// A sample with tails as light as the normal law ends at the bound of the scale, and the status says
  /// so. Standard errors come from the observed information. Multiplying the sample by c multiplies
  /// location and scale by c, and divides steepness and asymmetry by it, within 1e-7.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no third of them equal.
  ///   - settings: Bounds and limits.
  /// - Returns: The law with `location`, `scale`, `steepness` and `asymmetry` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills a third of the sample,
  ///   `DistributionsError.invalidValue` for settings without room,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a step.
  public static func fit(
    _ sample: [Double],
    settings: FitSettings = FitSettings()
  ) throws(DistributionsError) -> DistributionFit<NormalInverseGaussian> {
    try requireInside(settings.highestScale, 1...1000, "highestScale")
    guard settings.maximumIterations >= 1 else {
      throw .invalidValue(
        argument: "maximumIterations", got: Double(settings.maximumIterations), lowest: 1,
        highest: Double(Int.max))
    }
    let standardized = try StandardizedSample(
      robustly: sample, minimumCount: minimumObservationCount, repeatedShareDivisor: 3)
    let likelihood = InverseGaussianLikelihood(standardized.values)
    let bound = log(likelihood.largestRate)
    var search = LikelihoodSearch(
      start: likelihood.start,
      lowest: [-.infinity, -bound, -bound, -bound],
      highest: [.infinity, log(settings.highestScale), bound, bound],
      maximumIterations: settings.maximumIterations, observationCount: sample.count,
      evaluate: likelihood.evaluate)
    search.run()
    guard search.current.value.isFinite else { throw .notRepresentable(result: "logLikelihood") }
    return try result(search, standardized)
  }

  private static func result(
    _ search: LikelihoodSearch,
    _ sample: StandardizedSample
  ) throws(DistributionsError) -> DistributionFit<NormalInverseGaussian> {
    let point = search.point
    let scale = sample.restoredScale(exp(point[1]))
    let unit = sample.restoredScale(1)
    let location = sample.restoredLocation(point[0])
    let (lower, upper) = (0.5 * exp(point[2]) / unit, 0.5 * exp(point[3]) / unit)
    guard scale > 0, scale.isFinite, location.isFinite, unit > 0, lower > 0, upper.isFinite else {
      throw .notRepresentable(result: "scale")
    }
    let errors = search.standardErrors([
      [unit, 0, 0, 0], [0, scale, 0, 0], [0, 0, lower, upper], [0, 0, -lower, upper],
    ])
    let count = Double(search.observationCount)
    let logUnit = log(sample.spread) + Double(sample.exponent) * logOfTwo
    let law = try NormalInverseGaussian(
      location: location, scale: scale, steepness: lower + upper, asymmetry: upper - lower)
    return DistributionFit(
      law: law,
      logLikelihood: count * (search.current.value - logUnit),
      parameters: [
        FittedParameter(name: "location", value: location, standardError: errors[0]),
        FittedParameter(name: "scale", value: scale, standardError: errors[1]),
        FittedParameter(name: "steepness", value: law.steepness, standardError: errors[2]),
        FittedParameter(name: "asymmetry", value: law.asymmetry, standardError: errors[3]),
      ],
      observationCount: search.observationCount,
      iterations: search.iterations,
      status: status(search)
    )
  }

  private static func status(_ search: LikelihoodSearch) -> FitStatus {
    for j in 2...3 where search.isHeld(j) && search.converged { return .lowerBound }
    return search.status(shape: 1)
  }
}

/// The mean log-likelihood of a standardized sample.
private struct InverseGaussianLikelihood {
  let values: [Double]

  init(_ values: [Double]) { self.values = values }

  /// Bound of α ± β and their inverses, in one over the median absolute deviation.
  var largestRate: Double { 1e6 }

  /// By moments, kept where the law has some tail and some concentration.
  var start: [Double] {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    var (second, third, fourth) = (0.0, 0.0, 0.0)
    for value in values {
      let d = value - mean
      second += d * d
      third += d * d * d
      fourth += d * d * (d * d)
    }
    let variance = second / n
    let skewness = third / n / (variance * variance.squareRoot())
    let kurtosis = max(fourth / n / (variance * variance) - 3, 5 * skewness * skewness / 3)
    let omega = min(max(3 / max(kurtosis - 4 * skewness * skewness / 3, 1e-3), 0.2), 20)
    let ratio = min(max(skewness * omega.squareRoot() / 3, -0.7), 0.7)
    let rest = 1 - ratio * ratio
    // The median absolute deviation, 1, is more robust than a variance that outliers fill.
    let alpha = (omega / min(variance, 9)).squareRoot() / rest
    let delta = omega / (alpha * rest.squareRoot())
    // The median is at 0; the mean of the law from there would follow outliers.
    let location = -0.5 * delta * ratio / rest.squareRoot()
    return [location, log(delta), log(alpha * (1 - ratio)), log(alpha * (1 + ratio))]
  }

  /// Sums over the sample of the derivatives in z, δ and α.
  private struct Sums {
    var value = 0.0
    var z = 0.0
    var slopeZ = 0.0
    var slopeDelta = 0.0
    var slopeAlpha = 0.0
    var zz = 0.0
    var zDelta = 0.0
    var zAlpha = 0.0
    var deltaDelta = 0.0
    var deltaAlpha = 0.0
    var alphaAlpha = 0.0
  }

  private func sums(_ location: Double, _ delta: Double, _ alpha: Double) -> Sums {
    var s = Sums()
    let square = delta * delta
    let span = values.span
    for i in span.indices {
      let z = span[i] - location
      let qq = square + z * z
      let q = qq.squareRoot()
      let inverse = 1 / q
      let x = alpha * q
      let bessel = SpecialFunctions.scaledBesselPair(x)
      let reciprocal = 1 / x
      let slope = -bessel.zero / bessel.one - reciprocal
      let curvature = 1 + reciprocal * reciprocal - slope * (reciprocal + slope)
      s.value += log(bessel.one * inverse) - x
      s.z += z
      // G = −ln q + ln K₁(αq) in q and α, then by the chain rule.
      let first = alpha * slope - inverse
      let second = inverse * inverse + alpha * alpha * curvature
      let mixed = slope + x * curvature
      let (cz, cd) = (z * inverse, delta * inverse)
      s.slopeZ += first * cz
      s.slopeDelta += first * cd
      s.slopeAlpha += q * slope
      let bend = first * inverse
      s.zz += second * cz * cz + bend * cd * cd
      s.zDelta += (second - bend) * cz * cd
      s.deltaDelta += second * cd * cd + bend * cz * cz
      s.zAlpha += mixed * cz
      s.deltaAlpha += mixed * cd
      s.alphaAlpha += qq * curvature
    }
    return s
  }

  func evaluate(_ point: [Double]) -> LikelihoodPoint {
    let n = Double(values.count)
    let delta = exp(point[1])
    let (lower, upper) = (0.5 * exp(point[2]), 0.5 * exp(point[3]))
    let (alpha, beta) = (lower + upper, upper - lower)
    let gamma = 2 * (lower * upper).squareRoot()
    let s = sums(point[0], delta, alpha)
    let value = log(alpha * delta / Double.pi) + delta * gamma + (beta * s.z + s.value) / n
    guard value.isFinite else { return .outside }
    // Derivatives in μ, δ, α, β of the mean, the constant ln αδ + δγ included.
    let cube = gamma * gamma * gamma
    let dMu = -(beta + s.slopeZ / n)
    let dDelta = 1 / delta + gamma + s.slopeDelta / n
    let dAlpha = 1 / alpha + delta * alpha / gamma + s.slopeAlpha / n
    let dBeta = -delta * beta / gamma + s.z / n
    let (muMu, muDelta, muAlpha) = (s.zz / n, -s.zDelta / n, -s.zAlpha / n)
    let deltaDelta = -1 / (delta * delta) + s.deltaDelta / n
    let deltaAlpha = alpha / gamma + s.deltaAlpha / n
    let deltaBeta = -beta / gamma
    let alphaAlpha =
      -1 / (alpha * alpha) - delta * beta * beta / cube + s.alphaAlpha / n
    let alphaBeta = delta * alpha * beta / cube
    let betaBeta = -delta * alpha * alpha / cube
    // ln δ, and ln(α ∓ β): α = a + b, β = b − a with the halves a and b.
    let (da, db) = (lower * (dAlpha - dBeta), upper * (dAlpha + dBeta))
    let aa = da + lower * lower * (alphaAlpha - 2 * alphaBeta + betaBeta)
    let bb = db + upper * upper * (alphaAlpha + 2 * alphaBeta + betaBeta)
    let ab = lower * upper * (alphaAlpha - betaBeta)
    let (muA, muB) = (lower * (muAlpha + 1), upper * (muAlpha - 1))
    let (deltaA, deltaB) = (
      delta * lower * (deltaAlpha - deltaBeta), delta * upper * (deltaAlpha + deltaBeta)
    )
    let muLogDelta = delta * muDelta
    let logDelta = delta * dDelta + delta * delta * deltaDelta
    return LikelihoodPoint(
      value: value,
      gradient: [dMu, delta * dDelta, da, db],
      hessian: [
        muMu, muLogDelta, muA, muB,
        muLogDelta, logDelta, deltaA, deltaB,
        muA, deltaA, aa, ab,
        muB, deltaB, ab, bb,
      ])
  }
}

// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// Newton's method in (location, ln scale, index, skew) of the parametrization S0, in which all four are
// continuous and nearly unrelated. Derivatives are central differences of the likelihood, which has fourteen
// digits: gradients of fourth order, Hessians of second. The start is a regression on the logarithm of the
// empirical characteristic function, I. Koutrouvelis, Regression-type estimation of the parameters of stable
// laws, Journal of the American Statistical Association 75 (1980).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension AlphaStable {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least index, inside ``AlphaStable/allowedIndex``.
    public var lowestIndex = 0.5

    /// The largest index: nearer to two the likelihood of an outlier turns sharply.
    public var highestIndex = 1.99

    /// The largest magnitude of the skew: at one a tail is so light that one observation may forbid it.
    public var highestSkew = 0.99

    /// The largest number of steps; ten are usual.
    public var maximumIterations = 100

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 50

  /// Fits index, skew, scale and location to a sample by maximum likelihood, the location in S0.
  ///
  /// Index and skew stay between the bounds of the settings. At the upper bound of the index the tails are
  /// those of ``Normal``; at a bound of index or skew the status says so and that parameter's standard error is
  /// NaN. Standard errors come from the observed information. Multiplying the sample by c multiplies location
  /// and scale by c within 1e-8.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no third of them equal.
  ///   - settings: Bounds and limits.
  /// - Returns: The law with `index`, `skew`, `scale` and `location` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills a third of the sample,
  ///   `DistributionsError.invalidValue` for settings without room,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a likelihood, and 41 likelihoods a step.
  public static func fit(
    _ sample: [Double],
    settings: FitSettings = FitSettings()
  ) throws(DistributionsError) -> DistributionFit<AlphaStable> {
    try check(settings)
    let standardized = try StandardizedSample(
      robustly: sample, minimumCount: minimumObservationCount, repeatedShareDivisor: 3)
    let likelihood = StableLikelihood(standardized.values)
    var search = LikelihoodSearch(
      start: likelihood.start,
      lowest: [-.infinity, -.infinity, settings.lowestIndex, -settings.highestSkew],
      highest: [.infinity, .infinity, settings.highestIndex, settings.highestSkew],
      maximumIterations: settings.maximumIterations, observationCount: sample.count,
      evaluate: likelihood.evaluate)
    search.run()
    guard search.current.value.isFinite else { throw .notRepresentable(result: "logLikelihood") }
    return try result(search, standardized)
  }

  private static func check(_ settings: FitSettings) throws(DistributionsError) {
    let margin = StableLikelihood.margin
    try requireInside(
      settings.lowestIndex,
      (allowedIndex.lowerBound + margin)...(allowedIndex.upperBound - 2 * margin), "lowestIndex")
    try requireInside(
      settings.highestIndex, (settings.lowestIndex + margin)...(allowedIndex.upperBound - margin),
      "highestIndex")
    try requireInside(settings.highestSkew, 0...(1 - margin), "highestSkew")
    guard settings.maximumIterations >= 1 else {
      throw .invalidValue(
        argument: "maximumIterations", got: Double(settings.maximumIterations), lowest: 1,
        highest: Double(Int.max))
    }
  }

  private static func result(
    _ search: LikelihoodSearch,
    _ sample: StandardizedSample
  ) throws(DistributionsError) -> DistributionFit<AlphaStable> {
    let point = search.point
    let scale = sample.restoredScale(exp(point[1]))
    let unit = sample.restoredScale(1)
    let location = sample.restoredLocation(point[0])
    guard scale > 0, scale.isFinite, location.isFinite else {
      throw .notRepresentable(result: "scale")
    }
    let errors = search.standardErrors([
      [unit, 0, 0, 0], [0, scale, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1],
    ])
    let logUnit = log(sample.spread) + Double(sample.exponent) * logOfTwo
    return DistributionFit(
      law: try AlphaStable(index: point[2], skew: point[3], scale: scale, location: location),
      logLikelihood: Double(search.observationCount) * (search.current.value - logUnit),
      parameters: [
        FittedParameter(name: "index", value: point[2], standardError: errors[2]),
        FittedParameter(name: "skew", value: point[3], standardError: errors[3]),
        FittedParameter(name: "scale", value: scale, standardError: errors[1]),
        FittedParameter(name: "location", value: location, standardError: errors[0]),
      ],
      observationCount: search.observationCount,
      iterations: search.iterations,
      status: search.status(shape: 2, 3)
    )
  }
}

/// The mean log-likelihood of a standardized sample.
private struct StableLikelihood {
  let values: [Double]

  init(_ values: [Double]) { self.values = values }

  /// How far bounds stay from the domain's ends: the reach of the differences.
  static let margin = 0.005

  /// The fifth root of the rounding of a likelihood, where both errors of a fourth-order difference meet.
  private static let step = 2e-3

  private func value(_ point: [Double]) -> Double {
    guard
      let law = try? AlphaStable(
        index: point[2], skew: point[3], scale: exp(point[1]), location: point[0])
    else { return -.infinity }
    return law.logPDF(values).reduce(0, +) / Double(values.count)
  }

  /// Value, gradient and Hessian by central differences.
  func evaluate(_ point: [Double]) -> LikelihoodPoint {
    let middle = value(point)
    guard middle.isFinite else { return .outside }
    let h = Self.step
    func moved(_ changes: (Int, Double)...) -> Double {
      var moved = point
      for (j, change) in changes { moved[j] += change * h }
      return value(moved)
    }
    var gradient = [Double](repeating: 0, count: 4)
    var hessian = [Double](repeating: 0, count: 16)
    for j in 0..<4 {
      let (up, down) = (moved((j, 1)), moved((j, -1)))
      let (far, back) = (moved((j, 2)), moved((j, -2)))
      gradient[j] = (8 * (up - down) - (far - back)) / (12 * h)
      hessian[5 * j] = (16 * (up + down) - (far + back) - 30 * middle) / (12 * h * h)
    }
    for j in 1..<4 {
      for k in 0..<j {
        let same = moved((j, 1), (k, 1)) + moved((j, -1), (k, -1))
        let opposite = moved((j, 1), (k, -1)) + moved((j, -1), (k, 1))
        let mixed = (same - opposite) / (4 * h * h)
        hessian[4 * j + k] = mixed
        hessian[4 * k + j] = mixed
      }
    }
    guard (gradient + hessian).allSatisfy({ $0.isFinite }) else { return .outside }
    return LikelihoodPoint(value: middle, gradient: gradient, hessian: hessian)
  }

  /// Points of the characteristic function, in one over the median absolute deviation, by π/25.
  private static let pointCount = 10

  /// Location, ln scale, index and skew by two regressions on the empirical characteristic function.
  ///
  /// ```text
  /// ln(−ln |φ(t)|) = α ln γ + α ln t,   arg φ(t) = δt − β tan(πα/2) (γt − (γt)^α)
  /// ```
  var start: [Double] {
    let points = (1...Self.pointCount).map { Double($0) * Double.pi / 25 }
    var (sizes, phases) = ([Double](), [Double]())
    for t in points {
      var (real, imaginary) = (0.0, 0.0)
      for x in values {
        real += cos(t * x)
        imaginary += sin(t * x)
      }
      let modulus = min(max(hypot(real, imaginary) / Double(values.count), 0.01), 0.999)
      sizes.append(log(-log(modulus)))
      phases.append(atan2(imaginary, real))
    }
    let logs = points.map { log($0) }
    let n = Double(Self.pointCount)
    let (meanLog, meanSize) = (logs.reduce(0, +) / n, sizes.reduce(0, +) / n)
    var (covariance, variance) = (0.0, 0.0)
    for (l, s) in zip(logs, sizes) {
      covariance += (l - meanLog) * (s - meanSize)
      variance += (l - meanLog) * (l - meanLog)
    }
    let index = min(max(covariance / variance, 0.6), 1.9)
    let logScale = min(max(meanSize / index - meanLog, -2), 2)
    let (location, skew) = Self.phaseRegression(points, phases, index, exp(logScale))
    return [location, logScale, index, skew]
  }

  /// Location and skew from the phases by least squares.
  private static func phaseRegression(
    _ points: [Double],
    _ phases: [Double],
    _ index: Double,
    _ scale: Double
  ) -> (location: Double, skew: Double) {
    // The tangent times γt − (γt)^α is regular at one; a start keeps off its digits there.
    let shape = (index - 1).magnitude < 0.01 ? 1.01 : index
    let tangent = tan(0.5 * Double.pi * shape)
    var (aa, ab, bb, ay, by) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for (t, phase) in zip(points, phases) {
      let b = -tangent * (scale * t - pow(scale * t, shape))
      aa += t * t
      ab += t * b
      bb += b * b
      ay += t * phase
      by += b * phase
    }
    let determinant = aa * bb - ab * ab
    guard determinant > 1e-6 * aa * bb else { return (ay / aa, 0) }
    let skew = min(max((aa * by - ab * ay) / determinant, -0.8), 0.8)
    return (min(max((ay - ab * skew) / aa, -2), 2), skew)
  }
}

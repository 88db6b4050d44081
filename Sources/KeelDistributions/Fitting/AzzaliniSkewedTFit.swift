// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// Newton's method in (μ, ln σ, ln ν, asinh α), the Hessian from differences of the gradient. The gradient is
// exact but for the slope of ln T(w; m) in m, a difference of fourth order whose error is some 1e-11. The
// likelihood may rise to an infinite slant in small samples: A. Azzalini and A. Capitanio (2003), section 5.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension AzzaliniSkewedT {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least degrees of freedom.
    public var lowestDegreesOfFreedom = 0.5

    /// The largest degrees of freedom, as of ``StudentT/FitSettings``: there the law is skew-normal.
    public var highestDegreesOfFreedom = 1000.0

    /// The largest magnitude of the slant: at 100 a sample cannot tell it from infinite.
    public var largestSlant = 100.0

    /// The largest number of steps; fifteen are usual.
    public var maximumIterations = 200

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 20

  /// Fits location, scale, degrees of freedom and slant to a sample by maximum likelihood.
  ///
  /// Samples of up to 500 observations are searched from three slants, as a second maximum is possible. At a
  /// bound the status says so, that of the degrees of freedom first, and the standard error there is NaN; others
  /// come from the observed information. Multiplying the sample by c multiplies location and scale by c within
  /// 1e-7.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no third of them equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - settings: Bounds and limits.
  ///   - start: A law near the fit, as that of a sample that overlaps: searched from first.
  /// - Returns: The law with `location`, `scale`, `degreesOfFreedom` and `slant` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills a third of the sample,
  ///   `DistributionsError.invalidValue` for settings without room,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a step, with some 45 probabilities of Student's law an observation.
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil,
    settings: FitSettings = FitSettings(),
    start: AzzaliniSkewedT? = nil
  ) throws(DistributionsError) -> DistributionFit<AzzaliniSkewedT> {
    try settings.validate()
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights), minimumCount: minimumObservationCount,
      repeatedShareDivisor: 3)
    let warm = start.map { law in
      [
        standardized.standardizedLocation(law.location),
        log(standardized.standardizedScale(law.scale)), log(law.degreesOfFreedom),
        asinh(law.slant),
      ]
    }
    let bound = asinh(settings.largestSlant)
    func search(_ point: [Double]) -> LikelihoodSearch {
      LikelihoodSearch(
        start: point,
        lowest: [-.infinity, -.infinity, log(settings.lowestDegreesOfFreedom), -bound],
        highest: [.infinity, .infinity, log(settings.highestDegreesOfFreedom), bound],
        maximumIterations: settings.maximumIterations, totalWeight: standardized.totalWeight
      ) { point in
        LikelihoodPoint.differenced(at: point) { likelihood(standardized, $0) }
      }
    }
    let best = LikelihoodSearch.search(
      from: [warm] + startingPoints, isSmall: standardized.values.count <= smallSampleCount, search)
    guard let best else { throw .notRepresentable(result: "logLikelihood") }
    return try result(best, standardized)
  }

  /// Four degrees of freedom and slants 0, 2 and −2, with the medians near 0.
  private static let startingPoints: [[Double]?] = [
    [0, 0.3, 1.386, 0], [-0.8, 0.5, 1.386, 1.44], [0.8, 0.5, 1.386, -1.44],
  ]

  /// Up to this size all starts are searched.
  private static let smallSampleCount = 500

  private static func result(
    _ search: LikelihoodSearch,
    _ sample: StandardizedSample
  ) throws(DistributionsError) -> DistributionFit<AzzaliniSkewedT> {
    let point = search.point
    let (location, scale) = try sample.restored(location: point[0], scale: exp(point[1]))
    let (degrees, slant) = (exp(point[2]), sinh(point[3]))
    let errors = search.standardErrors([
      [sample.restoredScale(1), 0, 0, 0], [0, scale, 0, 0], [0, 0, degrees, 0],
      [0, 0, 0, cosh(point[3])],
    ])
    return DistributionFit(
      law: try AzzaliniSkewedT(
        location: location, scale: scale, degreesOfFreedom: max(degrees, lowestDegreesOfFreedom),
        slant: slant),
      logLikelihood: search.totalWeight * (search.current.value - sample.logUnit),
      parameters: [
        FittedParameter(name: "location", value: location, standardError: errors[0]),
        FittedParameter(name: "scale", value: scale, standardError: errors[1]),
        FittedParameter(
          name: "degreesOfFreedom", value: degrees,
          standardError: search.isHeld(2) ? .nan : errors[2]),
        FittedParameter(
          name: "slant", value: slant, standardError: search.isHeld(3) ? .nan : errors[3]),
      ],
      observationCount: sample.values.count,
      totalWeight: search.totalWeight,
      iterations: search.iterations,
      status: search.status(shape: 2, 3)
    )
  }

  /// The mean log-likelihood and its gradient in (μ, ln σ, ln ν, asinh α).
  private static func likelihood(
    _ sample: StandardizedSample,
    _ point: [Double]
  ) -> (value: Double, gradient: [Double]) {
    let inverse = exp(-point[1])
    let (degrees, slant) = (exp(point[2]), sinh(point[3]))
    let normalizer = StudentTNormalizer(degreesOfFreedom: degrees)
    let perturbation = DegreesDerivative(degrees + 1)
    var (value, first, second, third, fourth) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for i in sample.values.indices {
      let mass = sample.weights[i]
      let z = (sample.values[i] - point[0]) * inverse
      let square = z * z
      let share = 1 / (degrees + square)
      let root = ((degrees + 1) * share).squareRoot()
      let w = slant * z * root
      let (logTail, hazard, slope) = perturbation(w)
      let logarithm = log1p(square / degrees)
      value += mass * (logTail - 0.5 * (degrees + 1) * logarithm)
      let fall = hazard * slant * root * degrees * share - (degrees + 1) * z * share
      first -= mass * fall
      second -= mass * z * fall
      third +=
        mass
        * (slope + 0.5 * hazard * w * (1 / (degrees + 1) - share) - 0.5 * logarithm
          + 0.5 * (degrees + 1) / degrees * square * share)
      fourth += mass * hazard * z * root
    }
    let n = sample.totalWeight
    let total = logOfTwo - point[1] + normalizer.value + value / n
    guard total.isFinite else { return (-.infinity, []) }
    return (
      total,
      [
        first * inverse / n, second / n - 1, degrees * (normalizer.derivatives.first + third / n),
        cosh(point[3]) * fourth / n,
      ]
    )
  }
}

/// ln T(w; m) with its slopes in w and m.
private struct DegreesDerivative {
  private let center: StandardStudentT
  private let neighbors: [StandardStudentT]
  private let step: Double

  /// The share of m in a step, at which the errors of truncation and rounding are alike.
  private static let relativeStep = 2e-3

  init(_ degrees: Double) {
    center = StandardStudentT(degreesOfFreedom: degrees)
    let step = Self.relativeStep * degrees
    self.step = step
    neighbors = [-2, -1, 1, 2].map { StandardStudentT(degreesOfFreedom: degrees + $0 * step) }
  }

  func callAsFunction(_ w: Double) -> (value: Double, hazard: Double, slope: Double) {
    let value = center.logSurvival(-w)
    let outer = neighbors[0].logSurvival(-w) - neighbors[3].logSurvival(-w)
    let inner = neighbors[2].logSurvival(-w) - neighbors[1].logSurvival(-w)
    return (value, exp(center.logPDF(w) - value), (8 * inner + outer) / (12 * step))
  }
}

extension AzzaliniSkewedT.FitSettings {
  fileprivate func validate() throws(DistributionsError) {
    try requireInside(
      lowestDegreesOfFreedom, AzzaliniSkewedT.lowestDegreesOfFreedom...1e6,
      "lowestDegreesOfFreedom")
    try requireRoom(
      highestDegreesOfFreedom, above: lowestDegreesOfFreedom, 1e6, "highestDegreesOfFreedom")
    try requireInside(largestSlant, 1...1000, "largestSlant")
    try requireIterations(maximumIterations)
  }
}

// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// Newton's method in (μ, ln σ, ln ν, ln γ) with exact gradients, the Hessian from their differences.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension FernandezSteelSkewedT {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least degrees of freedom, as of ``StudentT/FitSettings``.
    public var lowestDegreesOfFreedom = 0.5

    /// The largest degrees of freedom: at 1000 a sample cannot tell the sides from normal ones.
    public var highestDegreesOfFreedom = 1000.0

    /// The largest number of steps; ten are usual.
    public var maximumIterations = 200

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 20

  /// Fits location, scale, degrees of freedom and skew to a sample by maximum likelihood.
  ///
  /// The degrees of freedom stay between the bounds of the settings, the skew between 1/100 and 100: beyond,
  /// the sample is one-sided. At a bound the status says so, that of the degrees of freedom first, and the
  /// standard error there is NaN. Other standard errors come from the observed information. Multiplying
  /// the sample by c multiplies location and scale by c within 1e-7.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no third of them equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - settings: Bounds and limits.
  ///   - start: A law near the fit, as that of a sample that overlaps: searched from first.
  /// - Returns: The law with `location`, `scale`, `degreesOfFreedom` and `skew` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills a third of the sample,
  ///   `DistributionsError.invalidValue` for settings without room,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a step.
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil,
    settings: FitSettings = FitSettings(),
    start: FernandezSteelSkewedT? = nil
  ) throws(DistributionsError) -> DistributionFit<FernandezSteelSkewedT> {
    try settings.validate()
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights), minimumCount: minimumObservationCount,
      repeatedShareDivisor: 3)
    let bound = log(largestFittedSkew)
    var best: LikelihoodSearch?
    let warm = start.map { law in
      [
        standardized.standardizedLocation(law.location),
        log(standardized.standardizedScale(law.scale)), log(law.degreesOfFreedom), log(law.skew),
      ]
    }
    let cold = startingSkews.map { [0.9 * $0, 0.3, startingLogDegrees, $0] }
    for point in (warm.map { [$0] } ?? []) + cold {
      var search = LikelihoodSearch(
        start: point,
        lowest: [-.infinity, -.infinity, log(settings.lowestDegreesOfFreedom), -bound],
        highest: [.infinity, .infinity, log(settings.highestDegreesOfFreedom), bound],
        maximumIterations: settings.maximumIterations, totalWeight: standardized.totalWeight
      ) { point in
        LikelihoodPoint.differenced(at: point) { likelihood(standardized, $0) }
      }
      search.run()
      if search.current.value > best?.current.value ?? -.infinity { best = search }
      if standardized.values.count > smallSampleCount, search.converged { break }
    }
    guard let best else { throw .notRepresentable(result: "logLikelihood") }
    return try result(best, standardized)
  }

  /// The largest skew of a fit, whose inverse is the least one.
  ///
  /// The steep side's width, about the inverse square, has to be above the differences' step. All but 1e-4
  /// of the law is then on one side.
  private static let largestFittedSkew = 100.0

  /// Four degrees of freedom.
  private static let startingLogDegrees = 1.386

  /// Skews from which small samples are searched, as logarithms.
  private static let startingSkews = [0, -0.3, 0.3]

  /// Up to this size a sample may have a second maximum.
  private static let smallSampleCount = 200

  private static func result(
    _ search: LikelihoodSearch,
    _ sample: StandardizedSample
  ) throws(DistributionsError) -> DistributionFit<FernandezSteelSkewedT> {
    let point = search.point
    let scale = sample.restoredScale(exp(point[1]))
    let unit = sample.restoredScale(1)
    let location = sample.restoredLocation(point[0])
    guard scale > 0, scale.isFinite, location.isFinite else {
      throw .notRepresentable(result: "scale")
    }
    let (degrees, skew) = (exp(point[2]), exp(point[3]))
    let errors = search.standardErrors([
      [unit, 0, 0, 0], [0, scale, 0, 0], [0, 0, degrees, 0], [0, 0, 0, skew],
    ])
    return DistributionFit(
      law: try FernandezSteelSkewedT(
        location: location, scale: scale, degreesOfFreedom: degrees, skew: skew),
      logLikelihood: search.totalWeight * (search.current.value - sample.logUnit),
      parameters: [
        FittedParameter(name: "location", value: location, standardError: errors[0]),
        FittedParameter(name: "scale", value: scale, standardError: errors[1]),
        FittedParameter(
          name: "degreesOfFreedom", value: degrees,
          standardError: search.isHeld(2) ? .nan : errors[2]),
        FittedParameter(
          name: "skew", value: skew, standardError: search.isHeld(3) ? .nan : errors[3]),
      ],
      observationCount: sample.values.count,
      totalWeight: search.totalWeight,
      iterations: search.iterations,
      status: search.status(shape: 2, 3)
    )
  }

  /// The mean log-likelihood and its gradient in (μ, ln σ, ln ν, ln γ).
  private static func likelihood(
    _ sample: StandardizedSample,
    _ point: [Double]
  ) -> (value: Double, gradient: [Double]) {
    let inverse = exp(-point[1])
    let degrees = exp(point[2])
    let skew = exp(point[3])
    let n = sample.totalWeight
    let normalizer = StudentTNormalizer(degreesOfFreedom: degrees)
    var (logarithms, fraction) = (0.0, 0.0)
    var (first, second, fourth) = (0.0, 0.0, 0.0)
    for i in sample.values.indices {
      let mass = sample.weights[i]
      let z = (sample.values[i] - point[0]) * inverse
      let isAbove = z >= 0
      let stretch = isAbove ? 1 / skew : skew
      let y = z * stretch
      let square = y * y
      let share = 1 / (degrees + square)
      logarithms += mass * log1p(square / degrees)
      fraction += mass * square * share
      let weight = mass * (degrees + 1) * share
      first += weight * y * stretch
      second += weight * square
      fourth += isAbove ? weight * square : -weight * square
    }
    let sum = skew + 1 / skew
    let value =
      logOfTwo - log(sum) + normalizer.value - point[1] - 0.5 * (degrees + 1) * logarithms / n
    guard value.isFinite else { return (-.infinity, []) }
    let slope =
      normalizer.derivatives.first - 0.5 * logarithms / n
      + 0.5 * (degrees + 1) / degrees * fraction / n
    return (
      value,
      [
        first * inverse / n, second / n - 1, degrees * slope,
        fourth / n - (skew - 1 / skew) / sum,
      ]
    )
  }
}

extension FernandezSteelSkewedT.FitSettings {
  private static var allowedDegrees: ClosedRange<Double> { 0.1...1e6 }

  fileprivate func validate() throws(DistributionsError) {
    try requireInside(
      lowestDegreesOfFreedom, Self.allowedDegrees, "lowestDegreesOfFreedom")
    guard highestDegreesOfFreedom > lowestDegreesOfFreedom,
      highestDegreesOfFreedom <= Self.allowedDegrees.upperBound
    else {
      throw .invalidValue(
        argument: "highestDegreesOfFreedom", got: highestDegreesOfFreedom,
        lowest: lowestDegreesOfFreedom, highest: Self.allowedDegrees.upperBound)
    }
    guard maximumIterations >= 1 else {
      throw .invalidValue(
        argument: "maximumIterations", got: Double(maximumIterations), lowest: 1,
        highest: Double(Int.max))
    }
  }
}

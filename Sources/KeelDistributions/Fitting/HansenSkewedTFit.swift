// Goals in order: the maximum found or the reason said, speed.
//
// Newton's method in (ln(ν − 2), atanh λ) with exact gradients, the Hessian from their differences.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension HansenSkewedT {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least degrees of freedom, above 2: there the variance, fixed at one, is that of ever fewer draws.
    public var lowestDegreesOfFreedom = 2.05

    /// The largest degrees of freedom, as of ``StudentT/FitSettings``.
    public var highestDegreesOfFreedom = 1000.0

    /// The largest number of steps; ten are usual.
    public var maximumIterations = 200

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 10

  /// The largest magnitude of the asymmetry in a fit.
  public static let largestFittedAsymmetry = 0.99

  /// Fits degrees of freedom and asymmetry to standardized residuals by maximum likelihood.
  ///
  /// The law has mean 0 and variance 1, and so should the sample: it is neither centered nor scaled here. A law
  /// of this shape with free location and scale is ``FernandezSteelSkewedT``. At a bound the status says so, that
  /// of the degrees of freedom first, and the standard error there is NaN; others come from the observed
  /// information.
  ///
  /// Samples of up to 500 observations are searched from ten starts, as the asymmetry at its bound may be a second
  /// maximum; larger ones from two, of which the second where the first does not converge.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers of magnitude at most 1e100.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - settings: Bounds and limits.
  ///   - start: A law near the fit, as that of a sample that overlaps: searched from first.
  /// - Returns: The law with `degreesOfFreedom` and `asymmetry` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.invalidValue` for settings without room.
  /// - Complexity: O(n) a step.
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil,
    settings: FitSettings = FitSettings(),
    start: HansenSkewedT? = nil
  ) throws(DistributionsError) -> DistributionFit<HansenSkewedT> {
    try settings.validate()
    let observations = try WeightedObservations(sample, weights)
    let count = observations.values.count
    guard count >= minimumObservationCount else {
      throw .tooFewObservations(got: count, required: minimumObservationCount)
    }
    if let index = observations.values.firstIndex(where: {
      !($0.magnitude <= StandardizedSample.largestDeviation)
    }) {
      throw .invalidObservation(
        argument: "sample", index: observations.originalIndex(index),
        got: observations.values[index])
    }
    let bound = atanh(largestFittedAsymmetry)
    let warm = start.map { [log($0.degreesOfFreedom - 2), atanh($0.asymmetry)] }
    let isSmall = count <= smallSampleCount
    let starts = [warm] + startingPoints + (isSmall ? slantedPoints : [])
    let best = LikelihoodSearch.search(from: starts, isSmall: isSmall) { point in
      LikelihoodSearch(
        start: point, lowest: [log(settings.lowestDegreesOfFreedom - 2), -bound],
        highest: [log(settings.highestDegreesOfFreedom - 2), bound],
        maximumIterations: settings.maximumIterations, totalWeight: observations.total
      ) { point in
        LikelihoodPoint.differenced(at: point) { likelihood(observations, $0) }
      }
    }
    guard let search = best else { throw .notRepresentable(result: "logLikelihood") }
    let (degrees, asymmetry) = (2 + exp(search.point[0]), tanh(search.point[1]))
    let errors = search.standardErrors([[degrees - 2, 0], [0, 1 - asymmetry * asymmetry]])
    return DistributionFit(
      law: try HansenSkewedT(degreesOfFreedom: degrees, asymmetry: asymmetry),
      logLikelihood: search.totalWeight * search.current.value,
      parameters: [
        FittedParameter(
          name: "degreesOfFreedom", value: degrees,
          standardError: search.isHeld(0) ? .nan : errors[0]),
        FittedParameter(
          name: "asymmetry", value: asymmetry, standardError: search.isHeld(1) ? .nan : errors[1]),
      ],
      observationCount: count,
      totalWeight: search.totalWeight,
      iterations: search.iterations,
      status: search.status(shape: 0, 1)
    )
  }

  /// Six degrees of freedom, and 30.
  private static let startingPoints: [[Double]?] = [[1.386, 0], [3.332, 0]]

  /// Asymmetries of either sign: ±½ and ±0.95 with four degrees of freedom, the largest with six, and ±0.9 with
  /// a hundred.
  private static let slantedPoints: [[Double]?] = [
    [0.693, 0.549], [0.693, -0.549], [0.693, 1.832], [0.693, -1.832], [1.386, 2.7], [1.386, -2.7],
    [4.585, 1.472], [4.585, -1.472],
  ]

  /// Up to this size all starts are searched.
  private static let smallSampleCount = 500

  /// The mean log-likelihood and its gradient in (ln(ν − 2), atanh λ).
  private static func likelihood(
    _ sample: WeightedObservations,
    _ point: [Double]
  ) -> (value: Double, gradient: [Double]) {
    let (less, lambda) = (exp(point[0]), tanh(point[1]))
    let degrees = less + 2
    let normalizer = StudentTNormalizer(degreesOfFreedom: degrees)
    let logC = normalizer.value + 0.5 * log(degrees / less)
    let slopeC = normalizer.derivatives.first - 1 / (degrees * less)
    // a over λ, a and b with their slopes in ν and λ.
    let rate = 4 * exp(logC) * less / (degrees - 1)
    let a = lambda * rate
    let b = (1 + 3 * lambda * lambda - a * a).squareRoot()
    let aNu = a * (slopeC + 1 / (less * (degrees - 1)))
    let (bNu, bLambda) = (-a * aNu / b, (3 * lambda - a * rate) / b)
    var (logarithms, nu, skew) = (0.0, 0.0, 0.0)
    for i in sample.values.indices {
      let mass = sample.weights[i]
      let z = sample.values[i]
      let shifted = b * z + a
      let sign = shifted < 0 ? -1.0 : 1
      let side = 1 + sign * lambda
      let y = shifted / side
      let share = y / (less + y * y)
      let logarithm = log1p(y * y / less)
      let yNu = (bNu * z + aNu) / side
      let yLambda = (bLambda * z + rate - sign * y) / side
      logarithms += mass * logarithm
      nu += mass * (0.5 * (degrees + 1) * y * share / less - (degrees + 1) * share * yNu)
      skew -= mass * (degrees + 1) * share * yLambda
    }
    let n = sample.total
    let value = log(b) + logC - 0.5 * (degrees + 1) * logarithms / n
    guard value.isFinite else { return (-.infinity, []) }
    return (
      value,
      [
        less * (bNu / b + slopeC + (nu - 0.5 * logarithms) / n),
        (1 - lambda * lambda) * (bLambda / b + skew / n),
      ]
    )
  }
}

extension HansenSkewedT.FitSettings {
  private static var allowedDegrees: ClosedRange<Double> { 2.001...1e6 }

  fileprivate func validate() throws(DistributionsError) {
    try requireInside(lowestDegreesOfFreedom, Self.allowedDegrees, "lowestDegreesOfFreedom")
    try requireRoom(
      highestDegreesOfFreedom, above: lowestDegreesOfFreedom, Self.allowedDegrees.upperBound,
      "highestDegreesOfFreedom")
    try requireIterations(maximumIterations)
  }
}

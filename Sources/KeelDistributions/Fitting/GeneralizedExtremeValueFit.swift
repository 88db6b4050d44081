// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// Newton's method in (μ, ln σ, ξ) with exact gradients, the Hessian from their differences. R. L.
// Smith, Maximum likelihood estimation in a class of nonregular cases, Biometrika 72 (1985).

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension GeneralizedExtremeValue {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least shape: at −½ and below the standard errors of maximum likelihood do not exist, and
    /// below −1 the likelihood is unbounded.
    public var lowestShape = -0.5

    /// The largest shape: at 2 the tail has no mean by far.
    public var highestShape = 2.0

    /// The largest number of steps; ten are usual.
    public var maximumIterations = 200

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 10

  /// Fits location, scale and shape to a sample of maxima by maximum likelihood.
  ///
  /// The shape stays between the bounds of the settings; at a bound the status says so and its standard
  /// error is NaN. Other standard errors come from the observed information. Multiplying the sample by c
  /// multiplies location and scale by c within 1e-8.
  ///
  /// The search has one start: in 1000 simulated samples each of 30, 100 and 500 observations with shapes from −0.7 to
  /// 2, others found no likelier law.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no half of them equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - settings: Bounds and limits.
  ///   - start: A law near the fit, as that of a sample that overlaps: searched from first.
  /// - Returns: The law with `location`, `scale` and `shape` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills half of the sample,
  ///   `DistributionsError.invalidValue` for settings without room,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a step.
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil,
    settings: FitSettings = FitSettings(),
    start: GeneralizedExtremeValue? = nil
  ) throws(DistributionsError) -> DistributionFit<GeneralizedExtremeValue> {
    try settings.validate()
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights), minimumCount: minimumObservationCount,
      repeatedShareDivisor: 2)
    let cold = startingPoint(standardized.values, settings)
    let warm = start.map { law in
      [
        standardized.standardizedLocation(law.location),
        log(standardized.standardizedScale(law.scale)), law.shape,
      ]
    }
    let best = LikelihoodSearch.first(from: [warm, cold]) { point in
      LikelihoodSearch(
        start: point,
        lowest: [-.infinity, -.infinity, settings.lowestShape],
        highest: [.infinity, .infinity, settings.highestShape],
        maximumIterations: settings.maximumIterations, totalWeight: standardized.totalWeight
      ) { point in
        LikelihoodPoint.differenced(at: point) { likelihood(standardized, $0) }
      }
    }
    guard let search = best else { throw .notRepresentable(result: "logLikelihood") }
    let scale = standardized.restoredScale(exp(search.point[1]))
    let unit = standardized.restoredScale(1)
    let location = standardized.restoredLocation(search.point[0])
    guard scale > 0, scale.isFinite, location.isFinite else {
      throw .notRepresentable(result: "scale")
    }
    let shape = search.point[2]
    let errors = search.standardErrors([[unit, 0, 0], [0, scale, 0], [0, 0, 1]])
    return DistributionFit(
      law: try GeneralizedExtremeValue(location: location, scale: scale, shape: shape),
      logLikelihood: search.totalWeight * (search.current.value - standardized.logUnit),
      parameters: [
        FittedParameter(name: "location", value: location, standardError: errors[0]),
        FittedParameter(name: "scale", value: scale, standardError: errors[1]),
        FittedParameter(
          name: "shape", value: shape, standardError: search.isHeld(2) ? .nan : errors[2]),
      ],
      observationCount: standardized.values.count,
      totalWeight: search.totalWeight,
      iterations: search.iterations,
      status: search.status(shape: 2)
    )
  }

  /// The law of shape 0 with median 0 and median absolute deviation 1.
  private static let gumbelStart = [-0.478, 0.265, 0]

  /// The start with a shape between the bounds, and a scale with which its support holds the sample.
  private static func startingPoint(_ values: [Double], _ settings: FitSettings) -> [Double] {
    var point = gumbelStart
    let shape = min(max(point[2], settings.lowestShape), settings.highestShape)
    point[2] = shape
    let reach = values.reduce(0) { max($0, -shape * ($1 - point[0])) }
    point[1] = max(point[1], log(supportMargin * reach))
    return point
  }

  /// How much wider than the sample the support of the start is.
  private static let supportMargin = 1.1

  /// The mean log-likelihood and its gradient in (μ, ln σ, ξ).
  private static func likelihood(
    _ sample: StandardizedSample,
    _ point: [Double]
  ) -> (value: Double, gradient: [Double]) {
    let shape = point[2]
    let inverse = exp(-point[1])
    let n = sample.totalWeight
    var sum = 0.0
    var (first, second, third) = (0.0, 0.0, 0.0)
    for i in sample.values.indices {
      let mass = sample.weights[i]
      let z = (sample.values[i] - point[0]) * inverse
      let u = 1 + shape * z
      guard u > 0 else { return (-.infinity, []) }
      let level = StretchedLogarithm(z, shape: shape)
      let t = exp(-level.value)
      // The derivative in L.
      let slope = t - (1 + shape)
      sum -= mass * ((1 + shape) * level.value + t)
      first -= mass * (slope / u)
      second -= mass * (slope * z / u)
      third += mass * (slope * level.slope - level.value)
    }
    return (sum / n - point[1], [first * inverse / n, second / n - 1, third / n])
  }
}

extension GeneralizedExtremeValue.FitSettings {
  private static var allowedShape: ClosedRange<Double> { -0.99...10 }

  fileprivate func validate() throws(DistributionsError) {
    try requireInside(lowestShape, Self.allowedShape, "lowestShape")
    guard highestShape > lowestShape, highestShape <= Self.allowedShape.upperBound else {
      throw .invalidValue(
        argument: "highestShape", got: highestShape, lowest: lowestShape,
        highest: Self.allowedShape.upperBound)
    }
    guard maximumIterations >= 1 else {
      throw .invalidValue(
        argument: "maximumIterations", got: Double(maximumIterations), lowest: 1,
        highest: Double(Int.max))
    }
  }
}

// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// Newton's method in mean, ln deviation, κ, ln ω and λ with exact derivatives.
// The likelihood has a long flat ridge in (ω, λ): laws of other orders fit nearly as well, and the normal law,
// Student's t and the variance gamma law are at its ends. Bounds keep the search away from them.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension GeneralizedHyperbolic {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least product δγ: below it the law is, but for a small δ, one of the variance gamma laws for a
    /// positive order and of Student's t for a negative one.
    public var lowestConcentration = 1e-4

    /// The largest product δγ, as of ``NormalInverseGaussianLaw/FitSettings``: there the law is normal.
    public var highestConcentration = 1000.0

    /// The largest magnitude of the order: beyond it the order cannot be told from other shapes.
    public var largestOrder = 10.0

    /// The largest number of steps of a start; twenty are usual.
    public var maximumIterations = 200

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 20

  /// Fits the five parameters to a sample by maximum likelihood.
  ///
  /// Without a start the best of the searches from the orders −2, −½ and 1 is returned. At a bound the status says
  /// so: that of δγ, where the standard error of `scale` is NaN and a limit law fits as well (normal at the
  /// upper one; at the lower one variance gamma for a positive order, Student's t for a negative one), else that of
  /// the order, whose standard error is NaN. Other standard errors come from the observed information; a large one
  /// of the order is the usual sign of the flat ridge: a law of a fixed order then fits as well, and intervals of the
  /// standard errors hold the truth too seldom. Those of
  /// ``DistributionFit/likelihoodIntervals(of:weights:settings:level:)`` do not. Multiplying the
  /// sample by c multiplies location and scale by c, and divides steepness and asymmetry by it, within 1e-6.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no third of them equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - settings: Bounds and limits.
  ///   - start: A law near the fit, as that of a sample that overlaps: the search from it alone counts when it
  ///     converges.
  /// - Returns: The law with `location`, `scale`, `order`, `steepness` and `asymmetry` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills a third of the sample,
  ///   `DistributionsError.invalidValue` for settings without room,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a step, with some 40 exponentials an observation; large samples take a
  ///   polynomial instead.
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil,
    settings: FitSettings = FitSettings(),
    start: GeneralizedHyperbolic? = nil
  ) throws(DistributionsError) -> DistributionFit<GeneralizedHyperbolic> {
    try settings.validate()
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights), minimumCount: minimumObservationCount,
      repeatedShareDivisor: 3)
    let likelihood = MeanVarianceLikelihood<InverseGaussianMixtureDensity>(standardized)
    func search(_ point: [Double]) -> LikelihoodSearch {
      LikelihoodSearch(
        start: point, lowest: settings.lowest, highest: settings.highest,
        maximumIterations: settings.maximumIterations, totalWeight: standardized.totalWeight,
        evaluate: likelihood.evaluate)
    }
    var best: LikelihoodSearch?
    if let start, start.mean.isFinite {
      best = LikelihoodSearch.best(from: [coordinates(of: start, in: standardized)], search)
    }
    if best?.converged != true {
      let moments = likelihood.start
      best = LikelihoodSearch.best(from: startingShapes.map { moments + $0 }, search)
    }
    guard let best else { throw .notRepresentable(result: "logLikelihood") }
    return try result(best, standardized)
  }

  /// ln ω and λ of the starts.
  private static let startingShapes: [[Double]] = [[0, -0.5], [-1, -2], [0, 1]]

  /// (m, ln s, κ, ln ω, λ) of a law in the unit of a standardized sample.
  static func coordinates(
    of law: GeneralizedHyperbolic,
    in sample: StandardizedSample
  ) -> [Double] {
    let omega = law.standard.concentration
    let rootMean = exp(0.5 * InverseGaussianMean(shapes: [log(omega), law.order]).logMean)
    let deviation = sample.standardizedScale(law.unit * rootMean)
    return [
      sample.standardizedLocation(law.mean), log(deviation), law.standard.drift * rootMean,
      log(omega), law.order,
    ]
  }

  private static func result(
    _ search: LikelihoodSearch,
    _ sample: StandardizedSample
  ) throws(DistributionsError) -> DistributionFit<GeneralizedHyperbolic> {
    let point = search.point
    let (s, kappa, omega) = (exp(point[1]), point[2], exp(point[3]))
    let mixing = InverseGaussianMean(shapes: Array(point[3...]))
    let (mean, slopes) = (exp(mixing.logMean), mixing.derivatives.first)
    let delta = s * (omega / mean).squareRoot()
    let alpha = (omega * mean + kappa * kappa).squareRoot() / s
    let (location, scale) = try sample.restored(location: point[0] - s * kappa, scale: delta)
    let unit = sample.restoredScale(1)
    guard unit > 0, (alpha / unit).isFinite else { throw .notRepresentable(result: "steepness") }
    let spread = omega * mean / (2 * s * s * alpha)
    let errors = search.standardErrors([
      [1, -s * kappa, -s, 0, 0].map { unit * $0 },
      [0, 1, 0, 0.5 * (1 - slopes.x), -0.5 * slopes.y].map { scale * $0 },
      [0, 0, 0, 0, 1],
      [0, -alpha, kappa / (s * s * alpha), spread * (1 + slopes.x), spread * slopes.y]
        .map { $0 / unit },
      [0, -kappa / s, 1 / s, 0, 0].map { $0 / unit },
    ])
    let law = try GeneralizedHyperbolic(
      location: location, scale: scale, order: point[4], steepness: alpha / unit,
      asymmetry: kappa / s / unit)
    return DistributionFit(
      law: law,
      logLikelihood: search.totalWeight * (search.current.value - sample.logUnit),
      parameters: [
        FittedParameter(name: "location", value: location, standardError: errors[0]),
        FittedParameter(
          name: "scale", value: scale, standardError: search.isHeld(3) ? .nan : errors[1]),
        FittedParameter(
          name: "order", value: point[4], standardError: search.isHeld(4) ? .nan : errors[2]),
        FittedParameter(name: "steepness", value: law.steepness, standardError: errors[3]),
        FittedParameter(name: "asymmetry", value: law.asymmetry, standardError: errors[4]),
      ],
      observationCount: sample.values.count,
      totalWeight: search.totalWeight,
      iterations: search.iterations,
      status: search.status(shape: 3, 4, 2)
    )
  }
}

extension GeneralizedHyperbolic.FitSettings {
  /// At so large an asymmetry one tail is gone.
  private static let largestAsymmetry = 20.0

  /// The bounds of the coordinates.
  var lowest: [Double] {
    [-.infinity, -.infinity, -Self.largestAsymmetry, log(lowestConcentration), -largestOrder]
  }

  var highest: [Double] {
    [.infinity, .infinity, Self.largestAsymmetry, log(highestConcentration), largestOrder]
  }

  func validate() throws(DistributionsError) {
    try requireInside(lowestConcentration, 1e-6...100, "lowestConcentration")
    try requireRoom(highestConcentration, above: lowestConcentration, 1e5, "highestConcentration")
    try requireInside(largestOrder, 0.5...50, "largestOrder")
    try requireIterations(maximumIterations)
  }
}

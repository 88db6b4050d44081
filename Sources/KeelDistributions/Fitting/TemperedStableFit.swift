// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// The coordinates are nearly orthogonal: mean, ln deviation, index, both temperings in deviations and the share of the
// variance. First steps take the mean outer product of the scores for the Hessian, so that each is one likelihood (E.
// Berndt, B. Hall, R. Hall and J. Hausman, Estimation and inference in nonlinear structural models, Annals of Economic
// and Social Measurement 3 (1974)). Newton's method with differences of the exact gradient ends the search, and its Hessian
// is the observed information; errors by the outer products are up to half as wide again along the ridge of index and temperings.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension TemperedStable {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least index: below it the density has a peak that is narrower than the distance of observations.
    public var lowestIndex = 0.1

    /// The largest index: near two the law is normal with few jumps.
    public var highestIndex = 1.95

    /// The least tempering times the standard deviation: an excess kurtosis of some thousands.
    public var lowestTempering = 0.02

    /// The largest tempering times the standard deviation: that tail is normal to some 10⁴ observations.
    public var highestTempering = 20.0

    /// The least share of the variance of either side.
    public var lowestShare = 0.005

    /// The largest number of steps of each stage of the search; some twenty are usual in all.
    public var maximumIterations = 100

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 100

  /// Fits the six parameters to a sample by maximum likelihood.
  ///
  /// Without a start the better of two searches is returned, from laws of the first four moments with indices
  /// on either side of one. Index, temperings and shares stay between the bounds of the settings; at a bound
  /// the status says so. Index and temperings are nearly collinear: of a sample of some thousand returns
  /// the index is known to some tenths at best. Standard errors come from the observed information; a coordinate at a
  /// bound counts as known. Intervals of intensities and temperings hold the truth as stated when they are taken of
  /// logarithms. Multiplying the sample by c multiplies the location by c, divides temperings by it and multiplies
  /// intensities by `c^index`, within 1e-8 where the search converged.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no third of them equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - settings: Bounds and limits.
  ///   - start: A law near the fit, as that of a sample that overlaps: the search from it alone counts when it
  ///     converges.
  /// - Returns: The law with `index`, `upperIntensity`, `lowerIntensity`, `upperTempering`, `lowerTempering` and
  ///   `location` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills a third of the sample,
  ///   `DistributionsError.invalidValue` for settings without room,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a likelihood, with some twenty points for the law; some forty-five likelihoods in all.
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil,
    settings: FitSettings = FitSettings(),
    start: TemperedStable? = nil
  ) throws(DistributionsError) -> DistributionFit<TemperedStable> {
    try settings.validate()
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights), minimumCount: minimumObservationCount,
      repeatedShareDivisor: 3)
    let likelihood = TemperedStableLikelihood(sample: standardized)
    var best: LikelihoodSearch?
    if let start, let point = coordinates(of: start, in: standardized) {
      best = search(from: [point], likelihood, settings)
    }
    if best?.converged != true {
      let starts = likelihood.starts(lowest: settings.lowest, highest: settings.highest)
      best = search(from: starts, likelihood, settings)
    }
    guard let best else { throw .notRepresentable(result: "logLikelihood") }
    return try result(best, standardized)
  }

  /// The best of some first steps from each start, followed to its end.
  private static func search(
    from starts: [[Double]],
    _ likelihood: TemperedStableLikelihood,
    _ settings: FitSettings
  ) -> LikelihoodSearch? {
    func make(
      _ point: [Double], _ limit: Int, _ evaluate: @escaping ([Double]) -> LikelihoodPoint
    ) -> LikelihoodSearch {
      LikelihoodSearch(
        start: point, lowest: settings.lowest, highest: settings.highest,
        maximumIterations: min(limit, settings.maximumIterations),
        totalWeight: likelihood.sample.totalWeight, evaluate: evaluate)
    }
    func scored(_ point: [Double]) -> LikelihoodPoint {
      let (value, gradient, products) = likelihood.evaluate(point)
      guard value.isFinite else { return .outside }
      return LikelihoodPoint(value: value, gradient: gradient, hessian: products.map { -$0 })
    }
    var best = LikelihoodSearch.best(from: starts) { make($0, firstSteps, scored) }
    guard let first = best else { return best }
    best = LikelihoodSearch.best(from: [first.point]) { make($0, scoredSteps, scored) }
    guard let second = best else { return best }
    let last = LikelihoodSearch.best(from: [second.point]) { point in
      make(point, settings.maximumIterations) { point in
        LikelihoodPoint.differenced(at: point, isCentral: false) { point in
          let (value, gradient, _) = likelihood.evaluate(point)
          return (value, gradient)
        }
      }
    }
    return last ?? best
  }

  /// Steps from which the better of the starts is seen.
  private static let firstSteps = 6

  /// Further steps by outer products.
  private static let scoredSteps = 8

  private static func coordinates(
    of law: TemperedStable,
    in sample: StandardizedSample
  ) -> [Double]? {
    let (up, down) = (law.standard.upper, law.standard.lower)
    guard up.activity > 0, down.activity > 0 else { return nil }
    let odds =
      log(up.activity / down.activity) - 2 * log(up.tempering) + 2 * log(down.tempering)
    return [
      sample.standardizedLocation(law.location), log(sample.standardizedScale(law.unit)),
      law.index, log(up.tempering), log(down.tempering), odds,
    ]
  }

  private static func result(
    _ search: LikelihoodSearch,
    _ sample: StandardizedSample
  ) throws(DistributionsError) -> DistributionFit<TemperedStable> {
    let point = search.point
    let unit = sample.restoredScale(1)
    let (location, deviation) = try sample.restored(location: point[0], scale: exp(point[1]))
    let index = point[2]
    let logGamma = SpecialFunctions.logGamma(2 - index)
    func intensity(_ logTempering: Double, _ logOdds: Double) -> Double {
      exp(index * log(deviation) + (2 - index) * logTempering - logGamma - log1p(exp(-logOdds)))
    }
    let law = try TemperedStable(
      index: index, upperIntensity: intensity(point[3], point[5]),
      lowerIntensity: intensity(point[4], -point[5]),
      upperTempering: exp(point[3]) / deviation, lowerTempering: exp(point[4]) / deviation,
      location: location)
    let (up, down) = (law.upperIntensity, law.lowerIntensity)
    // d ln c/dα, with Γ'(2 − α).
    let slope = log(deviation) + SpecialFunctions.digamma(2 - index)
    let share = 1 / (1 + exp(-point[5]))
    let errors = search.standardErrors([
      [0, 0, 1, 0, 0, 0],
      [0, index, slope - point[3], 2 - index, 0, 1 - share].map { $0 * up },
      [0, index, slope - point[4], 0, 2 - index, -share].map { $0 * down },
      [0, -1, 0, 1, 0, 0].map { $0 * law.upperTempering },
      [0, -1, 0, 0, 1, 0].map { $0 * law.lowerTempering },
      [unit, 0, 0, 0, 0, 0],
    ])
    let names = [
      "index", "upperIntensity", "lowerIntensity", "upperTempering", "lowerTempering", "location",
    ]
    let values = [index, up, down, law.upperTempering, law.lowerTempering, location]
    return DistributionFit(
      law: law,
      logLikelihood: search.totalWeight * (search.current.value - sample.logUnit),
      parameters: names.indices.map {
        FittedParameter(name: names[$0], value: values[$0], standardError: errors[$0])
      },
      observationCount: sample.values.count,
      totalWeight: search.totalWeight,
      iterations: search.iterations,
      status: search.status(shape: 2, 3, 4, 5)
    )
  }
}

extension TemperedStable.FitSettings {
  /// The bounds of the coordinates of the likelihood.
  fileprivate var lowest: [Double] {
    [
      -.infinity, -.infinity, lowestIndex, log(lowestTempering), log(lowestTempering),
      log(lowestShare / (1 - lowestShare)),
    ]
  }

  fileprivate var highest: [Double] {
    [
      .infinity, .infinity, highestIndex, log(highestTempering), log(highestTempering),
      -log(lowestShare / (1 - lowestShare)),
    ]
  }

  /// The reach of the differences of gradients.
  private static let margin = 0.01

  fileprivate func validate() throws(DistributionsError) {
    let margin = Self.margin
    let allowed = TemperedStable.allowedIndex
    try requireInside(
      lowestIndex, (allowed.lowerBound + margin)...(allowed.upperBound - 2 * margin), "lowestIndex")
    try requireInside(
      highestIndex, (lowestIndex + margin)...(allowed.upperBound - margin), "highestIndex")
    try requireInside(lowestTempering, 1e-3...1e3, "lowestTempering")
    try requireInside(
      highestTempering, (lowestTempering * (1 + margin))...(1e3 * (1 + margin)), "highestTempering")
    try requireInside(lowestShare, 1e-6...0.49, "lowestShare")
    try requireIterations(maximumIterations)
  }
}

// Goals in order: the maximum found, scale equivariance, speed.
//
// Newton's method in (μ, ln s) with exact second derivatives: with t = tanh(z/2) the slope of the
// log-density in z is −t and its curvature −(1 − t²)/2.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Logistic {
  /// The least number of observations of a fit.
  public static let minimumObservationCount = 10

  /// Fits location and scale to a sample by maximum likelihood.
  ///
  /// The log-density is concave in location over scale and one over scale, so that there is one maximum.
  /// Standard errors come from the observed information. Multiplying the sample by c multiplies location and
  /// scale by c within 1e-8.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no half of them equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  /// - Returns: The law with `location` and `scale` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills half of the sample,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a step; some six steps.
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil
  ) throws(DistributionsError) -> DistributionFit<Logistic> {
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights), minimumCount: minimumObservationCount,
      repeatedShareDivisor: 2)
    var search = LikelihoodSearch(
      start: [0, startingLogScale],
      lowest: [-.infinity, -.infinity], highest: [.infinity, .infinity],
      maximumIterations: maximumIterations, totalWeight: standardized.totalWeight
    ) { likelihood(standardized, $0) }
    search.run()
    let (location, scale) = try standardized.restored(
      location: search.point[0], scale: exp(search.point[1]))
    let errors = search.standardErrors([[standardized.restoredScale(1), 0], [0, scale]])
    return DistributionFit(
      law: try Logistic(location: location, scale: scale),
      logLikelihood: search.totalWeight * (search.current.value - standardized.logUnit),
      parameters: [
        FittedParameter(name: "location", value: location, standardError: errors[0]),
        FittedParameter(name: "scale", value: scale, standardError: errors[1]),
      ],
      observationCount: standardized.values.count,
      totalWeight: search.totalWeight,
      iterations: search.iterations,
      status: search.converged ? .converged : .iterationLimit
    )
  }

  /// −ln ln 3: the law with median absolute deviation 1.
  private static let startingLogScale = -0.094_047_827_614_2

  /// Six are usual; an outlier of 1e100 spreads takes its logarithm.
  private static let maximumIterations = 1000

  private static func likelihood(_ sample: StandardizedSample, _ point: [Double]) -> LikelihoodPoint
  {
    let inverse = exp(-point[1])
    var (value, first, second) = (0.0, 0.0, 0.0)
    var (ww, wz, zz) = (0.0, 0.0, 0.0)
    for i in sample.values.indices {
      let mass = sample.weights[i]
      let z = (sample.values[i] - point[0]) * inverse
      let size = z.magnitude
      value -= mass * (size + 2 * log1p(exp(-size)))
      let t = tanh(0.5 * z)
      let bend = 0.5 * (1 - t) * (1 + t)
      first += mass * t
      second += mass * z * t
      ww += mass * bend
      wz += mass * z * bend
      zz += mass * z * z * bend
    }
    let n = sample.totalWeight
    guard value.isFinite else { return .outside }
    let mixed = -(first + wz) * inverse / n
    return LikelihoodPoint(
      value: value / n - point[1], gradient: [first * inverse / n, second / n - 1],
      hessian: [-ww * inverse * inverse / n, mixed, mixed, -(second + zz) / n])
  }
}

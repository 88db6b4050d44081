// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// Newton's method in mean, ln deviation, κ and ln λ with exact derivatives. At its location the density has a kink for order 1 and no second derivative up to 3/2, where Newton's method may
// stop short of the maximum: then the location is found by Brent's method, with the other three at their best for
// each.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension VarianceGammaLaw {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least order, from 1, where the law is Laplace's, symmetric or not: below it the likelihood has a cusp
    /// at every observation, and up to ½ it is unbounded.
    public var lowestOrder = 1.0

    /// The largest order: at 100 the excess kurtosis is 0.03, and the law normal to a sample of some 10⁴
    /// observations.
    public var highestOrder = 100.0

    /// The largest number of steps; twenty are usual.
    public var maximumIterations = 200

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 20

  /// Fits the four parameters to a sample by maximum likelihood.
  ///
  /// The order stays between the bounds of the settings; at a bound the status says so and its standard error is
  /// NaN. Others come from the outer products of the scores, which exist where second derivatives do not.
  /// Multiplying the sample by c multiplies the location by c, and divides steepness and asymmetry by it, within
  /// 1e-6.
  ///
  /// Samples of up to 500 observations are searched from nine starts, as a second maximum with most of a tail gone is
  /// possible: of 120 simulated samples of 30 with parameters far apart, further starts end higher for two, by 0.04
  /// and 0.36; from three starts they did for sixteen. Of as many samples of 100 they do for none.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no third of them equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - settings: Bounds and limits.
  ///   - start: A law near the fit, as that of a sample that overlaps: searched from first.
  /// - Returns: The law with `location`, `order`, `steepness` and `asymmetry` as parameters.
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
    start: VarianceGammaLaw? = nil
  ) throws(DistributionsError) -> DistributionFit<VarianceGammaLaw> {
    try settings.validate()
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights), minimumCount: minimumObservationCount,
      repeatedShareDivisor: 3)
    let likelihood = MeanVarianceLikelihood<GammaMixtureDensity>(standardized)
    let warm = start.map { coordinates(of: $0, in: standardized) }
    let moments = likelihood.start
    let isSmall = standardized.values.count <= smallSampleCount
    let cold: [[Double]?] = [2.0, 6, 1.2].map { moments + [log($0)] }
    let skewed: [[Double]?] =
      isSmall
      ? furtherShapes.map { [moments[0], moments[1], $0.asymmetry, log($0.order)] } : []
    let free = Double.infinity
    let (least, most) = (log(settings.lowestOrder), log(settings.highestOrder))
    let best = LikelihoodSearch.search(from: [warm] + cold + skewed, isSmall: isSmall) { point in
      LikelihoodSearch(
        start: point, lowest: [-free, -free, -largestAsymmetry, least],
        highest: [free, free, largestAsymmetry, most],
        maximumIterations: settings.maximumIterations, totalWeight: standardized.totalWeight,
        evaluate: likelihood.evaluate)
    }
    guard let search = best else { throw .notRepresentable(result: "logLikelihood") }
    var end = End(search)
    if !search.converged {
      end = try profiled(end, likelihood, least...most, settings.maximumIterations)
    }
    return try result(end, likelihood, least...most)
  }

  /// Most of a tail on either side, with a sharp and a round middle, and a sharp symmetric one.
  private static let furtherShapes: [(asymmetry: Double, order: Double)] = [
    (-1.2, 1.1), (1.2, 1.1), (-1.2, 2.5), (1.2, 2.5), (0, 1.1), (0, 20),
  ]

  /// Up to this size all starts are searched.
  private static let smallSampleCount = 500

  /// At so large an asymmetry one tail is gone.
  private static let largestAsymmetry = 20.0

  /// Where a search ended.
  private struct End {
    var point: [Double]
    var value: Double
    var orderSlope: Double
    var iterations: Int
    var converged: Bool

    init(_ search: LikelihoodSearch) {
      point = search.point
      value = search.current.value
      orderSlope = search.current.gradient[3]
      iterations = search.iterations
      converged = search.converged
    }
  }

  private static func coordinates(
    of law: VarianceGammaLaw,
    in sample: StandardizedSample
  ) -> [Double] {
    let root = law.order.squareRoot()
    return [
      sample.standardizedLocation(law.mean), log(sample.standardizedScale(law.unit * root)),
      law.standard.drift * root, log(law.order),
    ]
  }

  /// How far from Newton's end the location is searched, in deviations.
  private static let bracket = 0.25

  /// The search for the location, with the others at their best.
  private static func profiled(
    _ end: End,
    _ likelihood: MeanVarianceLikelihood<GammaMixtureDensity>,
    _ logOrders: ClosedRange<Double>,
    _ maximumIterations: Int
  ) throws(DistributionsError) -> End {
    var best = end
    var warm = Array(end.point[1...])
    let width = bracket * exp(end.point[1])
    let center = end.point[0] - exp(end.point[1]) * end.point[2]
    func profile(_ location: Double) -> Double {
      var search = LikelihoodSearch(
        start: warm, lowest: [-.infinity, -largestAsymmetry, logOrders.lowerBound],
        highest: [.infinity, largestAsymmetry, logOrders.upperBound],
        maximumIterations: maximumIterations, totalWeight: likelihood.sample.totalWeight
      ) { part in
        LikelihoodPoint.differenced(at: part) { part in
          let deviation = exp(part[0])
          let point = [location + deviation * part[1]] + part
          let current = likelihood.evaluate(point)
          guard current.value.isFinite else { return (current.value, []) }
          let g = current.gradient
          return (
            current.value, [g[1] + g[0] * deviation * part[1], g[2] + g[0] * deviation, g[3]]
          )
        }
      }
      search.run()
      best.iterations += search.iterations
      guard search.current.value.isFinite else { return .infinity }
      warm = search.point
      if search.current.value > best.value || !best.converged {
        best.point = [location + exp(search.point[0]) * search.point[1]] + search.point
        best.value = search.current.value
        best.orderSlope = search.current.gradient[2]
        best.converged = search.converged
      }
      return -search.current.value
    }
    do throws(NumericsError) {
      _ = try Brent.minimum(of: profile, in: (center - width)...(center + width))
    } catch {
      throw .notRepresentable(result: "logLikelihood")
    }
    return best
  }

  private static func result(
    _ end: End,
    _ likelihood: MeanVarianceLikelihood<GammaMixtureDensity>,
    _ logOrders: ClosedRange<Double>
  ) throws(DistributionsError) -> DistributionFit<VarianceGammaLaw> {
    let (point, sample) = (end.point, likelihood.sample)
    let (s, kappa, order) = (exp(point[1]), point[2], exp(point[3]))
    let (location, unit) = try sample.restored(location: point[0] - s * kappa, scale: 1)
    let alpha = (2 * order + kappa * kappa).squareRoot() / s
    guard (alpha / unit).isFinite else { throw .notRepresentable(result: "steepness") }
    let isHeld =
      (point[3] <= logOrders.lowerBound && end.orderSlope <= 0)
      || (point[3] >= logOrders.upperBound && end.orderSlope >= 0)
    let products = likelihood.scoreProducts(point)
    let count = isHeld ? 3 : 4
    let information = (0..<count).map { i in
      (0..<count).map { j in sample.totalWeight * products[4 * i + j] }
    }
    func error(_ gradient: [Double]) -> Double {
      let part = Array(gradient.prefix(count))
      guard let solution = solvePositiveDefinite(information, ridge: 0, part) else { return .nan }
      return zip(part, solution).reduce(0) { $0 + $1.0 * $1.1 }.squareRoot()
    }
    let law = try VarianceGammaLaw(
      location: location, order: order, steepness: alpha / unit, asymmetry: kappa / s / unit)
    let side = 1 / (s * s * alpha)
    return DistributionFit(
      law: law,
      logLikelihood: sample.totalWeight * (end.value - sample.logUnit),
      parameters: [
        FittedParameter(
          name: "location", value: location, standardError: unit * error([1, -s * kappa, -s, 0])),
        FittedParameter(
          name: "order", value: order, standardError: isHeld ? .nan : error([0, 0, 0, order])),
        FittedParameter(
          name: "steepness", value: law.steepness,
          standardError: error([0, -alpha, kappa * side, order * side]) / unit),
        FittedParameter(
          name: "asymmetry", value: law.asymmetry,
          standardError: error([0, -kappa / s, 1 / s, 0]) / unit),
      ],
      observationCount: sample.values.count,
      totalWeight: sample.totalWeight,
      iterations: end.iterations,
      status: !end.converged
        ? .iterationLimit
        : !isHeld ? .converged : point[3] > logOrders.lowerBound ? .upperBound : .lowerBound
    )
  }
}

extension VarianceGammaLaw.FitSettings {
  fileprivate func validate() throws(DistributionsError) {
    try requireInside(lowestOrder, 1...100, "lowestOrder")
    try requireRoom(highestOrder, above: lowestOrder, 1000, "highestOrder")
    try requireIterations(maximumIterations)
  }
}

// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// Newton's method in (ln σ, ξ) with exact second derivatives from a start by the first two moments.
// R. L. Smith, Maximum likelihood estimation in a class of nonregular cases, Biometrika 72 (1985).

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension GeneralizedPareto {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least shape: at −½ and below the standard errors of maximum likelihood do not exist, and
    /// below −1 the likelihood is unbounded.
    public var lowestShape = -0.5

    /// The largest shape: at 2 the tail has no mean by far.
    public var highestShape = 2.0

    /// The largest number of steps; six are usual.
    public var maximumIterations = 100

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of excesses of a fit.
  public static let minimumObservationCount = 10

  /// Fits scale and shape to the excesses over a threshold by maximum likelihood.
  ///
  /// The shape stays between the bounds of the settings; at a bound the status says so and its standard
  /// error is NaN. Other standard errors come from the observed information. Multiplying sample and
  /// threshold by c multiplies the scale by c within 1e-8.
  ///
  /// The search has one start: in 1000 simulated samples each of 30, 100 and 500 excesses with shapes from −0.7 to
  /// 2, others found no likelier law.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, none below the threshold.
  ///   - threshold: The lower end of the support, finite.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - settings: Bounds and limits.
  ///   - start: A law near the fit, as that of a sample that overlaps: searched from first.
  /// - Returns: The law with `scale` and `shape` as parameters; the threshold is not one.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation` for a
  ///   number that is not finite or below the threshold, `DistributionsError.repeatedValue` when all
  ///   are equal, `DistributionsError.invalidValue` for settings without room,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a step.
  public static func fit(
    _ sample: [Double],
    threshold: Double,
    weights: [Double]? = nil,
    settings: FitSettings = FitSettings(),
    start: GeneralizedPareto? = nil
  ) throws(DistributionsError) -> DistributionFit<GeneralizedPareto> {
    try settings.validate()
    try requireFinite(threshold, "threshold")
    let observations = try WeightedObservations(sample, weights)
    guard observations.values.count >= minimumObservationCount else {
      throw .tooFewObservations(
        got: observations.values.count, required: minimumObservationCount)
    }
    let excesses = observations.values.map { $0 - threshold }
    if let index = excesses.firstIndex(where: { !($0 >= 0 && $0 < .infinity) }) {
      throw .invalidObservation(
        argument: "sample", index: observations.originalIndex(index),
        got: observations.values[index])
    }
    let likelihood = try ParetoLikelihood(excesses, observations, settings)
    let warm = start.map { law in [log(law.scale / likelihood.unit), law.shape] }
    let best = LikelihoodSearch.first(from: [warm, likelihood.start]) { point in
      LikelihoodSearch(
        start: point,
        lowest: [-.infinity, settings.lowestShape], highest: [.infinity, settings.highestShape],
        maximumIterations: settings.maximumIterations, totalWeight: observations.total,
        evaluate: likelihood.evaluate)
    }
    guard let search = best else { throw .notRepresentable(result: "logLikelihood") }
    let scale = likelihood.unit * exp(search.point[0])
    guard scale > 0, scale.isFinite else { throw .notRepresentable(result: "scale") }
    let shape = search.point[1]
    let errors = search.standardErrors([[scale, 0], [0, 1]])
    return DistributionFit(
      law: try GeneralizedPareto(threshold: threshold, scale: scale, shape: shape),
      logLikelihood: search.totalWeight * (search.current.value - log(likelihood.unit)),
      parameters: [
        FittedParameter(name: "scale", value: scale, standardError: errors[0]),
        FittedParameter(
          name: "shape", value: shape, standardError: search.isHeld(1) ? .nan : errors[1]),
      ],
      observationCount: excesses.count,
      totalWeight: search.totalWeight,
      iterations: search.iterations,
      status: search.status(shape: 1)
    )
  }
}

extension GeneralizedPareto.FitSettings {
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

/// The mean log-likelihood of excesses in the unit of their mean.
private struct ParetoLikelihood {
  let values: [Double]
  let weights: [Double]
  let totalWeight: Double
  let unit: Double
  let start: [Double]

  init(
    _ excesses: [Double],
    _ observations: WeightedObservations,
    _ settings: GeneralizedPareto.FitSettings
  ) throws(DistributionsError) {
    let count = observations.total
    let first = observations.values.first ?? .nan
    (weights, totalWeight) = (observations.weights, count)
    // In two steps, as a sum of huge numbers may overflow.
    let largest = excesses.reduce(0, max)
    guard largest > 0 else {
      throw .repeatedValue(
        value: first, count: excesses.count, observationCount: excesses.count)
    }
    let masses = weights
    let share = zip(excesses, masses).reduce(0) { $0 + $1.1 * ($1.0 / largest) } / count
    let unit = largest * share
    guard unit >= .leastNormalMagnitude else { throw .notRepresentable(result: "scale") }
    values = excesses.map { $0 / unit }
    self.unit = unit
    let squares = zip(values, masses).reduce(0) { $0 + $1.1 * (($1.0 - 1) * ($1.0 - 1)) } / count
    guard squares > 0 else {
      throw .repeatedValue(
        value: first, count: excesses.count, observationCount: excesses.count)
    }
    // Mean and variance: ξ = (1 − m²/v)/2, σ = m (1 − ξ); below the end of the support.
    let moderate = min(max(0.5 * (1 - 1 / squares), -0.4), 0.4)
    let shape = min(max(moderate, settings.lowestShape), settings.highestShape)
    let end = largest / unit
    let scale = max(1 - min(shape, 0.4), shape < 0 ? -1.01 * shape * end : 0)
    start = [log(scale), shape]
  }

  func evaluate(_ point: [Double]) -> LikelihoodPoint {
    let (logScale, shape) = (point[0], point[1])
    let inverse = exp(-logScale)
    let next = 1 + shape
    var level = 0.0
    var levelSlope = 0.0
    var levelCurvature = 0.0
    var (first, second, mixed) = (0.0, 0.0, 0.0)
    for i in values.indices {
      let mass = weights[i]
      let z = values[i] * inverse
      let t = shape * z
      let u = 1 + t
      guard u > 0 else { return .outside }
      let ratio = z / u
      let stretched = StretchedLogarithm(z, shape: shape)
      level += mass * stretched.value
      levelSlope += mass * stretched.slope
      levelCurvature += mass * stretched.curvature
      first += mass * ratio
      second += mass * (ratio / u)
      mixed += mass * (ratio * ratio)
    }
    let n = totalWeight
    return LikelihoodPoint(
      value: -logScale - next * level / n,
      gradient: [next * first / n - 1, -(level + next * levelSlope) / n],
      hessian: [
        -next * second / n, (first - next * mixed) / n, (first - next * mixed) / n,
        -(2 * levelSlope + next * levelCurvature) / n,
      ])
  }
}

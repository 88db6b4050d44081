// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// For a shape of at least one the location solves Σ sign(x − μ) |x − μ|^(β−1) = 0, which is monotone,
// and the scale is αᵝ = β Σ |x − μ|ᵝ/n. With both inserted, the shape is a root of the slope
//   1/β + ψ(1/β)/β² − Σ |z|ᵝ ln |z| / n,
// where the others do not contribute, as they are maxima. Below one the likelihood has a cusp at every
// observation and its maxima there alone: location and shape are found in turn, each for the other, until the
// location stays. Standard error of the location: expected
// information, G. Agrò, Maximum likelihood estimation for the exponential power function parameters,
// Communications in Statistics: Simulation and Computation 24 (1995).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension GeneralizedError {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least shape, from 0.2.
    ///
    /// Below 1 the likelihood has a cusp at each observation, the fit takes longer, and at ½ and below the
    /// location has no standard error; near 0 the likelihood is unbounded.
    public var lowestShape = 1.0

    /// The largest shape: at 20 the law is nearly uniform.
    public var highestShape = 20.0

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 10

  /// Fits location, scale and shape to a sample by maximum likelihood.
  ///
  /// The shape stays between the bounds of the settings; at a bound the status says so and its standard
  /// error is NaN. With the default bounds a sample with heavier tails than Laplace's law ends at the lower one.
  /// With a lower one the better of the maxima below and above 1 is returned.
  /// Below 1 the location is an observation. Standard errors come from the observed information, that of the
  /// location from the expected one; it is NaN for shapes up to ½.
  /// Multiplying the sample by c multiplies location and scale by c within 1e-8.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no half of them equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - settings: Bounds of the shape.
  /// - Returns: The law with `location`, `scale` and `shape` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills half of the sample,
  ///   `DistributionsError.invalidValue` for settings without room,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a step; some ten shapes with some forty locations each. Below 1 some √n locations.
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil,
    settings: FitSettings = FitSettings()
  ) throws(DistributionsError) -> DistributionFit<GeneralizedError> {
    try requireInside(settings.lowestShape, 0.2...100, "lowestShape")
    try requireRoom(settings.highestShape, above: settings.lowestShape, 100, "highestShape")
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights), minimumCount: minimumObservationCount,
      repeatedShareDivisor: 2)
    let likelihood = ErrorLawLikelihood(standardized)
    var end = try smoothSearch(likelihood, settings)
    if settings.lowestShape < 1 {
      let cusped = try cuspedSearch(likelihood, settings)
      let isSmooth =
        end.shape > 1 && end.status != .lowerBound
        && likelihood.value(end.shape, end.location)
          > likelihood.value(cusped.shape, cusped.location)
      if !isSmooth { end = cusped }
    }
    return try result(likelihood, end, standardized)
  }

  /// Where a search ended.
  private struct End {
    var shape: Double
    var location: Double
    var steps = 0
    var status = FitStatus.converged
  }

  /// The search among shapes of at least one.
  private static func smoothSearch(
    _ likelihood: ErrorLawLikelihood,
    _ settings: FitSettings
  ) throws(DistributionsError) -> End {
    let lowest = max(settings.lowestShape, 1)
    func end(_ shape: Double, _ status: FitStatus, _ steps: Int) -> End {
      End(shape: shape, location: likelihood.location(shape), steps: steps, status: status)
    }
    if settings.highestShape <= lowest || !(likelihood.slope(lowest) > 0) {
      return end(lowest, .lowerBound, 0)
    }
    if !(likelihood.slope(settings.highestShape) < 0) {
      return end(settings.highestShape, .upperBound, 0)
    }
    do throws(NumericsError) {
      let root = try Brent.root(
        of: { likelihood.slope(exp($0)) }, in: log(lowest)...log(settings.highestShape))
      return end(exp(root.argument), .converged, root.evaluationCount)
    } catch {
      throw .notRepresentable(result: "logLikelihood")
    }
  }

  /// The search among shapes up to one, in turn with the location, from three shapes.
  private static func cuspedSearch(
    _ likelihood: ErrorLawLikelihood,
    _ settings: FitSettings
  ) throws(DistributionsError) -> End {
    let (lowest, highest) = (settings.lowestShape, min(settings.highestShape, 1))
    var best: End?
    var bestValue = -Double.infinity
    var steps = 0
    for shape in [highest, (lowest * highest).squareRoot(), lowest] {
      var end = End(shape: shape, location: likelihood.location(shape))
      // Each turn raises the likelihood, and the locations are finitely many.
      for _ in 0..<maximumTurns {
        steps += 1
        (end.shape, end.status) = try likelihood.shape(at: end.location, lowest...highest)
        let next = likelihood.location(end.shape)
        if next == end.location { break }
        end.location = next
      }
      let value = likelihood.value(end.shape, end.location)
      if value > bestValue { (best, bestValue) = (end, value) }
    }
    guard var best else { throw .notRepresentable(result: "logLikelihood") }
    best.steps = steps
    // Above one the other search goes on.
    if best.status == .upperBound, settings.highestShape > 1 { best.status = .converged }
    return best
  }

  /// Far more than the five turns seen.
  private static let maximumTurns = 50

  private static func result(
    _ likelihood: ErrorLawLikelihood,
    _ end: End,
    _ sample: StandardizedSample
  ) throws(DistributionsError) -> DistributionFit<GeneralizedError> {
    let (shape, center) = (end.shape, end.location)
    let unitScale = likelihood.scale(shape, center)
    let (location, scale) = try sample.restored(location: center, scale: unitScale)
    let count = sample.totalWeight
    let errors = likelihood.standardErrors(
      shape, center, unitScale, isHeld: end.status != .converged)
    // β² Γ(2 − 1/β)/(α² Γ(1/β)).
    let logInformation =
      shape > 0.5
      ? 2 * log(shape) + SpecialFunctions.logGamma(2 - 1 / shape)
        - SpecialFunctions.logGamma(1 / shape) : .nan
    return DistributionFit(
      law: try GeneralizedError(location: location, scale: scale, shape: shape),
      logLikelihood: count * (likelihood.value(shape, center) - sample.logUnit),
      parameters: [
        FittedParameter(
          name: "location", value: location,
          standardError: scale * exp(-0.5 * logInformation) / count.squareRoot()),
        FittedParameter(name: "scale", value: scale, standardError: scale * errors.logScale),
        FittedParameter(name: "shape", value: shape, standardError: shape * errors.logShape),
      ],
      observationCount: sample.values.count,
      totalWeight: count,
      iterations: end.steps,
      status: end.status
    )
  }
}

// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// Newton's method on (μ, ln σ, ln ν) with exact second derivatives, steps of at most one unit and
// halved until the likelihood rises; where the Hessian is not negative definite, Fisher scoring.
// The sample is standardized by median and median absolute deviation. Reference: K. Lange,
// R. Little, J. Taylor, Robust statistical modeling using the t distribution, JASA 84 (1989).

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension StudentT {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least degrees of freedom: at one half the law has no mean, and below it samples with a
    /// repeated value have an unbounded likelihood.
    public var lowestDegreesOfFreedom = 0.5

    /// The largest degrees of freedom: at 1000 the excess kurtosis is 0.006, which a sample of less
    /// than some 10⁵ observations cannot tell from the normal law.
    public var highestDegreesOfFreedom = 1000.0

    /// The largest number of steps; ten are usual.
    public var maximumIterations = 200

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 10

  /// Fits location, scale and degrees of freedom to a sample by maximum likelihood.
  ///
  /// The degrees of freedom stay between the bounds of the settings; at a bound the status says so
  /// and their standard error is NaN. The other standard errors come from the observed information.
  /// Multiplying the sample by c multiplies location and scale by c within 1e-8, by a power of two
  /// exactly; where the likelihood is flat (degrees of freedom in the hundreds) its rounding limits
  /// the first promise.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no third of them equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - settings: Bounds and limits. Small samples are searched from three starts.
  ///   - start: A law near the fit, as that of a sample that overlaps: searched from first.
  /// - Returns: The law with `location`, `scale` and `degreesOfFreedom` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills the share of the sample that makes
  ///   the likelihood unbounded, `DistributionsError.invalidValue` for settings without room,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a step.
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil,
    settings: FitSettings = FitSettings(),
    start: StudentT? = nil
  ) throws(DistributionsError) -> DistributionFit<StudentT> {
    try settings.validate()
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights),
      minimumCount: minimumObservationCount,
      repeatedShareDivisor: settings.repeatedShareDivisor
    )
    let likelihood = StudentTLikelihood(standardized)
    var best: StudentTSearch?
    let warm = start.map { StudentTSearch.point(of: $0, in: standardized) }
    let cold = StudentTSearch.startingDegrees.map { StudentTSearch.startingPoint(degrees: $0) }
    for point in (warm.map { [$0] } ?? []) + cold {
      var search = StudentTSearch(likelihood, settings, start: point)
      search.run()
      if search.isBetter(than: best) { best = search }
      if likelihood.count > StudentTSearch.smallSampleCount, search.converged { break }
    }
    guard let best else { throw .notRepresentable(result: "logLikelihood") }
    return try best.result(standardized)
  }
}

extension StudentT.FitSettings {
  fileprivate static var allowedDegrees: ClosedRange<Double> { 0.1...1e6 }

  fileprivate func validate() throws(DistributionsError) {
    let allowed = Self.allowedDegrees
    guard allowed.contains(lowestDegreesOfFreedom) else {
      throw .invalidValue(
        argument: "lowestDegreesOfFreedom", got: lowestDegreesOfFreedom,
        lowest: allowed.lowerBound, highest: allowed.upperBound)
    }
    guard highestDegreesOfFreedom > lowestDegreesOfFreedom,
      highestDegreesOfFreedom <= allowed.upperBound
    else {
      throw .invalidValue(
        argument: "highestDegreesOfFreedom", got: highestDegreesOfFreedom,
        lowest: lowestDegreesOfFreedom, highest: allowed.upperBound)
    }
    guard maximumIterations >= 1 else {
      throw .invalidValue(
        argument: "maximumIterations", got: Double(maximumIterations), lowest: 1,
        highest: Double(Int.max))
    }
  }

  /// The k for which a value with n/k equal observations may make the likelihood unbounded at
  /// the lowest ν: as σ → 0 it grows like σ^(−n + (ν+1)(n−m)), so that m/n ≥ ν/(ν+1) is fatal.
  fileprivate var repeatedShareDivisor: Int {
    Int((1 + 1 / lowestDegreesOfFreedom).rounded(.up))
  }
}

/// The search on a standardized sample.
private struct StudentTSearch {
  let likelihood: StudentTLikelihood
  let settings: StudentT.FitSettings
  var point: StudentTLikelihood.Point
  var current: StudentTLikelihood.Evaluation
  var iterations = 0
  var converged = false

  /// Four degrees of freedom are usual for returns; the others find a second maximum, if there is
  /// one.
  static let startingDegrees = [4.0, 1.0, 30.0]

  /// Up to this size a sample may have a second maximum: seen in one of a hundred samples of ten,
  /// in none of some thousand of fifty.
  static let smallSampleCount = 100

  /// The median absolute deviation of the standard law with four degrees of freedom.
  private static let startingDeviation = 0.740_697_084_1

  /// The largest step of a coordinate: a factor e of scale and degrees of freedom.
  private static let largestStep = 1.0

  /// Newton doubles the digits: after a step this small the next one is rounding.
  private static let stepTolerance = 1e-9

  /// A shorter step changes the likelihood by less than its rounding, which could not judge it.
  private static let trustedStep = 1e-5

  /// The rise an observation must promise: where the likelihood is flat, the gradient's rounding
  /// alone makes steps above the tolerance.
  private static let negligibleRise = 1e-17

  /// The share of the predicted rise that a step must bring (Armijo).
  private static let sufficientRise = 1e-4

  /// 2^−40 of a step is rounding.
  private static let maximumHalvings = 40

  /// Log-likelihoods an observation closer than this are those of equally good fits.
  private static let tie = 1e-9

  /// So many iterations that together gain less than a tie end a search without a limit: where
  /// rounding keeps the gradient from vanishing, it would turn in place.
  private static let patience = 300

  init(
    _ likelihood: StudentTLikelihood,
    _ settings: StudentT.FitSettings,
    start: StudentTLikelihood.Point
  ) {
    self.likelihood = likelihood
    self.settings = settings
    point = start
    point.logDegrees = min(
      max(start.logDegrees, log(settings.lowestDegreesOfFreedom)),
      log(settings.highestDegreesOfFreedom))
    current = likelihood.evaluate(point)
  }

  static func startingPoint(degrees: Double) -> StudentTLikelihood.Point {
    .init(location: 0, logScale: -log(startingDeviation), logDegrees: log(degrees))
  }

  /// A law as a point in the unit of a standardized sample.
  static func point(
    of law: StudentT,
    in sample: StandardizedSample
  ) -> StudentTLikelihood.Point {
    .init(
      location: sample.standardizedLocation(law.location),
      logScale: log(sample.standardizedScale(law.scale)), logDegrees: log(law.degreesOfFreedom))
  }

  /// Whether this search found more than another one; a tie goes to the one that converged.
  func isBetter(than other: StudentTSearch?) -> Bool {
    guard current.value.isFinite else { return false }
    guard let other else { return true }
    let tie = Self.tie * likelihood.totalWeight
    let rise = current.value - other.current.value
    return rise > tie || (rise > -tie && converged && !other.converged)
  }

  private var lowest: Double { log(settings.lowestDegreesOfFreedom) }
  private var highest: Double { log(settings.highestDegreesOfFreedom) }

  /// Whether ν is at a bound and the likelihood rises beyond it.
  private var isHeld: Bool {
    (point.logDegrees >= highest && current.gradient.z >= 0)
      || (point.logDegrees <= lowest && current.gradient.z <= 0)
  }

  mutating func run() {
    var checkpoint = current.value
    while iterations < settings.maximumIterations, !converged {
      if iterations > 0, iterations % Self.patience == 0 {
        if !(current.value - checkpoint > Self.tie * likelihood.totalWeight) { return }
        checkpoint = current.value
      }
      iterations += 1
      let step = self.step()
      let length = max(step.x.magnitude, step.y.magnitude, step.z.magnitude)
      let slope = (current.gradient * step).sum()
      if length <= Self.trustedStep {
        point = moved(by: step)
        current = likelihood.evaluate(point)
        converged =
          length <= Self.stepTolerance
          || slope <= Self.negligibleRise * likelihood.totalWeight
        continue
      }
      if !advance(along: step * min(1, Self.largestStep / length)) { return }
    }
  }

  private func step() -> SIMD3<Double> {
    var gradient = current.gradient
    var information = current.information
    var expected = likelihood.expectedInformation(point)
    if isHeld {
      gradient.z = 0
      information = information.holdingThird
      expected = expected.holdingThird
    }
    return information.solve(gradient) ?? expected.solve(gradient)
      ?? gradient / likelihood.totalWeight
  }

  private func moved(by step: SIMD3<Double>) -> StudentTLikelihood.Point {
    .init(
      location: point.location + step.x * exp(point.logScale),
      logScale: point.logScale + step.y,
      logDegrees: min(max(point.logDegrees + step.z, lowest), highest)
    )
  }

  /// Moves to a point of larger likelihood; false when rounding leaves none.
  private mutating func advance(along step: SIMD3<Double>) -> Bool {
    // The rounding of a sum of n logarithms.
    let rounding = 4 * Double.ulpOfOne * likelihood.totalWeight * max(1, point.logScale.magnitude)
    var factor = 1.0
    var predicted = 0.0
    for _ in 0..<Self.maximumHalvings {
      let candidate = moved(by: step * factor)
      // A bound may have cut the last coordinate.
      let moved = SIMD3(
        factor * step.x, factor * step.y, candidate.logDegrees - point.logDegrees)
      predicted = (current.gradient * moved).sum()
      let evaluation = likelihood.evaluate(candidate)
      let rise = evaluation.value - current.value
      if rise >= Self.sufficientRise * predicted - rounding {
        point = candidate
        current = evaluation
        return true
      }
      factor *= 0.5
    }
    // No rise along an ascent direction: the predicted one is below rounding.
    converged = predicted.magnitude <= rounding && (current.gradient * step).sum() <= rounding
    return false
  }

  func result(
    _ sample: StandardizedSample
  ) throws(DistributionsError) -> DistributionFit<StudentT> {
    let scale = sample.restoredScale(exp(point.logScale))
    let location = sample.restoredLocation(point.location)
    guard scale > 0, scale.isFinite, location.isFinite else {
      throw .notRepresentable(result: "scale")
    }
    let degrees =
      point.logDegrees >= highest
      ? settings.highestDegreesOfFreedom
      : point.logDegrees <= lowest ? settings.lowestDegreesOfFreedom : exp(point.logDegrees)
    let law = try StudentT(location: location, scale: scale, degreesOfFreedom: degrees)
    let errors = standardErrors()
    return DistributionFit(
      law: law,
      logLikelihood: current.value - likelihood.totalWeight * sample.logUnit,
      parameters: [
        FittedParameter(name: "location", value: location, standardError: scale * errors.x),
        FittedParameter(name: "scale", value: scale, standardError: scale * errors.y),
        FittedParameter(
          name: "degreesOfFreedom", value: degrees, standardError: degrees * errors.z),
      ],
      observationCount: likelihood.count,
      totalWeight: likelihood.totalWeight,
      iterations: iterations,
      status: status
    )
  }

  private var status: FitStatus {
    guard converged else { return .iterationLimit }
    guard isHeld else { return .converged }
    return point.logDegrees >= highest ? .upperBound : .lowerBound
  }

  /// The errors of location/σ, ln σ and ln ν: the roots of the diagonal of the inverse information.
  private func standardErrors() -> SIMD3<Double> {
    let information = isHeld ? current.information.holdingThird : current.information
    func error(_ unit: SIMD3<Double>) -> Double {
      information.solve(unit).map { ($0 * unit).sum().squareRoot() } ?? .nan
    }
    return SIMD3(
      error(SIMD3(1, 0, 0)), error(SIMD3(0, 1, 0)), isHeld ? .nan : error(SIMD3(0, 0, 1)))
  }
}

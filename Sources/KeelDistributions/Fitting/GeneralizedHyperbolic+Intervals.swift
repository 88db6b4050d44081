// Goals in order: intervals that hold the truth as often as they say, also on the flat ridge, few searches.
//
// An interval holds all values of a parameter whose likelihood, the largest over the others, is near enough to the
// maximum: S. Coles, An introduction to statistical modeling of extreme values (2001), section 2.6.6. Its ends are roots of
// the signed root of twice the fall of the likelihood, which is nearly a straight line, by Newton's method; the slope
// of a largest likelihood is its partial one.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension DistributionFit where Law == GeneralizedHyperbolic {
  /// Intervals for the parameters by the profile of the likelihood.
  ///
  /// On the flat ridge of this law the likelihood is far from a parabola, and intervals of the standard errors hold
  /// the truth too seldom; these are wider, to the side where it falls slowly. They exist at a bound too. Order and
  /// concentration δγ stay between the bounds of the settings; intervals of the order may end there.
  ///
  /// - Parameters:
  ///   - sample: The sample that was fitted.
  ///   - weights: Its weights.
  ///   - settings: The settings of the fit.
  ///   - level: The probability with which such intervals hold the true value for many samples, inside (0, 1).
  /// - Returns: The intervals, in the order of ``parameters``. That of `scale` begins at 0 where a variance gamma law is
  ///   as likely, and those of `scale` and `steepness` are infinite above where a normal law is.
  /// - Throws: As the fit; `DistributionsError.invalidValue` for the level and `.notRepresentable` for ends that are no numbers.
  /// - Complexity: Some hundred steps of the fit.
  public func likelihoodIntervals(
    of sample: [Double],
    weights: [Double]? = nil,
    settings: GeneralizedHyperbolic.FitSettings = .init(),
    level: Double = 0.95
  ) throws(DistributionsError) -> [ClosedRange<Double>] {
    try requireLevel(level)
    try settings.validate()
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights),
      minimumCount: GeneralizedHyperbolic.minimumObservationCount, repeatedShareDivisor: 3)
    let likelihood = MeanVarianceLikelihood<InverseGaussianMixtureDensity>(standardized)
    var maximum = LikelihoodSearch(
      start: GeneralizedHyperbolic.coordinates(of: law, in: standardized),
      lowest: settings.lowest, highest: settings.highest,
      maximumIterations: settings.maximumIterations, totalWeight: standardized.totalWeight,
      evaluate: likelihood.evaluate)
    maximum.run()
    guard maximum.current.value.isFinite else {
      throw .notRepresentable(result: "logLikelihood")
    }
    let score = ConfidenceInterval.score(level)
    let unit = standardized.restoredScale(1)
    var intervals: [ClosedRange<Double>] = []
    for parameter in HyperbolicConstraint.allCases {
      let profile = HyperbolicProfile(
        likelihood: likelihood, settings: settings, parameter: parameter, maximum: maximum)
      let ends = [profile.end(-score), profile.end(score)].map { end in
        switch parameter {
        case .location: standardized.restoredLocation(end)
        case .scale: standardized.restoredScale(exp(end))
        case .order: end
        case .steepness: exp(end) / unit
        case .asymmetry: end / unit
        }
      }
      guard ends[0] <= ends[1] else { throw .notRepresentable(result: "\(parameter)") }
      intervals.append(ends[0]...ends[1])
    }
    return intervals
  }
}

/// The largest likelihood when one parameter is given.
private struct HyperbolicProfile {
  let likelihood: MeanVarianceLikelihood<InverseGaussianMixtureDensity>
  let settings: GeneralizedHyperbolic.FitSettings
  let parameter: HyperbolicConstraint
  let maximum: LikelihoodSearch

  /// A place of the profile: the signed root, its slope, and the point where the likelihood is largest.
  private struct Place {
    var value: Double
    var root: Double
    var slope: Double
    var point: [Double]
  }

  /// A search for the largest likelihood ends where its logarithm would rise by less.
  private static let riseTolerance = 1e-5
  /// The error of the root at an end, which is that in standard errors.
  private static let rootTolerance = 5e-3
  private static let maximumSearches = 60
  private static let farthestRoot = 3.0
  /// How far an end is searched: in logarithms, and in units of the coordinates.
  private static let farthestLogarithm = 11.5
  private static let farthest = 1e5

  /// Where the signed root is a score, on the side of its sign; infinite where it is not on the whole way.
  func end(_ score: Double) -> Double {
    let center = parameter.value(maximum.point)
    let side: Double = score < 0 ? -1 : 1
    if let limit = limit(side, score.magnitude), root(of: limit) < score.magnitude {
      return side * .infinity
    }
    let (step, covariances) = spread
    // The first place is on the line of the slopes at the maximum, not too far out.
    let first = center + side * min(score.magnitude * step, longestStep)
    let line = zip(maximum.point, covariances).map {
      $0 + (first - center) * $1 / (step * step)
    }
    var places = [Place(value: center, root: 0, slope: 0, point: maximum.point)]
    var (inside, outside) = (center, side * Double.infinity)
    var value = first
    for k in 0..<Self.maximumSearches {
      value = clamped(value)
      let place = place(value, k == 0 ? line : Self.prediction(value, places))
      if (place.root - score.magnitude).magnitude <= Self.rootTolerance { return value }
      if place.root < score.magnitude {
        inside = value
        if isLast(value, center) {
          return parameter == .order ? value : side * .infinity
        }
      } else {
        outside = value
      }
      // Far below the maximum a search may end in another valley.
      if place.root <= Self.farthestRoot * score.magnitude { places.append(place) }
      value = next(place, score, (inside, outside), center)
      if value == inside || value == outside { return value }
    }
    return value
  }

  /// The largest likelihood of the laws at a bound of ω, where δ, or δ and α, have an end of their range.
  private func limit(_ side: Double, _ score: Double) -> Double? {
    let bound: Double
    switch (parameter, side) {
    case (.scale, -1): bound = settings.lowest[3]
    case (.scale, 1), (.steepness, 1): bound = settings.highest[3]
    default: return nil
    }
    var start = maximum.point
    start[3] = bound
    // Variance gamma, not Student's t.
    start[4] = max(start[4], Self.leastLimitOrder)
    var (lowest, highest) = (settings.lowest, settings.highest)
    (lowest[3], highest[3]) = (bound, bound)
    if side < 0 { lowest[4] = 0 }
    var search = LikelihoodSearch(
      start: start, lowest: lowest, highest: highest,
      maximumIterations: settings.maximumIterations, totalWeight: maximum.totalWeight,
      riseTolerance: Self.riseTolerance / maximum.totalWeight, evaluate: likelihood.evaluate)
    // A normal law that is far less likely does not become likely by its small skewness.
    if side < 0 || root(of: search.current.value) < Self.farthestRoot * score { search.run() }
    return search.current.value
  }

  private static let leastLimitOrder = 1.0

  /// The signed root, without its sign, of a mean log-likelihood.
  private func root(of value: Double) -> Double {
    let fall = maximum.current.value - value
    return fall.isFinite ? (2 * maximum.totalWeight * max(fall, 0)).squareRoot() : .infinity
  }

  /// The standard error, and the covariances of the coordinates with the parameter.
  private var spread: (step: Double, covariances: [Double]) {
    let point = maximum.point
    let solution = parameter.solution(parameter.value(point), point)
    var gradient = solution.gradient.map { -$0 / solution.slope }
    gradient[parameter.coordinate] = 1 / solution.slope
    if let covariances = maximum.covariances(with: gradient) {
      let step = zip(gradient, covariances).reduce(0) { $0 + $1.0 * $1.1 }.squareRoot()
      if step > 0, step.isFinite { return (step, covariances) }
    }
    // At a bound, or where the information has no inverse: any step that is not far too long.
    let unit =
      parameter == .asymmetry ? exp(-point[1]) : parameter == .location ? exp(point[1]) : 1
    return (0.1 * unit, point.map { _ in 0 })
  }

  /// Orders end at their bounds.
  private func clamped(_ value: Double) -> Double {
    parameter == .order ? min(max(value, -settings.largestOrder), settings.largestOrder) : value
  }

  private func isLast(_ value: Double, _ center: Double) -> Bool {
    switch parameter {
    case .order: value.magnitude >= settings.largestOrder
    case .scale, .steepness: (value - center).magnitude >= Self.farthestLogarithm
    case .location, .asymmetry: (value - center).magnitude >= Self.farthest
    }
  }

  /// A start on the line through the two nearest places, or the nearest one where that line is a long way to go.
  private static func prediction(_ value: Double, _ places: [Place]) -> [Double] {
    let near = places.sorted { ($0.value - value).magnitude < ($1.value - value).magnitude }
    guard near.count > 1 else { return near[0].point }
    let factor = (value - near[0].value) / (near[1].value - near[0].value)
    guard factor.magnitude <= 1 else { return near[0].point }
    return zip(near[0].point, near[1].point).map { $0 + factor * ($1 - $0) }
  }

  /// The longest first step: logarithms and orders may have a standard error without bound.
  private var longestStep: Double {
    switch parameter {
    case .location, .asymmetry: .infinity
    case .scale, .steepness: 0.7
    case .order: 2
    }
  }

  /// Newton's step for the root, kept inside the bracket, or at most twice as far out where that has no outer end.
  private func next(
    _ place: Place,
    _ score: Double,
    _ bracket: (inside: Double, outside: Double),
    _ center: Double
  ) -> Double {
    let side: Double = score < 0 ? -1 : 1
    let step = (score.magnitude - place.root) / place.slope
    let value = place.value + step
    let isUsable = step.isFinite && (place.root >= score.magnitude) == (side * step < 0)
    if bracket.outside.isFinite {
      let (low, high) = (
        min(bracket.inside, bracket.outside), max(bracket.inside, bracket.outside)
      )
      return isUsable && value > low && value < high ? value : low + 0.5 * (high - low)
    }
    let reach = place.value - center
    guard isUsable else { return place.value + reach }
    return side * min(side * value, side * (place.value + reach))
  }

  /// The likelihood at its best for a value of the parameter.
  private func place(_ value: Double, _ start: [Double]) -> Place {
    let held = parameter.coordinate
    let free = (0..<5).filter { $0 != held }
    func whole(_ part: [Double]) -> (point: [Double], solution: HyperbolicConstraint.Solution) {
      var point = [Double](repeating: 0, count: 5)
      for (k, j) in free.enumerated() { point[j] = part[k] }
      let solution = parameter.solution(value, point)
      point[held] = solution.coordinate
      return (point, solution)
    }
    func search(_ start: [Double]) -> LikelihoodSearch {
      LikelihoodSearch(
        start: free.map { start[$0] }, lowest: free.map { settings.lowest[$0] },
        highest: free.map { settings.highest[$0] }, maximumIterations: settings.maximumIterations,
        totalWeight: maximum.totalWeight,
        riseTolerance: Self.riseTolerance / maximum.totalWeight
      ) { part in
        let (point, solution) = whole(part)
        return Self.reduced(likelihood.evaluate(point), held, free, solution)
      }
    }
    // At small concentrations the likelihood has no slope toward larger ones.
    var starts = [start]
    if !(start[3] > Self.smallConcentration) {
      starts.append(start)
      starts[1][3] = Self.usualConcentration
    }
    guard let best = LikelihoodSearch.best(from: starts, search) else {
      return Place(value: value, root: .infinity, slope: .nan, point: start)
    }
    let (point, solution) = whole(best.point)
    let root = root(of: best.current.value)
    let slope = likelihood.evaluate(point).gradient[held] * solution.slope
    return Place(
      value: value, root: root, slope: -maximum.totalWeight * slope / root, point: point)
  }

  /// As ln ω.
  private static let smallConcentration = -4.0
  private static let usualConcentration = -0.5

  /// The derivatives in the free coordinates, of which the held one is a function.
  private static func reduced(
    _ whole: LikelihoodPoint,
    _ held: Int,
    _ free: [Int],
    _ solution: HyperbolicConstraint.Solution
  ) -> LikelihoodPoint {
    guard whole.value.isFinite else { return .outside }
    let (g, f) = (whole.gradient, solution.gradient)
    func h(_ j: Int, _ k: Int) -> Double { whole.hessian[5 * j + k] }
    var hessian: [Double] = []
    for j in free {
      for k in free {
        let plain = h(j, k) + h(j, held) * f[k] + h(held, k) * f[j]
        hessian.append(plain + h(held, held) * f[j] * f[k] + g[held] * solution.hessian[5 * j + k])
      }
    }
    return LikelihoodPoint(
      value: whole.value, gradient: free.map { g[$0] + g[held] * f[$0] }, hessian: hessian)
  }
}

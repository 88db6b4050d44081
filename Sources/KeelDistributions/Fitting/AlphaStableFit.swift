// Goals in order: the maximum found or the reason said, scale equivariance, speed.
//
// Newton's method in (location, ln scale, index, skew) of the parametrization S0, in which all four are
// continuous and nearly unrelated. Derivatives by location and scale are those of the interpolants of the log-density,
// those by index and skew central differences of fourth order, but for the mixed one, of likelihoods with thirteen
// digits. The start is a regression on the logarithm of the empirical characteristic function, I. Koutrouvelis,
// Regression-type estimation of the parameters of stable laws, Journal of the American Statistical Association 75
// (1980).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension AlphaStable {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least index, inside ``AlphaStable/allowedIndex``.
    public var lowestIndex = 0.5

    /// The largest index: nearer to two the likelihood of an outlier turns sharply.
    public var highestIndex = 1.99

    /// The largest magnitude of the skew: at one a tail is so light that one observation may forbid it.
    public var highestSkew = 0.99

    /// The largest number of steps; ten are usual.
    public var maximumIterations = 100

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit.
  public static let minimumObservationCount = 50

  /// Fits index, skew, scale and location to a sample by maximum likelihood, the location in S0.
  ///
  /// Without a start the best of three searches is returned: from the regression and from two laws of either skew,
  /// as far as these do not head for the same maximum.
  /// Index and skew stay between the bounds of the settings. At the upper bound of the index the tails are
  /// those of ``Normal``; at a bound of index or skew the status says so and that parameter's standard error is
  /// NaN. Standard errors come from the observed information. Multiplying the sample by c multiplies location
  /// and scale by c within 1e-8.
  ///
  /// - Parameters:
  ///   - sample: At least ``minimumObservationCount`` finite numbers, no third of them equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - settings: Bounds and limits.
  ///   - start: A law near the fit, as that of a sample that overlaps: the search from it alone counts when it
  ///     converges.
  /// - Returns: The law with `index`, `skew`, `scale` and `location` as parameters.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills a third of the sample,
  ///   `DistributionsError.invalidValue` for settings without room,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a likelihood, and 11 likelihoods a step.
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil,
    settings: FitSettings = FitSettings(),
    start: AlphaStable? = nil
  ) throws(DistributionsError) -> DistributionFit<AlphaStable> {
    try settings.validate()
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights), minimumCount: minimumObservationCount,
      repeatedShareDivisor: 3)
    let likelihood = StableLikelihood(standardized)
    func search(_ point: [Double], _ limit: Int) -> LikelihoodSearch {
      LikelihoodSearch(
        start: point,
        lowest: [-.infinity, -.infinity, settings.lowestIndex, -settings.highestSkew],
        highest: [.infinity, .infinity, settings.highestIndex, settings.highestSkew],
        maximumIterations: min(limit, settings.maximumIterations),
        totalWeight: standardized.totalWeight,
        evaluate: likelihood.evaluate)
    }
    var best: LikelihoodSearch?
    if let start {
      let point = coordinates(of: start, in: standardized)
      best = LikelihoodSearch.best(from: [point]) { search($0, Int.max) }
    }
    if best?.converged != true {
      best = LikelihoodSearch.best(
        from: likelihood.starts, firstSteps: firstSteps, distance: sameMaximum, search)
    }
    guard let best else { throw .notRepresentable(result: "logLikelihood") }
    return try result(best, standardized)
  }

  /// Steps after which a search is seen to head for the maximum of another.
  private static let firstSteps = 3

  /// Points so near one another in every coordinate have the same maximum.
  private static let sameMaximum = 0.1

  private static func coordinates(
    of law: AlphaStable,
    in sample: StandardizedSample
  ) -> [Double] {
    let middle = law.center + law.scale * (law.standard.origin - law.standard.shift)
    return [
      sample.standardizedLocation(middle), log(sample.standardizedScale(law.scale)), law.index,
      law.skew,
    ]
  }

  private static func result(
    _ search: LikelihoodSearch,
    _ sample: StandardizedSample
  ) throws(DistributionsError) -> DistributionFit<AlphaStable> {
    let point = search.point
    let unit = sample.restoredScale(1)
    let (location, scale) = try sample.restored(location: point[0], scale: exp(point[1]))
    let errors = search.standardErrors([
      [unit, 0, 0, 0], [0, scale, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1],
    ])
    return DistributionFit(
      law: try AlphaStable(index: point[2], skew: point[3], scale: scale, location: location),
      logLikelihood: search.totalWeight * (search.current.value - sample.logUnit),
      parameters: [
        FittedParameter(name: "index", value: point[2], standardError: errors[2]),
        FittedParameter(name: "skew", value: point[3], standardError: errors[3]),
        FittedParameter(name: "scale", value: scale, standardError: errors[1]),
        FittedParameter(name: "location", value: location, standardError: errors[0]),
      ],
      observationCount: sample.values.count,
      totalWeight: search.totalWeight,
      iterations: search.iterations,
      status: search.status(shape: 2, 3)
    )
  }
}

extension AlphaStable.FitSettings {
  fileprivate func validate() throws(DistributionsError) {
    let margin = StableLikelihood.margin
    let allowed = AlphaStable.allowedIndex
    try requireInside(
      lowestIndex, (allowed.lowerBound + margin)...(allowed.upperBound - 2 * margin), "lowestIndex")
    try requireInside(
      highestIndex, (lowestIndex + margin)...(allowed.upperBound - margin), "highestIndex")
    try requireInside(highestSkew, 0...(1 - margin), "highestSkew")
    try requireIterations(maximumIterations)
  }
}

/// The mean log-likelihood of a standardized sample.
private struct StableLikelihood {
  private let values: [Double]
  private let weights: [Double]
  private let totalWeight: Double

  init(_ sample: StandardizedSample) {
    let order = sample.values.indices.sorted { sample.values[$0] < sample.values[$1] }
    values = order.map { sample.values[$0] }
    weights = order.map { sample.weights[$0] }
    totalWeight = sample.totalWeight
  }

  /// How far bounds stay from the domain's ends: the reach of the differences.
  static let margin = 0.005

  /// The fifth root of the rounding of a likelihood, where both errors of a fourth-order difference meet.
  private static let step = 2e-3

  /// Value, slopes by location and ln scale, and their slopes: both locations, mixed, both ln scales.
  private func sums(_ point: [Double]) -> SIMD8<Double> {
    let scale = exp(point[1])
    let missing = SIMD8(repeating: -Double.infinity)
    guard AlphaStable.allowedIndex.contains(point[2]), point[3].magnitude <= 1, scale > 0
    else { return missing }
    let places = values.map { ($0 - point[0]) / scale }
    guard places.allSatisfy({ $0.isFinite }) else { return missing }
    let law = StandardStable(index: point[2], skew: point[3], isCentered: true)
    var sum = SIMD8<Double>.zero
    for ((row, z), weight) in zip(zip(law.differentiated(places), places), weights) {
      let (slope, bend) = (row[1], row[2])
      let change = slope + z * bend
      let terms: SIMD8<Double> = SIMD8(
        row[0] - point[1], -slope / scale, -1 - z * slope, bend / (scale * scale), change / scale,
        z * change, 0, 0)
      sum += weight * terms
    }
    return sum / totalWeight
  }

  /// Value, gradient and Hessian.
  func evaluate(_ point: [Double]) -> LikelihoodPoint {
    let middle = sums(point)
    guard middle[0].isFinite else { return .outside }
    let h = Self.step
    func moved(_ index: Double, _ skew: Double) -> SIMD8<Double> {
      sums([point[0], point[1], point[2] + index * h, point[3] + skew * h])
    }
    var gradient = [middle[1], middle[2], 0, 0]
    var hessian = [Double](repeating: 0, count: 16)
    (hessian[0], hessian[1], hessian[4], hessian[5]) = (middle[3], middle[4], middle[4], middle[5])
    var sides = 0.0
    for j in 2..<4 {
      let (index, skew) = j == 2 ? (1.0, 0.0) : (0.0, 1.0)
      let (up, down) = (moved(index, skew), moved(-index, -skew))
      let (far, back) = (moved(2 * index, 2 * skew), moved(-2 * index, -2 * skew))
      let slopes = (8 * (up - down) - (far - back)) / (12 * h)
      let bends = (16 * (up + down) - (far + back) - 30 * middle) / (12 * h * h)
      sides += up[0] + down[0]
      gradient[j] = slopes[0]
      hessian[5 * j] = bends[0]
      for k in 0..<2 {
        hessian[4 * j + k] = slopes[k + 1]
        hessian[4 * k + j] = slopes[k + 1]
      }
    }
    let same = moved(1, 1)[0] + moved(-1, -1)[0]
    hessian[11] = (same - sides + 2 * middle[0]) / (2 * h * h)
    hessian[14] = hessian[11]
    guard (gradient + hessian).allSatisfy({ $0.isFinite }) else { return .outside }
    return LikelihoodPoint(value: middle[0], gradient: gradient, hessian: hessian)
  }

  /// Points of the characteristic function, in one over the median absolute deviation, by π/25.
  private static let pointCount = 10

  /// That of the regression, and two laws of median 0 whose searches end at the other maximum where there are two.
  var starts: [[Double]] {
    let fixed = [-1.0, 1].compactMap { side -> [Double]? in
      let (index, skew) = (Self.startingIndex, side * Self.startingSkew)
      guard let law = try? AlphaStable(index: index, skew: skew, scale: 1, location: 0)
      else { return nil }
      return [-law.quantile(0.5), 0, index, skew]
    }
    return [regression] + fixed
  }

  private static let startingIndex = 1.3
  private static let startingSkew = 0.6

  /// Location, ln scale, index and skew by two regressions on the empirical characteristic function.
  ///
  /// ```text
  /// ln(−ln |φ(t)|) = α ln γ + α ln t,   arg φ(t) = δt − β tan(πα/2) (γt − (γt)^α)
  /// ```
  private var regression: [Double] {
    let points = (1...Self.pointCount).map { Double($0) * Double.pi / 25 }
    var (sizes, phases) = ([Double](), [Double]())
    for t in points {
      var (real, imaginary) = (0.0, 0.0)
      for (x, mass) in zip(values, weights) {
        real += mass * cos(t * x)
        imaginary += mass * sin(t * x)
      }
      let modulus = min(max(hypot(real, imaginary) / totalWeight, 0.01), 0.999)
      sizes.append(log(-log(modulus)))
      // Points are so near that the phase turns by less than π between them.
      let phase = atan2(imaginary, real)
      let turns = ((phases.last ?? 0) - phase) / (2 * Double.pi)
      phases.append(phase + 2 * Double.pi * turns.rounded())
    }
    let logs = points.map { log($0) }
    let n = Double(Self.pointCount)
    let (meanLog, meanSize) = (logs.reduce(0, +) / n, sizes.reduce(0, +) / n)
    var (covariance, variance) = (0.0, 0.0)
    for (l, s) in zip(logs, sizes) {
      covariance += (l - meanLog) * (s - meanSize)
      variance += (l - meanLog) * (l - meanLog)
    }
    let index = min(max(covariance / variance, 0.6), 1.9)
    let logScale = min(max(meanSize / index - meanLog, -2), 2)
    let (location, skew) = Self.phaseRegression(points, phases, index, exp(logScale))
    return [location, logScale, index, skew]
  }

  /// Location and skew from the phases by least squares.
  private static func phaseRegression(
    _ points: [Double],
    _ phases: [Double],
    _ index: Double,
    _ scale: Double
  ) -> (location: Double, skew: Double) {
    // The tangent times γt − (γt)^α is regular at one; a start keeps off its digits there.
    let shape = (index - 1).magnitude < 0.01 ? 1.01 : index
    let tangent = tan(0.5 * Double.pi * shape)
    var (aa, ab, bb, ay, by) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for (t, phase) in zip(points, phases) {
      let b = -tangent * (scale * t - pow(scale * t, shape))
      aa += t * t
      ab += t * b
      bb += b * b
      ay += t * phase
      by += b * phase
    }
    let determinant = aa * bb - ab * ab
    guard determinant > 1e-6 * aa * bb else { return (ay / aa, 0) }
    let skew = min(max((aa * by - ab * ay) / determinant, -0.8), 0.8)
    return (min(max((ay - ab * skew) / aa, -2), 2), skew)
  }
}

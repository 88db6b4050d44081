// Goals in order: the best of several maxima, no collapsed component, speed.
//
// The EM algorithm of A. Dempster, N. Laird and D. Rubin, Maximum likelihood from incomplete data via the EM
// algorithm, Journal of the Royal Statistical Society B 39 (1977), from several starts, then Newton's method in
// means, ln deviations and ln(w/w_k) with exact gradients. The likelihood is unbounded where a deviation
// vanishes: deviations stay above a share of the sample's spread (R. Hathaway, A constrained formulation of
// maximum-likelihood estimation for normal mixture distributions, Annals of Statistics 13, 1985).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Mixture<Normal> {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least deviation of a component as a share of the sample's median absolute deviation.
    public var lowestDeviationShare = 0.01

    /// The number of starts drawn at random, besides one by quantiles and one of equal means.
    public var randomStartCount = 4

    /// The seed of the random starts.
    public var seed: UInt64 = 1

    /// The largest number of EM steps of a start; the best end is then refined.
    public var maximumIterations = 500

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of observations of a fit for each component.
  public static var minimumObservationsPerComponent: Int { 10 }

  /// Fits a mixture of normal laws to a sample by maximum likelihood.
  ///
  /// Components are in the order of their deviations. The likelihood has several maxima; the best end of all
  /// starts is returned. A component at the least deviation is said by ``FitStatus/lowerBound``: it sits on a
  /// few equal observations; so is one whose weight is 1e-8 of another's: it is superfluous. Standard errors come
  /// from the observed information; they are NaN where it is singular, as for components that coincide. Multiplying the sample by c multiplies means and deviations by
  /// c within 1e-7.
  ///
  /// - Parameters:
  ///   - sample: At least ten finite numbers for each component, no half of them equal.
  ///   - componentCount: The number of components, at least 1.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - settings: Starts and limits.
  ///   - start: A law near the fit, of as many components: one more start.
  /// - Returns: The law with `weight1`, `mean1`, `standardDeviation1`, … as parameters; the last weight is one
  ///   minus the others and not a parameter.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when one value fills half of the sample,
  ///   `DistributionsError.shapeMismatch`, `DistributionsError.invalidValue` for settings or a number of components outside their range,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n) a step and component.
  public static func fit(
    _ sample: [Double],
    componentCount: Int,
    weights: [Double]? = nil,
    settings: FitSettings = FitSettings(),
    start: Mixture<Normal>? = nil
  ) throws(DistributionsError) -> DistributionFit<Mixture<Normal>> {
    try settings.validate(componentCount)
    let standardized = try StandardizedSample(
      robustly: WeightedObservations(sample, weights),
      minimumCount: minimumObservationsPerComponent * componentCount, repeatedShareDivisor: 2)
    let likelihood = NormalMixtureLikelihood(standardized, componentCount)
    let floor = log(settings.lowestDeviationShare)
    var best: (value: Double, point: [Double], steps: Int)?
    var starts = likelihood.starts(settings.randomStartCount, RandomStream(seed: settings.seed))
    if let start {
      guard start.components.count == componentCount else {
        throw .shapeMismatch(
          argument: "start", got: start.components.count, required: componentCount)
      }
      starts.insert(coordinates(of: start, in: standardized), at: 0)
    }
    for start in starts {
      let end = likelihood.expectationMaximization(
        from: start, floor: floor, limit: settings.maximumIterations)
      if end.value > best?.value ?? -.infinity { best = end }
    }
    guard let best else { throw .notRepresentable(result: "logLikelihood") }
    let logit = -log(NormalMixtureLikelihood.leastWeight)
    let free = [Double](repeating: .infinity, count: componentCount)
    let logits = [Double](repeating: logit, count: componentCount - 1)
    let floors = [Double](repeating: floor, count: componentCount)
    var search = LikelihoodSearch(
      start: best.point, lowest: free.map { -$0 } + floors + logits.map { -$0 },
      highest: free + free + logits,
      maximumIterations: settings.maximumIterations, totalWeight: standardized.totalWeight
    ) { point in
      LikelihoodPoint.differenced(at: point) { likelihood.evaluate($0) }
    }
    search.run()
    return try result(search, standardized, componentCount, best.steps)
  }

  private static func coordinates(
    of law: Mixture<Normal>,
    in sample: StandardizedSample
  ) -> [Double] {
    let last = law.weights[law.weights.count - 1]
    return law.components.map { sample.standardizedLocation($0.mean) }
      + law.components.map { log(sample.standardizedScale($0.standardDeviation)) }
      + law.weights.dropLast().map { log($0 / last) }
  }

  private static func result(
    _ search: LikelihoodSearch,
    _ sample: StandardizedSample,
    _ k: Int,
    _ steps: Int
  ) throws(DistributionsError) -> DistributionFit<Mixture<Normal>> {
    let point = search.point
    let masses = NormalMixtureLikelihood.weights(point, k)
    let order = (0..<k).sorted { point[k + $0] < point[k + $1] }
    let unit = sample.restoredScale(1)
    var components: [Normal] = []
    var gradients: [[Double]] = []
    var values: [(name: String, value: Double)] = []
    func gradient(_ entries: [(Int, Double)]) -> [Double] {
      var row = [Double](repeating: 0, count: 3 * k - 1)
      for (index, value) in entries { row[index] = value }
      return row
    }
    for (place, j) in order.enumerated() {
      let (mean, deviation) = try sample.restored(location: point[j], scale: exp(point[k + j]))
      components.append(try Normal(mean: mean, standardDeviation: deviation))
      if place < k - 1 {
        values.append(("weight\(place + 1)", masses[j]))
        gradients.append(
          gradient(
            (0..<(k - 1)).map { i in
              (2 * k + i, masses[j] * ((i == j ? 1 : 0) - masses[i]))
            }))
      }
      values += [("mean\(place + 1)", mean), ("standardDeviation\(place + 1)", deviation)]
      gradients += [gradient([(j, unit)]), gradient([(k + j, deviation)])]
    }
    let errors = search.standardErrors(gradients)
    let isHeld = (k..<(3 * k - 1)).contains { search.isHeld($0) }
    return DistributionFit(
      law: try Mixture(components: components, weights: order.map { masses[$0] }),
      logLikelihood: search.totalWeight * (search.current.value - sample.logUnit),
      parameters: zip(values, errors).map { value, error in
        FittedParameter(name: value.name, value: value.value, standardError: error)
      },
      observationCount: sample.values.count,
      totalWeight: search.totalWeight,
      iterations: steps + search.iterations,
      status: !search.converged ? .iterationLimit : isHeld ? .lowerBound : .converged
    )
  }
}

/// The mean log-likelihood of a mixture of normal laws in (means, ln deviations, ln(w/w_k)).
private struct NormalMixtureLikelihood {
  private let sample: StandardizedSample
  private let k: Int

  init(_ sample: StandardizedSample, _ componentCount: Int) {
    self.sample = sample
    k = componentCount
  }

  /// The weights of the components at a point.
  static func weights(_ point: [Double], _ k: Int) -> [Double] {
    let logits = (0..<k).map { $0 < k - 1 ? point[2 * k + $0] : 0 }
    let largest = logits.reduce(0, max)
    let shares = logits.map { exp($0 - largest) }
    let total = shares.reduce(0, +)
    return shares.map { $0 / total }
  }

  /// Starts: components at quantiles, components of one mean and different deviations, and random ones.
  func starts(_ randomCount: Int, _ stream: RandomStream) -> [[Double]] {
    let equal = [Double](repeating: 0, count: k - 1)
    let sorted = sample.values.sorted()
    let places = (0..<k).map { sorted[sorted.count * (2 * $0 + 1) / (2 * k)] }
    let narrow = [Double](repeating: log(1.5 / Double(k)), count: k)
    let wide = (0..<k).map { log(1.5) + 0.7 * (Double($0) - 0.5 * Double(k - 1)) }
    var starts = [
      places + narrow + equal, [Double](repeating: 0, count: k) + wide + equal,
    ]
    guard k > 1 else { return [starts[0]] }
    for start in 0..<randomCount {
      func uniform(_ j: Int) -> Double { stream.uniform(at: UInt64(2 * (start * k + j))) }
      let centers = (0..<k).map {
        sorted[min(Int(uniform($0) * Double(sorted.count)), sorted.count - 1)]
      }
      let widths = (0..<k).map {
        log(0.3) + 2 * stream.uniform(at: UInt64(2 * (start * k + $0) + 1))
      }
      starts.append(centers + widths + equal)
    }
    return starts
  }

  /// The log-density at a point of the sample, with the share of each component left in place of its term.
  @inline(__always)
  private func shares(
    _ x: Double,
    _ point: [Double],
    _ logFactors: [Double],
    _ inverses: [Double],
    _ terms: inout [Double]
  ) -> Double {
    var largest = -Double.infinity
    for j in 0..<k {
      let z = (x - point[j]) * inverses[j]
      terms[j] = logFactors[j] - 0.5 * z * z
      largest = max(largest, terms[j])
    }
    var total = 0.0
    for j in 0..<k {
      terms[j] = exp(terms[j] - largest)
      total += terms[j]
    }
    for j in 0..<k { terms[j] /= total }
    return largest + log(total)
  }

  private func factors(_ point: [Double]) -> (weights: [Double], logs: [Double], inverses: [Double])
  {
    let weights = Self.weights(point, k)
    return (
      weights, (0..<k).map { log(weights[$0]) - point[k + $0] - halfLogTwoPi },
      (0..<k).map { exp(-point[k + $0]) }
    )
  }

  /// Value and gradient.
  func evaluate(_ point: [Double]) -> (value: Double, gradient: [Double]) {
    let (weights, logs, inverses) = factors(point)
    var terms = [Double](repeating: 0, count: k)
    var gradient = [Double](repeating: 0, count: 3 * k - 1)
    var value = 0.0
    for i in sample.values.indices {
      let mass = sample.weights[i]
      value += mass * shares(sample.values[i], point, logs, inverses, &terms)
      for j in 0..<k {
        let z = (sample.values[i] - point[j]) * inverses[j]
        let share = mass * terms[j]
        gradient[j] += share * z * inverses[j]
        gradient[k + j] += share * (z * z - 1)
        if j < k - 1 { gradient[2 * k + j] += share - mass * weights[j] }
      }
    }
    guard value.isFinite else { return (-.infinity, []) }
    return (value / sample.totalWeight, gradient.map { $0 / sample.totalWeight })
  }

  /// EM steps until the likelihood rises by less than Newton's method needs.
  func expectationMaximization(
    from start: [Double],
    floor: Double,
    limit: Int
  ) -> (value: Double, point: [Double], steps: Int) {
    var point = start
    var last = -Double.infinity
    for step in 1...limit {
      let (value, next) = expectationStep(point, floor)
      if !(value - last > Self.smallRise) || !value.isFinite { return (value, point, step) }
      last = value
      point = next
    }
    return (last, point, limit)
  }

  /// A rise of the mean log-likelihood at which EM has all but stopped.
  private static let smallRise = 1e-8

  /// A component keeps at least this weight, as a share of the total or of the last component's.
  static let leastWeight = 1e-8

  /// The likelihood at a point, and the next one.
  private func expectationStep(_ point: [Double], _ floor: Double) -> (Double, [Double]) {
    let (_, logs, inverses) = factors(point)
    var terms = [Double](repeating: 0, count: k)
    var value = 0.0
    var sums = [SIMD4<Double>](repeating: .zero, count: k)
    for i in sample.values.indices {
      let (x, mass) = (sample.values[i], sample.weights[i])
      value += mass * shares(x, point, logs, inverses, &terms)
      for j in 0..<k {
        // About the old mean, without cancellation.
        let d = x - point[j]
        sums[j] += mass * terms[j] * SIMD4(1, d, d * d, 0)
      }
    }
    let n = sample.totalWeight
    var next = point
    let masses = sums.map { max($0.x, Self.leastWeight * n) }
    for j in 0..<k {
      let shift = sums[j].y / masses[j]
      next[j] = point[j] + shift
      let variance = sums[j].z / masses[j] - shift * shift
      next[k + j] = max(0.5 * log(max(variance, .leastNormalMagnitude)), floor)
      if j < k - 1 { next[2 * k + j] = log(masses[j] / masses[k - 1]) }
    }
    return (value / n, next)
  }
}

extension Mixture<Normal>.FitSettings {
  fileprivate func validate(_ componentCount: Int) throws(DistributionsError) {
    try requireInside(Double(componentCount), 1...50, "componentCount")
    try requireInside(lowestDeviationShare, 1e-6...0.5, "lowestDeviationShare")
    try requireInside(Double(randomStartCount), 0...1000, "randomStartCount")
    try requireIterations(maximumIterations)
  }
}

// Goals in order: the same answer for any number of threads, weights inside their limits, memory for one block of draws.

public import KeelData
import KeelLinearAlgebra
public import KeelNumerics
import KeelOptimization

/// The mean of many efficient frontiers, each of estimates that could as well have been.
///
/// ```text
/// for each draw k:  T returns from the law (μ, Σ),  their mean and covariance,  their frontier
/// point at rank r:  the mean over all draws of the weights at rank r
/// ```
///
/// Estimates are uncertain, and one frontier takes them at their word: near estimates give far weights.
/// The mean over draws moves little, and holds some of every asset that would have been chosen often.
/// Rank r of each frontier is its portfolio at equal steps of expected return from the least variance
/// to the largest return. Bounds, budget, and every other convex constraint hold for the mean because they hold for
/// each draw. Reference: Michaud, Efficient Asset Management (1998).
///
/// ```swift
/// let frontier = ResampledFrontier(observationCount: 120, drawCount: 500, seed: 7)
/// let points = try frontier.points(count: 20, expectedReturns: means, covariance: covariance)
/// ```
public struct ResampledFrontier: Hashable, Sendable {
  /// The law of the returns in a draw; its means and covariance are the caller's.
  @nonexhaustive
  public enum Law: Hashable, Sendable {
    /// The normal law.
    case normal

    /// The multivariate Student-t law; more than two degrees of freedom.
    case studentT(degreesOfFreedom: Double)
  }

  /// A portfolio of the mean frontier.
  public struct Point: Hashable, Sendable {
    /// The mean weights.
    public let weights: Weights

    /// The standard deviation of each weight over the draws.
    public let weightDeviations: [Double]

    /// The expected return per period under the caller's means.
    public let expectedReturn: Double

    /// The variance per period under the caller's covariance.
    public let variance: Double

    /// The standard deviation per period.
    public var volatility: Double { max(variance, 0).squareRoot() }
  }

  /// The number T of returns in a draw, at least 2: as many as the estimates were made of.
  public var observationCount: Int

  /// The number of draws, at least 1.
  public var drawCount: Int

  /// The seed; draw k reads stream k.
  public var seed: UInt64

  /// The law of the returns in a draw.
  public var law: Law

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of each frontier.
  public var settings: EfficientFrontier.Settings

  /// Creates the choice.
  ///
  /// - Parameters:
  ///   - observationCount: The number T of returns in a draw, at least 2.
  ///   - drawCount: The number of draws, at least 1.
  ///   - seed: The seed; draw k reads stream k.
  ///   - law: The law of the returns in a draw.
  ///   - constraints: Bounds, budget, linear constraints, limits on turnover and gross exposure.
  ///   - settings: The limits of each frontier.
  public init(
    observationCount: Int,
    drawCount: Int,
    seed: UInt64,
    law: Law = .normal,
    constraints: PortfolioConstraints = .longOnly,
    settings: EfficientFrontier.Settings = EfficientFrontier.Settings()
  ) {
    self.observationCount = observationCount
    self.drawCount = drawCount
    self.seed = seed
    self.law = law
    self.constraints = constraints
    self.settings = settings
  }

  /// Draws per block: blocks are cut here whatever the number of threads.
  private static let blockLength = 8

  /// Finds portfolios of the mean frontier.
  ///
  /// - Parameters:
  ///   - count: The number of portfolios, at least 2, from the least variance to the largest return.
  ///   - expectedReturns: The expected return of each of N assets per period.
  ///   - covariance: Their covariance per period; it may be singular.
  ///   - pool: Works on draws at a time, with the same result; nil for the caller's thread.
  /// - Returns: The portfolios.
  /// - Throws: ``AllocationError``: what ``EfficientFrontier`` throws for the first draw that has no frontier, and
  ///   `invalidValue` for counts and degrees of freedom out of range.
  /// - Complexity: O(T N²) and a frontier each draw.
  public func points(
    count: Int,
    expectedReturns: ExpectedReturns,
    covariance: Covariance,
    on pool: BoundedPool? = nil
  ) throws(AllocationError) -> [Point] {
    try Translation.requireEqual(expectedReturns.universe, covariance.universe)
    let mostNumbers = RandomStream.maximumCount
    for (argument, value, least, most) in [
      ("observationCount", observationCount, 2, mostNumbers / max(covariance.universe.count, 1)),
      ("drawCount", drawCount, 1, mostNumbers), ("count", count, 2, mostNumbers),
    ] {
      try Translation.require(Double(value), argument, in: Double(least)...Double(most))
    }
    if case .studentT(let freedom) = law {
      try Translation.require(
        freedom, "degreesOfFreedom", in: 2.0.nextUp ... .greatestFiniteMagnitude)
    }
    if covariance.definiteness == .unproved { try covariance.requireSemidefinite() }
    let sampler = try ReturnSampler(expectedReturns, covariance, law, observationCount)
    let frontier = EfficientFrontier(constraints: constraints, settings: settings)
    let work: @Sendable (Range<Int>) throws(AllocationError) -> WeightMoments = {
      (range) throws(AllocationError) in
      var moments = WeightMoments(count: count * covariance.universe.count)
      for draw in range {
        let (means, sample) = try sampler.estimates(RandomStream(seed: seed, stream: UInt64(draw)))
        let points = try frontier.curve(expectedReturns: means, covariance: sample)
          .sampled(count: count)
        moments.add(points.flatMap(\.weights.values))
      }
      return moments
    }
    let blocks = try (pool ?? BoundedPool(width: 1)).blockResults(
      count: drawCount, blockLength: Self.blockLength, body: work)
    var total = WeightMoments(count: count * covariance.universe.count)
    for block in blocks { total.add(block) }
    guard total.drawCount == drawCount else {
      throw .notSolved(status: .cancelled, certificate: Self.noCertificate)
    }
    return try points(count, total, expectedReturns, covariance)
  }

  /// The mean weights under the caller's law.
  private func points(
    _ count: Int,
    _ moments: WeightMoments,
    _ expectedReturns: ExpectedReturns,
    _ covariance: Covariance
  ) throws(AllocationError) -> [Point] {
    let universe = covariance.universe
    let (lower, upper) = try constraints.resolvedBounds(over: universe)
    let n = universe.count
    let deviations = moments.deviations
    var points: [Point] = []
    for rank in 0..<count {
      // What rounding leaves beyond a bound.
      let weights = (0..<n).map { min(max(moments.means[rank * n + $0], lower[$0]), upper[$0]) }
      var (mean, variance) = (CompensatedSum(), CompensatedSum())
      for (i, p) in covariance.product(with: weights).enumerated() {
        mean.add(weights[i] * expectedReturns.values[i])
        variance.add(weights[i] * p)
      }
      points.append(
        Point(
          weights: try Translation.weights(weights, over: universe),
          weightDeviations: Array(deviations[(rank * n)..<((rank + 1) * n)]),
          expectedReturn: mean.value, variance: max(variance.value, 0)))
    }
    return points
  }

  private static let noCertificate = Certificate(
    primalResidual: .nan, dualResidual: .nan, relativeGap: .nan, primalObjective: .nan,
    dualObjective: .nan, worstViolation: nil, iterations: 0)
}

/// Means and squared deviations of vectors, one by one or by blocks.
///
/// Reference: T. F. Chan, G. H. Golub and R. J. LeVeque, The American Statistician 37 (1983).
private struct WeightMoments: Sendable {
  private(set) var drawCount = 0
  private(set) var means: [Double]
  private var squares: [Double]

  init(count: Int) {
    means = [Double](repeating: 0, count: count)
    squares = means
  }

  /// The standard deviation of each element; zero for one draw.
  var deviations: [Double] {
    squares.map { drawCount > 1 ? ($0 / Double(drawCount - 1)).squareRoot() : 0 }
  }

  mutating func add(_ values: [Double]) {
    drawCount += 1
    for i in means.indices {
      let difference = values[i] - means[i]
      means[i] += difference / Double(drawCount)
      squares[i] += difference * (values[i] - means[i])
    }
  }

  mutating func add(_ other: WeightMoments) {
    let total = drawCount + other.drawCount
    if total == 0 { return }
    let share = Double(other.drawCount) / Double(total)
    for i in means.indices {
      let difference = other.means[i] - means[i]
      means[i] += share * difference
      squares[i] += other.squares[i] + Double(drawCount) * share * difference * difference
    }
    drawCount = total
  }
}

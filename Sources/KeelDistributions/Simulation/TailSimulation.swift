// Importance sampling by exponential twisting. With the linear loss ℓ = −w'r of mean a and deviation b and r = μ + S L z:
// the density is multiplied by exp(θQ − ψ), Q = (ℓ − x)/S², θ = (x − a)/b², q = (x − a)/b. Under it
//   normal (S = 1): r = μ + Lz − θΣw, ψ = −q²/2;
//   Student (S² = (ν−2)/χ²): r = μ + κ S Lz − θΣw, κ² = 1 + q²/(ν−2), ψ = −ν ln κ
// (P. Glasserman, P. Heidelberger, P. Shahabuddin, "Portfolio value-at-risk with heavy-tailed risk factors", Mathematical
// Finance 12, 2002, for a linear loss). Where ℓ > x the likelihood ratio is below exp(ψ).
//
// A control with two outcomes, ℓ above a point or not, is stratification after the draw: each side gets its probability.

public import KeelData
public import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An estimate from simulated paths.
public struct SimulationEstimate: Hashable, Sendable {
  /// The estimate.
  public let value: Double

  /// Its standard error.
  public let standardError: Double
}

/// The simulated losses of a portfolio, with what makes estimates of their tail sharp.
///
/// ```swift
/// let tail = try law.tailSimulation(
///   weights, method: .importance(confidence: 0.999), paths: 0..<100_000, from: RandomStream(seed: 1))
/// let risk = try tail.expectedShortfall(confidence: 0.999)
/// print(risk.value, "±", risk.standardError)
/// ```
///
/// Scrambled Sobol points (``ScenarioPoints/scrambledSobol``) have smaller errors still, which only several
/// scramblings tell: the standard errors are those of the spread of the streams, and NaN for one.
///
/// ```swift
/// var even = try law.tailSimulation(
///   weights, method: .plain, points: .scrambledSobol, paths: 0..<8192, from: RandomStream(seed: 1))
/// for stream in 1..<8 {
///   let other = RandomStream(seed: 1, stream: UInt64(stream))
///   try even.append(
///     law.tailSimulation(weights, method: .plain, points: .scrambledSobol, paths: 0..<8192, from: other))
/// }
/// ```
///
/// The loss may be any function of the returns. Its linear part is that of the weights, whose law is known: it steers the
/// importance sampling and is the control.
public struct TailSimulation: Sendable {
  /// How paths are drawn and weighed.
  @nonexhaustive
  public enum Method: Hashable, Sendable {
    /// Independent paths.
    case plain

    /// Each path with its mirror image about the means: two losses a path. In a tail of a symmetric law the two events
    /// exclude each other, and the variance of a probability p is `(1 − 2p)/(1 − p)` times that of as many
    /// independent losses.
    case antithetic

    /// The linear loss as control: the variance left is what it does not explain.
    case controlVariate

    /// Paths drawn toward the tail and weighed by their likelihood, where the linear loss has its value at risk of the
    /// confidence: best for a tail near that.
    case importance(confidence: Double)
  }

  /// How paths were drawn.
  public let method: Method

  /// Which points of the unit cube the paths are made of.
  public let points: ScenarioPoints

  /// The loss of each path, positive for a loss.
  public private(set) var losses: [Double]

  /// The loss of the mirror image of each path; empty for other methods than the antithetic.
  public private(set) var mirroredLosses: [Double]

  /// The likelihood of each path over that with which it was drawn; empty for other methods than importance sampling.
  public private(set) var likelihoods: [Double]

  /// The linear loss of each path; empty for other methods than the control variate.
  public private(set) var controls: [Double]

  /// The law of `w'r`.
  let linearLaw: any ContinuousDistribution

  /// What was simulated.
  private let book: SimulatedBook

  /// What was drawn: the paths of each stream.
  private var drawn: [DrawnPaths]

  /// The number of paths.
  public var pathCount: Int { losses.count }

  /// Joins simulations of the same portfolio, law and method, for example of ranges of paths drawn elsewhere.
  ///
  /// Functions cannot be compared: that both were given the same `loss` is for the caller to see to; only that both were
  /// given one, or none, is checked.
  ///
  /// - Parameter other: The simulation of other paths, or of a stream of its own.
  /// - Throws: `DistributionsError.shapeMismatch` for another method or other points, with what only one of them has;
  ///   `DistributionsError.universeMismatch`; `DistributionsError.invalidObservation` for the first place where weights,
  ///   means or covariances differ; `DistributionsError.invalidValue` for other degrees of freedom, another confidence of
  ///   importance sampling, and for paths of the same stream that are here already.
  /// - Complexity: O(S + N²).
  public mutating func append(_ other: TailSimulation) throws(DistributionsError) {
    for (name, own, others) in [
      ("mirroredLosses", mirroredLosses, other.mirroredLosses),
      ("likelihoods", likelihoods, other.likelihoods), ("controls", controls, other.controls),
    ] where own.isEmpty != others.isEmpty {
      throw .shapeMismatch(
        argument: name, got: others.count, required: own.isEmpty ? 0 : other.pathCount)
    }
    guard points == other.points else {
      throw .shapeMismatch(
        argument: "points", got: other.points == .random ? 0 : other.pathCount,
        required: points == .random ? 0 : other.pathCount)
    }
    if case .importance(let own) = method, case .importance(let others) = other.method,
      own != others
    {
      throw .invalidValue(argument: "confidence", got: others, lowest: own, highest: own)
    }
    try book.requireSame(other.book)
    for theirs in other.drawn {
      for mine in drawn where mine.seed == theirs.seed && mine.paths.overlaps(theirs.paths) {
        throw .invalidValue(
          argument: "paths.lowerBound", got: Double(theirs.paths.lowerBound),
          lowest: Double(mine.paths.upperBound), highest: Double(Int.max))
      }
    }
    drawn += other.drawn
    losses += other.losses
    mirroredLosses += other.mirroredLosses
    likelihoods += other.likelihoods
    controls += other.controls
  }

  /// The paths of each scrambling, in the order of their first appearance.
  var scramblings: [TailSimulation] {
    var rows: [(seed: UInt64, rows: [Int])] = []
    var first = 0
    for piece in drawn {
      let range = first..<(first + piece.paths.count)
      first = range.upperBound
      if let place = rows.firstIndex(where: { $0.seed == piece.seed }) {
        rows[place].rows += range
      } else {
        rows.append((piece.seed, Array(range)))
      }
    }
    return rows.map { seed, rows in
      var part = self
      func taken(_ values: [Double]) -> [Double] { values.isEmpty ? [] : rows.map { values[$0] } }
      part.losses = taken(losses)
      part.mirroredLosses = taken(mirroredLosses)
      part.likelihoods = taken(likelihoods)
      part.controls = taken(controls)
      part.drawn = drawn.filter { $0.seed == seed }
      return part
    }
  }

  init(
    _ simulation: EllipticalSimulation,
    _ book: SimulatedBook,
    _ plan: TailPlan,
    method: Method,
    points: ScenarioPoints,
    paths: Range<Int>,
    on pool: BoundedPool?,
    loss: (@Sendable ([Double]) -> Double)?
  ) throws(DistributionsError) {
    try simulation.requirePaths(paths)
    self.method = method
    self.points = points
    linearLaw = plan.law
    let worker = pool ?? BoundedPool(width: 1)
    let values = book.weights.values
    let parts = worker.blockResults(
      count: paths.count, blockLength: EllipticalSimulation.blockLength
    ) { range in
      TailBlock(
        simulation,
        (paths.lowerBound + range.lowerBound)..<(paths.lowerBound + range.upperBound), values,
        plan, method, loss)
    }
    losses = parts.flatMap(\.losses)
    mirroredLosses = parts.flatMap(\.mirrored)
    likelihoods = parts.flatMap(\.likelihoods)
    controls = parts.flatMap(\.controls)
    self.book = book
    drawn = [
      DrawnPaths(
        seed: simulation.seed, paths: paths.lowerBound..<(paths.lowerBound + losses.count))
    ]
    for (name, values) in [("loss", losses), ("loss", mirroredLosses)] {
      if let bad = values.firstIndex(where: { !$0.isFinite }) {
        throw .invalidObservation(argument: name, index: bad, got: values[bad])
      }
    }
    guard !losses.isEmpty else { throw .tooFewObservations(got: 0, required: 1) }
  }
}

/// Paths of one stream.
private struct DrawnPaths: Sendable {
  let seed: UInt64
  let paths: Range<Int>
}

/// A portfolio, the law of its returns, and whether its loss is linear.
struct SimulatedBook: Sendable {
  let weights: Weights
  let expectedReturns: ExpectedReturns
  let covariance: Covariance
  let degreesOfFreedom: Double
  let isLinear: Bool

  /// Refuses another one, with the first difference.
  func requireSame(_ other: SimulatedBook) throws(DistributionsError) {
    try KeelDistributions.requireSame(weights.universe, other.weights.universe)
    try Self.requireSame(weights.values, other.weights.values, "weights")
    guard isLinear == other.isLinear else {
      throw .shapeMismatch(
        argument: "loss", got: other.isLinear ? 0 : 1, required: isLinear ? 0 : 1)
    }
    guard degreesOfFreedom == other.degreesOfFreedom else {
      throw .invalidValue(
        argument: "degreesOfFreedom", got: other.degreesOfFreedom, lowest: degreesOfFreedom,
        highest: degreesOfFreedom)
    }
    try Self.requireSame(
      expectedReturns.values, other.expectedReturns.values, "expectedReturns")
    if covariance == other.covariance { return }
    try Self.requireSame(
      Self.elements(covariance.matrix), Self.elements(other.covariance.matrix), "covariance")
  }

  private static func elements(_ matrix: SymmetricMatrix) -> [Double] {
    let n = matrix.order
    return (0..<(n * n)).map { matrix[$0 % n, $0 / n] }
  }

  private static func requireSame(
    _ own: [Double],
    _ others: [Double],
    _ name: String
  ) throws(DistributionsError) {
    if let place = own.indices.first(where: { own[$0] != others[$0] }) {
      throw .invalidObservation(argument: name, index: place, got: others[place])
    }
  }
}

/// What a twist toward the tail needs.
struct TailPlan: Sendable {
  /// The law of w'r.
  let law: any ContinuousDistribution
  /// The threshold x.
  var threshold = 0.0
  /// θ.
  var tilt = 0.0
  /// −θΣw.
  var shift: [Double]
  /// κ.
  var stretch = 1.0
  /// ψ.
  var logMoment = 0.0

  init(
    _ law: some ContinuousDistribution,
    _ projection: PortfolioProjection,
    _ weights: Weights,
    degreesOfFreedom: Double,
    _ method: TailSimulation.Method
  ) throws(DistributionsError) {
    self.law = law
    shift = [Double](repeating: 0, count: weights.values.count)
    guard case .importance(let confidence) = method else { return }
    try requireConfidence(confidence)
    let deviation = projection.gradient.volatility
    threshold = law.valueAtRisk(confidence: confidence)
    let q = max(0, (threshold + projection.mean) / deviation)
    tilt = q / deviation
    // Contributions are w (Σw)/σ, and zero weights have none: the product is asked for itself.
    shift = projection.gradient.marginals.map { -q * $0 }
    if degreesOfFreedom < .infinity {
      let square = q * q / (degreesOfFreedom - 2)
      stretch = (1 + square).squareRoot()
      logMoment = -0.5 * degreesOfFreedom * log1p(square)
    } else {
      logMoment = -0.5 * q * q
    }
  }
}

/// The losses of a block of paths.
private struct TailBlock: Sendable {
  var losses: [Double] = []
  var mirrored: [Double] = []
  var likelihoods: [Double] = []
  var controls: [Double] = []

  init(
    _ simulation: EllipticalSimulation,
    _ range: Range<Int>,
    _ weights: [Double],
    _ plan: TailPlan,
    _ method: TailSimulation.Method,
    _ loss: (@Sendable ([Double]) -> Double)?
  ) {
    let (rows, n) = (range.count, weights.count)
    let (deviations, stretches) = simulation.deviations(range)
    let means = simulation.means
    var path = [Double](repeating: 0, count: n)
    func linear(_ path: [Double]) -> Double {
      var sum = 0.0
      for j in 0..<n { sum -= weights[j] * path[j] }
      return sum
    }
    func value(_ path: [Double]) -> Double { loss?(path) ?? linear(path) }
    for i in 0..<rows {
      for j in 0..<n {
        path[j] = means[j] + (plan.stretch * deviations[i + j * rows] + plan.shift[j])
      }
      losses.append(value(path))
      switch method {
      case .plain: break
      case .antithetic:
        for j in 0..<n { path[j] = means[j] - deviations[i + j * rows] }
        mirrored.append(value(path))
      case .controlVariate: controls.append(linear(path))
      case .importance:
        let size = plan.stretch * stretches[i]
        likelihoods.append(
          exp(plan.logMoment - plan.tilt * (linear(path) - plan.threshold) / (size * size)))
      }
    }
  }
}

extension MultivariateNormal {
  /// Simulates the losses of a portfolio for estimates of their tail.
  ///
  /// The same bits for any threads, and for any ranges that begin at multiples of 4096.
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions, over the same universe: the loss is `−w'r`, or its linear part.
  ///   - method: How paths are drawn and weighed.
  ///   - points: Which points of the unit cube the paths are made of.
  ///   - paths: The numbers of the paths, from zero; the first one a multiple of 4096. Their number S has S × N at
  ///     most 2³².
  ///   - stream: Where the draws come from. Its raw blocks are read.
  ///   - pool: The threads to work on; by default the caller's alone.
  ///   - loss: The loss of N returns, positive for a loss; nil for the linear one.
  /// - Returns: The losses; of fewer paths only when the calling task was cancelled.
  /// - Throws: As ``portfolioLaw(_:)`` and ``scenarios(paths:points:from:on:)``, `DistributionsError.invalidValue` for a
  ///   confidence, `DistributionsError.invalidObservation` for a loss that is not finite.
  /// - Complexity: O(S N²) and S losses.
  public func tailSimulation(
    _ weights: Weights,
    method: TailSimulation.Method,
    points: ScenarioPoints = .random,
    paths: Range<Int>,
    from stream: RandomStream,
    on pool: BoundedPool? = nil,
    loss: (@Sendable ([Double]) -> Double)? = nil
  ) throws(DistributionsError) -> TailSimulation {
    let plan = try TailPlan(
      portfolioLaw(weights), PortfolioProjection(weights, expectedReturns, covariance), weights,
      degreesOfFreedom: .infinity, method)
    let book = SimulatedBook(
      weights: weights, expectedReturns: expectedReturns, covariance: covariance,
      degreesOfFreedom: .infinity, isLinear: loss == nil)
    return try TailSimulation(
      simulation(stream, points), book, plan, method: method, points: points, paths: paths,
      on: pool, loss: loss)
  }
}

extension MultivariateStudentT {
  /// Simulates the losses of a portfolio for estimates of their tail.
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions, over the same universe: the loss is `−w'r`, or its linear part.
  ///   - method: How paths are drawn and weighed.
  ///   - points: Which points of the unit cube the paths are made of.
  ///   - paths: The numbers of the paths, from zero; the first one a multiple of 4096. Their number S has S × N at
  ///     most 2³².
  ///   - stream: Where the draws come from. Its raw blocks are read.
  ///   - pool: The threads to work on; by default the caller's alone.
  ///   - loss: The loss of N returns, positive for a loss; nil for the linear one.
  /// - Returns: The losses; of fewer paths only when the calling task was cancelled.
  /// - Throws: As ``MultivariateNormal/tailSimulation(_:method:points:paths:from:on:loss:)``.
  /// - Complexity: O(S N²) and S losses.
  public func tailSimulation(
    _ weights: Weights,
    method: TailSimulation.Method,
    points: ScenarioPoints = .random,
    paths: Range<Int>,
    from stream: RandomStream,
    on pool: BoundedPool? = nil,
    loss: (@Sendable ([Double]) -> Double)? = nil
  ) throws(DistributionsError) -> TailSimulation {
    let plan = try TailPlan(
      portfolioLaw(weights), PortfolioProjection(weights, expectedReturns, covariance), weights,
      degreesOfFreedom: degreesOfFreedom, method)
    let book = SimulatedBook(
      weights: weights, expectedReturns: expectedReturns, covariance: covariance,
      degreesOfFreedom: degreesOfFreedom, isLinear: loss == nil)
    return try TailSimulation(
      simulation(stream, points), book, plan, method: method, points: points, paths: paths,
      on: pool, loss: loss)
  }
}

// Goals in order: the posterior within a stated mass, a row at a time gives the bits of the whole
// series, bounded work a row.
//
// R. Adams, D. MacKay, Bayesian online changepoint detection (2007), arXiv:0710.3742. The law within a
// run is normal with unknown mean and variance, so that a row given its run is Student's t (K. Murphy,
// Conjugate Bayesian analysis of the Gaussian distribution (2007)).

import KeelDistributions

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The probability of each time since the last break of a series, a value at a time.
///
/// ```text
/// P(run = r + 1, x) = P(run = r) f(x | run) (1 − hazard)
/// P(run = 0, x)     = Σ P(run = r) f(x | run) hazard
/// f(x | run):  Student's t with 2a degrees, center m, squared scale b (κ + 1) / (a κ)
/// ```
///
/// Each row's readings depend on the values up to that row. The state is a value: it can be saved,
/// restored, copied and compared; any division of a series into calls gives the same bits.
public struct BayesianChangePoint: Hashable, Sendable, Codable {
  /// What is known of a run before its first value: normal-inverse-gamma.
  ///
  /// The mean is normal around `mean` with the variance of a value over `strength`; the variance of
  /// a value is inverse gamma with `shape` and `rate`.
  public struct Prior: Hashable, Sendable, Codable {
    /// The expected mean of a run.
    public let mean: Double

    /// How many values the knowledge of the mean is worth; positive.
    public let strength: Double

    /// Half the number of values that the knowledge of the variance is worth; positive.
    public let shape: Double

    /// The shape times the usual variance; positive.
    public let rate: Double

    /// The allowed values of strength and shape.
    public static let allowedCounts = 1e-6...1e12

    /// The allowed values of the rate: with the others, every scale is representable.
    public static let allowedRates = 1e-280...1e290

    /// Creates a prior.
    ///
    /// - Parameters:
    ///   - mean: The expected mean of a run.
    ///   - strength: How many values the knowledge of the mean is worth.
    ///   - shape: Half the number of values that the knowledge of the variance is worth.
    ///   - rate: The shape times the usual variance.
    /// - Throws: `EstimationError.invalidValue`.
    public init(
      mean: Double,
      strength: Double,
      shape: Double,
      rate: Double
    ) throws(EstimationError) {
      guard mean.magnitude <= BayesianChangePoint.largestMagnitude else {
        throw .invalid(
          "mean", mean, lowest: -BayesianChangePoint.largestMagnitude,
          highest: BayesianChangePoint.largestMagnitude)
      }
      for (name, value, allowed) in [
        ("strength", strength, Self.allowedCounts), ("shape", shape, Self.allowedCounts),
        ("rate", rate, Self.allowedRates),
      ] where !allowed.contains(value) {
        throw .invalid(
          name, value, lowest: allowed.lowerBound, highest: allowed.upperBound)
      }
      self.mean = mean
      self.strength = strength
      self.shape = shape
      self.rate = rate
    }

    /// Decodes a prior; what its initializer refuses is refused.
    ///
    /// - Parameter decoder: The decoder.
    /// - Throws: A decoding error, or `EstimationError`.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      try self.init(
        mean: container.decode(Double.self, forKey: .mean),
        strength: container.decode(Double.self, forKey: .strength),
        shape: container.decode(Double.self, forKey: .shape),
        rate: container.decode(Double.self, forKey: .rate))
    }

    private enum CodingKeys: String, CodingKey { case mean, strength, shape, rate }
  }

  /// What is known of one possible run after the values so far.
  public struct Run: Hashable, Sendable, Codable {
    /// The number of values since its break.
    public fileprivate(set) var length: Int

    /// Its probability.
    public fileprivate(set) var probability: Double

    /// The expected mean of its values.
    public fileprivate(set) var mean: Double

    fileprivate var rate: Double
  }

  /// What the values up to a row say.
  public struct Reading: Hashable, Sendable, Codable {
    /// The expected number of values since the last break.
    public let expectedRunLength: Double

    /// The most likely number of values since the last break; the shorter of equally likely ones.
    public let mostLikelyRunLength: Int

    /// The expected value of the next row, should no break come.
    public let mean: Double
  }

  /// What is known of a run before its first value.
  public let prior: Prior

  /// The probability that a break comes after a row.
  public let hazard: Double

  /// The probability of runs that may be given up at a row, the least likely ones first.
  public let discardedMass: Double

  /// The possible runs, the shortest first; their probabilities sum to one.
  public private(set) var runs: [Run]

  /// The number of values so far.
  public private(set) var observationCount: Int

  /// The natural logarithm of the likelihood of the values so far.
  public private(set) var logEvidence: Double

  /// The largest magnitude of a value: squares must be representable.
  public static let largestMagnitude = 1e150

  /// Creates a detector that has seen nothing.
  ///
  /// - Parameters:
  ///   - prior: What is known of a run before its first value.
  ///   - hazard: The probability that a break comes after a row: one over the expected length of a
  ///     run; above 0 and below 1.
  ///   - discardedMass: The probability of runs that may be given up at a row, 0 to 0.01. At 1e-10
  ///     the readings of a hundred rows after move by some 1e-8, and the number of runs stays far
  ///     below that of the rows; at 0 it is that of the rows.
  /// - Throws: `EstimationError.invalidValue`.
  public init(
    prior: Prior,
    hazard: Double,
    discardedMass: Double = 1e-10
  ) throws(EstimationError) {
    guard hazard > 0, hazard < 1 else {
      throw .invalid("hazard", hazard, lowest: 0, highest: 1)
    }
    guard discardedMass >= 0, discardedMass <= 0.01 else {
      throw .invalid("discardedMass", discardedMass, lowest: 0, highest: 0.01)
    }
    self.prior = prior
    self.hazard = hazard
    self.discardedMass = discardedMass
    runs = [Run(length: 0, probability: 1, mean: prior.mean, rate: prior.rate)]
    observationCount = 0
    logEvidence = 0
  }

  /// Decodes a state; what no detector can hold is refused.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: A decoding error, or `EstimationError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      prior: container.decode(Prior.self, forKey: .prior),
      hazard: container.decode(Double.self, forKey: .hazard),
      discardedMass: container.decode(Double.self, forKey: .discardedMass))
    runs = try container.decode([Run].self, forKey: .runs)
    observationCount = try container.decode(Int.self, forKey: .observationCount)
    logEvidence = try container.decode(Double.self, forKey: .logEvidence)
    try StoredCount.require("observationCount", observationCount)
    guard logEvidence.isFinite else { throw EstimationError.invalid("logEvidence", logEvidence) }
    try requireRuns()
  }

  private enum CodingKeys: String, CodingKey {
    case prior, hazard, discardedMass, runs, observationCount, logEvidence
  }

  private func requireRuns() throws(EstimationError) {
    var shortest = 0
    var sum = 0.0
    for run in runs {
      guard run.length >= shortest, run.length <= observationCount else {
        throw .invalid(
          "length", Double(run.length), lowest: Double(shortest),
          highest: Double(observationCount))
      }
      guard run.probability >= 0, run.probability <= 1 else {
        throw .invalid("probability", run.probability, lowest: 0, highest: 1)
      }
      // Means are within the values but for rounding.
      let largest = 2 * Self.largestMagnitude
      guard run.mean.magnitude <= largest else {
        throw .invalid("mean", run.mean, lowest: -largest, highest: largest)
      }
      guard run.rate >= prior.rate, run.rate.isFinite else {
        throw .invalid("rate", run.rate, lowest: prior.rate)
      }
      shortest = run.length + 1
      sum += run.probability
    }
    // The rounding of two sums and of the division by one.
    let rounding = Double(runs.count + 1) * .ulpOfOne
    guard (sum - 1).magnitude <= rounding else {
      throw .invalid("probability", sum, lowest: 1 - rounding, highest: 1 + rounding)
    }
  }

  /// The probability that the last break came within the last rows.
  ///
  /// - Parameter rowCount: How many rows count.
  /// - Returns: The probability of runs of less than this length.
  /// - Complexity: O(number of runs).
  public func probabilityOfBreak(withinLast rowCount: Int) -> Double {
    runs.reduce(0) { $1.length < rowCount ? $0 + $1.probability : $0 }
  }

  /// What the values so far say.
  public var reading: Reading {
    var best = 0
    for i in runs.indices where runs[i].probability > runs[best].probability { best = i }
    return Reading(
      expectedRunLength: runs.reduce(0) { $0 + $1.probability * Double($1.length) },
      mostLikelyRunLength: runs[best].length,
      mean: runs.reduce(0) { $0 + $1.probability * $1.mean })
  }

  /// Takes in the next value.
  ///
  /// - Parameter value: The value, of a magnitude up to ``largestMagnitude``.
  /// - Throws: `EstimationError.invalidObservation`; the state is then as before.
  /// - Complexity: O(number of runs).
  public mutating func update(with value: Double) throws(EstimationError) {
    guard value.magnitude <= Self.largestMagnitude else {
      throw .invalidObservation(argument: "series", index: observationCount, got: value)
    }
    take(value)
  }

  private mutating func take(_ value: Double) {
    let densities = runs.map { logDensity(value, $0) + log($0.probability) }
    let largest = densities.reduce(-.infinity, max)
    var grown: [Run] = [Run(length: 0, probability: 0, mean: prior.mean, rate: prior.rate)]
    grown.reserveCapacity(runs.count + 1)
    var sum = 0.0
    for (run, density) in zip(runs, densities) {
      let weight = exp(density - largest)
      sum += weight
      let strength = prior.strength + Double(run.length)
      let difference = value - run.mean
      grown.append(
        Run(
          length: run.length + 1, probability: (1 - hazard) * weight,
          mean: run.mean + difference / (strength + 1),
          rate: run.rate + strength / (strength + 1) * difference * difference / 2))
    }
    grown[0].probability = hazard * sum
    runs = pruned(grown, mass: discardedMass * sum)
    let total = runs.reduce(0) { $0 + $1.probability }
    for i in runs.indices { runs[i].probability /= total }
    logEvidence += largest + log(sum)
    observationCount += 1
  }

  /// The logarithm of the density of the next value of a run.
  private func logDensity(_ value: Double, _ run: Run) -> Double {
    let strength = prior.strength + Double(run.length)
    let shape = prior.shape + Double(run.length) / 2
    let square = run.rate / shape * ((strength + 1) / strength)
    let z = (value - run.mean).magnitude / square.squareRoot()
    // The square of a value beyond anything usual would overflow.
    let logarithm =
      z < Self.largestDistance
      ? log1p(z * z / (2 * shape)) : 2 * log(z) - log(2 * shape)
    return StudentTNormalizer(degreesOfFreedom: 2 * shape).value - log(square) / 2
      - (shape + 0.5) * logarithm
  }

  /// Beyond this one plus the square is the square for every shape.
  private static let largestDistance = 1e100

  /// The runs without the least likely ones, whose probabilities sum to no more than a mass.
  private func pruned(_ runs: [Run], mass: Double) -> [Run] {
    // The usual row: nothing is that unlikely, or only zeros.
    guard runs.contains(where: { $0.probability <= mass }) else { return runs }
    let ranking = runs.indices.dropFirst().sorted {
      (runs[$0].probability, -$0) < (runs[$1].probability, -$1)
    }
    var isDropped = [Bool](repeating: false, count: runs.count)
    var sum = 0.0
    for i in ranking {
      sum += runs[i].probability
      if sum > mass { break }
      isDropped[i] = true
    }
    return runs.indices.filter { !isDropped[$0] }.map { runs[$0] }
  }

  /// Takes in values.
  ///
  /// - Parameter series: The values after those so far.
  /// - Returns: The readings of these rows, each given the values up to it.
  /// - Throws: `EstimationError.invalidObservation`, with the index within `series`; the state is
  ///   then as before.
  /// - Complexity: O(T × number of runs).
  public mutating func update(with series: [Double]) throws(EstimationError) -> [Reading] {
    for (index, value) in series.enumerated()
    where !(value.magnitude <= Self.largestMagnitude) {
      throw .invalidObservation(argument: "series", index: index, got: value)
    }
    return series.map { value in
      take(value)
      return reading
    }
  }
}

public import KeelData
public import KeelNumerics

extension MultivariateNormal {
  /// Draws scenarios.
  ///
  /// - Parameters:
  ///   - count: The number S of scenarios, with S × N at most 2³².
  ///   - points: Which points of the unit cube they are made of.
  ///   - stream: Where the draws come from; the scenarios of other streams are independent. Its raw blocks are read.
  ///   - pool: The threads to work on; by default the caller's alone. The scenarios are the same.
  /// - Returns: S equally likely scenarios; fewer only when the calling task was cancelled.
  /// - Throws: `DistributionsError.invalidValue` for the count, `DistributionsError.negativeVariance` for a covariance
  ///   that is not positive semidefinite, `DistributionsError.notRepresentable`; for Sobol points
  ///   `DistributionsError.invalidValue` when the assets, and one more for a Student-t law, are more than
  ///   `SobolSequence.maximumDimensionCount`, those that others make up for not counted.
  /// - Complexity: O(S N²).
  public func scenarios(
    count: Int,
    points: ScenarioPoints = .random,
    from stream: RandomStream,
    on pool: BoundedPool? = nil
  ) throws(DistributionsError) -> ScenarioSet {
    try simulation(stream, points).scenarios(count: count, on: pool)
  }

  /// Draws some of the scenarios.
  ///
  /// Path k is a function of the stream and k alone, bit for bit, whatever range it is drawn in.
  ///
  /// - Parameters:
  ///   - paths: The numbers of the scenarios, from zero; the first one a multiple of 4096. The number S of scenarios
  ///     has S × N at most 2³².
  ///   - points: Which points of the unit cube they are made of; of Sobol points there are
  ///     `SobolSequence.pointCount`.
  ///   - stream: As in ``scenarios(count:points:from:on:)``, which draws the paths from 0 to its count.
  ///   - pool: The threads to work on; by default the caller's alone. The scenarios are the same.
  /// - Returns: S equally likely scenarios; fewer only when the calling task was cancelled.
  /// - Throws: As ``scenarios(count:points:from:on:)``, `DistributionsError.invalidValue` of `paths` for its first one.
  /// - Complexity: O(S N²).
  public func scenarios(
    paths: Range<Int>,
    points: ScenarioPoints = .random,
    from stream: RandomStream,
    on pool: BoundedPool? = nil
  ) throws(DistributionsError) -> ScenarioSet {
    try simulation(stream, points).scenarios(paths: paths, on: pool)
  }

  func simulation(
    _ stream: RandomStream,
    _ points: ScenarioPoints
  ) throws(DistributionsError) -> EllipticalSimulation {
    try EllipticalSimulation(
      location: expectedReturns.values, dispersion: covariance, mixing: .none,
      points: points, stream)
  }
}

extension MultivariateStudentT {
  /// Draws scenarios.
  ///
  /// - Parameters:
  ///   - count: The number S of scenarios, with S × N at most 2³².
  ///   - points: Which points of the unit cube they are made of.
  ///   - stream: Where the draws come from; the scenarios of other streams are independent. Its raw blocks are read.
  ///   - pool: The threads to work on; by default the caller's alone. The scenarios are the same.
  /// - Returns: S equally likely scenarios; fewer only when the calling task was cancelled.
  /// - Throws: As ``MultivariateNormal/scenarios(count:points:from:on:)``.
  /// - Complexity: O(S N²).
  public func scenarios(
    count: Int,
    points: ScenarioPoints = .random,
    from stream: RandomStream,
    on pool: BoundedPool? = nil
  ) throws(DistributionsError) -> ScenarioSet {
    try simulation(stream, points).scenarios(count: count, on: pool)
  }

  /// Draws some of the scenarios.
  ///
  /// Path k is a function of the stream and k alone, bit for bit, whatever range it is drawn in.
  ///
  /// - Parameters:
  ///   - paths: The numbers of the scenarios, from zero; the first one a multiple of 4096. The number S of scenarios
  ///     has S × N at most 2³².
  ///   - points: Which points of the unit cube they are made of; of Sobol points there are
  ///     `SobolSequence.pointCount`.
  ///   - stream: As in ``scenarios(count:points:from:on:)``, which draws the paths from 0 to its count.
  ///   - pool: The threads to work on; by default the caller's alone. The scenarios are the same.
  /// - Returns: S equally likely scenarios; fewer only when the calling task was cancelled.
  /// - Throws: As ``MultivariateNormal/scenarios(paths:points:from:on:)``.
  /// - Complexity: O(S N²).
  public func scenarios(
    paths: Range<Int>,
    points: ScenarioPoints = .random,
    from stream: RandomStream,
    on pool: BoundedPool? = nil
  ) throws(DistributionsError) -> ScenarioSet {
    try simulation(stream, points).scenarios(paths: paths, on: pool)
  }

  func simulation(
    _ stream: RandomStream,
    _ points: ScenarioPoints
  ) throws(DistributionsError) -> EllipticalSimulation {
    try EllipticalSimulation(
      location: expectedReturns.values, dispersion: covariance,
      mixing: degreesOfFreedom == .infinity ? .none : .unitStudent(degreesOfFreedom),
      points: points, stream)
  }
}

extension MultivariateGeneralizedHyperbolic {
  /// Draws scenarios.
  ///
  /// - Parameters:
  ///   - count: The number S of scenarios, with S × N at most 2³².
  ///   - stream: Where the draws come from; the scenarios of other streams are independent. Its raw blocks are read.
  ///   - pool: The threads to work on; by default the caller's alone. The scenarios are the same.
  /// - Returns: S equally likely scenarios; fewer only when the calling task was cancelled.
  /// - Throws: As ``MultivariateNormal/scenarios(count:points:from:on:)``.
  /// - Complexity: O(S N²).
  public func scenarios(
    count: Int,
    from stream: RandomStream,
    on pool: BoundedPool? = nil
  ) throws(DistributionsError) -> ScenarioSet {
    try simulation(stream).scenarios(count: count, on: pool)
  }

  /// Draws some of the scenarios.
  ///
  /// Path k is a function of the stream and k alone, bit for bit, whatever range it is drawn in.
  ///
  /// - Parameters:
  ///   - paths: The numbers of the scenarios, from zero; the first one a multiple of 4096. The number S of scenarios
  ///     has S × N at most 2³².
  ///   - stream: As in ``scenarios(count:from:on:)``, which draws the paths from 0 to its count.
  ///   - pool: The threads to work on; by default the caller's alone. The scenarios are the same.
  /// - Returns: S equally likely scenarios; fewer only when the calling task was cancelled.
  /// - Throws: As ``MultivariateNormal/scenarios(paths:points:from:on:)``.
  /// - Complexity: O(S N²).
  public func scenarios(
    paths: Range<Int>,
    from stream: RandomStream,
    on pool: BoundedPool? = nil
  ) throws(DistributionsError) -> ScenarioSet {
    try simulation(stream).scenarios(paths: paths, on: pool)
  }
}

extension MultivariateHyperbolicSkewedT {
  /// Draws scenarios.
  ///
  /// - Parameters:
  ///   - count: The number S of scenarios, with S × N at most 2³².
  ///   - stream: Where the draws come from; the scenarios of other streams are independent. Its raw blocks are read.
  ///   - pool: The threads to work on; by default the caller's alone. The scenarios are the same.
  /// - Returns: S equally likely scenarios; fewer only when the calling task was cancelled.
  /// - Throws: As ``MultivariateNormal/scenarios(count:points:from:on:)``.
  /// - Complexity: O(S N²).
  public func scenarios(
    count: Int,
    from stream: RandomStream,
    on pool: BoundedPool? = nil
  ) throws(DistributionsError) -> ScenarioSet {
    try simulation(stream).scenarios(count: count, on: pool)
  }

  /// Draws some of the scenarios.
  ///
  /// Path k is a function of the stream and k alone, bit for bit, whatever range it is drawn in.
  ///
  /// - Parameters:
  ///   - paths: The numbers of the scenarios, from zero; the first one a multiple of 4096. The number S of scenarios
  ///     has S × N at most 2³².
  ///   - stream: As in ``scenarios(count:from:on:)``, which draws the paths from 0 to its count.
  ///   - pool: The threads to work on; by default the caller's alone. The scenarios are the same.
  /// - Returns: S equally likely scenarios; fewer only when the calling task was cancelled.
  /// - Throws: As ``MultivariateNormal/scenarios(paths:points:from:on:)``.
  /// - Complexity: O(S N²).
  public func scenarios(
    paths: Range<Int>,
    from stream: RandomStream,
    on pool: BoundedPool? = nil
  ) throws(DistributionsError) -> ScenarioSet {
    try simulation(stream).scenarios(paths: paths, on: pool)
  }
}

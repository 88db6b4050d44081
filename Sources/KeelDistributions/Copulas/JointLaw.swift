// Sklar's theorem: F(x) = C(F₁(x₁), …, F_d(x_d)).

public import KeelData
public import KeelNumerics

/// A law of the returns of assets from a copula and the law of each.
///
/// ```swift
/// let ranks = try CopulaFit.ranks(of: returns)
/// let law = try JointLaw(
///   universe: universe, copula: CopulaFit.studentT(ranks).law, margins: columns.map { try StudentT.fit($0).law })
/// let scenarios = try law.scenarios(count: 100_000, from: RandomStream(seed: 1))
/// ```
public struct JointLaw<Copula: MultivariateCopula>: Sendable {
  /// The N assets.
  public let universe: Universe

  /// How the returns depend on each other.
  public let copula: Copula

  /// The law of each return.
  public let margins: [any ContinuousDistribution]

  private static var blockLength: Int { 1024 }

  /// Creates the law.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - copula: A copula of N returns.
  ///   - margins: N laws.
  /// - Throws: `DistributionsError.shapeMismatch`.
  public init(
    universe: Universe,
    copula: Copula,
    margins: [any ContinuousDistribution]
  ) throws(DistributionsError) {
    for (name, count) in [("copula", copula.dimensionCount), ("margins", margins.count)]
    where count != universe.count {
      throw .shapeMismatch(argument: name, got: count, required: universe.count)
    }
    self.universe = universe
    self.copula = copula
    self.margins = margins
  }

  /// Returns the logarithm of the density at each row of a matrix.
  ///
  /// Ranks above a half are known to the copula by their survival probability, so that both tails keep their digits.
  /// Probabilities that round to zero count as the least normal number.
  ///
  /// - Parameter points: T × N returns.
  /// - Returns: T logarithms, −∞ outside the support of a margin; NaN for a row with NaN.
  /// - Throws: `DistributionsError.shapeMismatch`.
  public func logPDF(_ points: Matrix) throws(DistributionsError) -> [Double] {
    guard points.columnCount == universe.count else {
      throw .shapeMismatch(argument: "points", got: points.columnCount, required: universe.count)
    }
    return (0..<points.rowCount).map { row in
      let x = points.row(row)
      if x.contains(where: { $0.isNaN }) { return .nan }
      var result = 0.0
      var (ranks, complements): ([Double], [Double]) = ([], [])
      for (j, law) in margins.enumerated() {
        result += law.logPDF(x[j])
        ranks.append(Copula.inside(law.cdf(x[j])))
        complements.append(Copula.inside(law.survival(x[j])))
      }
      return result == -.infinity
        ? result : result + copula.logDensity(ranks, complements: complements)
    }
  }

  /// Draws scenarios.
  ///
  /// - Parameters:
  ///   - count: The number S of scenarios, with S × N at most 2³².
  ///   - stream: Where the draws come from; the scenarios of other streams are independent. Its raw blocks are read.
  ///   - pool: The threads to work on; by default the caller's alone. The scenarios are the same.
  /// - Returns: S equally likely scenarios; fewer only when the calling task was cancelled.
  /// - Throws: `DistributionsError.invalidValue` for the count, `DistributionsError.notRepresentable` where a quantile
  ///   is infinite, `DistributionsError.tooFewObservations` where the task was cancelled before any.
  /// - Complexity: S N quantiles.
  public func scenarios(
    count: Int,
    from stream: RandomStream,
    on pool: BoundedPool? = nil
  ) throws(DistributionsError) -> ScenarioSet {
    try EllipticalSimulation.requireCount(count, assetCount: universe.count, "count")
    return try scenarios(paths: 0..<count, from: stream, on: pool)
  }

  /// Draws some of the scenarios.
  ///
  /// - Parameters:
  ///   - paths: The numbers of the scenarios, from zero; the first one a multiple of 4096. Their number S has S × N at
  ///     most 2³².
  ///   - stream: As in ``scenarios(count:from:on:)``, which draws the paths from 0 to its count.
  ///   - pool: The threads to work on; by default the caller's alone. The scenarios are the same.
  /// - Returns: S equally likely scenarios; fewer only when the calling task was cancelled.
  /// - Throws: As ``scenarios(count:from:on:)``, `DistributionsError.invalidValue` of `paths`.
  /// - Complexity: S N quantiles.
  public func scenarios(
    paths: Range<Int>,
    from stream: RandomStream,
    on pool: BoundedPool? = nil
  ) throws(DistributionsError) -> ScenarioSet {
    try EllipticalSimulation.requirePaths(paths, assetCount: universe.count)
    let worker = pool ?? BoundedPool(width: 1)
    let blocks = try worker.blockResults(
      count: paths.count, blockLength: Self.blockLength
    ) { (range) throws(DistributionsError) in
      try block(
        (paths.lowerBound + range.lowerBound)..<(paths.lowerBound + range.upperBound), stream)
    }
    guard !blocks.isEmpty else { throw .tooFewObservations(got: 0, required: 1) }
    let n = universe.count
    var storage: [Double] = []
    var done = 0
    for block in blocks { done += n == 0 ? 0 : block.count / n }
    if n == 0 { done = paths.count }
    storage.reserveCapacity(done * n)
    for j in 0..<n {
      for block in blocks {
        let rows = block.count / n
        storage += block[(j * rows)..<((j + 1) * rows)]
      }
    }
    do throws(DataError) {
      return try ScenarioSet(
        universe: universe,
        outcomes: Matrix(uncheckedRowCount: done, columnCount: n, storage: storage))
    } catch {
      throw .notRepresentable(result: "scenarios")
    }
  }

  private func block(
    _ paths: Range<Int>,
    _ stream: RandomStream
  ) throws(DistributionsError) -> [Double] {
    var values = try copula.ranks(paths: paths, from: stream)
    for (j, law) in margins.enumerated() {
      let places = (j * paths.count)..<((j + 1) * paths.count)
      for place in places { values[place] = law.quantile(values[place]) }
    }
    return values
  }
}

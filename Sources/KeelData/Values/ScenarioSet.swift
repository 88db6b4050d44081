public import KeelNumerics

/// What could happen over one period: S outcomes of each of N assets, with probabilities.
///
/// An outcome is the profit of one unit of weight, as a fraction of the portfolio's value: a simple
/// return for a spot position, any number for a payoff (a hedge may lose more than its price). A
/// loss is negative.
public struct ScenarioSet: Hashable, Sendable {
  /// The assets, one a column.
  public let universe: Universe

  /// The outcomes, S × N, as fractions: 0.01 is a profit of 1 %.
  public let outcomes: Matrix

  /// The probability of each scenario; nil when all are equal.
  public let probabilities: [Double]?

  /// How far the sum of probabilities may be from one.
  public static let probabilityTolerance = 1e-9

  /// Creates scenarios.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - outcomes: The S × N outcomes as fractions, finite, S at least 1.
  ///   - probabilities: S numbers in [0, 1] that sum to one within ``probabilityTolerance``; nil for
  ///     equal ones.
  /// - Throws: `DataError.shapeMismatch`; `DataError.invalidValue` with asset and row of an outcome,
  ///   with the row of a probability, or without a row for their sum.
  /// - Complexity: O(S N).
  public init(
    universe: Universe,
    outcomes: Matrix,
    probabilities: [Double]? = nil
  ) throws(DataError) {
    guard outcomes.columnCount == universe.count else {
      throw .shapeMismatch(
        argument: "outcomes.columnCount", got: outcomes.columnCount, required: universe.count)
    }
    guard outcomes.rowCount > 0 else {
      throw .shapeMismatch(argument: "outcomes.rowCount", got: 0, required: 1)
    }
    if let place = outcomes.firstNonFiniteElement {
      throw .invalidValue(
        argument: "outcomes", asset: universe.assets[place.column], row: place.row,
        got: outcomes[place.row, place.column], lowest: -.greatestFiniteMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    try Self.validate(probabilities, count: outcomes.rowCount)
    self.universe = universe
    self.outcomes = outcomes
    self.probabilities = probabilities
  }

  /// Creates equally likely scenarios from outcomes that are known to be finite and to fit, one row or more.
  package init(uncheckedUniverse universe: Universe, outcomes: Matrix) {
    self.universe = universe
    self.outcomes = outcomes
    probabilities = nil
  }

  /// Creates scenarios from past returns: every past period may come again.
  ///
  /// - Parameters:
  ///   - returns: T × N simple returns, T at least 1.
  ///   - probabilities: The probability of each row; nil for equal ones.
  /// - Throws: As ``init(universe:outcomes:probabilities:)``.
  public init(_ returns: SimpleReturns, probabilities: [Double]? = nil) throws(DataError) {
    try self.init(
      universe: returns.universe, outcomes: returns.values, probabilities: probabilities)
  }

  /// The number of scenarios S.
  public var scenarioCount: Int { outcomes.rowCount }

  /// The mean outcome of each asset.
  ///
  /// - Throws: `DataError.invalidValue` with the asset of a mean that overflows.
  /// - Complexity: O(S N).
  public var expectedReturns: ExpectedReturns {
    get throws(DataError) {
      let total = probabilities?.reduce(0, +) ?? Double(scenarioCount)
      var means = [Double](repeating: 0, count: universe.count)
      for j in means.indices {
        let column = outcomes.column(j)
        var sum = CompensatedSum()
        for s in column.indices { sum.add(column[s] * ((probabilities?[s] ?? 1) / total)) }
        means[j] = sum.value
      }
      return try ExpectedReturns(universe: universe, values: means)
    }
  }

  /// The outcome of a portfolio in each scenario.
  ///
  /// ```text
  /// R(s) = Σⱼ wⱼ r(s, j)
  /// ```
  ///
  /// The sum runs in the order of the assets' names, so that the order of the columns changes no bit.
  ///
  /// - Parameter weights: The weights over the same universe, as fractions.
  /// - Returns: S outcomes as fractions.
  /// - Throws: `DataError.universeMismatch`, or `DataError.invalidValue` with the row of a sum that
  ///   overflows.
  /// - Complexity: O(S N).
  public func portfolioOutcomes(weights: Weights) throws(DataError) -> [Double] {
    try universe.requireEqual(weights.universe)
    let result = outcomes.combination(
      of: universe.positionsByName.filter { weights.values[$0] != 0 }, factors: weights.values)
    for (s, sum) in result.enumerated() where !sum.isFinite {
      throw .invalidValue(
        argument: "portfolio outcome", asset: nil, row: s, got: sum,
        lowest: -.greatestFiniteMagnitude, highest: .greatestFiniteMagnitude)
    }
    return result
  }

  /// Some of the assets, in the order asked for, in the same scenarios.
  ///
  /// - Parameter assets: Different assets of the universe.
  /// - Returns: The scenarios of these assets.
  /// - Throws: `DataError.invalidAsset` for one that is unknown or stands twice.
  public func selecting(_ assets: [AssetID]) throws(DataError) -> ScenarioSet {
    let (selected, positions) = try universe.selecting(assets)
    return try ScenarioSet(
      universe: selected, outcomes: outcomes.columns(positions), probabilities: probabilities)
  }

  private static func validate(_ probabilities: [Double]?, count: Int) throws(DataError) {
    guard let probabilities else { return }
    guard probabilities.count == count else {
      throw .shapeMismatch(argument: "probabilities", got: probabilities.count, required: count)
    }
    for (s, value) in probabilities.enumerated() where !(value >= 0 && value <= 1) {
      throw .invalidValue(
        argument: "probabilities", asset: nil, row: s, got: value, lowest: 0, highest: 1)
    }
    let total = probabilities.reduce(0, +)
    guard (total - 1).magnitude <= probabilityTolerance else {
      throw .invalidValue(
        argument: "sum of probabilities", asset: nil, row: nil, got: total,
        lowest: 1 - probabilityTolerance, highest: 1 + probabilityTolerance)
    }
  }
}

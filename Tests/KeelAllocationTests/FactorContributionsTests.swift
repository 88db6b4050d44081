import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct FactorContributionsTests {
  private let universe: Universe
  private let scenarios: ScenarioSet
  private let weights: Weights
  private let market: FactorLoading
  private let coins: FactorLoading

  init() throws {
    universe = try Universe(["BTC", "ETH", "SOL", "GOLD"])
    var generator = SeededGenerator(seed: 5)
    let common = (0..<80).map { _ in 0.03 * generator.gaussian() }
    var columns: [Double] = []
    for beta in [1, 1.3, 1.6, 0.1] {
      for value in common { columns.append(beta * value + 0.01 * generator.gaussian()) }
    }
    scenarios = try ScenarioSet(
      universe: universe, outcomes: Matrix(rowCount: 80, columnCount: 4, columnMajor: columns))
    weights = try Weights(universe: universe, values: [0.4, 0.3, 0.1, 0.2])
    market = FactorLoading("market", ["BTC": 1, "ETH": 1.3, "SOL": 1.6, "GOLD": 0.1])
    coins = FactorLoading("coins", ["BTC": 1, "ETH": 1, "SOL": 1])
  }

  /// Returns that are a factor times loadings leave nothing to the rest.
  @Test func oneFactorExplainsItsOwnReturns() throws {
    let factor = (0..<40).map { 0.01 * Double(($0 * 7) % 11 - 5) }
    let loadings = [1, 1.3, 1.6, 0.1]
    let set = try ScenarioSet(
      universe: universe,
      outcomes: Matrix(
        rowCount: 40, columnCount: 4,
        columnMajor: loadings.flatMap { loading in factor.map { loading * $0 } }))
    for (name, measure) in MinimumRiskTests.measures(0.9, 0) {
      let split = try FactorContributions.of(
        measure, weights: weights, scenarios: set, factors: [market])
      expectClose(split.exposures[0], 0.4 + 0.39 + 0.16 + 0.02, relative: 1e-15)
      expectClose(split.contributions[0], split.total, relative: 1e-12, "\(name)")
      expectClose(split.rest, 0, absolute: 1e-14, "\(name)")
    }
  }

  /// As many factors as assets split as the assets do; parts add up; repeated factors share.
  @Test func partsAddUp() throws {
    let single = universe.assets.map { FactorLoading($0.rawValue, [$0: 1]) }
    for (name, measure) in MinimumRiskTests.measures(0.9, 0) {
      let assets = try RiskContributions.of(measure, weights: weights, scenarios: scenarios)
      let split = try FactorContributions.of(
        measure, weights: weights, scenarios: scenarios, factors: single)
      for (a, b) in zip(split.contributions, assets.contributions) {
        expectClose(a, b, absolute: 1e-12 * assets.total, "\(name)")
      }
      expectClose(split.rest, 0, absolute: 1e-12 * assets.total, "\(name)")
      let two = try FactorContributions.of(
        measure, weights: weights, scenarios: scenarios, factors: [market, coins])
      expectClose(
        two.contributions.reduce(two.rest, +), two.total, relative: 1e-14, "\(name)")
      #expect(two.names == ["market", "coins"])
      let twice = try FactorContributions.of(
        measure, weights: weights, scenarios: scenarios, factors: [market, market])
      let once = try FactorContributions.of(
        measure, weights: weights, scenarios: scenarios, factors: [market])
      expectClose(twice.contributions[0], once.contributions[0] / 2, relative: 1e-12)
      let group = assets.total(of: ["BTC", "GOLD", "OTHER"])
      expectClose(
        group, assets.contributions[0] + assets.contributions[3], relative: 1e-14)
    }
  }

  /// A split over the assets by a law splits over factors as well; that of the volatility is the one by the covariance.
  @Test func splitsOfLawsAreSplitOverFactors() throws {
    let covariance = try Covariance(
      universe: universe,
      dense: SymmetricMatrix(
        rows: [
          [0.04, 0.03, 0.03, 0.001], [0.03, 0.06, 0.04, 0.002], [0.03, 0.04, 0.09, 0.001],
          [0.001, 0.002, 0.001, 0.01],
        ]))
    let volatility = try FactorContributions.of(
      RiskContributions.volatility(weights: weights, covariance: covariance), weights: weights,
      factors: [market, coins])
    let direct = try FactorContributions.volatility(
      weights: weights, covariance: covariance, factors: [market, coins])
    for (a, b) in zip(
      volatility.contributions + [volatility.rest], direct.contributions + [direct.rest])
    {
      expectClose(a, b, relative: 1e-12, absolute: 1e-15)
    }
    let skewed = try MultivariateHyperbolicSkewedT(
      universe: universe, location: [0.001, 0, 0, 0.001], drift: [-0.01, -0.02, -0.02, 0.001],
      dispersion: covariance.matrix, degreesOfFreedom: 5)
    let split = try skewed.expectedShortfallContributions(weights, confidence: 0.99)
    let byFactor = try FactorContributions.of(split, weights: weights, factors: [market, coins])
    #expect(byFactor.total == split.total)
    expectClose(
      byFactor.contributions.reduce(byFactor.rest, +), split.total, relative: 1e-12)
    let single = try FactorContributions.of(
      split, weights: weights, factors: universe.assets.map { FactorLoading($0.rawValue, [$0: 1]) })
    for (a, b) in zip(single.contributions, split.contributions) {
      expectClose(a, b, absolute: 1e-12 * split.total)
    }
    expectClose(single.rest, 0, absolute: 1e-12 * split.total)
    let other = try Weights(universe: Universe(["BTC"]), values: [1])
    #expect(throws: AllocationError.self) {
      try FactorContributions.of(split, weights: other, factors: [market])
    }
    // Other weights than those of the split.
    let changed = try Weights(universe: universe, values: weights.values.map { $0 * (1 + 1e-6) })
    #expect(throws: AllocationError.self) {
      try FactorContributions.of(split, weights: changed, factors: [market])
    }
  }

  /// The split of a quadratic book is by sizes: by weights of one, and no others.
  @Test func splitsBySizesAreRefused() throws {
    let moves = try MultivariateNormal(
      expectedReturns: ExpectedReturns(universe: universe, values: [0, 0, 0, 0]),
      covariance: Covariance(
        universe: universe, dense: SymmetricMatrix(diagonal: [0.04, 0.06, 0.09, 0.01])))
    let book = try DeltaGammaBook(
      positions: [QuadraticPosition(deltas: weights.values)], moves: moves)
    let split = try book.contributions(.expectedShortfall, confidence: 0.95).assets
    #expect(throws: AllocationError.self) {
      try FactorContributions.of(split, weights: weights, factors: [market])
    }
    let ones = try Weights(universe: universe, values: [1, 1, 1, 1])
    let all = try FactorContributions.of(split, weights: ones, factors: [market])
    #expect(all.total == split.total)
  }

  /// The orthogonal split by hand: one factor of two assets.
  @Test func volatilityByHand() throws {
    let two = try Universe(["A", "B"])
    let covariance = try Covariance(
      universe: two, dense: SymmetricMatrix(rows: [[0.04, 0.01], [0.01, 0.09]]))
    let held = try Weights(universe: two, values: [0.6, 0.4])
    let split = try FactorContributions.volatility(
      weights: held, covariance: covariance, factors: [FactorLoading("sum", ["A": 1, "B": 1])])
    // Σw = (0.028, 0.042); its coordinate in (1, 1) is the mean.
    let volatility = (0.6 * 0.028 + 0.4 * 0.042).squareRoot()
    expectClose(split.total, volatility, relative: 1e-15)
    expectClose(split.contributions[0], 0.035 / volatility, relative: 1e-14)
    expectClose(split.rest, volatility - 0.035 / volatility, relative: 1e-12)
  }

  @Test func namesWhatIsWrong() throws {
    #expect(throws: AllocationError.self) {
      try FactorContributions.of(
        .worstCase, weights: weights, scenarios: scenarios,
        factors: [FactorLoading("x", ["DOGE": 1])])
    }
    #expect(throws: AllocationError.self) {
      try FactorContributions.of(
        .worstCase, weights: weights, scenarios: scenarios,
        factors: [FactorLoading("x", ["BTC": .nan])])
    }
    let none = try FactorContributions.of(
      .worstCase, weights: weights, scenarios: scenarios, factors: [])
    #expect(none.rest == none.total)
  }
}

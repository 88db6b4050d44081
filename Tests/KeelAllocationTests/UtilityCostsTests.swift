import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Utilities with every kind of cost, from cvxpy and Clarabel.
struct UtilityCostsReference: Decodable, Sendable, CustomTestStringConvertible {
  struct Book: Decodable, Sendable {
    let sizes: [[Double]]
    let rates: [[Double]]
  }

  let name: String
  let covariance: [[Double]]
  let mean: [Double]
  let low: Double
  let high: Double
  let current: [Double]
  let aversion: Double
  let periods: Double
  let buying: [Double]?
  let selling: [Double]?
  let buyingLevels: Book?
  let sellingLevels: Book?
  let impact: [Double]?
  let powerImpact: [Double]?
  let long: [Double]?
  let short: [Double]?
  let absolute: [Double]?
  let square: [Double]?
  let reference: [Double]?
  let turnover: Double?
  let utility: Double
  let weights: [Double]

  var testDescription: String { name }

  static let cases: [UtilityCostsReference] = {
    struct File: Decodable { let cases: [UtilityCostsReference] }
    do {
      return try Reference.load(File.self, "utility_costs").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()

  static func rates(_ values: [Double]?, _ universe: Universe) -> AssetRates {
    guard let values else { return .none }
    return .byAsset(
      Dictionary(uniqueKeysWithValues: zip(universe.assets, values)), others: 0)
  }

  static func levels(
    _ book: Book?,
    _ universe: Universe
  ) -> [AssetID: [TradingCosts.Level]] {
    guard let book else { return [:] }
    return Dictionary(
      uniqueKeysWithValues: universe.assets.enumerated().map { i, asset in
        (
          asset,
          zip(book.sizes, book.rates).map { TradingCosts.Level(beyond: $0[i], rate: $1[i]) }
        )
      })
  }

  func choice(_ universe: Universe) throws -> MaximumUtility {
    let held = try Weights(universe: universe, values: current)
    var costs = TradingCosts(
      from: held, buying: Self.rates(buying, universe), selling: Self.rates(selling, universe),
      spreadOver: periods)
    costs.buyingLevels = Self.levels(buyingLevels, universe)
    costs.sellingLevels = Self.levels(sellingLevels, universe)
    costs.impact = Self.rates(impact, universe)
    costs.powerImpact = Self.rates(powerImpact, universe)
    var constraints = PortfolioConstraints(bounds: .uniform(low...high))
    if let turnover { constraints.absolute = [.turnover(from: held, limit: turnover)] }
    return MaximumUtility(
      riskAversion: aversion, constraints: constraints, costs: costs,
      holdingCosts: HoldingCosts(
        long: Self.rates(long, universe), short: Self.rates(short, universe)),
      penalty: WeightPenalty(
        absolute: Self.rates(absolute, universe), square: Self.rates(square, universe),
        from: try reference.map { try Weights(universe: universe, values: $0) }))
  }
}

@Suite struct UtilityCostsTests {
  /// The utility of weights, added up by the definitions of the costs.
  private func utility(
    _ choice: MaximumUtility,
    _ weights: Weights,
    _ mean: ExpectedReturns,
    _ covariance: Covariance
  ) throws -> Double {
    let product = covariance.product(with: weights.values)
    var utility = 0.0
    for (i, w) in weights.values.enumerated() {
      utility += w * (mean.values[i] - choice.riskAversion / 2 * product[i])
    }
    if let costs = choice.costs { utility -= try costs.costPerPeriod(of: weights) }
    if let holding = choice.holdingCosts { utility -= try holding.costPerPeriod(of: weights) }
    if let penalty = choice.penalty { utility -= try penalty.value(of: weights) }
    return utility
  }

  @Test func referencesArePresent() { #expect(UtilityCostsReference.cases.count == 45) }

  @Test(arguments: UtilityCostsReference.cases)
  func matches(_ reference: UtilityCostsReference) throws {
    let covariance = try Market.covariance(reference.covariance)
    let mean = try Market.returns(reference.mean)
    let choice = try reference.choice(covariance.universe)
    // The costs are those of the definition.
    let theirs = try Weights(universe: covariance.universe, values: reference.weights)
    expectClose(
      try utility(choice, theirs, mean, covariance), reference.utility, relative: 1e-10,
      absolute: 1e-14)
    let solution = try choice.weights(expectedReturns: mean, covariance: covariance)
    #expect(solution.status == .optimal)
    let ours = try utility(choice, solution.value, mean, covariance)
    expectClose(-solution.certificate.primalObjective, ours, relative: 1e-12, absolute: 1e-15)
    #expect(ours >= reference.utility - 1e-9 * reference.utility.magnitude)
    for (w, v) in zip(solution.value.values, reference.weights) {
      expectClose(w, v, absolute: 2e-5)
    }
    let explanation = try choice.explanation(
      of: solution, expectedReturns: mean, covariance: covariance)
    #expect(explanation.residual <= 1e-12)
  }

  /// A weight beyond a level pays its price, one on it waits there.
  @Test func levelsHoldTrades() throws {
    let universe = try Universe(["A", "CASH"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(lowerTriangleOf: [0.04, 0, 0, 0], order: 2))
    let held = try Weights(universe: universe, values: [0.1, 0.9])
    func weight(_ mean: Double) throws -> Double {
      var costs = TradingCosts(
        from: held, buying: .byAsset(["A": 0.001], others: 0), selling: .none, spreadOver: 1)
      costs.buyingLevels = ["A": [.init(beyond: 0.2, rate: 0.005), .init(beyond: 0.3, rate: 0.01)]]
      return try MaximumUtility(riskAversion: 1, costs: costs).weights(
        expectedReturns: ExpectedReturns(universe: universe, values: [mean, 0]),
        covariance: covariance
      ).value.values[0]
    }
    // The slope of the utility at w is mean − 0.04 w − price.
    expectClose(try weight(0.004 + 0.001), 0.1, absolute: 1e-14)
    expectClose(try weight(0.008 + 0.001), 0.2, absolute: 1e-12)
    expectClose(try weight(0.012 + 0.003), 0.3, absolute: 1e-14)
    expectClose(try weight(0.014 + 0.005), 0.35, absolute: 1e-12)
    expectClose(try weight(0.016 + 0.007), 0.4, absolute: 1e-14)
    expectClose(try weight(0.02 + 0.01), 0.5, absolute: 1e-12)
  }

  /// The levels of a book stay with their asset when the current weights are in another order.
  @Test func levelsFollowTheirAssets() throws {
    let (first, second) = (try Universe(["A", "B"]), try Universe(["B", "A"]))
    var costs = try TradingCosts(
      from: Weights(universe: first, values: [0.5, 0.5]), buying: .uniform(0.001), selling: .none,
      spreadOver: 1)
    costs.buyingLevels = ["A": [.init(beyond: 0.1, rate: 0.01)]]
    let bought = try costs.costPerPeriod(of: Weights(universe: first, values: [0.8, 0.2]))
    costs.current = try Weights(universe: second, values: [0.5, 0.5])
    let again = try costs.costPerPeriod(of: Weights(universe: second, values: [0.2, 0.8]))
    expectClose(bought, 0.3 * 0.001 + 0.2 * 0.009, absolute: 1e-17)
    #expect(again == bought)
    costs.current = try Weights(universe: Universe(["B", "C"]), values: [0.5, 0.5])
    #expect(throws: AllocationError.universeMismatch(position: nil, left: "A", right: nil)) {
      try costs.costPerPeriod(of: costs.current)
    }
  }

  /// One asset and cash: in u = √trade the optimum of the power 3/2 solves a quadratic equation.
  @Test func powerByHand() throws {
    let universe = try Universe(["A", "CASH"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(lowerTriangleOf: [0.09, 0, 0, 0], order: 2))
    let held = try Weights(universe: universe, values: [0, 1])
    for (mean, price) in [(0.03, 0.01), (0.03, 1e-6), (1e-5, 0.02), (0.05, 1)] {
      var costs = TradingCosts(
        from: held, buying: .none, selling: .none, spreadOver: 1)
      costs.powerImpact = .byAsset(["A": price], others: 0)
      let solution = try MaximumUtility(riskAversion: 2, costs: costs).weights(
        expectedReturns: ExpectedReturns(universe: universe, values: [mean, 0]),
        covariance: covariance)
      let c = 1.5 * price
      let root = 2 * mean / (c + (c * c + 4 * 0.18 * mean).squareRoot())
      expectClose(solution.value.values[0], root * root, relative: 1e-8)
    }
  }

  @Test func badNumbersAreErrors() throws {
    let (mean, covariance) = try Market.factorModel(count: 4, seed: 3)
    let universe = covariance.universe
    let held = try Weights(universe: universe, values: [0.25, 0.25, 0.25, 0.25])
    let first = universe.assets[0]
    func fails(_ change: (inout MaximumUtility) -> Void) {
      var choice = MaximumUtility(
        riskAversion: 3,
        costs: TradingCosts(
          from: held, buying: .uniform(0.001), selling: .uniform(0.001), spreadOver: 1))
      change(&choice)
      #expect(throws: AllocationError.self) {
        try choice.weights(expectedReturns: mean, covariance: covariance)
      }
    }
    fails { $0.costs?.buyingLevels = [first: [.init(beyond: 0, rate: 0.01)]] }
    fails { $0.costs?.buyingLevels = [first: [.init(beyond: 0.1, rate: 0.0005)]] }
    fails { $0.costs?.buyingLevels = [first: [.init(beyond: .nan, rate: 0.01)]] }
    fails { $0.costs?.buyingLevels = [first: [.init(beyond: 0.1, rate: .infinity)]] }
    fails {
      $0.costs?.sellingLevels = [
        first: [.init(beyond: 0.2, rate: 0.01), .init(beyond: 0.1, rate: 0.02)]
      ]
    }
    fails { $0.costs?.sellingLevels = ["none of these": [.init(beyond: 0.2, rate: 0.01)]] }
    fails { $0.costs?.impact = .uniform(-1) }
    fails { $0.costs?.powerImpact = .uniform(.nan) }
    fails { $0.holdingCosts = HoldingCosts(short: .uniform(-0.1)) }
    fails { $0.holdingCosts = HoldingCosts(short: .byAsset(["none of these": 0.1], others: 0)) }
    fails { $0.penalty = WeightPenalty(absolute: .uniform(.infinity)) }
    fails { $0.penalty = WeightPenalty(square: .uniform(-.ulpOfOne)) }
  }
}

import KeelAllocation
import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

private struct Views: Decodable, Sendable {
  struct Tables: Decodable, Sendable {
    let names: [String]
    let volatility: [Double]
    let weights: [Double]
    let correlation: [[Double]]
    let equilibrium: [Double]
    let posterior: [Double]
    let optimal: [Double]
  }

  struct Mixture: Decodable, Sendable {
    let covariance: [[Double]]
    let prior: [Double]
    let views: [[Double]]
    let returns: [Double]
    let variances: [Double?]
    let tau: Double
    let mean: [Double]
    let meanCovariance: [[Double]]
  }

  struct Pool: Decodable, Sendable {
    let outcomes: [[Double]]
    let prior: [Double]
    let kinds: [String]
    let relations: [String]
    let values: [Double]
    let probabilities: [Double]
    let relativeEntropy: Double
  }

  struct Spread: Decodable, Sendable {
    let covariance: [[Double]]
    let weights: [Double]
    let shares: [Double]
    let torsion: Double
    let principal: Double
    let assets: Double
    let entropy: Double
    let ratio: Double
  }

  let diversification: [Spread]
  let heLitterman: Tables
  let blackLitterman: [Mixture]
  let pooling: [Pool]

  static let reference: Views? = {
    do {
      return try Reference.load(Views.self, "views")
    } catch {
      Issue.record("\(error)")
      return nil
    }
  }()
}

private func covariance(_ rows: [[Double]], _ universe: Universe) throws -> Covariance {
  try Covariance(
    universe: universe,
    dense: SymmetricMatrix(lowerTriangleOf: rows.flatMap { $0 }, order: rows.count))
}

@Suite struct BlackLittermanTests {
  /// The tables that He and Litterman print.
  @Test func heAndLittermansNumbers() throws {
    let table = try #require(Views.reference).heLitterman
    let universe = try Universe(table.names.map { AssetID($0) })
    let count = universe.count
    let sigma = (0..<count).map { i in
      (0..<count).map { j in
        let correlation = i == j ? 1 : table.correlation[max(i, j)][min(i, j)]
        return correlation * table.volatility[i] * table.volatility[j]
      }
    }
    let covariance = try covariance(sigma, universe)
    let prior = try BlackLitterman.equilibriumReturns(
      covariance: covariance, marketWeights: Weights(universe: universe, values: table.weights),
      riskAversion: 2.5)
    for (value, printed) in zip(prior.values, table.equilibrium) {
      expectClose(100 * value, printed, absolute: 0.0501)
    }
    // Germany above the rest of Europe, by market weight.
    let europe = table.weights[2] + table.weights[5]
    let view = ReturnView(
      "Germany above Europe",
      weights: [
        "Germany": 1, "France": -table.weights[2] / europe, "UK": -table.weights[5] / europe,
      ], expectedReturn: 0.05)
    let posterior = try BlackLitterman(priorUncertainty: 0.05)
      .posterior(prior: prior, covariance: covariance, views: [view])
    for (value, printed) in zip(posterior.expectedReturns.values, table.posterior) {
      expectClose(100 * value, printed, absolute: 0.0501)
    }
    // The optimum without constraints holds (δ Σ_p)⁻¹ μ; the identity Σ_p w = μ/δ is checked on the printed weights.
    let weights = table.optimal.map { $0 / 100 }
    for i in 0..<count {
      let force = (0..<count).reduce(0) {
        $0 + posterior.covariance.matrix[i, $1] * weights[$1]
      }
      expectClose(2.5 * force, posterior.expectedReturns.values[i], absolute: 5e-4)
    }
  }

  @Test(arguments: 0..<12)
  func agreesWithFiftyDigits(number: Int) throws {
    let reference = try #require(Views.reference).blackLitterman[number]
    let count = reference.prior.count
    let universe = try Universe((0..<count).map { AssetID("A\($0)") })
    let views = zip(reference.views, zip(reference.returns, reference.variances)).enumerated().map {
      ReturnView(
        "view \($0)",
        weights: Dictionary(uniqueKeysWithValues: zip(universe.assets, $1.0)),
        expectedReturn: $1.1.0, variance: $1.1.1)
    }
    let prior = try ExpectedReturns(universe: universe, values: reference.prior)
    let posterior = try BlackLitterman(priorUncertainty: reference.tau).posterior(
      prior: prior, covariance: covariance(reference.covariance, universe), views: views)
    let size = reference.mean.reduce(0) { max($0, $1.magnitude) }
    for i in 0..<count {
      expectClose(
        posterior.expectedReturns.values[i], reference.mean[i], absolute: 1e-13 * size)
      let moved = views.reduce(reference.prior[i]) { $0 + (posterior.shifts[$1.name]?[i] ?? .nan) }
      expectClose(moved, reference.mean[i], absolute: 1e-13 * size)
      for j in 0..<count {
        let scale = reference.tau * reference.covariance[i][i].squareRoot()
        let allowed = 1e-13 * scale * reference.covariance[j][j].squareRoot()
        expectClose(
          posterior.meanCovariance[i, j], reference.meanCovariance[i][j], absolute: allowed)
        expectClose(
          posterior.covariance.matrix[i, j],
          reference.covariance[i][j] + reference.meanCovariance[i][j], absolute: 20 * allowed)
      }
    }
  }

  /// Certainty fulfils the view; no view changes nothing; doubt without end changes nothing.
  @Test func limitsOfDoubt() throws {
    let reference = try #require(Views.reference).blackLitterman[3]
    let universe = try Universe(reference.prior.indices.map { AssetID("A\($0)") })
    let sigma = try covariance(reference.covariance, universe)
    let prior = try ExpectedReturns(universe: universe, values: reference.prior)
    let mixture = BlackLitterman()
    func mean(_ variance: Double) throws -> [Double] {
      try mixture.posterior(
        prior: prior, covariance: sigma,
        views: [
          ReturnView("v", weights: ["A0": 1, "A1": -1], expectedReturn: 0.03, variance: variance)
        ]
      ).expectedReturns.values
    }
    let certain = try mean(0)
    expectClose(certain[0] - certain[1], 0.03, relative: 1e-12)
    #expect(zip(try mean(1e12), reference.prior).allSatisfy { ($0 - $1).magnitude < 1e-14 })
    let none = try mixture.posterior(prior: prior, covariance: sigma, views: [])
    #expect(none.expectedReturns == prior && none.shifts.isEmpty)
    expectClose(none.covariance.matrix[0, 0], 1.05 * sigma.matrix[0, 0], relative: 1e-14)
  }

  @Test func badViewsAreRefused() throws {
    let reference = try #require(Views.reference).blackLitterman[3]
    let universe = try Universe(reference.prior.indices.map { AssetID("A\($0)") })
    let sigma = try covariance(reference.covariance, universe)
    let prior = try ExpectedReturns(universe: universe, values: reference.prior)
    func mix(_ views: [ReturnView], _ tau: Double = 0.05) throws {
      _ = try BlackLitterman(priorUncertainty: tau)
        .posterior(prior: prior, covariance: sigma, views: views)
    }
    let good = ReturnView("v", weights: ["A0": 1], expectedReturn: 0.01)
    for number in hostileNumbers {
      if !(number > 0 && number.isFinite) {
        #expect(throws: AllocationError.self) { try mix([good], number) }
      }
      if !number.isFinite {
        #expect(throws: AllocationError.self) {
          try mix([ReturnView("v", weights: ["A0": number], expectedReturn: 0)])
        }
        #expect(throws: AllocationError.self) {
          try mix([ReturnView("v", weights: ["A0": 1], expectedReturn: number)])
        }
      }
      if !(number >= 0 && number.isFinite) {
        #expect(throws: AllocationError.self) {
          try mix([ReturnView("v", weights: ["A0": 1], expectedReturn: 0, variance: number)])
        }
      }
    }
    #expect(throws: AllocationError.self) { try mix([good, good]) }
    #expect(throws: AllocationError.self) {
      try mix([ReturnView("v", weights: ["unknown": 1], expectedReturn: 0)])
    }
    #expect(throws: AllocationError.self) {
      try mix([ReturnView("v", weights: [:], expectedReturn: 0)])
    }
    // Two certainties about one portfolio.
    let error = #expect(throws: AllocationError.self) {
      try mix([
        ReturnView("first", weights: ["A0": 1], expectedReturn: 0.01, variance: 0),
        ReturnView("second", weights: ["A0": 2], expectedReturn: 0.05, variance: 0),
      ])
    }
    #expect(error.map { "\($0)".contains("second") } == true)
  }
}

@Suite struct EntropyPoolingTests {
  private static let assets: [AssetID] = ["A", "B", "C"]

  private static func scenarios(_ pool: Views.Pool) throws -> ScenarioSet {
    let columns = (0..<3).flatMap { j in pool.outcomes.map { $0[j] } }
    let total = pool.prior.reduce(0, +)
    return try ScenarioSet(
      universe: Universe(assets),
      outcomes: Matrix(rowCount: pool.outcomes.count, columnCount: 3, columnMajor: columns),
      probabilities: pool.prior.map { $0 / total })
  }

  @Test(arguments: 0..<14)
  func agreesWithFiftyDigits(number: Int) throws {
    let pool = try #require(Views.reference).pooling[number]
    let views = try zip(pool.kinds, zip(pool.relations, pool.values)).map { kind, rest in
      let quantity: ScenarioView.Quantity? =
        switch kind {
        case "mean0": .outcome(["A": 1])
        case "rank01": .outcome(["A": 1, "B": -1])
        case "square2": .squaredDistance("C")
        case "tail1": .isAtMost("B", level: -0.01)
        case "co02": .coDistance("A", "C")
        default: nil
        }
      let relations: [String: ScenarioView.Relation] = [
        "equal": .equal, "atLeast": .atLeast, "atMost": .atMost,
      ]
      return ScenarioView(
        kind, try #require(quantity), try #require(relations[rest.0]), rest.1)
    }
    let pooled = try EntropyPooling(views).pooled(Self.scenarios(pool))
    let probabilities = try #require(pooled.scenarios.probabilities)
    for (p, expected) in zip(probabilities, pool.probabilities) {
      expectClose(p, expected, absolute: 1e-11 * expected + 1e-14)
    }
    expectClose(pooled.relativeEntropy, pool.relativeEntropy, absolute: 1e-12)
    #expect(pooled.largestViolation < 1e-12 && pooled.dualityGap < 1e-12)
    #expect(pooled.effectiveScenarioCount <= Double(pool.prior.count) * (1 + 1e-12))
  }

  /// The multiplier is the derivative of the relative entropy with the wanted number.
  @Test func multipliersAreDerivatives() throws {
    let scenarios = try Self.scenarios(try #require(Views.reference).pooling[0])
    for relation in [ScenarioView.Relation.equal, .atMost] {
      func pooled(_ value: Double) throws -> EntropyPooling.Pooled {
        try EntropyPooling([ScenarioView("v", .outcome(["A": 1]), relation, value)])
          .pooled(scenarios)
      }
      let value = try scenarios.expectedReturns.values[0] - 0.004
      let (step, middle) = (1e-6, try pooled(value))
      let slope =
        try (pooled(value + step).relativeEntropy - pooled(value - step).relativeEntropy)
        / (2 * step)
      expectClose(middle.multipliers["v"] ?? .nan, slope, relative: 1e-5)
    }
  }

  /// A correlation view gives that correlation, and leaves means and variances.
  @Test(arguments: [-0.2, 0.1, 0.5])
  func correlationsAreMet(wanted: Double) throws {
    let scenarios = try Self.scenarios(try #require(Views.reference).pooling[1])
    let pooled = try EntropyPooling(
      EntropyPooling.correlation("A", "B", wanted, in: scenarios)
    ).pooled(scenarios)
    func moments(_ set: ScenarioSet) throws -> (mean: [Double], second: [[Double]]) {
      let p = try #require(set.probabilities)
      func mean(_ f: (Int) -> Double) -> Double {
        p.indices.reduce(0) { $0 + p[$1] * f($1) }
      }
      let means = (0..<2).map { j in mean { set.outcomes[$0, j] } }
      let second = (0..<2).map { i in
        (0..<2).map { j in
          mean { (set.outcomes[$0, i] - means[i]) * (set.outcomes[$0, j] - means[j]) }
        }
      }
      return (means, second)
    }
    let (before, after) = (try moments(scenarios), try moments(pooled.scenarios))
    for i in 0..<2 {
      expectClose(after.mean[i], before.mean[i], absolute: 1e-13)
      expectClose(after.second[i][i], before.second[i][i], relative: 1e-10)
    }
    expectClose(
      after.second[0][1] / (after.second[0][0] * after.second[1][1]).squareRoot(), wanted,
      absolute: 1e-10)
  }

  /// Views that already hold cost nothing; those that clash are named, and no others.
  @Test func clashesAreNamed() throws {
    let scenarios = try Self.scenarios(try #require(Views.reference).pooling[2])
    let easy = ScenarioView("easy", .outcome(["C": 1]), .atLeast, -0.5)
    let none = try EntropyPooling([easy]).pooled(scenarios)
    #expect(none.relativeEntropy < 1e-15 && none.multipliers == ["easy": 0])
    let low = ScenarioView("low", .outcome(["A": 1]), .atMost, -0.01)
    let high = ScenarioView("high", .outcome(["A": 1]), .atLeast, 0.01)
    let error = #expect(throws: AllocationError.self) {
      try EntropyPooling([easy, low, high]).pooled(scenarios)
    }
    guard case .infeasible(let names, let contradiction)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(Set(names) == ["low", "high"] && contradiction > 0)
    // Beyond the best scenario of all.
    #expect(throws: AllocationError.self) {
      try EntropyPooling([ScenarioView("far", .outcome(["A": 1]), .atLeast, 10)])
        .pooled(scenarios)
    }
  }

  @Test func rankingsHold() throws {
    let scenarios = try Self.scenarios(try #require(Views.reference).pooling[4])
    for order in [["A", "B", "C"], ["C", "A", "B"], ["B", "C", "A"]] as [[AssetID]] {
      let pooled = try EntropyPooling(EntropyPooling.ranking(order)).pooled(scenarios)
      let means = try pooled.scenarios.expectedReturns
      for (better, worse) in zip(order, order.dropFirst()) {
        #expect((means[better] ?? .nan) >= (means[worse] ?? .nan) - 1e-13)
      }
    }
  }

  @Test func badViewsAreRefused() throws {
    let scenarios = try Self.scenarios(try #require(Views.reference).pooling[0])
    func pool(_ quantity: ScenarioView.Quantity, _ value: Double) throws {
      _ = try EntropyPooling([ScenarioView("v", quantity, .equal, value)]).pooled(scenarios)
    }
    for number in hostileNumbers where !number.isFinite {
      #expect(throws: AllocationError.self) { try pool(.outcome(["A": 1]), number) }
      #expect(throws: AllocationError.self) { try pool(.outcome(["A": number]), 0) }
      #expect(throws: AllocationError.self) { try pool(.isAtMost("A", level: number), 0.1) }
    }
    #expect(throws: AllocationError.self) { try pool(.outcome(["unknown": 1]), 0) }
    #expect(throws: AllocationError.self) { try pool(.squaredDistance("unknown"), 0) }
    #expect(throws: AllocationError.self) { try pool(.outcome([:]), 1) }
    let view = ScenarioView("v", .outcome(["A": 1]), .equal, 0)
    #expect(throws: AllocationError.self) {
      try EntropyPooling([view, view]).pooled(scenarios)
    }
    #expect(throws: AllocationError.self) {
      try EntropyPooling.correlation("A", "unknown", 0, in: scenarios)
    }
  }
}

@Suite struct DiversificationTests {
  @Test(arguments: 0..<6)
  func agreesWithFiftyDigits(number: Int) throws {
    let reference = try #require(Views.reference).diversification[number]
    let universe = try Universe(reference.weights.indices.map { AssetID("A\($0)") })
    let found = try Diversification(
      weights: Weights(universe: universe, values: reference.weights),
      covariance: covariance(reference.covariance, universe))
    expectClose(found.effectiveAssetCount, reference.assets, relative: 1e-14)
    expectClose(found.entropyAssetCount, reference.entropy, relative: 1e-14)
    expectClose(found.ratio, reference.ratio, relative: 1e-13)
    expectClose(found.principalBetCount, reference.principal, relative: 1e-11)
    expectClose(found.torsionBetCount, reference.torsion, relative: 1e-11)
    for (share, expected) in zip(found.torsionShares, reference.shares) {
      expectClose(share, expected, absolute: 1e-11)
    }
    expectClose(found.torsionShares.reduce(0, +), 1, relative: 1e-14)
  }

  /// Equal weights on equal assets are as many bets as assets, however correlated; one asset is one bet.
  @Test(arguments: [0.0, 0.5, 0.99, 1])
  func symmetricMarkets(correlation: Double) throws {
    let count = 7
    let universe = try Universe((0..<count).map { AssetID("A\($0)") })
    let rows = (0..<count).map { i in (0..<count).map { i == $0 ? 0.04 : 0.04 * correlation } }
    let market = try covariance(rows, universe)
    let equal = try Diversification(
      weights: Weights(universe: universe, values: [Double](repeating: 1.0 / 7, count: count)),
      covariance: market)
    expectClose(equal.torsionBetCount, 7, relative: 1e-12)
    expectClose(equal.effectiveAssetCount, 7, relative: 1e-12)
    if correlation > 0 { expectClose(equal.principalBetCount, 1, relative: 1e-9) }
    let one = try Diversification(
      weights: Weights(universe: universe, values: [1, 0, 0, 0, 0, 0, 0]), covariance: market)
    expectClose(one.ratio, 1, relative: 1e-14)
    expectClose(one.effectiveAssetCount, 1, relative: 1e-14)
    if correlation == 0 { expectClose(one.torsionBetCount, 1, relative: 1e-12) }
  }

  @Test func badInputIsRefused() throws {
    let universe = try Universe(["A", "B"])
    let market = try covariance([[1, 0.5], [0.5, 1]], universe)
    #expect(throws: AllocationError.self) {
      try Diversification(
        weights: Weights(universe: universe, values: [0, 0]), covariance: market)
    }
    #expect(throws: AllocationError.self) {
      try Diversification(
        weights: Weights(universe: Universe(["B", "A"]), values: [1, 1]), covariance: market)
    }
    // A perfect hedge has no variance to share out.
    #expect(throws: AllocationError.self) {
      try Diversification(
        weights: Weights(universe: universe, values: [1, -1]),
        covariance: covariance([[1, 1], [1, 1]], universe))
    }
  }
}

import KeelData
import KeelMarkets
import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct LiquidationProofTests {
  private static func covariance(
    _ deviations: [Double],
    _ correlation: Double,
    _ assets: [AssetID] = ["BTC", "ETH"]
  ) throws -> Covariance {
    try Covariance(
      universe: Universe(assets),
      dense: SymmetricMatrix(
        rows: deviations.indices.map { i in
          deviations.indices.map { j in
            deviations[i] * deviations[j] * (i == j ? 1 : correlation)
          }
        }))
  }

  /// Whether something is liquidated after log moves.
  private static func isLiquidated(
    _ test: StressTest,
    _ moves: [Double],
    _ assets: [AssetID] = ["BTC", "ETH"]
  ) throws -> Bool {
    var scenario = Scenario("point")
    for (asset, move) in zip(assets, moves) { scenario.spotMoves[asset] = expm1(move) }
    let outcome = try test.outcome(of: scenario)
    return outcome.marginRatio < 1 || outcome.healthFactor < 1
  }

  /// A long perpetual: ln(8000/4.95/2200) over the deviation, exactly.
  @Test func onePerpetualIsExact() throws {
    var settings = LiquidationProof.Settings()
    settings.tolerance = 1e-5
    for (quantity, factor) in [(500.0, 8000 / 4.95 / 2200), (-500, 14_000 / 5.05 / 2200)] {
      let test = try AccountCascadeTests.test(cash: 3000, [("ETH-PERP", quantity, 2200)])
      let proof = try test.liquidationProof(
        covariance: Self.covariance([0.07], 0, ["ETH"]), settings: settings)
      let exact = log(factor).magnitude / 0.07
      expectClose(try #require(proof.distance), exact, relative: 1e-10)
      #expect(proof.provenLowerBound <= exact && proof.provenLowerBound > exact * (1 - 1e-5))
      #expect(proof.isProven)
    }
  }

  /// Two searches: that to the end, and one that is stopped before it.
  @Test func distancesOfReferencesAreProven() throws {
    for reference in try LiquidityReference.load().points {
      let test = try LiquidationPointTests.test(coins: reference.coins)
      let covariance = try Self.covariance(reference.deviations, reference.correlation)
      var settings = LiquidationProof.Settings()
      settings.tolerance = 1e-5
      let proof = try test.liquidationProof(covariance: covariance, settings: settings)
      expectClose(try #require(proof.distance), reference.distance, relative: 1e-8)
      #expect(proof.provenLowerBound <= reference.distance * (1 + 1e-10))
      #expect(proof.provenLowerBound >= reference.distance * (1 - 2e-5) && proof.isProven)
      // A search that is stopped is too far; what the boxes find is nearer.
      settings.search.maximumIterations = 1
      let stopped = try test.liquidationPoint(covariance: covariance, settings: settings.search)
      let found = try test.liquidationProof(covariance: covariance, settings: settings)
      let distance = try #require(found.distance)
      let far = try #require(stopped.distance)
      #expect(found.isProven && distance <= far, "\(found)")
      expectClose(distance, reference.distance, relative: 1e-5)
      #expect(found.provenLowerBound <= reference.distance * (1 + 1e-10))
    }
  }

  /// Short and long options, a perpetual, a future, a pool and a loan: no point of a fan inside the bound is liquidated.
  @Test(arguments: [
    [("ETH-2000-P", -5.0, 0.0), ("ETH-2600-C", -5, 0), ("BTC-MAR", 1, 40_800)],
    [
      ("ETH-2000-P", -8, 0), ("ETH-2600-C", 4, 0), ("ETH-PERP", -200, 2200),
      ("BTC-MAR", -2, 40_800),
    ],
    [("ETH-2000-P", 5, 0), ("ETH-PERP", 400, 2200), ("ETH-POOL", 200, 0), ("BTC-MAR", 12, 40_800)],
    [("ETH-LENT", 4, 0), ("USD-OWED", 5000, 0), ("ETH-2600-C", -4, 0), ("BTC-MAR", -1, 40_800)],
  ])
  func nothingInsideTheBoundIsLiquidated(_ positions: [(AssetID, Double, Double)]) throws {
    let test = try AccountCascadeTests.test(cash: 9000, positions)
    for correlation in [-0.5, 0.8] {
      let deviations = [0.06, 0.08]
      let proof = try test.liquidationProof(
        covariance: Self.covariance(deviations, correlation))
      let distance = try #require(proof.distance)
      #expect(proof.isProven && proof.provenLowerBound <= distance)
      #expect(proof.provenLowerBound >= distance * (1 - 1e-3))
      let logs = proof.moves.map { log1p($0) }
      #expect(try Self.isLiquidated(test, logs.map { $0 * (1 + 1e-7) }))
      let other = (1 - correlation * correlation).squareRoot()
      let (angles, radii) = (72, 16)
      for k in 0..<angles {
        let angle = 2 * Double.pi * Double(k) / Double(angles)
        for step in 1...radii {
          let radius = proof.provenLowerBound * (Double(step) / Double(radii)) * (1 - 1e-12)
          let moves = [
            radius * deviations[0] * cos(angle),
            radius * deviations[1] * (correlation * cos(angle) + other * sin(angle)),
          ]
          #expect(try !Self.isLiquidated(test, moves), "\(correlation) \(angle) \(radius)")
        }
      }
    }
  }

  /// Deposits of eight assets against one loan bend one way: few boxes, and the point is that of Lagrange's condition.
  @Test func manyLongPositionsNeedFewBoxes() throws {
    let assets = (0..<8).map { AssetID("A\($0)") }
    var listings = try Sample.listings()
    var market = try Sample.market([AssetID("USD")] + assets)
    for asset in assets {
      let name = AssetID("LENT-\(asset)")
      listings.append(
        try Listing(
          name, .deposit(asset: asset, liquidationThreshold: 0.8), protocolName: "lender",
          costFraction: 0, gas: 0))
      market.quotes[name] = .lending(index: 1, ratePerYear: 0.01)
    }
    var positions = try assets.enumerated().map { k, asset in
      Account.Position(AssetID("LENT-\(asset)"), quantity: try Sample.amount(Double(10 + 3 * k)))
    }
    positions.append(.init("USD-OWED", quantity: try Sample.amount(600)))
    let account = try Account(
      cash: "USD",
      holdings: Holdings(
        universe: Universe(["USD"]), amounts: [try Sample.amount(0)]),
      positions: positions)
    let test = try StressTest(account: account, market: market, catalog: Catalog(listings))
    let covariance = try Self.covariance((0..<8).map { 0.03 + 0.01 * Double($0) }, 0.6, assets)
    let proof = try test.liquidationProof(covariance: covariance)
    let distance = try #require(proof.distance)
    #expect(proof.isProven && proof.boxCount < 10)
    #expect(proof.provenLowerBound >= distance * (1 - 1e-4))
  }

  /// A limit of boxes leaves a bound that holds; nothing found is proven as far as the search looks.
  @Test func limitsAreReported() throws {
    let positions: [(AssetID, Double, Double)] = [
      ("ETH-2000-P", -5, 0), ("ETH-2600-C", -5, 0), ("BTC-MAR", -1, 40_800),
    ]
    let test = try AccountCascadeTests.test(cash: 9000, positions)
    let covariance = try Self.covariance([0.06, 0.08], 0.5)
    let full = try #require(try test.liquidationProof(covariance: covariance).distance)
    var settings = LiquidationProof.Settings()
    var last = 0.0
    for limit in [1, 4, 16, 64] {
      settings.boxLimit = limit
      let part = try test.liquidationProof(covariance: covariance, settings: settings)
      #expect(part.provenLowerBound >= last && part.boxCount <= limit + 2)
      #expect(part.provenLowerBound <= full)
      last = part.provenLowerBound
    }
    settings.boxLimit = 1
    #expect(try !test.liquidationProof(covariance: covariance, settings: settings).isProven)
    let safe = try AccountCascadeTests.test(cash: 1e6, [("ETH-PERP", 100, 2200)])
    settings = .init()
    settings.search.largestDistance = 12
    let none = try safe.liquidationProof(covariance: covariance, settings: settings)
    #expect(none.distance == nil && none.moves.isEmpty && none.provenLowerBound == 12)
    #expect(none.isProven && none.universe.assets == ["BTC", "ETH"])
    let due = try AccountCascadeTests.test(cash: 1, [("ETH-PERP", 100, 2200)])
    let now = try due.liquidationProof(covariance: covariance)
    #expect(now.distance == 0 && now.provenLowerBound == 0 && now.isProven)
    for (cells, boxes, tolerance) in [(0, 10, 0.1), (64, 0, 0.1), (64, 10, .nan), (64, 10, 2.0)] {
      settings = .init()
      (settings.cellCount, settings.boxLimit, settings.tolerance) = (cells, boxes, tolerance)
      let hostile = settings
      #expect(throws: RiskError.self) {
        try test.liquidationProof(covariance: covariance, settings: hostile)
      }
    }
  }

  /// A singular covariance of two prices that move together is one price.
  @Test func singularCovariances() throws {
    let test = try AccountCascadeTests.test(
      cash: 3000, [("ETH-PERP", 300, 2200), ("BTC-MAR", 1, 40_800)])
    let proof = try test.liquidationProof(covariance: Self.covariance([0.05, 0.05], 1))
    let move = try #require(
      try test.liquidationDistance(of: .everything(pegged: []), direction: .fall).move)
    let exact = -log1p(move) / 0.05
    expectClose(try #require(proof.distance), exact, relative: 1e-9)
    #expect(proof.isProven && proof.provenLowerBound <= exact * (1 + 1e-12))
    // An asset without risk stays where it is.
    let still = try test.liquidationProof(covariance: Self.covariance([0, 0.05], 0))
    #expect(still.isProven && still.moves[0] == 0)
  }
}

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

struct LiquidityReference: Decodable {
  struct BookExit: Decodable {
    let quantity: Double
    let distance: Double
    let refills: Double
    let costFraction: Double
    let slices: [[Double]]
  }
  struct PoolExit: Decodable {
    let quantity: Double
    let largest: Double
    let recoveries: Double
    let costFraction: Double
    let slices: [[Double]]
  }
  struct VolumeExit: Decodable {
    let quantity: Double
    let dailyVolume: Double
    let participation: Double
    let cost: Double
    let trades: Double
  }
  struct Risk: Decodable {
    let covariance: [[Double]]
    let values: [Double]
    let exits: [VolumeExit]
    let confidence: Double
    let daysBeforeExit: Double
    let marketRisk: Double
    let parts: [Double]
    let exitCost: Double
    let total: Double
    let before: Double
  }
  struct Point: Decodable {
    let coins: Double
    let deviations: [Double]
    let correlation: Double
    let distance: Double
    let moves: [Double]
  }
  struct Tail: Decodable {
    let degrees: Double
    let distance: Double
    let tail: Double
  }
  let asks: [[Double]]
  let bids: [[Double]]
  let books: [BookExit]
  let pools: [PoolExit]
  let risk: Risk
  let points: [Point]
  let tails: [Tail]

  static func load() throws -> Self { try Reference.load(Self.self, "liquidity_risk") }

  func book() throws -> OrderBook {
    try OrderBook(
      bids: bids.map { .init(price: $0[0], quantity: $0[1]) },
      asks: asks.map { .init(price: $0[0], quantity: $0[1]) })
  }
}

/// Exits through real depth, and the risk while they last.
@Suite struct LiquidityRiskTests {
  private static func expectSlices(_ plan: ExitPlan, _ slices: [[Double]]) {
    #expect(plan.slices.count == slices.count)
    for (slice, reference) in zip(plan.slices, slices) {
      expectClose(slice.day, reference[0], relative: 1e-14)
      expectClose(slice.fraction, reference[1], relative: 1e-11)
    }
    expectClose(plan.slices.reduce(0) { $0 + $1.fraction }, 1, relative: 1e-13)
  }

  @Test func exitsTakeTheDepthThatIsThere() throws {
    let reference = try LiquidityReference.load()
    for exit in reference.books {
      let plan = try ExitPlan.book(
        reference.book(), side: .sell, quantity: exit.quantity, largestDistance: exit.distance,
        refillsPerDay: exit.refills)
      expectClose(plan.costFraction, exit.costFraction, relative: 1e-11)
      Self.expectSlices(plan, exit.slices)
    }
    let pool = try ConstantProductPool(
      assetReserve: 1000, cashReserve: 2_200_000, feeFraction: 0.003)
    for exit in reference.pools {
      let plan = try ExitPlan.pool(
        pool, quantity: exit.quantity, largestCost: exit.largest, recoveriesPerDay: exit.recoveries)
      expectClose(plan.costFraction, exit.costFraction, relative: 1e-11)
      Self.expectSlices(plan, exit.slices)
    }
    let spread = try ExitPlan.immediate(
      spreadFraction: 0.002, spreadDeviation: 0.001, multiple: 3)
    expectClose(spread.costFraction, 0.0025, relative: 1e-15)
    #expect(spread.horizon == 0)
  }

  @Test func riskIsTheSumOverThePath() throws {
    let reference = try LiquidityReference.load().risk
    let universe = try Universe(["BTC", "ETH", "SOL"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(rows: reference.covariance))
    let positions = try zip(universe.assets, zip(reference.values, reference.exits)).map {
      asset, pair in
      LiquidityAdjustedRisk.Position(
        asset, value: pair.0,
        exit: try .volume(
          quantity: pair.1.quantity, dailyVolume: pair.1.dailyVolume,
          participation: pair.1.participation, costFraction: pair.1.cost,
          tradesPerDay: pair.1.trades))
    }
    let risk = try LiquidityAdjustedRisk(
      positions, dailyCovariance: covariance, confidence: reference.confidence,
      daysBeforeExit: reference.daysBeforeExit)
    expectClose(risk.marketRisk, reference.marketRisk, relative: 1e-13)
    expectClose(risk.riskBeforeExit, reference.before, relative: 1e-13)
    expectClose(risk.exitCost, reference.exitCost, relative: 1e-14)
    expectClose(risk.total, reference.total, relative: 1e-13)
    for (part, expected) in zip(risk.parts, reference.parts) {
      expectClose(part.marketRisk, expected, relative: 1e-12)
    }
    let size = risk.parts.reduce(0) { $0 + $1.marketRisk.magnitude }
    expectClose(
      risk.parts.reduce(0) { $0 + $1.marketRisk }, risk.marketRisk, absolute: 1e-12 * size)
    expectClose(
      risk.parts.reduce(0) { $0 + $1.exitCost }, risk.exitCost, relative: 1e-12)
    #expect(risk.horizon == risk.parts.map(\.horizon).max())
    // The order of positions does not matter.
    let turned = try LiquidityAdjustedRisk(
      positions.reversed(), dailyCovariance: covariance, confidence: reference.confidence,
      daysBeforeExit: reference.daysBeforeExit)
    expectClose(turned.total, risk.total, relative: 1e-14)
    let heavy = try LiquidityAdjustedRisk(
      positions, dailyCovariance: covariance, confidence: reference.confidence,
      daysBeforeExit: reference.daysBeforeExit, quantile: 3)
    expectClose(
      heavy.marketRisk / risk.marketRisk, 3 / StandardNormal.quantile(reference.confidence),
      relative: 1e-14)
  }

  /// At a steady pace over T days the risk is σ √(T/3); with an immediate exit that of the holding period.
  @Test func limitsOfOnePosition() throws {
    let universe = try Universe(["ETH"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(rows: [[0.0016]]))
    func risk(_ exit: ExitPlan, hold: Double) throws -> LiquidityAdjustedRisk {
      try LiquidityAdjustedRisk(
        [.init("ETH", value: 1000, exit: exit)], dailyCovariance: covariance, confidence: 0.99,
        daysBeforeExit: hold)
    }
    let z = StandardNormal.quantile(0.99)
    let steady = try risk(
      .volume(
        quantity: 10, dailyVolume: 2, participation: 0.5, costFraction: 0, tradesPerDay: 500),
      hold: 0)
    expectClose(steady.marketRisk, z * 40 * (10.0 / 3).squareRoot(), relative: 1e-3)
    let spread = try ExitPlan.immediate(spreadFraction: 0.01, spreadDeviation: 0, multiple: 0)
    let fast = try risk(spread, hold: 1)
    expectClose(fast.marketRisk, z * 40, relative: 1e-14)
    #expect(fast.marketRisk == fast.riskBeforeExit)
    expectClose(fast.exitCost, 5, relative: 1e-14)
    #expect(try risk(spread, hold: 0).marketRisk == 0)
  }

  /// Near the largest number every part is finite, or the risk is refused.
  @Test func hugeRisksAreFiniteOrRefused() throws {
    let universe = try Universe(["BTC", "ETH"])
    let exit = try ExitPlan.immediate(spreadFraction: 0.01, spreadDeviation: 0, multiple: 0)
    func risk(
      _ variance: Double, _ values: [Double], covariance: Double = 0, quantile: Double
    ) throws -> LiquidityAdjustedRisk {
      try LiquidityAdjustedRisk(
        zip(universe.assets, values).map { .init($0, value: $1, exit: exit) },
        dailyCovariance: Covariance(
          universe: universe,
          dense: SymmetricMatrix(rows: [[variance, covariance], [covariance, variance]])),
        confidence: 0.99, daysBeforeExit: 1, quantile: quantile)
    }
    // The variance is 1e308, three times that is no number.
    let large = try risk(1e108, [1e100, 0], quantile: 3)
    expectClose(large.marketRisk, 3e154, relative: 1e-14)
    expectClose(large.parts[0].marketRisk, 3e154, relative: 1e-14)
    #expect(large.parts[1].marketRisk == 0 && large.total.isFinite)
    let small = try risk(1, [3, 4], quantile: 3)
    let huge = try risk(1, [3e99, 4e99], quantile: 3)
    for (part, expected) in zip(huge.parts, small.parts) {
      expectClose(part.marketRisk, 1e99 * expected.marketRisk, relative: 1e-14)
    }
    #expect(throws: RiskError.self) { try risk(1e108, [1e100, 1e100], quantile: 3) }
    #expect(throws: RiskError.self) { try risk(1e200, [1e100, 0], quantile: 3) }
  }

  @Test func refusesWhatHasNoExit() throws {
    let reference = try LiquidityReference.load()
    let book = try reference.book()
    #expect(throws: RiskError.self) {
      try ExitPlan.book(
        book, side: .sell, quantity: 1, largestDistance: 1e-6, refillsPerDay: 1)
    }
    #expect(throws: RiskError.self) {
      try ExitPlan.book(
        book, side: .sell, quantity: 1e9, largestDistance: 0.001, refillsPerDay: 1)
    }
    let pool = try ConstantProductPool(assetReserve: 1, cashReserve: 1, feeFraction: 0.003)
    for bad in [0.003, 1, .nan] {
      #expect(throws: RiskError.self) {
        try ExitPlan.pool(pool, quantity: 1, largestCost: bad, recoveriesPerDay: 1)
      }
    }
    for bad in [0, -1, .nan, .infinity] {
      #expect(throws: RiskError.self) {
        try ExitPlan.pool(pool, quantity: bad, largestCost: 0.1, recoveriesPerDay: 1)
      }
      #expect(throws: RiskError.self) {
        try ExitPlan.pool(pool, quantity: 1, largestCost: 0.1, recoveriesPerDay: bad)
      }
    }
    let universe = try Universe(["ETH"])
    let covariance = try Covariance(universe: universe, dense: SymmetricMatrix(rows: [[0.01]]))
    let exit = try ExitPlan.immediate(spreadFraction: 0, spreadDeviation: 0, multiple: 0)
    let position = LiquidityAdjustedRisk.Position("ETH", value: 1, exit: exit)
    func refused(
      _ positions: [LiquidityAdjustedRisk.Position], _ confidence: Double, _ days: Double
    ) {
      #expect(throws: RiskError.self) {
        try LiquidityAdjustedRisk(
          positions, dailyCovariance: covariance, confidence: confidence, daysBeforeExit: days)
      }
    }
    refused([position, position], 0.99, 1)
    refused([.init("BTC", value: 1, exit: exit)], 0.99, 1)
    refused([.init("ETH", value: .nan, exit: exit)], 0.99, 1)
    refused([position], 1, 1)
    #expect(
      throws: RiskError.invalidValue(
        argument: "confidence", got: 0.4, lowest: 0.5, highest: (1.0).nextDown)
    ) {
      try LiquidityAdjustedRisk(
        [position], dailyCovariance: covariance, confidence: 0.4, daysBeforeExit: 1)
    }
    let middle = try LiquidityAdjustedRisk(
      [position], dailyCovariance: covariance, confidence: 0.5, daysBeforeExit: 1)
    #expect(middle.marketRisk == 0 && middle.marketRisk.sign == .plus)
    refused([position], 0.99, -1)
    let nothing = try LiquidityAdjustedRisk(
      [], dailyCovariance: covariance, confidence: 0.99, daysBeforeExit: 1)
    #expect(nothing.total == 0 && nothing.parts.isEmpty)
  }
}

/// The most likely move that liquidates an account, and how often it is liquidated on the way.
@Suite struct LiquidationPointTests {
  static func test(coins: Double, btc: Double = 0.1) throws -> StressTest {
    let assets: [AssetID] = ["USD", "BTC", "ETH"]
    let amounts: [AssetID: Double] = ["USD": 3000, "BTC": btc]
    let account = try Account(
      cash: "USD",
      holdings: Holdings(
        universe: Universe(assets), amounts: assets.map { try Sample.amount(amounts[$0] ?? 0) }),
      positions: [
        .init("ETH-PERP", quantity: try Sample.amount(100 * coins), entryPrice: 2200)
      ])
    var market = try Sample.market(["USD", "BTC", "ETH"])
    market.quotes["ETH-PERP"] = .contract(price: 2200, funding: nil)
    return try StressTest(account: account, market: market, catalog: Catalog(Sample.listings()))
  }

  private static func covariance(
    _ deviations: [Double],
    _ correlation: Double
  ) throws -> Covariance {
    let product = deviations[0] * deviations[1] * correlation
    return try Covariance(
      universe: Universe(["BTC", "ETH"]),
      dense: SymmetricMatrix(rows: [
        [deviations[0] * deviations[0], product], [product, deviations[1] * deviations[1]],
      ]))
  }

  @Test func nearestPointsMatchReferences() throws {
    for reference in try LiquidityReference.load().points {
      let point = try Self.test(coins: reference.coins).liquidationPoint(
        covariance: Self.covariance(reference.deviations, reference.correlation))
      expectClose(try #require(point.distance), reference.distance, relative: 1e-8)
      for (move, expected) in zip(point.moves, reference.moves) {
        expectClose(move, expected, absolute: 2e-4)
      }
      #expect(point.angle < 5e-5)
      #expect(point.universe.assets == ["BTC", "ETH"])
      #expect(point.evaluationCount < 20_000)
    }
  }

  /// A search that stops early says by the angle at its last point how much too far that is: half its square.
  @Test func anglesBelongToTheLastPoint() throws {
    var settings = LiquidationPoint.Settings()
    settings.maximumIterations = 2
    for reference in try LiquidityReference.load().points {
      let point = try Self.test(coins: reference.coins).liquidationPoint(
        covariance: Self.covariance(reference.deviations, reference.correlation),
        settings: settings)
      let excess = try #require(point.distance) / reference.distance - 1
      #expect(excess <= point.angle * point.angle && excess >= point.angle * point.angle / 8)
    }
  }

  /// One asset alone: the move of the scan, over its deviation.
  @Test func oneAssetIsTheScan() throws {
    let test = try Self.test(coins: 5, btc: 0)
    let covariance = try Covariance(
      universe: Universe(["ETH"]), dense: SymmetricMatrix(rows: [[0.0025]]))
    let point = try test.liquidationPoint(covariance: covariance)
    let move = try #require(try test.liquidationDistance(of: .asset("ETH"), direction: .fall).move)
    expectClose(try #require(point.distance), -log1p(move) / 0.05, relative: 1e-11)
    expectClose(point.moves[0], move, relative: 1e-11)
  }

  /// Perfectly correlated prices: a singular covariance has the point of the common move.
  @Test func singularCovariances() throws {
    let test = try Self.test(coins: 5)
    let point = try test.liquidationPoint(covariance: Self.covariance([0.05, 0.05], 1))
    let move = try #require(
      try test.liquidationDistance(of: .everything(pegged: []), direction: .fall).move)
    expectClose(try #require(point.distance), -log1p(move) / 0.05, relative: 1e-9)
  }

  @Test func probabilitiesAreStudentsTails() throws {
    let test = try Self.test(coins: 5, btc: 0)
    for reference in try LiquidityReference.load().tails {
      // The deviation that puts the only point at a distance.
      let log = try #require(
        try test.liquidationDistance(of: .asset("ETH"), direction: .fall).move)
      let deviation = -log1p(log) / reference.distance
      let point = try test.liquidationPoint(
        covariance: Covariance(
          universe: Universe(["ETH"]), dense: SymmetricMatrix(rows: [[deviation * deviation]])))
      let (any, end) = (
        point.probability(degreesOfFreedom: reference.degrees),
        point.probability(degreesOfFreedom: reference.degrees, isFirstPassage: false)
      )
      expectClose(end, reference.tail, relative: 1e-9)
      expectClose(any, 2 * reference.tail, relative: 1e-9)
      #expect(point.probability(degreesOfFreedom: 2).isNaN)
      expectClose(
        point.probability(), 2 * StandardNormal.survival(try #require(point.distance)),
        relative: 1e-14)
    }
  }

  /// Walks of equal steps pass a level that is farther by 0.5826 of a step (M. Broadie, P. Glasserman and S. Kou, 1997).
  @Test func firstPassagesAreTwiceTheEnd() throws {
    let test = try Self.test(coins: 5, btc: 0)
    let universe = try Universe(["ETH"])
    let move = try #require(try test.liquidationDistance(of: .asset("ETH"), direction: .fall).move)
    let (distance, stepCount, paths) = (1.2, 24, 1500)
    let deviation = -log1p(move) / distance / Double(stepCount).squareRoot()
    let steps = try (0..<stepCount).map { k in
      let stream = RandomStream(seed: 77, stream: UInt64(k))
      return try ScenarioSet(
        universe: universe,
        outcomes: Matrix(
          rows: (0..<paths).map { [expm1(deviation * stream.normal(at: UInt64($0)))] }))
    }
    let share = try test.liquidationShare(along: steps)
    let shifted = distance + 0.5826 / Double(stepCount).squareRoot()
    expectClose(
      share.anyTime, 2 * StandardNormal.survival(shifted), absolute: 4 * share.standardError)
    expectClose(
      share.atEnd, StandardNormal.survival(distance), absolute: 4 * share.standardError)
    #expect(share.anyTime > share.atEnd)
    expectClose(share.firstTimes.reduce(0, +), share.anyTime, relative: 1e-14)
    #expect(share.firstTimes.count == stepCount)
    expectClose(
      share.standardError,
      (share.anyTime * (1 - share.anyTime) / Double(paths)).squareRoot(), relative: 1e-12)
    #expect(throws: RiskError.self) { try test.liquidationShare(along: []) }
    #expect(throws: RiskError.self) {
      try test.liquidationShare(along: [
        steps[0],
        ScenarioSet(universe: universe, outcomes: Matrix(rows: [[0.1]])),
      ])
    }
  }

  /// Prices that fall or rise beyond what a scenario may say stay at its end.
  @Test func extremePathsHaveShares() throws {
    let test = try Self.test(coins: 5, btc: 0)
    let universe = try Universe(["ETH"])
    func step(_ outcomes: [Double], _ probabilities: [Double]? = nil) throws -> ScenarioSet {
      try ScenarioSet(
        universe: universe, outcomes: Matrix(rows: outcomes.map { [$0] }),
        probabilities: probabilities)
    }
    let steps = try (0..<20).map { _ in try step([-0.9, 9, 0, 0]) }
    let share = try test.liquidationShare(along: steps)
    #expect(share.anyTime == 0.25 && share.atEnd == 0.25)
    #expect(throws: RiskError.self) { try test.liquidationShare(along: [step([-1, 0])]) }
    let even = try step([0, 0], [0.5, 0.5])
    #expect(try test.liquidationShare(along: [even, step([0, 0])]).anyTime == 0)
    #expect(throws: RiskError.self) {
      try test.liquidationShare(along: [even, step([0, 0], [0.25, 0.75])])
    }
  }

  @Test func edges() throws {
    // Nothing is liquidated: no debt.
    let safe = try Self.test(coins: 0.01).liquidationPoint(
      covariance: Self.covariance([0.01, 0.01], 0.5))
    #expect(safe.distance == nil && safe.moves.isEmpty && safe.probability() == 0)
    // Liquidation is due.
    let due = try Self.test(coins: 500).liquidationPoint(
      covariance: Self.covariance([0.01, 0.01], 0.5))
    #expect(due.distance == 0 && due.probability() == 1)
    let test = try Self.test(coins: 5)
    #expect(throws: RiskError.self) {
      try test.liquidationPoint(covariance: Self.covariance([0, 0], 0))
    }
    #expect(throws: RiskError.unknownInstrument("USD")) {
      try test.liquidationPoint(
        covariance: Covariance(
          universe: Universe(["USD"]), dense: SymmetricMatrix(rows: [[0.01]])))
    }
    #expect(throws: RiskError.self) {
      try test.liquidationPoint(
        covariance: Covariance(
          universe: Universe(["DOGE"]), dense: SymmetricMatrix(rows: [[0.01]])))
    }
    var settings = LiquidationPoint.Settings()
    settings.stepCount = 0
    #expect(throws: RiskError.self) {
      try test.liquidationPoint(covariance: Self.covariance([0.1, 0.1], 0), settings: settings)
    }
  }
}

import Foundation
import KeelData
import KeelDerivatives
import KeelMarkets
import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

/// Surfaces that tilt, bases, gas, expectations, ladders, grids and what is stored.
@Suite struct ScenarioShockTests {
  private struct Case: Decodable {
    struct Option: Decodable {
      var isCall: Bool
      var strike, volatility, carry, quantity: Double
      var days: Int
    }
    struct Future: Decodable {
      var quantity, price: Double
      var days: Int
    }
    var spot, rate, move, factor, shift, skew, exponent, basisShift, rateShift: Double
    var gasFactor, depthFactor, loss, exitCosts: Double
    var elapsedDays: Int
    var options: [Option]
    var future: Future

    var scenario: Scenario {
      var scenario = Scenario("reference")
      scenario.spotMoves["ETH"] = move
      scenario.volatilityFactor = factor
      scenario.volatilityShift = shift
      scenario.volatilitySkewShift = skew
      scenario.volatilityTermExponent = exponent
      scenario.basisShift = basisShift
      scenario.rateShift = rateShift
      scenario.gasFactor = gasFactor
      scenario.depthFactor = depthFactor
      scenario.elapsedYears = Double(elapsedDays) / 365
      return scenario
    }
  }
  private struct File: Decodable { var cases: [Case] }

  private static func account(_ reference: Case) throws -> (Account, MarketSnapshot, Catalog) {
    var market = MarketSnapshot(
      time: Sample.start, universe: try Universe(["USD", "ETH"]), prices: [1, reference.spot],
      rate: reference.rate)
    var listings: [Listing] = [
      try Listing(
        "FUT",
        .future(
          .linear(coinPerContract: 1), underlying: "ETH",
          expiry: Sample.start.advanced(byDays: reference.future.days),
          margin: MaintenanceTiers.flat(0.01)), costFraction: 0.001, gas: 0.25)
    ]
    market.quotes["FUT"] = .contract(price: reference.future.price, funding: nil)
    var positions: [Account.Position] = [
      .init(
        "FUT", quantity: try Sample.amount(reference.future.quantity),
        entryPrice: reference.future.price)
    ]
    for (place, option) in reference.options.enumerated() {
      let id = AssetID("O\(place)")
      listings.append(
        try Listing(
          id,
          .option(
            ListedOption(
              option.isCall ? .call : .put, strike: option.strike,
              expiry: Sample.start.advanced(byDays: option.days), underlying: "ETH",
              settings: .init())), costFraction: 0.003, gas: 0.25))
      market.quotes[id] = .option(volatility: option.volatility, carryYield: option.carry)
      positions.append(.init(id, quantity: try Sample.amount(option.quantity)))
    }
    let holdings = try Holdings(
      universe: Universe(["USD", "ETH"]), amounts: [Sample.amount(1000), Sample.amount(0)])
    return (
      try Account(cash: "USD", holdings: holdings, positions: positions), market,
      try Catalog(listings)
    )
  }

  @Test func matchesReferences() throws {
    for reference in try Reference.load(File.self, "scenarios").cases {
      let (account, market, catalog) = try Self.account(reference)
      let test = try StressTest(account: account, market: market, catalog: catalog)
      let scenario = reference.scenario
      let outcome = try test.outcome(of: scenario)
      let size = reference.spot * 200
      expectClose(outcome.loss, reference.loss, absolute: 1e-14 * size)
      expectClose(outcome.exitCosts, reference.exitCosts, relative: 1e-12, absolute: 1e-15 * size)
      #expect(try test.losses(in: [scenario]) == [outcome.loss])
      // The shocked market says the same.
      let after = try account.valuation(
        in: scenario.applied(to: market, catalog: catalog, cash: "USD"), catalog: catalog)
      expectClose(outcome.equity, after.equity, absolute: 1e-13 * size)
    }
  }

  @Test func surfacesTiltByMoneynessAndExpiry() throws {
    let market = try Sample.market()
    let catalog = try Catalog(Sample.listings())
    func volatility(_ id: AssetID, _ change: (inout Scenario) -> Void) throws -> Double {
      var scenario = Scenario("tilt")
      change(&scenario)
      let after = try scenario.applied(to: market, catalog: catalog, cash: "USD")
      guard case .option(let volatility, _)? = after.quotes[id] else { return .nan }
      return volatility
    }
    let skewed = try volatility("ETH-2000-P") { $0.volatilitySkewShift = -0.5 }
    expectClose(skewed, 0.65 - 0.5 * log(2000 / 2200.0), relative: 1e-15)
    let far = try volatility("ETH-2000-P") {
      $0.volatilityShift = 0.3
      $0.volatilityTermExponent = 0.5
    }
    expectClose(far, 0.65 + 0.3 * (30 / 90.0).squareRoot(), relative: 1e-14)
    // Thirty days move by the shift itself, whatever the exponent.
    let near = try volatility("ETH-2600-C") {
      $0.volatilityShift = 0.3
      $0.volatilityTermExponent = -1
    }
    expectClose(near, 0.9, relative: 1e-14)
    // The tilt is around the spot before, so that a move of it changes nothing more.
    let moved = try volatility("ETH-2000-P") {
      $0.volatilitySkewShift = -0.5
      $0.otherSpotMove = -0.4
    }
    #expect(moved == skewed)
    #expect(try volatility("ETH-2000-P") { $0.volatilityShift = -2 } == 0)
  }

  @Test func basesOfDatedFuturesMove() throws {
    let market = try Sample.market()
    let catalog = try Catalog(Sample.listings())
    var scenario = Scenario("backwardation")
    scenario.basisShift = -0.25
    let after = try scenario.applied(to: market, catalog: catalog, cash: "USD")
    guard case .contract(let future, _)? = after.quotes["BTC-MAR"],
      case .contract(let perpetual, _)? = after.quotes["ETH-PERP"]
    else {
      Issue.record("a quote changed its kind")
      return
    }
    expectClose(future, 40_800 * exp(-0.25 * 90 / 365), relative: 1e-14)
    #expect(perpetual == 2203 && after.rate == market.rate)
  }

  @Test func gasIsDearer() throws {
    let test = try Sample.test()
    var scenario = Scenario("gas")
    let calm = try test.outcome(of: scenario).exitCosts
    scenario.gasFactor = 40
    let gas = 0.5 + 0.5 + 3 + 2 + 2
    expectClose(try test.outcome(of: scenario).exitCosts, calm + 39 * gas, relative: 1e-13)
  }

  @Test func hostileShocksAreRefused() throws {
    let test = try Sample.test()
    func refuses(_ change: (inout Scenario) -> Void) {
      var scenario = Scenario("hostile")
      change(&scenario)
      let changed = scenario
      #expect(throws: RiskError.self) { try test.outcome(of: changed) }
      #expect(throws: RiskError.self) { try test.losses(in: [Scenario("calm"), changed]) }
    }
    for number in [Double.nan, .infinity, -.infinity, 1e300, -1e300] {
      refuses { $0.volatilitySkewShift = number }
      refuses { $0.volatilityTermExponent = number }
      refuses { $0.basisShift = number }
      refuses { $0.gasFactor = number }
    }
    refuses { $0.gasFactor = -1 }
  }

  /// What an earlier version stored still reads: what it does not name does not happen.
  @Test func oldStoredScenariosStillRead() throws {
    let old = """
      {"name": "old", "spotMoves": {"BTC": -0.4}, "otherSpotMove": -0.5, "pegMoves": {},
       "commonMoveFraction": 0.25, "volatilityFactor": 1.5, "volatilityShift": 0.1,
       "fundingShift": -0.2, "rateShift": 0.01, "depthFactor": 0.5,
       "failures": {"venue": 0.5}, "elapsedYears": 0.1}
      """
    let read = try JSONDecoder().decode(Scenario.self, from: Data(old.utf8))
    var expected = Scenario("old")
    expected.spotMoves = ["BTC": -0.4]
    expected.otherSpotMove = -0.5
    expected.commonMoveFraction = 0.25
    expected.volatilityFactor = 1.5
    expected.volatilityShift = 0.1
    expected.fundingShift = -0.2
    expected.rateShift = 0.01
    expected.depthFactor = 0.5
    expected.failures = ["venue": 0.5]
    expected.elapsedYears = 0.1
    #expect(read == expected)
    #expect(
      try JSONDecoder().decode(Scenario.self, from: Data(#"{"name": "none"}"#.utf8))
        == Scenario("none"))
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Scenario.self, from: Data(#"{"name": "x", "gasFactor": "y"}"#.utf8))
    }
    // A shock of a later version would make the loss too small if it were left out.
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(Scenario.self, from: Data(#"{"name": "x", "newShock": 0}"#.utf8))
    }
    expected.volatilitySkewShift = -0.3
    expected.volatilityTermExponent = 0.5
    expected.basisShift = -0.1
    expected.gasFactor = 12
    let stored = try JSONEncoder().encode(expected)
    #expect(try JSONDecoder().decode(Scenario.self, from: stored) == expected)
  }

  @Test func expectationsBecomeMoves() throws {
    let expected = try ExpectedReturns(universe: Universe(["ETH", "SOL"]), values: [-0.5, -1.2])
    let crash = try Scenario(
      "BTC -40 %", given: ["BTC": log(0.6)], expecting: expected, unit: .logarithm)
    expectClose(try #require(crash.spotMoves["BTC"]), -0.4, relative: 1e-15)
    expectClose(try #require(crash.spotMoves["ETH"]), exp(-0.5) - 1, relative: 1e-15)
    expectClose(try #require(crash.spotMoves["SOL"]), exp(-1.2) - 1, relative: 1e-15)
    #expect(throws: RiskError.self) {
      try Scenario("linear", given: ["BTC": -0.4], expecting: expected, unit: .fraction)
    }
    #expect(throws: RiskError.duplicate("ETH")) {
      try Scenario("twice", given: ["ETH": -0.4], expecting: expected, unit: .logarithm)
    }
  }

  @Test func laddersAndGridsAreTheirScenarios() throws {
    let test = try Sample.test()
    var base = Scenario("base")
    base.volatilityShift = 0.05
    base.pegMoves["USDC"] = -0.01
    let moves = [-0.5, -0.2, 0, 0.3]
    let ladder = base.ladder(of: "ETH", moves: moves)
    #expect(ladder.map { $0.spotMoves["ETH"] } == moves)
    #expect(ladder[0].name == "base ETH -0.5" && base.ladder(moves: [0.1])[0].name == "base 0.1")
    #expect(base.ladder(of: "USDC", moves: [-0.1])[0].pegMoves["USDC"] == -0.1)
    let shifts = [0, 0.4]
    for asset: AssetID? in [nil, "ETH"] {
      let grid = try test.grid(
        spotMoves: moves, volatilityShifts: shifts, of: asset, beside: base)
      #expect(grid.equity == test.equity && grid.spotMoves == moves)
      #expect(grid.volatilityShifts == shifts)
      var worst = (-Double.infinity, 0, 0)
      for (column, shift) in shifts.enumerated() {
        for (row, scenario) in base.ladder(of: asset, moves: moves).enumerated() {
          var cell = scenario
          cell.volatilityShift += shift
          let loss = try test.outcome(of: cell).loss
          #expect(grid.losses[row, column] == loss)
          if loss > worst.0 { worst = (loss, row, column) }
        }
      }
      #expect(grid.worstPlace == (worst.1, worst.2))
    }
    // Cash does not move, and says so.
    #expect(throws: RiskError.unknownInstrument("USD")) {
      try test.grid(spotMoves: [0], volatilityShifts: [0], of: "USD")
    }
    for scenario in [base, base.pegging(["USD"])] {
      #expect(throws: RiskError.unknownInstrument("USD")) {
        try test.losses(in: scenario.ladder(of: "USD", moves: [0, -0.1]))
      }
    }
    #expect(try test.losses(in: [Scenario("none").pegging(["USD"])]) == [0])
    #expect(throws: RiskError.shapeMismatch(argument: "volatilityShifts", got: 0, required: 1)) {
      try test.grid(spotMoves: [0], volatilityShifts: [])
    }
  }
}

import KeelData
import KeelDerivatives
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

@Suite struct StressTestTests {
  @Test func nothingLosesNothing() throws {
    let test = try Sample.test()
    let outcome = try test.outcome(of: Scenario("none"))
    #expect(outcome.loss == 0 && outcome.equity == test.equity)
    #expect(outcome.positions.allSatisfy { $0.loss == 0 })
    #expect(outcome.underlyings.allSatisfy { $0.loss == 0 })
    let valuation = try Sample.account().valuation(
      in: Sample.market(), catalog: Catalog(Sample.listings()))
    expectClose(outcome.equity, valuation.equity, relative: 1e-14)
    expectClose(outcome.marginRatio, valuation.marginRatio, relative: 1e-14)
    #expect(outcome.healthFactor == valuation.healthFactor)
    #expect(outcome.liquidated.isEmpty)
  }

  /// The account in the shocked market, valued from scratch, is worth the same.
  @Test(arguments: 1...60)
  func agreesWithAFullValuation(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var scenario = Scenario("random")
    scenario.spotMoves = [
      "BTC": generator.uniform(-0.7...0.8), "ETH": generator.uniform(-0.7...0.8),
    ]
    scenario.pegMoves = ["USDC": generator.uniform(-0.3...0.01)]
    scenario.commonMoveFraction = generator.uniform()
    scenario.volatilityFactor = generator.uniform(0...3)
    scenario.volatilityShift = generator.uniform(-0.3...1)
    scenario.fundingShift = generator.uniform(-1...1)
    scenario.rateShift = generator.uniform(-0.05...0.05)
    scenario.depthFactor = generator.uniform(0.05...1)
    let market = try Sample.market()
    let catalog = try Catalog(Sample.listings())
    let account = try Sample.account()
    let outcome = try Sample.test().outcome(of: scenario)
    let after = try account.valuation(
      in: scenario.applied(to: market, catalog: catalog, cash: "USD"), catalog: catalog)
    expectClose(outcome.equity, after.equity, relative: 1e-13)
    expectClose(outcome.marginRatio, after.marginRatio, relative: 1e-12)
    expectClose(outcome.healthFactor, after.healthFactor, relative: 1e-13)
    expectClose(outcome.loss, try Sample.test().equity - after.equity, absolute: 1e-7)
    let byUnderlying = outcome.underlyings.reduce(0) { $0 + $1.loss }
    expectClose(byUnderlying, outcome.loss, absolute: 1e-7)
    #expect(outcome.underlyings.map(\.id) == outcome.underlyings.map(\.id).sorted())
    #expect(outcome.liquidated.isEmpty == (outcome.marginRatio >= 1 && outcome.healthFactor >= 1))
    // Costs in proportion to size are divided by the depth that is left.
    var costs = 0.0
    for (position, exposure) in zip(account.positions, after.positions) {
      let listing = try #require(catalog[position.id])
      costs += listing.gas + listing.costFraction / scenario.depthFactor * exposure.notional
    }
    costs += 1 + (0.001 * after.holdings[2] + 0.002 * after.holdings[3]) / scenario.depthFactor
    expectClose(outcome.exitCosts, costs, relative: 1e-12)
  }

  @Test func aLinearAccountLosesItsWeightsTimesTheMoves() throws {
    let account = try Sample.account(positions: [])
    let test = try StressTest(account: account, market: Sample.market(), catalog: Catalog())
    let outcome = try test.outcome(of: Scenario.march2020.pegging(["USDC"]))
    expectClose(outcome.loss, 20_000 * 0.395 + 6600 * 0.446, relative: 1e-14)
    #expect(outcome.marginRatio == .infinity && outcome.healthFactor == .infinity)
    #expect(outcome.exitCosts == 0)
  }

  private struct Case: Decodable {
    struct Option: Decodable {
      var isCall: Bool
      var strike, volatility, carry, quantity: Double
    }
    struct Contract: Decodable { var quantity, entry, price: Double }
    var spot, rate, units, move, factor, shift, rateShift, loss: Double
    var days, elapsedDays: Int
    var options: [Option]
    var contract: Contract
  }
  private struct File: Decodable { var stresses: [Case] }

  @Test func matchesReferences() throws {
    for reference in try Reference.load(File.self, "risk").stresses {
      var market = MarketSnapshot(
        time: Sample.start, universe: try Universe(["USD", "ETH"]), prices: [1, reference.spot],
        rate: reference.rate)
      var listings: [Listing] = [
        try Listing(
          "INV",
          .perpetual(
            .inverse(cashPerContract: 100), underlying: "ETH", margin: MaintenanceTiers.flat(0.01)),
          costFraction: 0, gas: 0)
      ]
      market.quotes["INV"] = .contract(price: reference.contract.price, funding: nil)
      var positions: [Account.Position] = [
        .init(
          "INV", quantity: try Sample.amount(reference.contract.quantity),
          entryPrice: reference.contract.entry)
      ]
      for (place, option) in reference.options.enumerated() {
        let id = AssetID("O\(place)")
        listings.append(
          try Sample.option(
            id, option.isCall ? .call : .put, strike: option.strike, days: reference.days))
        market.quotes[id] = .option(volatility: option.volatility, carryYield: option.carry)
        positions.append(.init(id, quantity: try Sample.amount(option.quantity)))
      }
      let holdings = try Holdings(
        universe: Universe(["USD", "ETH"]),
        amounts: [Sample.amount(1000), Sample.amount(reference.units)])
      let account = try Account(cash: "USD", holdings: holdings, positions: positions)
      let test = try StressTest(account: account, market: market, catalog: Catalog(listings))
      var scenario = Scenario("reference")
      scenario.spotMoves["ETH"] = reference.move
      scenario.volatilityFactor = reference.factor
      scenario.volatilityShift = reference.shift
      scenario.rateShift = reference.rateShift
      scenario.elapsedYears = Double(reference.elapsedDays) / 365
      let outcome = try test.outcome(of: scenario)
      // The loss is a difference of values of the size of the position.
      let size = reference.spot * 500
      expectClose(outcome.loss, reference.loss, absolute: 1e-14 * size)
    }
  }

  /// Neither the order of the universe nor that of the positions changes a bit.
  @Test(arguments: 1...20)
  func orderChangesNoBit(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var scenario = Scenario.november2022
    scenario.commonMoveFraction = 0.4
    scenario.volatilityShift = 0.3
    scenario.elapsedYears = 0.01
    scenario.failures = ["lender": 0.3]
    let plain = try Sample.test().outcome(of: scenario)
    var assets: [AssetID] = ["USD", "USDC", "BTC", "ETH"]
    assets.shuffle(using: &generator)
    var others = assets
    others.shuffle(using: &generator)
    let account = try Sample.account(
      assets, positions: Sample.positions().shuffled(using: &generator))
    let catalog = try Catalog(Sample.listings().shuffled(using: &generator))
    let test = try StressTest(account: account, market: Sample.market(others), catalog: catalog)
    #expect(try test.outcome(of: scenario) == plain)
  }

  @Test func failuresTakeFromClaimsAndLeaveDebts() throws {
    let test = try Sample.test()
    let outcome = try test.outcome(of: .failure(of: "lender", lossGivenFailure: 0.25))
    expectClose(outcome.loss, 0.25 * 4 * 1.02 * 2200, relative: 1e-12)
    expectClose(outcome.healthFactor, 0.75 * 0.8 * 4 * 1.02 * 2200 / 3150, relative: 1e-12)
    let all = try test.outcome(of: .failure(of: "lender", lossGivenFailure: 1))
    #expect(all.liquidated == ["ETH-LENT", "USD-OWED"])
    #expect(all.healthFactor == 0)
    #expect(throws: RiskError.unknownProtocol("bridge")) {
      try test.outcome(of: .failure(of: "bridge", lossGivenFailure: 1))
    }
    let depeg = try test.outcome(of: .depeg(of: "USDC", by: 0.12))
    expectClose(depeg.loss, 5000 * 0.9995 * 0.12, relative: 1e-12)
    let crunch = try test.outcome(of: .liquidityCrunch(depthFactor: 0.1))
    #expect(crunch.loss == 0)
    let calm = try test.outcome(of: Scenario("none"))
    let gas = 0.5 + 0.5 + 3 + 2 + 2
    expectClose(crunch.exitCosts - gas, 10 * (calm.exitCosts - gas), relative: 1e-12)
  }

  /// Time alone: interest, funding, fees, roll and theta.
  @Test func timeEarnsTheCarry() throws {
    var scenario = Scenario("a day")
    scenario.elapsedYears = 1.0 / 365
    let loss = try Sample.test().outcome(of: scenario).loss
    let valuation = try Sample.account().valuation(
      in: Sample.market(), catalog: Catalog(Sample.listings()))
    let income = valuation.positions.reduce(0) { $0 + $1.carry.perDay + $1.theta.perDay }
    expectClose(-loss, income, relative: 0.01)
  }

  /// Principal and yield tokens by hand: a fall, a rise of rates, half a year, and a failure that takes both.
  @Test func splitYieldsFollowTheShock() throws {
    let maturity = try Sample.start.advanced(byDays: 73)
    let listings = [
      try Listing(
        "PT", .principalToken(asset: "ETH", maturity: maturity), protocolName: "splitter",
        costFraction: 0.001, gas: 1),
      try Listing(
        "YT", .yieldToken(asset: "ETH", maturity: maturity), protocolName: "splitter",
        costFraction: 0.001, gas: 1),
    ]
    var market = try Sample.market()
    let quote = MarketSnapshot.Quote.yieldSplit(
      index: 1.1, ratePerYear: 0.04, impliedRate: 0.05)
    market.quotes = ["PT": quote, "YT": quote]
    let account = try Sample.account(positions: [
      .init("PT", quantity: Sample.amount(4)),
      .init("YT", quantity: Sample.amount(6), entryPrice: 1),
    ])
    let test = try StressTest(account: account, market: market, catalog: Catalog(listings))
    func losses(_ scenario: Scenario) throws -> [Double] {
      try test.outcome(of: scenario).positions.map(\.loss)
    }
    let (bond, spot) = (exp(-0.01), 2200.0)
    var fall = Scenario("fall")
    fall.spotMoves["ETH"] = -0.25
    #expect(try losses(Scenario("nothing")) == [0, 0])
    expectClose(try losses(fall)[0], 0.25 * 4 * spot * bond, relative: 1e-12)
    expectClose(try losses(fall)[1], 0.25 * 6 * spot * (1.1 - bond), relative: 1e-12)
    var rates = Scenario("rates")
    rates.rateShift = 0.1
    expectClose(try losses(rates)[0], 4 * spot * (bond - exp(-0.03)), relative: 1e-11)
    expectClose(try losses(rates)[1], 6 * spot * (exp(-0.03) - bond), relative: 1e-11)
    // The index stops at maturity, 0.2 years from now.
    var time = Scenario("half a year")
    time.elapsedYears = 0.5
    expectClose(try losses(time)[0], 4 * spot * (bond - 1), relative: 1e-11)
    expectClose(
      try losses(time)[1], 6 * spot * (1.1 - bond - (1.1 * exp(0.04 * 0.2) - 1)), relative: 1e-11)
    let failed = try test.outcome(of: .failure(of: "splitter", lossGivenFailure: 0.4))
    expectClose(failed.loss, 0.4 * spot * (4 * bond + 6 * (1.1 - bond)), relative: 1e-12)
    var crunch = Scenario.liquidityCrunch(depthFactor: 0.5)
    crunch.name = "half"
    expectClose(
      try test.outcome(of: crunch).exitCosts, 2 + 0.002 * spot * (4 * bond + 6 * (1.1 - bond)),
      relative: 1e-12)
  }

  @Test func namesTheWorstScenario() throws {
    let test = try Sample.test()
    let report = try test.report(of: [
      Scenario("none"), .march2020, .may2021, .march2020, .november2022,
    ])
    #expect(report.outcomes.count == 5)
    let largest = report.outcomes.map(\.loss).max()
    #expect(report.worst.loss == largest)
    #expect(report.worstPlace == report.outcomes.firstIndex { $0.loss == largest })
    #expect(throws: RiskError.shapeMismatch(argument: "scenarios", got: 0, required: 1)) {
      try test.report(of: [])
    }
  }

  @Test func outcomesOfOneUnitAreReturns() throws {
    let listings = try Sample.listings()
    let scenarios = [Scenario.march2020, .may2021, Scenario("none")]
    let market = try Sample.market()
    let set = try Scenario.outcomes(in: scenarios, of: listings, market: market, cash: "USD")
    let places = Dictionary(uniqueKeysWithValues: set.universe.assets.enumerated().map { ($1, $0) })
    func outcome(_ s: Int, _ id: AssetID) throws -> Double {
      set.outcomes[s, try #require(places[id])]
    }
    expectClose(try outcome(0, "BTC"), -0.395, relative: 1e-14)
    expectClose(try outcome(1, "ETH"), -0.2774, relative: 1e-13)
    expectClose(try outcome(0, "ETH-PERP"), -0.446, relative: 1e-13)
    expectClose(try outcome(0, "USD-OWED"), 0)
    #expect(try outcome(0, "ETH-2000-P") > 1 && outcome(0, "ETH-2600-C") > -1)
    for listing in listings { #expect(try outcome(2, listing.id) == 0) }
    #expect(throws: RiskError.duplicate("BTC")) {
      try Scenario.outcomes(
        in: scenarios, of: [listings[0], listings[0]], market: market, cash: "USD")
    }
    #expect(throws: RiskError.self) {
      try Scenario.outcomes(in: [], of: listings, market: market, cash: "USD")
    }
  }

  @Test func missingNumbersAreNamed() throws {
    let account = try Sample.account()
    let catalog = try Catalog(Sample.listings())
    for position in account.positions {
      var market = try Sample.market()
      market.quotes[position.id] = nil
      #expect(throws: RiskError.unknownInstrument(position.id)) {
        try StressTest(account: account, market: market, catalog: catalog)
      }
      let others = try Catalog(Sample.listings().filter { $0.id != position.id })
      #expect(throws: RiskError.unknownInstrument(position.id)) {
        try StressTest(account: account, market: Sample.market(), catalog: others)
      }
    }
    for number in [Double.nan, .infinity, 0, -1] {
      var market = try Sample.market()
      market.prices[3] = number
      #expect(throws: RiskError.self) {
        try StressTest(account: account, market: market, catalog: catalog)
      }
      market.prices = [1]
      #expect(throws: RiskError.self) {
        try StressTest(account: account, market: market, catalog: catalog)
      }
    }
  }
}

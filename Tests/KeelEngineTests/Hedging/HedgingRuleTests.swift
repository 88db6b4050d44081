import Foundation
import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets
import KeelTestSupport
import Testing

/// Hedging rules at work inside an engine, each against what its own type computes.
@Suite struct HedgingRuleTests {
  private var sample = HedgingSample()

  private func listed(_ instruments: [HedgeInstrument]) throws -> Catalog {
    try Catalog(instruments.map(\.listing))
  }

  private func account(cash: Double, units: Double) throws -> Account {
    try Account(
      cash: "USD",
      holdings: Holdings(
        universe: Universe(["USD", "ETH"]),
        amounts: [
          Amount(cash, decimals: 6, rounding: .towardZero), HedgingSample.amount(units),
        ]))
  }

  /// A strategy that never trades the asset itself.
  private func strategy(_ catalog: Catalog, _ hedges: [any HedgingRule]) throws -> Strategy {
    let keep = try Weights(universe: Universe(["USD", "ETH"]), values: [1, 0])
    var strategy = Strategy(
      target: FixedTarget(keep), rule: ThresholdRule(try RebalancingThreshold(absolute: nil)),
      planner: try RebalancingPlanner(
        cash: "USD",
        costs: RebalancingCosts(
          feeFraction: 0, slippageFraction: 0, gasPerTrade: Amount("0", decimals: 6))),
      catalog: catalog)
    strategy.hedges = hedges
    return strategy
  }

  /// The first decision on an account, and the account after it.
  private func decide(
    _ strategy: Strategy,
    _ account: Account,
    _ market: MarketSnapshot
  ) throws -> (decision: Decision, after: Account) {
    let engine = try Engine(strategy)
    var state = try engine.start(account)
    let decision = engine.step(&state, market)
    _ = try state.fill(decision, in: market, catalog: strategy.catalog)
    return (decision, state.account)
  }

  // MARK: Delta

  @Test func deltaIsBroughtBackByTheCheapestInstrument() throws {
    var cheap = sample
    cheap.costFraction = 0.0002
    var dear = sample
    dear.costFraction = 0.001
    let both = try [dear.perpetual(), cheap.perpetual("PERP2"), sample.future(days: 30)]
    let band = try HedgeBand(lower: -0.5, target: 0, upper: 0.5)
    let lots: [AssetID: Amount] = [
      "PERP": try HedgingSample.amount(0.001), "PERP2": try HedgingSample.amount(0.001),
    ]
    let rule = try DeltaHedgeRule(underlying: "ETH", band: band, lots: lots, horizonYears: 0)
    let market = try sample.market()
    let (decision, after) = try decide(
      strategy(listed(both), [rule]), account(cash: 50_000, units: 7.2504), market)
    let expected = try DeltaHedge(
      delta: 7.2504, of: "ETH", band: band,
      instruments: [dear.perpetual(), cheap.perpetual("PERP2")], market: market, horizonYears: 0,
      aim: .target)
    #expect(decision.orders == [try #require(expected.order)])
    #expect(decision.orders[0].id == "PERP2")
    let delta = try after.valuation(in: market, catalog: listed(both))["ETH"].delta
    #expect(delta.magnitude <= 0.0005)
    // Inside the band nothing more is traded.
    #expect(try decide(strategy(listed(both), [rule]), after, market).decision.isEmpty)
  }

  @Test func instrumentsWithoutQuoteArePassedOver() throws {
    var cheap = sample
    cheap.costFraction = 0
    let both = try [sample.perpetual(), cheap.perpetual("PERP2")]
    let lot = try HedgingSample.amount(0.001)
    let rule = try DeltaHedgeRule(
      underlying: "ETH", band: HedgeBand(lower: 0, target: 0, upper: 0),
      lots: ["PERP": lot, "PERP2": lot], horizonYears: 0)
    var market = try sample.market()
    market.quotes["PERP2"] = nil
    let known = try strategy(listed(both), [rule])
    let (decision, _) = try decide(known, account(cash: 50_000, units: 1), market)
    #expect(decision.orders.map(\.id) == ["PERP"])
    market.quotes["PERP"] = nil
    let (held, _) = try decide(known, account(cash: 50_000, units: 1), market)
    #expect(held.isEmpty)
    #expect(
      held.reasons.contains {
        if case .fault(stage: "hedge", _) = $0 { true } else { false }
      })
  }

  // MARK: Positions

  @Test func positionsAreOpenedKeptAndClosed() throws {
    let pool = try Listing(
      "POOL", .pool(asset: "ETH", lowerPrice: 1500, upperPrice: 2500, feeFraction: 0.003),
      costFraction: 0.001, gas: 2)
    let catalog = try Catalog([pool])
    let market = try sample.market()
    func rule(_ quantity: String, band: Double = 0) throws -> PositionTargetRule {
      try PositionTargetRule("POOL", quantity: Amount(quantity, decimals: 3), band: band)
    }
    let start = try account(cash: 50_000, units: 0)
    let (opened, after) = try decide(strategy(catalog, [rule("100.000")]), start, market)
    let value = pool.exposure(quantity: 100, entryPrice: 0, in: market).value
    #expect(opened.orders.count == 1 && opened.orders[0].quantity.doubleValue == 100)
    expectClose(opened.expectedCost, 2 + 0.001 * value, relative: 1e-14)
    #expect(after.position("POOL")?.quantity.doubleValue == 100)
    let kept = try decide(strategy(catalog, [rule("103.000", band: 3)]), after, market)
    #expect(kept.decision.isEmpty)
    let moved = try decide(strategy(catalog, [rule("103.001", band: 3)]), after, market)
    #expect(moved.decision.orders.map(\.quantity.description) == ["3.001"])
    let closed = try decide(strategy(catalog, [rule("0.000")]), after, market)
    #expect(closed.after.positions.isEmpty)
    // No quote: left as it is. Other decimals: refused.
    var silent = market
    silent.quotes = [:]
    #expect(try decide(strategy(catalog, [rule("100.000")]), start, silent).decision.isEmpty)
    let other = try PositionTargetRule("POOL", quantity: Amount("1", decimals: 0))
    let refused = try decide(strategy(catalog, [other]), after, market).decision
    #expect(refused.isEmpty && refused.reasons.count { "\($0)".contains("decimals") } == 1)
  }

  // MARK: Writing

  private func calls(_ strikes: [Int], days: Int = 30) throws -> [HedgeInstrument] {
    var sample = sample
    sample.costFraction = 0.02
    return try strikes.map {
      try sample.option(AssetID("C\(days)-\($0)"), .call, strike: Double($0), days: days)
    }
  }

  private func writing(
    _ aim: CoveredWriting.Aim = .delta(0.3),
    _ settings: CoveredWritingRule.Settings = .init()
  ) throws -> CoveredWritingRule {
    try CoveredWritingRule(
      underlying: "ETH", .call, aim: aim, lot: Amount("0.1", decimals: 1), settings: settings)
  }

  @Test func callsAreWrittenOnceAgainstUnits() throws {
    let options = try calls([2100, 2200, 2400])
    let market = try sample.market(options: options.map(\.listing.id))
    let known = try strategy(listed(options), [writing()])
    let (decision, after) = try decide(known, account(cash: 1000, units: 7.37), market)
    let lots = try options.map { try HedgeInstrument($0.listing, lot: Amount("0.1", decimals: 1)) }
    let expected = try CoveredWriting(
      .call, cover: 7.37, options: lots, market: market, aim: .delta(0.3))
    #expect(decision.orders == [try #require(expected.order)])
    expectClose(try #require(after.positions.first).quantity.doubleValue, -7.3, relative: 1e-15)
    // What is left of the cover is less than a lot.
    var next = market
    next.time = try market.time.advanced(byDays: 1)
    #expect(try decide(known, after, next).decision.isEmpty)
  }

  @Test func livesShareAndLimitsAreKept() throws {
    let options = try calls([2400], days: 7) + calls([2400], days: 30) + calls([2400], days: 90)
    let market = try sample.market(options: options.map(\.listing.id))
    var settings = CoveredWritingRule.Settings()
    settings.coverShare = 0.5
    settings.shortestLife = 20.0 / 365
    settings.longestLife = 40.0 / 365
    let start = try account(cash: 1000, units: 8)
    let half = try decide(
      strategy(listed(options), [writing(.delta(0.4), settings)]), start, market)
    #expect(half.decision.orders.map(\.id) == ["C30-2400"])
    #expect(half.decision.orders[0].quantity.doubleValue == -4)
    // A limit counts what is written already.
    let gamma = options[1].listing.exposure(quantity: 1, entryPrice: 0, in: market).gamma
    settings.coverShare = 1
    settings.largestGamma = 5.05 * gamma
    let limited = try writing(.delta(0.4), settings)
    let more = try decide(strategy(listed(options), [limited]), half.after, market)
    #expect(more.decision.orders.map(\.quantity.doubleValue) == [-1])
    #expect(try decide(strategy(listed(options), [limited]), more.after, market).decision.isEmpty)
  }

  @Test func uncoveredCallsAreBoughtBack() throws {
    let options = try calls([2200, 2400])
    let market = try sample.market(options: options.map(\.listing.id))
    var short = try account(cash: 10_000, units: 3.25)
    short.set(.init("C30-2200", quantity: try Amount("-2.0", decimals: 1)))
    short.set(.init("C30-2400", quantity: try Amount("-4.0", decimals: 1)))
    let known = try strategy(listed(options), [writing()])
    let (decision, after) = try decide(known, short, market)
    // 6.0 written, 3.25 covered: 2.75 too many, in the order of names, up to whole lots.
    #expect(decision.orders.map(\.quantity.description) == ["2.0", "0.8"])
    #expect(try decide(known, after, market).decision.isEmpty)
  }

  @Test func putsAreCoveredByCash() throws {
    let put = try sample.option("P-1800", .put, strike: 1800)
    let market = try sample.market(options: ["P-1800"])
    let rule = try CoveredWritingRule(
      underlying: "ETH", .put, aim: .probability(0.4), lot: Amount("0.1", decimals: 1))
    let known = try strategy(listed([put]), [rule])
    let (decision, _) = try decide(known, account(cash: 10_000, units: 0), market)
    #expect(decision.orders.map(\.quantity.description) == ["-5.5"])
  }

  // MARK: Shares of equity

  @Test func lossesOfContractsStayInCash() throws {
    let perpetual = try sample.perpetual()
    var short = try account(cash: 1000, units: 10)
    // Sold at 1500, marked at 2000: 5000 lost of 21 000.
    short.set(.init("PERP", quantity: try HedgingSample.amount(-10), entryPrice: 1500))
    var known = try strategy(listed([perpetual]), [])
    let shares = try Weights(universe: Universe(["USD", "ETH"]), values: [0.2, 0.8])
    known.target = EquityShares(FixedTarget(shares))
    known.rule = try PeriodicRule.days(1)
    let market = try sample.market()
    let (decision, after) = try decide(known, short, market)
    expectClose(try #require(decision.target?["ETH"]), 0.8 * 16_000 / 21_000, relative: 1e-14)
    expectClose(try #require(decision.target).total, 1, relative: 1e-14)
    expectClose(try #require(after.holdings["ETH"]).doubleValue * 2000, 12_800, absolute: 1e-4)
    // Gains that are not paid yet are not invested: the fifth of what is held stays in cash.
    short.set(.init("PERP", quantity: try HedgingSample.amount(-10), entryPrice: 4000))
    let gained = try decide(known, short, market)
    expectClose(try #require(gained.decision.target?["ETH"]), 0.8, relative: 1e-14)
    expectClose(
      try #require(gained.after.holdings["USD"]).doubleValue, 0.2 * 21_000, absolute: 1e-4)
  }

  // MARK: Settings

  @Test func settingsSurviveStorageAndAreChecked() throws {
    func stored<Rule: Codable & Equatable>(_ rule: Rule) throws {
      let data = try JSONEncoder().encode(rule)
      #expect(try JSONDecoder().decode(Rule.self, from: data) == rule)
    }
    let lot = try HedgingSample.amount(0.1)
    let band = try HedgeBand(lower: -1, target: 0, upper: 1)
    try stored(
      DeltaHedgeRule(underlying: "ETH", band: band, lots: ["PERP": lot], horizonYears: 0.1))
    try stored(PositionTargetRule("POOL", quantity: lot, band: 0.5))
    try stored(writing(.probability(0.2)))
    let zero = try Amount(zeroWithDecimals: 3)
    #expect(throws: EngineError.negativeAmount(argument: "lot", asset: "PERP", got: zero)) {
      try DeltaHedgeRule(underlying: "ETH", band: band, lots: ["PERP": zero], horizonYears: 0)
    }
    #expect(throws: EngineError.self) {
      try DeltaHedgeRule(underlying: "ETH", band: band, lots: [:], horizonYears: 0)
    }
    for number in [Double.nan, .infinity, -1] {
      #expect(throws: EngineError.self) {
        try DeltaHedgeRule(
          underlying: "ETH", band: band, lots: ["PERP": lot], horizonYears: number)
      }
      #expect(throws: EngineError.self) {
        try PositionTargetRule("POOL", quantity: lot, band: number)
      }
      #expect(throws: EngineError.self) { try writing(.delta(number)) }
      for part in [\CoveredWritingRule.Settings.largestVega, \.largestMargin, \.longestLife] {
        var settings = CoveredWritingRule.Settings()
        settings[keyPath: part] = number
        let hostile = settings
        #expect(throws: EngineError.self) { try writing(.delta(0.2), hostile) }
      }
    }
    #expect(throws: EngineError.self) {
      try CoveredWritingRule(underlying: "ETH", .call, aim: .delta(0.3), lot: zero)
    }
  }

  /// Two rules with other settings give other records.
  @Test func settingsAreInTheRecord() throws {
    let options = try calls([2200])
    let one = try Engine(strategy(listed(options), [writing(.delta(0.3))]))
    let other = try Engine(strategy(listed(options), [writing(.delta(0.2))]))
    #expect(one.parametersHash != other.parametersHash)
    let weights = try Weights(universe: Universe(["USD", "ETH"]), values: [0.5, 0.5])
    var plain = try strategy(listed([]), [])
    plain.target = FixedTarget(weights)
    let fixed = try Engine(plain).parametersHash
    plain.target = EquityShares(FixedTarget(weights))
    #expect(try Engine(plain).parametersHash != fixed)
  }
}

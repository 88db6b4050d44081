import Foundation
import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets
import KeelNumerics
import KeelRisk
import KeelTestSupport
import KeelVolatility
import Testing

@Suite struct PolicyAnalysisTests {
  private func costs(fixed: Double = 2e-4, proportional: Double = 0) throws -> PolicyAnalysis.Costs
  {
    try .init(
      weight: 0.4, volatility: 0.7, fixed: fixed, proportional: proportional, riskAversion: 3)
  }

  /// The interval that gas implies is the least of the figures themselves.
  @Test(arguments: [1e-6, 1e-4, 1e-2])
  func gasImpliesTheFrequency(fixed: Double) throws {
    let costs = try costs(fixed: fixed)
    let best = costs.bestInterval
    let least = try PolicyAnalysis.periodic(interval: best, costs: costs).totalPerYear
    for factor in [0.5, 0.9, 0.99, 1.01, 1.1, 2] {
      #expect(
        try PolicyAnalysis.periodic(interval: best * factor, costs: costs).totalPerYear > least)
    }
    // Twice as dear gas makes trades √2 times rarer.
    let dearer = try self.costs(fixed: 2 * fixed)
    expectClose(dearer.bestInterval / best, 2.0.squareRoot(), relative: 1e-12)
  }

  /// Both policies against a simulated drift.
  @Test func figuresAreThoseOfABrownianDrift() throws {
    let costs = try costs(fixed: 1e-3, proportional: 2e-3)
    let s = costs.weightVolatility
    let steps = 400_000
    let dt = 1.0 / 5000
    var generator = SeededGenerator(seed: 77)
    var (x, elapsed) = (0.0, 0.0)
    var (paid, squares, trades) = (0.0, 0.0, 0)
    let band = try DriftBand(below: 0.02, above: 0.03)
    for _ in 0..<steps {
      // A sum of twelve uniforms is normal enough for a random walk.
      let normal = (0..<12).reduce(-6.0) { sum, _ in sum + generator.uniform(0...1) }
      x += s * dt.squareRoot() * normal
      squares += x * x
      elapsed += dt
      if x > band.above || x < -band.below {
        paid += costs.fixed + costs.proportional * x.magnitude
        trades += 1
        x = 0
      }
    }
    let expected = try PolicyAnalysis.banded(band, costs: costs, lookInterval: dt)
    expectClose(Double(trades) / elapsed, expected.tradesPerYear, relative: 0.06)
    expectClose(paid / elapsed, expected.costPerYear, relative: 0.06)
    expectClose(squares / Double(steps), expected.meanSquaredDrift, relative: 0.06)
  }

  /// The rule's gamma is the change of units per price, by differences of the kept weight.
  @Test func theRuleIsShortGamma() {
    let (weight, value, price) = (0.4, 1e5, 2_000.0)
    func units(_ now: Double) -> Double {
      // The portfolio grows by its kept weight: V(S) = V₀ (S/S₀)^w.
      weight * value * pow(now / price, weight) / now
    }
    let step = 0.01
    let difference = (units(price + step) - units(price - step)) / (2 * step)
    let gamma = PolicyAnalysis.ruleGamma(weight: weight, portfolioValue: value, price: price)
    expectClose(gamma, difference, relative: 1e-6)
    #expect(gamma < 0)
    #expect(PolicyAnalysis.ruleGamma(weight: 1, portfolioValue: 1, price: 1) == 0)
    #expect(PolicyAnalysis.ruleGamma(weight: 0.5, portfolioValue: 1, price: 0).isNaN)
  }

  @Test func badInputThrows() {
    #expect(throws: EngineError.self) {
      try PolicyAnalysis.Costs(
        weight: 2, volatility: 1, fixed: 0, proportional: 0, riskAversion: 1)
    }
    #expect(throws: EngineError.self) {
      try PolicyAnalysis.Costs(
        weight: 0.5, volatility: .nan, fixed: 0, proportional: 0, riskAversion: 1)
    }
    #expect(throws: EngineError.self) {
      try PolicyAnalysis.periodic(interval: 0, costs: costs())
    }
  }
}

@Suite struct QuotedSeriesTests {
  private static let spot = 30_000.0
  private static let strikes = [18_000.0, 22_000, 26_000, 30_000, 35_000, 40_000, 50_000]

  private static func name(_ strike: Double, _ expiry: Timestamp) -> AssetID {
    AssetID("\(Int(strike))-\(expiry.nanosecondsSinceEpoch)")
  }

  /// A surface whose options are quoted.
  private static func surface() throws -> ExtendedSSVISurface {
    try ExtendedSSVISurface(smiles: [
      SSVISmile(timeToExpiry: 28.0 / 365, variance: 0.028, correlation: -0.4, curvature: 0.25),
      SSVISmile(timeToExpiry: 178.0 / 365, variance: 0.16, correlation: -0.3, curvature: 0.5),
    ])
  }

  private func strategy(_ signals: [QuotedSeries]) throws -> Strategy {
    let tiers = try MaintenanceTiers.flat(0.01)
    let near = try Walk.start.advanced(byDays: 30)
    let far = try Walk.start.advanced(byDays: 180)
    func options(_ expiry: Timestamp) throws -> [Listing] {
      try Self.strikes.map { strike in
        let option = try ListedOption(
          strike < Self.spot ? .put : .call, strike: strike, expiry: expiry, underlying: "BTC",
          settings: .init())
        return try Listing(
          Self.name(strike, expiry), .option(option), costFraction: 0, gas: 0)
      }
    }
    let catalog = try Catalog(
      [
        Listing(
          "PERP", .perpetual(.linear(coinPerContract: 1), underlying: "BTC", margin: tiers),
          costFraction: 0, gas: 0),
        Listing(
          "FUT",
          .future(.linear(coinPerContract: 1), underlying: "BTC", expiry: far, margin: tiers),
          costFraction: 0, gas: 0),
        Listing(
          "LENT", .deposit(asset: "ETH", liquidationThreshold: 0), costFraction: 0, gas: 0),
      ] + options(near) + options(far))
    var strategy = Strategy(
      target: FixedTarget(try Walk.weights([0.2, 0.2, 0.2, 0.2, 0.2])),
      rule: try PeriodicRule.days(1), planner: try Walk.planner(), catalog: catalog)
    strategy.target = try TiltedTarget(
      strategic: strategy.target,
      signals: signals.map {
        .init(
          $0.rawValue,
          try SeriesSignal(
            series: $0.rawValue, center: 0, width: 1, maximumAgeNanoseconds: 1), weight: 1)
      },
      tilts: TacticalTilts(largestTilt: 0.1, activeRiskBudget: 10))
    return strategy
  }

  /// The put with a forward delta of a quarter less the call with one, found by bisection.
  private func skew(_ surface: ExtendedSSVISurface) throws -> Double {
    let time = 30.0 / 365
    func delta(_ k: Double) -> Double {
      let root = surface.impliedVolatility(at: k, timeToExpiry: time) * time.squareRoot()
      return StandardNormal.cdf(root / 2 - k / root)
    }
    func volatility(callDelta: Double) -> Double {
      var (low, high) = (-1.0, 1.0)
      for _ in 0..<60 {
        let middle = (low + high) / 2
        if delta(middle) > callDelta { low = middle } else { high = middle }
      }
      return surface.impliedVolatility(at: low, timeToExpiry: time)
    }
    return volatility(callDelta: 0.75) - volatility(callDelta: 0.25)
  }

  /// What is quoted becomes what signals see, and moves the weights.
  @Test(arguments: QuotedSeries.allCases)
  func quotesBecomeSeries(series: QuotedSeries) throws {
    let engine = try Engine(strategy([series]))
    var state = try engine.start(Walk.account())
    var markets = try Walk.markets(days: 3, seed: 31)
    for day in markets.indices { markets[day].rate = 0 }
    let surface = try Self.surface()
    let near = try Walk.start.advanced(byDays: 30)
    let far = try Walk.start.advanced(byDays: 180)
    for day in markets.indices {
      let spot = Self.spot
      markets[day].prices[1] = spot
      markets[day].quotes = [
        "PERP": .contract(
          price: spot,
          funding: FundingRate(
            fraction: 0.0002, interval: .eightHours, whenPositive: .longPaysShort)),
        "FUT": .contract(price: spot * 1.05, funding: nil),
        "LENT": .lending(index: 1, ratePerYear: 0.08),
      ]
      for (expiry, smile) in zip([near, far], surface.smiles) {
        for strike in Self.strikes {
          markets[day].quotes[Self.name(strike, expiry)] = .option(
            volatility: smile.impliedVolatility(at: log(strike / spot)), carryYield: 0)
        }
      }
      _ = engine.step(&state, markets[day])
    }
    let view = try #require(state.memory.view())
    let observed = try #require(view.series[series.rawValue])
    let asset: AssetID = series == .lending ? "ETH" : "BTC"
    let value = observed.value(of: asset, at: view.time, maximumAgeNanoseconds: 0)
    let expected: Double =
      switch series {
      case .funding: 0.0002 * 3 * 365
      case .basis: log(1.05) / (178.0 / 365)
      case .lending: 0.08
      case .volatility: surface.impliedVolatility(at: 0, timeToExpiry: 30.0 / 365)
      case .skew: try skew(surface)
      case .termStructure:
        surface.impliedVolatility(at: 0, timeToExpiry: 90.0 / 365)
          - surface.impliedVolatility(at: 0, timeToExpiry: 30.0 / 365)
      }
    // Surfaces are fitted, and found again.
    let isFitted = [.volatility, .skew, .termStructure].contains(series)
    expectClose(try #require(value), expected, relative: isFitted ? 1e-4 : 1e-12)
    let decision = engine.step(
      &state,
      try {
        var next = markets[2]
        next.time = try next.time.advanced(byDays: 1)
        return next
      }())
    #expect(decision.reasons.contains(.signal(series.rawValue, opinions: 1)))
  }

  /// Surfaces are fitted for whoever reads them only; a host's own stage is taken to.
  @Test func surfacesAreFittedWhereTheyAreRead() throws {
    struct Own: Signal {
      let rowsNeeded = 1
      func scores(_ view: SignalView) -> SignalScores {
        preconditionFailure("never asked")
      }
    }
    for series in QuotedSeries.allCases {
      let isFitted = [.volatility, .skew, .termStructure].contains(series)
      #expect(try strategy([series]).readsSurfaces == isFitted)
    }
    #expect(Own().readsSurfaces)
    #expect(try !strategy([]).readsSurfaces && !strategy([.funding, .basis]).readsSurfaces)
    let engine = try Engine(strategy([.basis]))
    var state = try engine.start(Walk.account())
    var market = try Walk.markets(days: 1, seed: 34)[0]
    for strike in Self.strikes {
      market.quotes[Self.name(strike, try Walk.start.advanced(byDays: 30))] = .option(
        volatility: 0.6, carryYield: 0)
    }
    _ = engine.step(&state, market)
    #expect(state.memory.view()?.series["volatility"] == nil)
  }

  /// Expired futures and rates that are no numbers say nothing.
  @Test(arguments: [0, 1])
  func staleQuotesSayNothing(days: Int) throws {
    let engine = try Engine(strategy([.basis]))
    var state = try engine.start(Walk.account())
    var market = try Walk.markets(days: 1, seed: 33)[0]
    market.time = try Walk.start.advanced(byDays: 180 + days)
    market.quotes = [
      "FUT": .contract(price: market.prices[1] * 1.01, funding: nil),
      "LENT": .lending(index: 1, ratePerYear: .nan),
    ]
    _ = engine.step(&state, market)
    let view = try #require(state.memory.view())
    for name in ["basis", "lending"] {
      let value = view.series[name]?.value(of: "BTC", at: view.time, maximumAgeNanoseconds: 0)
      #expect(value == nil && view.series[name]?.observations.last?.values["ETH"] == nil)
    }
  }

  /// A host's own series of the same name counts instead of what is quoted.
  @Test func theHostsSeriesCount() throws {
    let engine = try Engine(strategy([.funding]))
    var state = try engine.start(Walk.account())
    var market = try Walk.markets(days: 1, seed: 32)[0]
    market.quotes["PERP"] = .contract(
      price: 30_000,
      funding: FundingRate(fraction: 1e-4, interval: .eightHours, whenPositive: .longPaysShort))
    market.series["funding"] = ["BTC": -7]
    _ = engine.step(&state, market)
    let observed = try #require(state.memory.view()?.series["funding"])
    #expect(observed.value(of: "BTC", at: market.time, maximumAgeNanoseconds: 0) == -7)
  }

  @Test func correlationRegimesHaveHysteresis() throws {
    let regime = try CorrelationRegime(lower: 0.3, upper: 0.6)
    #expect(regime.state(0.7, after: .apart) == .together)
    #expect(regime.state(0.45, after: .together) == .together)
    #expect(regime.state(0.45, after: .apart) == .apart)
    #expect(regime.state(0.2, after: .together) == .apart)
    #expect(regime.state(nil, after: .together) == .together)
    #expect(throws: EngineError.self) { try CorrelationRegime(lower: 0.7, upper: 0.6) }
    // One common factor and none.
    var memory = try MarketMemory(universe: Walk.universe, halfLife: 200, rowCapacity: 1)
    #expect(try CorrelationRegime.meanCorrelation(memory, of: ["BTC", "ETH"]) == nil)
    let engine = try Engine(Walk.strategy(PeriodicRule.days(1)))
    var state = try engine.start(Walk.account())
    for market in try Walk.markets(days: 400, seed: 33) { _ = engine.step(&state, market) }
    memory = state.memory
    let apart = try #require(
      try CorrelationRegime.meanCorrelation(memory, of: ["BTC", "ETH", "SOL", "XRP"]))
    #expect(apart.magnitude < 0.25)
    state = try engine.start(Walk.account())
    for var market in try Walk.markets(days: 400, seed: 33) {
      for i in 2..<5 { market.prices[i] = market.prices[1] * Double(i) }
      _ = engine.step(&state, market)
    }
    let together = try #require(
      try CorrelationRegime.meanCorrelation(state.memory, of: ["BTC", "ETH", "SOL", "XRP"]))
    expectClose(together, 1, absolute: 1e-9)
  }
}

@Suite struct ScenarioLimitTests {
  @Test func lossesAreLimited() throws {
    var crash = Scenario("crash")
    crash.otherSpotMove = -0.5
    var strategy = try Walk.strategy(PeriodicRule.days(1))
    strategy.limits = [try LargestScenarioLoss([crash], limit: 0.3)]
    let engine = try Engine(strategy)
    var state = try engine.start(Walk.account())
    let markets = try Walk.markets(days: 2, seed: 41)
    // 90 % invested loses 45 %.
    let refused = engine.step(&state, markets[0])
    #expect(refused.isEmpty)
    let isNamed = refused.reasons.contains {
      if case .limit("loss in crash", let got, 0.3) = $0 { got > 0.44 && got < 0.46 } else { false }
    }
    #expect(isNamed, "\(refused.reasons)")
    strategy.limits = [try LargestScenarioLoss([crash], limit: 0.46)]
    let wide = try Engine(strategy)
    state = try wide.start(Walk.account())
    #expect(!wide.step(&state, markets[0]).isEmpty)
  }

  @Test func protocolsHaveABudget() throws {
    let catalog = try Catalog([
      Listing(
        "LENT", .deposit(asset: "BTC", liquidationThreshold: 0), protocolName: "lender",
        costFraction: 0, gas: 0)
    ])
    struct Deposit: HedgingRule, Codable {
      let quantity: Amount
      func orders(
        after: PlannedAccount, _ view: DecisionView
      ) throws(EngineError) -> [ContractOrder] {
        [ContractOrder("LENT", quantity: quantity, cost: 0)]
      }
    }
    var strategy = Strategy(
      target: FixedTarget(try Walk.weights([1, 0, 0, 0, 0])), rule: try PeriodicRule.days(1),
      planner: try Walk.planner(), catalog: catalog)
    var market = try Walk.markets(days: 1, seed: 42)[0]
    market.prices[1] = 30_000
    market.quotes["LENT"] = .lending(index: 1, ratePerYear: 0)
    for (coins, isAllowed) in [("0.50000000", true), ("1.50000000", false)] {
      strategy.hedges = [Deposit(quantity: try Amount(coins, decimals: 8))]
      strategy.limits = [try LargestProtocolShare(["lender": 0.2], others: 0)]
      let engine = try Engine(strategy)
      var state = try engine.start(Walk.account())
      #expect(engine.step(&state, market).isEmpty != isAllowed)
    }
    #expect(throws: EngineError.self) { try LargestProtocolShare(["x": -1], others: 0) }
    #expect(throws: EngineError.self) { try LargestScenarioLoss([], limit: .nan) }
  }
}

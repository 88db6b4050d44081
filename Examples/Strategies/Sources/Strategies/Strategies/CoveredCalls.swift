import Keel

// Covered writing: bitcoin is held, and calls out of the money are sold against most of it every four weeks. Real option
// quotes over years are not to be had with a licence to pass them on, so the quotes are SYNTHETIC: Black-Scholes at the
// volatility realized over 30 days plus a premium that is stated. Prices of bitcoin are real.

private let cash: AssetID = "USD"
private let coin: AssetID = "BTC"

/// What the synthetic quotes are made of.
enum SyntheticQuotes {
  /// What is added to realized volatility: five points.
  static let premium = 0.05
  static let windowDays = 30
  /// A new expiry is listed when the one before ends.
  static let cycleDays = 28
  static let strikeRatios = [1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.7]
  static let label = "SYNTHETIC option quotes"
}

func coveredCalls(_ data: MarketData) throws -> Setup {
  let history = try DailyMarket(data, [coin]).history
  let universe = try Universe([cash, coin])
  let (markets, listings) = try syntheticMarkets(history)

  var strategy = Strategy(
    target: EquityShares(FixedTarget(try Weights(universe: universe, values: [0.2, 0.8]))),
    rule: ThresholdRule(try RebalancingThreshold(absolute: 0.05)),
    planner: try exchangePlanner(universe, paying: cash), catalog: try Catalog(listings))
  var writing = CoveredWritingRule.Settings()
  writing.coverShare = 0.75
  writing.shortestLife = 14.0 / 365
  strategy.hedges = [
    try CoveredWritingRule(
      underlying: coin, .call, aim: .delta(0.25), lot: Amount("0.1", decimals: 1),
      settings: writing)
  ]
  strategy.limits = [try LargestWeight(0.9), try LargestLeverage(2)]
  strategy.breakers["volatility"] = try .breaker(
    .volatility, .above, trip: 0.9, resume: 0.75, calmMinutes: 5 * minutesPerDay, .reduceOnly)
  strategy.breakers["margin"] = try .breaker(
    .margin, .below, trip: 2, resume: 3, calmMinutes: minutesPerDay, .contingency)
  strategy.contingencies["margin"] = .withdraw(protocolName: "options venue")

  return Setup(
    title: "Covered calls on bitcoin, \(SyntheticQuotes.label)",
    summary: "Bitcoin held, calls of at most 0.25 delta sold against three quarters of it; "
      + "real prices of bitcoin, \(SyntheticQuotes.label).",
    assumptions: [
      "\(SyntheticQuotes.label): Black-Scholes at the volatility realized over \(SyntheticQuotes.windowDays) days plus "
        + "\(number(SyntheticQuotes.premium * 100, 0)) points, no smile, zero rate. No market made these prices; how much "
        + "premium a market pays decides the result.",
      "Every \(SyntheticQuotes.cycleDays) days a new expiry is listed with strikes from 100 to 170 % of the price of that day.",
      "80 % of equity in bitcoin, brought back when 5 % off. What calls owe stays in cash; a call that is no longer "
        + "covered is bought back.",
      "Selling a call costs 3 % of its premium; fee 0.1 % and half a spread of 0.05 % in bitcoin.",
      "Above a volatility of 90 % of what is held nothing is bought and no call is sold; below a margin ratio of 2 all calls are bought back.",
    ],
    credits: try data.credits(.prices), strategy: strategy,
    account: try cashAccount(1_000_000, universe, paying: cash), markets: markets,
    annualization: .dailyContinuous)
}

/// Snapshots from the day on which volatility is known, with quotes for the options that are listed then.
private func syntheticMarkets(
  _ history: PriceHistory
) throws -> (markets: [MarketSnapshot], listings: [Listing]) {
  let days = Array(try MarketSequence(history, cash: cash))
  let first = SyntheticQuotes.windowDays
  guard days.count > first + SyntheticQuotes.cycleDays else {
    throw Failure(
      "covered calls need more than \(first + SyntheticQuotes.cycleDays) days of prices")
  }
  var listings: [Listing] = []
  var live: [AssetID] = []
  let markets = try days.indices.dropFirst(first).map { day in
    var market = days[day]
    if (day - first) % SyntheticQuotes.cycleDays == 0 {
      let new = try options(listedIn: market)
      listings += new
      live = new.map(\.id)
    }
    let volatility = realizedVolatility(days[(day - first)...day].map { $0.price(of: coin) })
    for id in live {
      market.quotes[id] = .option(volatility: volatility + SyntheticQuotes.premium, carryYield: 0)
    }
    return market
  }
  return (markets, listings)
}

/// The calls of one expiry, around the price of the day on which they are listed.
private func options(listedIn market: MarketSnapshot) throws -> [Listing] {
  let expiry = try market.time.advanced(byDays: SyntheticQuotes.cycleDays)
  return try SyntheticQuotes.strikeRatios.map { ratio in
    let strike = (ratio * market.price(of: coin) / 100).rounded() * 100
    return try Listing(
      AssetID("\(coin)-\(expiry.description.prefix(10))-\(Int(strike))-C"),
      .option(
        ListedOption(.call, strike: strike, expiry: expiry, underlying: coin, settings: .init())),
      protocolName: "options venue", costFraction: 0.03, gas: 0)
  }
}

/// The annualized volatility of daily closes, without a mean.
private func realizedVolatility(_ prices: [Double]) -> Double {
  let squares = zip(prices.dropFirst(), prices).map { now, before in
    let change = now / before - 1
    return change * change
  }
  return
    (squares.reduce(0, +) / Double(squares.count) * Annualization.dailyContinuous.periodsPerYear)
    .squareRoot()
}

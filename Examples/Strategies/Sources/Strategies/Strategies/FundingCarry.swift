import Keel

// The basis trade: long coins, short as many in perpetuals, so that funding is earned without delta. In while funding has
// paid well over two weeks, out when it has not: the variance of funding is the risk of the trade.

private let cash: AssetID = "USD"
private let coins: [AssetID] = ["BTC", "ETH"]

private func perpetual(on coin: AssetID) -> AssetID { AssetID("\(coin)-PERP") }

func fundingCarry(_ data: MarketData) throws -> Setup {
  let market = try DailyMarket(data, funded: coins)
  let universe = try Universe([cash] + market.history.universe.assets)
  let listings = try coins.map { coin in
    try Listing(
      perpetual(on: coin),
      .perpetual(.linear(coinPerContract: 0.001), underlying: coin, margin: .flat(0.01)),
      protocolName: "exchange", costFraction: 0.0005, gas: 0)
  }

  var strategy = Strategy(
    target: EquityShares(FundedCoins(coins: coins, share: 0.4, days: 14, enter: 0.06, leave: 0.01)),
    rule: ThresholdRule(try RebalancingThreshold(absolute: 0.06)),
    planner: try exchangePlanner(universe, paying: cash), catalog: try Catalog(listings))
  strategy.hedges = try coins.map { coin in
    try DeltaHedgeRule(
      underlying: coin, band: HedgeBand(lower: -0.02, target: 0, upper: 0.02),
      lots: [perpetual(on: coin): Amount("1", decimals: 0)], horizonYears: 7.0 / 365)
  }
  strategy.limits = [try LargestLeverage(2)]
  strategy.breakers["drawdown"] = try .breaker(
    .drawdown, .above, trip: 0.02, resume: 0.02, calmMinutes: 30 * minutesPerDay, .reduceOnly)
  strategy.breakers["margin"] = try .breaker(
    .margin, .below, trip: 20, resume: 30, calmMinutes: minutesPerDay, .contingency)
  strategy.contingencies["margin"] = .deRisk(cashFraction: 0.6)

  var markets = try market.snapshots(cash: cash)
  for day in markets.indices {
    for coin in coins {
      let paid = market.funding(of: coin, on: markets[day].time)
      markets[day].quotes[perpetual(on: coin)] = .contract(
        price: markets[day].price(of: coin),
        funding: FundingRate(
          fraction: paid / 3, interval: .eightHours, whenPositive: .longPaysShort))
      markets[day].series[FundedCoins.series, default: [:]][coin] = paid * 365
    }
  }

  return Setup(
    title: "Basis trade without delta",
    summary: "Long bitcoin and ether, short their perpetuals, while funding pays.",
    assumptions: [
      "40 % of equity in each coin, as much sold in its perpetual; delta is kept within 0.02 coins.",
      "In when funding has paid more than 6 % a year over 14 days, out below 1 %.",
      "Funding is what Binance paid, every 8 hours, added up by day. The perpetuals are marked at the spot price: their "
        + "premium is left out, and with it much of the risk, so that the Sharpe ratio flatters.",
      "One account for both legs, so that the coins are margin for the perpetuals: maintenance 1 % of notional.",
      "Fee 0.1 % and half a spread of 0.05 % in spot, 0.05 % together in perpetuals.",
      "Leverage is at most 2. At a drawdown of 2 % orders only reduce; below a margin ratio of 20 coins are sold.",
    ],
    credits: try data.credits(.prices, .funding), strategy: strategy,
    account: try cashAccount(1_000_000, universe, paying: cash), markets: markets,
    annualization: .dailyContinuous)
}

/// A target of this example's own: a share in each coin whose funding has paid, nothing in the others.
struct FundedCoins: TargetPolicy, Hashable, Codable {
  /// The series of simple funding per year, by coin.
  static let series = "funding"

  let coins: [AssetID]
  let share: Double
  let days: Int
  /// The mean funding a year above which a coin is bought, and below which it is sold.
  let enter: Double
  let leave: Double

  var rowsNeeded: Int { days }

  func target(_ view: DecisionView) throws(EngineError) -> Target {
    let universe = view.prices.universe
    let known = view.memory.view()?.series[Self.series]?.observations.suffix(days) ?? []
    var values = [Double](repeating: 0, count: universe.count)
    for coin in coins where known.count == days {
      guard let place = universe.position(of: coin) else { throw .unknownAsset(coin) }
      let mean = known.reduce(0) { $0 + ($1.values[coin] ?? 0) } / Double(days)
      let isHeld = view.weights.values[place] > share / 2
      if mean > (isHeld ? leave : enter) { values[place] = share }
    }
    do throws(DataError) {
      return Target(
        weights: try Weights(universe: universe, values: values),
        reasons: known.count == days ? [] : [.waiting(Self.series)])
    } catch {
      throw .noTarget(reason: error.description)
    }
  }
}

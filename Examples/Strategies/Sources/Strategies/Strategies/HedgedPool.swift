import Keel

// Hedged liquidity provision: a position in a concentrated pool, ether borrowed against a deposit of dollars to carry half
// of its delta, a perpetual for the rest, minute by minute. Expensive gas halts everything; when the pool's depth
// evaporates the liquidity is taken out and the delta closed; a weak loan is repaid. What a breaker took out goes back in
// when it lets go.

private let cash: AssetID = "USDC"
private let coin: AssetID = "WETH"
private let (pool, deposit, loan, perpetual): (AssetID, AssetID, AssetID, AssetID) = (
  "POOL", "DEPOSIT", "LOAN", "ETH-PERP"
)

/// What the position is made of.
private enum Sizes {
  static let start = 100_000.0
  static let pool = 50_000.0
  static let deposit = 40_000.0
  /// The ether that is borrowed.
  static let loan = 8.0
  static let range = 1500.0...2050.0
  /// Gas of one transaction, in dollars: 300 000 units at 50 gwei with the chain's coin at 0.6 dollars.
  static let gas = 0.009
  /// The move of the price that depth is measured over.
  static let depthMove = 0.01
}

func hedgedPool(_ data: MarketData) throws -> Setup {
  let minutes = try PoolMinutes(data).minutes
  let universe = try Universe([cash, coin])
  let first = minutes[0]
  let unit = try PoolPosition(
    liquidity: 1, lowerPrice: Sizes.range.lowerBound, upperPrice: Sizes.range.upperBound)

  var strategy = Strategy(
    target: FixedTarget(try Weights(universe: universe, values: [1, 0])),
    rule: ThresholdRule(try RebalancingThreshold(absolute: 0.05)),
    planner: try exchangePlanner(universe, paying: cash), catalog: try catalog())
  func units(_ value: Double) throws -> Amount {
    try Amount(value, decimals: 8, rounding: .towardZero)
  }
  strategy.hedges = [
    try PositionTargetRule(deposit, quantity: units(Sizes.deposit / first.deposit.index)),
    try PositionTargetRule(loan, quantity: units(Sizes.loan / first.loan.index)),
    try PositionTargetRule(pool, quantity: units(Sizes.pool / unit.value(at: first.price))),
    try DeltaHedgeRule(
      underlying: coin, band: HedgeBand(lower: -0.25, target: 0, upper: 0.25),
      lots: [perpetual: Amount("1", decimals: 0)], horizonYears: 1.0 / 365),
  ]
  strategy.limits = [try LargestLeverage(3)]
  try addGuards(&strategy)

  return Setup(
    title: "Hedged liquidity provision",
    summary: "A pool position, ether borrowed and a perpetual against its delta, by the minute.",
    assumptions: [
      "50 000 dollars in the USDC/WETH pool of 0.05 % between 1500 and 2050; 40 000 lent, 8 ether borrowed against them; the "
        + "rest is cash. Delta is kept within a quarter of an ether by a perpetual.",
      "Prices, volume and liquidity are those of the pool by the minute; a position in range earns its share of the fees of "
        + "the minute. Its own liquidity is not added to the pool's.",
      "Interest is that of Aave v3 on Polygon. The perpetual is marked at the pool's price and pays the last funding of "
        + "Binance.",
      "Every transaction costs \(number(Sizes.gas, 3)) dollars of gas; the pool costs 0.05 % to go in and out, the perpetual "
        + "0.05 %.",
      "Gas above 200 gwei halts until it is 150. Depth of less than 115 000 dollars for 1 % takes the liquidity out until it is "
        + "130 000 for ten minutes. Below a health factor of 1.8 the loan is repaid to 2.",
    ],
    credits: try data.credits(.pool, .lending, .gas, .funding), strategy: strategy,
    account: try cashAccount(Sizes.start, universe, paying: cash),
    markets: minutes.map { snapshot($0, universe) },
    annualization: try Annualization(periodsPerYear: 365 * Double(minutesPerDay)))
}

private func catalog() throws -> Catalog {
  try Catalog([
    Listing(
      pool,
      .pool(
        asset: coin, lowerPrice: Sizes.range.lowerBound, upperPrice: Sizes.range.upperBound,
        feeFraction: 0.0005),
      protocolName: "uniswap", costFraction: 0.0005, gas: Sizes.gas),
    Listing(
      deposit, .deposit(asset: cash, liquidationThreshold: 0.85), protocolName: "aave",
      costFraction: 0, gas: Sizes.gas),
    Listing(loan, .loan(asset: coin), protocolName: "aave", costFraction: 0.0005, gas: Sizes.gas),
    Listing(
      perpetual, .perpetual(.linear(coinPerContract: 0.01), underlying: coin, margin: .flat(0.02)),
      protocolName: "exchange", costFraction: 0.0005, gas: 0),
  ])
}

/// Two breakers read the depth: one takes the liquidity out, the other closes the delta that this leaves.
private func addGuards(_ strategy: inout Strategy) throws {
  strategy.breakers["gas"] = try .breaker(
    .gas, .above, trip: 200, resume: 150, calmMinutes: 5, .halt)
  for name in ["depth", "depth hedge"] {
    strategy.breakers[name] = try .breaker(
      .depth, .below, trip: 115_000, resume: 130_000, calmMinutes: 10, .contingency)
  }
  strategy.contingencies["depth"] = .withdraw(protocolName: "uniswap")
  strategy.contingencies["depth hedge"] = .hedge(underlying: coin, with: perpetual)
  strategy.breakers["health"] = try .breaker(
    .healthFactor, .below, trip: 1.8, resume: 1.9, calmMinutes: 60, .contingency)
  strategy.contingencies["health"] = .repay(healthFactor: 2)
}

private func snapshot(_ minute: PoolMinutes.Minute, _ universe: Universe) -> MarketSnapshot {
  var market = MarketSnapshot(time: minute.time, universe: universe, prices: [1, minute.price])
  let perYear = 365 * Double(minutesPerDay)
  market.quotes = [
    pool: .pool(volumePerYear: minute.volume * perYear, activeLiquidity: minute.liquidity),
    deposit: .lending(index: minute.deposit.index, ratePerYear: minute.deposit.rate),
    loan: .lending(index: minute.loan.index, ratePerYear: minute.loan.rate),
    perpetual: .contract(
      price: minute.price,
      funding: FundingRate(
        fraction: minute.funding, interval: .eightHours, whenPositive: .longPaysShort)),
  ]
  // The cash that moves the price of a full line up by 1 %: L (√(1.01 P) − √P).
  let depth =
    minute.liquidity * minute.price.squareRoot() * ((1 + Sizes.depthMove).squareRoot() - 1)
  market.readings = ["gas": minute.gas, "depth": depth, "depth hedge": depth]
  return market
}

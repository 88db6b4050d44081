import Keel

let riskCases: [Case] = [
  stressCase, revaluationCase, distanceCase, reverseCase, failuresCase, historicalCase,
]

private let scenarioCount = 10

/// Fifty assets and options on them.
func optionBook(optionCount: Int = 200) throws -> (
  market: MarketSnapshot, account: Account, catalog: Catalog
) {
  let start = Timestamp(nanosecondsSinceEpoch: 1_700_000_000_000_000_000)
  let assets: [AssetID] = ["USD"] + (0..<50).map { AssetID("A\($0)") }
  let prices = [1] + Inputs.uniforms(count: 50, 10...500, stream: 50)
  var market = MarketSnapshot(
    time: start, universe: try Universe(assets), prices: prices, rate: 0.03)
  var listings: [Listing] = []
  var positions: [Account.Position] = []
  for i in 0..<optionCount {
    let id = AssetID("O\(i)")
    let option = try ListedOption(
      i % 2 == 0 ? .call : .put, strike: prices[1 + i % 50] * (0.7 + Double(i % 13) * 0.05),
      expiry: start.advanced(byDays: 7 + i % 90), underlying: assets[1 + i % 50],
      settings: .init())
    listings.append(
      try Listing(id, .option(option), protocolName: "venue", costFraction: 0.003, gas: 0))
    market.quotes[id] = .option(volatility: 0.6, carryYield: 0.01)
    positions.append(
      .init(
        id,
        quantity: try Amount(Double(i % 7) - 3.5, decimals: 4, rounding: .toNearestOrEven)))
  }
  let holdings = try Holdings(
    universe: market.universe,
    amounts: assets.map { _ in try Amount(100, decimals: 8, rounding: .toNearestOrEven) })
  return (
    market, try Account(cash: "USD", holdings: holdings, positions: positions),
    try Catalog(listings)
  )
}

private func stressTest(optionCount: Int = 200) throws -> StressTest {
  let (market, account, catalog) = try optionBook(optionCount: optionCount)
  return try StressTest(account: account, market: market, catalog: catalog)
}

private let stressCase = Case(
  name: "risk/stress/50-assets-200-options", items: scenarioCount
) {
  let test = try stressTest()
  let scenarios = (0..<scenarioCount).map { i in
    var scenario = Scenario("\(i)")
    scenario.otherSpotMove = -0.09 * Double(i)
    scenario.volatilityShift = 0.2
    scenario.commonMoveFraction = 0.5
    return scenario
  }
  return .init(run: {
    let report = try test.report(of: scenarios)
    guard report.worst.loss.isFinite else { throw BenchmarkError("a loss is not finite") }
  })
}

/// A thousand falls of all assets, volatilities rising.
private func falls() -> [Scenario] {
  (0..<1000).map { i in
    var scenario = Scenario("\(i)")
    scenario.otherSpotMove = -0.0009 * Double(i)
    scenario.volatilityShift = 0.1 * Double(i % 7)
    return scenario
  }
}

/// The prices alone of the same options in the same scenarios, by one call of the batch kernels for each.
let batchPricesFloor = Case(
  name: "risk/batch-prices/1000-options-1000-scenarios", items: 1_000_000
) {
  let (market, account, catalog) = try optionBook(optionCount: 1000)
  var options = OptionColumns(
    kinds: [], spots: [], strikes: [], timesToExpiry: [], rates: [0.03], carryYields: [0.01])
  for position in account.positions {
    guard let listing = catalog[position.id], case .option(let option) = listing.instrument else {
      continue
    }
    options.kinds.append(option.kind)
    options.spots.append(market.price(of: option.underlying))
    options.strikes.append(option.strike)
    options.timesToExpiry.append(option.expiry.years(since: market.time))
  }
  let count = options.kinds.count
  let shocked = falls().map { scenario in
    var columns = options
    columns.spots = options.spots.map { $0 * (1 + scenario.otherSpotMove) }
    return (columns, [Double](repeating: 0.6 + scenario.volatilityShift, count: count))
  }
  var prices = [Double](repeating: 0, count: count)
  return .init(run: {
    var output = prices.mutableSpan
    for (columns, volatilities) in shocked {
      try columns.prices(volatilities: volatilities.span, into: &output)
    }
    guard output[0].isFinite else { throw BenchmarkError("a price is not finite") }
  })
}

private let revaluationCase = Case(
  name: "risk/revaluation/1000-options-1000-scenarios", items: 1_000_000,
  floors: ["risk/batch-prices/1000-options-1000-scenarios"]
) {
  let test = try stressTest(optionCount: 1000)
  let scenarios = falls()
  return .init(run: {
    let losses = try test.losses(in: scenarios)
    guard losses.allSatisfy(\.isFinite) else { throw BenchmarkError("a loss is not finite") }
  })
}

private let reverseCase = Case(name: "risk/reverse-stress/50-assets-200-options") {
  let test = try stressTest()
  let assets = (0..<50).map { AssetID("A\($0)") }
  var matrix = try SymmetricMatrix(order: 50)
  for i in 0..<50 {
    for j in 0...i { matrix[i, j] = (i == j ? 1 : 0.6) * 0.0016 }
  }
  let covariance = try Covariance(universe: Universe(assets), dense: matrix)
  let loss = 0.2 * test.equity
  return .init(run: {
    let found = try test.reverse(loss: loss, covariance: covariance, unit: .logarithm)
    guard found.isStationary else { throw BenchmarkError("the search did not end") }
  })
}

private let distanceCase = Case(name: "risk/liquidation-distance/50-assets-200-options") {
  let test = try stressTest()
  return .init(run: {
    let found = try test.liquidationDistance(of: .everything(pegged: []), direction: .rise)
    guard found.evaluationCount > 1 else { throw BenchmarkError("no search") }
  })
}

/// Sixteen protocols in a chain: 2^16 sets.
private let failuresCase = Case(name: "risk/protocol-failures/16") {
  let names = (0..<16).map { "P\($0)" }
  let failures = try ProtocolFailures(
    names.map {
      ProtocolHazard($0, hazardPerYear: 0.02, lossGivenFailure: 0.5, exposure: 100)
    },
    dependencies: (0..<15).map {
      FailureDependency(names[$0], takes: names[$0 + 1], probability: 0.2)
    })
  return .init(run: {
    let losses = try failures.distribution(within: 1)
    guard losses.expectedLoss > 0 else { throw BenchmarkError("no loss") }
  })
}

/// The value at risk of a portfolio over its history, from returns and weights.
private let historicalCase = Case(
  name: "risk/historical-value-at-risk/2500x500", floors: ["blas/dgemv-selection/2500x500"]
) {
  let (rows, columns) = (2500, 500)
  let universe = try Universe((0..<columns).map { AssetID("A\($0)") })
  let scenarios = try ScenarioSet(
    universe: universe,
    outcomes: Matrix(
      rowCount: rows, columnCount: columns,
      columnMajor: Inputs.returns(rows: rows, columns: columns)))
  let weights = try Weights(
    universe: universe, values: [Double](repeating: 1 / Double(columns), count: columns))
  return .init(run: {
    let law = try EmpiricalDistribution(weights: weights, scenarios: scenarios)
    guard law.valueAtRisk(confidence: 0.99).isFinite else {
      throw BenchmarkError("a loss is not finite")
    }
  })
}

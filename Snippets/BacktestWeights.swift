// What target weights would have earned after costs, and what a sale would cost in tax.

import Keel

let universe = try Universe(["BTC", "ETH"])
let random = RandomStream(seed: 7, stream: 0)
let rowCount = 730
let returns = try SimpleReturns(
  universe: universe,
  timestamps: (0..<rowCount).map { try Timestamp(nanosecondsSinceEpoch: 0).advanced(byDays: $0) },
  values: Matrix(
    rows: (0..<rowCount).map { row in
      [0.03, 0.04].enumerated().map { column, volatility in
        0.001 + volatility * random.normal(at: UInt64(2 * row + column))
      }
    }))
let target = try Weights(universe: universe, values: [0.5, 0.3])

// Every point of a grid on all processors; the results stand in the order of the grid.
let grid = try ParameterGrid([("rows", [1, 7, 30]), ("cost", [0.001, 0.003])])
let results = try ParameterSweep(grid: grid).run {
  point throws(BacktestingError) -> PerformanceStatistics in
  let settings = try SimulationSettings(
    schedule: .everyRows(Int(point["rows"] ?? 1)), costFraction: point["cost"] ?? 0)
  return try WeightSimulation.run(returns: returns, target: target, settings: settings)
    .statistics(annualization: .dailyContinuous, ratePerPeriod: 0)
}
for (index, performance) in results.enumerated() {
  print(
    "\(grid[index].values): \(performance.annualizedReturn) a year, "
      + "Sharpe ratio \(performance.sharpeRatio), costs \(performance.costPerYear), "
      + "warnings \(performance.warnings)")
}

// The tax of a sale before it is made, lot by lot.
var lots = try TaxLots(asset: "BTC", decimals: 8, cashDecimals: 2)
let start = Timestamp(nanosecondsSinceEpoch: 0)
let noFee = try Amount("0", decimals: 2)
try lots.acquire(
  quantity: Amount("0.5", decimals: 8), value: Amount("10000", decimals: 2), fee: noFee, at: start)
try lots.acquire(
  quantity: Amount("0.5", decimals: 8), value: Amount("30000", decimals: 2), fee: noFee,
  at: start.advanced(byDays: 300))
let rates = try TaxRates(shortTerm: 0.3, longTerm: 0.15, holdingDays: 365, creditsLosses: false)
for method in DisposalMethod.allCases {
  let tax = try lots.taxCost(
    ofSelling: Amount("0.5", decimals: 8), at: 50_000, on: start.advanced(byDays: 400),
    method: method, rates: rates)
  print("\(method.rawValue): a tax of \(tax)")
}

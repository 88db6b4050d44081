import Keel

let backtestingCases: [Case] = [
  fixedWeights(rows: 2520, columns: 20, .everyRows(1), "fixed-weight", peers: ["vectorbt_orders"]),
  fixedWeights(rows: 2520, columns: 20, .never, "buy-and-hold"),
  performance(count: 100_000),
]

/// Equal weights at ten basis points, invested before the first row.
private func fixedWeights(
  rows: Int,
  columns: Int,
  _ schedule: RebalancingSchedule,
  _ name: String,
  peers: [String] = []
) -> Case {
  let cost = 0.001
  let returns = { Inputs.marketReturns(rows: rows, columns: columns) }
  return Case(
    name: "backtest/\(name)/\(rows)x\(columns)",
    items: rows,
    floors: peers.isEmpty ? [] : ["memory/fixed-weights/\(rows)x\(columns)"],
    peers: peers,
    inputs: {
      [("returns", [rows, columns], returns()), ("cost", [1], [cost])]
    }
  ) {
    let universe = try Universe((0..<columns).map { AssetID("A\($0)") })
    let history = try SimpleReturns(
      universe: universe,
      timestamps: (0..<rows).map { Timestamp(nanosecondsSinceEpoch: Int64($0)) },
      values: Matrix(rowCount: rows, columnCount: columns, columnMajor: returns()))
    let target = try Weights(
      universe: universe, values: [Double](repeating: 1 / Double(columns), count: columns))
    let settings = try SimulationSettings(schedule: schedule, costFraction: cost)
    var result: SimulationResult?
    return .init(
      run: {
        result = try WeightSimulation.run(returns: history, target: target, settings: settings)
      }, answer: { result?.values ?? [] })
  }
}

/// All figures of a long series.
private func performance(count: Int) -> Case {
  Case(name: "backtest/performance/\(count)", items: count) {
    let returns = Inputs.normals(count: count, stream: 40).map { 0.0003 + 0.01 * $0 }
    var statistics: PerformanceStatistics?
    return .init(
      run: {
        statistics = try PerformanceStatistics(
          returns: returns, annualization: .dailyContinuous, ratePerPeriod: 0)
      }, answer: { statistics.map { [$0.totalReturn, $0.sharpeRatio] } ?? [] })
  }
}

import Keel

let engineCases: [Case] = [planCase(assetCount: 10), planCase(assetCount: 100)]

/// A plan from drifted holdings back to equal weights, with fee, slippage and gas.
private func planCase(assetCount n: Int) -> Case {
  Case(name: "engine/plan/\(n)") {
    let assets = (0..<n).map { AssetID("A\($0)") } + ["USD"]
    let universe = try Universe(assets)
    let values = Inputs.uniforms(count: n, 50_000...150_000, stream: 30) + [50_000]
    let unitPrices = Inputs.uniforms(count: n, 0.5...500, stream: 31) + [1]
    let prices = try Prices(universe: universe, values: unitPrices)
    let holdings = try Holdings(
      universe: universe,
      amounts: try zip(values, unitPrices).map {
        try Amount($0 / $1, decimals: 8, rounding: .towardZero)
      })
    let target = try Weights(
      universe: universe,
      values: [Double](repeating: 0.98 / Double(n), count: n) + [0.02])
    let planner = try RebalancingPlanner(
      cash: "USD",
      costs: RebalancingCosts(
        feeFraction: 0.001, slippageFraction: 0.0005, gasPerTrade: Amount("2.5", decimals: 8)))
    return .init(run: {
      let plan = try planner.plan(holdings: holdings, prices: prices, target: target)
      guard !plan.trades.isEmpty else { throw BenchmarkError("no trade") }
    })
  }
}

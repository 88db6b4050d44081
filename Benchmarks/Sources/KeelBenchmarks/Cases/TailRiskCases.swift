import Keel

let tailRiskCases: [Case] = [
  expectedShortfallCase(scenarioCount: 2500, assetCount: 200, peers: ["highs_expected_shortfall"]),
  expectedShortfallCase(scenarioCount: 10_000, assetCount: 500, peers: []),
]

/// Least expected shortfall at 95 % of long-only, fully invested portfolios, from returns to weights.
private func expectedShortfallCase(
  scenarioCount s: Int,
  assetCount n: Int,
  peers: [String]
) -> Case {
  Case(
    name: "allocation/expected-shortfall/\(s)x\(n)",
    floors: ["blas/dsyrk/\(s)x\(n)"],
    peers: peers,
    inputs: { [("x", [s, n], Inputs.returns(rows: s, columns: n))] }
  ) {
    let scenarios = try ScenarioSet(
      universe: Universe((0..<n).map { AssetID("A\($0)") }),
      outcomes: Matrix(
        rowCount: s, columnCount: n, columnMajor: Inputs.returns(rows: s, columns: n)))
    var weights: [Double] = []
    return .init(
      run: {
        let solution = try MinimumExpectedShortfall(confidence: 0.95).weights(scenarios: scenarios)
        weights = solution.value.weights.values
      },
      answer: { weights })
  }
}

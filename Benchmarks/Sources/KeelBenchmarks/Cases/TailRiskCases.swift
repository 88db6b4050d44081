import Keel

let tailRiskCases: [Case] = [
  expectedShortfallCase(scenarioCount: 2500, assetCount: 200, peers: ["highs_expected_shortfall"]),
  expectedShortfallCase(scenarioCount: 10_000, assetCount: 500, peers: []),
]

/// Programs of the peers of more scenarios take long.
let sampleRiskCases: [Case] =
  sampleRiskCases(scenarioCount: 1000, assetCount: 100, havePeers: true)
  + sampleRiskCases(scenarioCount: 2500, assetCount: 200, havePeers: false)

private func sampleRiskCases(
  scenarioCount s: Int,
  assetCount n: Int,
  havePeers: Bool
) -> [Case] {
  let kinds: [(name: String, measure: SampleRiskMeasure, peers: [String])] = [
    (
      "entropic-value-at-risk", .entropicValueAtRisk(confidence: 0.95),
      ["clarabel_entropic_value_at_risk", "skfolio_entropic_value_at_risk"]
    ),
    (
      "conditional-drawdown", .conditionalDrawdown(confidence: 0.95),
      ["clarabel_conditional_drawdown", "skfolio_conditional_drawdown"]
    ),
    (
      "mean-absolute-deviation", .meanAbsoluteDeviation,
      ["clarabel_mean_absolute_deviation", "skfolio_mean_absolute_deviation"]
    ),
    ("gini", .giniMeanDifference, ["skfolio_gini"]),
  ]
  return kinds.map { kind in
    minimumRiskCase(
      kind.name, kind.measure, scenarioCount: s, assetCount: n,
      peers: havePeers ? kind.peers : [])
  }
}

/// The least risk of long-only, fully invested portfolios, from returns to proved weights.
private func minimumRiskCase(
  _ name: String,
  _ measure: SampleRiskMeasure,
  scenarioCount s: Int,
  assetCount n: Int,
  peers: [String]
) -> Case {
  Case(
    name: "allocation/\(name)/\(s)x\(n)",
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
        weights = try MinimumRisk(measure).weights(scenarios: scenarios).weights.values
      },
      answer: { weights })
  }
}

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

import Keel

let riskBudgetingCases: [Case] = [100, 500, 1000, 2000].map { equalRiskCase(assetCount: $0) }

private func equalRiskCase(assetCount n: Int) -> Case {
  Case(
    name: "risk-budgeting/equal-risk/\(n)",
    peers: ["riskparityportfolio_equal_risk"],
    inputs: {
      let (_, covariance) = try estimates(assetCount: n)
      return [("covariance", [n, n], covariance.matrix.matrix.columnMajorElements)]
    }
  ) {
    let (_, covariance) = try estimates(assetCount: n)
    var weights: [Double] = []
    return .init(
      run: { weights = try RiskBudgeting().weights(covariance: covariance).value.weights.values },
      answer: { weights })
  }
}

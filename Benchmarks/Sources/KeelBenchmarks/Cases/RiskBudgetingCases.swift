import Keel

let riskBudgetingCases: [Case] =
  [100, 500, 1000, 2000].map { equalRiskCase(assetCount: $0) }
  + [constrainedCase(assetCount: 50)]

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

/// Equal risk with weights of at most 2.5 % and five groups of at most 21 %.
private func constrainedCase(assetCount n: Int) -> Case {
  Case(name: "risk-budgeting/constrained/\(n)") {
    let (_, covariance) = try estimates(assetCount: n)
    let groups = (0..<5).map { group in
      let members = stride(from: group, to: n, by: 5).map { AssetID("A\($0)") }
      return LinearConstraint.group("group \(group)", Set(members), total: 0...0.21)
    }
    let choice = ConstrainedRiskBudgeting(
      constraints: PortfolioConstraints(bounds: .uniform(0...0.025), linear: groups))
    return .init(run: { _ = try choice.weights(covariance: covariance) })
  }
}

import Keel

let portfolioCases: [Case] =
  [100, 500].map { minimumVarianceCase(assetCount: $0) }
  + [50, 100].map { maximumSharpeCase(assetCount: $0) }
  + [100, 500].map { utilityGroupsCase(assetCount: $0) }
  + [hierarchicalRiskParityCase(rows: 1000, assetCount: 500), frontierCase(assetCount: 200)]

/// Estimates of n assets from 2 n observations.
func estimates(assetCount n: Int) throws -> (ExpectedReturns, Covariance) {
  let universe = try Universe((0..<n).map { AssetID("A\($0)") })
  let rows = 2 * n
  let returns = try Matrix(
    rowCount: rows, columnCount: n, columnMajor: Inputs.returns(rows: rows, columns: n))
  let estimate = try LedoitWolf().unlabeledCovariance(from: returns)
  let means = try SampleMean().unlabeledExpectedReturns(from: returns)
  return (
    try ExpectedReturns(universe: universe, values: means),
    try Covariance(universe: universe, dense: estimate.matrix)
  )
}

private func minimumVarianceCase(assetCount n: Int) -> Case {
  Case(
    name: "allocation/minimum-variance/\(n)",
    floors: n == 100 || n == 500 ? ["blas/dpotrf/\(n)"] : []
  ) {
    let (_, covariance) = try estimates(assetCount: n)
    return .init(run: { _ = try MinimumVariance().weights(covariance: covariance) })
  }
}

private func maximumSharpeCase(assetCount n: Int) -> Case {
  Case(name: "allocation/maximum-sharpe/\(n)") {
    let (means, covariance) = try estimates(assetCount: n)
    return .init(run: {
      _ = try MaximumSharpe(riskFreeRate: 0).weights(
        expectedReturns: means, covariance: covariance)
    })
  }
}

/// Box, budget and ten groups of assets, each between 5 and 20 %.
private func utilityGroupsCase(assetCount n: Int) -> Case {
  Case(name: "allocation/utility-groups/\(n)") {
    let (means, covariance) = try estimates(assetCount: n)
    let groups = (0..<10).map { group in
      let members = stride(from: group, to: n, by: 10).map { AssetID("A\($0)") }
      return LinearConstraint.group("group \(group)", Set(members), total: 0.05...0.2)
    }
    let constraints = PortfolioConstraints(bounds: .uniform(0...0.1), linear: groups)
    return .init(run: {
      _ = try MaximumUtility(riskAversion: 5, constraints: constraints).weights(
        expectedReturns: means, covariance: covariance)
    })
  }
}

/// From returns to weights: sample covariance, correlation distances, single linkage, bisection.
private func hierarchicalRiskParityCase(rows: Int, assetCount n: Int) -> Case {
  Case(
    name: "hierarchical/hrp/\(rows)x\(n)",
    floors: ["blas/dsyrk/\(rows)x\(n)"],
    peers: ["pypfopt_hrp"],
    inputs: { [("x", [rows, n], Inputs.returns(rows: rows, columns: n))] }
  ) {
    let universe = try Universe((0..<n).map { AssetID("A\($0)") })
    let returns = try Matrix(
      rowCount: rows, columnCount: n, columnMajor: Inputs.returns(rows: rows, columns: n))
    var weights: [Double] = []
    return .init(
      run: {
        let estimate = try SampleCovariance().unlabeledCovariance(from: returns)
        let covariance = try Covariance(universe: universe, dense: estimate.matrix)
        weights = try HierarchicalRiskParity(distance: .direct).weights(covariance: covariance)
          .weights.values
      },
      answer: { weights })
  }
}

/// All corner portfolios and fifty points between them.
private func frontierCase(assetCount n: Int) -> Case {
  Case(name: "allocation/frontier/\(n)") {
    let (means, covariance) = try estimates(assetCount: n)
    return .init(run: {
      let curve = try EfficientFrontier().curve(expectedReturns: means, covariance: covariance)
      guard try curve.sampled(count: 50).count == 50 else {
        throw BenchmarkError("points are missing")
      }
    })
  }
}

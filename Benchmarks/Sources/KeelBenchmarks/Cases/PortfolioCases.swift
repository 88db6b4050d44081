import Keel

let portfolioCases: [Case] =
  [100, 500, 1000, 2000].map { minimumVarianceCase(assetCount: $0) }
  + [50, 100].map { maximumSharpeCase(assetCount: $0) }
  + [100, 500, 1000, 2000].map { utilityGroupsCase(assetCount: $0) }
  + [
    unprovedMinimumVarianceCase(assetCount: 2000),
    factorModelCase(assetCount: 10_000, factorCount: 50),
  ]
  + [warmCase(assetCount: 50)]
  + [
    hierarchicalRiskParityCase(rows: 1000, assetCount: 500),
    hierarchicalEqualRiskCase(rows: 1000, assetCount: 500), frontierCase(assetCount: 200),
  ]
  + [frontierGroupsCase(assetCount: 200)]

/// Estimates of n assets from 2 n observations.
func estimates(assetCount n: Int) throws -> (ExpectedReturns, Covariance) {
  let universe = try Universe((0..<n).map { AssetID("A\($0)") })
  let rows = 2 * n
  let returns = try Matrix(
    rowCount: rows, columnCount: n, columnMajor: Inputs.marketReturns(rows: rows, columns: n))
  let estimate = try SampleCovariance().unlabeledCovariance(from: returns)
  let means = try SampleMean().unlabeledExpectedReturns(from: returns)
  return (
    try ExpectedReturns(universe: universe, values: means),
    try Covariance(universe: universe, dense: estimate.matrix, definiteness: .byConstruction)
  )
}

private func minimumVarianceCase(assetCount n: Int) -> Case {
  Case(
    name: "allocation/minimum-variance/\(n)",
    floors: ["blas/dpotrf/\(n)"],
    peers: ["piqp_minimum_variance"]
      + (n == 100 ? ["daqp_minimum_variance"] : n >= 1000 ? ["highs_minimum_variance"] : []),
    inputs: {
      [("p", [n, n], try Array(estimates(assetCount: n).1.matrix.matrix.columnMajorElements))]
    }
  ) {
    let (_, covariance) = try estimates(assetCount: n)
    var weights: [Double] = []
    return .init(
      run: { weights = try MinimumVariance().weights(covariance: covariance).value.values },
      answer: { weights })
  }
}

/// The same without the promise that the covariance is positive semidefinite.
private func unprovedMinimumVarianceCase(assetCount n: Int) -> Case {
  Case(name: "allocation/minimum-variance-unproved/\(n)") {
    let (_, known) = try estimates(assetCount: n)
    let covariance = try Covariance(universe: known.universe, dense: known.matrix)
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

/// Box, budget and ten groups of assets, most of which bind.
private enum GroupedUtility {
  static let aversion = 5.0
  static let total = 0.095...0.105

  static func cap(_ n: Int) -> Double { 5 / Double(n) }

  static func constraints(_ n: Int) -> PortfolioConstraints {
    let groups = (0..<10).map { group in
      let members = stride(from: group, to: n, by: 10).map { AssetID("A\($0)") }
      return LinearConstraint.group("group \(group)", Set(members), total: total)
    }
    return PortfolioConstraints(bounds: .uniform(0...cap(n)), linear: groups)
  }

  static func numbers(_ n: Int) -> [(name: String, shape: [Int], values: [Double])] {
    [
      ("aversion", [1], [aversion]), ("cap", [1], [cap(n)]), ("low", [1], [total.lowerBound]),
      ("high", [1], [total.upperBound]),
    ]
  }
}

private func utilityGroupsCase(assetCount n: Int) -> Case {
  Case(
    name: "allocation/utility-groups/\(n)",
    peers: ["piqp_utility_groups"],
    inputs: {
      let (means, covariance) = try estimates(assetCount: n)
      return [
        ("p", [n, n], Array(covariance.matrix.matrix.columnMajorElements)),
        ("mean", [n], means.values),
      ] + GroupedUtility.numbers(n)
    }
  ) {
    let (means, covariance) = try estimates(assetCount: n)
    let choice = MaximumUtility(
      riskAversion: GroupedUtility.aversion, constraints: GroupedUtility.constraints(n))
    var weights: [Double] = []
    return .init(
      run: {
        weights = try choice.weights(expectedReturns: means, covariance: covariance).value.values
      },
      answer: { weights })
  }
}

/// The same over a factor model, whose matrix is never formed.
private func factorModelCase(assetCount n: Int, factorCount k: Int) -> Case {
  let loadings = Inputs.normals(count: n * k, stream: 50).map { 0.3 * $0 }
  let variances = Inputs.uniforms(count: k, 1e-4...4e-4, stream: 51)
  let specific = Inputs.uniforms(count: n, 1e-4...8e-4, stream: 52)
  let mean = Inputs.normals(count: n, stream: 53).map { 3e-4 + 5e-4 * $0 }
  let factorCovariance = (0..<(k * k)).map { $0 % (k + 1) == 0 ? variances[$0 / (k + 1)] : 0 }
  return Case(
    name: "allocation/factor-model/\(n)x\(k)",
    floors: ["blas/dsyrk/\(n)x\(k)"],
    peers: ["piqp_factor_model"],
    inputs: {
      [
        ("loadings", [n, k], loadings), ("covariance", [k, k], factorCovariance),
        ("specific", [n], specific), ("mean", [n], mean),
      ] + GroupedUtility.numbers(n)
    }
  ) {
    let universe = try Universe((0..<n).map { AssetID("A\($0)") })
    let covariance = try Covariance(
      universe: universe,
      factor: FactorCovariance(
        loadings: Matrix(rowCount: n, columnCount: k, columnMajor: loadings),
        factorCovariance: SymmetricMatrix(
          Matrix(rowCount: k, columnCount: k, columnMajor: factorCovariance)),
        specificVariances: specific))
    let means = try ExpectedReturns(universe: universe, values: mean)
    let choice = MaximumUtility(
      riskAversion: GroupedUtility.aversion, constraints: GroupedUtility.constraints(n))
    var weights: [Double] = []
    return .init(
      run: {
        weights = try choice.weights(expectedReturns: means, covariance: covariance).value.values
      },
      answer: { weights })
  }
}

/// A hundred windows of 250 days, one week apart, long only with caps, each from the last answer.
private func warmCase(assetCount n: Int) -> Case {
  let windowCount = 100
  let days = 250
  let step = 5
  return Case(name: "qp/warm/\(n)", items: windowCount) {
    let rows = days + step * windowCount
    let returns = Inputs.marketReturns(rows: rows, columns: n)
    let terms = try (0..<windowCount).map { w -> QuadraticTerm in
      let window = (0..<n).flatMap { j in
        (0..<days).map { returns[w * step + $0 + j * rows] }
      }
      let estimate = try SampleCovariance().unlabeledCovariance(
        from: Matrix(rowCount: days, columnCount: n, columnMajor: window))
      return .dense(estimate.matrix)
    }
    let program = try QuadraticProgram(
      quadratic: terms[0], lowerBounds: [Double](repeating: 0, count: n),
      upperBounds: [Double](repeating: 0.1, count: n),
      rows: [
        LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)
      ])
    let workspace = WorkspaceBox(program)
    return .init(run: { try workspace.solveAll(terms) })
  }
}

/// Holds a workspace, which cannot be captured by a closure that may be called twice.
private final class WorkspaceBox {
  private var workspace: QuadraticWorkspace

  init(_ program: QuadraticProgram) { workspace = QuadraticWorkspace(program) }

  func solveAll(_ terms: [QuadraticTerm]) throws {
    for term in terms {
      try workspace.setQuadratic(term, convexity: .guaranteed)
      guard try workspace.solve() == .optimal else { throw BenchmarkError("not optimal") }
    }
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

/// From returns to weights over clusters: Ward's linkage, as many clusters as the dispersion asks for.
private func hierarchicalEqualRiskCase(rows: Int, assetCount n: Int) -> Case {
  Case(
    name: "hierarchical/herc/\(rows)x\(n)",
    floors: ["blas/dsyrk/\(rows)x\(n)"],
    peers: ["skfolio_herc"],
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
        weights = try HierarchicalEqualRisk(.variance, distance: .direct)
          .weights(covariance: covariance).weights.values
      },
      answer: { weights })
  }
}

/// All corner portfolios and fifty points between them.
private func frontierCase(assetCount n: Int) -> Case {
  Case(
    name: "allocation/frontier/\(n)",
    peers: ["piqp_frontier"],
    inputs: {
      let (means, covariance) = try estimates(assetCount: n)
      return [
        ("p", [n, n], Array(covariance.matrix.matrix.columnMajorElements)),
        ("mean", [n], means.values),
      ]
    }
  ) {
    let (means, covariance) = try estimates(assetCount: n)
    var points: [FrontierCurve.Point] = []
    return .init(
      run: {
        let curve = try EfficientFrontier().curve(expectedReturns: means, covariance: covariance)
        points = try curve.sampled(count: 50)
      },
      answer: { points.flatMap(\.weights.values) })
  }
}

/// The same with ten groups and a cap on each weight.
private func frontierGroupsCase(assetCount n: Int) -> Case {
  Case(
    name: "allocation/frontier-groups/\(n)",
    peers: ["piqp_frontier_groups"],
    inputs: {
      let (means, covariance) = try estimates(assetCount: n)
      return [
        ("p", [n, n], Array(covariance.matrix.matrix.columnMajorElements)),
        ("mean", [n], means.values),
      ] + GroupedUtility.numbers(n)
    }
  ) {
    let (means, covariance) = try estimates(assetCount: n)
    let frontier = EfficientFrontier(constraints: GroupedUtility.constraints(n))
    var points: [FrontierCurve.Point] = []
    return .init(
      run: {
        let curve = try frontier.curve(expectedReturns: means, covariance: covariance)
        points = try curve.sampled(count: 50)
      },
      answer: { points.flatMap(\.weights.values) })
  }
}

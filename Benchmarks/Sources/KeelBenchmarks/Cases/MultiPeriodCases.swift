import Keel

/// Plans over ten periods with a spread and impact, from equal weights.
let multiPeriodCases: [Case] = [20, 50].flatMap { n in
  [multiPeriodCase(assetCount: n, stepCount: 10), firstStepCase(assetCount: n)]
}

/// What is bought or sold costs this much, and its square so many times more.
nonisolated private let tradingPrice = 0.0005
nonisolated private let impact = 0.01
nonisolated private let riskAversion = 5.0

/// Forecasts go back to the means by this factor a period.
nonisolated private let fading = 0.7

/// The forecasts of all periods, one column a period, and the covariance.
private func forecasts(
  assetCount n: Int,
  stepCount: Int
) throws -> (means: [[Double]], covariance: Covariance) {
  let (means, covariance) = try estimates(assetCount: n)
  let signal = Inputs.normals(count: n, stream: 61).map { 0.002 * $0 }
  var factor = 1.0
  var result: [[Double]] = []
  for _ in 0..<stepCount {
    result.append(zip(means.values, signal).map { $0 + factor * $1 })
    factor *= fading
  }
  return (result, covariance)
}

private func costs(_ universe: Universe) throws -> TradingCosts {
  let equal = try Weights(
    universe: universe,
    values: [Double](repeating: 1 / Double(universe.count), count: universe.count))
  var costs = TradingCosts(
    from: equal, buying: .uniform(tradingPrice), selling: .uniform(tradingPrice), spreadOver: 1)
  costs.impact = .uniform(impact)
  return costs
}

private func multiPeriodCase(assetCount n: Int, stepCount: Int) -> Case {
  Case(
    name: "allocation/multi-period/\(n)x\(stepCount)",
    floors: ["allocation/multi-period/\(n)x1-alone"], peers: ["clarabel_multi_period"],
    inputs: {
      let (means, covariance) = try forecasts(assetCount: n, stepCount: stepCount)
      return [
        ("covariance", [n, n], Array(covariance.matrix.matrix.columnMajorElements)),
        ("means", [n, stepCount], means.flatMap(\.self)),
      ]
    }
  ) {
    let (means, covariance) = try forecasts(assetCount: n, stepCount: stepCount)
    let universe = covariance.universe
    let choice = MultiPeriodUtility(riskAversion: riskAversion, costs: try costs(universe))
    let steps = try means.map {
      MultiPeriodUtility.Step(
        expectedReturns: try ExpectedReturns(universe: universe, values: $0),
        covariance: covariance)
    }
    var weights: [Double] = []
    return .init(
      run: { weights = try choice.plan(steps).value.weights.flatMap(\.values) },
      answer: { weights })
  }
}

/// One period of the same, as a measure for the plan.
private func firstStepCase(assetCount n: Int) -> Case {
  Case(name: "allocation/multi-period/\(n)x1-alone") {
    let (means, covariance) = try forecasts(assetCount: n, stepCount: 1)
    let universe = covariance.universe
    let choice = MaximumUtility(riskAversion: riskAversion, costs: try costs(universe))
    let returns = try ExpectedReturns(universe: universe, values: means[0])
    return .init(run: {
      _ = try choice.weights(expectedReturns: returns, covariance: covariance)
    })
  }
}

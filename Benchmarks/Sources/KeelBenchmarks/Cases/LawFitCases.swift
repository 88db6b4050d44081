import Keel

let lawFitCases: [Case] = [
  paretoFitCase(count: 250), hyperbolicFitCase(count: 5000), stableDensityCase(count: 1000),
  simulationCase(count: 1_000_000, order: 50),
]

/// Scenarios of all assets, kept, with value at risk and expected shortfall of a portfolio.
private func simulationCase(count: Int, order: Int) -> Case {
  let elements = Inputs.positiveDefinite(order: order).map { $0 * 4e-4 }
  return Case(
    name: "simulation/multivariate-t/\(count)x\(order)", items: count,
    peers: ["numpy_multivariate_t", "jax_multivariate_t"],
    inputs: { [("covariance", [order, order], elements), ("count", [1], [Double(count)])] }
  ) {
    let universe = try Universe((0..<order).map { AssetID("A\($0)") })
    let law = try MultivariateStudentT(
      expectedReturns: ExpectedReturns(
        universe: universe, values: [Double](repeating: 1e-4, count: order)),
      covariance: Covariance(
        universe: universe,
        dense: SymmetricMatrix(
          Matrix(rowCount: order, columnCount: order, columnMajor: elements))),
      degreesOfFreedom: 5)
    let weights = try Weights(
      universe: universe, values: [Double](repeating: 1 / Double(order), count: order))
    var risks: [Double] = []
    return .init(
      run: {
        let scenarios = try law.scenarios(count: count, from: RandomStream(seed: 20_260_101))
        let outcomes = try EmpiricalDistribution(weights: weights, scenarios: scenarios)
        risks = [
          outcomes.valueAtRisk(confidence: 0.99), outcomes.expectedShortfall(confidence: 0.99),
        ]
      },
      answer: { risks })
  }
}

/// The excesses of a year over a threshold.
private func paretoFitCase(count: Int) -> Case {
  func sample() -> [Double] {
    Inputs.uniforms(count: count, 0...1, stream: 61).map {
      (1 / $0.squareRoot().squareRoot() - 1) / 12
    }
  }
  return Case(
    name: "fit/generalized-pareto/\(count)",
    peers: ["scipy_generalized_pareto_fit"],
    inputs: { [("x", [count], sample())] }
  ) {
    let sample = sample()
    var law: GeneralizedPareto?
    return .init(
      run: { law = try GeneralizedPareto.fit(sample, threshold: 0).law },
      answer: { law.map { [$0.shape, $0.scale] } ?? [] })
  }
}

/// Maximum likelihood of four parameters.
private func hyperbolicFitCase(count: Int) -> Case {
  func sample() throws -> [Double] {
    try NormalInverseGaussianLaw(location: 0.001, scale: 0.02, steepness: 60, asymmetry: -5)
      .draws(count: count, from: RandomStream(seed: 20_260_101, stream: 62))
  }
  return Case(
    name: "fit/normal-inverse-gaussian/\(count)",
    peers: ["scipy_normal_inverse_gaussian_fit"],
    inputs: { [("x", [count], try sample())] }
  ) {
    let sample = try sample()
    var law: NormalInverseGaussianLaw?
    return .init(
      run: { law = try NormalInverseGaussianLaw.fit(sample).law },
      answer: {
        law.map { [$0.steepness * $0.scale, $0.asymmetry * $0.scale, $0.location, $0.scale] } ?? []
      })
  }
}

/// The density of one alpha-stable law at many points.
private func stableDensityCase(count: Int) -> Case {
  let points = (0..<count).map { -5 + 10 * Double($0) / Double(count - 1) }
  return Case(
    name: "distribution/alpha-stable/pdf/\(count)", items: count,
    peers: ["scipy_alpha_stable_pdf"],
    inputs: { [("x", [count], points)] }
  ) {
    var densities: [Double] = []
    return .init(
      run: {
        let law = try AlphaStable(
          index: 1.7, skew: -0.2, scale: 1, location: 0, parametrization: .s1)
        densities = law.pdf(points)
      },
      answer: { densities })
  }
}

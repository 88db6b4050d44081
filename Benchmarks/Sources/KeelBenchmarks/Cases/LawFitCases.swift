import Keel

let lawFitCases: [Case] = [paretoFitCase(count: 250), hyperbolicFitCase(count: 5000)]

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
    try NormalInverseGaussian(location: 0.001, scale: 0.02, steepness: 60, asymmetry: -5)
      .draws(count: count, from: RandomStream(seed: 20_260_101, stream: 62))
  }
  return Case(
    name: "fit/normal-inverse-gaussian/\(count)",
    peers: ["scipy_normal_inverse_gaussian_fit"],
    inputs: { [("x", [count], try sample())] }
  ) {
    let sample = try sample()
    var law: NormalInverseGaussian?
    return .init(
      run: { law = try NormalInverseGaussian.fit(sample).law },
      answer: {
        law.map { [$0.steepness * $0.scale, $0.asymmetry * $0.scale, $0.location, $0.scale] } ?? []
      })
  }
}

import Keel

let volatilityCases: [Case] = [garchCase(count: 2500)]

/// GARCH(1,1) with constant mean and Student-t errors by maximum likelihood, with both kinds of
/// standard errors, variances and residuals.
private func garchCase(count: Int) -> Case {
  func sample() -> [Double] {
    let normals = Inputs.normals(count: count, stream: 61)
    let mixture = (62..<68).map { Inputs.normals(count: count, stream: UInt64($0)) }
    var variance = 1.0
    return (0..<count).map { i in
      let chiSquare = mixture.reduce(0) { $0 + $1[i] * $1[i] }
      // Six degrees of freedom, of variance one.
      let error = variance.squareRoot() * normals[i] / (chiSquare / 4).squareRoot()
      variance = 0.02 + 0.08 * error * error + 0.9 * variance
      return 0.05 + error
    }
  }
  return Case(
    name: "volatility/garch-t/\(count)",
    peers: ["arch_garch_t"],
    inputs: { [("x", [count], sample())] }
  ) {
    let sample = sample()
    let model = try GARCH()
    var last: GARCHParameters?
    return .init(
      run: { last = try model.fit(sample).model.parameters },
      answer: {
        last.map {
          [$0.mean, $0.intercept, $0.shocks[0], $0.variances[0], $0.degreesOfFreedom ?? .nan]
        } ?? []
      })
  }
}

import Keel

let infeasibilityCases: [Case] = [
  infeasibleSetCase(assetCount: 30), relaxationCase(assetCount: 30),
  sensitivityCase(assetCount: 100),
]

/// Five groups whose caps sum to 95 % of the budget, among caps of assets and floors of other groups
/// that are not to blame.
private func clashingGroups(assetCount n: Int) throws -> QuadraticProgram {
  var rows: [LinearRow] = []
  for group in 0..<5 {
    let members = Array(stride(from: group, to: n, by: 5))
    rows.append(
      LinearRow(
        "group \(group)", indices: members, coefficients: members.map { _ in 1 }, upper: 0.19))
  }
  rows.append(
    LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1))
  for floor in 0..<4 {
    let members = Array(stride(from: floor, to: n, by: 4))
    rows.append(
      LinearRow(
        "floor \(floor)", indices: members, coefficients: members.map { _ in 1 }, lower: 0.05))
  }
  return try QuadraticProgram(
    quadratic: .diagonal([Double](repeating: 1, count: n)),
    lowerBounds: [Double](repeating: 0, count: n), upperBounds: [Double](repeating: 0.1, count: n),
    rows: rows)
}

/// From the program to the irreducible set with its proofs.
private func infeasibleSetCase(assetCount n: Int) -> Case {
  Case(name: "qp/infeasible-set/\(n)") {
    let program = try clashingGroups(assetCount: n)
    return .init(run: {
      guard let set = program.irreducibleInfeasibleSet(), set.isIrreducibilityProved else {
        throw BenchmarkError("no irreducible set")
      }
    })
  }
}

private func relaxationCase(assetCount n: Int) -> Case {
  Case(name: "qp/cheapest-relaxation/\(n)") {
    let program = try clashingGroups(assetCount: n)
    return .init(run: {
      guard try program.cheapestRelaxation().status == .optimal else {
        throw BenchmarkError("no relaxation")
      }
    })
  }
}

/// The gradient of a function of a solved long-only utility portfolio with respect to the expected
/// returns: factorization and one reverse pass.
private func sensitivityCase(assetCount n: Int) -> Case {
  let covariance = Inputs.positiveDefinite(order: n)
  let linear = Inputs.uniforms(count: n, -0.5...0, stream: 21)
  let gradient = Inputs.uniforms(count: n, -1...1, stream: 22)
  return Case(
    name: "qp/sensitivity/\(n)",
    peers: ["diffcp_reverse"],
    inputs: {
      [("p", [n, n], covariance), ("q", [n], linear), ("g", [n], gradient)]
    }
  ) {
    var matrix = try SymmetricMatrix(order: n)
    for j in 0..<n {
      for i in j..<n { matrix[i, j] = covariance[i + j * n] }
    }
    let program = try QuadraticProgram(
      quadratic: .dense(matrix), linear: linear,
      lowerBounds: [Double](repeating: 0, count: n),
      rows: [
        LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)
      ])
    let solution = try QuadraticSolver().solve(program)
    var answer: [Double] = []
    return .init(
      run: {
        let sensitivity = try program.sensitivity(at: solution)
        guard sensitivity.isDifferentiable else { throw BenchmarkError("not differentiable") }
        answer = try sensitivity.reverse(SolutionGradient(x: gradient)).linear
      },
      answer: { answer })
  }
}

import Keel

let conicCases: [Case] = [
  conicCase("second-order", assetCount: 100) { try volatilityLimit(assetCount: $0) },
  conicCase("exponential", assetCount: 100) { try logarithmicGrowth(assetCount: $0) },
  conicCase("power", assetCount: 100) { try marketImpact(assetCount: $0) },
]

/// One program, solved here and by a peer from the same matrices; the weights are compared.
private func conicCase(
  _ name: String,
  assetCount n: Int,
  _ make: @escaping (Int) throws -> ConicProgram
) -> Case {
  Case(
    name: "conic/\(name)/\(n)", peers: ["clarabel_conic"],
    inputs: { try matrices(of: make(n), answerCount: n) }
  ) {
    let program = try make(n)
    var weights: [Double] = []
    return .init(
      run: {
        let solution = try ConicSolver().solve(program)
        guard solution.status == .optimal else {
          throw BenchmarkError("\(name): \(solution.certificate)")
        }
        weights = Array(solution.value.prefix(n))
      },
      answer: { weights })
  }
}

private func conicEstimates(_ n: Int) throws -> (mean: [Double], covariance: SymmetricMatrix) {
  let rows = 2 * n
  let returns = try Matrix(
    rowCount: rows, columnCount: n, columnMajor: Inputs.returns(rows: rows, columns: n))
  return (
    try SampleMean().unlabeledExpectedReturns(from: returns),
    try LedoitWolf().unlabeledCovariance(from: returns).matrix
  )
}

private func longOnly(_ n: Int) -> [ConicConstraint] {
  [
    ConicConstraint(
      LinearRow(
        "budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)),
    .bounds("long only", lower: [Double](repeating: 0, count: n)),
  ]
}

/// The largest mean return under a limit on volatility.
private func volatilityLimit(assetCount n: Int) throws -> ConicProgram {
  let (mean, covariance) = try conicEstimates(n)
  let root = try Cholesky(covariance).lower
  let vector = (0..<n).map { j in
    AffineExpression(coefficients: (0..<n).map { i in i < j ? 0 : root[i, j] })
  }
  return try ConicProgram(
    linear: mean.map { -$0 },
    constraints: longOnly(n) + [
      .norm("volatility", of: vector, atMost: AffineExpression(constant: 0.011))
    ])
}

/// The largest mean logarithm of growth over as many scenarios as assets.
private func logarithmicGrowth(assetCount n: Int) throws -> ConicProgram {
  let returns = Inputs.returns(rows: n, columns: n)
  let growth = (0..<n).map { t in
    ConicConstraint.logarithm(
      "scenario \(t)",
      of: AffineExpression(
        indices: Array(0..<n), coefficients: (0..<n).map { returns[t + $0 * n] }, constant: 1),
      atLeast: AffineExpression(variable: n + t))
  }
  return try ConicProgram(
    linear: [Double](repeating: 0, count: n) + [Double](repeating: -1 / Double(n), count: n),
    constraints: longOnly(n) + growth)
}

/// Mean and variance with the cost of trades to the power 3/2, from equal weights.
private func marketImpact(assetCount n: Int) throws -> ConicProgram {
  let (mean, covariance) = try conicEstimates(n)
  let aversion = 5.0
  var quadratic = try SymmetricMatrix(order: 2 * n)
  for j in 0..<n { for i in j..<n { quadratic[i, j] = aversion * covariance[i, j] } }
  let impact = (0..<n).map { i in
    ConicConstraint.threeHalvesPower(
      "trade \(i)", of: AffineExpression(variable: i, constant: -1 / Double(n)),
      atMost: AffineExpression(variable: n + i))
  }
  return try ConicProgram(
    quadratic: .dense(quadratic),
    linear: mean.map { -$0 } + [Double](repeating: 0.01, count: n),
    constraints: longOnly(n) + impact)
}

/// P, q, A, b with Ax + s = b, and one code and one number for each cone: 0 zero, 1 non-negative, 2
/// second-order (all with the number of rows), 3 exponential, 4 power (with its exponent).
private func matrices(
  of program: ConicProgram,
  answerCount: Int
) throws -> [(name: String, shape: [Int], values: [Double])] {
  let n = program.variableCount
  var p = [Double](repeating: 0, count: n * n)
  if case .dense(let matrix) = program.quadratic { p = matrix.matrix.columnMajorElements }
  let expressions = program.constraints.flatMap(\.expressions)
  let m = expressions.count
  var a = [Double](repeating: 0, count: m * n)
  for (k, expression) in expressions.enumerated() {
    for (i, f) in zip(expression.indices, expression.coefficients) { a[k + i * m] = -f }
  }
  var cones: [Double] = []
  for block in program.constraints {
    let count = Double(block.expressions.count)
    switch block.cone {
    case .zero: cones += [0, count]
    case .nonnegative: cones += [1, count]
    case .secondOrder: cones += [2, count]
    case .exponential: cones += [3, 0]
    case .power(let exponent): cones += [4, exponent]
    default: throw BenchmarkError("no code for this cone")
    }
  }
  return [
    ("p", [n, n], p), ("q", [n], program.linear), ("a", [m, n], a),
    ("b", [m], expressions.map(\.constant)), ("cones", [cones.count], cones),
    ("answer_count", [1], [Double(answerCount)]),
  ]
}

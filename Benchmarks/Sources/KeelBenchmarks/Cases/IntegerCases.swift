import Keel

let integerCases: [Case] = [
  cardinalityCase(assetCount: 50, nameCount: 10), lotsCase(assetCount: 20),
]

/// Mean and covariance of n assets from 250 days.
private func moments(assetCount n: Int) throws -> (mean: [Double], covariance: SymmetricMatrix) {
  let rows = 250
  let returns = try Matrix(
    rowCount: rows, columnCount: n, columnMajor: Inputs.marketReturns(rows: rows, columns: n))
  return (
    try SampleMean().unlabeledExpectedReturns(from: returns),
    try SampleCovariance().unlabeledCovariance(from: returns).matrix
  )
}

/// Minimum variance, long only, with at most so many names; proved to 1e-6.
private func cardinalityCase(assetCount n: Int, nameCount: Int) -> Case {
  Case(name: "qp/cardinality/\(n)") {
    let covariance = try moments(assetCount: n).covariance
    let problem = try MixedIntegerProgram(
      QuadraticProgram(
        quadratic: .dense(covariance), lowerBounds: [Double](repeating: 0, count: n),
        upperBounds: [Double](repeating: 0.4, count: n),
        rows: [
          LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)
        ], convexity: .guaranteed),
      cardinalities: [
        CardinalityLimit("names", variables: Array(0..<n), atMost: nameCount)
      ])
    return .init(run: { try requireOptimal(problem) })
  }
}

/// Maximum utility in lots of one to two percent with up to two percent of cash; proved to 1e-6.
private func lotsCase(assetCount n: Int) -> Case {
  Case(name: "qp/lots/\(n)") {
    let (mean, covariance) = try moments(assetCount: n)
    let problem = try MixedIntegerProgram(
      QuadraticProgram(
        quadratic: .dense(covariance), linear: mean.map { -0.2 * $0 },
        lowerBounds: [Double](repeating: 0, count: n),
        upperBounds: [Double](repeating: 0.4, count: n),
        rows: [
          LinearRow(
            "budget", coefficients: [Double](repeating: 1, count: n), lower: 0.98, upper: 1)
        ], convexity: .guaranteed),
      lots: (0..<n).map { Lot(variable: $0, size: 0.01 + 0.002 * Double($0 % 6)) })
    return .init(run: { try requireOptimal(problem) })
  }
}

private func requireOptimal(_ problem: MixedIntegerProgram) throws {
  guard try BranchAndBound().solve(problem).status == .optimal else {
    throw BenchmarkError("not optimal")
  }
}

import Keel

/// Covariances of 1000 x 100 and 5000 x 1000 returns.
let covarianceCases: [Case] =
  covarianceCases(rows: 1000, columns: 100) + covarianceCases(rows: 5000, columns: 1000)
  + [streamingCase]

private func covarianceCases(rows: Int, columns: Int) -> [Case] {
  let product = ["blas/dsyrk/\(rows)x\(columns)"]
  let spectrum = product + ["blas/dsyevd/\(rows)x\(columns)", "blas/dgemm/\(columns)"]
  let list: [(String, any CovarianceEstimator, [String], [String])] = [
    ("sample", SampleCovariance(), product, ["numpy_cov"]),
    ("ewma", EWMACovariance(halfLife: 500), product, []),
    ("semicovariance", Semicovariance(), product, []),
    ("ledoit-wolf", LedoitWolf(), product, ["sklearn_ledoit_wolf"]),
    ("oas", OracleApproximatingShrinkage(), product, ["sklearn_oas"]),
    (
      "ledoit-wolf-constant-correlation", LedoitWolf(target: .constantCorrelation), product,
      ["pypfopt_constant_correlation"]
    ),
    (
      "ledoit-wolf-single-factor", LedoitWolf(target: .singleFactor), product,
      ["pypfopt_single_factor"]
    ),
    ("analytical-shrinkage", AnalyticalShrinkage(), spectrum, ["nonlinshrink_cov"]),
    ("quadratic-inverse-shrinkage", QuadraticInverseShrinkage(), spectrum, []),
    ("denoised", DenoisedCovariance(), spectrum, []),
  ]
  return list.map { name, estimator, floors, peers in
    covarianceCase(
      name, estimator, rows: rows, columns: columns, floors: floors, peers: peers)
  }
}

/// A covariance of a matrix of returns.
func covarianceCase(
  _ name: String,
  _ estimator: any CovarianceEstimator,
  rows: Int,
  columns: Int,
  floors: [String],
  peers: [String],
  data: @escaping (_ rows: Int, _ columns: Int) -> [Double] = {
    Inputs.returns(rows: $0, columns: $1)
  }
) -> Case {
  Case(
    name: "covariance/\(name)/\(rows)x\(columns)", floors: floors, peers: peers,
    inputs: { [("x", [rows, columns], data(rows, columns))] }
  ) {
    let returns = try Matrix(
      rowCount: rows, columnCount: columns, columnMajor: data(rows, columns))
    var last: SymmetricMatrix?
    return .init(
      run: { last = try estimator.unlabeledCovariance(from: returns).matrix },
      answer: { last.map { $0.matrix.columnMajorElements } ?? [] })
  }
}

/// One row of 1000 returns into a covariance and its factor.
private let streamingCase = Case(
  name: "covariance/streaming/1000", floors: ["blas/dsyr/1000"]
) {
  let n = 1000
  let rows = (0..<64).map { row in
    Inputs.normals(count: n, stream: UInt64(row)).map { max(0.01 * $0, -1) }
  }
  var stream = try StreamingCovariance(
    universe: Universe((0..<n).map { AssetID("A\($0)") }), halfLife: 100)
  var next = 0
  return .init(run: {
    try stream.update(rows[next % rows.count])
    next += 1
  })
}

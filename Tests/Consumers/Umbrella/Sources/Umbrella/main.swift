import Keel

// What a trading service would write first: one dependency, one import.
try LinearAlgebra.configure(threads: 1)
let universe = try Universe(["BTC", "ETH"])
let covariance = try Covariance(
  universe: universe, dense: SymmetricMatrix(rows: [[0.0016, 0.0012], [0.0012, 0.0025]]))
let factor = try Cholesky(covariance.matrix)
let threads = LinearAlgebra.runtimeInformation.threadCount
print("umbrella: log determinant \(factor.logDeterminant), \(threads) BLAS thread")

import Keel

/// Robust, rank and sparse covariances, each at the size at which peers were measured.
let robustCovarianceCases: [Case] = [
  covarianceCase(
    "gerber", GerberCovariance(divisor: .observationCount), rows: 5000, columns: 1000, floors: [],
    peers: ["riskfolio_gerber"]),
  covarianceCase(
    "gerber-either", GerberCovariance(statistic: .movesOfEither), rows: 5000, columns: 1000,
    floors: [], peers: []),
  covarianceCase(
    "spearman", RankCovariance(.spearman, mapping: .raw), rows: 1000, columns: 100, floors: [],
    peers: ["scipy_spearman"]),
  covarianceCase(
    "kendall", RankCovariance(.kendall, mapping: .raw), rows: 1000, columns: 100, floors: [],
    peers: ["pandas_kendall"]),
  covarianceCase(
    "student-t", StudentTCovariance(), rows: 1000, columns: 100, floors: ["blas/dsyrk/1000x100"],
    peers: []),
  covarianceCase(
    "tyler", TylerCovariance(), rows: 1000, columns: 100, floors: ["blas/dsyrk/1000x100"],
    peers: []),
  covarianceCase(
    "minimum-determinant", MinimumCovarianceDeterminant(), rows: 1000, columns: 50, floors: [],
    peers: ["sklearn_minimum_determinant"]),
  covarianceCase(
    "graphical-lasso", GraphicalLasso(penalty: 0.05), rows: 1000, columns: 100, floors: [],
    peers: ["sklearn_graphical_lasso"]),
  // To the accuracy at which the peer stops, there and on heavy tails with ten factors.
  covarianceCase(
    "graphical-lasso-rough", roughLasso, rows: 1000, columns: 100, floors: [],
    peers: ["sklearn_graphical_lasso"]),
  covarianceCase(
    "graphical-lasso-market", roughLasso, rows: 200, columns: 100, floors: [],
    peers: ["sklearn_graphical_lasso"],
    data: { Inputs.marketReturns(rows: $0, columns: $1) }),
]

private let roughLasso: GraphicalLasso = {
  var settings = SparseInverse.Settings()
  settings.relativeTolerance = 1e-5
  return GraphicalLasso(penalty: 0.05, settings: settings)
}()

public import KeelData
import KeelLinearAlgebra

/// Describes why an estimate cannot be made.
@nonexhaustive
public enum EstimationError: Error, Hashable, Sendable {
  /// There are fewer observations than the estimator needs.
  case tooFewObservations(got: Int, required: Int)

  /// There is no asset, or more than a matrix of 32-bit size can hold.
  case assetCountOutOfRange(got: Int, allowed: ClosedRange<Int>)

  /// A return is NaN or infinite; the asset is nil in unlabeled data.
  case invalidReturn(asset: AssetID?, column: Int, row: Int, got: Double)

  /// A column looks like prices, by the rule of `SimpleReturns.looksLikePrices`.
  case pricesGiven(asset: AssetID?, column: Int, mean: Double)

  /// The estimate is too large for a floating-point number.
  case notRepresentable(result: String)

  /// The eigenvalues that were asked for could not be computed.
  case eigenvaluesNotConverged
}

extension EstimationError {
  /// Translates an error of linear algebra.
  init(_ error: LinearAlgebraError) {
    switch error {
    case .countOutOfRange(_, let got, _):
      self = .assetCountOutOfRange(got: got, allowed: ReturnsMatrix.allowedAssetCount)
    case .notConverged: self = .eigenvaluesNotConverged
    default: self = .notRepresentable(result: "covariance")
    }
  }
}

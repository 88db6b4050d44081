public import KeelData
import KeelLinearAlgebra

/// Describes why an estimate cannot be made.
@nonexhaustive
public enum EstimationError: Error, Hashable, Sendable {
  /// There are fewer observations than the estimator needs.
  case tooFewObservations(got: Int, required: Int)

  /// Two assets have fewer returns in common than the estimator needs, or one asset has fewer.
  case tooFewCommonObservations(left: AssetID, right: AssetID, got: Int, required: Int)

  /// A correlation from the rows that two assets have in common is beyond one, and no repair was wanted.
  case impossibleCorrelation(left: AssetID, right: AssetID, got: Double)

  /// An asset has a gap after its first return.
  case notNested(asset: AssetID, row: Int)

  /// There is no asset, or more than a matrix of 32-bit size can hold.
  case assetCountOutOfRange(got: Int, allowed: ClosedRange<Int>)

  /// A setting or an argument is NaN or outside the allowed interval, both ends included.
  case invalidValue(argument: String, got: Double, lowest: Double, highest: Double)

  /// The number of elements does not fit.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// Two values that meet in one call are about different assets, or about the same in another
  /// order; `position` is the first place where they differ.
  case universeMismatch(position: Int, left: AssetID?, right: AssetID?)

  /// Two histories that meet in one call have different times, first in this row.
  case differentTimes(row: Int)

  /// Factors, an intercept among them, are sums of each other.
  case dependentFactors(rank: Int, required: Int)

  /// An asset is not in the universe.
  case unknownAsset(AssetID)

  /// An asset stands twice.
  case duplicateAsset(AssetID)

  /// An element of a series is NaN, infinite or outside what the series may hold.
  case invalidObservation(argument: String, index: Int, got: Double)

  /// A correlation is needed of an asset that does not vary; the asset is nil in unlabeled data.
  case zeroVariance(asset: AssetID?, column: Int)

  /// A return is NaN or infinite; the asset is nil in unlabeled data.
  case invalidReturn(asset: AssetID?, column: Int, row: Int, got: Double)

  /// A column looks like prices, by the rule of `SimpleReturns.looksLikePrices`.
  case pricesGiven(asset: AssetID?, column: Int, mean: Double)

  /// A value that the call makes of its arguments cannot exist.
  case invalidData(DataError)

  /// The estimate is too large for a floating-point number.
  case notRepresentable(result: String)

  /// A matrix whose inverse is needed has none, or none that double precision knows.
  case notPositiveDefinite

  /// The eigenvalues that were asked for could not be computed.
  case eigenvaluesNotConverged
}

extension EstimationError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .tooFewObservations(let got, let required):
      "there are \(got) observations, required are \(required)"
    case .tooFewCommonObservations(let left, let right, let got, let required):
      "\(left) and \(right) have \(got) observations in common, required are \(required)"
    case .impossibleCorrelation(let left, let right, let got):
      "the correlation of \(left) and \(right) is \(got)"
    case .notNested(let asset, let row):
      "\(asset) has a gap after its first return in row \(row)"
    case .assetCountOutOfRange(let got, let allowed):
      "there are \(got) assets, allowed are \(allowed.lowerBound) to \(allowed.upperBound)"
    case .invalidValue(let argument, let got, let lowest, let highest):
      "\(argument) is \(got), allowed is \(lowest) to \(highest)"
    case .shapeMismatch(let argument, let got, let required):
      "\(argument) has \(got) elements, required are \(required)"
    case .universeMismatch(let position, let left, let right):
      "the universes differ at position \(position): "
        + "\(left?.rawValue ?? "nothing") and \(right?.rawValue ?? "nothing")"
    case .differentTimes(let row):
      "the histories have different times, first in row \(row)"
    case .dependentFactors(let rank, let required):
      "the factors have rank \(rank), required is \(required)"
    case .unknownAsset(let asset):
      "\(asset) is not in the universe"
    case .duplicateAsset(let asset):
      "\(asset) stands twice"
    case .invalidObservation(let argument, let index, let got):
      "\(argument) is \(got) at index \(index)"
    case .zeroVariance(let asset, let column):
      "the returns\(Self.name(asset, column)) do not vary"
    case .invalidReturn(let asset, let column, let row, let got):
      "the return\(Self.name(asset, column)) in row \(row) is \(got)"
    case .pricesGiven(let asset, let column, let mean):
      "the returns\(Self.name(asset, column)) look like prices: their mean is \(mean)"
    case .invalidData(let error):
      "\(error)"
    case .notRepresentable(let result):
      "the \(result) is too large for a floating-point number"
    case .notPositiveDefinite:
      "the matrix is not positive definite"
    case .eigenvaluesNotConverged:
      "the eigenvalues could not be computed"
    }
  }

  private static func name(_ asset: AssetID?, _ column: Int) -> String {
    asset.map { " of \($0)" } ?? " of column \(column)"
  }
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

extension EstimationError {
  /// Translates an error of the values that travel.
  init(_ error: DataError) {
    switch error {
    case .universeMismatch(let position, let left, let right):
      self = .universeMismatch(position: position, left: left, right: right)
    case .shapeMismatch(let argument, let got, let required):
      self = .shapeMismatch(argument: argument, got: got, required: required)
    default: self = .invalidData(error)
    }
  }
}

extension EstimationError {
  /// A value outside its interval, by default any finite number.
  static func invalid(
    _ argument: String,
    _ value: Double,
    lowest: Double = -.greatestFiniteMagnitude,
    highest: Double = .greatestFiniteMagnitude
  ) -> EstimationError {
    .invalidValue(argument: argument, got: value, lowest: lowest, highest: highest)
  }
}

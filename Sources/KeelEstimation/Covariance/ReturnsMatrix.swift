// Goals in order: equal bits for any order of labeled assets, no overflow, memory speed.

import KeelData
import KeelNumerics

/// Returns as a ``CovarianceEstimator`` reads them: checked, in the order of computation, with the means of
/// the columns.
///
/// Labeled returns are computed in the order of the assets' names, so that any order of the columns
/// gives the same bits; others in the order of their columns. Positions count in that order.
public struct ReturnsMatrix: Sendable {
  let matrix: Matrix

  private let assets: [AssetID]?

  /// The column of the data at each position.
  let order: [Int]

  /// The mean of each column, by position, times the scale.
  let scaledMeans: [Double]

  /// A power of two that keeps fourth powers representable; one for all usual data.
  let scale: Double

  /// Whether every mean is small beside the deviation of its column, and the scale one.
  let hasSmallMeans: Bool

  /// The number of observations T.
  public var rowCount: Int { matrix.rowCount }

  /// The number of assets N.
  public var columnCount: Int { matrix.columnCount }

  /// The returns at a position.
  ///
  /// - Parameter position: A position from 0 to N − 1.
  /// - Returns: T finite numbers.
  public func column(_ position: Int) -> [Double] {
    let source = matrix.column(order[position])
    return [Double](capacity: source.count) { output in
      for i in source.indices { output.append(source[i]) }
    }
  }

  /// The error that says that the returns at a position do not vary.
  ///
  /// - Parameter position: A position from 0 to N − 1.
  /// - Returns: The error, with the asset.
  public func zeroVariance(_ position: Int) -> EstimationError {
    .zeroVariance(asset: assets?[order[position]], column: order[position])
  }

  /// n² must fit 32 bits.
  static let allowedAssetCount = 1...46_340

  /// Labeled returns: computed in the order of the assets' names.
  init(_ returns: SimpleReturns, minimumCount: Int) throws(EstimationError) {
    let assets = returns.universe.assets
    let order = assets.indices.sorted { assets[$0] < assets[$1] }
    try self.init(returns.values, order: order, assets: assets, minimumCount: minimumCount)
  }

  /// Unlabeled returns: computed in the order of the columns.
  init(unlabeled matrix: Matrix, minimumCount: Int) throws(EstimationError) {
    try self.init(
      matrix, order: Array(0..<matrix.columnCount), assets: nil, minimumCount: minimumCount)
  }

  private init(
    _ matrix: Matrix,
    order: [Int],
    assets: [AssetID]?,
    minimumCount: Int
  ) throws(EstimationError) {
    guard Self.allowedAssetCount.contains(matrix.columnCount) else {
      throw .assetCountOutOfRange(got: matrix.columnCount, allowed: Self.allowedAssetCount)
    }
    let required = max(minimumCount, 1)
    guard matrix.rowCount >= required else {
      throw .tooFewObservations(got: matrix.rowCount, required: required)
    }
    self.matrix = matrix
    self.order = order
    self.assets = assets
    var summaries = order.map { ColumnSummary(matrix.column($0), scale: 1) }
    for (position, summary) in summaries.enumerated() {
      let column = order[position]
      let asset = assets?[column]
      if !summary.isFinite, let row = matrix.column(column).firstNonFiniteIndex {
        throw .invalidReturn(asset: asset, column: column, row: row, got: matrix[row, column])
      }
      if looksLikePrices(matrix.column(column)) {
        throw .pricesGiven(asset: asset, column: column, mean: summary.mean)
      }
    }
    let spread = summaries.reduce(0) { max($0, $1.squareSum) }
    if Self.usualSpread.contains(spread), summaries.allSatisfy(\.isFinite) {
      scale = 1
    } else {
      let largest = order.reduce(0) { max($0, matrix.column($1).largestMagnitude) }
      let scale = Self.scale(for: largest)
      self.scale = scale
      summaries = order.map { ColumnSummary(matrix.column($0), scale: scale) }
    }
    scaledMeans = summaries.map(\.mean)
    hasSmallMeans = scale == 1 && summaries.allSatisfy(\.hasSmallMean)
  }

  /// Sums of squares whose squares, summed again, are far from both ends of the range.
  private static let usualSpread = 0x1p-400...0x1p400

  /// A power of two that brings the largest magnitude near one, with a normal inverse.
  static func scale(for largest: Double) -> Double {
    guard largest > 0 else { return 1 }
    return Double(sign: .plus, exponent: -max(largest.exponent, -1000), significand: 1)
  }

  /// The mean of each column, in the order of the columns.
  var means: [Double] { inColumnOrder(scaledMeans.map { $0 / scale }) }

  /// A square in scaled units, in the units of the returns.
  func unscaledSquare(_ value: Double) -> Double { value / scale / scale }

  /// A matrix by position, brought to the order of the columns.
  func inColumnOrder(_ matrix: SymmetricMatrix) -> SymmetricMatrix {
    if order == Array(0..<columnCount) { return matrix }
    return matrix.submatrix(at: positions)
  }

  /// Numbers by position, brought to the order of the columns.
  func inColumnOrder(_ values: [Double]) -> [Double] { positions.map { values[$0] } }

  /// The rows of a matrix by position, brought to the order of the columns.
  func inColumnOrder(rowsOf matrix: Matrix) -> Matrix {
    let positions = positions
    let storage = [Double](capacity: matrix.rowCount * matrix.columnCount) { output in
      for k in 0..<matrix.columnCount {
        let column = matrix.column(k)
        for position in positions { output.append(column[position]) }
      }
    }
    return Matrix(
      uncheckedRowCount: matrix.rowCount, columnCount: matrix.columnCount, storage: storage)
  }

  /// The position of each column.
  private var positions: [Int] {
    var positions = order
    for (position, column) in order.enumerated() { positions[column] = position }
    return positions
  }
}

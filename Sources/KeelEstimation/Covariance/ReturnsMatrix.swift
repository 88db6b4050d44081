// Goals in order: equal bits for any order of labeled assets, no overflow, memory speed.
//
// The first pass finds mean, least and largest value of each column; the second centers panels of
// rows that stay in the cache, sums the squares of each row and hands each panel to one dsyrk. No
// centered copy of the data is made.

import KeelData
import KeelLinearAlgebra
import KeelNumerics

/// Returns as an estimator reads them: checked, in asset order, with the means of the columns.
struct ReturnsMatrix {
  private let matrix: Matrix

  /// The columns in the order of computation: by asset for labeled returns.
  let order: [Int]

  /// The mean of each column, in the order of computation, times ``scale``.
  private let scaledMeans: [Double]

  /// A power of two that keeps fourth powers representable; one for all usual data.
  private let scale: Double

  var rowCount: Int { matrix.rowCount }
  var columnCount: Int { matrix.columnCount }

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
    guard matrix.rowCount >= minimumCount else {
      throw .tooFewObservations(got: matrix.rowCount, required: minimumCount)
    }
    self.matrix = matrix
    self.order = order
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
  }

  /// Sums of squares whose squares, summed again, are far from both ends of the range.
  private static let usualSpread = 0x1p-400...0x1p400

  /// A power of two that brings the largest magnitude near one, with a normal inverse.
  private static func scale(for largest: Double) -> Double {
    guard largest > 0 else { return 1 }
    return Double(sign: .plus, exponent: -max(largest.exponent, -1000), significand: 1)
  }

  /// The mean of each column, in the order of the columns.
  var means: [Double] {
    var result = [Double](repeating: 0, count: columnCount)
    for (position, column) in order.enumerated() { result[column] = scaledMeans[position] / scale }
    return result
  }

  /// A square in scaled units, in the units of the returns.
  func unscaledSquare(_ value: Double) -> Double { value / scale / scale }

  /// Multiplies a lower triangle by a factor of at most one and brings it to the units of the
  /// returns.
  func unscale(
    _ lowerTriangle: inout [Double],
    factor: Double
  ) throws(EstimationError) {
    let order = columnCount
    let inverse = 1 / scale
    var isFinite = true
    var elements = lowerTriangle.mutableSpan
    for j in 0..<order {
      for i in (j &+ j &* order)..<((j &+ 1) &* order) { elements[i] *= factor }
      if scale == 1 { continue }
      for i in (j &+ j &* order)..<((j &+ 1) &* order) {
        elements[i] = elements[i] * inverse * inverse
        isFinite = isFinite && elements[i].isFinite
      }
    }
    guard isFinite else { throw .notRepresentable(result: "covariance") }
  }

  /// A matrix in the order of computation, brought to the order of the columns.
  func inColumnOrder(_ matrix: SymmetricMatrix) -> SymmetricMatrix {
    if order == Array(0..<columnCount) { return matrix }
    var positions = order
    for (position, column) in order.enumerated() { positions[column] = position }
    let count = columnCount
    var lowerTriangle = [Double](repeating: 0, count: count * count)
    var output = lowerTriangle.mutableSpan
    for j in 0..<count {
      let source = matrix.column(positions[j])
      for i in j..<count { output[i &+ j &* count] = source[positions[i]] }
    }
    return SymmetricMatrix(lowerTriangleOf: lowerTriangle, order: count)
  }
}

// MARK: - Centered products

extension ReturnsMatrix {
  // The rows that are centered at a time: the depth at which dsyrk blocks its operand anyway, so that
  // a panel is small (2 MiB with 1000 columns) and costs nothing. Fixed, so that the sums have the
  // same bits wherever they run.
  private static let panelRowCount = 256

  /// Σ (x − m)(x − m)' over the rows, in scaled units and the order of computation, and the sum of
  /// the fourth powers of the lengths of the centered rows, zero when not asked for.
  func centeredProducts(
    fourthPowers: Bool
  ) throws(EstimationError) -> (lowerTriangle: [Double], fourthPowerSum: Double) {
    do throws(LinearAlgebraError) {
      var accumulator = try GramAccumulator(order: columnCount)
      var panel = [Double](
        repeating: 0, count: min(Self.panelRowCount, rowCount) * columnCount)
      var fourthPowerSum = 0.0
      var start = 0
      while start < rowCount {
        let length = min(Self.panelRowCount, rowCount - start)
        var squares = [Double](repeating: 0, count: length)
        fill(&panel, rows: start..<(start + length), &squares)
        if fourthPowers { fourthPowerSum = squares.reduce(fourthPowerSum) { $0 + $1 * $1 } }
        try accumulator.add(panel, rowCount: length)
        start += length
      }
      return (try accumulator.finish(), fourthPowerSum)
    } catch {
      throw EstimationError(error)
    }
  }

  /// Writes centered rows into a panel and adds the squares of each row.
  private func fill(_ panel: inout [Double], rows: Range<Int>, _ squares: inout [Double]) {
    var output = panel.mutableSpan
    var sums = squares.mutableSpan
    for (position, column) in order.enumerated() {
      let values = matrix.column(column).extracting(rows)
      Self.center(
        values, scale, scaledMeans[position], into: &output, at: position &* rows.count, &sums)
    }
  }

  private static func center(
    _ values: Span<Double>,
    _ scale: Double,
    _ mean: Double,
    into output: inout MutableSpan<Double>,
    at offset: Int,
    _ sums: inout MutableSpan<Double>
  ) {
    let count = values.count
    var target = output._mutatingExtracting(offset..<(offset &+ count))
    // Equal counts let the compiler drop the checks in the loop and use vectors.
    guard target.count == count, sums.count == count else { return }
    for i in 0..<count {
      let value = values[i] * scale - mean
      target[i] = value
      sums[i] += value * value
    }
  }
}

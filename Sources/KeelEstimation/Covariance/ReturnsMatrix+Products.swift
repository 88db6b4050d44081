// Goals in order: as accurate as from centered returns, equal bits wherever it runs, no copy of the data.
//
// Σ (x − m)(x − m)' = Σ x x' − T m m' loses nothing where the means are small beside the deviations, as those of returns
// are: dsyrk then reads the data themselves. Otherwise panels of rows that stay in the cache are centered first.

import KeelLinearAlgebra
import KeelNumerics

/// What is done to centered returns before they are multiplied.
enum ReturnTransform: Equatable {
  /// Nothing.
  case none

  /// Each row is multiplied by a number; those of the last rows where there are fewer, never more.
  case weighted([Double])

  /// Gains become zero.
  case losses
}

extension ReturnsMatrix {
  // The rows that go to one dsyrk: a multiple of the depths at which OpenBLAS blocks its operand (256 and more),
  // so that a panel costs nothing (4 MiB with 1000 columns). Fixed, so that the sums have the same bits wherever
  // they run.
  private static let panelRowCount = 512

  // Up to so many columns the products are summed in twice the precision: N ε of few columns is less than the rounding of
  // T products.
  private static let largestCompensatedCount = 8

  /// Σ (x − m)(x − m)' over the rows x, m the means, by position, in scaled units: the lower triangle.
  func centeredProducts() throws(EstimationError) -> [Double] {
    guard hasSmallMeans, columnCount > Self.largestCompensatedCount else {
      return try products(about: scaledMeans)
    }
    var products: [Double]
    do throws(LinearAlgebraError) {
      var accumulator = try GramAccumulator(order: columnCount)
      let isInOrder = order == Array(0..<columnCount)
      var panel: [Double] = []
      for rows in panels(from: 0) {
        if isInOrder {
          try accumulator.add(matrix, rows: rows)
        } else {
          copy(rows, to: &panel)
          try accumulator.add(panel, rowCount: rows.count)
        }
      }
      products = try accumulator.finish()
    } catch {
      throw EstimationError(error)
    }
    let count = Double(rowCount)
    var elements = products.mutableSpan
    let means = scaledMeans.span
    for j in means.indices {
      let factor = count * means[j]
      if factor == 0 { continue }
      let offset = j &* means.count
      for i in j..<means.count { elements[i &+ offset] -= factor * means[i] }
    }
    return products
  }

  /// Σ y y' over the rows y about centers, by position, in scaled units: the lower triangle.
  func products(
    about centers: [Double],
    _ transform: ReturnTransform = .none
  ) throws(EstimationError) -> [Double] {
    let weights: [Double]
    if case .weighted(let given) = transform {
      weights = given
    } else {
      weights = [Double](repeating: 1, count: rowCount)
    }
    let ceiling = transform == .losses ? 0 : Double.infinity
    let first = max(rowCount - weights.count, 0)
    if columnCount <= Self.largestCompensatedCount {
      let rows = first..<rowCount
      var panel = [Double](repeating: 0, count: rows.count * columnCount)
      WeightedRows.fill(
        &panel, rows, of: matrix, columns: order, scale: scale, centers: centers, ceiling: ceiling,
        weights: weights[...])
      return try Self.compensatedProducts(of: panel, rowCount: rows.count, order: columnCount)
    }
    do throws(LinearAlgebraError) {
      var accumulator = try GramAccumulator(order: columnCount)
      var panel = [Double](
        repeating: 0, count: min(Self.panelRowCount, rowCount - first) * columnCount)
      for rows in panels(from: first) {
        WeightedRows.fill(
          &panel, rows, of: matrix, columns: order, scale: scale, centers: centers,
          ceiling: ceiling,
          weights: weights[(rows.lowerBound - first)..<(rows.upperBound - first)])
        try accumulator.add(panel, rowCount: rows.count)
      }
      return try accumulator.finish()
    } catch {
      throw EstimationError(error)
    }
  }

  /// The products of the columns of a panel, each rounded once: the lower triangle.
  private static func compensatedProducts(
    of panel: [Double],
    rowCount: Int,
    order: Int
  ) throws(EstimationError) -> [Double] {
    var elements = [Double](repeating: 0, count: order * order)
    for j in 0..<order {
      for i in j..<order {
        let (x, y) = (i * rowCount, j * rowCount)
        var sum = CompensatedSum()
        for t in 0..<rowCount { sum.addProduct(panel[x + t], panel[y + t]) }
        guard sum.value.isFinite else { throw .notRepresentable(result: "covariance") }
        elements[i + j * order] = sum.value
      }
    }
    return elements
  }

  /// Sums of powers of the centered returns over the columns, for each row, in scaled units.
  func rowSums(_ multiples: (Int) -> RowSums.Multiples = { _ in .init() }) -> RowSums {
    RowSums(matrix, columns: order, scale: scale, means: scaledMeans, multiples: multiples)
  }

  private func panels(from first: Int) -> [Range<Int>] {
    stride(from: first, to: rowCount, by: Self.panelRowCount).map {
      $0..<min($0 + Self.panelRowCount, rowCount)
    }
  }

  /// Multiplies a lower triangle by a factor and brings it to the units of the returns.
  func unscale(
    _ lowerTriangle: inout [Double],
    factor: Double = 1
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

  /// Writes rows into a panel as they are, the columns by position.
  private func copy(_ rows: Range<Int>, to panel: inout [Double]) {
    panel.removeAll(keepingCapacity: true)
    panel.reserveCapacity(rows.count * columnCount)
    for column in order {
      let values = matrix.column(column).extracting(rows)
      for i in values.indices { panel.append(values[i]) }
    }
  }
}

// Goals in order: no centered copy of the data, equal bits wherever it runs, memory speed.
//
// Panels of rows that stay in the cache are centered, the squares of each row are summed, and each panel goes to
// one dsyrk.

import KeelLinearAlgebra
import KeelNumerics

/// The products of the columns with each other.
struct ReturnProducts {
  /// Σ y y' over the rows y, by position, in scaled units: the lower triangle.
  var lowerTriangle: [Double]

  /// The squared length of each row y, in scaled units.
  var squares: [Double]
}

/// What is done to centered returns before they are multiplied.
enum ReturnTransform {
  /// Nothing.
  case none

  /// Each row is multiplied by a number; those of the last rows where there are fewer.
  case weighted([Double])

  /// Gains become zero.
  case losses
}

/// A sum over the columns, for each row, of multiples of a power of the centered returns.
struct PowerTerm {
  /// 1 to 4.
  let power: Int

  /// The multiple of each column, by position.
  let multiples: [Double]
}

extension ReturnsMatrix {
  // The rows that are centered at a time: the depth at which dsyrk blocks its operand anyway, so that
  // a panel is small (2 MiB with 1000 columns) and costs nothing. Fixed, so that the sums have the
  // same bits wherever they run.
  private static let panelRowCount = 256

  /// The products of the columns about centers, by position, in scaled units.
  func products(
    about centers: [Double],
    _ transform: ReturnTransform = .none
  ) throws(EstimationError) -> ReturnProducts {
    do throws(LinearAlgebraError) {
      var accumulator = try GramAccumulator(order: columnCount)
      var panel = [Double](
        repeating: 0, count: min(Self.panelRowCount, rowCount) * columnCount)
      var squares: [Double] = []
      var start = 0
      if case .weighted(let weights) = transform { start = max(rowCount - weights.count, 0) }
      squares.reserveCapacity(rowCount - start)
      let first = start
      while start < rowCount {
        let length = min(Self.panelRowCount, rowCount - start)
        var lengths = [Double](repeating: 0, count: length)
        fill(&panel, rows: start..<(start + length), after: first, centers, transform, &lengths)
        squares += lengths
        try accumulator.add(panel, rowCount: length)
        start += length
      }
      return ReturnProducts(lowerTriangle: try accumulator.finish(), squares: squares)
    } catch {
      throw EstimationError(error)
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

  /// Sums over the columns for each row, in scaled units; four columns at a time, so that the sums are read and written
  /// a quarter as often.
  func rowSums(_ terms: [PowerTerm]) -> [[Double]] {
    var sums = terms.map { _ in [Double](repeating: 0, count: rowCount) }
    var block = ColumnBlock(length: min(Self.panelRowCount, rowCount))
    var start = 0
    while start < rowCount {
      let rows = start..<min(start + Self.panelRowCount, rowCount)
      for first in stride(from: 0, to: columnCount, by: 4) {
        block.read(self, rows, columnsFrom: first)
        for k in terms.indices {
          let multiples = terms[k].multiples
          var factors = SIMD4<Double>.zero
          for lane in 0..<min(4, columnCount - first) { factors[lane] = multiples[first + lane] }
          block.add(power: terms[k].power, factors, to: &sums[k], at: start)
        }
      }
      start = rows.upperBound
    }
    return sums
  }

  /// Writes centered rows into a panel and adds the squares of each row.
  private func fill(
    _ panel: inout [Double],
    rows: Range<Int>,
    after first: Int,
    _ centers: [Double],
    _ transform: ReturnTransform,
    _ squares: inout [Double]
  ) {
    var output = panel.mutableSpan
    var sums = squares.mutableSpan
    for (position, column) in order.enumerated() {
      let values = matrix.column(column).extracting(rows)
      let offset = position &* rows.count
      var target = output._mutatingExtracting(offset..<(offset &+ rows.count))
      switch transform {
      case .none:
        Self.transform(values, into: &target, &sums) { value, _ in
          value * scale - centers[position]
        }
      case .weighted(let weights):
        let start = rows.lowerBound - first
        let part = weights.span.extracting(start..<(start + rows.count))
        Self.transform(values, into: &target, &sums) { value, i in
          (value * scale - centers[position]) * part[i]
        }
      case .losses:
        Self.transform(values, into: &target, &sums) { value, _ in
          min(value * scale - centers[position], 0)
        }
      }
    }
  }

  @inline(__always)
  private static func transform(
    _ values: Span<Double>,
    into target: inout MutableSpan<Double>,
    _ sums: inout MutableSpan<Double>,
    _ body: (Double, Int) -> Double
  ) {
    let count = values.count
    // Equal counts let the compiler drop the checks in the loop and use vectors.
    guard target.count == count, sums.count == count else { return }
    for i in 0..<count {
      let value = body(values[i], i)
      target[i] = value
      sums[i] += value * value
    }
  }
}

/// Some rows of four columns, centered.
private struct ColumnBlock {
  /// One column after the other, each of the same length.
  private var values: [Double]
  private let length: Int
  private var count = 0

  init(length: Int) {
    self.length = length
    values = [Double](repeating: 0, count: 4 * length)
  }

  /// Reads rows of up to four columns; the others stay what they are and have no weight.
  mutating func read(_ returns: ReturnsMatrix, _ rows: Range<Int>, columnsFrom first: Int) {
    count = rows.count
    let length = length
    for lane in 0..<min(4, returns.columnCount - first) {
      let source = returns.matrix.column(returns.order[first + lane]).extracting(rows)
      let (scale, mean) = (returns.scale, returns.scaledMeans[first + lane])
      var all = values.mutableSpan
      var target = all._mutatingExtracting((lane * length)..<(lane * length + source.count))
      guard target.count == source.count else { return }
      for i in source.indices { target[i] = source[i] * scale - mean }
    }
  }

  /// Adds multiples of a power to the sums of the rows.
  func add(
    power: Int,
    _ factors: SIMD4<Double>,
    to sums: inout [Double],
    at offset: Int
  ) {
    switch power {
    case 1: add(factors, to: &sums, at: offset) { $0 }
    case 2: add(factors, to: &sums, at: offset) { $0 * $0 }
    case 3: add(factors, to: &sums, at: offset) { $0 * $0 * $0 }
    default: add(factors, to: &sums, at: offset) { ($0 * $0) * ($0 * $0) }
    }
  }

  @inline(__always)
  private func add(
    _ factors: SIMD4<Double>,
    to sums: inout [Double],
    at offset: Int,
    _ power: (Double) -> Double
  ) {
    let source = values.span
    let a = source.extracting(0..<count)
    let b = source.extracting(length..<(length &+ count))
    let c = source.extracting((2 &* length)..<(2 &* length &+ count))
    let d = source.extracting((3 &* length)..<(3 &* length &+ count))
    var all = sums.mutableSpan
    var target = all._mutatingExtracting(offset..<(offset &+ count))
    guard target.count == count, a.count == count, b.count == count, c.count == count,
      d.count == count
    else { return }
    let (p, q, r, s) = (factors[0], factors[1], factors[2], factors[3])
    for i in 0..<count {
      target[i] += (p * power(a[i]) + q * power(b[i])) + (r * power(c[i]) + s * power(d[i]))
    }
  }
}

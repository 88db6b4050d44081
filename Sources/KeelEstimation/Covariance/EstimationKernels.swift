import CKeelKernels
package import KeelNumerics

// The module's only door to memory without checks: signs of moves as bits, and sums over columns.

/// Which returns of which assets move, and which fall, a bit each.
package struct SignPlanes {
  private let level: Int32
  private let order: Int
  private let wordCount: Int
  private var active: [UInt64]
  private var negative: [UInt64]

  /// Planes in which nothing moves.
  ///
  /// - Parameters:
  ///   - rowCount: The number of returns of each asset.
  ///   - order: The number of assets.
  ///   - level: The instruction set, for tests.
  package init(rowCount: Int, order: Int, level: Kernels.Level = .automatic) {
    self.level = level.rawValue
    self.order = order
    wordCount = (rowCount + 511) / 512 * 8
    active = [UInt64](repeating: 0, count: wordCount * order)
    negative = active
  }

  /// Sets the bits of a column: those that are at least a threshold away from a center.
  package mutating func set(
    _ column: Int,
    from values: Span<Double>,
    scale: Double,
    center: Double,
    threshold: Double
  ) {
    precondition(values.count <= 64 * wordCount && column >= 0 && column < order)
    let offset = wordCount * column
    unsafe values.withUnsafeBufferPointer { x in
      unsafe active.withUnsafeMutableBufferPointer { a in
        unsafe negative.withUnsafeMutableBufferPointer { s in
          guard let x = x.baseAddress, let a = a.baseAddress, let s = s.baseAddress else { return }
          unsafe keel_sign_planes(
            x, values.count, scale, center, threshold, a + offset, s + offset, level)
        }
      }
    }
  }

  /// The number of moves of a column.
  package func moveCount(_ column: Int) -> Int {
    active[(wordCount * column)..<(wordCount * (column + 1))].reduce(0) { $0 + $1.nonzeroBitCount }
  }

  /// For some columns, and the columns from the first of them on: in how many places both move, and in how
  /// many of them against each other, at `(column − first) order + i`.
  package func agreement(_ columns: Range<Int>, both: inout [UInt32], against: inout [UInt32]) {
    precondition(
      columns.lowerBound >= 0 && columns.upperBound <= order
        && both.count >= columns.count * order && against.count >= columns.count * order)
    unsafe active.withUnsafeBufferPointer { a in
      unsafe negative.withUnsafeBufferPointer { s in
        unsafe both.withUnsafeMutableBufferPointer { b in
          unsafe against.withUnsafeMutableBufferPointer { g in
            guard let a = a.baseAddress, let s = s.baseAddress, let b = b.baseAddress,
              let g = g.baseAddress
            else { return }
            unsafe keel_sign_agreement(
              a, s, wordCount, order, columns.lowerBound, columns.count, b, g, level)
          }
        }
      }
    }
  }
}

/// Sums over the columns, for each row, of powers of y = x scale − mean, each with multiples that depend on the column.
package struct RowSums {
  /// Which sum; `weighted` ones have a multiple a, b or c for each column.
  package enum Term: Int, CaseIterable, Sendable {
    case first, weightedFirst, second, weightedSecond, weightedThird, fourth
  }

  /// The multiples of a column.
  package struct Multiples: Sendable {
    package var first = 0.0
    package var second = 0.0
    package var third = 0.0

    package init(first: Double = 0, second: Double = 0, third: Double = 0) {
      (self.first, self.second, self.third) = (first, second, third)
    }
  }

  private let rowCount: Int
  private var sums: [Double]

  /// Adds up some columns of a matrix, in their order.
  ///
  /// - Parameters:
  ///   - matrix: T × N numbers.
  ///   - columns: Which columns, in the order of the additions.
  ///   - scale: The factor of every number.
  ///   - means: What is taken off each of them.
  ///   - level: The instruction set, for tests.
  ///   - multiples: Those of each of them.
  package init(
    _ matrix: Matrix,
    columns: [Int],
    scale: Double,
    means: [Double],
    level: Kernels.Level = .automatic,
    multiples: (Int) -> Multiples
  ) {
    precondition(means.count == columns.count)
    let count = matrix.rowCount
    rowCount = count
    sums = [Double](repeating: 0, count: Term.allCases.count * count)
    var factors: [Double] = []
    factors.reserveCapacity(3 * columns.count)
    for position in columns.indices {
      let each = multiples(position)
      factors += [each.first, each.second, each.third]
    }
    let starts = columns.map { (column: Int) -> Int in
      precondition(column >= 0 && column < matrix.columnCount)
      return column * count
    }
    unsafe matrix.elements.withUnsafeBufferPointer { x in
      unsafe starts.withUnsafeBufferPointer { s in
        unsafe means.withUnsafeBufferPointer { m in
          unsafe factors.withUnsafeBufferPointer { f in
            unsafe sums.withUnsafeMutableBufferPointer { y in
              guard let x = x.baseAddress, let s = s.baseAddress, let m = m.baseAddress,
                let f = f.baseAddress, let y = y.baseAddress
              else { return }
              for k in stride(from: 0, to: columns.count, by: 4) {
                unsafe keel_row_sums(
                  x, s + k, min(4, columns.count - k), count, scale, m + k, f + 3 * k, y, count,
                  level.rawValue)
              }
            }
          }
        }
      }
    }
  }

  /// The sum over the rows of the product of some of the sums.
  package func sum(_ terms: Term...) -> Double {
    var total = 0.0
    for i in 0..<rowCount {
      var product = 1.0
      for term in terms { product *= sums[term.rawValue * rowCount + i] }
      total += product
    }
    return total
  }
}

/// Rows of columns, centered and weighted.
enum WeightedRows {
  /// Writes `min(x scale − center, ceiling) weight` of some rows of columns one after the other.
  ///
  /// - Parameters:
  ///   - panel: The output, at least as long as rows and columns need.
  ///   - rows: Rows of the matrix.
  ///   - matrix: T × N numbers.
  ///   - columns: Which columns, in the order in which they are written.
  ///   - scale: The factor of every number.
  ///   - centers: What is taken off each of them.
  ///   - ceiling: The largest number that is written.
  ///   - weights: One for each of the rows.
  static func fill(
    _ panel: inout [Double],
    _ rows: Range<Int>,
    of matrix: Matrix,
    columns: [Int],
    scale: Double,
    centers: [Double],
    ceiling: Double,
    weights: ArraySlice<Double>
  ) {
    let count = rows.count
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= matrix.rowCount && weights.count == count
        && centers.count == columns.count && panel.count >= count * columns.count)
    let starts = columns.map { (column: Int) -> Int in
      precondition(column >= 0 && column < matrix.columnCount)
      return column * matrix.rowCount + rows.lowerBound
    }
    unsafe matrix.elements.withUnsafeBufferPointer { x in
      unsafe weights.withUnsafeBufferPointer { w in
        unsafe panel.withUnsafeMutableBufferPointer { y in
          guard let x = x.baseAddress, let w = w.baseAddress, let y = y.baseAddress else { return }
          for (position, start) in starts.enumerated() {
            let next = starts[min(position + 1, starts.count - 1)]
            unsafe keel_weighted(
              x + start, count, scale, centers[position], ceiling, w, x + next,
              y + position * count, Kernels.Level.automatic.rawValue)
          }
        }
      }
    }
  }
}

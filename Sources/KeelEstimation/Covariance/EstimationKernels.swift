import CKeelKernels
package import KeelNumerics

// The module's only door to memory without checks: signs of moves as bits.

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

import CKeelKernels

// Sums of products over vectors and matrices.

extension Kernels {
  /// Adds a combination of columns of a square matrix to a vector.
  ///
  /// - Parameters:
  ///   - elements: The matrix, column after column, with as many rows as `result` has elements.
  ///   - columns: The positions of the columns; the first `count` are used.
  ///   - factors: Their factors.
  ///   - count: The number of columns.
  ///   - result: What the combination is added to.
  ///   - level: The instructions to use.
  /// - Throws: `NumericsError.shapeMismatch` when a position lies outside.
  package static func addColumns(
    of elements: Span<Double>,
    at columns: Span<Int>,
    times factors: Span<Double>,
    count: Int,
    to result: inout MutableSpan<Double>,
    level: Level = .automatic
  ) throws(NumericsError) {
    try requireColumns(elements, columns, factors, count, rowCount: result.count)
    unsafe elements.withUnsafeBufferPointer { a in
      unsafe columns.withUnsafeBufferPointer { c in
        unsafe factors.withUnsafeBufferPointer { f in
          unsafe result.withUnsafeMutableBufferPointer { y in
            unsafe keel_combine_columns(
              a.baseAddress, y.count, y.count, c.baseAddress, f.baseAddress, count, y.baseAddress,
              nil, level.rawValue)
          }
        }
      }
    }
  }

  /// Adds a combination of columns, and the same of magnitudes, to two vectors of equal length.
  ///
  /// - Parameters:
  ///   - elements: The matrix, column after column, with as many rows as `result` has elements.
  ///   - columns: The positions of the columns; the first `count` are used.
  ///   - factors: Their factors.
  ///   - count: The number of columns.
  ///   - result: What the combination is added to.
  ///   - magnitudes: What the combination of magnitudes is added to.
  ///   - level: The instructions to use.
  /// - Throws: `NumericsError.shapeMismatch` when a position lies outside.
  package static func addColumns(
    of elements: Span<Double>,
    at columns: Span<Int>,
    times factors: Span<Double>,
    count: Int,
    to result: inout MutableSpan<Double>,
    magnitudes: inout MutableSpan<Double>,
    level: Level = .automatic
  ) throws(NumericsError) {
    guard magnitudes.count == result.count else {
      throw .shapeMismatch(argument: "magnitudes", got: magnitudes.count, required: result.count)
    }
    try requireColumns(elements, columns, factors, count, rowCount: result.count)
    unsafe elements.withUnsafeBufferPointer { a in
      unsafe columns.withUnsafeBufferPointer { c in
        unsafe factors.withUnsafeBufferPointer { f in
          unsafe result.withUnsafeMutableBufferPointer { y in
            unsafe magnitudes.withUnsafeMutableBufferPointer { s in
              unsafe keel_combine_columns(
                a.baseAddress, y.count, y.count, c.baseAddress, f.baseAddress, count,
                y.baseAddress, s.baseAddress, level.rawValue)
            }
          }
        }
      }
    }
  }

  private static func requireColumns(
    _ elements: Span<Double>,
    _ columns: Span<Int>,
    _ factors: Span<Double>,
    _ count: Int,
    rowCount: Int
  ) throws(NumericsError) {
    guard count >= 0, columns.count >= count, factors.count >= count else {
      throw .shapeMismatch(
        argument: "columns", got: min(columns.count, factors.count), required: count)
    }
    let columnCount = rowCount == 0 ? 0 : elements.count / rowCount
    for k in 0..<count where columns[k] < 0 || columns[k] >= columnCount {
      throw .shapeMismatch(argument: "columns", got: columns[k], required: columnCount)
    }
  }

  /// The sum of the products of two arrays; of the shorter one's length.
  package static func dot(
    _ x: Span<Double>,
    _ y: Span<Double>,
    level: Level = .automatic
  ) -> Double {
    unsafe x.withUnsafeBufferPointer { left in
      unsafe y.withUnsafeBufferPointer { right in
        unsafe keel_dot(
          left.baseAddress, right.baseAddress, min(left.count, right.count), level.rawValue)
      }
    }
  }

  /// Adds `factor` times `x` to `y`, over the shorter one's length.
  package static func add(
    _ factor: Double,
    _ x: Span<Double>,
    to y: inout MutableSpan<Double>,
    level: Level = .automatic
  ) {
    unsafe x.withUnsafeBufferPointer { source in
      unsafe y.withUnsafeMutableBufferPointer { target in
        unsafe keel_axpy(
          factor, source.baseAddress, target.baseAddress, min(source.count, target.count),
          level.rawValue)
      }
    }
  }

  /// Writes the product of a symmetric matrix and a vector; one triangle of the matrix is read.
  ///
  /// Nothing is checked but the counts: what is not finite passes through.
  package static func multiply(
    _ matrix: borrowing SymmetricMatrix,
    _ x: Span<Double>,
    into output: inout MutableSpan<Double>,
    level: Level = .automatic
  ) throws(NumericsError) {
    let order = matrix.order
    guard x.count == order else {
      throw .shapeMismatch(argument: "x", got: x.count, required: order)
    }
    guard output.count == order else {
      throw .shapeMismatch(argument: "output", got: output.count, required: order)
    }
    unsafe matrix.elements.withUnsafeBufferPointer { elements in
      unsafe x.withUnsafeBufferPointer { source in
        unsafe output.withUnsafeMutableBufferPointer { target in
          unsafe keel_symmetric_product(
            elements.baseAddress, order, source.baseAddress, target.baseAddress, level.rawValue)
        }
      }
    }
  }

  /// Writes one minus a column of correlations; returns the least element that is a number.
  ///
  /// ```text
  /// output(k) = 1 − ((column(k) scales(j)) scales(k)) (factors(j) factors(k))
  /// ```
  ///
  /// The scales are powers of two, the factors one over the roots of the scaled variances. A NaN
  /// among the factors makes its element NaN.
  package static func correlationGaps(
    _ column: Span<Double>,
    of j: Int,
    scales: Span<Double>,
    factors: Span<Double>,
    factor: Double,
    into output: inout MutableSpan<Double>,
    level: Level = .automatic
  ) -> Double {
    let count = min(min(column.count, scales.count), min(factors.count, output.count))
    let scale = scales[j]
    return unsafe column.withUnsafeBufferPointer { column in
      unsafe scales.withUnsafeBufferPointer { scales in
        unsafe factors.withUnsafeBufferPointer { factors in
          unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe keel_correlation_gap(
              column.baseAddress, scales.baseAddress, factors.baseAddress, scale, factor,
              output.baseAddress, count, level.rawValue)
          }
        }
      }
    }
  }

  /// Lowers the elements of `y` to those of `x` that are less, and tags them.
  ///
  /// Returns the least element of `y`, and whether an element met an equal one.
  package static func lower(
    _ y: inout MutableSpan<Double>,
    to x: Span<Double>,
    tag: Double,
    _ tags: inout MutableSpan<Double>,
    level: Level = .automatic
  ) -> (least: Double, hasTies: Bool) {
    let count = min(min(x.count, y.count), tags.count)
    var ties: Int32 = 0
    let least = unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        unsafe tags.withUnsafeMutableBufferPointer { tags in
          unsafe keel_lower_tagged(
            x.baseAddress, tag, y.baseAddress, tags.baseAddress, count, &ties, level.rawValue)
        }
      }
    }
    return (least, ties != 0)
  }

  /// The first index from `start` on whose element equals a value, or the count.
  package static func firstIndex(
    of value: Double,
    in x: Span<Double>,
    from start: Int,
    level: Level = .automatic
  ) -> Int {
    unsafe x.withUnsafeBufferPointer { x in
      unsafe keel_first_equal(
        x.baseAddress, x.count, min(max(start, 0), x.count), value, level.rawValue)
    }
  }
}

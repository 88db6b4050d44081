import KeelNumerics

/// Mean and rough spread of a column, read twice while it is in the cache.
struct ColumnSummary {
  /// The mean times the scale.
  let mean: Double

  /// Σ (x − x(0))² in scaled units: infinite or zero where the scale does not suit the column.
  let squareSum: Double

  /// Whether the mean is small beside the deviation, so that Σ x² − T m² loses no more than a bit.
  let hasSmallMean: Bool

  /// - Parameters:
  ///   - values: The column, not empty.
  ///   - scale: A power of two by which each value is multiplied.
  init(_ values: Span<Double>, scale: Double) {
    // Differences from the first value: a constant column has exactly its value as the mean.
    let origin = values[0] * scale
    var sums = SIMD8<Double>.zero
    var squares = SIMD8<Double>.zero
    let count = values.count
    var i = 0
    while i &+ 8 <= count {
      let block = SIMD8(
        values[i], values[i &+ 1], values[i &+ 2], values[i &+ 3], values[i &+ 4],
        values[i &+ 5], values[i &+ 6], values[i &+ 7])
      let difference = block * scale - origin
      sums += difference
      squares += difference * difference
      i &+= 8
    }
    var sum = sums.sum()
    var square = squares.sum()
    while i < count {
      let difference = values[i] * scale - origin
      sum += difference
      square += difference * difference
      i &+= 1
    }
    let rough = origin + sum / Double(count)
    squareSum = square
    let shift = rough - origin
    let variance = square / Double(count) - shift * shift
    // What rounding left: products of columns less T times those of means hold the error of a mean in first order.
    var rest = SIMD8<Double>.zero
    i = 0
    while i &+ 8 <= count {
      let block = SIMD8(
        values[i], values[i &+ 1], values[i &+ 2], values[i &+ 3], values[i &+ 4],
        values[i &+ 5], values[i &+ 6], values[i &+ 7])
      rest += block * scale - rough
      i &+= 8
    }
    var remainder = rest.sum()
    while i < count {
      remainder += values[i] * scale - rough
      i &+= 1
    }
    let mean = rough + remainder / Double(count)
    self.mean = mean
    hasSmallMean = mean == 0 || (variance > 0 && mean * mean <= variance)
  }

  /// False when a value is NaN or infinite; also when only the sum overflows.
  var isFinite: Bool { mean.isFinite }
}

extension Span where Element == Double {
  /// The largest magnitude.
  var largestMagnitude: Double {
    var largest = 0.0
    for i in indices { largest = Swift.max(largest, self[i].magnitude) }
    return largest
  }
}

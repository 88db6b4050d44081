import KeelNumerics

/// Mean, least and largest value of a column, in one pass.
struct ColumnSummary {
  /// The mean times the scale.
  let mean: Double

  /// The least value.
  let lowest: Double

  /// The largest value.
  let highest: Double

  let count: Int

  /// - Parameters:
  ///   - values: The column, not empty.
  ///   - scale: A power of two by which each value is multiplied in the mean.
  init(_ values: Span<Double>, scale: Double) {
    count = values.count
    // Differences from the first value: a constant column has exactly its value as the mean.
    let origin = values[0] * scale
    var sums = SIMD8<Double>.zero
    var least = SIMD8(repeating: values[0])
    var most = least
    var i = 0
    while i &+ 8 <= values.count {
      let block = SIMD8(
        values[i], values[i &+ 1], values[i &+ 2], values[i &+ 3], values[i &+ 4],
        values[i &+ 5], values[i &+ 6], values[i &+ 7])
      sums += block * scale - origin
      least = pointwiseMin(least, block)
      most = pointwiseMax(most, block)
      i &+= 8
    }
    var sum = sums.sum()
    var lowest = least.min()
    var highest = most.max()
    while i < values.count {
      sum += values[i] * scale - origin
      lowest = min(lowest, values[i])
      highest = max(highest, values[i])
      i &+= 1
    }
    mean = origin + sum / Double(values.count)
    self.lowest = lowest
    self.highest = highest
  }

  /// False when a value is NaN or infinite; also when only the sum overflows.
  var isFinite: Bool { mean.isFinite }

  var largestMagnitude: Double { max(lowest.magnitude, highest.magnitude) }

  /// Whether the column cannot be returns: so many in a row that none is below 50 %.
  var looksLikePrices: Bool {
    let enough = 10
    let lowestPrice = 0.5
    return count >= enough && lowest >= lowestPrice
  }
}

/// A series in units of a power of two near its root mean square, so that fits see numbers near one
/// and scaling by a power of two changes no bit.
struct ScaledSeries {
  let values: [Double]
  let scale: Double
  let mean: Double

  /// Checks and scales a series that varies.
  init(
    _ series: [Double], argument: String, minimumCount: Int
  ) throws(EstimationError) {
    guard series.count >= minimumCount else {
      throw .tooFewObservations(got: series.count, required: minimumCount)
    }
    var largest = 0.0
    for (index, value) in series.enumerated() {
      guard value.isFinite else {
        throw .invalidObservation(argument: argument, index: index, got: value)
      }
      largest = max(largest, value.magnitude)
    }
    guard let first = series.first, series.contains(where: { $0 != first }) else {
      throw .zeroVariance(asset: nil, column: 0)
    }
    // Twice, as squares of the raw numbers may overflow or vanish.
    let rough = Self.powerOfTwo(largest)
    let square = series.reduce(0) { $0 + ($1 / rough) * ($1 / rough) } / Double(series.count)
    scale = rough * Self.powerOfTwo(square.squareRoot())
    guard scale.isNormal, (scale * scale).isNormal else {
      throw .notRepresentable(result: "variance")
    }
    let scale = scale
    values = series.map { $0 / scale }
    mean = values.reduce(0, +) / Double(values.count)
  }

  private static func powerOfTwo(_ value: Double) -> Double {
    Double(sign: .plus, exponent: value.exponent, significand: 1)
  }
}

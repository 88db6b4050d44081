#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An axis with its marks and its place in a drawing.
struct AxisMap {
  let axis: Axis
  let ticks: Ticks
  /// The place of the first and of the last value.
  let start: Double
  let end: Double

  /// Values far outside the axis stop here, in lengths of the axis.
  private static let farthest = 50.0

  /// The place of a value that the axis shows.
  func position(_ value: Double) -> Double {
    let low = ticks.range.lowerBound
    let high = ticks.range.upperBound
    let share =
      axis.scale == .linear
      ? (value - low) / (high - low)
      : (log10(value) - log10(low)) / (log10(high) - log10(low))
    return start + min(max(share, -Self.farthest), Self.farthest) * (end - start)
  }

  /// Whether a value lies between the ends of the axis.
  func contains(_ value: Double) -> Bool { ticks.range.contains(value) }

  /// A horizontal axis with as many marks as fit without touching.
  static func horizontal(
    _ axis: Axis, data: ClosedRange<Double>?, from start: Double, to end: Double
  ) -> AxisMap {
    let leastGap = 14.0
    let widestTarget = max(2, Int((end - start) / 70))
    for target in Swift.stride(from: widestTarget, through: 2, by: -1) {
      let map = AxisMap(
        axis: axis, ticks: Ticks(axis: axis, data: data, target: target), start: start, end: end)
      let places = map.ticks.values.map(map.position)
      let widths = map.ticks.labels.map { TextWidth.of($0, size: FigureStyle.tickSize) }
      let fits = places.indices.dropFirst().allSatisfy { i in
        places[i] - places[i - 1] >= (widths[i] + widths[i - 1]) / 2 + leastGap
      }
      if fits { return map }
    }
    let ticks = Ticks(axis: axis, data: data, target: 2)
    return AxisMap(axis: axis, ticks: ticks.endsOnly, start: start, end: end)
  }

  /// A vertical axis; zero or the low end is at the bottom.
  static func vertical(
    _ axis: Axis, data: ClosedRange<Double>?, bottom: Double, top: Double
  ) -> AxisMap {
    let target = max(2, Int((bottom - top) / 46))
    let ticks = Ticks(axis: axis, data: data, target: target)
    return AxisMap(axis: axis, ticks: ticks, start: bottom, end: top)
  }

  /// The width of the widest label.
  var labelWidth: Double {
    ticks.labels.map { TextWidth.of($0, size: FigureStyle.tickSize) }.max() ?? 0
  }
}

extension Ticks {
  /// The first mark alone, where not even two fit.
  var endsOnly: Ticks {
    Ticks(values: Array(values.prefix(1)), labels: Array(labels.prefix(1)), range: range)
  }
}

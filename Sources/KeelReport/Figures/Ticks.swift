// Goals, in order: ticks are round numbers that a double represents as well as possible, they lie
// inside the axis and increase strictly, and any finite range gets an answer.
//
// Linear ticks are multiples of 1, 2, 2.5 or 5 times a power of ten. Each is made by reading its
// decimal text, so that the third tick of step 0.1 is 0.3 and not 0.30000000000000004.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The marks of an axis: places and texts.
package struct Ticks: Hashable, Sendable {
  /// The marked values, increasing.
  package let values: [Double]

  /// The text of each mark.
  package let labels: [String]

  /// The ends of the axis, first below last.
  package let range: ClosedRange<Double>

  /// Marks for an axis.
  ///
  /// - Parameters:
  ///   - axis: The axis; its own range wins over the data.
  ///   - data: The ends of the data; nil when there are none.
  ///   - target: The wanted number of marks.
  package init(axis: Axis, data: ClosedRange<Double>?, target: Int) {
    let wanted = min(max(target, 2), 50)
    let own = axis.range.flatMap {
      axis.shows($0.lowerBound) && axis.shows($0.upperBound) ? $0 : nil
    }
    switch axis.scale {
    case .linear:
      let ends = Self.widened(own ?? data ?? 0...1)
      self = Self.linear(ends, unit: axis.unit, target: wanted, extends: own == nil)
    case .logarithmic:
      self = Self.logarithmic(own ?? data ?? 0.1...1, axis: axis, target: wanted)
    }
  }

  init(values: [Double], labels: [String], range: ClosedRange<Double>) {
    self.values = values
    self.labels = labels
    self.range = range
  }

  /// Ends closer than this, relative to the larger one, do not count as an extent.
  private static let leastRelativeSpan = 1e-9

  /// Ends that differ enough for marks between them to differ as doubles and as text.
  private static func widened(_ ends: ClosedRange<Double>) -> ClosedRange<Double> {
    let largest = max(ends.lowerBound.magnitude, ends.upperBound.magnitude)
    let span = ends.upperBound - ends.lowerBound
    if span > largest * leastRelativeSpan && span > Axis.smallestLogarithmic { return ends }
    let margin = largest > Axis.smallestLogarithmic ? largest * 0.1 : 1
    return (ends.lowerBound - margin)...(ends.upperBound + margin)
  }

  // MARK: Linear

  private static func linear(
    _ ends: ClosedRange<Double>, unit: AxisUnit, target: Int, extends: Bool
  ) -> Ticks {
    let step = DecimalStep(atLeast: (ends.upperBound - ends.lowerBound) / Double(target))
    let size = step.size
    var first = (ends.lowerBound / size).rounded(.up)
    var last = (ends.upperBound / size).rounded(.down)
    // An end that comes from the data moves out to the next mark, but for a mark's last digit.
    let slack = 1e-9
    if extends {
      first = (ends.lowerBound / size + slack).rounded(.down)
      last = (ends.upperBound / size - slack).rounded(.up)
    }
    // A mark that lies far outside would leave the axis emptier than it helps.
    let fewestMarks = 3.0
    let farthest = 0.6 * size
    if extends, last - first >= fewestMarks, last * size - ends.upperBound > farthest { last -= 1 }
    if extends, last - first >= fewestMarks, ends.lowerBound - first * size > farthest {
      first += 1
    }
    let values = (0...max(Int(last - first), 0)).map { step.multiple(first + Double($0)) }
    let format = linearFormat(
      step, unit: unit, largest: max(first.magnitude, last.magnitude) * size)
    let range =
      extends
      ? min(values[0], ends.lowerBound)...max(values[values.count - 1], ends.upperBound) : ends
    return Ticks(
      values: values.filter(range.contains),
      labels: values.filter(range.contains).map(format.string),
      range: range)
  }

  private static func linearFormat(
    _ step: DecimalStep, unit: AxisUnit, largest: Double
  ) -> NumberFormat {
    let mostDecimals = 8
    let isExtreme = step.decimals > mostDecimals || largest >= NumberFormat.largestFixedMagnitude
    switch unit {
    case .number:
      return isExtreme ? .scientific(scientificDecimals(step, largest)) : .fixed(step.decimals)
    case .percent:
      return isExtreme
        ? .scientific(scientificDecimals(step, largest))
        : .percent(max(step.decimals - 2, 0))
    case .currency(let symbol):
      return isExtreme
        ? .scientific(scientificDecimals(step, largest))
        : .currency(symbol, decimals: step.decimals)
    }
  }

  private static func scientificDecimals(_ step: DecimalStep, _ largest: Double) -> Int {
    guard largest > 0 else { return step.digit % 10 == 0 ? 0 : 1 }
    return max(Int(log10(largest).rounded(.down)) + step.decimals, 0)
  }

  // MARK: Logarithmic

  private static func logarithmic(
    _ ends: ClosedRange<Double>, axis: Axis, target: Int
  ) -> Ticks {
    let slack = 1e-9
    let low = Int((log10(ends.lowerBound) + slack).rounded(.down))
    var high = Int((log10(ends.upperBound) - slack).rounded(.up))
    if high <= low { high = low + 1 }
    // Ends with one logarithm would leave no length to divide by: the whole decade is drawn then.
    let span = ends.upperBound - ends.lowerBound
    let own = axis.range == ends && span > ends.upperBound * leastRelativeSpan
    let range = own ? ends : DecimalStep.power(low)...DecimalStep.power(high)
    let stride = max(1, (high - low + target - 1) / target)
    let mantissas: [Int] = (high - low) * 3 <= target ? [1, 2, 5] : [1]
    var values: [Double] = []
    var labels: [String] = []
    for exponent in Swift.stride(from: low, through: high, by: stride) {
      for mantissa in mantissas {
        let value = DecimalStep.value(mantissa, exponent: exponent)
        guard range.contains(value) else { continue }
        values.append(value)
        labels.append(logarithmicLabel(value, exponent: exponent, unit: axis.unit))
      }
    }
    return Ticks(values: values, labels: labels, range: range)
  }

  private static func logarithmicLabel(_ value: Double, exponent: Int, unit: AxisUnit) -> String {
    let mostZeros = 5
    switch unit {
    case .percent where exponent >= -mostZeros - 1 && exponent <= mostZeros:
      return NumberFormat.percent(max(-exponent - 2, 0)).string(value)
    case .number where exponent.magnitude <= mostZeros:
      return NumberFormat.fixed(max(-exponent, 0)).string(value)
    case .currency(let symbol) where exponent.magnitude <= 12 && exponent >= -mostZeros:
      return NumberFormat.currency(symbol, decimals: max(-exponent, 0)).string(value)
    default:
      return NumberFormat.scientific(0).string(value)
    }
  }
}

/// A round step: 1, 2, 2.5 or 5 times a power of ten.
private struct DecimalStep {
  /// Ten times the leading number: 10, 20, 25 or 50.
  let digit: Int
  /// The power of ten that goes with `digit`.
  let exponent: Int

  /// The least round step that is not below a length.
  init(atLeast length: Double) {
    let power = Int(log10(max(length, Axis.smallestLogarithmic)).rounded(.down))
    let candidates = [10, 20, 25, 50, 100]
    let slack = 1 - 1e-9
    let chosen = candidates.first { Self.value($0, exponent: power - 1) >= length * slack } ?? 100
    digit = chosen == 100 ? 10 : chosen
    exponent = chosen == 100 ? power : power - 1
  }

  var size: Double { Self.value(digit, exponent: exponent) }

  /// The number of decimals that write every multiple.
  var decimals: Int { max(digit % 10 == 0 ? -(exponent + 1) : -exponent, 0) }

  /// The multiple that is nearest to `count` steps as a double.
  func multiple(_ count: Double) -> Double {
    Self.value(Int(count) * digit, exponent: exponent)
  }

  static func power(_ exponent: Int) -> Double { value(1, exponent: exponent) }

  /// `integer × 10^exponent`, correctly rounded.
  static func value(_ integer: Int, exponent: Int) -> Double {
    Double("\(integer)e\(exponent)") ?? 0
  }
}

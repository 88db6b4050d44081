/// How values become places along an axis.
@nonexhaustive
public enum Scale: Hashable, Sendable {
  /// Equal differences have equal lengths.
  case linear
  /// Equal ratios have equal lengths; values that are not positive cannot be shown.
  case logarithmic
}

/// How the numbers of an axis are written.
@nonexhaustive
public enum AxisUnit: Hashable, Sendable {
  /// Plain numbers.
  case number
  /// Fractions, written as percentages.
  case percent
  /// Amounts of money with a sign before the digits.
  case currency(String)
}

/// A value axis: what it measures, its scale and, if wanted, its ends.
public struct Axis: Hashable, Sendable {
  /// What the axis measures, with the unit; may be empty.
  public var label: String

  /// How values become places.
  public var scale: Scale

  /// How the numbers are written.
  public var unit: AxisUnit

  /// The ends of the axis; nil takes them from the data.
  public var range: ClosedRange<Double>?

  /// Creates an axis.
  ///
  /// - Parameters:
  ///   - label: What the axis measures, with the unit.
  ///   - scale: How values become places.
  ///   - unit: How the numbers are written.
  ///   - range: The ends; nil takes them from the data. A range that the scale cannot show (not
  ///     finite, or not positive on a logarithmic scale) counts as nil; one whose ends agree to a part
  ///     in 10⁹ is widened.
  public init(
    _ label: String = "",
    scale: Scale = .linear,
    unit: AxisUnit = .number,
    range: ClosedRange<Double>? = nil
  ) {
    self.label = label
    self.scale = scale
    self.unit = unit
    self.range = range
  }

  /// Whether a value has a place on this axis.
  func shows(_ value: Double) -> Bool {
    guard value.magnitude <= Self.largestMagnitude else { return false }
    return scale == .linear || value >= Self.smallestLogarithmic
  }

  /// Larger magnitudes count as missing, so that the length of an axis cannot overflow.
  static let largestMagnitude = 1e300

  /// Smaller values count as missing on a logarithmic axis: ticks below could not be told apart.
  static let smallestLogarithmic = 1e-300
}

/// A line across a figure at one value, with a label.
public struct ReferenceLine: Hashable, Sendable {
  /// The value.
  public var value: Double

  /// What the value means.
  public var label: String

  /// Creates a reference line.
  ///
  /// - Parameters:
  ///   - value: The value on the axis that the figure names.
  ///   - label: What the value means.
  public init(_ value: Double, label: String) {
    self.value = value
    self.label = label
  }
}

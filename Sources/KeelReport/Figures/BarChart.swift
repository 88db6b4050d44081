/// The direction in which bars grow.
@nonexhaustive
public enum BarOrientation: Hashable, Sendable {
  /// To the right, one row a category: room for long names and for the value beside the bar.
  case horizontal
  /// Upwards, one column a category; drawn as rows where the names do not fit under columns.
  case vertical
}

/// One bar for each category.
public struct BarChart: Figure, Hashable {
  /// One bar.
  public struct Bar: Hashable, Sendable {
    /// The name of the category.
    public var label: String

    /// The value on the axis.
    public var value: Double

    /// Creates a bar.
    ///
    /// - Parameters:
    ///   - label: The name of the category.
    ///   - value: The value on the axis; NaN for none.
    public init(_ label: String, _ value: Double) {
      self.label = label
      self.value = value
    }
  }

  /// The words around the drawing.
  public var caption: Caption

  /// The bars in order.
  public var bars: [Bar]

  /// The axis of the values.
  public var axis: Axis

  /// The direction in which the bars grow.
  public var orientation: BarOrientation

  /// A line across the bars, such as a limit.
  public var reference: ReferenceLine?

  /// Creates a bar chart.
  ///
  /// - Parameters:
  ///   - caption: The words around the drawing.
  ///   - bars: The bars in order.
  ///   - axis: The axis of the values.
  ///   - orientation: The direction in which the bars grow.
  ///   - reference: A line across the bars.
  public init(
    caption: Caption,
    bars: [Bar],
    axis: Axis = Axis(),
    orientation: BarOrientation = .horizontal,
    reference: ReferenceLine? = nil
  ) {
    self.caption = caption
    self.bars = bars
    self.axis = axis
    self.orientation = orientation
    self.reference = reference
  }

  private var grouped: GroupedBarChart {
    var chart = GroupedBarChart(
      caption: caption, categories: bars.map(\.label),
      series: [GroupedBarChart.Series("", bars.map(\.value))], axis: axis,
      orientation: orientation)
    chart.reference = reference
    return chart
  }

  /// The number of values that have no place on the axis.
  public var skippedPointCount: Int { grouped.skippedPointCount }

  /// The SVG element.
  ///
  /// - Parameters:
  ///   - width: The width for which the drawing is laid out, in CSS pixels.
  ///   - styling: Whether the style sheet is part of the element.
  /// - Returns: One `svg` element.
  public func svg(width: Double, styling: FigureStyling) -> String {
    grouped.svg(width: width, styling: styling)
  }
}

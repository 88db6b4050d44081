/// Several bars side by side for each category, one a series.
public struct GroupedBarChart: Figure, Hashable {
  /// One bar a category, all in one color.
  public struct Series: Hashable, Sendable {
    /// The name in the legend.
    public var name: String

    /// One value a category; NaN, or nothing at the end, for none.
    public var values: [Double]

    /// Creates a series.
    ///
    /// - Parameters:
    ///   - name: The name in the legend.
    ///   - values: One value a category.
    public init(_ name: String, _ values: [Double]) {
      self.name = name
      self.values = values
    }
  }

  /// The words around the drawing.
  public var caption: Caption

  /// The names of the categories.
  public var categories: [String]

  /// The series, in the order of the bars in each group.
  public var series: [Series]

  /// The axis of the values.
  public var axis: Axis

  /// The direction in which the bars grow.
  public var orientation: BarOrientation

  /// A line across the bars, such as a limit.
  public var reference: ReferenceLine?

  /// Creates a grouped bar chart.
  ///
  /// - Parameters:
  ///   - caption: The words around the drawing.
  ///   - categories: The names of the categories.
  ///   - series: The series; values beyond the last category count as not shown.
  ///   - axis: The axis of the values.
  ///   - orientation: The direction in which the bars grow.
  public init(
    caption: Caption,
    categories: [String],
    series: [Series],
    axis: Axis = Axis(),
    orientation: BarOrientation = .vertical
  ) {
    self.caption = caption
    self.categories = categories
    self.series = series
    self.axis = axis
    self.orientation = orientation
  }

  /// The number of values that have no place on the axis.
  public var skippedPointCount: Int {
    series.reduce(0) { count, series in
      let hidden = series.values.prefix(categories.count).count { !axis.shows($0) }
      return count + hidden + max(series.values.count - categories.count, 0)
    }
  }

  /// The SVG element.
  ///
  /// - Parameters:
  ///   - width: The width for which the drawing is laid out, in CSS pixels.
  ///   - styling: Whether the style sheet is part of the element.
  /// - Returns: One `svg` element.
  public func svg(width: Double, styling: FigureStyling) -> String {
    switch orientation {
    case .vertical where columnsFit(width: width):
      verticalDrawing(width: width, styling: styling)
    case .vertical: horizontalDrawing(width: width, styling: styling)
    case .horizontal: horizontalDrawing(width: width, styling: styling)
    }
  }

  // MARK: What both directions share

  func frame(width: Double, styling: FigureStyling) -> FigureFrame {
    let entries =
      series.count < 2
      ? []
      : series.enumerated().map { LegendEntry(name: $1.name, mark: .square, color: $0) }
    return FigureFrame(caption: caption, width: width, styling: styling, legend: entries)
  }

  /// The value of a bar, or nil where there is none to draw.
  func value(series index: Int, category: Int) -> Double? {
    let values = series[index].values
    guard category < values.count, axis.shows(values[category]) else { return nil }
    return values[category]
  }

  /// The ends of the data; bars start at zero, which a linear axis therefore always has.
  var dataRange: ClosedRange<Double>? {
    var shown = series.flatMap { $0.values.prefix(categories.count).filter(axis.shows) }
    if shown.isEmpty { return nil }
    if let reference, axis.shows(reference.value) { shown.append(reference.value) }
    if axis.scale == .linear { shown.append(0) }
    guard let low = shown.min(), let high = shown.max() else { return nil }
    return low...high
  }

  /// The place where bars start.
  func baseline(_ map: AxisMap) -> Double {
    axis.scale == .linear && map.contains(0) ? map.position(0) : map.start
  }

  func hint(series index: Int, category: Int, value: Double) -> String {
    let parts = [categories[category], series[index].name].filter { !$0.isEmpty }
    return parts.joined(separator: ", ") + ": " + axis.valueFormat.string(value)
  }

  func isReferenceShown(_ map: AxisMap) -> Bool {
    guard let reference, axis.shows(reference.value) else { return false }
    return map.contains(reference.value)
  }

  /// One sentence in place of the drawing.
  var summary: String {
    let shown = categories.indices.flatMap { category in
      series.indices.compactMap { index in
        value(series: index, category: category).map {
          (hint: index, category: category, value: $0)
        }
      }
    }
    let counts = "Bar chart of \(categories.count) categories and \(series.count) series"
    guard let low = shown.min(by: { $0.value < $1.value }),
      let high = shown.max(by: { $0.value < $1.value })
    else { return counts + " without a value." }
    return counts + ", from " + hint(series: low.hint, category: low.category, value: low.value)
      + " to " + hint(series: high.hint, category: high.category, value: high.value) + "."
  }
}

extension Axis {
  /// The way of writing single values, with more digits than the marks of the axis.
  var valueFormat: NumberFormat {
    switch unit {
    case .number: .fixed(2)
    case .percent: .percent(1)
    case .currency(let symbol): .currency(symbol, decimals: 0)
    }
  }
}

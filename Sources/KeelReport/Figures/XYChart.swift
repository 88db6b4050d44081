/// Lines and clouds of points over two value axes, each linear or logarithmic.
public struct XYChart: Figure, Hashable {
  /// A pair of values.
  public struct Point: Hashable, Sendable {
    /// The value on the horizontal axis.
    public var x: Double

    /// The value on the vertical axis.
    public var y: Double

    /// Creates a point.
    ///
    /// - Parameters:
    ///   - x: The value on the horizontal axis.
    ///   - y: The value on the vertical axis.
    public init(x: Double, y: Double) {
      self.x = x
      self.y = y
    }
  }

  /// How a series is drawn.
  @nonexhaustive
  public enum Mark: Hashable, Sendable {
    /// A line through the points in their order; a missing point breaks it.
    case line
    /// A dashed line.
    case dashedLine
    /// A dotted line.
    case dottedLine
    /// One dot a point.
    case points
  }

  /// Points in one color.
  public struct Series: Hashable, Sendable {
    /// The name in the legend.
    public var name: String

    /// The points in order.
    public var points: [Point]

    /// How the points are drawn.
    public var mark: Mark

    /// Creates a series.
    ///
    /// - Parameters:
    ///   - name: The name in the legend.
    ///   - points: The points in order.
    ///   - mark: How the points are drawn.
    public init(_ name: String, points: [Point], mark: Mark = .line) {
      self.name = name
      self.points = points
      self.mark = mark
    }
  }

  /// The words around the drawing.
  public var caption: Caption

  /// The series; later ones are painted over earlier ones.
  public var series: [Series]

  /// The horizontal axis.
  public var xAxis: Axis

  /// The vertical axis.
  public var yAxis: Axis

  /// Vertical lines at values of the horizontal axis.
  public var references: [ReferenceLine]

  /// Creates a chart.
  ///
  /// - Parameters:
  ///   - caption: The words around the drawing.
  ///   - series: The series.
  ///   - xAxis: The horizontal axis.
  ///   - yAxis: The vertical axis.
  ///   - references: Vertical lines at values of the horizontal axis.
  public init(
    caption: Caption,
    series: [Series],
    xAxis: Axis = Axis(),
    yAxis: Axis = Axis(),
    references: [ReferenceLine] = []
  ) {
    self.caption = caption
    self.series = series
    self.xAxis = xAxis
    self.yAxis = yAxis
    self.references = references
  }

  /// The number of points that have no place on the axes.
  public var skippedPointCount: Int {
    series.reduce(0) { $0 + $1.points.count { !isShown($0) } }
  }

  private func isShown(_ point: Point) -> Bool {
    xAxis.shows(point.x) && yAxis.shows(point.y)
  }

  /// The SVG element.
  ///
  /// - Parameters:
  ///   - width: The width for which the drawing is laid out, in CSS pixels.
  ///   - styling: Whether the style sheet is part of the element.
  /// - Returns: One `svg` element.
  public func svg(width: Double, styling: FigureStyling) -> String {
    let entries =
      series.count < 2
      ? [] : series.enumerated().map { LegendEntry(name: $1.name, mark: legendMark($1), color: $0) }
    var frame = FigureFrame(caption: caption, width: width, styling: styling, legend: entries)
    let plotHeight = frame.innerWidth < 500 ? 260.0 : 320.0
    let referenceRows = Double(min(references.count, 3))
    let top = frame.top + (yAxis.label.isEmpty ? 8 : 26) + referenceRows * 17
    let bottom = top + plotHeight
    let yMap = AxisMap.vertical(yAxis, data: range(\.y), bottom: bottom, top: top)
    let plotLeft = frame.left + yMap.labelWidth + 12
    let plotRight = frame.right - 8
    let xMap = AxisMap.horizontal(xAxis, data: range(\.x), from: plotLeft, to: plotRight)
    // The name of the vertical axis stands above the labels of the reference lines.
    frame.drawVerticalAxis(yMap, left: plotLeft, right: plotRight, nameLift: referenceRows * 17)
    frame.drawHorizontalAxis(xMap, top: top, bottom: bottom)
    frame.canvas.line(x1: plotLeft, y1: bottom, x2: plotRight, y2: bottom, style: "axis")
    drawReferences(&frame, map: xMap, top: top, bottom: bottom)
    frame.canvas.beginClip(
      x: plotLeft - 3, y: top - 3, width: plotRight - plotLeft + 6, height: plotHeight + 4)
    for (index, series) in series.enumerated() {
      let color = "s\(FigureStyle.colorIndex(index))"
      let style = series.mark == .points ? "points" : "line"
      let path =
        series.mark == .points
        ? pointPath(series, xMap, yMap) : linePath(series, xMap, yMap)
      frame.canvas.path(path, style: "\(style) \(color)\(dash(series.mark))")
    }
    frame.canvas.endClip()
    return frame.finished(
      bottom: bottom + frame.axisHeight(xAxis), skipped: skippedPointCount, summary: summary,
      styling: styling)
  }

  // MARK: Parts

  private func legendMark(_ series: Series) -> LegendEntry.Mark {
    series.mark == .points ? .points : .line(dash(series.mark))
  }

  private func dash(_ mark: Mark) -> String {
    switch mark {
    case .dashedLine: " dash"
    case .dottedLine: " dot"
    case .line, .points: ""
    }
  }

  private func range(_ coordinate: KeyPath<Point, Double>) -> ClosedRange<Double>? {
    let shown = series.flatMap { $0.points.filter(isShown).map { $0[keyPath: coordinate] } }
    guard let low = shown.min(), let high = shown.max() else { return nil }
    return low...high
  }

  /// Every point that the axes show as a dot; points on the same half pixel are painted once.
  private func pointPath(_ series: Series, _ xMap: AxisMap, _ yMap: AxisMap) -> String {
    var seen = Set<SIMD2<Int>>()
    var path = ""
    for point in series.points where isShown(point) {
      let x = xMap.position(point.x)
      let y = yMap.position(point.y)
      guard seen.insert(SIMD2(Int(x * 2), Int(y * 2))).inserted else { continue }
      path += "M\(coordinateText(x)) \(coordinateText(y))h0"
    }
    return path
  }

  /// A line that is broken at missing points; points too close to see are left out.
  private func linePath(_ series: Series, _ xMap: AxisMap, _ yMap: AxisMap) -> String {
    let leastStep = 0.25
    var path = ""
    var last: SIMD2<Double>?
    for point in series.points {
      guard isShown(point) else {
        last = nil
        continue
      }
      let place = SIMD2(xMap.position(point.x), yMap.position(point.y))
      if let previous = last, abs(previous.x - place.x) + abs(previous.y - place.y) < leastStep {
        continue
      }
      path += last == nil ? "M" : "L"
      path += "\(coordinateText(place.x)) \(coordinateText(place.y))"
      // A stroke of no length still shows a point that stands alone.
      if last == nil { path += "h0" }
      last = place
    }
    return path
  }

  /// Dashed lines with labels above the plot, in rows of their own so that they never touch.
  private func drawReferences(
    _ frame: inout FigureFrame, map: AxisMap, top: Double, bottom: Double
  ) {
    let rowCount = min(references.count, 3)
    let visible = references.filter { xAxis.shows($0.value) && map.contains($0.value) }
    for (i, reference) in visible.prefix(rowCount).enumerated() {
      let x = map.position(reference.value)
      let row = top - 6 - Double(rowCount - 1 - i) * 17
      frame.canvas.line(x1: x, y1: row + 3, x2: x, y2: bottom, style: "reference")
      let label = TextWidth.truncated(
        reference.label, to: frame.innerWidth, size: FigureStyle.tickSize)
      let width = TextWidth.of(label, size: FigureStyle.tickSize)
      let fitsRight = x + 5 + width <= frame.right
      let place = fitsRight ? x + 5 : max(x - 5, frame.left + width)
      frame.canvas.text(
        label, x: place, y: row + 3, anchor: fitsRight ? .start : .end, style: "tick")
    }
  }

  /// One sentence in place of the drawing.
  private var summary: String {
    let names = series.map { "\($0.name) (\($0.points.count(where: isShown)) points)" }
    guard let x = range(\.x), let y = range(\.y) else { return "Chart without a point." }
    let xFormat = xAxis.valueFormat
    let yFormat = yAxis.valueFormat
    return "Chart of " + names.joined(separator: ", ")
      + "; horizontal from \(xFormat.string(x.lowerBound)) to \(xFormat.string(x.upperBound))"
      + ", vertical from \(yFormat.string(y.lowerBound)) to \(yFormat.string(y.upperBound))."
  }
}

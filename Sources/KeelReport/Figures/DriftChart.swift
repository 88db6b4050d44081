/// Targets, how far values drifted from them, and where a plan brings them back, one row each.
public struct DriftChart: Figure, Hashable {
  /// One row.
  public struct Row: Hashable, Sendable {
    /// The name of the row.
    public var label: String

    /// The wanted value.
    public var target: Double

    /// The value before the plan.
    public var before: Double

    /// The value after the plan.
    public var after: Double

    /// Words at the right end of the row, such as the trade; shown where there is room.
    public var note: String

    /// Creates a row.
    ///
    /// - Parameters:
    ///   - label: The name of the row.
    ///   - target: The wanted value.
    ///   - before: The value before the plan.
    ///   - after: The value after the plan.
    ///   - note: Words at the right end of the row.
    public init(
      _ label: String, target: Double, before: Double, after: Double, note: String = ""
    ) {
      self.label = label
      self.target = target
      self.before = before
      self.after = after
      self.note = note
    }
  }

  /// The words around the drawing.
  public var caption: Caption

  /// The rows in order.
  public var rows: [Row]

  /// The distance from the target up to which nothing has to be done; drawn as a band.
  public var threshold: Double

  /// The axis of the values.
  public var axis: Axis

  /// Creates a drift chart.
  ///
  /// - Parameters:
  ///   - caption: The words around the drawing.
  ///   - rows: The rows in order.
  ///   - threshold: The distance from the target up to which nothing has to be done; no band is
  ///     drawn unless it is positive and finite.
  ///   - axis: The axis of the values.
  public init(
    caption: Caption,
    rows: [Row],
    threshold: Double,
    axis: Axis = Axis(unit: .percent)
  ) {
    self.caption = caption
    self.rows = rows
    self.threshold = threshold
    self.axis = axis
  }

  /// The number of values that have no place on the axis.
  public var skippedPointCount: Int {
    rows.reduce(0) { count, row in
      count + [row.target, row.before, row.after].count { !axis.shows($0) }
    }
  }

  /// The SVG element.
  ///
  /// - Parameters:
  ///   - width: The width for which the drawing is laid out, in CSS pixels.
  ///   - styling: Whether the style sheet is part of the element.
  /// - Returns: One `svg` element.
  public func svg(width: Double, styling: FigureStyling) -> String {
    var frame = FigureFrame(caption: caption, width: width, styling: styling, legend: legend)
    let rowHeight = 28.0
    let largestLabelShare = 0.3
    let names = rows.map {
      TextWidth.truncated(
        $0.label, to: frame.innerWidth * largestLabelShare, size: FigureStyle.textSize)
    }
    let nameWidth = names.map { TextWidth.of($0, size: FigureStyle.textSize) }.max() ?? 0
    let leastWidthWithNotes = 560.0
    let showsNotes = frame.innerWidth >= leastWidthWithNotes
    let notes = rows.map {
      showsNotes
        ? TextWidth.truncated($0.note, to: frame.innerWidth * 0.3, size: FigureStyle.tickSize) : ""
    }
    let noteWidth = notes.map { TextWidth.of($0, size: FigureStyle.tickSize) }.max() ?? 0
    let plotLeft = frame.left + nameWidth + 14
    let plotRight = frame.right - (noteWidth > 0 ? noteWidth + 18 : 12)
    let top = frame.top
    let bottom = top + rowHeight * Double(rows.count) + 6
    let map = AxisMap.horizontal(axis, data: dataRange, from: plotLeft, to: plotRight)
    frame.drawHorizontalAxis(map, top: top, bottom: bottom)
    frame.canvas.line(x1: plotLeft, y1: bottom, x2: plotRight, y2: bottom, style: "axis")
    for (i, row) in rows.enumerated() {
      let y = top + rowHeight * (Double(i) + 0.5) + 3
      frame.canvas.text(names[i], x: plotLeft - 14, y: y + 4.5, anchor: .end)
      if !notes[i].isEmpty {
        frame.canvas.text(notes[i], x: frame.right, y: y + 4.5, anchor: .end, style: "tick")
      }
      frame.canvas.beginClip(
        x: plotLeft - 8, y: y - rowHeight / 2, width: plotRight - plotLeft + 16, height: rowHeight)
      drawRow(row, at: y, map: map, on: &frame.canvas)
      frame.canvas.endClip()
    }
    return frame.finished(
      bottom: bottom + frame.axisHeight(axis), skipped: skippedPointCount, summary: summary,
      styling: styling)
  }

  // MARK: Parts

  private static let beforeColor = 1
  private static let afterColor = 0

  private var hasBand: Bool {
    axis.scale == .linear && threshold > 0 && threshold <= Axis.largestMagnitude
  }

  private var legend: [LegendEntry] {
    var entries = [
      LegendEntry(name: "Before", mark: .ring, color: Self.beforeColor),
      LegendEntry(name: "After the plan", mark: .disc, color: Self.afterColor),
      LegendEntry(name: "Target", mark: .target, color: 0),
    ]
    if hasBand {
      let width = axis.valueFormat.string(threshold)
      entries.append(LegendEntry(name: "Band of ±\(width)", mark: .band, color: 0))
    }
    return entries
  }

  private var dataRange: ClosedRange<Double>? {
    let shown = rows.flatMap { row in
      let ends = hasBand ? [row.target - threshold, row.target + threshold] : []
      return ([row.target, row.before, row.after] + ends).filter(axis.shows)
    }
    guard let low = shown.min(), let high = shown.max() else { return nil }
    // Shares that are all positive read best from zero.
    let startsAtZero =
      axis.scale == .linear
      && rows.allSatisfy {
        !($0.target < 0) && !($0.before < 0) && !($0.after < 0)
      }
    return startsAtZero ? 0...max(high, 0) : low...high
  }

  private func drawRow(_ row: Row, at y: Double, map: AxisMap, on canvas: inout Canvas) {
    if hasBand, axis.shows(row.target) {
      let low = map.position(max(row.target - threshold, map.ticks.range.lowerBound))
      let high = map.position(min(row.target + threshold, map.ticks.range.upperBound))
      canvas.rectangle(x: low, y: y - 9, width: high - low, height: 18, style: "band", radius: 3)
    }
    if axis.shows(row.before), axis.shows(row.after) {
      canvas.line(
        x1: map.position(row.before), y1: y, x2: map.position(row.after), y2: y,
        style: "line s\(Self.afterColor)")
    }
    if axis.shows(row.target) {
      let x = map.position(row.target)
      canvas.line(x1: x, y1: y - 11, x2: x, y2: y + 11, style: "target")
    }
    let format = axis.valueFormat
    if axis.shows(row.after) {
      canvas.circle(
        x: map.position(row.after), y: y, radius: 5.5, style: "f\(Self.afterColor)",
        hint: "\(row.label) after the plan: \(format.string(row.after))")
    }
    if axis.shows(row.before) {
      canvas.circle(
        x: map.position(row.before), y: y, radius: 4.5, style: "ring s\(Self.beforeColor)",
        hint: "\(row.label) before: \(format.string(row.before))")
    }
  }

  /// One sentence in place of the drawing.
  private var summary: String {
    let format = axis.valueFormat
    let parts = rows.prefix(30).map {
      "\($0.label): target \(format.string($0.target)), before \(format.string($0.before)), after "
        + format.string($0.after)
    }
    return parts.joined(separator: "; ") + (parts.isEmpty ? "No rows." : ".")
  }
}

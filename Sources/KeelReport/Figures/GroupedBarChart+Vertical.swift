extension GroupedBarChart {
  /// Whether columns are wide enough for all names; rows are the better drawing where they are not,
  /// unless there are so many that the drawing would become a list.
  func columnsFit(width: Double) -> Bool {
    let mostRows = 40
    let widestAxis = 56.0
    guard categories.count <= mostRows, !categories.isEmpty else { return true }
    let band = (FigureSize.usable(width) - widestAxis) / Double(categories.count)
    return categories.allSatisfy {
      TextWidth.of(singleLine($0), size: FigureStyle.tickSize) + Self.nameGap <= band
    }
  }

  private static let nameGap = 6.0

  /// One column a category, names below.
  func verticalDrawing(width: Double, styling: FigureStyling) -> String {
    var frame = frame(width: width, styling: styling)
    let plotHeight = 230.0
    // Values above the bars need a row of their own under the name of the axis.
    let valueRow = series.count == 1 ? 14.0 : 0
    let top = frame.top + (axis.label.isEmpty ? 8 : 26) + valueRow
    let bottom = top + plotHeight
    let map = AxisMap.vertical(axis, data: dataRange, bottom: bottom, top: top)
    let plotLeft = frame.left + map.labelWidth + 12
    let plotRight = frame.right
    frame.drawVerticalAxis(map, left: plotLeft, right: plotRight, nameLift: valueRow)
    let start = baseline(map)
    let band = (plotRight - plotLeft) / Double(max(categories.count, 1))
    let largestBar = 34.0
    let groupShare = 0.74
    let barWidth = min(band * groupShare / Double(max(series.count, 1)), largestBar)
    let showsValues = valuesFit(barWidth: series.count == 1 ? band - 8 : barWidth - 2)
    for category in categories.indices {
      let groupLeft =
        plotLeft + band * (Double(category) + 0.5) - barWidth * Double(series.count) / 2
      for index in series.indices {
        guard let value = value(series: index, category: category) else { continue }
        let end = map.position(value)
        let x = groupLeft + barWidth * Double(index)
        frame.canvas.rectangle(
          x: x + min(1, barWidth * 0.05), y: min(start, end),
          width: barWidth - min(2, barWidth * 0.1), height: abs(end - start),
          style: "f\(FigureStyle.colorIndex(index))",
          hint: hint(series: index, category: category, value: value), radius: 2)
        if showsValues {
          frame.canvas.text(
            axis.valueFormat.string(value), x: x + barWidth / 2, y: min(start, end) - 5,
            anchor: .middle, style: "tick halo")
        }
      }
    }
    frame.canvas.line(x1: plotLeft, y1: start, x2: plotRight, y2: start, style: "axis")
    if let reference, isReferenceShown(map) {
      let y = map.position(reference.value)
      frame.canvas.line(x1: plotLeft, y1: y, x2: plotRight, y2: y, style: "reference")
      let label = TextWidth.truncated(
        reference.label, to: plotRight - plotLeft, size: FigureStyle.tickSize)
      frame.canvas.text(label, x: plotRight, y: y - 5, anchor: .end, style: "tick halo")
    }
    drawCategoryNames(&frame, from: plotLeft, band: band, y: bottom + 18)
    return frame.finished(
      bottom: bottom + 26, skipped: skippedPointCount, summary: summary, styling: styling)
  }

  /// Every name, shortened to its column, or every k-th where columns are too narrow to read.
  private func drawCategoryNames(
    _ frame: inout FigureFrame, from left: Double, band: Double, y: Double
  ) {
    let leastWidth = 34.0
    let gap = Self.nameGap
    let step = max(1, Int(((leastWidth + gap) / max(band, 0.01)).rounded(.up)))
    for category in stride(from: 0, to: categories.count, by: step) {
      let room = max(band * Double(step) - gap, leastWidth)
      let name = TextWidth.truncated(categories[category], to: room, size: FigureStyle.tickSize)
      let half = TextWidth.of(name, size: FigureStyle.tickSize) / 2
      let middle = left + band * (Double(category) + 0.5)
      let place = min(max(middle, frame.left + half), frame.right - half)
      frame.canvas.text(name, x: place, y: y, anchor: .middle, style: "tick")
    }
  }

  private func valuesFit(barWidth: Double) -> Bool {
    let texts = series.indices.flatMap { index in
      categories.indices.compactMap { category in
        value(series: index, category: category).map(axis.valueFormat.string)
      }
    }
    return texts.allSatisfy { TextWidth.of($0, size: FigureStyle.tickSize) <= barWidth }
  }
}

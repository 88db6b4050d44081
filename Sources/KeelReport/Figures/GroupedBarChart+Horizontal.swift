extension GroupedBarChart {
  /// One row a category: name, bars, and the value beside each bar.
  func horizontalDrawing(width: Double, styling: FigureStyling) -> String {
    var frame = frame(width: width, styling: styling)
    let barHeight = series.count > 1 ? 14.0 : 18.0
    let groupGap = series.count > 1 ? 14.0 : 8.0
    let rowHeight = barHeight * Double(max(series.count, 1)) + groupGap
    let largestLabelShare = 0.32
    let names = categories.map {
      TextWidth.truncated(
        $0, to: frame.innerWidth * largestLabelShare, size: FigureStyle.textSize)
    }
    let nameWidth = names.map { TextWidth.of($0, size: FigureStyle.textSize) }.max() ?? 0
    let valueTexts = series.indices.map { index in
      categories.indices.map { category in
        value(series: index, category: category).map(axis.valueFormat.string) ?? ""
      }
    }
    let valueWidth =
      valueTexts.joined().map { TextWidth.of($0, size: FigureStyle.tickSize) }.max() ?? 0
    let plotLeft = frame.left + nameWidth + 10
    let plotRight = max(frame.right - valueWidth - 10, plotLeft + 40)
    let top = frame.top + (reference == nil ? 0 : 18)
    let bottom = top + rowHeight * Double(categories.count) + groupGap / 2
    let map = AxisMap.horizontal(axis, data: dataRange, from: plotLeft, to: plotRight)
    frame.drawHorizontalAxis(map, top: top, bottom: bottom)
    drawVerticalReference(&frame, map: map, top: top, bottom: bottom)
    let start = baseline(map)
    for category in categories.indices {
      let rowTop = top + groupGap / 2 + rowHeight * Double(category)
      let rowMiddle = rowTop + (rowHeight - groupGap) / 2
      frame.canvas.text(
        names[category], x: plotLeft - 10, y: rowMiddle + 4.5, anchor: .end)
      for index in series.indices {
        guard let value = value(series: index, category: category) else { continue }
        let end = map.position(value)
        let y = rowTop + barHeight * Double(index)
        frame.canvas.rectangle(
          x: min(start, end), y: y + 1, width: abs(end - start), height: barHeight - 2,
          style: "f\(FigureStyle.colorIndex(index))",
          hint: hint(series: index, category: category, value: value), radius: 2)
        frame.canvas.text(
          valueTexts[index][category], x: max(start, end) + 6, y: y + barHeight / 2 + 4.5,
          style: "tick halo")
      }
    }
    frame.canvas.line(x1: start, y1: top, x2: start, y2: bottom, style: "axis")
    return frame.finished(
      bottom: bottom + frame.axisHeight(axis), skipped: skippedPointCount, summary: summary,
      styling: styling)
  }

  private func drawVerticalReference(
    _ frame: inout FigureFrame, map: AxisMap, top: Double, bottom: Double
  ) {
    guard let reference, isReferenceShown(map) else { return }
    let x = map.position(reference.value)
    frame.canvas.line(x1: x, y1: top - 4, x2: x, y2: bottom, style: "reference")
    let label = TextWidth.truncated(
      reference.label, to: frame.innerWidth, size: FigureStyle.tickSize)
    let half = TextWidth.of(label, size: FigureStyle.tickSize) / 2
    let place = min(max(x, frame.left + half), frame.right - half)
    frame.canvas.text(label, x: place, y: top - 8, anchor: .middle, style: "tick")
  }
}

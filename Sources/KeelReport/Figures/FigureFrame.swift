/// One entry of a legend.
struct LegendEntry {
  enum Mark {
    case square, line(String), points, ring, disc, target, band
  }

  let name: String
  let mark: Mark
  let color: Int
}

/// A drawing in the making: title, legend and the notes below are the same for all figures.
struct FigureFrame {
  var canvas: Canvas
  /// The place where the next part starts.
  private(set) var top: Double
  let left: Double
  let right: Double

  private let caption: Caption

  init(caption: Caption, width: Double, styling: FigureStyling, legend: [LegendEntry]) {
    self.caption = caption
    let usable = FigureSize.usable(width)
    canvas = Canvas(width: usable)
    let margin = styling == .embedded ? FigureStyle.margin : 0
    left = margin
    right = usable - margin
    top = margin
    drawTitle()
    drawLegend(legend)
    top += 6
  }

  var innerWidth: Double { right - left }

  private mutating func drawTitle() {
    // A bold title runs wider than the estimate for regular text.
    let boldFactor = 1.1
    let titleLines = TextWidth.wrapped(
      caption.title, to: innerWidth / boldFactor, size: FigureStyle.titleSize, maximumLines: 2)
    for line in titleLines {
      canvas.text(line, x: left, y: top + 14, style: "title")
      top += 20
    }
    let lines = TextWidth.wrapped(
      caption.subtitle, to: innerWidth, size: FigureStyle.textSize, maximumLines: 4)
    for line in lines {
      canvas.text(line, x: left, y: top + 13, style: "muted")
      top += 18
    }
    top += 4
  }

  private mutating func drawLegend(_ entries: [LegendEntry]) {
    guard !entries.isEmpty else { return }
    let widestMark = 26.0
    let gap = 18.0
    var x = left
    top += 4
    for entry in entries {
      let name = TextWidth.truncated(
        entry.name, to: innerWidth - widestMark, size: FigureStyle.textSize)
      let markWidth = isNarrow(entry.mark) ? 18.0 : 26
      let needed = markWidth + TextWidth.of(name, size: FigureStyle.textSize)
      if x > left && x + needed > right {
        x = left
        top += 20
      }
      drawMark(entry, x: x, y: top + 8)
      canvas.text(name, x: x + markWidth, y: top + 12.5)
      x += needed + gap
    }
    top += 22
  }

  private func isNarrow(_ mark: LegendEntry.Mark) -> Bool {
    switch mark {
    case .square, .points, .ring, .disc, .target: true
    case .line, .band: false
    }
  }

  private mutating func drawMark(_ entry: LegendEntry, x: Double, y: Double) {
    let color = FigureStyle.colorIndex(entry.color)
    let center = x + (isNarrow(entry.mark) ? 6 : 9)
    switch entry.mark {
    case .square:
      canvas.rectangle(
        x: center - 6, y: y - 6, width: 12, height: 12, style: "f\(color)", radius: 2)
    case .line(let dash):
      canvas.line(x1: x, y1: y, x2: x + 19, y2: y, style: "line s\(color)\(dash)")
    case .points: canvas.circle(x: center, y: y, radius: 3.5, style: "f\(color)")
    case .disc: canvas.circle(x: center, y: y, radius: 5, style: "f\(color)")
    case .ring: canvas.circle(x: center, y: y, radius: 4.5, style: "ring s\(color)")
    case .target:
      canvas.line(x1: center, y1: y - 7, x2: center, y2: y + 7, style: "target")
    case .band:
      canvas.rectangle(x: center - 9, y: y - 6, width: 18, height: 12, style: "band", radius: 2)
    }
  }

  /// Lines and numbers of a horizontal axis below a plot.
  mutating func drawHorizontalAxis(_ map: AxisMap, top: Double, bottom: Double) {
    for (value, label) in zip(map.ticks.values, map.ticks.labels) {
      let x = map.position(value)
      canvas.line(x1: x, y1: top, x2: x, y2: bottom, style: "grid")
      let half = TextWidth.of(label, size: FigureStyle.tickSize) / 2
      let place = min(max(x, left + half), right - half)
      canvas.text(label, x: place, y: bottom + 17, anchor: .middle, style: "tick")
    }
    guard !map.axis.label.isEmpty else { return }
    let name = TextWidth.truncated(map.axis.label, to: innerWidth, size: FigureStyle.tickSize)
    let half = TextWidth.of(name, size: FigureStyle.tickSize) / 2
    let middle = (map.start + map.end) / 2
    let place = min(max(middle, left + half), right - half)
    canvas.text(name, x: place, y: bottom + 35, anchor: .middle, style: "tick")
  }

  /// The room that a horizontal axis takes below its plot.
  func axisHeight(_ axis: Axis) -> Double { axis.label.isEmpty ? 24 : 42 }

  /// Lines and numbers of a vertical axis to the left of a plot, its name above.
  mutating func drawVerticalAxis(
    _ map: AxisMap, left: Double, right: Double, nameLift: Double = 0
  ) {
    for (value, label) in zip(map.ticks.values, map.ticks.labels) {
      let y = map.position(value)
      canvas.line(x1: left, y1: y, x2: right, y2: y, style: "grid")
      canvas.text(label, x: left - 8, y: y + 4, anchor: .end, style: "tick")
    }
    guard !map.axis.label.isEmpty else { return }
    let name = TextWidth.truncated(map.axis.label, to: innerWidth, size: FigureStyle.tickSize)
    canvas.text(name, x: self.left, y: map.end - 14 - nameLift, style: "tick")
  }

  /// The complete element; `bottom` is where the plot ends.
  func finished(
    bottom: Double, skipped: Int, summary: String, styling: FigureStyling
  ) -> String {
    var frame = self
    var end = bottom
    if skipped > 0 {
      let noun = skipped == 1 ? "value" : "values"
      let words = "\(skipped) \(noun) without a place on the axis not shown"
      frame.canvas.text(
        TextWidth.truncated(words, to: innerWidth, size: FigureStyle.tickSize), x: left,
        y: end + 14, style: "tick")
      end += 20
    }
    let height = (end + (styling == .embedded ? FigureStyle.margin : 2)).rounded(.up)
    let size = "\(coordinateText(canvas.width)) \(coordinateText(height))"
    let words = [caption.description, summary].filter { !$0.isEmpty }.joined(separator: " ")
    var parts = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"keel-figure\" role=\"img\""
        + " viewBox=\"0 0 \(size)\" width=\"\(coordinateText(canvas.width))\""
        + " height=\"\(coordinateText(height))\">",
      "<title>\(escaped(singleLine(caption.title)))</title>",
      "<desc>\(escaped(singleLine(words)))</desc>",
    ]
    if styling == .embedded {
      parts.append("<style>\(FigureStyle.sheet)</style>")
      parts.append("<rect class=\"surface\" width=\"100%\" height=\"100%\"/>")
    }
    return (parts + frame.canvas.elements + ["</svg>"]).joined(separator: "\n")
  }
}

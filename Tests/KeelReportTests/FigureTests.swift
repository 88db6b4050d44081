import KeelReport
import KeelTestSupport
import Testing

/// Figures over the same numbers and names, one of each kind.
func figures(values: [Double], name: String = "asset") -> [any Figure] {
  let names = values.indices.map { "\(name) \($0)" }
  let points = values.enumerated().map { XYChart.Point(x: Double($0), y: $1) }
  let caption = Caption("\(name) title", subtitle: "\(name) subtitle")
  return [
    BarChart(
      caption: caption, bars: zip(names, values).map { .init($0, $1) },
      reference: ReferenceLine(values.first ?? 0, label: name)),
    BarChart(
      caption: caption, bars: zip(names, values).map { .init($0, $1) },
      axis: Axis(name, scale: .logarithmic), orientation: .vertical),
    GroupedBarChart(
      caption: caption, categories: names,
      series: [.init(name, values), .init("b", values.reversed()), .init("c", [])],
      axis: Axis(name, unit: .percent)),
    GroupedBarChart(
      caption: caption, categories: names, series: [.init(name, values), .init("b", values)],
      axis: Axis(unit: .currency("$")), orientation: .horizontal),
    XYChart(
      caption: caption,
      series: [
        .init(name, points: points, mark: .points), .init("line", points: points),
        .init("swapped", points: points.map { .init(x: $0.y, y: $0.x) }, mark: .dashedLine),
      ],
      xAxis: Axis(name), yAxis: Axis(name, scale: .logarithmic, unit: .percent),
      references: values.prefix(5).map { ReferenceLine($0, label: name) }),
    XYChart(
      caption: caption, series: [.init(name, points: points, mark: .dottedLine)],
      xAxis: Axis(range: 0...0.5), yAxis: Axis(range: -1...1)),
    DriftChart(
      caption: caption,
      rows: zip(names, values).map {
        .init($0, target: $1, before: $1 * 1.1, after: $1 / 3, note: name)
      },
      threshold: 0.02),
    DriftChart(
      caption: caption,
      rows: zip(names, values).map { .init($0, target: 0.1, before: $1, after: 0) },
      threshold: values.first ?? .nan),
  ]
}

/// Checks that a drawing is one well-formed element and that every number in it is a number.
func checkDrawing(_ svg: String, _ label: String) -> MarkupParser {
  let parsed = MarkupParser(svg)
  #expect(parsed.failure == nil, "\(label)")
  #expect(parsed.elements.first?.name == "svg", "\(label)")
  #expect(parsed.elements.first?.attributes["role"] == "img")
  #expect(parsed.elements.dropFirst().first?.name == "title")
  #expect(parsed.elements.dropFirst(2).first?.name == "desc")
  let numeric: Set = [
    "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "height", "d", "viewBox",
  ]
  for element in parsed.elements {
    for (name, value) in element.attributes where numeric.contains(name) {
      let words = value.replacing("%", with: "").split { !"0123456789.-+eEinfa".contains($0) }
      if !words.allSatisfy({ Double($0)?.isFinite ?? false }) {
        Issue.record("\(label): \(element.name) \(name)=\(value)")
      }
    }
  }
  return parsed
}

@Suite struct FigureTests {
  private static let ordinary = [0.35, 0.12, 0.22, 0.01, 0.3]

  @Test(arguments: [-1, 0, 240, 400, 720, 880, 1e9, .nan, .infinity])
  func everyWidthIsWellFormed(width: Double) {
    for figure in figures(values: Self.ordinary) {
      for styling in [FigureStyling.embedded, .inherited] {
        _ = checkDrawing(figure.svg(width: width, styling: styling), "\(type(of: figure)) \(width)")
      }
    }
  }

  @Test func drawsEveryValue() {
    let names = ["BTC", "ETH", "BNB", "ADA", "XRP"]
    let bars = BarChart(
      caption: Caption("Bars"), bars: zip(names, Self.ordinary).map { .init($0, $1) },
      axis: Axis(unit: .percent))
    let barsDrawn = checkDrawing(bars.svg, "bars")
    #expect(barsDrawn.count(of: "rect", style: "f0") == 5)
    #expect(barsDrawn.texts.contains("BTC: 35.0%"))
    #expect(names.allSatisfy(barsDrawn.texts.contains))
    let grouped = GroupedBarChart(
      caption: Caption("Groups"), categories: names,
      series: [.init("one", Self.ordinary), .init("two", Self.ordinary)])
    let groupsDrawn = checkDrawing(grouped.svg, "groups")
    #expect(groupsDrawn.count(of: "rect", style: "f0") == 6)  // and one in the legend
    #expect(groupsDrawn.count(of: "rect", style: "f1") == 6)
    let drift = DriftChart(
      caption: Caption("Drift"),
      rows: zip(names, Self.ordinary).map { .init($0, target: $1, before: $1 + 0.05, after: $1) },
      threshold: 0.02)
    let driftDrawn = checkDrawing(drift.svg, "drift")
    #expect(driftDrawn.count(of: "circle", style: "ring") == 6)
    #expect(driftDrawn.count(of: "circle", style: "f0") == 6)
    #expect(driftDrawn.count(of: "rect", style: "band") == 6)
    #expect(driftDrawn.count(of: "line", style: "target") == 6)
  }

  @Test func longerBarsForLargerValues() throws {
    let chart = BarChart(
      caption: Caption("Bars"), bars: [.init("a", 1), .init("b", 2), .init("c", -1)])
    let bars = checkDrawing(chart.svg, "bars").elements.filter { $0.attributes["class"] == "f0" }
    let widths = bars.compactMap { $0.attributes["width"].flatMap(Double.init) }
    #expect(widths.count == 3)
    expectClose(widths[1], 2 * widths[0], absolute: 0.02)
    expectClose(widths[2], widths[0], absolute: 0.02)
    let places = try bars.map { try #require($0.attributes["x"].flatMap(Double.init)) }
    #expect(places[0] == places[1])
    expectClose(places[2] + widths[2], places[0], absolute: 0.02)
  }

  @Test func missingValuesAreCountedAndMentioned() {
    let values = [0.5, .nan, .infinity, -.infinity, 2e300, 0.25]
    let bars = BarChart(caption: Caption("Bars"), bars: values.map { .init("x", $0) })
    #expect(bars.skippedPointCount == 4)
    let drawn = checkDrawing(bars.svg, "bars")
    #expect(drawn.texts.contains("4 values without a place on the axis not shown"))
    #expect(drawn.count(of: "rect", style: "f0") == 2)
    let points =
      values.map { XYChart.Point(x: 1, y: $0) } + [.init(x: 1, y: 0), .init(x: 1, y: -1)]
    let log = XYChart(
      caption: Caption("Log"), series: [.init("a", points: points, mark: .points)],
      yAxis: Axis(scale: .logarithmic))
    #expect(log.skippedPointCount == 6)
    let extra = GroupedBarChart(
      caption: Caption("Extra"), categories: ["a"], series: [.init("s", [1, 2, 3])])
    #expect(extra.skippedPointCount == 2)
    #expect(BarChart(caption: Caption(""), bars: [.init("x", 1)]).skippedPointCount == 0)
  }

  @Test func hostileNumbersNeverReachTheDrawing() {
    var tables = hostileNumbers.map { [$0] }
    tables += [hostileNumbers, [], [1, 1, 1, 1], [0, 0], [1e300, -1e300], [1e-300, 1e300]]
    tables += [
      Array(repeating: .nan, count: 4), [.leastNonzeroMagnitude, .leastNormalMagnitude],
      [1, 1 + 1e-15], [1e16, 1e16 + 2],
    ]
    for values in tables {
      for figure in figures(values: values) {
        for width in [400.0, 880] {
          _ = checkDrawing(figure.svg(width: width, styling: .inherited), "\(values)")
        }
      }
    }
  }

  @Test func hostileTextsAreEscaped() {
    let names = [
      "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "&amp; & &lt;", "]]>", "'",
      String(repeating: "very long name ", count: 400), String(repeating: "W", count: 5000),
      "\u{0}\u{1}\u{b}\u{7f}\u{85}\u{FFFE}\u{FFFF}", "line\nbreak\ttab", "資産 🚀 اصل", "", " ",
    ]
    for name in names {
      for figure in figures(values: Self.ordinary, name: name) {
        let svg = figure.svg
        let parsed = checkDrawing(svg, name)
        #expect(parsed.count(of: "script") == 0 && parsed.count(of: "img") == 0)
        #expect(!svg.contains("<script") && svg.utf8.count < 2_000_000)
      }
    }
  }

  @Test func textsStayInsideAndApart() throws {
    for count in [1, 3, 9, 25, 120] {
      let values = (0..<count).map { Double($0 % 7) / 10 - 0.1 }
      for figure in figures(values: values, name: "MATIC") {
        for width in [400.0, 880] {
          let parsed = checkDrawing(figure.svg(width: width, styling: .inherited), "\(count)")
          let boxes = try parsed.labels.map(LabelBox.init)
          for (i, box) in boxes.enumerated() {
            #expect(box.left >= -1 && box.right <= width + 1, "\(box) of \(count) in \(width)")
            for other in boxes[..<i] where box.overlaps(other) {
              Issue.record("\(type(of: figure)) \(count) \(width): \(box) on \(other)")
            }
          }
        }
      }
    }
  }

  @Test func manyPointsStaySmall() {
    let points = (0..<100_000).map { XYChart.Point(x: Double($0), y: Double($0 % 997) + 1) }
    let line = XYChart(caption: Caption("Line"), series: [.init("a", points: points)])
    let cloud = XYChart(
      caption: Caption("Cloud"), series: [.init("a", points: points, mark: .points)])
    #expect(checkDrawing(line.svg, "line").count(of: "path") == 1)
    #expect(checkDrawing(cloud.svg, "cloud").count(of: "path") == 1)
  }

  @Test func sameFigureSameBytes() {
    for (first, second) in zip(figures(values: Self.ordinary), figures(values: Self.ordinary)) {
      #expect(first.svg == second.svg)
    }
  }

  /// WCAG 2.2: 3 : 1 for graphics (1.4.11), 4.5 : 1 for text (1.4.3).
  @Test func colorsStandOutFromTheirBackground() throws {
    for colors in [Palette.light, Palette.dark] {
      for color in colors.series {
        #expect(try contrast(color, colors.surface) >= 3, "\(color)")
      }
      for surface in [colors.surface, colors.panel] {
        #expect(try contrast(colors.ink, surface) >= 7)
        #expect(try contrast(colors.muted, surface) >= 4.5)
      }
    }
    #expect(Palette.light.series.count == Palette.dark.series.count)
  }

  private func contrast(_ first: String, _ second: String) throws -> Double {
    let levels = [try luminance(first), try luminance(second)].sorted()
    return (levels[1] + 0.05) / (levels[0] + 0.05)
  }

  /// The relative luminance of an sRGB color, with a power of 2.2 in place of the exact curve.
  private func luminance(_ color: String) throws -> Double {
    let number = try #require(Int(color.dropFirst(), radix: 16))
    let channels = [number >> 16 & 255, number >> 8 & 255, number & 255]
      .map { power(Double($0) / 255) }
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
  }

  /// x^2.2 as x² · x^(1/5), the fifth root by Newton's method.
  private func power(_ x: Double) -> Double {
    if x == 0 { return 0 }
    var root = 1.0
    for _ in 0..<60 { root = (4 * root + x / (root * root * root * root)) / 5 }
    return x * x * root
  }
}

/// The box of a text with the mean width of a character, judged without the library's own estimate.
struct LabelBox {
  let text: String
  let left: Double
  let right: Double
  let baseline: Double

  init(attributes: [String: String], text: String) throws {
    let x = try #require(attributes["x"].flatMap(Double.init))
    let size = attributes["class"]?.contains("title") == true ? 15.0 : 12.5
    let meanCharacterWidth = 0.55
    let width = meanCharacterWidth * size * Double(text.count)
    switch attributes["text-anchor"] {
    case "middle": left = x - width / 2
    case "end": left = x - width
    default: left = x
    }
    right = left + width
    baseline = try #require(attributes["y"].flatMap(Double.init))
    self.text = text
  }

  func overlaps(_ other: LabelBox) -> Bool {
    abs(baseline - other.baseline) < 9 && left < other.right && other.left < right
  }
}

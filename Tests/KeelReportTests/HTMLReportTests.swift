import KeelReport
import KeelTestSupport
import Testing

@Suite struct HTMLReportTests {
  private func report(name: String, values: [Double] = [0.1, 0.2]) -> HTMLReport {
    HTMLReport(
      title: name, subtitle: name,
      sections: [
        .init(
          name,
          [
            .paragraph(name), .note(name), .list([name, name]), .list([]),
            .metrics([.init(name, name, detail: name), .init(name, name)]), .metrics([]),
            .table(
              Table(
                caption: name, columns: [.init(name, .leading), .init(name)],
                rows: [[name, name], [name], [name, name, name]], lastRowIsTotal: true)),
            .table(Table(columns: [], rows: [])), .table(Table(columns: [.init("a")], rows: [])),
          ]),
        .init("", figures(values: values, name: name).map { .figure($0) }), .init("", []),
      ],
      footer: [name])
  }

  @Test func isWellFormedAndSelfContained() {
    let html = report(name: "Name").html
    let parsed = MarkupParser(html)
    #expect(parsed.failure == nil)
    #expect(html.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\""))
    for name in ["script", "link", "img", "iframe", "object", "embed"] {
      #expect(parsed.count(of: name) == 0)
    }
    for element in parsed.elements {
      #expect(element.attributes["src"] == nil && element.attributes["href"] == nil)
      #expect(!element.attributes.keys.contains { $0.hasPrefix("on") })
    }
    #expect(!html.contains("url(") && !html.contains("@import"))
    #expect(parsed.count(of: "h1") == 1 && parsed.count(of: "main") == 1)
    #expect(parsed.count(of: "style") == 1)
    // Each figure stands there for wide and for narrow windows.
    #expect(parsed.elements.count { $0.attributes["class"] == "keel-figure" } == 16)
    #expect(parsed.count(of: "figure") == 8)
  }

  @Test func tableRowsHaveOneLength() {
    let parsed = MarkupParser(report(name: "Name").html)
    let table = Array(parsed.elements.drop { $0.name != "table" }.dropFirst())
    let rows = table.split { $0.name == "tr" || $0.name == "table" }
      .map { part in part.count { $0.name == "th" || $0.name == "td" } }.filter { $0 > 0 }
    #expect(rows.prefix(4) == [3, 3, 3, 3])
    #expect(parsed.count(of: "tr", style: "total") == 1)
  }

  @Test func everyTextIsEscaped() {
    for name in [
      "<script>alert('x')</script>", "</style><script>", "a & b \"c\" 'd'", "\u{0}\u{8}\u{FFFF}",
      "]]>", "<!--", String(repeating: "x", count: 20_000), "多言語 🚀", "",
    ] {
      let html = report(name: name).html
      let parsed = MarkupParser(html)
      #expect(parsed.failure == nil)
      #expect(parsed.count(of: "script") == 0 && parsed.count(of: "style") == 1)
      #expect(!html.contains("<script") && !html.contains("<!--"))
    }
    let parsed = MarkupParser(report(name: "a < b & c").html)
    #expect(parsed.texts.contains("a < b & c"))
  }

  @Test func hostileNumbersGiveAPage() {
    for value in hostileNumbers {
      #expect(MarkupParser(report(name: "n", values: [value, 1, value]).html).failure == nil)
    }
    #expect(MarkupParser(HTMLReport(title: "", sections: []).html).failure == nil)
  }

  @Test func sameReportSameBytes() {
    #expect(report(name: "Name").html == report(name: "Name").html)
  }
}

/// A report as one HTML page that needs nothing else: no script, no font, no file, no network.
///
/// The page follows the reader's light or dark setting, fits narrow windows and prints in black on
/// white. Every text is escaped. The same report gives the same text, byte for byte.
public struct HTMLReport: Sendable {
  /// The name of the report.
  public var title: String

  /// What the report is about, in one sentence.
  public var subtitle: String

  /// The sections in order.
  public var sections: [Section]

  /// Words at the end of the page: sources, licenses, disclaimers.
  public var footer: [String]

  /// Creates a report.
  ///
  /// - Parameters:
  ///   - title: The name of the report.
  ///   - subtitle: What the report is about.
  ///   - sections: The sections in order.
  ///   - footer: Words at the end of the page.
  public init(
    title: String,
    subtitle: String = "",
    sections: [Section],
    footer: [String] = []
  ) {
    self.title = title
    self.subtitle = subtitle
    self.sections = sections
    self.footer = footer
  }

  /// The page.
  public var html: String {
    var lines = [
      "<!DOCTYPE html>",
      "<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">",
      "<head>",
      "<meta charset=\"utf-8\"/>",
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>",
      "<meta name=\"color-scheme\" content=\"light dark\"/>",
      "<title>\(escaped(singleLine(title)))</title>",
      "<style>\n\(PageStyle.sheet)\n\(FigureStyle.sheet)\n</style>",
      "</head>",
      "<body>",
      "<header>",
      "<h1>\(escaped(title))</h1>",
    ]
    if !subtitle.isEmpty { lines.append("<p class=\"subtitle\">\(escaped(subtitle))</p>") }
    lines += ["</header>", "<main>"]
    lines += sections.map(\.html)
    lines.append("</main>")
    if !footer.isEmpty {
      lines.append("<footer>")
      lines += footer.map { "<p>\(escaped($0))</p>" }
      lines.append("</footer>")
    }
    lines += ["</body>", "</html>", ""]
    return lines.joined(separator: "\n")
  }
}

extension HTMLReport {
  /// A part of a report under one heading.
  public struct Section: Sendable {
    /// The heading; may be empty.
    public var heading: String

    /// What stands under it, in order.
    public var blocks: [Block]

    /// Creates a section.
    ///
    /// - Parameters:
    ///   - heading: The heading; may be empty.
    ///   - blocks: What stands under it, in order.
    public init(_ heading: String = "", _ blocks: [Block]) {
      self.heading = heading
      self.blocks = blocks
    }

    var html: String {
      var lines = ["<section>"]
      if !heading.isEmpty { lines.append("<h2>\(escaped(heading))</h2>") }
      lines += blocks.map(\.html)
      lines.append("</section>")
      return lines.joined(separator: "\n")
    }
  }

  /// One thing in a section.
  @nonexhaustive
  public enum Block: Sendable {
    /// Running text.
    case paragraph(String)
    /// A remark that stands out: a warning, a limit, a reading aid.
    case note(String)
    /// A list of short texts.
    case list([String])
    /// A few key numbers side by side.
    case metrics([Metric])
    /// A table.
    case table(Table)
    /// A drawing.
    case figure(any Figure)

    var html: String {
      switch self {
      case .paragraph(let text): "<p>\(escaped(text))</p>"
      case .note(let text): "<p class=\"note\">\(escaped(text))</p>"
      case .list(let items):
        items.isEmpty ? "" : "<ul>\(items.map { "<li>\(escaped($0))</li>" }.joined())</ul>"
      case .metrics(let metrics): metrics.isEmpty ? "" : Self.metricsHTML(metrics)
      case .table(let table): table.html
      case .figure(let figure): Self.figureHTML(figure)
      }
    }

    private static func metricsHTML(_ metrics: [Metric]) -> String {
      let items = metrics.map { metric in
        let detail =
          metric.detail.isEmpty ? "" : "<dd class=\"detail\">\(escaped(metric.detail))</dd>"
        return
          "<div><dt>\(escaped(metric.label))</dt><dd class=\"value\">\(escaped(metric.value))</dd>"
          + detail + "</div>"
      }
      return "<dl class=\"metrics\">\n\(items.joined(separator: "\n"))\n</dl>"
    }

    /// Two layouts of one figure; the style sheet shows the one that fits the window.
    private static func figureHTML(_ figure: any Figure) -> String {
      """
      <figure>
      <div class="wide">\(figure.svg(width: FigureSize.wide, styling: .inherited))</div>
      <div class="compact">\(figure.svg(width: FigureSize.compact, styling: .inherited))</div>
      </figure>
      """
    }
  }

  /// One key number.
  public struct Metric: Hashable, Sendable {
    /// What the number is.
    public var label: String

    /// The number as text, with its unit.
    public var value: String

    /// Words under the number; may be empty.
    public var detail: String

    /// Creates a key number.
    ///
    /// - Parameters:
    ///   - label: What the number is.
    ///   - value: The number as text, with its unit.
    ///   - detail: Words under the number.
    public init(_ label: String, _ value: String, detail: String = "") {
      self.label = label
      self.value = value
      self.detail = detail
    }
  }
}

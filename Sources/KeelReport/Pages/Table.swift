/// A table of texts for a report.
public struct Table: Hashable, Sendable {
  /// On which side the texts of a column line up.
  @nonexhaustive
  public enum Alignment: Hashable, Sendable {
    /// On the left: words.
    case leading
    /// On the right: numbers.
    case trailing
  }

  /// The head of a column.
  public struct Column: Hashable, Sendable {
    /// The words in the head.
    public var title: String

    /// On which side the texts line up.
    public var alignment: Alignment

    /// Creates a column.
    ///
    /// - Parameters:
    ///   - title: The words in the head.
    ///   - alignment: On which side the texts line up.
    public init(_ title: String, _ alignment: Alignment = .trailing) {
      self.title = title
      self.alignment = alignment
    }
  }

  /// What the table shows, in a few words.
  public var caption: String

  /// The columns.
  public var columns: [Column]

  /// The rows; a short one is filled with empty cells, a long one widens the table.
  public var rows: [[String]]

  /// Whether the last row is a total.
  public var lastRowIsTotal: Bool

  /// Creates a table.
  ///
  /// - Parameters:
  ///   - caption: What the table shows, in a few words.
  ///   - columns: The columns.
  ///   - rows: The rows.
  ///   - lastRowIsTotal: Whether the last row is a total.
  public init(
    caption: String = "",
    columns: [Column],
    rows: [[String]],
    lastRowIsTotal: Bool = false
  ) {
    self.caption = caption
    self.columns = columns
    self.rows = rows
    self.lastRowIsTotal = lastRowIsTotal
  }

  /// The HTML of the table, in a box that scrolls sideways where the window is narrow.
  var html: String {
    let columnCount = max(columns.count, rows.map(\.count).max() ?? 0)
    guard columnCount > 0 else { return "" }
    let allColumns = columns + Array(repeating: Column(""), count: columnCount - columns.count)
    let name = caption.isEmpty ? "Table" : caption
    var lines = [
      "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"\(escaped(name))\">",
      "<table>",
    ]
    if !caption.isEmpty { lines.append("<caption>\(escaped(caption))</caption>") }
    let heads = allColumns.map { column in
      "<th scope=\"col\"\(Self.style(column.alignment))>\(escaped(column.title))</th>"
    }
    lines.append("<thead><tr>\(heads.joined())</tr></thead>")
    lines.append("<tbody>")
    for (i, row) in rows.enumerated() {
      let cells = allColumns.indices.map { j in
        let text = j < row.count ? escaped(row[j]) : ""
        let tag = j == 0 ? "th" : "td"
        let scope = j == 0 ? " scope=\"row\"" : ""
        return "<\(tag)\(scope)\(Self.style(allColumns[j].alignment))>\(text)</\(tag)>"
      }
      let isTotal = lastRowIsTotal && i == rows.count - 1
      lines.append("<tr\(isTotal ? " class=\"total\"" : "")>\(cells.joined())</tr>")
    }
    // A body must not be empty in a valid table for readers that walk rows.
    if rows.isEmpty { lines.append("<tr><td colspan=\"\(columnCount)\">No rows</td></tr>") }
    lines += ["</tbody>", "</table>", "</div>"]
    return lines.joined(separator: "\n")
  }

  private static func style(_ alignment: Alignment) -> String {
    alignment == .trailing ? " class=\"number\"" : ""
  }
}

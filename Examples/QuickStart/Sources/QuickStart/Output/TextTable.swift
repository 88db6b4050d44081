/// Columns of text that line up in a terminal: the first on the left, the others on the right.
struct TextTable {
  var rows: [[String]] = []
  var indent = 0
  var gap = 2

  var lines: [String] {
    let columnCount = rows.map(\.count).max() ?? 0
    let widths = (0..<columnCount).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = String(repeating: " ", count: indent)
      for (column, text) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - text.count)
        if column > 0 { line += String(repeating: " ", count: gap) }
        line += column == 0 ? text + padding : padding + text
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}

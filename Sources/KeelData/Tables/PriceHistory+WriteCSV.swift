// Price histories as text. Goals in order: what is written reads back to the same bits, quotes only
// where they are needed, linear time.

extension PriceHistory {
  /// The history as a wide table: times in the first column, then one asset a column.
  ///
  /// Prices are written in the shortest form that reads back to the same `Double`; a missing price
  /// is a blank field, whatever the reason for it. Lines end with a line feed.
  ///
  /// - Parameter timeColumn: The name of the column of times.
  /// - Returns: The table, which ``init(wide:)`` reads back.
  /// - Complexity: O(T · N).
  public func wideTable(timeColumn: String = "date") -> String {
    var text = CSVText()
    text.append(timeColumn)
    for asset in universe.assets { text.append(asset.rawValue) }
    text.endRow()
    for i in 0..<rowCount {
      text.append(timestamps[i].description)
      for j in 0..<assetCount { text.append(self[i, j]) }
      text.endRow()
    }
    return text.string
  }

  /// The history as a long table: one line for each time and asset, row by row.
  ///
  /// Prices are written as in ``wideTable(timeColumn:)``.
  ///
  /// - Parameter settings: The names of the columns.
  /// - Returns: The table, which ``init(long:settings:)`` reads back.
  /// - Complexity: O(T · N).
  public func longTable(settings: LongTableSettings) -> String {
    var text = CSVText()
    text.append(settings.timeColumn)
    text.append(settings.assetColumn)
    text.append(settings.priceColumn)
    text.endRow()
    for i in 0..<rowCount {
      let time = timestamps[i].description
      for j in 0..<assetCount {
        text.append(time)
        text.append(universe.assets[j].rawValue)
        text.append(self[i, j])
        text.endRow()
      }
    }
    return text.string
  }
}

/// Text of comma-separated values that grows field by field.
private struct CSVText {
  private var bytes: [UInt8] = []
  private var isRowStart = true

  var string: String { String(decoding: bytes, as: UTF8.self) }

  mutating func append(_ field: String) {
    beginField()
    guard Self.needsQuotes(field) else {
      bytes.append(contentsOf: field.utf8)
      return
    }
    bytes.append(CSVScanner.quote)
    for byte in field.utf8 {
      if byte == CSVScanner.quote { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(CSVScanner.quote)
  }

  mutating func append(_ value: Double?) {
    beginField()
    guard let value else { return }
    bytes.append(contentsOf: value.description.utf8)
    // 7200.0 says no more than 7200.
    if bytes.suffix(2).elementsEqual(".0".utf8) { bytes.removeLast(2) }
  }

  mutating func endRow() {
    bytes.append(UInt8(ascii: "\n"))
    isRowStart = true
  }

  private mutating func beginField() {
    if !isRowStart { bytes.append(CSVTable.Delimiter.comma.rawValue) }
    isRowStart = false
  }

  /// Whether a reader would see another field without quotes; blanks at the ends would be cut.
  private static func needsQuotes(_ field: String) -> Bool {
    let byteOrderMark: UInt8 = 0xef
    let special = Array(",\"\n\r\t ".utf8) + [byteOrderMark]
    return field.isEmpty || field.utf8.contains { special.contains($0) }
  }
}

/// A table of comma-separated values: a header and rows of as many fields, as text.
///
/// The bytes follow RFC 4180: fields may stand in double quotes, a quote inside is doubled, lines
/// end with CRLF, LF or CR. A byte order mark in front and blank lines at the end are skipped;
/// blanks around a field without quotes are not part of it. The text is UTF-8.
///
/// Errors count lines from 1 in the file, a field over several lines at its first one, and name as
/// column the number of the field in its row, from 1.
///
/// ```swift
/// let table = try CSVTable(bytes, file: "trades.csv")
/// let price = try table.column(named: "price")
/// let first = try table.number(row: 0, column: price)
/// ```
public struct CSVTable: Sendable {
  /// The name of the file, for errors.
  public let file: String

  /// The names of the columns.
  public let header: [String]

  /// The number of rows below the header.
  public let rowCount: Int

  let bytes: [UInt8]

  /// The fields, row after row, the header first.
  let fields: [Field]

  /// Whether a field goes over several lines, so that rows are not lines.
  let hasLineBreaks: Bool

  /// Where a field stands in the bytes, without its quotes.
  struct Field: Sendable {
    var start: Int
    var end: Int

    /// Whether it stands in quotes.
    var isQuoted: Bool

    /// Whether doubled quotes stand inside.
    var hasEscapes: Bool
  }

  /// What separates fields.
  public enum Delimiter: UInt8, Sendable {
    /// A comma.
    case comma = 0x2c

    /// A semicolon.
    case semicolon = 0x3b

    /// A tab.
    case tab = 0x09
  }

  /// Reads a table.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - file: The name of the file, which errors repeat.
  ///   - delimiter: What separates fields.
  /// - Throws: `DataError.invalidTable` with line, column and text of the first field that is
  ///   wrong.
  /// - Complexity: O(bytes).
  public init(
    _ bytes: [UInt8],
    file: String,
    delimiter: Delimiter = .comma
  ) throws(DataError) {
    var scanner = CSVScanner(bytes, file: file, delimiter: delimiter.rawValue)
    let fields = try scanner.scan(bytes.span)
    let columnCount = scanner.columnCount
    self.bytes = bytes
    self.file = file
    self.fields = fields
    hasLineBreaks = scanner.hasLineBreaks
    rowCount = max(fields.count / max(columnCount, 1) - 1, 0)
    header = fields.prefix(columnCount).map { Self.text(of: $0, in: bytes) }
    var names = Set<String>(minimumCapacity: columnCount)
    for (j, name) in header.enumerated() where name.isEmpty || !names.insert(name).inserted {
      throw failure(.badHeader, row: -1, column: j)
    }
    guard rowCount > 0 else {
      throw .invalidTable(file: file, line: 1, column: 1, value: "", reason: .empty)
    }
  }

  /// Reads a table from text.
  ///
  /// - Parameters:
  ///   - text: The whole file.
  ///   - file: The name of the file, which errors repeat.
  ///   - delimiter: What separates fields.
  /// - Throws: `DataError.invalidTable` with line, column and text of the first field that is
  ///   wrong.
  /// - Complexity: O(bytes).
  public init(
    _ text: String,
    file: String,
    delimiter: Delimiter = .comma
  ) throws(DataError) {
    try self.init(Array(text.utf8), file: file, delimiter: delimiter)
  }

  /// The number of columns.
  public var columnCount: Int { header.count }
}

// MARK: - Reading fields

extension CSVTable {
  /// The position of a column.
  ///
  /// - Parameter name: The name in the header.
  /// - Returns: The position, from 0.
  /// - Throws: `DataError.invalidTable` with the name.
  public func column(named name: String) throws(DataError) -> Int {
    guard let position = header.firstIndex(of: name) else {
      throw .invalidTable(
        file: file, line: 1, column: 1, value: name.excerpt, reason: .badHeader)
    }
    return position
  }

  /// The text of a field.
  ///
  /// Traps when an index is out of range.
  ///
  /// - Parameters:
  ///   - row: The row below the header, from 0.
  ///   - column: The column, from 0.
  /// - Returns: The text without quotes.
  public func text(row: Int, column: Int) -> String {
    Self.text(of: field(row, column), in: bytes)
  }

  /// Whether a field is blank.
  ///
  /// Traps when an index is out of range.
  ///
  /// - Parameters:
  ///   - row: The row below the header, from 0.
  ///   - column: The column, from 0.
  /// - Returns: True when nothing stands in the field.
  public func isBlank(row: Int, column: Int) -> Bool {
    let field = field(row, column)
    return field.start == field.end
  }

  /// The number in a field, correctly rounded.
  ///
  /// Accepted are an optional sign, digits with an optional decimal point, and an optional
  /// exponent. Thousands separators, decimal commas, `NaN`, `inf`, hexadecimal numbers and numbers
  /// too large for a `Double` are refused. Traps when an index is out of range.
  ///
  /// - Parameters:
  ///   - row: The row below the header, from 0.
  ///   - column: The column, from 0.
  /// - Returns: A finite number.
  /// - Throws: `DataError.invalidTable` with line, column and text.
  public func number(row: Int, column: Int) throws(DataError) -> Double {
    let field = field(row, column)
    guard let value = Double(decimal: bytes.span.extracting(field.start..<field.end)) else {
      throw failure(.notANumber, row: row, column: column)
    }
    guard value.isFinite else { throw failure(.outOfRange, row: row, column: column) }
    return value
  }

  /// The time in a field, in ISO 8601 as ``Timestamp/init(parsing:)`` reads it.
  ///
  /// Traps when an index is out of range.
  ///
  /// - Parameters:
  ///   - row: The row below the header, from 0.
  ///   - column: The column, from 0.
  /// - Returns: The timestamp.
  /// - Throws: `DataError.invalidTable` with line, column and text.
  public func timestamp(row: Int, column: Int) throws(DataError) -> Timestamp {
    let field = field(row, column)
    switch Timestamp.parse(bytes.span.extracting(field.start..<field.end)) {
    case .timestamp(let timestamp): return timestamp
    case .outOfRange: throw failure(.outOfRange, row: row, column: column)
    case .unreadable: throw failure(.notATimestamp, row: row, column: column)
    }
  }

  /// An error about a field, for callers that find its content wrong.
  ///
  /// Traps when an index is out of range.
  ///
  /// - Parameters:
  ///   - reason: What is wrong.
  ///   - row: The row below the header, from 0; −1 for the header.
  ///   - column: The column, from 0.
  /// - Returns: An error with file, line, column and text.
  public func failure(_ reason: TableFailure, row: Int, column: Int) -> DataError {
    let field = field(row, column)
    // The header is line 1, row 0 line 2; blank lines stand at the end only.
    let line = hasLineBreaks ? bytes.span.line(at: field.start) : row + 2
    return .invalidTable(
      file: file, line: line, column: column + 1,
      value: Self.text(of: field, in: bytes).excerpt, reason: reason)
  }

  func field(_ row: Int, _ column: Int) -> Field {
    precondition(row >= -1 && row < rowCount, "row out of range")
    precondition(column >= 0 && column < columnCount, "column out of range")
    return fields[(row + 1) * columnCount + column]
  }

  static func text(of field: Field, in bytes: [UInt8]) -> String {
    guard field.hasEscapes else {
      return String(decoding: bytes[field.start..<field.end], as: UTF8.self)
    }
    var unescaped: [UInt8] = []
    unescaped.reserveCapacity(field.end - field.start)
    var i = field.start
    while i < field.end {
      unescaped.append(bytes[i])
      // Inside, every quote stands twice.
      i += bytes[i] == CSVScanner.quote ? 2 : 1
    }
    return String(decoding: unescaped, as: UTF8.self)
  }
}

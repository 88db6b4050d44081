// Splits bytes into fields. Goals in order: every byte belongs to exactly one field or separator or
// is refused with its place; no trap and no recursion for any bytes; one pass.

/// Finds the fields of a table of comma-separated values.
struct CSVScanner {
  static let quote = UInt8(ascii: "\"")
  private static let lineFeed: UInt8 = 0x0a
  private static let carriageReturn: UInt8 = 0x0d
  private static let space: UInt8 = 0x20
  private static let tab: UInt8 = 0x09

  /// The number of fields in the header.
  private(set) var columnCount = 0

  /// Whether a field goes over several lines.
  private(set) var hasLineBreaks = false

  private let file: String
  private let delimiter: UInt8
  private let firstBadByte: Int
  private var fields: [CSVTable.Field] = []

  /// The start of the first blank line below the header, if there was one.
  private var blankLine: Int?

  init(_ bytes: [UInt8], file: String, delimiter: UInt8) {
    self.file = file
    self.delimiter = delimiter
    firstBadByte = bytes.span.firstInvalidUTF8Index ?? Int.max
  }

  /// Finds the fields, the header's first; rows have as many fields as the header.
  mutating func scan(_ bytes: borrowing Span<UInt8>) throws(DataError) -> [CSVTable.Field] {
    var position = 0
    if bytes.count >= 3, bytes[0] == 0xef, bytes[1] == 0xbb, bytes[2] == 0xbf { position = 3 }
    // A guess from prices of some eight characters, bounded by one field a byte.
    fields.reserveCapacity(bytes.count / 8)
    while position < bytes.count { position = try scanRow(bytes, from: position) }
    guard !fields.isEmpty else {
      throw .invalidTable(file: file, line: 1, column: 1, value: "", reason: .empty)
    }
    return fields
  }

  /// Appends the fields of one row and returns the start of the next.
  private mutating func scanRow(
    _ bytes: borrowing Span<UInt8>,
    from start: Int
  ) throws(DataError) -> Int {
    let rowStart = fields.count
    var position = start
    while true {
      let column = fields.count - rowStart
      let field =
        try Self.isQuote(bytes, at: position)
        ? quotedField(bytes, &position, column) : plainField(bytes, &position, column)
      if columnCount > 0, column >= columnCount {
        throw failure(.wrongFieldCount, bytes, field.start, field.end, column)
      }
      fields.append(field)
      guard position < bytes.count, bytes[position] == delimiter else { break }
      position += 1
    }
    let next = Self.endOfLine(bytes, at: position)
    let count = fields.count - rowStart
    if count == 1, position == start || isBlank(fields[rowStart]) {
      // A blank line: fine at the end of the file, wrong before another row.
      fields.removeLast()
      if blankLine == nil { blankLine = start }
      return next
    }
    if let blankLine { throw failure(.wrongFieldCount, bytes, blankLine, blankLine, 0) }
    if columnCount == 0 { columnCount = count }
    guard count == columnCount else {
      let last = fields[fields.count - 1]
      throw failure(.wrongFieldCount, bytes, last.start, last.end, count - 1)
    }
    return next
  }

  private func isBlank(_ field: CSVTable.Field) -> Bool {
    field.start == field.end && !field.isQuoted
  }

  /// Whether a quoted field begins here, after blanks perhaps.
  private static func isQuote(_ bytes: borrowing Span<UInt8>, at position: Int) -> Bool {
    var i = position
    while i < bytes.count, bytes[i] == space { i += 1 }
    return i < bytes.count && bytes[i] == quote
  }

  /// Reads a field without quotes up to the separator, without the blanks around it.
  private func plainField(
    _ bytes: borrowing Span<UInt8>,
    _ position: inout Int,
    _ column: Int
  ) throws(DataError) -> CSVTable.Field {
    var start = position
    var hasQuote = false
    while position < bytes.count {
      let byte = bytes[position]
      if byte == delimiter || byte == Self.lineFeed || byte == Self.carriageReturn { break }
      if byte == Self.quote { hasQuote = true }
      position += 1
    }
    var end = position
    while start < end, bytes[start] == Self.space || bytes[start] == Self.tab { start += 1 }
    while end > start, bytes[end - 1] == Self.space || bytes[end - 1] == Self.tab { end -= 1 }
    if position > firstBadByte { throw failure(.notUTF8, bytes, start, end, column) }
    if hasQuote { throw failure(.badQuoting, bytes, start, end, column) }
    return CSVTable.Field(start: start, end: end, isQuoted: false, hasEscapes: false)
  }

  /// Reads a field in quotes; only blanks may stand between the quotes and the separators.
  private mutating func quotedField(
    _ bytes: borrowing Span<UInt8>,
    _ position: inout Int,
    _ column: Int
  ) throws(DataError) -> CSVTable.Field {
    while bytes[position] == Self.space { position += 1 }
    let start = position + 1
    var hasEscapes = false
    var end = start
    while true {
      while end < bytes.count, bytes[end] != Self.quote {
        if bytes[end] == Self.lineFeed || bytes[end] == Self.carriageReturn { hasLineBreaks = true }
        end += 1
      }
      guard end < bytes.count else {
        let reason: TableFailure = firstBadByte < bytes.count ? .notUTF8 : .badQuoting
        throw failure(reason, bytes, start, bytes.count, column)
      }
      guard end + 1 < bytes.count, bytes[end + 1] == Self.quote else { break }
      hasEscapes = true
      end += 2
    }
    position = end + 1
    while position < bytes.count, bytes[position] == Self.space { position += 1 }
    if position > firstBadByte { throw failure(.notUTF8, bytes, start, end, column) }
    if position < bytes.count {
      let byte = bytes[position]
      guard byte == delimiter || byte == Self.lineFeed || byte == Self.carriageReturn else {
        throw failure(.badQuoting, bytes, start, end, column)
      }
    }
    return CSVTable.Field(start: start, end: end, isQuoted: true, hasEscapes: hasEscapes)
  }

  /// The start of the next line, after CRLF, LF or CR.
  private static func endOfLine(_ bytes: borrowing Span<UInt8>, at position: Int) -> Int {
    guard position < bytes.count else { return position }
    let isPair =
      bytes[position] == carriageReturn && position + 1 < bytes.count
      && bytes[position + 1] == lineFeed
    return position + (isPair ? 2 : 1)
  }

  private func failure(
    _ reason: TableFailure,
    _ bytes: borrowing Span<UInt8>,
    _ start: Int,
    _ end: Int,
    _ column: Int
  ) -> DataError {
    // The longest excerpt of an error, in bytes of at most four a character.
    let shown = min(end, start + 400)
    let text = [UInt8](capacity: shown - start) { output in
      for i in start..<shown { output.append(bytes[i]) }
    }
    return .invalidTable(
      file: file, line: bytes.line(at: start), column: column + 1,
      value: String(decoding: text, as: UTF8.self).excerpt, reason: reason)
  }
}

extension Span where Element == UInt8 {
  /// The number of the line that holds a byte, from 1; CRLF, LF and CR end lines.
  func line(at index: Int) -> Int {
    let lineFeed: UInt8 = 0x0a
    let carriageReturn: UInt8 = 0x0d
    var line = 1
    for i in 0..<Swift.min(index, count) {
      let isPair = i > 0 && self[i] == lineFeed && self[i - 1] == carriageReturn
      if (self[i] == lineFeed && !isPair) || self[i] == carriageReturn { line += 1 }
    }
    return line
  }
}

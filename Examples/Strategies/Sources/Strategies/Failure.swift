import Keel

/// Why the run stopped, in one line.
struct Failure: Error, Equatable {
  let line: String

  init(_ line: String) { self.line = line }

  /// Words for whatever a step threw.
  init(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case DataError.invalidTable(let file, let line, let column, let value, let reason):
      self.init("\(file): line \(line), column \(column), \"\(value)\": \(Self.words(reason))")
    default: self.init("\(error)")
    }
  }

  private static func words(_ reason: TableFailure) -> String {
    switch reason {
    case .empty: "the file needs a header and at least one row"
    case .notUTF8: "the bytes are not UTF-8"
    case .wrongFieldCount: "the row has more or fewer fields than the header"
    case .badQuoting: "a quote is not closed or stands inside a field"
    case .notANumber: "not a decimal number"
    case .outOfRange: "a price must be above zero"
    case .notATimestamp: "not a date or time like 2023-12-31T08:00:00Z"
    case .duplicateTimestamp: "this time stands twice"
    case .unsortedTimestamp: "this time is before the one above"
    case .badHeader: "no such column, or a name that is missing or stands twice"
    default: reason.rawValue
    }
  }
}

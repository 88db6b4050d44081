import Keel

/// Why the run stopped, in one line.
struct Failure: Error {
  let line: String

  init(_ line: String) { self.line = line }

  /// Words for whatever a step threw over the prices of a file.
  init(_ error: any Error, in file: String) {
    switch error {
    case let failure as Failure: self = failure
    case DataError.invalidTable(let file, let line, let column, let value, let reason):
      self.init("\(file): line \(line), column \(column), \"\(value)\": \(Self.words(reason))")
    case DistributionsError.repeatedValue(let value, let count, let total):
      self.init(
        "\(file): the return \(value) stands \(count) times in \(total) rows, too often for a law of losses"
      )
    default: self.init("\(file): \(error)")
    }
  }

  private static func words(_ reason: TableFailure) -> String {
    switch reason {
    case .empty: "the file needs a header and at least one row"
    case .notUTF8: "the bytes are not UTF-8"
    case .wrongFieldCount: "the row has more or fewer fields than the header"
    case .badQuoting: "a quote is not closed or stands inside a field"
    case .notANumber: "not a decimal number (no thousands separators, no words)"
    case .outOfRange: "a price must be above zero"
    case .notATimestamp: "not a date like 2023-12-31"
    case .duplicateTimestamp: "this date stands twice"
    case .unsortedTimestamp: "this date is before the one above"
    case .badHeader: "the header needs a date and different names for all columns"
    default: reason.rawValue
    }
  }
}

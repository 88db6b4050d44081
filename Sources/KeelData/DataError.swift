/// Describes why data were refused.
@nonexhaustive
public enum DataError: Error, Hashable, Sendable {
  /// An asset cannot be put into a universe, or is not in it.
  case invalidAsset(AssetID, reason: AssetFailure)

  /// Two values that meet in one call are about different assets, or about the same in another
  /// order; `position` is the first place where they differ.
  case universeMismatch(position: Int, left: AssetID?, right: AssetID?)

  /// The number of elements does not fit the universe or the timestamps.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// A number is NaN, infinite or outside the allowed interval, both ends included.
  case invalidValue(
    argument: String, asset: AssetID?, row: Int?, got: Double, lowest: Double, highest: Double)

  /// A time cannot be read or represented, or is out of order; `row` counts from 0 and is nil for
  /// a time that stands alone.
  case invalidTimestamp(row: Int?, reason: TimestampFailure)

  /// A price is needed where the history has none.
  case missingPrice(asset: AssetID, row: Int, availability: Availability)

  /// An amount cannot be read, converted or represented.
  case invalidAmount(text: String, reason: AmountFailure)

  /// A table cannot be read; line and column (the number of the field) count from 1 in the file.
  case invalidTable(file: String, line: Int, column: Int, value: String, reason: TableFailure)
}

/// Says what is wrong with an asset.
@nonexhaustive
public enum AssetFailure: Hashable, Sendable {
  /// The asset is not in the universe.
  case unknown

  /// The asset stands a second time in one universe, at this position.
  case duplicate(position: Int)

  /// The name of the asset at this position is empty.
  case emptyName(position: Int)
}

/// Says what is wrong with a time.
@nonexhaustive
public enum TimestampFailure: Hashable, Sendable {
  /// The text is not an ISO 8601 date or time of the accepted forms, or names no day or time that
  /// exists.
  case unreadable(text: String)

  /// The time is outside the years 1677 to 2262.
  case outOfRange

  /// The timestamp is not after the one of the row before.
  case unordered(timestamp: Timestamp, previous: Timestamp)
}

/// Says what is wrong with an amount.
@nonexhaustive
public enum AmountFailure: String, Hashable, Sendable {
  /// Not a finite decimal number.
  case notANumber

  /// More decimals than the asset has, and no rounding was stated.
  case tooManyDecimals

  /// Does not fit 128-bit base units.
  case overflow

  /// Two amounts with different decimals meet.
  case differentDecimals

  /// A lot that is zero or negative.
  case notPositive
}

/// Says what is wrong with a table.
@nonexhaustive
public enum TableFailure: String, Hashable, Sendable {
  /// The file holds no header or no row.
  case empty

  /// The bytes are not UTF-8.
  case notUTF8

  /// A row has more or fewer fields than the header.
  case wrongFieldCount

  /// A quote is not closed, or stands inside a field that is not quoted.
  case badQuoting

  /// The field is not a decimal number; thousands separators are refused.
  case notANumber

  /// The field is a number outside the allowed interval.
  case outOfRange

  /// The field is not a date or a time that can be read.
  case notATimestamp

  /// The time was seen before (for this asset, in a long table).
  case duplicateTimestamp

  /// The time is before that of the row above.
  case unsortedTimestamp

  /// A column is missing from the header, stands twice, or has no name.
  case badHeader

  /// The name of an asset is blank.
  case badName
}

// MARK: - Text

extension DataError: CustomStringConvertible {
  /// The failure in one English sentence without a full stop.
  public var description: String {
    switch self {
    case .invalidAsset(let asset, let reason):
      "asset \"\(asset)\" \(reason)"
    case .universeMismatch(let position, let left, let right):
      "universes differ at position \(position): "
        + "\(left?.description ?? "nothing") against \(right?.description ?? "nothing")"
    case .shapeMismatch(let argument, let got, let required):
      "\(argument): got \(got), required \(required)"
    case .invalidValue(let argument, let asset, let row, let got, let lowest, let highest):
      "\(argument)\(Self.place(asset, row)): \(got) is not in [\(lowest), \(highest)]"
    case .invalidTimestamp(let row, let reason):
      "timestamp\(Self.place(nil, row)) \(reason)"
    case .missingPrice(let asset, let row, let availability):
      "no price of \(asset) in row \(row): \(availability)"
    case .invalidAmount(let text, let reason):
      "amount \(text): \(reason.rawValue)"
    case .invalidTable(let file, let line, let column, let value, let reason):
      "\(file):\(line), column \(column): \"\(value)\": \(reason.rawValue)"
    }
  }

  private static func place(_ asset: AssetID?, _ row: Int?) -> String {
    (asset.map { " of \($0)" } ?? "") + (row.map { " in row \($0)" } ?? "")
  }
}

extension AssetFailure: CustomStringConvertible {
  /// The failure in a few English words.
  public var description: String {
    switch self {
    case .unknown: "is not in the universe"
    case .duplicate(let position): "stands a second time at position \(position)"
    case .emptyName(let position): "at position \(position) has an empty name"
    }
  }
}

extension TimestampFailure: CustomStringConvertible {
  /// The failure in a few English words.
  public var description: String {
    switch self {
    case .unreadable(let text): "cannot be read from \"\(text)\""
    case .outOfRange: "is outside the years 1677 to 2262"
    case .unordered(let timestamp, let previous): "\(timestamp) is not after \(previous)"
    }
  }
}

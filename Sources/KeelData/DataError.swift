/// Describes why data were refused.
@nonexhaustive
public enum DataError: Error, Hashable, Sendable {
  /// An asset stands twice in one universe, or has an empty name.
  case invalidUniverse(asset: AssetID, position: Int)

  /// An asset is not in the universe.
  case unknownAsset(AssetID)

  /// Two values that meet in one call are about different assets, or about the same in another
  /// order; `position` is the first place where they differ.
  case universeMismatch(position: Int, left: AssetID?, right: AssetID?)

  /// The number of elements does not fit the universe or the timestamps.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// A number is NaN, infinite or outside the allowed interval, both ends included.
  case invalidValue(
    argument: String, asset: AssetID?, row: Int?, got: Double, lowest: Double, highest: Double)

  /// The timestamps do not increase strictly: the one at `row` is not after the one before it.
  case unorderedTimestamps(row: Int, timestamp: Timestamp, previous: Timestamp)

  /// An amount cannot be read, converted or represented.
  case invalidAmount(text: String, reason: AmountFailure)

  /// A table cannot be read. Line and column count from 1 in the file.
  case invalidTable(file: String, line: Int, column: Int, value: String, reason: TableFailure)
}

/// Says what is wrong with an amount.
@nonexhaustive
public enum AmountFailure: String, Hashable, Sendable {
  /// Not a decimal number.
  case notANumber
  /// More decimals than the asset has, and no rounding was stated.
  case tooManyDecimals
  /// Does not fit 128-bit base units.
  case overflow
  /// Two amounts with different decimals meet.
  case differentDecimals
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
}

public import KeelData
public import KeelEngine
public import KeelMarkets

/// Describes why a backtest cannot be computed.
@nonexhaustive
public enum BacktestingError: Error, Hashable, Sendable {
  /// A number is NaN, infinite or outside the allowed interval, both ends included; the row counts
  /// from 0 where there are several.
  case invalidValue(
    argument: String, asset: AssetID?, row: Int?, got: Double, lowest: Double, highest: Double)

  /// Two inputs do not have the shapes that belong together.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// Two inputs are about different assets, or about the same in another order.
  case universeMismatch(position: Int, left: AssetID?, right: AssetID?)

  /// There are too few periods.
  case tooFewPeriods(got: Int, required: Int)

  /// An asset has no return in a row and the settings refuse that.
  case missingReturn(asset: AssetID, row: Int)

  /// A target holds an asset that no longer exists.
  case delistedAsset(AssetID)

  /// What is held is worth nothing, or less, after a row: leverage or short positions lost it all.
  case portfolioWithoutValue(row: Int, got: Double)

  /// The engine refuses to start, for this reason.
  case engine(EngineError)

  /// The mechanics of a venue refuse at a time, for this reason.
  case venue(MarketsError, time: Timestamp)
}

extension BacktestingError {
  /// Says the same about universes and values in this module's terms.
  init(_ error: DataError) {
    switch error {
    case .universeMismatch(let position, let left, let right):
      self = .universeMismatch(position: position, left: left, right: right)
    case .invalidValue(let argument, let asset, let row, let got, let lowest, let highest):
      self = .invalidValue(
        argument: argument, asset: asset, row: row, got: got, lowest: lowest, highest: highest)
    case .shapeMismatch(let argument, let got, let required):
      self = .shapeMismatch(argument: argument, got: got, required: required)
    default:
      self = .tooFewPeriods(got: 0, required: 1)
    }
  }
}

/// Requires two universes to be the same.
func requireSame(_ left: Universe, _ right: Universe) throws(BacktestingError) {
  do throws(DataError) {
    try left.requireEqual(right)
  } catch {
    throw BacktestingError(error)
  }
}

extension BacktestingError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .invalidValue(let argument, let asset, let row, let got, let lowest, let highest):
      "\(argument)\(asset.map { " of \($0)" } ?? "")\(row.map { " in row \($0)" } ?? "") is \(got), "
        + "allowed is \(lowest) to \(highest)"
    case .shapeMismatch(let argument, let got, let required):
      "\(argument) is \(got), required is \(required)"
    case .universeMismatch(let position, let left, let right):
      "the universes differ at position \(position): "
        + "\(left?.rawValue ?? "nothing") and \(right?.rawValue ?? "nothing")"
    case .tooFewPeriods(let got, let required):
      "there are \(got) periods, \(required) are required"
    case .missingReturn(let asset, let row):
      "\(asset) has no return in row \(row)"
    case .delistedAsset(let asset):
      "\(asset) is delisted and cannot be held"
    case .portfolioWithoutValue(let row, let got):
      "the portfolio is worth \(got) after row \(row)"
    case .engine(let error): error.description
    case .venue(let error, let time): "\(error) at \(time)"
    }
  }
}

/// Requires a number in an interval, both ends included.
func require(
  _ value: Double,
  _ argument: String,
  in allowed: ClosedRange<Double>,
  asset: AssetID? = nil,
  row: Int? = nil
) throws(BacktestingError) {
  guard allowed.contains(value) else {
    throw .invalidValue(
      argument: argument, asset: asset, row: row, got: value, lowest: allowed.lowerBound,
      highest: allowed.upperBound)
  }
}

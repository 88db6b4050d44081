public import KeelData

/// Describes why a risk cannot be measured.
@nonexhaustive
public enum RiskError: Error, Hashable, Sendable {
  /// A number is NaN, infinite or outside the allowed interval, both ends included.
  case invalidValue(argument: String, got: Double, lowest: Double, highest: Double)

  /// An asset or instrument is not in the market or catalog, or the market lacks a number for it.
  case unknownInstrument(AssetID)

  /// No listing is owed by a protocol of this name, or no protocol of this name is known.
  case unknownProtocol(String)

  /// A name stands twice.
  case duplicate(String)

  /// Two inputs have different lengths.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// No candidate keeps the loss within the budget; the least loss is named.
  case budgetTooSmall(budget: Double, leastLoss: Double)

  /// No move within the search loses as much; the largest loss that was seen is named.
  case lossNotReached(wanted: Double, largest: Double)
}

extension RiskError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .invalidValue(let argument, let got, let lowest, let highest):
      "\(argument) is \(got), allowed is \(lowest) to \(highest)"
    case .unknownInstrument(let id): "\(id) is not known, or has no usable price or quote"
    case .unknownProtocol(let name): "no protocol is named \(name)"
    case .duplicate(let name): "\(name) stands twice"
    case .shapeMismatch(let argument, let got, let required):
      "\(argument) has \(got) entries, needed are \(required)"
    case .budgetTooSmall(let budget, let leastLoss):
      "the loss budget is \(budget), the least loss is \(leastLoss)"
    case .lossNotReached(let wanted, let largest):
      "no move within the search loses \(wanted), the largest loss seen is \(largest)"
    }
  }
}

extension RiskError {
  /// Says the same about labeled values in this module's terms.
  init(_ error: DataError) {
    switch error {
    case .invalidAsset(let asset, .duplicate): self = .duplicate(asset.rawValue)
    case .invalidAsset(let asset, _): self = .unknownInstrument(asset)
    case .universeMismatch(_, let left, let right):
      self = .unknownInstrument(right ?? left ?? AssetID(""))
    case .invalidValue(_, let asset?, _, _, _, _): self = .unknownInstrument(asset)
    case .invalidValue(let argument, _, _, let got, let lowest, let highest):
      self = .invalidValue(argument: argument, got: got, lowest: lowest, highest: highest)
    case .shapeMismatch(let argument, let got, let required):
      self = .shapeMismatch(argument: argument, got: got, required: required)
    default:
      self = .invalidValue(argument: "\(error)", got: .nan, lowest: 0, highest: 0)
    }
  }
}

/// Requires a number in an interval, both ends included.
func require(
  _ value: Double,
  _ argument: @autoclosure () -> String,
  in allowed: ClosedRange<Double>
) throws(RiskError) {
  guard allowed.contains(value) else {
    throw .invalidValue(
      argument: argument(), got: value, lowest: allowed.lowerBound, highest: allowed.upperBound)
  }
}

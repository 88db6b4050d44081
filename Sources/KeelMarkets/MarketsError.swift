public import KeelData

/// Describes why a venue's mechanics cannot be computed.
@nonexhaustive
public enum MarketsError: Error, Hashable, Sendable {
  /// A number is NaN, infinite or outside the allowed interval, both ends included; the place counts from 0
  /// where there are several.
  case invalidValue(argument: String, place: Int?, got: Double, lowest: Double, highest: Double)

  /// Levels, tiers or steps that must increase, or decrease, do not at a place.
  case unordered(argument: String, place: Int)

  /// The best bid is not below the best ask.
  case crossedBook(bid: Double, ask: Double)

  /// A venue cannot take or give that much: `available` is what there is.
  case notEnoughDepth(wanted: Double, available: Double)

  /// An account or market names an instrument that is not listed, or lacks a number for it.
  case unknownInstrument(AssetID)

  /// An amount does not fit its decimals and 128 bits.
  case amountOverflow(AssetID)

  /// What is asked for is not offered, with the reason.
  case unsupported(String)
}

extension MarketsError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .invalidValue(let argument, let place, let got, let lowest, let highest):
      "\(argument)\(place.map { " \($0)" } ?? "") is \(got), allowed is \(lowest) to \(highest)"
    case .unordered(let argument, let place): "\(argument) are out of order at \(place)"
    case .crossedBook(let bid, let ask): "the best bid \(bid) is not below the best ask \(ask)"
    case .notEnoughDepth(let wanted, let available):
      "\(wanted) is wanted, \(available) is available"
    case .unknownInstrument(let id): "\(id) is not listed"
    case .amountOverflow(let id): "an amount of \(id) does not fit 128 bits"
    case .unsupported(let reason): reason
    }
  }
}

/// Requires a number in an interval, both ends included.
func require(
  _ value: Double,
  _ argument: String,
  in allowed: ClosedRange<Double>,
  place: Int? = nil
) throws(MarketsError) {
  guard allowed.contains(value) else {
    throw .invalidValue(
      argument: argument, place: place, got: value, lowest: allowed.lowerBound,
      highest: allowed.upperBound)
  }
}

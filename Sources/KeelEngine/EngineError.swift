public import KeelData
public import KeelMarkets
public import KeelRisk

/// Describes why a decision cannot be made.
@nonexhaustive
public enum EngineError: Error, Hashable, Sendable {
  /// Two inputs are about different assets, or about the same in another order.
  case universeMismatch(position: Int, left: AssetID?, right: AssetID?)

  /// An asset that the call names is not in the universe.
  case unknownAsset(AssetID)

  /// A number is NaN, infinite or outside the allowed interval, both ends included.
  case invalidValue(
    argument: String, asset: AssetID?, got: Double, lowest: Double, highest: Double)

  /// An amount is below zero where it must not be.
  case negativeAmount(argument: String, asset: AssetID?, got: Amount)

  /// Two amounts of one asset have different decimals.
  case differentDecimals(argument: String, asset: AssetID, got: Int, required: Int)

  /// An amount does not fit 128-bit base units.
  case amountOverflow(asset: AssetID)

  /// The portfolio is worth nothing, or its value is not a finite number.
  case portfolioWithoutValue(got: Double)

  /// The holdings cannot pay for a trade: the plan was made from others.
  case holdingsTooSmall(asset: AssetID, held: Amount, needed: Amount)

  /// No weights could be chosen, for this reason.
  case noTarget(reason: String)

  /// A venue's mechanics refuse, for this reason.
  case venue(MarketsError)

  /// A risk cannot be measured, for this reason.
  case risk(RiskError)
}

extension EngineError {
  /// Says the same about universes and values in this module's terms.
  init(_ error: DataError, asset: AssetID) {
    switch error {
    case .universeMismatch(let position, let left, let right):
      self = .universeMismatch(position: position, left: left, right: right)
    case .invalidAsset(let asset, .unknown):
      self = .unknownAsset(asset)
    case .invalidValue(let argument, let place, _, let got, let lowest, let highest):
      self = .invalidValue(
        argument: argument, asset: place, got: got, lowest: lowest, highest: highest)
    default:
      self = .amountOverflow(asset: asset)
    }
  }
}

extension EngineError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .universeMismatch(let position, let left, let right):
      "the universes differ at position \(position): "
        + "\(left?.rawValue ?? "nothing") and \(right?.rawValue ?? "nothing")"
    case .unknownAsset(let asset):
      "\(asset) is not in the universe"
    case .invalidValue(let argument, let asset, let got, let lowest, let highest):
      "\(argument)\(asset.map { " of \($0)" } ?? "") is \(got), "
        + "allowed is \(lowest) to \(highest)"
    case .negativeAmount(let argument, let asset, let got):
      "\(argument)\(asset.map { " of \($0)" } ?? "") is \(got)"
    case .differentDecimals(let argument, let asset, let got, let required):
      "\(argument) of \(asset) has \(got) decimals, the asset has \(required)"
    case .amountOverflow(let asset):
      "an amount of \(asset) does not fit 128 bits"
    case .portfolioWithoutValue(let got):
      "the portfolio is worth \(got)"
    case .holdingsTooSmall(let asset, let held, let needed):
      "\(needed) of \(asset) is needed, \(held) is held"
    case .noTarget(let reason): "no target: \(reason)"
    case .venue(let error): error.description
    case .risk(let error): error.description
    }
  }
}

/// Checks that labeled inputs are about the same assets.
func requireSameAssets(_ universe: Universe, _ others: Universe...) throws(EngineError) {
  for other in others {
    do throws(DataError) {
      try universe.requireEqual(other)
    } catch {
      throw EngineError(error, asset: universe.assets.first ?? AssetID(""))
    }
  }
}

import KeelData
import KeelMarkets

/// Weights that are meant as shares of all equity, contracts and debts counted, not of the assets held.
///
/// ```text
/// weight = share · min(equity / value of the assets held, 1)
/// ```
///
/// What contracts have lost and options are owed stays in cash, ready to be paid; what they have gained is invested once it
/// has been paid, and until then the cash that the shares leave is kept.
public struct EquityShares: TargetPolicy {
  /// Whether the policy inside does.
  public var readsSurfaces: Bool { shares.readsSurfaces }

  /// The policy whose weights are meant.
  public let shares: any TargetPolicy

  /// Creates a policy.
  ///
  /// - Parameter shares: The policy whose weights are meant as shares of equity.
  public init(_ shares: any TargetPolicy) { self.shares = shares }

  /// Encodes the settings of the policy inside, with the name of its type.
  public func encode(to encoder: any Encoder) throws {
    try TypedStage(shares).encode(to: encoder)
  }

  /// What the policy inside needs.
  public var rowsNeeded: Int { shares.rowsNeeded }

  /// The weights; none of anything but cash when the equity is not above zero.
  public func target(_ view: DecisionView) throws(EngineError) -> Target {
    let wanted = try shares.target(view)
    let universe = wanted.weights.universe
    let held = view.valuation.holdings.reduce(0, +)
    let scale = min(max(view.valuation.equity, 0) / held, 1)
    var values = zip(universe.assets, wanted.weights.values).map { asset, share in
      asset == view.account.cash ? 0 : share * scale
    }
    let total = values.reduce(0, +)
    if let place = universe.position(of: view.account.cash) { values[place] = max(1 - total, 0) }
    do throws(DataError) {
      return Target(
        weights: try Weights(universe: universe, values: values), reasons: wanted.reasons)
    } catch {
      throw EngineError(error, asset: view.account.cash)
    }
  }
}

public import KeelData

/// A decision that is prepared for the day a breaker asks for it.
public enum Contingency: Hashable, Sendable, Codable {
  /// Sell assets in proportion until cash is a share of what is held.
  case deRisk(cashFraction: Double)

  /// Take out everything that a protocol owes: deposits, pools and positions, loans left alone.
  case withdraw(protocolName: String)

  /// Repay loans with the cash there is until the health factor reaches a level.
  case repay(healthFactor: Double)

  /// Bring the delta of an asset to zero with a listed contract.
  case hedge(underlying: AssetID, with: AssetID)
}

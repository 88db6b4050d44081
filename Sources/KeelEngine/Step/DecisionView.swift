public import KeelData
public import KeelMarkets

/// What the stages of a strategy may see: the market of now, the account in it, and what is remembered.
public struct DecisionView: Sendable {
  /// The market.
  public let market: MarketSnapshot

  /// The prices of the assets: of untradable ones the last known, or one.
  public let prices: Prices

  /// The account.
  public let account: Account

  /// The account's value in the market.
  public let valuation: AccountValuation

  /// The weights of the assets in what is held of them, cash included.
  public let weights: Weights

  /// The past.
  public let memory: MarketMemory

  /// The instruments.
  public let catalog: Catalog

  /// When the assets were last traded; nil for never.
  public let lastRebalance: Timestamp?

  /// The assets that were beyond a threshold and have not come back.
  public let breached: [AssetID]

  /// The assets that have no price now, and none of which is held: their wanted weights stay in cash.
  public let untradable: [AssetID]

  /// The assets other than cash that have a price, in the order of the universe.
  public var riskyAssets: [AssetID] {
    prices.universe.assets.filter { $0 != account.cash && !untradable.contains($0) }
  }
}

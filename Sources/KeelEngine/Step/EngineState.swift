public import KeelData
public import KeelMarkets

/// Everything that an engine carries from one step to the next.
public struct EngineState: Hashable, Sendable, Codable {
  /// What is held and owed; the host sets it to what its venues report before each step.
  public var account: Account

  /// The breakers; a host may reset one by hand.
  public var breakers: BreakerPanel

  /// The past of the market.
  public internal(set) var memory: MarketMemory

  /// The number of steps so far.
  public internal(set) var stepCount = 0

  /// When the assets were last traded; nil for never.
  public internal(set) var lastRebalance: Timestamp?

  /// The highest equity so far, in cash; nil before the first.
  public internal(set) var highestEquity: Double?

  /// The assets beyond a threshold, sorted.
  public internal(set) var breached: [AssetID] = []

  /// Whether the last step failed inside.
  public internal(set) var hasFault = false

  /// The hash of the last record.
  public internal(set) var auditHead = AuditLog().head

  /// Fills a decision exactly as planned, at the market that it was made in.
  ///
  /// A host that trades for real sets ``account`` from its venues' reports instead.
  ///
  /// - Parameters:
  ///   - decision: The decision of the last step.
  ///   - market: Its market.
  ///   - catalog: The instruments.
  /// - Returns: What the trades and orders cost, in cash.
  /// - Throws: `EngineError` when the account cannot pay; it is unchanged then.
  public mutating func fill(
    _ decision: Decision,
    in market: MarketSnapshot,
    catalog: Catalog
  ) throws(EngineError) -> Double {
    let (filled, cost) = try account.filling(
      trades: decision.trades, orders: decision.orders, in: market, catalog: catalog)
    account = filled
    return cost
  }
}

extension Account {
  /// The account after trades and orders, and what they cost in cash.
  func filling(
    trades: [Trade],
    orders: [ContractOrder],
    in market: MarketSnapshot,
    catalog: Catalog
  ) throws(EngineError) -> (account: Account, cost: Double) {
    var after = self
    var cost = 0.0
    if !trades.isEmpty {
      after.holdings = try holdings.applying(trades, cash: cash)
      for trade in trades {
        cost += trade.fee.doubleValue + trade.slippage.doubleValue + trade.gas.doubleValue
      }
    }
    for order in orders {
      guard let listing = catalog[order.id] else { throw .unknownAsset(order.id) }
      do throws(MarketsError) {
        cost += try after.trade(order.quantity, of: listing, in: market)
      } catch {
        throw .venue(error)
      }
    }
    return (after, cost)
  }
}

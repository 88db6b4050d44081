import KeelMarkets

/// Where the profit of a backtest came from, in cash; the parts add to the change of equity.
public struct ProfitBySource: Hashable, Sendable, Codable {
  /// Prices of assets held.
  public var spot = 0.0

  /// Marks of futures and perpetuals.
  public var contracts = 0.0

  /// Prices of options, the passage of time included.
  public var options = 0.0

  /// Prices of pool positions, impermanent loss included.
  public var pools = 0.0

  /// Prices and interest of deposits, loans, principal and yield tokens.
  public var lending = 0.0

  /// Funding of perpetuals.
  public var funding = 0.0

  /// Fees of pools.
  public var poolFees = 0.0

  /// Interest on cash.
  public var interest = 0.0

  /// Penalties of liquidations, and what lenders bore.
  public var liquidations = 0.0

  /// Fees, slippage and gas of trades, negative.
  public var costs = 0.0

  /// What rounding to base units took.
  public var rounding = 0.0

  /// Nothing yet.
  public init() {}

  /// The parts with their names, in one order.
  public var parts: [(name: String, value: Double)] {
    [
      ("spot", spot), ("contracts", contracts), ("options", options), ("pools", pools),
      ("lending", lending), ("funding", funding), ("pool fees", poolFees),
      ("interest", interest), ("liquidations", liquidations), ("costs", costs),
      ("rounding", rounding),
    ]
  }

  /// The sum of the parts, in their order.
  public var total: Double {
    let positions = spot + contracts + options + pools + lending
    return positions + funding + poolFees + interest + liquidations + costs + rounding
  }

  /// Adds the parts of another time.
  public static func += (left: inout ProfitBySource, right: ProfitBySource) {
    left.spot += right.spot
    left.contracts += right.contracts
    left.options += right.options
    left.pools += right.pools
    left.lending += right.lending
    left.funding += right.funding
    left.poolFees += right.poolFees
    left.interest += right.interest
    left.liquidations += right.liquidations
    left.costs += right.costs
    left.rounding += right.rounding
  }

  /// The part that the price of an instrument moves.
  static func source(of instrument: Instrument) -> WritableKeyPath<ProfitBySource, Double> {
    switch instrument {
    case .spot: \.spot
    case .future, .perpetual: \.contracts
    case .option: \.options
    case .pool: \.pools
    case .deposit, .loan, .principalToken, .yieldToken: \.lending
    }
  }
}

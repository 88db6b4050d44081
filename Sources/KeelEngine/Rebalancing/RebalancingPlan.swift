public import KeelData

/// One order of a plan with its exact cost.
public struct Trade: Hashable, Sendable, Codable {
  /// The side of an order.
  public enum Side: String, Hashable, Sendable, Codable {
    /// Give the asset, receive cash.
    case sell
    /// Give cash, receive the asset.
    case buy
  }

  /// The asset.
  public let asset: AssetID

  /// Sell or buy.
  public let side: Side

  /// The quantity: positive, a whole number of lots.
  public let quantity: Amount

  /// Quantity times price, in cash: rounded down for a sale, up for a purchase.
  public let value: Amount

  /// The fee, in cash, rounded up.
  public let fee: Amount

  /// The slippage, in cash, rounded up.
  public let slippage: Amount

  /// The fixed cost, in cash.
  public let gas: Amount

  /// The change of cash: the value less all costs for a sale, minus both for a purchase.
  public let cashChange: Amount
}

/// A leg that a plan leaves out, wholly or in part.
public struct DroppedTrade: Hashable, Sendable {
  /// Why a leg is left out.
  @nonexhaustive
  public enum Reason: Hashable, Sendable {
    /// The drift is inside the no-trade band.
    case withinBand
    /// The drift is worth less than one lot.
    case belowLot
    /// The leg is worth less than the venue's minimum.
    case belowMinimum(minimum: Amount)
    /// The fixed cost would exceed the allowed share of the leg.
    case gasTooHigh(gas: Amount)
    /// There is not enough cash, all costs counted.
    case cashShort
  }

  /// The asset.
  public let asset: AssetID

  /// The side of the leg.
  public let side: Trade.Side

  /// What is left of the drift, in cash: the value that is not traded.
  public let value: Double

  /// Why.
  public let reason: Reason
}

/// An executable plan: trades in order, what is left out and why, and where it leads.
public struct RebalancingPlan: Hashable, Sendable {
  /// The asset that pays.
  public let cash: AssetID

  /// The trades in the order to execute: sells, then buys; in each the largest value first, ties by
  /// name.
  public let trades: [Trade]

  /// What the plan leaves at a distance from the target, by name.
  public let dropped: [DroppedTrade]

  /// The sum of the fees, in cash.
  public let totalFee: Amount

  /// The sum of the slippage, in cash.
  public let totalSlippage: Amount

  /// The sum of the fixed costs, in cash.
  public let totalGas: Amount

  /// The traded value over twice the portfolio's value before: one means that all was exchanged.
  public let turnover: Double

  /// The common factor by which the purchases were scaled, one when cash was enough.
  public let buyScale: Double

  /// The cash before the trades.
  public let cashBefore: Amount

  /// The cash after all trades and costs: negative only where sales do not pay back what was owed.
  public let cashAfter: Amount

  /// What is held after the trades, over the universe of the holdings before.
  public let expectedHoldings: Holdings

  /// The weights after the trades, at the prices of the plan.
  public let expectedWeights: Weights

  /// The number of passes in which the plan was made.
  public let passCount: Int

  /// Whether planning again from ``expectedHoldings`` at the same prices gives no trade.
  public let isSettled: Bool

  /// Whether there is nothing to trade.
  public var isEmpty: Bool { trades.isEmpty }

  /// Executes the plan exactly as planned.
  ///
  /// - Parameter holdings: What is held; the universe that the plan was made for.
  /// - Returns: What is held after every trade filled, in order.
  /// - Throws: `EngineError.universeMismatch`, `.amountOverflow`, or `.holdingsTooSmall` when an
  ///   asset or cash would fall below zero at any point of the order.
  public func applied(to holdings: Holdings) throws(EngineError) -> Holdings {
    try requireSameAssets(expectedHoldings.universe, holdings.universe)
    return try holdings.applying(trades, cash: cash)
  }
}

extension Holdings {
  /// What is held after trades, in order, none of which may leave less than nothing.
  func applying(_ trades: [Trade], cash: AssetID) throws(EngineError) -> Holdings {
    let holdings = self
    let universe = holdings.universe
    var amounts = holdings.amounts
    guard let cashPosition = universe.position(of: cash) else { throw .unknownAsset(cash) }
    for trade in trades {
      guard let position = universe.position(of: trade.asset) else {
        throw .unknownAsset(trade.asset)
      }
      do throws(DataError) {
        amounts[position] =
          trade.side == .sell
          ? try amounts[position].subtracting(trade.quantity)
          : try amounts[position].adding(trade.quantity)
        amounts[cashPosition] = try amounts[cashPosition].adding(trade.cashChange)
      } catch {
        throw EngineError(error, asset: trade.asset)
      }
      guard !amounts[position].isNegative else {
        throw .holdingsTooSmall(
          asset: trade.asset, held: holdings.amounts[position], needed: trade.quantity)
      }
      // A sale may leave less than nothing where more was owed before.
      guard !amounts[cashPosition].isNegative || trade.side == .sell else {
        throw .holdingsTooSmall(
          asset: cash, held: holdings.amounts[cashPosition], needed: trade.value)
      }
    }
    do throws(DataError) {
      return try Holdings(universe: universe, amounts: amounts)
    } catch {
      throw EngineError(error, asset: cash)
    }
  }
}

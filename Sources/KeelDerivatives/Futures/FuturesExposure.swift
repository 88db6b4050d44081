// Profit of a futures position and its derivatives in the price of the coin, in three currencies.
//
// With s the cash price of the coin and b = contract price / s held fixed, a position of q contracts
// of size m entered at e is worth
//   linear:  q m (b s − e) cash      inverse:  q m (1/e − 1/(b s)) coin
//   quanto:  q m (b s − e) units of a currency whose cash price Z is held fixed.

/// The prices that value a futures position in every currency.
public struct FuturesPrices: Hashable, Sendable, Codable {
  /// The price of the contract, in cash per coin.
  public var contract: Double

  /// The spot price of the coin, in cash.
  public var coin: Double

  /// The spot price of the third currency in which a quanto settles, in cash; nil when there is
  /// none.
  public var settlementCurrency: Double?

  /// Creates prices.
  ///
  /// - Parameters:
  ///   - contract: The price of the contract, in cash per coin.
  ///   - coin: The spot price of the coin, in cash.
  ///   - settlementCurrency: The spot price of a quanto's third currency, in cash.
  public init(contract: Double, coin: Double, settlementCurrency: Double? = nil) {
    self.contract = contract
    self.coin = coin
    self.settlementCurrency = settlementCurrency
  }
}

/// Profit, delta and gamma of a futures position in one currency.
public struct FuturesExposure: Hashable, Sendable, Codable {
  /// The currency in which an exposure is stated.
  public enum Currency: String, Hashable, Sendable, Codable, CaseIterable {
    /// The cash in which the coin is quoted, such as dollars.
    case cash
    /// The coin.
    case coin
  }

  /// The unrealized profit.
  public var profit: Double

  /// The change of the profit per unit of the coin's cash price.
  ///
  /// In cash, this is the number of coins that hedges the position.
  public var delta: Double

  /// The change of delta per unit of the coin's cash price.
  public var gamma: Double

  /// Creates an exposure.
  ///
  /// - Parameters:
  ///   - profit: The unrealized profit.
  ///   - delta: Per unit of the coin's cash price.
  ///   - gamma: Per unit of the coin's cash price squared.
  public init(profit: Double, delta: Double, gamma: Double) {
    self.profit = profit
    self.delta = delta
    self.gamma = gamma
  }

  /// The exposure of two positions together.
  ///
  /// - Parameters:
  ///   - left: One exposure.
  ///   - right: Another, in the same coin and currency.
  /// - Returns: The sums.
  public static func + (left: FuturesExposure, right: FuturesExposure) -> FuturesExposure {
    FuturesExposure(
      profit: left.profit + right.profit, delta: left.delta + right.delta,
      gamma: left.gamma + right.gamma)
  }
}

extension FuturesPosition {
  /// The unrealized profit with its derivatives in the cash price of the coin.
  ///
  /// The price of the contract moves in proportion to the coin, and the third currency of a quanto
  /// does not move. An inverse position has no gamma in cash and a linear one none in cash either;
  /// both have one in coin:
  ///
  /// ```text
  /// inverse, cash:  q m (s/e − 1/b)      delta q m / e           gamma 0
  /// inverse, coin:  q m (1/e − 1/(bs))   delta q m / (b s²)      gamma −2 q m / (b s³)
  /// linear,  cash:  q m (b s − e)        delta q m b             gamma 0
  /// linear,  coin:  q m (b − e/s)        delta q m e / s²        gamma −2 q m e / s³
  /// ```
  ///
  /// - Parameters:
  ///   - currency: The currency of profit, delta and gamma.
  ///   - prices: The prices: positive and finite, the third currency's for a quanto only.
  /// - Returns: The exposure; all NaN when a price is outside its domain.
  /// - Complexity: O(1).
  public func exposure(
    in currency: FuturesExposure.Currency,
    at prices: FuturesPrices
  ) -> FuturesExposure {
    let spot = prices.coin
    guard FuturesContract.isPrice(prices.contract), FuturesContract.isPrice(spot) else {
      return FuturesExposure(profit: .nan, delta: .nan, gamma: .nan)
    }
    let settled = profit(at: prices.contract)
    let size = quantity * contract.size
    if contract.settlement == .inverse {
      guard currency == .coin else {
        return FuturesExposure(profit: settled * spot, delta: size / entryPrice, gamma: 0)
      }
      let delta = size / prices.contract / spot
      return FuturesExposure(profit: settled, delta: delta, gamma: -2 * delta / spot)
    }
    let cash = contract.settlement == .quanto ? prices.settlementCurrency ?? .nan : 1
    guard FuturesContract.isPrice(cash) else {
      return FuturesExposure(profit: .nan, delta: .nan, gamma: .nan)
    }
    guard currency == .coin else {
      let delta = cash * size * (prices.contract / spot)
      return FuturesExposure(profit: cash * settled, delta: delta, gamma: 0)
    }
    let delta = cash * size * (entryPrice / spot / spot)
    return FuturesExposure(
      profit: cash * settled / spot, delta: delta, gamma: -2 * delta / spot)
  }
}

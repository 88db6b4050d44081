import KeelNumerics

// One way to trade an asset against cash, by the price of its last unit.
//
// An order book sells its levels one after the other. A pool with reserves x, y and fee φ takes y q / ((1 − φ)(x − q)) for q
// units and gives y (1 − φ) q / (x + (1 − φ) q) for them; the derivatives are the marginal prices, which are inverted in
// closed form.

/// A place where an asset trades against cash, with what a trade there costs beside the price.
public struct TradingVenue: Hashable, Sendable, Codable {
  /// What stands ready to trade.
  public enum Liquidity: Hashable, Sendable, Codable {
    /// Resting orders.
    case book(OrderBook)
    /// A pool that keeps the product of its reserves; its own fee is part of its price.
    case pool(ConstantProductPool)
  }

  /// The name.
  public let name: String

  /// What stands ready to trade.
  public let liquidity: Liquidity

  /// The venue's fee, as a fraction of the value traded.
  public let feeFraction: Double

  /// What using the venue costs whatever the quantity, in cash: gas.
  public let fixedCost: Double

  /// Creates a venue.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - liquidity: What stands ready to trade.
  ///   - feeFraction: The venue's fee, as a fraction of the value traded, 0 to 0.5; a pool's own comes on top.
  ///   - fixedCost: What using the venue costs whatever the quantity, in cash: finite, not negative.
  /// - Throws: `MarketsError.invalidValue`.
  public init(
    _ name: String,
    _ liquidity: Liquidity,
    feeFraction: Double = 0,
    fixedCost: Double = 0
  ) throws(MarketsError) {
    try require(feeFraction, "feeFraction of \(name)", in: 0...0.5)
    try require(fixedCost, "fixedCost of \(name)", in: .nonnegative)
    self.name = name
    self.liquidity = liquidity
    self.feeFraction = feeFraction
    self.fixedCost = fixedCost
  }

  /// Decodes a venue and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      container.decode(String.self, forKey: .name),
      container.decode(Liquidity.self, forKey: .liquidity),
      feeFraction: container.decode(Double.self, forKey: .feeFraction),
      fixedCost: container.decode(Double.self, forKey: .fixedCost))
  }

  private enum CodingKeys: String, CodingKey { case name, liquidity, feeFraction, fixedCost }

  /// The price of the next unit after a quantity, all fees counted.
  ///
  /// - Parameters:
  ///   - side: Whether units are bought or sold.
  ///   - quantity: The units traded before: not negative.
  /// - Returns: Cash per unit; beyond the depth infinity for a purchase and zero for a sale; NaN outside the domain.
  public func marginalPrice(_ side: OrderBook.Side, after quantity: Double) -> Double {
    guard quantity >= 0 else { return .nan }
    let beyond = side == .buy ? Double.infinity : 0
    switch liquidity {
    case .book(let book):
      var left = quantity
      for level in book.levels(for: side) {
        if left < level.quantity { return withFee(level.price, side) }
        left -= level.quantity
      }
      return beyond
    case .pool(let pool):
      let kept = 1 - pool.feeFraction
      let product = pool.assetReserve * pool.cashReserve
      let left = side == .buy ? pool.assetReserve - quantity : pool.assetReserve + kept * quantity
      if left <= 0 { return beyond }
      return withFee(
        side == .buy ? product / kept / (left * left) : product * kept / (left * left), side)
    }
  }

  /// What can be traded before the price of a unit becomes worse than a limit, all fees counted.
  ///
  /// - Parameters:
  ///   - side: Whether units are bought or sold.
  ///   - price: The worst price of a unit, in cash: positive.
  /// - Returns: The units; a book's levels at exactly the limit count. Zero for NaN.
  public func quantity(_ side: OrderBook.Side, atNoWorseThan price: Double) -> Double {
    guard price > 0 else { return 0 }
    switch liquidity {
    case .book(let book):
      var sum = 0.0
      for level in book.levels(for: side) {
        let marginal = withFee(level.price, side)
        guard side == .buy ? marginal <= price : marginal >= price else { break }
        sum += level.quantity
      }
      return sum
    case .pool(let pool):
      let kept = 1 - pool.feeFraction
      let product = pool.assetReserve * pool.cashReserve
      switch side {
      case .buy:
        let root = (product * (1 + feeFraction) / (kept * price)).squareRoot()
        return max(pool.assetReserve - root, 0)
      case .sell:
        let root = (product * kept * (1 - feeFraction) / price).squareRoot()
        return max(root - pool.assetReserve, 0) / kept
      }
    }
  }

  /// The cash of a trade, all fees but the fixed cost counted: what a purchase pays, what a sale receives.
  ///
  /// - Parameters:
  ///   - side: Whether units are bought or sold.
  ///   - quantity: The units: not negative.
  /// - Returns: The cash; beyond the depth infinity for a purchase, and of a sale what all bids pay; NaN outside the domain.
  public func cash(_ side: OrderBook.Side, quantity: Double) -> Double {
    guard quantity >= 0 else { return .nan }
    switch liquidity {
    case .book(let book):
      if side == .buy && quantity > book.depth(for: side) { return .infinity }
      var left = quantity
      var sum = 0.0
      for level in book.levels(for: side) where left > 0 {
        let taken = min(left, level.quantity)
        sum += taken * withFee(level.price, side)
        left -= taken
      }
      return sum
    case .pool(let pool):
      let kept = 1 - pool.feeFraction
      if side == .sell {
        let paid = kept * quantity
        return withFee(pool.cashReserve * (paid / (pool.assetReserve + paid)), side)
      }
      guard quantity < pool.assetReserve else { return quantity == 0 ? 0 : .infinity }
      return withFee(
        pool.cashReserve * (quantity / (pool.assetReserve - quantity)) / kept, side)
    }
  }

  /// The most that can be traded, in units.
  ///
  /// - Parameter side: Whether units are bought or sold.
  /// - Returns: The depth of a book, the reserve of a pool that is bought from, infinity for one that is sold to.
  public func depth(_ side: OrderBook.Side) -> Double {
    switch liquidity {
    case .book(let book): book.depth(for: side)
    case .pool(let pool): side == .buy ? pool.assetReserve : .infinity
    }
  }

  private func withFee(_ price: Double, _ side: OrderBook.Side) -> Double {
    side == .buy ? price * (1 + feeFraction) : price * (1 - feeFraction)
  }
}

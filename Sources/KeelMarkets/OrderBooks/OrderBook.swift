import KeelNumerics

/// The resting orders of one market at a moment: what an order would pay, and how deep it can go.
///
/// Prices are in the quote currency per unit, quantities in units. A fill walks the levels from the best
/// price; costs are against the middle of the spread.
public struct OrderBook: Hashable, Sendable, Codable {
  /// The side of an order that takes from the book.
  public enum Side: String, Hashable, Sendable, Codable, CaseIterable {
    /// The order takes asks.
    case buy
    /// The order takes bids.
    case sell
  }

  /// Orders at one price.
  public struct Level: Hashable, Sendable, Codable {
    /// The price per unit.
    public var price: Double

    /// The quantity that rests there.
    public var quantity: Double

    /// Creates a level.
    ///
    /// - Parameters:
    ///   - price: The price per unit: positive, finite.
    ///   - quantity: The quantity that rests there: positive, finite.
    public init(price: Double, quantity: Double) {
      self.price = price
      self.quantity = quantity
    }
  }

  /// What an order that takes from the book does.
  public struct Fill: Hashable, Sendable {
    /// The quantity filled.
    public let quantity: Double

    /// The average price.
    public let averagePrice: Double

    /// The price of the last level taken.
    public let worstPrice: Double

    /// What was paid above, or received below, the middle price, in the quote currency: zero or more.
    public let cost: Double

    /// The cost as a fraction of the value at the middle price.
    public let costFraction: Double
  }

  /// The bids, the highest price first.
  public let bids: [Level]

  /// The asks, the lowest price first.
  public let asks: [Level]

  /// Creates a book.
  ///
  /// - Parameters:
  ///   - bids: The bids, the highest price first; at least one.
  ///   - asks: The asks, the lowest price first; at least one.
  /// - Throws: `MarketsError.invalidValue`, `.unordered` or `.crossedBook`.
  public init(bids: [Level], asks: [Level]) throws(MarketsError) {
    try Self.check(bids, "bids", isIncreasing: false)
    try Self.check(asks, "asks", isIncreasing: true)
    guard bids[0].price < asks[0].price else {
      throw .crossedBook(bid: bids[0].price, ask: asks[0].price)
    }
    self.bids = bids
    self.asks = asks
  }

  /// Decodes a book and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      bids: container.decode([Level].self, forKey: .bids),
      asks: container.decode([Level].self, forKey: .asks))
  }

  private enum CodingKeys: String, CodingKey { case bids, asks }

  private static func check(
    _ levels: [Level],
    _ argument: String,
    isIncreasing: Bool
  ) throws(MarketsError) {
    try require(Double(levels.count), "count of \(argument)", in: 1...1e15)
    for (place, level) in levels.enumerated() {
      try require(level.price, "price of \(argument)", in: .positive, place: place)
      try require(level.quantity, "quantity of \(argument)", in: .positive, place: place)
      guard place > 0 else { continue }
      let before = levels[place - 1].price
      guard isIncreasing ? before < level.price : before > level.price else {
        throw .unordered(argument: argument, place: place)
      }
    }
  }

  /// The middle of the best bid and ask.
  public var middlePrice: Double { bids[0].price / 2 + asks[0].price / 2 }

  /// The spread as a fraction of the middle price.
  public var spreadFraction: Double { (asks[0].price - bids[0].price) / middlePrice }

  /// The levels that an order of a side takes, best first.
  public func levels(for side: Side) -> [Level] { side == .buy ? asks : bids }

  /// The quantity that an order of a side can take.
  public func depth(for side: Side) -> Double {
    levels(for: side).reduce(0) { $0 + $1.quantity }
  }

  /// The quantity that can be taken at no worse than a fraction away from the middle price.
  ///
  /// - Parameters:
  ///   - side: The side of the order.
  ///   - fraction: The largest distance of a level from the middle, as a fraction: zero or more.
  /// - Returns: The quantity in units; zero for NaN.
  public func depth(for side: Side, within fraction: Double) -> Double {
    let limit = middlePrice * (side == .buy ? 1 + fraction : 1 - fraction)
    return levels(for: side).filter { side == .buy ? $0.price <= limit : $0.price >= limit }
      .reduce(0) { $0 + $1.quantity }
  }

  /// Takes a quantity from the book.
  ///
  /// - Parameters:
  ///   - side: The side of the order.
  ///   - quantity: The quantity in units: positive, finite.
  /// - Returns: The fill.
  /// - Throws: `MarketsError.invalidValue` or `.notEnoughDepth`.
  /// - Complexity: O(number of levels taken).
  public func fill(_ side: Side, quantity: Double) throws(MarketsError) -> Fill {
    try require(quantity, "quantity", in: .positive)
    let middle = middlePrice
    var left = quantity
    var paid = 0.0
    var cost = 0.0
    for level in levels(for: side) {
      let taken = min(left, level.quantity)
      paid += taken * level.price
      cost += taken * (level.price - middle).magnitude
      left -= taken
      if left <= 0 {
        return Fill(
          quantity: quantity, averagePrice: paid / quantity, worstPrice: level.price, cost: cost,
          costFraction: cost / (middle * quantity))
      }
    }
    throw .notEnoughDepth(wanted: quantity, available: depth(for: side))
  }

  /// The cost of an order as a function of its quantity, for optimizers: convex and piecewise linear.
  ///
  /// - Parameter side: The side of the order.
  /// - Returns: The quantity up to which each piece holds, increasing, and the cost per unit on it, not
  ///   decreasing.
  public func costCurve(for side: Side) -> [(upTo: Double, costPerUnit: Double)] {
    let middle = middlePrice
    var total = 0.0
    return levels(for: side).map { level in
      total += level.quantity
      return (total, (level.price - middle).magnitude)
    }
  }

  /// The imbalance of the quantities near the middle, −1 (asks only) to 1 (bids only).
  ///
  /// - Parameter fraction: The distance from the middle within which orders count, as a fraction.
  /// - Returns: (bids − asks) / (bids + asks), zero where neither has any.
  public func imbalance(within fraction: Double) -> Double {
    let (bid, ask) = (depth(for: .sell, within: fraction), depth(for: .buy, within: fraction))
    return bid + ask > 0 ? (bid - ask) / (bid + ask) : 0
  }
}

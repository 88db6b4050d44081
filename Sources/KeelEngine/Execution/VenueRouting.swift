public import KeelMarkets
import KeelNumerics

// An order over several venues at once.
//
// Goals in order: the cheapest split there is, a certificate that says so, few lines.
//
// Without fixed costs the split is optimal when the next unit costs the same wherever some is traded and no less anywhere
// else (equal marginal prices): the price is found by bisection to neighbouring numbers, and what lies between the
// quantities at the two is shared. Every choice of the venues with a fixed cost is tried.

/// The cheapest way to trade a quantity over several venues.
public struct VenueRouting: Hashable, Sendable, Codable {
  /// The part of one venue.
  public struct Leg: Hashable, Sendable, Codable {
    /// The name of the venue.
    public let venue: String

    /// The units, positive.
    public let quantity: Double

    /// What is paid by a purchase or received by a sale, fees and fixed cost counted, in cash.
    public let cash: Double
  }

  /// The venues that are used, in the order given.
  public let legs: [Leg]

  /// What a purchase pays or a sale receives in all, in cash.
  public let cash: Double

  /// The price of the last unit, fees counted, in cash.
  public let marginalPrice: Double

  /// By how much a unit more at one venue and less at another would be cheaper, as a fraction of the price.
  ///
  /// Zero up to rounding proves the split optimal among the venues that are used or have no fixed cost.
  public let largestViolation: Double

  /// The most venues with a fixed cost whose choices are enumerated.
  public static let fixedCostLimit = 12

  /// Splits an order.
  ///
  /// - Parameters:
  ///   - side: Whether units are bought or sold.
  ///   - quantity: The units: positive, finite.
  ///   - venues: The venues.
  /// - Throws: `EngineError.invalidValue`, also for more than ``fixedCostLimit`` venues with a fixed cost;
  ///   `.venue(.notEnoughDepth)`.
  /// - Complexity: O(2ᶠ L) for f venues with a fixed cost and L levels in all.
  public init(
    _ side: OrderBook.Side,
    quantity: Double,
    over venues: [TradingVenue]
  ) throws(EngineError) {
    try requireNumber(quantity, "quantity", .positive)
    let depth = venues.reduce(0) { $0 + $1.depth(side) }
    guard quantity < depth || (quantity == depth && venues.allSatisfy(\.isBook)) else {
      throw .venue(.notEnoughDepth(wanted: quantity, available: depth))
    }
    let choices = try VenueChoices(venues)
    var best: (split: Split, cash: Double)?
    for chosen in choices.subsets {
      guard let split = Split(side, quantity, venues, chosen) else { continue }
      let cash = split.cash(side, venues)
      let isBetter = side == .buy ? cash < best?.cash ?? .infinity : cash > best?.cash ?? -.infinity
      if isBetter { best = (split, cash) }
    }
    guard let best else {
      throw .venue(.notEnoughDepth(wanted: quantity, available: depth))
    }
    self.init(side, best.split, venues)
  }

  init(_ side: OrderBook.Side, _ split: Split, _ venues: [TradingVenue]) {
    legs = venues.indices.filter { split.quantities[$0] > 0 }.map { place in
      let venue = venues[place]
      return Leg(
        venue: venue.name, quantity: split.quantities[place],
        cash: venue.cashInAll(side, quantity: split.quantities[place]))
    }
    cash = split.cash(side, venues)
    marginalPrice = split.price
    largestViolation = split.violation(side, venues)
  }
}

/// Which of the venues with a fixed cost may be used: all subsets.
struct VenueChoices {
  let costly: [Int]
  let count: Int

  init(_ venues: [TradingVenue]) throws(EngineError) {
    costly = venues.indices.filter { venues[$0].fixedCost > 0 }
    count = venues.count
    try requireNumber(
      Double(costly.count), "venues with a fixed cost", 0...Double(VenueRouting.fixedCostLimit))
  }

  /// For each subset, whether each venue may be used.
  var subsets: some Sequence<[Bool]> {
    (0..<(1 << costly.count)).lazy.map { bits in
      var chosen = [Bool](repeating: true, count: count)
      for (bit, place) in costly.enumerated() { chosen[place] = bits >> bit & 1 == 1 }
      return chosen
    }
  }
}

/// Quantities of equal marginal prices.
struct Split {
  private(set) var quantities: [Double]
  let price: Double

  /// Splits a quantity over the chosen venues; nil where they have too little.
  init?(_ side: OrderBook.Side, _ quantity: Double, _ venues: [TradingVenue], _ chosen: [Bool]) {
    func offered(_ price: Double) -> [Double] {
      venues.indices.map {
        chosen[$0] ? venues[$0].quantity(side, atNoWorseThan: price) : 0
      }
    }
    // A purchase finds more at a higher price, a sale at a lower one.
    var few = 0.0
    var enough = Double.greatestFiniteMagnitude
    if side == .sell { (few, enough) = (.greatestFiniteMagnitude, .leastNonzeroMagnitude) }
    guard offered(enough).reduce(0, +) >= quantity else { return nil }
    while true {
      // In the middle of the representations: 64 steps whatever the scale.
      let middle = Double(bitPattern: (few.bitPattern + enough.bitPattern) / 2)
      guard middle != few, middle != enough else { break }
      if offered(middle).reduce(0, +) >= quantity { enough = middle } else { few = middle }
    }
    let (less, more) = (offered(few), offered(enough))
    let (low, high) = (less.reduce(0, +), more.reduce(0, +))
    let share = high > low ? min(max((quantity - low) / (high - low), 0), 1) : 1
    quantities = zip(less, more).map { min($0 + share * ($1 - $0), $1) }
    price = enough
  }

  /// What the split pays or receives, fixed costs counted.
  func cash(_ side: OrderBook.Side, _ venues: [TradingVenue]) -> Double {
    venues.indices.reduce(0) { sum, place in
      let quantity = quantities[place]
      if quantity == 0 { return sum }
      return sum + venues[place].cashInAll(side, quantity: quantity)
    }
  }

  /// The largest gain of moving a little from one used venue to another, as a fraction of the price.
  func violation(_ side: OrderBook.Side, _ venues: [TradingVenue]) -> Double {
    var worst = 0.0
    for place in venues.indices where quantities[place] > 0 || venues[place].fixedCost == 0 {
      // A hair to each side, so that rounding at the end of a book's level does not matter.
      let next = venues[place].marginalPrice(side, after: quantities[place] * (1 + Self.hair))
      worst = max(worst, side == .buy ? price - next : next - price)
      if quantities[place] == 0 { continue }
      let last = venues[place].marginalPrice(side, after: quantities[place] * (1 - Self.hair))
      worst = max(worst, side == .buy ? last - price : price - last)
    }
    return worst / price
  }

  private static let hair = 1e-12
}

extension TradingVenue {
  /// What a trade pays or receives, the fixed cost counted.
  func cashInAll(_ side: OrderBook.Side, quantity: Double) -> Double {
    cash(side, quantity: quantity) + (side == .buy ? fixedCost : -fixedCost)
  }

  /// Whether all of its depth can be traded.
  var isBook: Bool {
    if case .book = liquidity { true } else { false }
  }
}

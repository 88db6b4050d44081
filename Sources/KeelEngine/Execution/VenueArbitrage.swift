public import KeelMarkets
import KeelNumerics

// Buying where an asset is cheap and selling where it is dear.
//
// Units are bought as long as the next one costs less than it brings. Both marginal prices are monotone, so that the
// quantity at which they meet is found by bisection on the price at which venues would clear among themselves; the
// profit there is the largest for the venues used. Every assignment of the venues with a fixed cost to buying, selling or
// neither is tried.

/// The trade over several venues that gains most from their different prices.
public struct VenueArbitrage: Hashable, Sendable, Codable {
  /// What is bought where; nil when nothing is gained.
  public let purchase: VenueRouting?

  /// What is sold where; nil when nothing is gained.
  public let sale: VenueRouting?

  /// The units bought and sold.
  public let quantity: Double

  /// What is received less what is paid, all fees and fixed costs counted, in cash: zero or more.
  public let profit: Double

  /// Finds the trade.
  ///
  /// Both legs are meant at one moment, so that cash and asset must lie ready at the venues; a transfer afterwards is
  /// a matter of ``TransferPlan``.
  ///
  /// - Parameters:
  ///   - venues: The venues.
  ///   - largestQuantity: The most units that may be bought and sold: positive.
  /// - Throws: `EngineError.invalidValue`, also for more than half of ``VenueRouting/fixedCostLimit`` venues with a
  ///   fixed cost.
  /// - Complexity: O(3ᶠ L) for f venues with a fixed cost and L levels in all.
  public init(
    over venues: [TradingVenue],
    largestQuantity: Double = .greatestFiniteMagnitude
  ) throws(EngineError) {
    try requireNumber(largestQuantity, "largestQuantity", .positive)
    let costly = venues.indices.filter { venues[$0].fixedCost > 0 }
    try requireNumber(
      Double(costly.count), "venues with a fixed cost",
      0...Double(VenueRouting.fixedCostLimit / 2))
    let assignmentCount = costly.reduce(1) { count, _ in count * 3 }
    var best: (bought: Split, sold: Split, profit: Double)?
    for assignment in 0..<assignmentCount {
      var (buys, sells) = (venues.map { _ in true }, venues.map { _ in true })
      var rest = assignment
      for place in costly {
        buys[place] = rest % 3 == 1
        sells[place] = rest % 3 == 2
        rest /= 3
      }
      let quantity = min(Self.clearing(venues, buys, sells), largestQuantity)
      guard quantity > 0, let bought = Split(.buy, quantity, venues, buys),
        let sold = Split(.sell, quantity, venues, sells)
      else { continue }
      let profit = sold.cash(.sell, venues) - bought.cash(.buy, venues)
      if profit > best?.profit ?? 0 { best = (bought, sold, profit) }
    }
    purchase = best.map { VenueRouting(.buy, $0.bought, venues) }
    sale = best.map { VenueRouting(.sell, $0.sold, venues) }
    quantity = best.map { $0.bought.quantities.reduce(0, +) } ?? 0
    profit = best?.profit ?? 0
  }

  /// The largest quantity whose last unit costs no more than it brings.
  private static func clearing(
    _ venues: [TradingVenue],
    _ buys: [Bool],
    _ sells: [Bool]
  ) -> Double {
    func offered(_ side: OrderBook.Side, _ chosen: [Bool], _ price: Double) -> Double {
      venues.indices.reduce(0) {
        $0 + (chosen[$1] ? venues[$1].quantity(side, atNoWorseThan: price) : 0)
      }
    }
    var (low, high) = (0.0, Double.greatestFiniteMagnitude)
    while true {
      let middle = Double(bitPattern: (low.bitPattern + high.bitPattern) / 2)
      guard middle != low, middle != high else { break }
      if offered(.buy, buys, middle) >= offered(.sell, sells, middle) {
        high = middle
      } else {
        low = middle
      }
    }
    return max(
      min(offered(.buy, buys, low), offered(.sell, sells, low)),
      min(offered(.buy, buys, high), offered(.sell, sells, high)))
  }
}

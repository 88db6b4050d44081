// Goals in order: costs of real depth, never more than the depth that is left, plain numbers that can be checked.

public import KeelMarkets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a position is closed: what is left of it over time, and what that costs.
public struct ExitPlan: Hashable, Sendable {
  /// One trade.
  public struct Slice: Hashable, Sendable {
    /// When, in days from the start.
    public let day: Double

    /// The part of the position that is closed, as a fraction of the whole.
    public let fraction: Double
  }

  /// The trades in the order of time; their fractions sum to one.
  public let slices: [Slice]

  /// The cost of all trades against the middle price, as a fraction of the position's value.
  public let costFraction: Double

  /// When the position is closed, in days from the start.
  public var horizon: Double { slices.last?.day ?? 0 }

  /// The most trades of a plan.
  public static let largestSliceCount = 100_000

  /// One trade at once, at half the spread it may have widened to.
  ///
  /// ```text
  /// cost = (spread + multiple · spreadDeviation) / 2
  /// ```
  ///
  /// Source: A. Bangia, F. Diebold, T. Schuermann and J. Stroughair, "Modeling liquidity risk, with implications for traditional market risk
  /// measurement and management" (1999), equation 8.
  ///
  /// - Parameters:
  ///   - spreadFraction: The mean of the spread, as a fraction of the middle price: not negative.
  ///   - spreadDeviation: Its standard deviation, as a fraction: not negative.
  ///   - multiple: How many deviations it widens; 2 to 4.5 in the source, for normal to heavy tails.
  /// - Returns: The plan.
  /// - Throws: `RiskError.invalidValue`.
  public static func immediate(
    spreadFraction: Double,
    spreadDeviation: Double,
    multiple: Double
  ) throws(RiskError) -> ExitPlan {
    try require(spreadFraction, "spreadFraction", in: 0...2)
    try require(spreadDeviation, "spreadDeviation", in: 0...2)
    try require(multiple, "multiple", in: 0...100)
    return ExitPlan(
      slices: [Slice(day: 0, fraction: 1)],
      costFraction: (spreadFraction + multiple * spreadDeviation) / 2)
  }

  /// Takes from an order book as often as it fills again, each time down to a distance from its middle.
  ///
  /// - Parameters:
  ///   - book: The book as it stands, and as it stands again after each refill.
  ///   - side: The side of the orders: `sell` closes a long position.
  ///   - quantity: The quantity of the position, in units: positive, finite.
  ///   - largestDistance: The worst price taken, as a fraction away from the middle: at least half the spread, at most 1.
  ///   - refillsPerDay: How often the book is full again, a day: positive.
  /// - Returns: The plan: full slices, and what is left at last.
  /// - Throws: `RiskError.invalidValue`, also for a book without depth within the distance, or more than
  ///   ``largestSliceCount`` slices.
  public static func book(
    _ book: OrderBook,
    side: OrderBook.Side,
    quantity: Double,
    largestDistance: Double,
    refillsPerDay: Double
  ) throws(RiskError) -> ExitPlan {
    try require(largestDistance, "largestDistance", in: 0...1)
    return try sliced(
      quantity, atMost: book.depth(for: side, within: largestDistance), perDay: refillsPerDay
    ) { slice throws(MarketsError) in
      // Rounding of the depth may leave less than the sum of its levels.
      try book.fill(side, quantity: min(slice, book.depth(for: side))).costFraction
    }
  }

  /// Sells to a pool as often as arbitrage has brought it back, each time at no more than a cost.
  ///
  /// ```text
  /// 1 − received / (quantity · price) = 1 − (1 − φ) x / (x + (1 − φ) q) ≤ largestCost
  /// ```
  ///
  /// for a reserve x of the asset and a fee φ.
  ///
  /// - Parameters:
  ///   - pool: The pool as it stands, and as it stands again after each recovery.
  ///   - quantity: The quantity to sell, in units: positive, finite.
  ///   - largestCost: The largest cost of a slice, as a fraction: above the fee, below 1.
  ///   - recoveriesPerDay: How often the pool is back at its price, a day: positive.
  /// - Returns: The plan: full slices, and what is left at last.
  /// - Throws: `RiskError.invalidValue`, also for more than ``largestSliceCount`` slices.
  public static func pool(
    _ pool: ConstantProductPool,
    quantity: Double,
    largestCost: Double,
    recoveriesPerDay: Double
  ) throws(RiskError) -> ExitPlan {
    try require(
      largestCost, "largestCost", in: pool.feeFraction.nextUp...Double(1).nextDown)
    let kept = 1 - pool.feeFraction
    let depth = pool.assetReserve * (largestCost - pool.feeFraction) / ((1 - largestCost) * kept)
    return try sliced(quantity, atMost: depth, perDay: recoveriesPerDay) {
      slice throws(MarketsError) in
      try pool.sell(slice).costFraction
    }
  }

  /// Trades a share of the volume at a cost that does not depend on the size.
  ///
  /// - Parameters:
  ///   - quantity: The quantity of the position, in units: positive, finite.
  ///   - dailyVolume: What is traded in a day, in units: positive.
  ///   - participation: The share of the volume that the exit may be: above 0, at most 1.
  ///   - costFraction: The cost, as a fraction of the value: not negative.
  ///   - tradesPerDay: The number of slices a day: positive.
  /// - Returns: The plan.
  /// - Throws: `RiskError.invalidValue`, also for more than ``largestSliceCount`` slices.
  public static func volume(
    quantity: Double,
    dailyVolume: Double,
    participation: Double,
    costFraction: Double,
    tradesPerDay: Double
  ) throws(RiskError) -> ExitPlan {
    try require(dailyVolume, "dailyVolume", in: allowedSizes)
    try require(participation, "participation", in: (0.0).nextUp...1)
    try require(costFraction, "costFraction", in: 0...1)
    try require(tradesPerDay, "tradesPerDay", in: allowedSizes)
    return try sliced(
      quantity, atMost: dailyVolume * participation / tradesPerDay, perDay: tradesPerDay
    ) { _ throws(MarketsError) in costFraction }
  }

  /// Sizes whose quotients are finite.
  private static let allowedSizes = 1e-100...1e100

  /// A part of a slice that rounding alone can leave.
  private static let negligible = 1e-12

  private static func sliced(
    _ quantity: Double,
    atMost depth: Double,
    perDay frequency: Double,
    cost: (Double) throws(MarketsError) -> Double
  ) throws(RiskError) -> ExitPlan {
    try require(quantity, "quantity", in: allowedSizes)
    try require(depth, "depth", in: allowedSizes)
    try require(frequency, "trades a day", in: allowedSizes)
    let full = (quantity / depth * (1 - negligible)).rounded(.up) - 1
    try require(full, "number of slices", in: 0...Double(largestSliceCount - 1))
    let last = quantity - full * depth
    do throws(MarketsError) {
      // All but the last are alike.
      let fullCost = full > 0 ? try cost(depth) : 0
      let total = full * (depth / quantity) * fullCost + last / quantity * (try cost(last))
      var slices = (0..<Int(full)).map {
        Slice(day: Double($0) / frequency, fraction: depth / quantity)
      }
      slices.append(Slice(day: full / frequency, fraction: last / quantity))
      return ExitPlan(slices: slices, costFraction: total)
    } catch {
      throw .invalidValue(
        argument: "slice of the exit", got: min(quantity, depth), lowest: 0, highest: depth)
    }
  }
}

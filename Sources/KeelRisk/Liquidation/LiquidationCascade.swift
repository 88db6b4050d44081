import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Liquidations that move the price into further liquidations.
//
//   ln p = ln p₀ + ln(1 + shock) ∓ κ V(p),   V(p) the cash of all positions with a liquidation price past p
//
// V grows as p moves, so that iterating from the shocked price goes one way only and ends at the fixed point nearest to
// it, after one round for each level at most. Each round adds at least one level or ends.

/// The price after a shock and the forced trades that it sets off.
public struct LiquidationCascade: Hashable, Sendable, Codable {
  /// Positions that are liquidated at one price.
  public struct Level: Hashable, Sendable, Codable {
    /// The price at which they are liquidated, in cash: above zero.
    public var price: Double

    /// What is then sold (below the price today) or bought (above), in cash: not negative.
    public var notional: Double

    /// Creates a level.
    ///
    /// - Parameters:
    ///   - price: The price at which they are liquidated, in cash: above zero.
    ///   - notional: What is then sold or bought, in cash: not negative.
    public init(price: Double, notional: Double) {
      self.price = price
      self.notional = notional
    }
  }

  /// The price at the end.
  public let price: Double

  /// The move at the end as a fraction of the price before.
  public let move: Double

  /// The move at the end over the shock alone; one without forced trades, infinite where they alone move the price.
  public let amplification: Double

  /// What was traded by force, in cash.
  public let forcedNotional: Double

  /// The number of rounds, the last one without a new liquidation.
  public let roundCount: Int

  /// Whether the rounds ended by themselves; false when ``Settings/maximumRounds`` stopped them.
  public let isComplete: Bool

  /// How the cascade runs.
  public struct Settings: Hashable, Sendable, Codable {
    /// The most rounds: a cascade that takes more is reported as incomplete.
    public var maximumRounds = 1_000

    /// Creates the usual settings.
    public init() {}
  }

  /// Follows a cascade to its end.
  ///
  /// Without a shock nothing moves: no level is hit from where the price stands. For a run out of nothing see
  /// ``farthest(shock:price:levels:impactPerCash:)``.
  ///
  /// - Parameters:
  ///   - shock: The first move as a fraction, above −1; its sign says which levels can be hit, zero that none is.
  ///   - price: The price before, in cash: positive.
  ///   - levels: The levels, in any order; those on the other side of the price are ignored.
  ///   - impactPerCash: The logarithmic move of the price per cash traded: finite, not negative.
  ///   - settings: The most rounds.
  /// - Throws: `RiskError.invalidValue`.
  /// - Complexity: O(n log n) for n levels.
  public init(
    shock: Double,
    price: Double,
    levels: [Level],
    impactPerCash: Double,
    settings: Settings = Settings()
  ) throws(RiskError) {
    try self.init(
      shock: shock, direction: shock < 0 ? -1 : 1, price: price, levels: levels,
      impactPerCash: impactPerCash, settings: settings
    ) { _ in 0 }
  }

  /// Follows a cascade in which somebody else is forced to trade too.
  ///
  /// The others trade so much in all when the price has moved by a fraction, and never less than before. The direction, −1
  /// or 1, is the sign of a shock that is not zero.
  init(
    shock: Double,
    direction: Double,
    price: Double,
    levels: [Level],
    impactPerCash: Double,
    settings: Settings,
    others: (_ move: Double) throws(RiskError) -> Double
  ) throws(RiskError) {
    try require(Double(settings.maximumRounds), "maximumRounds", in: 1...1e9)
    let distances = try Self.distances(
      of: levels, shock: shock, direction: direction, price: price, impactPerCash: impactPerCash)
    let start = direction * log1p(shock)
    var (distance, forced, added, next, rounds) = (start, 0.0, 0.0, 0, 0)
    var isComplete = false
    while !isComplete, rounds < settings.maximumRounds {
      rounds += 1
      let first = next
      while next < distances.count, distances[next].distance <= distance {
        forced += distances[next].notional
        next += 1
      }
      let addedBefore = added
      added = max(added, try others(max(expm1(direction * distance), Double(-1).nextUp)))
      isComplete = next == first && added == addedBefore
      distance = start + impactPerCash * (forced + added)
    }
    try self.init(
      shock: shock, direction: direction, price: price, distance: distance, forced: forced + added,
      rounds: rounds, isComplete: isComplete)
  }

  /// A cascade that has ended at a logarithmic distance.
  init(
    shock: Double,
    direction: Double,
    price: Double,
    distance: Double,
    forced: Double,
    rounds: Int,
    isComplete: Bool
  ) throws(RiskError) {
    try require(forced, "forced notional", in: .nonnegative)
    let move = expm1(direction * distance)
    try require(move, "move", in: -1...Double.greatestFiniteMagnitude)
    self.price = price * (1 + move)
    self.move = move
    amplification = move == shock ? 1 : shock == 0 ? .infinity : move / shock
    forcedNotional = forced
    roundCount = rounds
    self.isComplete = isComplete
  }

  /// How far past the price before levels stand, in logarithms, nearest first; equal ones by size, so that the order of
  /// the levels changes no bit.
  static func distances(
    of levels: [Level],
    shock: Double,
    direction: Double,
    price: Double,
    impactPerCash: Double
  ) throws(RiskError) -> [(distance: Double, notional: Double)] {
    try require(shock, "shock", in: Double(-1).nextUp...1e6)
    try require(price, "price", in: .positive)
    try require(impactPerCash, "impactPerCash", in: .nonnegative)
    for level in levels {
      try require(level.price, "price of a level", in: .positive)
      try require(level.notional, "notional of a level", in: .nonnegative)
    }
    return levels.map { (distance: direction * log($0.price / price), notional: $0.notional) }
      .filter { $0.distance > 0 }
      .sorted { ($0.distance, $0.notional) < ($1.distance, $1.notional) }
  }
}

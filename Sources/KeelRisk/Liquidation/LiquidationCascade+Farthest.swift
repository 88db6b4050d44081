#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The other end of the fixed points of a cascade.
//
//   ln p = ln p₀ + ln(1 + shock) ∓ κ V(p)
//
// V grows as the price moves on, so that the fixed points lie between a least and a greatest one. From all levels hit at
// once, those that the price would not reach are struck out until it reaches all that are left. Between both ends the
// price is a matter of what is believed.

extension LiquidationCascade {
  /// The farthest price at which forced trades hold themselves up: if all are feared, these come.
  ///
  /// It is the price of ``init(shock:price:levels:impactPerCash:settings:)`` where the fixed point is the only one.
  ///
  /// - Parameters:
  ///   - shock: The first move as a fraction, above −1 and not zero, for its sign says which levels can be hit; a run
  ///     out of nothing is that of ±1e-12.
  ///   - price: The price before, in cash: positive.
  ///   - levels: The levels, in any order; those on the other side of the price are ignored.
  ///   - impactPerCash: The logarithmic move of the price per cash traded: finite, not negative.
  /// - Returns: The cascade; its rounds are those in which levels were struck out, and one more.
  /// - Throws: `RiskError.invalidValue`.
  /// - Complexity: O(n log n) for n levels.
  public static func farthest(
    shock: Double,
    price: Double,
    levels: [Level],
    impactPerCash: Double
  ) throws(RiskError) -> LiquidationCascade {
    guard shock != 0 else {
      throw .invalidValue(
        argument: "shock, whose sign says which levels are feared,", got: 0,
        lowest: Double(-1).nextUp, highest: 1e6)
    }
    let direction: Double = shock < 0 ? -1 : 1
    let distances = try distances(
      of: levels, shock: shock, direction: direction, price: price, impactPerCash: impactPerCash)
    // Sums from the nearest on, as in a cascade that comes from there.
    var sums = [0.0]
    for level in distances { sums.append(sums[sums.count - 1] + level.notional) }
    let start = direction * log1p(shock)
    var (hit, rounds) = (distances.count, 1)
    var distance = start + impactPerCash * sums[hit]
    while hit > 0, distances[hit - 1].distance > distance {
      while hit > 0, distances[hit - 1].distance > distance { hit -= 1 }
      distance = start + impactPerCash * sums[hit]
      rounds += 1
    }
    return try LiquidationCascade(
      shock: shock, direction: direction, price: price, distance: distance, forced: sums[hit],
      rounds: rounds, isComplete: true)
  }
}

import KeelNumerics

// The arithmetic of an account with target shares. Goals in order: an account that adds up, speed.
//
// Positions are kept in units of the value after the last trade, so that on the target they are the target shares
// themselves. A row that starts there then depends on the rows before through one product alone, the unit, and the
// processor works on several rows at a time. A trade looks at all assets once, where no purchase can turn into a sale while
// its cost is paid; the trade before says how far it must look.

struct TargetAccount: Sendable {
  /// The value of one unit.
  private(set) var unit = 1.0

  /// The value of all, in units.
  private(set) var units = 1.0

  /// The value of cash, in units; negative when it is borrowed.
  private(set) var cashUnits = 1.0

  /// The target shares.
  private(set) var target: Lanes

  /// The target share of cash.
  private(set) var targetCash = 1.0

  /// The sum of the magnitudes of the target shares.
  private(set) var targetSize = 0.0

  /// Whether a short position is or was held.
  private(set) var mayBeShort = false

  /// The positions in units, unless they are the target.
  private var held: Lanes
  private var isOnTarget = false

  /// What the last trade traded, over the value before.
  private var lastTraded = 1.0

  /// What a row makes of the positions, until it is taken.
  private var grown: Lanes
  private(set) var grownUnits = 1.0
  private(set) var grownCash = 1.0

  /// An account with a value of one in cash.
  init(count: Int) {
    target = Lanes(count: count)
    held = Lanes(count: count)
    grown = Lanes(count: count)
  }

  /// The value of all.
  var value: Double { unit * units }

  /// A position in units.
  func position(_ index: Int) -> Double { isOnTarget ? target[index] : held[index] }

  /// The sum of the magnitudes of all positions but one, in units.
  func magnitudes(without index: Int) -> Double {
    let all = isOnTarget ? target.magnitudes : held.magnitudes
    return max(all - position(index).magnitude, 0)
  }

  /// Takes target shares whose sum and size are known; positions stay.
  mutating func setTarget(_ shares: Span<Double>, sum: Double, size: Double) {
    leaveTarget()
    for i in shares.indices {
      target[i] = shares[i]
      if shares[i] < 0 { mayBeShort = true }
    }
    (targetCash, targetSize) = (1 - sum, size)
  }

  /// Turns a position into cash at a fraction of its value; its target share is cash from then on.
  mutating func close(_ index: Int, recovery: Double) {
    leaveTarget()
    cashUnits += held[index] * recovery
    held[index] = 0
    units = cashUnits + held.sum
    targetCash += target[index]
    target[index] = 0
  }

  private mutating func leaveTarget() {
    guard isOnTarget else { return }
    held.copy(target)
    isOnTarget = false
  }

  // MARK: - Rows

  /// Prepares a row: positions and cash after their returns.
  ///
  /// - Returns: Whether no return is −1 or below. Otherwise, and when ``grownUnits`` is NaN, the row
  ///   must not be taken as it is.
  @inline(__always)
  mutating func grow(
    by source: Span<Double>,
    first: Int,
    stride: Int,
    count: Int,
    cashFactor: Double
  ) -> Bool {
    let (sum, least) =
      isOnTarget
      ? grown.grow(target, by: source, first: first, stride: stride, count: count)
      : grown.grow(held, by: source, first: first, stride: stride, count: count)
    grownCash = cashUnits * cashFactor
    grownUnits = grownCash + sum
    return least > -1
  }

  /// The sum of the magnitudes of the positions of a prepared row, in units.
  var grownMagnitudes: Double { grown.magnitudes }

  /// Takes the prepared row.
  @inline(__always)
  mutating func take() {
    swap(&held, &grown)
    (units, cashUnits, isOnTarget) = (grownUnits, grownCash, false)
  }

  // MARK: - Trades

  /// Puts the positions on the target without cost.
  mutating func restoreTarget() {
    unit *= units
    (units, cashUnits, isOnTarget) = (1, targetCash, true)
  }

  /// Trades to the target and pays a fraction of what is traded.
  ///
  /// - Returns: What was traded over the value before.
  @inline(__always)
  mutating func trade(costFraction: Double) -> Double {
    if isOnTarget { return 0 }
    let before = units
    let traded = tradedAtOnce(costFraction) ?? tradedInSteps(costFraction)
    restoreTarget()
    lastTraded = traded / before
    return lastTraded
  }

  /// Moves the value to the one after the trade by a single step, where that is exact: no asset
  /// turns from purchase to sale on the way.
  ///
  /// Then `x = V − cS/(1 + cS′)` with the sum S of the trades at V and its slope S′, and what is
  /// traded is `S/(1 + cS′)`.
  ///
  /// - Returns: What is traded, or nil when the step may not be exact; nothing is moved then.
  @inline(__always)
  private mutating func tradedAtOnce(_ costFraction: Double) -> Double? {
    guard !mayBeShort else { return nil }
    let slack = Self.slackRatio * costFraction * lastTraded * units
    let trades = held.trades(to: target, times: units, slack: slack)
    let slope = (1 - targetCash) - 2 * trades.sharesSold
    let traded = trades.sum / (1 + costFraction * slope)
    guard trades.areFirm, costFraction * traded <= slack else { return nil }
    units -= costFraction * traded
    return traded
  }

  /// Moves the value to the one after the trade by Newton's method.
  ///
  /// - Returns: What is traded.
  private mutating func tradedInSteps(_ costFraction: Double) -> Double {
    let before = units
    var after = before
    var traded = 0.0
    // Every step but the last passes an asset that turns from purchase to sale.
    for _ in 0..<(held.capacity + 2) {
      if costFraction > 0 { after = stepped(from: after, costFraction) }
      traded = held.distance(to: target, times: after)
      let excess = (after - before) + costFraction * traded
      if excess <= Self.rounding * before { break }
    }
    units = after
    return traded
  }

  /// One step of Newton's method for the value after the trade.
  @inline(__always)
  private func stepped(from after: Double, _ costFraction: Double) -> Double {
    let purchases = held.purchases(to: target, times: after)
    // What is bought less what is sold is Σ w x − Σ v.
    let targetSum = 1 - targetCash
    let balance = targetSum * after - (units - cashUnits)
    let traded = 2 * purchases.bought - balance
    let slope = targetSum - 2 * purchases.sharesSold
    let excess = (after - units) + costFraction * traded
    return after - excess / (1 + costFraction * slope)
  }

  /// The largest drift from the target beyond limits, over the value.
  @inline(__always)
  func largestExcess(limits: borrowing Lanes) -> Double {
    isOnTarget ? -.infinity : held.largestExcess(over: target, times: units, limits: limits) / units
  }

  /// How much more than the last trade a trade may be to be looked at in one step.
  private static let slackRatio = 4.0

  /// The relative error that sums over the assets may carry.
  private static let rounding = 0x1p-50
}

import KeelNumerics

// The arithmetic of an account with target shares. Goals in order: an account that adds up, speed.
//
// Positions are kept in units of the value after the last trade, so that on the target they are the target shares
// themselves. A row that starts there then depends on the rows before through one product alone, the unit: such rows are
// worked on four at a time, and each is checked before it is taken.

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

  // MARK: - Rows that end with a trade

  /// Prepares rows that each end with a trade to the target.
  ///
  /// - Returns: The number of rows that are prepared; none unless the account is on a long target.
  mutating func prepare(
    _ rows: inout Kernels.RebalancedRows,
    by source: Span<Double>,
    first: Int,
    stride: Int,
    count: Int,
    cashFactor: Double,
    costFraction: Double,
    limit: Int
  ) -> Int {
    guard isOnTarget, !mayBeShort else { return 0 }
    grownCash = cashUnits * cashFactor
    return rows.take(
      from: target.numbers.span, count: count, by: source, first: first, stride: stride,
      cash: grownCash, shareSum: targetSum, costFraction: costFraction, rows: limit)
  }

  /// Turns to one of the rows.
  ///
  /// - Returns: Whether no return is −1 or below, as when a row is prepared alone.
  @inline(__always)
  mutating func prepare(_ row: Int, of rows: borrowing Kernels.RebalancedRows) -> Bool {
    grownUnits = rows.before[row]
    return rows.least[row] > -1
  }

  /// Takes one of the rows with its trade, if one step of Newton's method has paid it.
  ///
  /// - Returns: What was traded over the value before, or nil.
  @inline(__always)
  mutating func takeTraded(
    _ row: Int,
    of rows: borrowing Kernels.RebalancedRows,
    costFraction: Double
  ) -> Double? {
    let (after, traded) = (rows.after[row], rows.traded[row])
    guard Self.isPaid(grownUnits, after, traded, costFraction) else { return nil }
    unit *= after
    return traded / grownUnits
  }

  // MARK: - Trades

  /// Puts the positions on the target without cost.
  mutating func restoreTarget() {
    unit *= units
    (units, cashUnits, isOnTarget) = (1, targetCash, true)
  }

  /// Trades to the target and pays a fraction of what is traded, by Newton's method.
  ///
  /// - Returns: What was traded over the value before.
  mutating func trade(costFraction: Double) -> Double {
    if isOnTarget { return 0 }
    let before = units
    var after = before
    var traded = 0.0
    // Every step but the last passes an asset that turns from purchase to sale.
    for _ in 0..<(held.capacity + 2) {
      if costFraction > 0 { after = stepped(from: after, costFraction) }
      traded = held.trades(to: target, times: after).sum
      if Self.isPaid(before, after, traded, costFraction) { break }
    }
    units = after
    restoreTarget()
    return traded / before
  }

  /// One step of Newton's method for the value after the trade.
  private func stepped(from after: Double, _ costFraction: Double) -> Double {
    let trades = held.trades(to: target, times: after)
    let excess = (after - units) + costFraction * trades.sum
    return after - excess / (1 + costFraction * (targetSum - 2 * trades.sharesSold))
  }

  /// Whether the value after a trade is the one before less the cost.
  @inline(__always)
  private static func isPaid(
    _ before: Double,
    _ after: Double,
    _ traded: Double,
    _ costFraction: Double
  ) -> Bool {
    (after - before) + costFraction * traded <= rounding * before
  }

  private var targetSum: Double { 1 - targetCash }

  /// The largest drift from the target beyond limits, over the value.
  @inline(__always)
  func largestExcess(limits: borrowing Lanes) -> Double {
    isOnTarget ? -.infinity : held.largestExcess(over: target, times: units, limits: limits) / units
  }

  /// The relative error that sums over the assets may carry.
  private static let rounding = 0x1p-50
}

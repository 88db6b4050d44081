public import KeelData
import KeelEngine
import KeelNumerics

// Goals in order: an account that adds up (what is traded, paid and held to the last digits), no allocation a row, speed.
//
// A row has this order: first every asset grows by its return and cash by its rate; then, at the close, a trade that is
// due is made; its cost is paid from the value. The value after the trade, x, solves
//
//   x + c Σ |w(i) x − v(i)| = V
//
// where v are the values before the trade and V their sum with cash: the trades are those that lead to the target shares
// of what is left when they are paid. The left side is convex and, with c Σ|w| < 1, increasing, so that Newton's method
// from x = V falls onto the root from above and ends after as many steps as assets change from purchase to sale on the
// way, nearly always one.
//
// Assets stand in groups of four lanes, those behind the last one with zero shares; sums run lane by lane and then over
// the lanes, in one order on every machine, whether rows are taken one by one or by the block.

/// Follows what is held under target weights, row after row of simple returns, with costs.
///
/// The account starts with a value of one in cash and buys the target before the first row. In a
/// row, first each asset grows by its return and cash by its rate; then, at the close, a trade that
/// is due is made and its cost is paid from the value, so that the weights after the trade are
/// those of the target and add to one with cash. The first period's return, turnover and cost hold
/// those of the purchase at the start.
///
/// ```swift
/// var account = try WeightSimulation(
///   target: target, settings: SimulationSettings(schedule: .everyRows(30), costFraction: 0.001))
/// var performance = try PerformanceAccumulator(
///   annualization: .dailyContinuous, ratePerPeriod: 0)
/// while let row = next() { try performance.add(account.advance(returns: row.span)) }
/// ```
///
/// The state is a few numbers an asset, and a row allocates nothing, so that the memory does not
/// grow with the number of rows.
///
/// A return of −1 delists the asset: its value is lost, its target share is cash from then on, and
/// its later returns are not read. ``delist(_:recovery:)`` does the same with what is recovered.
public struct WeightSimulation: Sendable {
  /// What one row did.
  public struct Period: Hashable, Sendable {
    /// The change of the value since the row before, as a fraction, after costs.
    public let returnFraction: Double

    /// What was traded over twice the value before the trade: one exchanges all.
    public let turnover: Double

    /// What trades cost as a fraction of the value before the trade.
    public let cost: Double

    /// The value after the row; the account starts with one.
    public let value: Double
  }

  /// The assets.
  public let universe: Universe

  /// The rules.
  public let settings: SimulationSettings

  /// The number of rows so far.
  public private(set) var rowCount = 0

  /// The number of trades so far, the purchase at the start counted.
  public private(set) var tradeCount = 0

  private var account: TargetAccount
  private var limits: Lanes
  private var isDelisted: [Bool]
  private var hasDelisted = false
  private var rowsSinceDue = 0
  private var isTradeDue = false
  private var isTargetNew = true

  /// The value when the last row was reported, in today's units.
  private var reportedUnits = 1.0
  private var turnover = 0.0
  private var cost = 0.0

  /// Creates an account that holds its target.
  ///
  /// - Parameters:
  ///   - target: The target shares of the value; what is missing to one is cash, what is above is
  ///     borrowed. Their magnitudes times the cost are at most 0.99.
  ///   - settings: The rules.
  /// - Throws: `BacktestingError.invalidValue` for a target that costs would eat up.
  public init(target: Weights, settings: SimulationSettings) throws(BacktestingError) {
    universe = target.universe
    self.settings = settings
    let count = target.universe.count
    account = TargetAccount(count: count)
    limits = Lanes(count: count, repeating: .infinity)
    isDelisted = [Bool](repeating: false, count: count)
    try setTarget(target.values.span)
    trade()
  }

  /// The value of all that is held; the account starts with one.
  public var value: Double { account.value }

  /// The value of cash; negative when it is borrowed.
  public var cash: Double { account.unit * account.cashUnits }

  /// The share of each asset in the value.
  public var weights: [Double] {
    (0..<universe.count).map { account.position($0) / account.units }
  }

  // MARK: - Targets

  /// Changes the target; the next trade leads to it.
  ///
  /// - Parameter weights: The target shares, one an asset of the universe in its order.
  /// - Throws: `BacktestingError.shapeMismatch`, `.invalidValue` with the asset, `.delistedAsset`;
  ///   the target is then unchanged.
  /// - Complexity: O(N), without allocation.
  public mutating func setTarget(_ weights: Span<Double>) throws(BacktestingError) {
    guard weights.count == universe.count else {
      throw .shapeMismatch(argument: "weights", got: weights.count, required: universe.count)
    }
    var sum = 0.0
    var size = 0.0
    for i in weights.indices {
      try require(weights[i], "target", in: .finite, asset: universe.assets[i])
      guard weights[i] == 0 || !isDelisted[i] else {
        throw .delistedAsset(universe.assets[i])
      }
      sum += weights[i]
      size += weights[i].magnitude
    }
    try require(
      size, "sum of the target's magnitudes",
      in: 0...min(Self.largestExposure, SimulationSettings.largestCost / settings.costFraction))
    account.setTarget(weights, sum: sum, size: size)
    isTargetNew = true
    for i in weights.indices { limits[i] = limit(of: weights[i]) }
  }

  /// Trades to the target at the close of the last row.
  ///
  /// The turnover and the cost are reported with the next row, and its return holds the cost.
  public mutating func rebalance() { trade() }

  /// Delists an asset: what is recovered goes to cash, without cost.
  ///
  /// The loss is part of the return of the next row. The asset's target share is cash from then on.
  ///
  /// - Parameters:
  ///   - asset: An asset of the universe.
  ///   - recovery: What a holder gets, as a fraction of the value of the last row: 0 to 1.
  /// - Throws: `BacktestingError.invalidValue`, `.universeMismatch` for an unknown asset,
  ///   `.portfolioWithoutValue`; nothing is delisted then.
  public mutating func delist(_ asset: AssetID, recovery: Double) throws(BacktestingError) {
    try require(recovery, "recovery", in: 0...1, asset: asset)
    guard let position = universe.position(of: asset) else {
      throw .universeMismatch(position: universe.count, left: nil, right: asset)
    }
    let sale = settings.costFraction * account.magnitudes(without: position)
    let left = account.units - (1 - recovery) * account.position(position) - sale
    guard account.unit * left >= Self.smallestValue else {
      throw .portfolioWithoutValue(row: rowCount, got: account.unit * left)
    }
    close(position, recovery: recovery)
  }

  private mutating func close(_ position: Int, recovery: Double) {
    account.close(position, recovery: recovery)
    isDelisted[position] = true
    hasDelisted = true
    limits[position] = .infinity
  }

  /// Keeps products of weights and values finite.
  private static let largestExposure = 1e100

  // MARK: - Rows

  /// Moves on by one row.
  ///
  /// - Parameter row: The simple return of each asset, as a fraction, at least −1; NaN where there
  ///   is none. Those of delisted assets are not read.
  /// - Returns: What the row did.
  /// - Throws: `BacktestingError.shapeMismatch`; `.invalidValue` or `.missingReturn` with asset and
  ///   row; `.portfolioWithoutValue` when nothing is left after everything is sold at its cost. The
  ///   account is then as before.
  /// - Complexity: O(N), without allocation when every asset has a return above −1.
  public mutating func advance(returns row: Span<Double>) throws(BacktestingError) -> Period {
    guard row.count == universe.count else {
      throw .shapeMismatch(argument: "returns", got: row.count, required: universe.count)
    }
    return try advance(row, first: 0, stride: 1)
  }

  /// Moves on by one row whose returns stand in a larger span: one an asset, `stride` apart.
  @inline(__always)
  mutating func advance(
    _ source: Span<Double>,
    first: Int,
    stride: Int
  ) throws(BacktestingError) -> Period {
    let areOrdinary = account.grow(
      by: source, first: first, stride: stride, count: isDelisted.count, cashFactor: cashFactor)
    guard areOrdinary, isPlain else {
      return try advanceWithCare(isDelisted.indices.map { source[first + $0 * stride] })
    }
    account.take()
    return finish(isComplete: true)
  }

  /// Moves on by some rows of a matrix that each end with a trade, as long as nothing is unusual.
  ///
  /// - Parameters:
  ///   - rows: Where they are worked on.
  ///   - source: The returns, asset after asset, `stride` apart.
  ///   - first: The place of the first asset's first return.
  ///   - stride: The distance from one asset to the next.
  ///   - limit: The most rows.
  ///   - result: What the periods are added to.
  /// - Returns: The number of rows that were taken, perhaps none: then the next one is for
  ///   ``advance(returns:)``.
  mutating func advanceBlock(
    _ rows: inout Kernels.RebalancedRows,
    _ source: Span<Double>,
    first: Int,
    stride: Int,
    limit: Int,
    into result: inout SimulationResult
  ) -> Int {
    guard settings.schedule == .everyRows(1), settings.weightModel != .constantMix, !isTradeDue,
      !hasDelisted
    else { return 0 }
    let count = account.prepare(
      &rows, by: source, first: first, stride: stride, count: isDelisted.count,
      cashFactor: cashFactor, costFraction: settings.costFraction, limit: limit)
    for row in 0..<count {
      guard account.prepare(row, of: rows), isPlain else { return row }
      let before = account.unit
      guard
        let traded = account.takeTraded(row, of: rows, costFraction: settings.costFraction)
      else { return row }
      rowCount += 1
      book(traded, before)
      result.append(reportedPeriod())
    }
    return count
  }

  private var cashFactor: Double { 1 + settings.cashRatePerPeriod }

  /// Whether a prepared row leaves a value in the ordinary range, which is no NaN, and neither debt
  /// nor short positions.
  private var isPlain: Bool {
    let value = account.unit * account.grownUnits
    return value >= Self.smallestValue && value <= Self.largestValue && !account.mayBeShort
      && account.grownCash >= -Self.debtTolerance * account.grownUnits
  }

  /// Moves on by a row with a missing return, a total loss, a bad number, debt or short positions.
  private mutating func advanceWithCare(_ row: [Double]) throws(BacktestingError) -> Period {
    var row = row
    var isComplete = true
    for i in row.indices {
      if isDelisted[i] {
        row[i] = 0
      } else if row[i].isNaN {
        guard settings.missingReturns == .postponeTrades else {
          throw .missingReturn(asset: universe.assets[i], row: rowCount)
        }
        (row[i], isComplete) = (0, false)
      }
      try require(
        row[i], "return", in: -1...Self.largestReturn, asset: universe.assets[i], row: rowCount)
    }
    _ = account.grow(by: row.span, first: 0, stride: 1, count: row.count, cashFactor: cashFactor)
    // What is left when everything is sold and paid for.
    let sale = settings.costFraction * account.grownMagnitudes
    let left = account.unit * (account.grownUnits - sale)
    guard left >= Self.smallestValue, account.unit * account.grownUnits <= Self.largestValue else {
      throw .portfolioWithoutValue(row: rowCount, got: left)
    }
    account.take()
    for i in row.indices where row[i] == -1 { close(i, recovery: 0) }
    return finish(isComplete: isComplete)
  }

  /// Trades when it is due, and reports.
  @inline(__always)
  private mutating func finish(isComplete: Bool) -> Period {
    rowCount += 1
    switch settings.schedule {
    case .never: break
    case .everyRows(let count):
      rowsSinceDue += 1
      if rowsSinceDue == count { (rowsSinceDue, isTradeDue) = (0, true) }
    case .beyond:
      let excess = account.largestExcess(limits: limits)
      let isNear = excess.magnitude <= Self.gridMargin * (1 + account.targetSize)
      isTradeDue = isComplete && (isNear ? isBeyond() : excess > 0)
    }
    if settings.weightModel == .constantMix && !isTargetNew {
      isTradeDue = false
      reportedUnits /= account.units
      account.restoreTarget()
    } else if isTradeDue && isComplete {
      isTradeDue = false
      trade()
    }
    return reportedPeriod()
  }

  /// Reports what happened since the last report.
  @inline(__always)
  private mutating func reportedPeriod() -> Period {
    let period = Period(
      returnFraction: (account.units - reportedUnits) / reportedUnits, turnover: turnover,
      cost: cost, value: account.value)
    (reportedUnits, turnover, cost) = (account.units, 0, 0)
    return period
  }

  @inline(__always)
  private mutating func trade() {
    isTargetNew = false
    let before = account.unit
    let traded = account.trade(costFraction: settings.costFraction)
    book(traded, before)
  }

  /// Books a trade: what was traded over the value before, and the unit before.
  @inline(__always)
  private mutating func book(_ traded: Double, _ before: Double) {
    reportedUnits *= before / account.unit
    guard traded > 0 else { return }
    tradeCount += 1
    turnover += traded / 2
    cost += settings.costFraction * traded
  }

  /// Keeps sums and ratios of values finite and exact; below it nothing is left.
  private static let smallestValue = 1e-150
  private static let largestValue = 1e150

  /// The largest return of a row that is taken where it matters.
  private static let largestReturn = 1e100

  /// A debt below this share of the value leaves the cost of selling below the value.
  private static let debtTolerance = 1e-6
}

// MARK: - Thresholds

extension WeightSimulation {
  /// Whether an asset has drifted beyond the threshold, by the comparison of a plan on its grid.
  private func isBeyond() -> Bool {
    guard case .beyond(let threshold) = settings.schedule else { return false }
    for i in isDelisted.indices {
      let drift = account.position(i) / account.units - account.target[i]
      let relative = drift == 0 ? 0 : drift / account.target[i].magnitude
      let verdict = threshold.verdict(absolute: drift, relative: relative, wasBreached: false)
      if verdict.isBreached { return true }
    }
    return false
  }

  /// The drift of an asset at which a trade is made, as a fraction of the value.
  private func limit(of weight: Double) -> Double {
    guard case .beyond(let threshold) = settings.schedule else { return .infinity }
    let relative = threshold.relative.map { $0 * weight.magnitude } ?? .infinity
    return min(threshold.absolute ?? .infinity, relative)
  }

  /// Some steps of the grid on which drifts are compared: nearer to a limit the grid decides.
  private static let gridMargin = 4e-9
}

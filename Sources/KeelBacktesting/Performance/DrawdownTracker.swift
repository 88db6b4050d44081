import KeelNumerics

// Goals in order: exact peaks and recoveries, O(1) state, speed.
//
// What is kept is the value over its last peak, in twice the precision: a loss of a half and a gain of one are back at the
// peak exactly.

/// A fall of the value from a peak.
///
/// Times are counts of periods from the start: 0 is the start itself, 1 the end of the first
/// period.
public struct Drawdown: Hashable, Sendable, Codable {
  /// The largest loss since the peak, as a fraction of the peak: positive.
  public let depth: Double

  /// The last time at which the value stood at the peak.
  public let start: Int

  /// The first time at which the loss was the largest.
  public let trough: Int

  /// The first time after the trough at which the value was back at the peak; nil while it is not.
  public let recovery: Int?
}

/// Follows the value of a strategy from peak to peak.
struct DrawdownTracker {
  private var sincePeak = DoubleDouble(1)
  private var peak = 0
  private var last = 0
  private var deepestDepth = 0.0
  private var deepestStart = 0
  private var deepestTrough = 0
  private var deepestRecovery: Int?
  private var longestCompleted = 0

  mutating func add(_ value: Double, period: Int) {
    last = period
    sincePeak = sincePeak * DoubleDouble.sum(1, value)
    if sincePeak.high > 1 || (sincePeak.high == 1 && sincePeak.low >= 0) {
      recover(at: period)
      return
    }
    let depth = (1 - sincePeak.high) - sincePeak.low
    guard depth > deepestDepth else { return }
    (deepestDepth, deepestStart, deepestTrough) = (depth, peak, period)
    deepestRecovery = nil
  }

  private mutating func recover(at period: Int) {
    if period - peak > 1 { longestCompleted = max(longestCompleted, period - peak) }
    if deepestDepth > 0, deepestStart == peak, deepestRecovery == nil { deepestRecovery = period }
    sincePeak = DoubleDouble(1)
    peak = period
  }

  /// The deepest fall, the first of equal ones; nil when the value never fell.
  var deepest: Drawdown? {
    guard deepestDepth > 0 else { return nil }
    return Drawdown(
      depth: deepestDepth, start: deepestStart, trough: deepestTrough, recovery: deepestRecovery)
  }

  /// The largest number of periods from a peak to the recovery, or to the end while there is none.
  var longest: Int { max(longestCompleted, last - peak) }
}

public import KeelData
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Calm or stressed, by an exponentially weighted volatility and two thresholds.
///
/// The regime turns to stressed above the upper threshold and back to calm below the lower one; between them it stays. The
/// market's return of a row is the mean of the log returns of all assets that have one.
public struct VolatilityRegime: Hashable, Sendable {
  /// The states.
  public enum State: String, Hashable, Sendable, Codable, CaseIterable {
    /// Volatility came from below the upper threshold and has not passed it since.
    case calm
    /// Volatility passed the upper threshold and has not fallen below the lower one since.
    case stressed
  }

  /// The regime at a time and what it rests on.
  public struct Reading: Hashable, Sendable, Codable {
    /// The regime.
    public let state: State

    /// The annualized volatility.
    public let volatility: Double

    /// The rows since the last change.
    public let age: Int
  }

  /// The rows after which an observation counts half.
  public let halfLife: Double

  /// The annualized volatility below which calm returns.
  public let lower: Double

  /// The annualized volatility above which stress begins.
  public let upper: Double

  /// The rows a year.
  public let annualization: Annualization

  /// Creates a regime.
  ///
  /// - Parameters:
  ///   - halfLife: The rows after which an observation counts half: positive, finite.
  ///   - lower: The annualized volatility below which calm returns: positive.
  ///   - upper: The annualized volatility above which stress begins: at least `lower`, finite.
  ///   - annualization: The rows a year.
  /// - Throws: `EngineError.invalidValue`.
  public init(
    halfLife: Double,
    lower: Double,
    upper: Double,
    annualization: Annualization
  ) throws(EngineError) {
    try requireNumber(halfLife, "halfLife", .positive)
    try requireNumber(lower, "lower", .positive)
    try requireNumber(upper, "upper", lower...Double.greatestFiniteMagnitude)
    self.halfLife = halfLife
    self.lower = lower
    self.upper = upper
    self.annualization = annualization
  }

  /// Reads the regime at the end of a history.
  ///
  /// - Parameter view: What is known.
  /// - Returns: The regime; nil without a single return.
  /// - Complexity: O(T N).
  public func reading(_ view: SignalView) -> Reading? {
    let history = view.history
    let decay = exp2(-1 / halfLife)
    let periods = annualization.periodsPerYear
    var (variance, weight) = (0.0, 0.0)
    var state = State.calm
    var age = 0
    for row in 1..<max(history.rowCount, 1) {
      let changes = history.universe.assets.indices.compactMap { j -> Double? in
        guard let now = history[row, j], let before = history[row - 1, j] else { return nil }
        return log(now / before)
      }
      guard !changes.isEmpty else { continue }
      let change = changes.reduce(0, +) / Double(changes.count)
      variance = decay * variance + (1 - decay) * change * change
      weight = decay * weight + (1 - decay)
      let volatility = (variance / weight * periods).squareRoot()
      let next: State = volatility > upper ? .stressed : volatility < lower ? .calm : state
      age = next == state ? age + 1 : 0
      state = next
    }
    guard weight > 0 else { return nil }
    return Reading(
      state: state, volatility: (variance / weight * periods).squareRoot(), age: age)
  }
}

public import KeelData
import KeelNumerics

/// Apart or together, by the mean correlation of what is remembered and two thresholds.
///
/// The regime turns to together above the upper threshold and back to apart below the lower one; between them it stays as it
/// was before, which the caller keeps.
public struct CorrelationRegime: Hashable, Sendable, Codable {
  /// The states.
  public enum State: String, Hashable, Sendable, Codable, CaseIterable {
    /// Assets move apart: diversification helps.
    case apart
    /// Assets move together, as in a sell-off.
    case together
  }

  /// The mean correlation below which assets count as apart again.
  public let lower: Double

  /// The mean correlation above which assets count as together.
  public let upper: Double

  /// Creates a regime.
  ///
  /// - Parameters:
  ///   - lower: The mean correlation below which assets count as apart again, −1 to 1.
  ///   - upper: The mean correlation above which they count as together, `lower` to 1.
  /// - Throws: `EngineError.invalidValue`.
  public init(lower: Double, upper: Double) throws(EngineError) {
    try requireNumber(lower, "lower", -1...1)
    try requireNumber(upper, "upper", lower...1)
    self.lower = lower
    self.upper = upper
  }

  /// Decodes a regime and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      lower: container.decode(Double.self, forKey: .lower),
      upper: container.decode(Double.self, forKey: .upper))
  }

  private enum CodingKeys: String, CodingKey { case lower, upper }

  /// The mean correlation of all pairs of assets.
  ///
  /// - Parameters:
  ///   - memory: The past.
  ///   - assets: The assets: those without variance are left out.
  /// - Returns: The mean; nil for fewer than two assets that move.
  /// - Throws: `EngineError.unknownAsset`.
  /// - Complexity: O(N²).
  public static func meanCorrelation(
    _ memory: MarketMemory,
    of assets: [AssetID]
  ) throws(EngineError) -> Double? {
    guard let covariance = try memory.covariance(of: assets) else { return nil }
    let deviations = covariance.standardDeviations
    let moving = deviations.indices.filter { deviations[$0] > 0 }
    guard moving.count > 1 else { return nil }
    // Σ over pairs of ρ = (‖Σ z‖² − n)/2 with z the standardized assets.
    var scaled = [Double](repeating: 0, count: deviations.count)
    for i in moving { scaled[i] = 1 / deviations[i] }
    let product = covariance.product(with: scaled)
    let whole = scaled.indices.reduce(0) { $0 + scaled[$1] * product[$1] }
    let count = Double(moving.count)
    return (whole - count) / (count * (count - 1))
  }

  /// The regime after a reading.
  ///
  /// - Parameters:
  ///   - correlation: The mean correlation; nil leaves the regime as it is.
  ///   - before: The regime before.
  /// - Returns: The regime.
  public func state(_ correlation: Double?, after before: State) -> State {
    guard let correlation else { return before }
    return correlation > upper ? .together : correlation < lower ? .apart : before
  }
}

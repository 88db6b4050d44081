/// The drift at which an asset calls for a trade.
///
/// An asset breaches when its absolute or its relative drift, each where a limit is given, exceeds
/// the limit. Once breached it stays so until both are at or below `release` times the limit
/// (hysteresis), so that a price that hovers around the limit does not switch the decision at every
/// step. Drifts and limits are compared on a grid of 1e-9, so that rounding never decides; exactly
/// at the limit is not a breach.
public struct RebalancingThreshold: Hashable, Sendable, Codable {
  /// The largest absolute drift, as a fraction of the portfolio's value; nil means none.
  public let absolute: Double?

  /// The largest drift relative to the target weight; nil means none.
  public let relative: Double?

  /// The share of the limit below which a breach ends, from 0 to 1.
  public let release: Double

  /// Creates a threshold.
  ///
  /// - Parameters:
  ///   - absolute: The largest `|w − w*|`, such as 0.05; nil means none.
  ///   - relative: The largest `|w − w*| / w*`, such as 0.25; nil means none.
  ///   - release: The share of the limit at which a breach ends; one means no hysteresis.
  /// - Throws: `EngineError.invalidValue` for a limit that is negative or not finite, or a release
  ///   outside 0 to 1.
  public init(
    absolute: Double?,
    relative: Double? = nil,
    release: Double = 0.5
  ) throws(EngineError) {
    for (argument, limit) in [("absolute", absolute), ("relative", relative)] {
      if let limit { try requireFraction(limit, argument, highest: .greatestFiniteMagnitude) }
    }
    try requireFraction(release, "release", highest: 1)
    self.absolute = absolute
    self.relative = relative
    self.release = release
  }

  /// Reads a threshold; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `release` and, where there are such limits,
  ///   `absolute` and `relative`.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let absolute = try container.decodeIfPresent(Double.self, forKey: .absolute)
    let relative = try container.decodeIfPresent(Double.self, forKey: .relative)
    let release = try container.decode(Double.self, forKey: .release)
    do throws(EngineError) {
      try self.init(absolute: absolute, relative: relative, release: release)
    } catch {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: container.codingPath, debugDescription: error.description))
    }
  }

  /// How a drift stands to the limits.
  package func verdict(
    absolute drift: Double,
    relative relativeDrift: Double,
    wasBreached: Bool
  ) -> Verdict {
    let scale = wasBreached ? release : 1
    var verdict = Verdict(isBreached: false, isNearTie: false)
    func compare(_ value: Double, with limit: Double) {
      let distance = DecisionGrid.steps(value.magnitude) - DecisionGrid.steps(limit * scale)
      if distance > 0 { verdict.isBreached = true }
      if distance.magnitude <= 1 { verdict.isNearTie = true }
    }
    if let absolute { compare(drift, with: absolute) }
    if let relative { compare(relativeDrift, with: relative) }
    return verdict
  }

  package struct Verdict: Sendable {
    package var isBreached: Bool
    package var isNearTie: Bool
  }
}

/// Checks that a number is between zero and a limit.
func requireFraction(
  _ value: Double,
  _ argument: String,
  highest: Double
) throws(EngineError) {
  guard value >= 0, value <= highest else {
    throw .invalidValue(argument: argument, asset: nil, got: value, lowest: 0, highest: highest)
  }
}

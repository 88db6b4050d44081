import KeelNumerics

/// The maintenance margin of a venue: rates that rise with the notional, tier by tier.
///
/// Each rate applies to the part of the notional inside its tier, so that the margin is continuous:
///
/// ```text
/// margin(N) = rate_k N − deduction_k,   deduction_k = deduction_(k−1) + start_k (rate_k − rate_(k−1))
/// ```
///
/// which is how venues publish it. Amounts are in the currency of settlement.
public struct MaintenanceTiers: Hashable, Sendable, Codable {
  /// One tier.
  public struct Tier: Hashable, Sendable, Codable {
    /// The notional from which the rate applies.
    public var start: Double

    /// The margin per unit of notional inside the tier.
    public var rate: Double

    /// Creates a tier.
    ///
    /// - Parameters:
    ///   - start: The notional from which the rate applies: finite, not negative.
    ///   - rate: The margin per unit of notional, above 0 and below 1.
    public init(start: Double, rate: Double) {
      self.start = start
      self.rate = rate
    }
  }

  /// The tiers, by start.
  public let tiers: [Tier]

  /// What is taken off `rate × notional` in each tier.
  public let deductions: [Double]

  /// Creates tiers.
  ///
  /// - Parameter tiers: At least one; the first starts at 0, starts increase, rates do not decrease.
  /// - Throws: `MarketsError.invalidValue` or `.unordered`.
  public init(_ tiers: [Tier]) throws(MarketsError) {
    try require(Double(tiers.count), "count of tiers", in: 1...1e6)
    var deductions: [Double] = []
    for (place, tier) in tiers.enumerated() {
      try require(
        tier.start, "start of tier", in: place == 0 ? 0...0 : .nonnegative, place: place)
      try require(
        tier.rate, "rate of tier", in: Double.leastNonzeroMagnitude...Double(1).nextDown,
        place: place)
      guard place > 0 else {
        deductions.append(0)
        continue
      }
      let before = tiers[place - 1]
      guard before.start < tier.start, before.rate <= tier.rate else {
        throw .unordered(argument: "tiers", place: place)
      }
      deductions.append(deductions[place - 1] + tier.start * (tier.rate - before.rate))
    }
    self.tiers = tiers
    self.deductions = deductions
  }

  /// One rate for every notional.
  ///
  /// - Parameter rate: The margin per unit of notional, above 0 and below 1.
  /// - Returns: A single tier.
  /// - Throws: `MarketsError.invalidValue`.
  public static func flat(_ rate: Double) throws(MarketsError) -> MaintenanceTiers {
    try MaintenanceTiers([Tier(start: 0, rate: rate)])
  }

  /// Decodes tiers and checks them.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    try self.init(container.decode([Tier].self))
  }

  /// Encodes the tiers.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(tiers)
  }

  /// The maintenance margin of a position.
  ///
  /// - Parameter notional: The magnitude of the notional: not negative.
  /// - Returns: The margin in the same currency; NaN outside the domain.
  /// - Complexity: O(number of tiers).
  public func margin(ofNotional notional: Double) -> Double {
    guard notional >= 0, let place = tiers.lastIndex(where: { $0.start <= notional }) else {
      return .nan
    }
    return tiers[place].rate * notional - deductions[place]
  }
}

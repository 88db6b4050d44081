public import KeelDerivatives

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Options bought cheap at the ask against options sold dear at the bid, with an edge against a surface after all costs.
public struct SpreadCandidate: Hashable, Sendable {
  /// The form of a spread.
  public enum Form: String, Hashable, Sendable, Codable, CaseIterable {
    /// Two strikes of one expiry, both puts or both calls.
    case vertical

    /// One strike of two expiries.
    case calendar

    /// Two outer strikes of one expiry against one between them.
    case butterfly
  }

  /// One option of a spread.
  public struct Leg: Hashable, Sendable, Codable {
    /// The option.
    public let option: EuropeanOption

    /// The number of options; negative when sold.
    public let quantity: Double

    /// What one is bought or sold at, in cash today, without the fee.
    public let price: Double

    /// The volatility of the surface.
    public let fit: Double
  }

  /// The form.
  public let form: Form

  /// The options: what is bought, then what is sold; of butterflies the outer ones first.
  public let legs: [Leg]

  /// What the spread earns if the prices come to those of the surface, after bid, ask and fees of opening it, in cash.
  public let edge: Double

  /// The edge over the vega traded, the sum of the magnitudes: in units of volatility.
  public let edgePerVega: Double

  /// What opening costs in cash today, fees included; negative where it pays.
  public let premium: Double

  /// The most that the spread loses by expiry, in cash today: infinite where more calls are sold than bought, nil of
  /// calendar spreads, whose loss depends on the later volatility.
  public let worstLoss: Double?

  /// The change of value per unit of the forwards.
  public let delta: Double

  /// The change of delta per unit of the forwards.
  public let gamma: Double

  /// The change of value with the volatilities of all options.
  public let vega: PerVolatility
}

/// The spreads with the most edge per vega.
public struct SpreadCandidates: Hashable, Sendable {
  /// What the numbers of two options are chosen for.
  public enum Neutrality: String, Hashable, Sendable, Codable {
    /// As many are sold as bought.
    case number

    /// No vega is left.
    case vega

    /// No delta is left.
    case delta
  }

  /// Limits of the search.
  public struct Settings: Hashable, Sendable, Codable {
    /// What the numbers of vertical and calendar spreads are chosen for; butterflies have those that pay nothing far out.
    public var neutrality = Neutrality.number

    /// The number of spreads that are returned.
    public var count = 20

    /// The options bought and the options sold that are tried, of each expiry and kind: those with the best edges.
    ///
    /// With eight some thousand spreads of an expiry are looked at.
    public var optionLimit = 8

    /// The most of one option against one of the other: beyond, the edge hangs on the greeks.
    public var largestRatio = 4.0

    /// The relative distance of strikes that count as one in calendar spreads: that of rounding.
    public var strikeTolerance = 1e-9

    /// Creates the default settings.
    public init() {}
  }

  /// The spreads by descending edge per vega, each with a positive edge; equal ones by form, times and strikes.
  public let candidates: [SpreadCandidate]

  /// The number of spreads that were looked at.
  public let consideredCount: Int

  /// Looks for spreads.
  ///
  /// - Parameters:
  ///   - mispricing: The quotes against a surface, with the fee.
  ///   - settings: Limits of the search.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a setting.
  /// - Complexity: With E expiries, the limit L of options and n quotes at most 2E(L² + L³) + 2En spreads are looked at.
  public init(
    _ mispricing: Mispricing,
    settings: Settings = Settings()
  ) throws(VolatilityError) {
    try VolatilityError.require(Double(settings.count), "count", 1, 1e6)
    try VolatilityError.require(Double(settings.optionLimit), "optionLimit", 1, 100)
    try VolatilityError.require(settings.largestRatio, "largestRatio", 1, .greatestFiniteMagnitude)
    try VolatilityError.require(settings.strikeTolerance, "strikeTolerance", 0, 0.1)
    var search = SpreadSearch(mispricing, settings)
    search.run()
    (candidates, consideredCount) = (search.best, search.consideredCount)
  }
}

import KeelData
public import KeelDerivatives
public import KeelMarkets
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Options sold against what covers them: calls against units of the asset, puts against cash for their strike.
//
// Of the options out of the money on the side asked for, the one is sold whose distance (delta or the model's probability
// of exercise) is nearest to the aim without exceeding it: the largest premium within the risk wanted. Distances are read
// off a surface where the quotes determine one, whose probabilities know the skew, else off each option's own quote. Size
// is the least
// of what is covered and what the limits on gamma, vega and margin allow, in whole lots.

/// Systematic writing of options out of the money, within limits.
public struct CoveredWriting: Hashable, Sendable, Codable {
  /// How far out of the money an option is sold.
  public enum Aim: Hashable, Sendable, Codable {
    /// At most this magnitude of delta, 0 to 0.5.
    case delta(Double)
    /// At most this risk-neutral probability of exercise, 0 to 0.5.
    case probability(Double)
  }

  /// What stopped the size.
  public enum Binding: String, Hashable, Sendable, Codable, CaseIterable {
    /// The units or cash that cover it.
    case cover
    /// The limit on short gamma.
    case gamma
    /// The limit on short vega.
    case vega
    /// The limit on maintenance margin.
    case margin
    /// No option fits the aim.
    case noOption
  }

  /// The limits on what is sold; infinite by default.
  public struct Limits: Hashable, Sendable {
    /// The largest gamma sold, in units of the asset per cash.
    public var gamma = Double.infinity

    /// The largest vega sold, in cash per unit of volatility.
    public var vega = Double.infinity

    /// The largest maintenance margin, in cash.
    public var margin = Double.infinity

    /// Creates no limits.
    public init() {}
  }

  /// The order that sells the option; nil when nothing is sold.
  public let order: ContractOrder?

  /// What stopped the size.
  public let binding: Binding

  /// The magnitude of the option's delta.
  public let delta: Double

  /// The risk-neutral probability of exercise.
  public let exerciseProbability: Double

  /// What the option is quoted above the surface, in units of volatility; nil without a surface.
  public let richness: Double?

  /// The premium received, less the cost of the trade, in cash.
  public let netPremium: Double

  /// The net premium over what covers it, per year of the option's life; zero without an order.
  public let premiumYieldPerYear: Double

  /// The gamma sold, in units of the asset per cash.
  public let gammaSold: Double

  /// The vega sold, in cash per unit of volatility.
  public let vegaSold: Double

  /// The maintenance margin, in cash.
  public let margin: Double

  /// Chooses an option and a size.
  ///
  /// - Parameters:
  ///   - kind: Calls, covered by units, or puts, covered by cash.
  ///   - cover: The units of the asset that are free (calls), or the cash (puts): finite, not negative.
  ///   - options: The listed options on one asset; those of the other kind, expired or in the money are passed over.
  ///   - market: The market.
  ///   - surface: Where distances are read; nil for each option's own quote.
  ///   - aim: How far out of the money.
  ///   - limits: What may be sold.
  /// - Throws: `EngineError.invalidValue`, `.amountOverflow`, or `.unknownAsset` for what is no option or has no usable
  ///   quote.
  /// - Complexity: O(n) for n options.
  public init(
    _ kind: EuropeanOption.Kind,
    cover: Double,
    options: [HedgeInstrument],
    market: MarketSnapshot,
    surface: QuotedSurface? = nil,
    aim: Aim,
    limits: Limits = Limits()
  ) throws(EngineError) {
    try requireNumber(cover, "cover", .nonnegative)
    let bound: Double
    switch aim {
    case .delta(let most), .probability(let most): bound = most
    }
    try requireNumber(bound, "aim", 0...0.5)
    for (limit, name) in [
      (limits.gamma, "gamma"), (limits.vega, "vega"), (limits.margin, "margin"),
    ] { try requireNumber(limit, "limit on \(name)", 0...Double.infinity) }
    var chosen: WritingCandidate?
    for instrument in options.sorted(by: { $0.id < $1.id }) {
      guard let candidate = try WritingCandidate(instrument, kind, market, surface),
        candidate.distance(aim) <= bound
      else { continue }
      if candidate.distance(aim) > chosen?.distance(aim) ?? -1 { chosen = candidate }
    }
    guard let chosen else {
      order = nil
      binding = .noOption
      (delta, exerciseProbability, netPremium, premiumYieldPerYear) = (0, 0, 0, 0)
      (gammaSold, vegaSold, margin, richness) = (0, 0, 0, nil)
      return
    }
    let unit = chosen.unit
    let allowed: [(Binding, Double)] = [
      (.cover, cover / chosen.coverPerContract), (.gamma, limits.gamma / unit.gamma),
      (.vega, limits.vega / unit.vega.perUnitVolatility), (.margin, limits.margin / chosen.margin),
    ]
    let tightest = allowed.reduce(allowed[0]) { $1.1 < $0.1 ? $1 : $0 }
    let contracts = try chosen.instrument.lots(in: -tightest.1)
    let sold = contracts.doubleValue.magnitude
    let order = chosen.instrument.order(contracts, unitNotional: unit.notional)
    self.order = contracts.isZero ? nil : order
    binding = tightest.0
    delta = chosen.delta
    exerciseProbability = chosen.probability
    richness = chosen.richness
    netPremium = sold * unit.value - order.cost
    premiumYieldPerYear =
      sold > 0 ? netPremium / (sold * chosen.coverValue) / chosen.yearsToExpiry : 0
    gammaSold = sold * unit.gamma
    vegaSold = sold * unit.vega.perUnitVolatility
    margin = sold * chosen.margin
  }
}

/// An option that could be sold.
private struct WritingCandidate {
  let instrument: HedgeInstrument
  let unit: Exposure
  let delta: Double
  let probability: Double
  let richness: Double?
  let margin: Double
  /// Units (calls) or cash (puts) that one contract needs.
  let coverPerContract: Double
  /// The same in cash.
  let coverValue: Double
  let yearsToExpiry: Double

  /// Nil for the other kind, and for what is expired or in the money.
  init?(
    _ instrument: HedgeInstrument,
    _ kind: EuropeanOption.Kind,
    _ market: MarketSnapshot,
    _ surface: QuotedSurface?
  ) throws(EngineError) {
    guard case .option(let option) = instrument.listing.instrument,
      case .option(let volatility, let carryYield)? = market.quotes[instrument.id]
    else { throw .unknownAsset(instrument.id) }
    let price = market.price(of: option.underlying)
    let unit = try instrument.unit(in: market)
    yearsToExpiry = option.expiry.years(since: market.time)
    let isOut = kind == .call ? option.strike > price : option.strike < price
    guard option.kind == kind, isOut, yearsToExpiry > 0 else { return nil }
    self.instrument = instrument
    self.unit = unit
    if let read = surface?.reading(of: option, carryYield: carryYield, in: market) {
      var marked = market
      marked.quotes[instrument.id] = .option(
        volatility: read.volatility, carryYield: carryYield)
      delta = (try instrument.unit(in: marked).delta / option.size).magnitude
      probability = read.exerciseProbability
      richness = volatility - read.volatility
    } else {
      let model = BlackScholes(
        spot: price, volatility: volatility, rate: market.rate, carryYield: carryYield)
      let greeks = model.greeks(of: option.option(at: market.time))
      delta = (unit.delta / option.size).magnitude
      probability = greeks.dualDelta.magnitude * exp(market.rate * yearsToExpiry)
      richness = nil
    }
    let short = instrument.listing.exposure(quantity: -1, entryPrice: 0, in: market)
    margin = short.margin
    coverPerContract = kind == .call ? option.size : option.size * option.strike
    coverValue = kind == .call ? option.size * price : option.size * option.strike
  }

  func distance(_ aim: CoveredWriting.Aim) -> Double {
    switch aim {
    case .delta: delta
    case .probability: probability
    }
  }
}

public import KeelData
import KeelDerivatives
public import KeelMarkets
import KeelNumerics

// Contracts that bring the delta of one underlying back into a band.
//
// Inside the band nothing is traded. Outside, each instrument offers the trade toward its aim rounded down to lots, and
// one lot more: the better of the two is the one inside the band, then the one nearer to the aim (for an aim at the edge:
// the smaller one). Instruments are compared by cost plus carry over the horizon.

/// The cheapest order that brings a delta into a band.
public struct DeltaHedge: Hashable, Sendable, Codable {
  /// Where a delta outside the band is brought.
  public enum Aim: String, Hashable, Sendable, Codable, CaseIterable {
    /// To the preferred place: trades are rarer and larger.
    case target
    /// To the nearest edge: the least trade that ends the breach.
    case edge
  }

  /// Why there is an order, or none.
  public enum Reason: String, Hashable, Sendable, Codable, CaseIterable {
    /// The delta is inside the band.
    case insideBand
    /// The order brings the delta into the band.
    case hedged
    /// The order brings the delta nearer, but no whole lot reaches the band.
    case nearer
    /// One lot of every instrument would leave the delta no nearer to the band.
    case lotsTooLarge
  }

  /// What one instrument would do.
  public struct Offer: Hashable, Sendable, Codable {
    /// The order.
    public let order: ContractOrder

    /// The delta after it, in units of the underlying.
    public let deltaAfter: Double

    /// What holding it costs over the horizon at the present rates, in cash; negative when it earns.
    public let carryCost: Double

    /// Cost of the trade and of holding it, in cash.
    public var totalCost: Double { order.cost + carryCost }
  }

  /// The delta before, in units of the underlying.
  public let deltaBefore: Double

  /// What was done and why.
  public let reason: Reason

  /// The offers, the chosen one first: those inside the band by total cost, then the others by what is missing.
  public let offers: [Offer]

  /// The order; nil when nothing is traded.
  public var order: ContractOrder? { offers.first?.order }

  /// The delta after the order.
  public var deltaAfter: Double { offers.first?.deltaAfter ?? deltaBefore }

  /// Finds the order.
  ///
  /// - Parameters:
  ///   - delta: The delta of the whole account, in units of the underlying.
  ///   - underlying: The underlying, which all instruments must have.
  ///   - band: The band of the delta, in units of the underlying.
  ///   - instruments: The instruments, at least one.
  ///   - market: The market.
  ///   - horizonYears: The time over which carry counts, in years: finite, not negative.
  ///   - aim: Where a delta outside the band is brought.
  /// - Throws: `EngineError.invalidValue`, `.amountOverflow`, or `.unknownAsset` for an instrument without a usable
  ///   quote or with another underlying.
  /// - Complexity: O(n log n) for n instruments.
  public init(
    delta: Double,
    of underlying: AssetID,
    band: HedgeBand,
    instruments: [HedgeInstrument],
    market: MarketSnapshot,
    horizonYears: Double,
    aim: Aim = .edge
  ) throws(EngineError) {
    try requireNumber(delta, "delta", .finite)
    try requireNumber(horizonYears, "horizonYears", .nonnegative)
    deltaBefore = delta
    guard !band.contains(delta) else {
      (reason, offers) = (.insideBand, [])
      return
    }
    var found: [Offer] = []
    for instrument in instruments {
      guard instrument.listing.instrument.underlying == underlying else {
        throw .unknownAsset(instrument.id)
      }
      let unit = try instrument.unit(in: market)
      let goal = aim == .target ? band.target : band.nearest(to: delta)
      guard unit.delta != 0 else { continue }
      let wanted = (goal - delta) / unit.delta
      let down = try instrument.lots(in: wanted)
      let up = try instrument.oneLotMore(than: down, isBuy: wanted > 0)
      let both = [down, up].map {
        Offer($0, instrument, unit, delta: delta, horizonYears: horizonYears)
      }
      found.append(both[1].isBetter(than: both[0], band: band, goal: goal) ? both[1] : both[0])
    }
    let useful = found.filter { band.distance(to: $0.deltaAfter) < band.distance(to: delta) }
    offers = useful.sorted { left, right in
      let missing = (band.distance(to: left.deltaAfter), band.distance(to: right.deltaAfter))
      return missing.0 != missing.1
        ? missing.0 < missing.1
        : (left.totalCost, left.order.id) < (right.totalCost, right.order.id)
    }
    reason = offers.first.map { band.contains($0.deltaAfter) ? .hedged : .nearer } ?? .lotsTooLarge
  }
}

extension DeltaHedge.Offer {
  fileprivate init(
    _ quantity: Amount,
    _ instrument: HedgeInstrument,
    _ unit: Exposure,
    delta: Double,
    horizonYears: Double
  ) {
    let units = quantity.doubleValue
    order = instrument.order(quantity, unitNotional: unit.notional)
    deltaAfter = delta + units * unit.delta
    let income = units * (unit.carry.perYear + unit.theta.perYear)
    carryCost = income == 0 ? 0 : -income * horizonYears
  }

  /// Whether one lot more is worth it.
  fileprivate func isBetter(than fewer: Self, band: HedgeBand, goal: Double) -> Bool {
    let missing = (band.distance(to: deltaAfter), band.distance(to: fewer.deltaAfter))
    if missing.0 != missing.1 { return missing.0 < missing.1 }
    return (deltaAfter - goal).magnitude < (fewer.deltaAfter - goal).magnitude
  }
}

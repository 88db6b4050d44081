public import KeelData
public import KeelMarkets
import KeelNumerics

/// A listed instrument that a hedge may use, and the lots it trades in.
public struct HedgeInstrument: Hashable, Sendable, Codable {
  /// The instrument with its costs.
  public let listing: Listing

  /// The smallest quantity: every order is a multiple of it.
  public let lot: Amount

  /// Creates an instrument.
  ///
  /// - Parameters:
  ///   - listing: The instrument with its costs.
  ///   - lot: The smallest quantity: positive.
  /// - Throws: `EngineError.negativeAmount` for a lot that is not positive.
  public init(_ listing: Listing, lot: Amount) throws(EngineError) {
    guard !lot.isNegative, !lot.isZero else {
      throw .negativeAmount(argument: "lot", asset: listing.id, got: lot)
    }
    self.listing = listing
    self.lot = lot
  }

  /// Decodes an instrument and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      container.decode(Listing.self, forKey: .listing),
      lot: container.decode(Amount.self, forKey: .lot))
  }

  private enum CodingKeys: String, CodingKey { case listing, lot }

  var id: AssetID { listing.id }

  /// The exposure of one unit or contract, entered at the mark.
  func unit(in market: MarketSnapshot) throws(EngineError) -> Exposure {
    var entry = 0.0
    if case .contract(let price, _)? = market.quotes[id] { entry = price }
    let unit = listing.exposure(quantity: 1, entryPrice: entry, in: market)
    guard unit.value.isFinite, unit.delta.isFinite else { throw .unknownAsset(id) }
    return unit
  }

  /// How far a quotient may be from whole lots and still be meant as them, in units in the last place.
  private static let roundingUlps = 4.0

  /// The largest number of lots toward zero that is not above a quantity; what rounding has put next to whole lots is
  /// those lots.
  func lots(in quantity: Double) throws(EngineError) -> Amount {
    let nearest = try nearestLots(to: quantity)
    if (nearest.doubleValue - quantity).magnitude <= Self.roundingUlps * quantity.ulp {
      return nearest
    }
    do throws(DataError) {
      return try Amount(quantity, decimals: lot.decimals, rounding: .towardZero)
        .roundedDown(toMultipleOf: lot)
    } catch {
      throw .amountOverflow(asset: id)
    }
  }

  /// The nearest number of lots.
  func nearestLots(to quantity: Double) throws(EngineError) -> Amount {
    do throws(DataError) {
      return try Amount(quantity, decimals: lot.decimals, rounding: .toNearestOrEven)
        .rounded(toMultipleOf: lot, rounding: .toNearestOrEven)
    } catch {
      throw .amountOverflow(asset: id)
    }
  }

  /// The same quantity with one lot more, away from zero in the direction given.
  func oneLotMore(than quantity: Amount, isBuy: Bool) throws(EngineError) -> Amount {
    do throws(DataError) {
      return isBuy ? try quantity.adding(lot) : try quantity.subtracting(lot)
    } catch {
      throw .amountOverflow(asset: id)
    }
  }

  /// An order with its cost at a notional per unit.
  func order(_ quantity: Amount, unitNotional: Double) -> ContractOrder {
    ContractOrder(
      id, quantity: quantity,
      cost: listing.cost(ofNotional: quantity.doubleValue.magnitude * unitNotional))
  }
}

/// An interval with a preferred place inside.
public struct HedgeBand: Hashable, Sendable, Codable {
  /// The lower edge.
  public let lower: Double

  /// The preferred place.
  public let target: Double

  /// The upper edge.
  public let upper: Double

  /// Creates a band.
  ///
  /// - Parameters:
  ///   - lower: The lower edge.
  ///   - target: The preferred place, between the edges.
  ///   - upper: The upper edge.
  /// - Throws: `EngineError.invalidValue`.
  public init(lower: Double, target: Double, upper: Double) throws(EngineError) {
    try requireNumber(lower, "lower", .finite)
    try requireNumber(upper, "upper", lower ... .greatestFiniteMagnitude)
    try requireNumber(target, "target", lower...upper)
    self.lower = lower
    self.target = target
    self.upper = upper
  }

  /// Decodes a band and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      lower: container.decode(Double.self, forKey: .lower),
      target: container.decode(Double.self, forKey: .target),
      upper: container.decode(Double.self, forKey: .upper))
  }

  private enum CodingKeys: String, CodingKey { case lower, target, upper }

  /// Whether a value is inside, edges included.
  ///
  /// - Parameter value: The value.
  /// - Returns: False for NaN.
  public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }

  /// How far a value is outside; zero inside.
  func distance(to value: Double) -> Double { max(lower - value, value - upper, 0) }

  /// The edge nearest to a value; the value itself inside.
  func nearest(to value: Double) -> Double { min(max(value, lower), upper) }
}

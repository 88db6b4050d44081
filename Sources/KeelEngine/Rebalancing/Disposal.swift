public import KeelData
import KeelNumerics

// What a sale realizes, lot after lot, and what that costs in tax. Goals in order: exact sums, a tax that is never
// understated by rounding.

/// What a sale realizes from one lot.
public struct RealizedLot: Hashable, Sendable, Codable {
  /// When the lot was acquired.
  public let acquired: Timestamp

  /// When it was sold.
  public let disposed: Timestamp

  /// The quantity that was sold out of the lot.
  public let quantity: Amount

  /// The cost of that quantity, in cash, fees of the purchase included.
  public let costBasis: Amount

  /// Its part of the proceeds, in cash, fees of the sale deducted; below zero when fees exceed the
  /// value.
  public let proceeds: Amount

  /// Proceeds less cost, in cash: a loss is negative.
  public let gain: Amount

  init(
    acquired: Timestamp,
    disposed: Timestamp,
    quantity: Amount,
    costBasis: Amount,
    proceeds: Amount,
    asset: AssetID
  ) throws(EngineError) {
    self.acquired = acquired
    self.disposed = disposed
    self.quantity = quantity
    self.costBasis = costBasis
    self.proceeds = proceeds
    gain = try difference(proceeds, costBasis, asset)
  }

  /// Whether the lot was held longer than a number of days.
  ///
  /// - Parameter days: The holding period in days of 24 hours: not negative.
  /// - Returns: True when more time passed than that; exactly that is short.
  public func isHeldLonger(thanDays days: Int) -> Bool {
    // Where the end of the period is beyond the last timestamp, no sale is after it.
    guard let end = try? acquired.advanced(byDays: days) else { return days < 0 }
    return disposed > end
  }
}

/// What a sale realizes.
public struct Disposal: Hashable, Sendable, Codable {
  /// The asset.
  public let asset: AssetID

  /// The order in which lots were taken.
  public let method: DisposalMethod

  /// What each lot gave, in the order in which they were taken.
  public let lots: [RealizedLot]

  /// The quantity sold.
  public let quantity: Amount

  /// The proceeds of all lots, in cash, fees deducted.
  public let proceeds: Amount

  /// The cost of all lots, in cash.
  public let costBasis: Amount

  /// Proceeds less cost, in cash: the sum of the lots' gains.
  public let gain: Amount

  init(
    asset: AssetID,
    method: DisposalMethod,
    lots: [RealizedLot],
    quantity: Amount,
    proceeds: Amount
  ) throws(EngineError) {
    self.asset = asset
    self.method = method
    self.lots = lots
    self.quantity = quantity
    self.proceeds = proceeds
    var cost = try difference(proceeds, proceeds, asset)
    for lot in lots {
      cost = try sum(cost, lot.costBasis, asset)
    }
    costBasis = cost
    gain = try difference(proceeds, cost, asset)
  }

  /// The gain of the lots held up to a number of days, and of those held longer, in cash.
  ///
  /// - Parameter days: The holding period in days of 24 hours: not negative.
  /// - Returns: Two gains that add to ``gain``.
  /// - Throws: `EngineError.amountOverflow`.
  public func gains(
    splitAtDays days: Int
  ) throws(EngineError) -> (shortTerm: Amount, longTerm: Amount) {
    let zero = try difference(gain, gain, asset)
    var (shortTerm, longTerm) = (zero, zero)
    for lot in lots {
      if lot.isHeldLonger(thanDays: days) {
        longTerm = try sum(longTerm, lot.gain, asset)
      } else {
        shortTerm = try sum(shortTerm, lot.gain, asset)
      }
    }
    return (shortTerm, longTerm)
  }
}

/// What gains are taxed with, as the caller's own law says.
public struct TaxRates: Hashable, Sendable, Codable {
  /// The rate on gains of lots held up to ``holdingDays``, as a fraction.
  public let shortTerm: Double

  /// The rate on gains of lots held longer, as a fraction.
  public let longTerm: Double

  /// The holding period in days of 24 hours; a lot is long-term when it was held longer.
  public let holdingDays: Int

  /// Whether a loss is worth its rate, because it lessens the tax on other gains.
  public let creditsLosses: Bool

  /// Creates rates.
  ///
  /// - Parameters:
  ///   - shortTerm: The rate on short-term gains, 0 to 1.
  ///   - longTerm: The rate on long-term gains, 0 to 1.
  ///   - holdingDays: The holding period in days, 0 to 100 000.
  ///   - creditsLosses: Whether a loss is worth its rate. Otherwise a loss costs nothing and brings
  ///     nothing.
  /// - Throws: `EngineError.invalidValue`.
  public init(
    shortTerm: Double,
    longTerm: Double,
    holdingDays: Int,
    creditsLosses: Bool
  ) throws(EngineError) {
    try requireFraction(shortTerm, "shortTerm", highest: 1)
    try requireFraction(longTerm, "longTerm", highest: 1)
    try requireNumber(Double(holdingDays), "holdingDays", 0...Self.mostDays)
    self.shortTerm = shortTerm
    self.longTerm = longTerm
    self.holdingDays = holdingDays
    self.creditsLosses = creditsLosses
  }

  /// Decodes rates and checks them.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      shortTerm: container.decode(Double.self, forKey: .shortTerm),
      longTerm: container.decode(Double.self, forKey: .longTerm),
      holdingDays: container.decode(Int.self, forKey: .holdingDays),
      creditsLosses: container.decode(Bool.self, forKey: .creditsLosses))
  }

  private enum CodingKeys: String, CodingKey {
    case shortTerm, longTerm, holdingDays, creditsLosses
  }

  private static let mostDays = 100_000.0

  /// The tax on what a sale realizes, in cash.
  ///
  /// ```text
  /// tax = up(shortTerm · short gain) + up(longTerm · long gain)
  /// ```
  ///
  /// Gains and losses of one term are netted; those of different terms are not. Each product is
  /// rounded up to a base unit of cash.
  ///
  /// - Parameter disposal: The sale.
  /// - Returns: The tax; negative for a loss that is credited.
  /// - Throws: `EngineError.amountOverflow`.
  public func tax(on disposal: Disposal) throws(EngineError) -> Amount {
    let gains = try disposal.gains(splitAtDays: holdingDays)
    do throws(DataError) {
      let short = try tax(gains.shortTerm, shortTerm)
      let long = try tax(gains.longTerm, longTerm)
      return try short.adding(long)
    } catch {
      throw EngineError(error, asset: disposal.asset)
    }
  }

  private func tax(_ gain: Amount, _ rate: Double) throws(DataError) -> Amount {
    try gain.multiplied(by: gain.isNegative && !creditsLosses ? 0 : rate, rounding: .up)
  }
}

extension TaxLots {
  /// The tax that a planned sale would cost, in cash; nothing is sold.
  ///
  /// - Parameters:
  ///   - quantity: The quantity: positive, with the asset's decimals.
  ///   - price: The price that is received after fees, in cash per unit: not negative. The value is
  ///     rounded down to a base unit of cash.
  ///   - time: When; not before the acquisition of a lot that is held.
  ///   - method: The order in which lots are taken.
  ///   - rates: What gains are taxed with.
  /// - Returns: The tax; negative for a loss that is credited.
  /// - Throws: `EngineError.invalidValue` for the price, and as `previewSale`.
  /// - Complexity: O(lots), O(lots log lots) by highest cost.
  public func taxCost(
    ofSelling quantity: Amount,
    at price: Double,
    on time: Timestamp,
    method: DisposalMethod,
    rates: TaxRates
  ) throws(EngineError) -> Amount {
    try requireNumber(price, "price", .nonnegative)
    let value: Amount
    let fee: Amount
    do throws(DataError) {
      value = try quantity.cashValue(price: price, decimals: cashDecimals, rounding: .down)
      fee = try Amount(zeroWithDecimals: cashDecimals)
    } catch {
      throw EngineError(error, asset: asset)
    }
    return try rates.tax(
      on: previewSale(quantity: quantity, value: value, fee: fee, at: time, method: method))
  }
}

private func sum(_ left: Amount, _ right: Amount, _ asset: AssetID) throws(EngineError) -> Amount {
  do throws(DataError) {
    return try left.adding(right)
  } catch {
    throw EngineError(error, asset: asset)
  }
}

private func difference(
  _ left: Amount,
  _ right: Amount,
  _ asset: AssetID
) throws(EngineError) -> Amount {
  do throws(DataError) {
    return try left.subtracting(right)
  } catch {
    throw EngineError(error, asset: asset)
  }
}

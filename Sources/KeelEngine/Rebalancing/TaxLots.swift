public import KeelData

// Goals in order: exact (no base unit of an asset or of cash appears or is lost), one stated rounding, speed.
//
// A sale takes lots in an order. Of the last one it may take a part, whose cost is
//
//   floor(cost · sold / quantity)
//
// in 256-bit integers; the rest of the cost stays with what is kept. The proceeds of a sale are split by the cumulative
// rule floor(proceeds · sold so far / sold in all), whose differences add to the proceeds.

/// What one purchase of an asset left: a quantity, its cost and its time.
public struct TaxLot: Hashable, Sendable, Codable {
  /// When it was acquired.
  public let acquired: Timestamp

  /// The quantity that is left: positive.
  public let quantity: Amount

  /// What that quantity cost, in cash, fees included.
  public let costBasis: Amount
}

/// The order in which a sale takes lots.
public enum DisposalMethod: String, Hashable, Sendable, Codable, CaseIterable {
  /// The earliest first.
  case fifo

  /// The latest first.
  case lifo

  /// The largest cost per unit first; of equal ones the earliest.
  case highestCost
}

/// The purchases of one asset that are not sold yet, with their exact costs.
///
/// ```swift
/// var lots = try TaxLots(asset: "BTC", decimals: 8, cashDecimals: 2)
/// try lots.acquire(quantity: bought, value: paid, fee: fee, at: january)
/// let sale = try lots.sell(quantity: sold, value: received, fee: fee, at: june, method: .fifo)
/// print(sale.gain)
/// ```
///
/// A part of a lot carries its share of the cost rounded down to a base unit of cash; the rest of
/// the cost stays with the rest of the lot. A partial sale's gain is thus never understated, by
/// less than one base unit, and quantities and costs of the parts add to those of the whole.
public struct TaxLots: Hashable, Sendable, Codable {
  /// The asset.
  public let asset: AssetID

  /// The decimals of quantities.
  public let decimals: Int

  /// The decimals of costs and proceeds.
  public let cashDecimals: Int

  /// The lots by time of acquisition; those of one time in the order in which they came.
  public private(set) var lots: [TaxLot] = []

  /// The quantity of all lots.
  public private(set) var totalQuantity: Amount

  /// The cost of all lots, in cash.
  public private(set) var totalCostBasis: Amount

  /// Creates an empty list.
  ///
  /// - Parameters:
  ///   - asset: The asset.
  ///   - decimals: The decimals of quantities, 0 to 38.
  ///   - cashDecimals: The decimals of costs and proceeds, 0 to 38.
  /// - Throws: `EngineError.invalidValue` for decimals out of range.
  public init(asset: AssetID, decimals: Int, cashDecimals: Int) throws(EngineError) {
    let largest = Double(Amount.maximumDecimals)
    try requireNumber(Double(decimals), "decimals", 0...largest)
    try requireNumber(Double(cashDecimals), "cashDecimals", 0...largest)
    self.asset = asset
    self.decimals = decimals
    self.cashDecimals = cashDecimals
    totalQuantity = try exact(0, decimals, of: asset)
    totalCostBasis = try exact(0, cashDecimals, of: asset)
  }

  /// Decodes a list and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      asset: container.decode(AssetID.self, forKey: .asset),
      decimals: container.decode(Int.self, forKey: .decimals),
      cashDecimals: container.decode(Int.self, forKey: .cashDecimals))
    let noFee = try Amount(zeroWithDecimals: cashDecimals)
    for lot in try container.decode([TaxLot].self, forKey: .lots) {
      try acquire(quantity: lot.quantity, value: lot.costBasis, fee: noFee, at: lot.acquired)
    }
  }

  private enum CodingKeys: String, CodingKey { case asset, decimals, cashDecimals, lots }

  /// Adds a purchase.
  ///
  /// - Parameters:
  ///   - quantity: The quantity: positive, with the asset's decimals.
  ///   - value: What was paid for it, in cash with the cash's decimals: not negative.
  ///   - fee: The fees, in cash: not negative. They belong to the cost.
  ///   - time: When. Purchases may come in any order.
  /// - Throws: `EngineError.negativeAmount`, also for a quantity of zero; `.differentDecimals`;
  ///   `.amountOverflow` when a total would not fit. The lots are then unchanged.
  /// - Complexity: O(lots).
  public mutating func acquire(
    quantity: Amount,
    value: Amount,
    fee: Amount,
    at time: Timestamp
  ) throws(EngineError) {
    try requireQuantity(quantity)
    try requireCash(value, "value")
    try requireCash(fee, "fee")
    do throws(DataError) {
      let cost = try value.adding(fee)
      // The totals stay representable, so that no sum of parts can overflow.
      let totals = (try totalQuantity.adding(quantity), try totalCostBasis.adding(cost))
      (totalQuantity, totalCostBasis) = totals
      let place = lots.lastIndex { $0.acquired <= time }.map { $0 + 1 } ?? 0
      lots.insert(TaxLot(acquired: time, quantity: quantity, costBasis: cost), at: place)
    } catch {
      throw EngineError(error, asset: asset)
    }
  }

  /// Sells a quantity: takes it out of the lots and says what each realizes.
  ///
  /// - Parameters:
  ///   - quantity: The quantity: positive, with the asset's decimals.
  ///   - value: What was received for it before fees, in cash: not negative.
  ///   - fee: The fees, in cash: not negative. They lessen the proceeds.
  ///   - time: When; not before the acquisition of a lot that is held.
  ///   - method: The order in which lots are taken.
  /// - Returns: What was realized, lot after lot.
  /// - Throws: `EngineError.holdingsTooSmall`, `.negativeAmount`, also for a quantity of zero;
  ///   `.differentDecimals`; `.invalidValue` for a sale before an acquisition; `.amountOverflow`.
  ///   The lots are then unchanged.
  /// - Complexity: O(lots), O(lots log lots) by highest cost.
  @discardableResult
  public mutating func sell(
    quantity: Amount,
    value: Amount,
    fee: Amount,
    at time: Timestamp,
    method: DisposalMethod
  ) throws(EngineError) -> Disposal {
    let (disposal, kept) = try disposal(
      of: quantity, value: value, fee: fee, at: time, method: method)
    do throws(DataError) {
      let totals = (
        try totalQuantity.subtracting(disposal.quantity),
        try totalCostBasis.subtracting(disposal.costBasis)
      )
      (totalQuantity, totalCostBasis) = totals
    } catch {
      throw EngineError(error, asset: asset)
    }
    lots = kept
    return disposal
  }

  /// What a sale would realize; nothing is sold.
  ///
  /// - Parameters:
  ///   - quantity: The quantity: positive, with the asset's decimals.
  ///   - value: What would be received before fees, in cash: not negative.
  ///   - fee: The fees, in cash: not negative.
  ///   - time: When; not before the acquisition of a lot that is held.
  ///   - method: The order in which lots are taken.
  /// - Returns: What would be realized.
  /// - Throws: As `sell`.
  public func previewSale(
    quantity: Amount,
    value: Amount,
    fee: Amount,
    at time: Timestamp,
    method: DisposalMethod
  ) throws(EngineError) -> Disposal {
    try disposal(of: quantity, value: value, fee: fee, at: time, method: method).0
  }
}

// MARK: - Selling

extension TaxLots {
  private func disposal(
    of quantity: Amount,
    value: Amount,
    fee: Amount,
    at time: Timestamp,
    method: DisposalMethod
  ) throws(EngineError) -> (Disposal, kept: [TaxLot]) {
    try requireQuantity(quantity)
    try requireCash(value, "value")
    try requireCash(fee, "fee")
    guard quantity <= totalQuantity else {
      throw .holdingsTooSmall(asset: asset, held: totalQuantity, needed: quantity)
    }
    if let last = lots.last?.acquired, last > time {
      throw .invalidValue(
        argument: "seconds since the last acquisition", asset: asset,
        got: time.seconds(since: last), lowest: 0, highest: .greatestFiniteMagnitude)
    }
    let proceeds = value.baseUnits - fee.baseUnits
    var kept = lots
    var realized: [RealizedLot] = []
    var (sold, spent): (Int128, Int128) = (0, 0)
    for index in order(method) where sold < quantity.baseUnits {
      let lot = lots[index]
      let part = min(lot.quantity.baseUnits, quantity.baseUnits - sold)
      sold += part
      let cost = share(part, of: lot.quantity.baseUnits, in: lot.costBasis.baseUnits)
      let received = share(sold, of: quantity.baseUnits, in: proceeds) - spent
      spent += received
      realized.append(
        try RealizedLot(
          acquired: lot.acquired, disposed: time,
          quantity: exact(part, decimals, of: asset),
          costBasis: exact(cost, cashDecimals, of: asset),
          proceeds: exact(received, cashDecimals, of: asset), asset: asset))
      kept[index] = TaxLot(
        acquired: lot.acquired,
        quantity: try exact(lot.quantity.baseUnits - part, decimals, of: asset),
        costBasis: try exact(lot.costBasis.baseUnits - cost, cashDecimals, of: asset))
    }
    kept.removeAll { $0.quantity.isZero }
    let disposal = try Disposal(
      asset: asset, method: method, lots: realized, quantity: quantity,
      proceeds: exact(proceeds, cashDecimals, of: asset))
    return (disposal, kept)
  }

  /// The positions of the lots in the order in which a sale takes them.
  private func order(_ method: DisposalMethod) -> [Int] {
    switch method {
    case .fifo: Array(lots.indices)
    case .lifo: lots.indices.reversed()
    case .highestCost:
      lots.indices.sorted { left, right in
        let (a, b) = (lots[left], lots[right])
        let first = a.costBasis.baseUnits.magnitude.multipliedFullWidth(
          by: b.quantity.baseUnits.magnitude)
        let second = b.costBasis.baseUnits.magnitude.multipliedFullWidth(
          by: a.quantity.baseUnits.magnitude)
        if first == second { return left < right }
        return first.high != second.high ? first.high > second.high : first.low > second.low
      }
    }
  }

  /// `total · part / whole` toward zero; the part is at most the whole.
  private func share(_ part: Int128, of whole: Int128, in total: Int128) -> Int128 {
    guard part < whole else { return total }
    let product = total.magnitude.multipliedFullWidth(by: part.magnitude)
    let quotient = Int128(whole.magnitude.dividingFullWidth(product).quotient)
    return total < 0 ? -quotient : quotient
  }

  private func requireQuantity(_ quantity: Amount) throws(EngineError) {
    guard quantity.decimals == decimals else {
      throw .differentDecimals(
        argument: "quantity", asset: asset, got: quantity.decimals, required: decimals)
    }
    guard quantity.baseUnits > 0 else {
      throw .negativeAmount(argument: "quantity", asset: asset, got: quantity)
    }
  }

  private func requireCash(_ cash: Amount, _ argument: String) throws(EngineError) {
    guard cash.decimals == cashDecimals else {
      throw .differentDecimals(
        argument: argument, asset: asset, got: cash.decimals, required: cashDecimals)
    }
    guard !cash.isNegative else {
      throw .negativeAmount(argument: argument, asset: asset, got: cash)
    }
  }
}

/// An amount whose decimals are known to be in range.
private func exact(
  _ units: Int128,
  _ decimals: Int,
  of asset: AssetID
) throws(EngineError) -> Amount {
  do throws(DataError) {
    return try Amount(baseUnits: units, decimals: decimals)
  } catch {
    throw EngineError(error, asset: asset)
  }
}

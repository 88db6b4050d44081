/// A position in one futures contract: how many, and at which average price they were entered.
public struct FuturesPosition: Hashable, Sendable, Codable {
  /// The contract.
  public let contract: FuturesContract

  /// The number of contracts, negative when short.
  public let quantity: Double

  /// The price from which profit counts, in cash.
  public let entryPrice: Double

  /// Creates a position.
  ///
  /// - Parameters:
  ///   - contract: The contract.
  ///   - quantity: The number of contracts, negative when short: finite.
  ///   - entryPrice: The price at which it was entered, in cash: positive and finite.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    contract: FuturesContract,
    quantity: Double,
    entryPrice: Double
  ) throws(DerivativesError) {
    try requireFinite(quantity, "quantity")
    try requirePositive(entryPrice, "entryPrice")
    self.contract = contract
    self.quantity = quantity
    self.entryPrice = entryPrice
  }

  /// Reads a position; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `contract`, `quantity` and `entryPrice`.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let contract = try container.decode(FuturesContract.self, forKey: .contract)
    let quantity = try container.decode(Double.self, forKey: .quantity)
    let entryPrice = try container.decode(Double.self, forKey: .entryPrice)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try FuturesPosition(contract: contract, quantity: quantity, entryPrice: entryPrice)
    }
  }

  /// The unrealized profit, in the currency of settlement.
  ///
  /// - Parameter price: The price of the contract, in cash: positive and finite.
  /// - Returns: The profit, or NaN when the price is outside its domain.
  public func profit(at price: Double) -> Double {
    contract.profit(quantity: quantity, entry: entryPrice, exit: price)
  }

  /// The position after a trade in the same contract, and the profit that the trade realizes.
  ///
  /// Contracts that are added move the entry to the average at which the profit of the whole equals
  /// that of its parts: the arithmetic mean of prices, for an inverse contract the harmonic mean.
  /// Contracts that are closed realize their profit and leave the entry as it is; what goes beyond
  /// flat is a new position at the price of the trade.
  ///
  /// - Parameters:
  ///   - traded: The number of contracts bought, negative when sold: finite.
  ///   - price: The price of the trade, in cash: positive and finite.
  /// - Returns: The new position, and the realized profit in the currency of settlement.
  /// - Throws: `DerivativesError.invalidValue`.
  /// - Complexity: O(1).
  public func trading(
    _ traded: Double,
    at price: Double
  ) throws(DerivativesError) -> (position: FuturesPosition, realizedProfit: Double) {
    try requireFinite(traded, "traded")
    try requirePositive(price, "price")
    let after = quantity + traded
    if (quantity > 0 && traded < 0) || (quantity < 0 && traded > 0) {
      let closesAll = traded.magnitude >= quantity.magnitude
      let closed = closesAll ? quantity : -traded
      let realized = contract.profit(quantity: closed, entry: entryPrice, exit: price)
      let entry = closesAll ? price : entryPrice
      return (
        try FuturesPosition(contract: contract, quantity: after, entryPrice: entry), realized
      )
    }
    return (
      try FuturesPosition(
        contract: contract, quantity: after,
        entryPrice: averageEntry(adding: traded, at: price)), 0
    )
  }

  /// The entry after contracts of the same sign are added.
  private func averageEntry(adding traded: Double, at price: Double) -> Double {
    guard quantity != 0 else { return price }
    let share = traded / (quantity + traded)
    return contract.settlement == .inverse
      ? entryPrice / (1 + share * ((entryPrice - price) / price))
      : entryPrice + share * (price - entryPrice)
  }
}

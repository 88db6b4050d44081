public import KeelData

/// An order in a listed instrument other than an asset itself.
public struct ContractOrder: Hashable, Sendable, Codable {
  /// The listing's name.
  public let id: AssetID

  /// What to buy, negative to sell: units, contracts, liquidity.
  public let quantity: Amount

  /// The cost that was counted for it, in cash.
  public let cost: Double

  /// Creates an order.
  ///
  /// - Parameters:
  ///   - id: The listing's name.
  ///   - quantity: What to buy, negative to sell.
  ///   - cost: The cost that was counted for it, in cash.
  public init(_ id: AssetID, quantity: Amount, cost: Double) {
    self.id = id
    self.quantity = quantity
    self.cost = cost
  }
}

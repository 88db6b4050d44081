import KeelNumerics

/// A loan against collateral: how far it is from liquidation.
///
/// ```text
/// health factor = Σ amount × price × liquidation threshold / debt
/// ```
///
/// A loan is liquidated when its health factor falls below one. All values are in one cash. Source: Aave,
/// "Protocol Whitepaper" (2020).
public struct CollateralizedLoan: Hashable, Sendable, Codable {
  /// One asset of the collateral, or of the debt.
  public struct Line: Hashable, Sendable, Codable {
    /// The units.
    public var amount: Double

    /// The price in cash.
    public var price: Double

    /// The share of the value that counts against the debt; ignored for debts.
    public var liquidationThreshold: Double

    /// Creates a line.
    ///
    /// - Parameters:
    ///   - amount: The units: finite, not negative.
    ///   - price: The price in cash: finite, not negative.
    ///   - liquidationThreshold: The share of the value that counts against the debt, 0 to 1.
    public init(amount: Double, price: Double, liquidationThreshold: Double = 1) {
      self.amount = amount
      self.price = price
      self.liquidationThreshold = liquidationThreshold
    }

    var value: Double { amount * price }
  }

  /// What is pledged.
  public let collateral: [Line]

  /// What is owed.
  public let debts: [Line]

  /// Creates a loan.
  ///
  /// - Parameters:
  ///   - collateral: What is pledged.
  ///   - debts: What is owed.
  /// - Throws: `MarketsError.invalidValue`.
  public init(collateral: [Line], debts: [Line]) throws(MarketsError) {
    for (lines, name) in [(collateral, "collateral"), (debts, "debt")] {
      for (place, line) in lines.enumerated() {
        try require(line.amount, "amount of \(name)", in: .nonnegative, place: place)
        try require(line.price, "price of \(name)", in: .nonnegative, place: place)
        try require(
          line.liquidationThreshold, "liquidationThreshold of \(name)", in: 0...1, place: place)
      }
    }
    self.collateral = collateral
    self.debts = debts
  }

  /// Decodes a loan and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      collateral: container.decode([Line].self, forKey: .collateral),
      debts: container.decode([Line].self, forKey: .debts))
  }

  private enum CodingKeys: String, CodingKey { case collateral, debts }

  /// The value of the debts, in cash.
  public var debtValue: Double { debts.reduce(0) { $0 + $1.value } }

  /// The value of the collateral, in cash.
  public var collateralValue: Double { collateral.reduce(0) { $0 + $1.value } }

  /// The part of the collateral that counts against the debt, in cash.
  public var borrowingPower: Double {
    collateral.reduce(0) { $0 + $1.value * $1.liquidationThreshold }
  }

  /// Counted collateral over debt, infinite without debt; below one the loan is liquidated.
  public var healthFactor: Double {
    debtValue == 0 ? .infinity : borrowingPower / debtValue
  }

  /// The price of one asset of the collateral at which the loan is liquidated, all others held.
  ///
  /// - Parameter place: The place of the asset in ``collateral``.
  /// - Returns: The price; nil where no price of that asset liquidates the loan, or none saves it.
  public func liquidationPrice(ofCollateral place: Int) -> Double? {
    guard collateral.indices.contains(place) else { return nil }
    let line = collateral[place]
    let perPrice = line.amount * line.liquidationThreshold
    let others = collateral.indices.reduce(0) {
      $1 == place ? $0 : $0 + collateral[$1].value * collateral[$1].liquidationThreshold
    }
    let missing = debtValue - others
    guard missing > 0, perPrice > 0 else { return nil }
    return missing / perPrice
  }

  /// The price of one debt at which the loan is liquidated, all others held.
  ///
  /// - Parameter place: The place of the asset in ``debts``.
  /// - Returns: The price; nil where nothing is owed of it, or the other debts liquidate the loan alone.
  public func liquidationPrice(ofDebt place: Int) -> Double? {
    guard debts.indices.contains(place), debts[place].amount > 0 else { return nil }
    let others = debts.indices.reduce(0) { $1 == place ? $0 : $0 + debts[$1].value }
    let left = borrowingPower - others
    return left > 0 ? left / debts[place].amount : nil
  }

  /// The cash that must be repaid to bring the health factor to a target.
  ///
  /// - Parameter target: The health factor wanted: positive, finite.
  /// - Returns: The cash, zero when the factor is there already.
  /// - Throws: `MarketsError.invalidValue`.
  public func repayment(toReach target: Double) throws(MarketsError) -> Double {
    try require(target, "target", in: .positive)
    return max(0, debtValue - borrowingPower / target)
  }
}

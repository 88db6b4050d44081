public import KeelDerivatives
import KeelNumerics

/// Positions in one currency of settlement that back each other with one balance.
public struct CrossMarginAccount: Hashable, Sendable, Codable {
  /// One position, its mark and its venue's maintenance margin.
  public struct Line: Hashable, Sendable, Codable {
    /// The position.
    public var position: FuturesPosition

    /// The mark price, in cash.
    public var markPrice: Double

    /// The maintenance margin.
    public var tiers: MaintenanceTiers

    /// Creates a line.
    ///
    /// - Parameters:
    ///   - position: The position.
    ///   - markPrice: The mark price, in cash: positive, finite.
    ///   - tiers: The maintenance margin.
    public init(position: FuturesPosition, markPrice: Double, tiers: MaintenanceTiers) {
      self.position = position
      self.markPrice = markPrice
      self.tiers = tiers
    }

    /// The position with margin of its own.
    fileprivate func isolated(margin: Double) throws(MarketsError) -> MarginedPosition {
      try MarginedPosition(position: position, margin: margin, tiers: tiers)
    }
  }

  /// The balance without unrealized profit, in the currency of settlement.
  public let balance: Double

  /// The positions.
  public let lines: [Line]

  /// Creates an account.
  ///
  /// - Parameters:
  ///   - balance: The balance without unrealized profit: finite.
  ///   - lines: The positions, all settled in the currency of the balance.
  /// - Throws: `MarketsError.invalidValue`.
  public init(balance: Double, lines: [Line]) throws(MarketsError) {
    try require(balance, "balance", in: .finite)
    for (place, line) in lines.enumerated() {
      try require(line.markPrice, "markPrice", in: .positive, place: place)
    }
    self.balance = balance
    self.lines = lines
  }

  /// Decodes an account and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      balance: container.decode(Double.self, forKey: .balance),
      lines: container.decode([Line].self, forKey: .lines))
  }

  private enum CodingKeys: String, CodingKey { case balance, lines }

  /// Balance plus all unrealized profit.
  public var equity: Double {
    lines.reduce(balance) { $0 + $1.position.profit(at: $1.markPrice) }
  }

  /// The maintenance margin of all positions.
  public var maintenance: Double { lines.reduce(0) { $0 + Self.maintenance($1) } }

  /// Equity over maintenance margin; below one positions are liquidated.
  public var marginRatio: Double {
    maintenance == 0 ? (equity >= 0 ? .infinity : -.infinity) : equity / maintenance
  }

  /// The price of one position at which the account is liquidated, all other marks held.
  ///
  /// - Parameter place: The place of the position in ``lines``.
  /// - Returns: The price; nil where no positive price does it.
  /// - Throws: `MarketsError.invalidValue` for an unknown place, or an equity that is not finite.
  public func liquidationPrice(of place: Int) throws(MarketsError) -> Double? {
    try require(Double(place), "place", in: 0...Double(max(lines.count - 1, 0)))
    guard lines.indices.contains(place) else { return nil }
    let others = lines.indices.reduce(balance) { sum, i in
      i == place
        ? sum
        : sum + lines[i].position.profit(at: lines[i].markPrice) - Self.maintenance(lines[i])
    }
    return try lines[place].isolated(margin: others).liquidationPrice
  }

  private static func maintenance(_ line: Line) -> Double {
    let notional = line.position.contract.notional(
      quantity: line.position.quantity, price: line.markPrice)
    return line.tiers.margin(ofNotional: notional.magnitude)
  }
}

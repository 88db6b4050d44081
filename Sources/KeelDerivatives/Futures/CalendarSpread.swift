import KeelNumerics

/// A calendar spread: long the far future, short the near one, in equal numbers of contracts.
public struct CalendarSpread: Hashable, Sendable, Codable {
  /// The future that expires first.
  public let near: FuturesTermStructure.Point

  /// The future that expires later.
  public let far: FuturesTermStructure.Point

  /// Creates a spread.
  ///
  /// - Parameters:
  ///   - near: The nearer future: time not negative, price positive.
  ///   - far: The farther future: time after the nearer one's, price positive.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    near: FuturesTermStructure.Point,
    far: FuturesTermStructure.Point
  ) throws(DerivativesError) {
    for (argument, time, lowest) in [
      ("near.timeToExpiry", near.timeToExpiry, 0),
      ("far.timeToExpiry", far.timeToExpiry, near.timeToExpiry.nextUp),
    ] {
      guard time >= lowest, time.isFinite else {
        throw .invalidValue(
          argument: argument, got: time, lowest: lowest, highest: .greatestFiniteMagnitude)
      }
    }
    try requirePositive(near.price, "near.price")
    try requirePositive(far.price, "far.price")
    self.near = near
    self.far = far
  }

  /// Reads a spread; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `near` and `far`.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let near = try container.decode(FuturesTermStructure.Point.self, forKey: .near)
    let far = try container.decode(FuturesTermStructure.Point.self, forKey: .far)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try CalendarSpread(near: near, far: far)
    }
  }

  /// The price of the spread in cash: far less near.
  public var price: Double { far.price - near.price }

  /// The carry between the expiries, continuously compounded per year.
  public var continuousCarryPerYear: Double {
    logRatio(far.price, near.price).high / (far.timeToExpiry - near.timeToExpiry)
  }

  /// The carry between the expiries as a simple rate per year: `(F₂/F₁ − 1) / (T₂ − T₁)`.
  public var simpleCarryPerYear: Double {
    price / near.price / (far.timeToExpiry - near.timeToExpiry)
  }

  /// What the holder of the far future earns per year while it ages into the near one, continuously
  /// compounded, when the curve over the coin does not move: minus the carry between the expiries.
  public var rollYieldPerYear: Double { -continuousCarryPerYear }

  /// The profit of a spread between two times, in the currency of settlement.
  ///
  /// - Parameters:
  ///   - contract: The contract of both futures.
  ///   - quantity: The number of spreads, negative when short the far future: finite.
  ///   - entry: The spread when it was bought.
  ///   - exit: The spread when it is sold or valued.
  /// - Returns: The profit of the far leg less that of the near leg, or NaN when the quantity is
  ///   not finite.
  public static func profit(
    contract: FuturesContract,
    quantity: Double,
    entry: CalendarSpread,
    exit: CalendarSpread
  ) -> Double {
    contract.profit(quantity: quantity, entry: entry.far.price, exit: exit.far.price)
      - contract.profit(quantity: quantity, entry: entry.near.price, exit: exit.near.price)
  }
}

extension FuturesTermStructure {
  /// The calendar spread between two times on the curve.
  ///
  /// - Parameters:
  ///   - near: The nearer time in years: finite, not negative.
  ///   - far: The farther time in years: finite, after the nearer one.
  /// - Returns: The spread of the forwards at the two times.
  /// - Throws: `DerivativesError.invalidValue`.
  public func calendarSpread(near: Double, far: Double) throws(DerivativesError) -> CalendarSpread {
    try CalendarSpread(
      near: Point(timeToExpiry: near, price: forward(timeToExpiry: near)),
      far: Point(timeToExpiry: far, price: forward(timeToExpiry: far)))
  }
}

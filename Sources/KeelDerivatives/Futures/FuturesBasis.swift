import KeelNumerics

// Basis and carry of one dated future. The logarithm of the ratio of two prices is taken to more
// than double precision, so that a basis of one part in 1e9 keeps its digits.

/// The basis of a dated future over spot, and the carry that it implies.
public struct FuturesBasis: Hashable, Sendable, Codable {
  /// The spot price, in cash.
  public let spot: Double

  /// The price of the future, in cash.
  public let price: Double

  /// The time to expiry in years (ACT/365 fixed).
  public let timeToExpiry: Double

  /// Creates a basis.
  ///
  /// - Parameters:
  ///   - spot: The spot price, in cash: positive and finite.
  ///   - price: The price of the future, in cash: positive and finite.
  ///   - timeToExpiry: The time to expiry in years (ACT/365 fixed): positive and finite.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(spot: Double, price: Double, timeToExpiry: Double) throws(DerivativesError) {
    try requirePositive(spot, "spot")
    try requirePositive(price, "price")
    try requirePositive(timeToExpiry, "timeToExpiry")
    self.spot = spot
    self.price = price
    self.timeToExpiry = timeToExpiry
  }

  /// Reads a basis; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `spot`, `price` and `timeToExpiry`.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let spot = try container.decode(Double.self, forKey: .spot)
    let price = try container.decode(Double.self, forKey: .price)
    let time = try container.decode(Double.self, forKey: .timeToExpiry)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try FuturesBasis(spot: spot, price: price, timeToExpiry: time)
    }
  }

  /// The price of a future without arbitrage, `S exp((r − y) T)`.
  ///
  /// Relative error: at most 2 ulp for exponents up to 700 (tested).
  ///
  /// - Parameters:
  ///   - spot: The spot price, in cash: finite, not negative.
  ///   - rate: The interest rate, continuously compounded per year: finite, of any sign.
  ///   - carryYield: The yield of holding the coin, continuously compounded per year.
  ///   - timeToExpiry: The time to expiry in years: finite, not negative.
  /// - Returns: The price in cash, or NaN when an argument is outside its domain.
  /// - Complexity: O(1).
  public static func fairPrice(
    spot: Double,
    rate: Double,
    carryYield: Double,
    timeToExpiry: Double
  ) -> Double {
    guard rate.isFinite, carryYield.isFinite else { return .nan }
    return BlackScholes(spot: spot, volatility: 0, rate: rate, carryYield: carryYield)
      .forward(timeToExpiry: timeToExpiry)
  }

  /// The basis in cash, `F − S`.
  public var absolute: Double { price - spot }

  /// The basis as a fraction of spot, `F/S − 1`.
  public var relative: Double { (price - spot) / spot }

  /// The carry `r − y`, continuously compounded per year: `ln(F/S) / T`.
  public var continuousCarryPerYear: Double { logRatio(price, spot).high / timeToExpiry }

  /// The carry as a simple rate per year: `(F/S − 1) / T`.
  public var simpleCarryPerYear: Double { relative / timeToExpiry }

  /// The yield of holding the coin that the future implies, for ``BlackScholes/carryYield``.
  ///
  /// - Parameter rate: The interest rate, continuously compounded per year.
  /// - Returns: `r − ln(F/S) / T`, continuously compounded per year.
  public func carryYield(rate: Double) -> Double { rate - continuousCarryPerYear }
}

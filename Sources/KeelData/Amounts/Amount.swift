/// An exact amount of an asset: a whole number of base units, with the asset's decimals.
///
/// ```text
/// value = baseUnits · 10^(−decimals)
/// ```
///
/// An order or a balance is an amount, never a `Double`: one bitcoin has 8 decimals, one ether 18,
/// and 128 bits hold ±1.7 · 10³⁸ base units. Equality and order compare the value, so that 1.5 with
/// one decimal equals 1.50 with two. Sums need equal decimals.
public struct Amount: Sendable {
  /// The number of base units.
  public let baseUnits: Int128

  /// The number of decimals, 0 to 38.
  public let decimals: Int

  /// The largest number of decimals: 10³⁸ is the last power of ten that 128 bits hold.
  public static let maximumDecimals = largestDecimals

  /// Creates an amount from base units.
  ///
  /// - Parameters:
  ///   - baseUnits: The number of base units: satoshi for bitcoin, wei for ether.
  ///   - decimals: The number of decimals, 0 to 38.
  /// - Throws: `DataError.invalidValue` for decimals out of range.
  public init(baseUnits: Int128, decimals: Int) throws(DataError) {
    try Self.requireDecimals(decimals)
    self.init(unchecked: baseUnits, decimals: decimals)
  }

  /// Creates an amount of zero.
  ///
  /// - Parameter decimals: The number of decimals, 0 to 38.
  /// - Throws: `DataError.invalidValue` for decimals out of range.
  public init(zeroWithDecimals decimals: Int) throws(DataError) {
    try self.init(baseUnits: 0, decimals: decimals)
  }

  /// Creates an amount from a `Double`, whose exact binary value is rounded.
  ///
  /// The double nearest to 0.1 is a little larger than 0.1; with one decimal, `.up` gives 0.2.
  ///
  /// - Parameters:
  ///   - value: The value in whole units.
  ///   - decimals: The number of decimals, 0 to 38.
  ///   - rounding: The direction of rounding.
  /// - Throws: `DataError.invalidAmount` for NaN, infinities and what does not fit;
  ///   `DataError.invalidValue` for decimals out of range.
  public init(_ value: Double, decimals: Int, rounding: AmountRounding) throws(DataError) {
    try Self.requireDecimals(decimals)
    guard value.isFinite else { throw .invalidAmount(text: "\(value)", reason: .notANumber) }
    // value = significand · 2^exponent, and 10^d = 5^d · 2^d with 5^38 < 2⁸⁹.
    let (significand, exponent) = value.integerSignificand
    let fives = powersOfTen[decimals] >> decimals
    guard
      let units = roundedProduct(
        significand, fives, exponent: exponent + decimals, isNegative: value.sign == .minus,
        rounding)
    else { throw .invalidAmount(text: "\(value)", reason: .overflow) }
    self.init(unchecked: units, decimals: decimals)
  }

  /// Creates an amount from parts that are known to fit.
  init(unchecked baseUnits: Int128, decimals: Int) {
    self.baseUnits = baseUnits
    self.decimals = decimals
  }

  static func requireDecimals(_ decimals: Int) throws(DataError) {
    guard (0...maximumDecimals).contains(decimals) else {
      throw .invalidValue(
        argument: "decimals", asset: nil, row: nil, got: Double(decimals), lowest: 0,
        highest: Double(maximumDecimals))
    }
  }
}

extension Double {
  /// The magnitude as an integer times a power of two.
  var integerSignificand: (significand: UInt128, exponent: Int) {
    let field = UInt128(significandBitPattern)
    let bias = 1 << (Double.exponentBitCount - 1)
    // A biased exponent of zero marks subnormal numbers, which lack the leading one.
    if exponentBitPattern == 0 { return (field, 2 - bias - Double.significandBitCount) }
    return (
      field | 1 << Double.significandBitCount,
      Int(exponentBitPattern) + 1 - bias - Double.significandBitCount
    )
  }
}

// MARK: - Value

extension Amount {
  /// Whether the amount is zero.
  public var isZero: Bool { baseUnits == 0 }

  /// Whether the amount is below zero.
  public var isNegative: Bool { baseUnits < 0 }

  /// The value in whole units, correctly rounded to the nearest `Double`.
  public var doubleValue: Double {
    // Both are exact as doubles, so that one division rounds once.
    if decimals <= exactPowersOfTen.count - 1, let small = Int64(exactly: baseUnits),
      small.magnitude <= 1 << 53
    {
      return Double(small) / exactPowersOfTen[decimals]
    }
    let magnitude = correctlyRoundedQuotient(baseUnits.magnitude, powersOfTen[decimals])
    return isNegative ? -magnitude : magnitude
  }
}

extension Amount: Hashable, Comparable {
  /// The whole units and what is left, in units of 10⁻³⁸; both have the sign of the amount.
  private var parts: (whole: Int128, fraction: Int128) {
    let (whole, rest) = baseUnits.magnitude.quotientAndRemainder(
      dividingBy: powersOfTen[decimals])
    let fraction = rest * powersOfTen[largestDecimals - decimals]
    // Magnitudes of at most 2¹²⁷ wrap to the right sign, the least Int128 included.
    let signedWhole = Int128(truncatingIfNeeded: whole)
    let signedFraction = Int128(truncatingIfNeeded: fraction)
    return isNegative ? (0 &- signedWhole, 0 &- signedFraction) : (signedWhole, signedFraction)
  }

  /// Compares the values, whatever the decimals.
  public static func == (left: Amount, right: Amount) -> Bool {
    left.decimals == right.decimals
      ? left.baseUnits == right.baseUnits : left.parts == right.parts
  }

  /// Orders amounts by value, whatever the decimals.
  public static func < (left: Amount, right: Amount) -> Bool {
    left.decimals == right.decimals
      ? left.baseUnits < right.baseUnits : left.parts < right.parts
  }

  /// Hashes the value.
  ///
  /// - Parameter hasher: The hasher to feed.
  public func hash(into hasher: inout Hasher) {
    let parts = parts
    hasher.combine(parts.whole)
    hasher.combine(parts.fraction)
  }
}

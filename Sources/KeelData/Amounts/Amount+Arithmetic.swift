extension Amount {
  /// The sum of two amounts of the same decimals.
  ///
  /// - Parameter other: The amount to add.
  /// - Returns: The exact sum.
  /// - Throws: `DataError.invalidAmount` for different decimals or overflow.
  public func adding(_ other: Amount) throws(DataError) -> Amount {
    try requireDecimals(of: other)
    let (sum, overflow) = baseUnits.addingReportingOverflow(other.baseUnits)
    guard !overflow else {
      throw .invalidAmount(text: "\(self) + \(other)", reason: .overflow)
    }
    return Amount(unchecked: sum, decimals: decimals)
  }

  /// The difference of two amounts of the same decimals.
  ///
  /// - Parameter other: The amount to subtract.
  /// - Returns: The exact difference.
  /// - Throws: `DataError.invalidAmount` for different decimals or overflow.
  public func subtracting(_ other: Amount) throws(DataError) -> Amount {
    try requireDecimals(of: other)
    let (difference, overflow) = baseUnits.subtractingReportingOverflow(other.baseUnits)
    guard !overflow else {
      throw .invalidAmount(text: "\(self) - \(other)", reason: .overflow)
    }
    return Amount(unchecked: difference, decimals: decimals)
  }

  /// The amount with the other sign.
  ///
  /// - Returns: The exact negation.
  /// - Throws: `DataError.invalidAmount` for −2¹²⁷ base units, whose negation does not fit.
  public func negated() throws(DataError) -> Amount {
    try Amount(unchecked: 0, decimals: decimals).subtracting(self)
  }

  /// The amount times a number, whose exact binary value is used.
  ///
  /// - Parameters:
  ///   - factor: A finite number.
  ///   - rounding: The direction of rounding, the only rounding there is.
  /// - Returns: The product with the same decimals.
  /// - Throws: `DataError.invalidAmount` for a factor that is not finite or a product that does not
  ///   fit.
  public func multiplied(
    by factor: Double,
    rounding: AmountRounding
  ) throws(DataError) -> Amount {
    guard factor.isFinite else { throw .invalidAmount(text: "\(factor)", reason: .notANumber) }
    let (significand, exponent) = factor.integerSignificand
    guard
      let units = roundedProduct(
        baseUnits.magnitude, significand, exponent: exponent,
        isNegative: isNegative != (factor.sign == .minus), rounding)
    else { throw .invalidAmount(text: "\(self) × \(factor)", reason: .overflow) }
    return Amount(unchecked: units, decimals: decimals)
  }

  /// The same amount with other decimals.
  ///
  /// - Parameters:
  ///   - decimals: The new number of decimals, 0 to 38.
  ///   - rounding: The direction of rounding when decimals are lost.
  /// - Returns: The amount; exact when `decimals` does not shrink.
  /// - Throws: `DataError.invalidAmount` for overflow, `DataError.invalidValue` for decimals out of
  ///   range.
  public func rescaled(
    toDecimals decimals: Int,
    rounding: AmountRounding
  ) throws(DataError) -> Amount {
    try Self.requireDecimals(decimals)
    let units: Int128?
    if decimals >= self.decimals {
      let (product, overflow) = baseUnits.magnitude.multipliedReportingOverflow(
        by: powersOfTen[decimals - self.decimals])
      units = overflow ? nil : signed(product, isNegative)
    } else {
      units = roundedQuotient(
        baseUnits.magnitude, powersOfTen[self.decimals - decimals], isNegative: isNegative,
        rounding)
    }
    guard let units else { throw .invalidAmount(text: description, reason: .overflow) }
    return Amount(unchecked: units, decimals: decimals)
  }

  /// The amount rounded to a whole number of lots.
  ///
  /// - Parameters:
  ///   - lot: The lot: positive, with the same decimals.
  ///   - rounding: The direction of rounding.
  /// - Returns: A multiple of the lot.
  /// - Throws: `DataError.invalidAmount` for a lot that is not positive or has other decimals, and
  ///   for overflow.
  public func rounded(
    toMultipleOf lot: Amount,
    rounding: AmountRounding
  ) throws(DataError) -> Amount {
    try requireDecimals(of: lot)
    guard lot.baseUnits > 0 else {
      throw .invalidAmount(text: lot.description, reason: .notPositive)
    }
    guard
      let count = roundedQuotient(
        baseUnits.magnitude, lot.baseUnits.magnitude, isNegative: isNegative, rounding),
      case let (units, overflow) = count.multipliedReportingOverflow(by: lot.baseUnits), !overflow
    else {
      throw .invalidAmount(text: "\(self) in lots of \(lot)", reason: .overflow)
    }
    return Amount(unchecked: units, decimals: decimals)
  }

  /// The largest whole number of lots that is not above the amount in magnitude.
  ///
  /// Rounds toward zero: neither a spend nor a short position grows.
  ///
  /// - Parameter lot: The lot: positive, with the same decimals.
  /// - Returns: A multiple of the lot.
  /// - Throws: `DataError.invalidAmount` for a lot that is not positive or has other decimals.
  public func roundedDown(toMultipleOf lot: Amount) throws(DataError) -> Amount {
    try rounded(toMultipleOf: lot, rounding: .towardZero)
  }

  private func requireDecimals(of other: Amount) throws(DataError) {
    guard decimals == other.decimals else {
      throw .invalidAmount(
        text: "\(decimals) and \(other.decimals) decimals", reason: .differentDecimals)
    }
  }
}

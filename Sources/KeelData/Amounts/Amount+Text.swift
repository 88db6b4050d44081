extension Amount: CustomStringConvertible {
  /// Creates an amount from a decimal number.
  ///
  /// Accepted are an optional sign, digits with an optional decimal point, and an optional
  /// exponent: `-12.50`, `.5`, `1e-8`. Blanks, thousands separators and a decimal comma are
  /// refused.
  ///
  /// - Parameters:
  ///   - decimalString: The number in whole units.
  ///   - decimals: The number of decimals, 0 to 38.
  ///   - rounding: The direction of rounding; nil refuses digits that the decimals cannot hold,
  ///     zeros apart.
  /// - Throws: `DataError.invalidAmount` with the text; `DataError.invalidValue` for decimals out
  ///   of range.
  /// - Complexity: O(length of the text).
  public init(
    _ decimalString: String,
    decimals: Int,
    rounding: AmountRounding? = nil
  ) throws(DataError) {
    try Self.requireDecimals(decimals)
    let bytes = Array(decimalString.utf8)
    guard let number = DecimalNumber(bytes.span) else {
      throw .invalidAmount(text: decimalString.excerpt, reason: .notANumber)
    }
    let result = Self.baseUnits(number, digits: bytes, decimals: decimals, rounding)
    switch result {
    case .success(let units): self.init(unchecked: units, decimals: decimals)
    case .failure(let failure):
      throw .invalidAmount(text: decimalString.excerpt, reason: failure)
    }
  }

  /// Rounds the digits of a number to base units.
  private static func baseUnits(
    _ number: DecimalNumber,
    digits bytes: [UInt8],
    decimals: Int,
    _ rounding: AmountRounding?
  ) -> AmountResult {
    // Digits whose place value is one base unit or more.
    let keptCount = number.digitCount + number.exponent + decimals
    var magnitude: UInt128 = 0
    var rest = Rest.zero
    var place = 0
    for i in number.digits {
      let digit = bytes[i] &- UInt8(ascii: "0")
      guard digit <= 9 else { continue }
      if place < keptCount {
        guard append(digit, to: &magnitude) else { return .failure(.overflow) }
      } else if place == keptCount {
        rest =
          digit == 0 ? .zero : digit < 5 ? .belowHalf : digit == 5 ? .half : .aboveHalf
      } else if digit != 0 {
        rest = rest == .zero ? .belowHalf : rest == .half ? .aboveHalf : rest
      }
      place += 1
    }
    // The first digit may stand below the place after the last one kept.
    if keptCount < 0, number.digitCount > 0 { rest = .belowHalf }
    if place < keptCount, magnitude != 0 {
      for _ in place..<min(keptCount, place + largestDecimals + 2) {
        guard append(0, to: &magnitude) else { return .failure(.overflow) }
      }
    }
    if rest != .zero {
      guard let rounding else { return .failure(.tooManyDecimals) }
      if rounding.movesAway(quotient: magnitude, rest: rest, isNegative: number.isNegative) {
        guard magnitude < UInt128.max else { return .failure(.overflow) }
        magnitude += 1
      }
    }
    guard let units = signed(magnitude, number.isNegative) else { return .failure(.overflow) }
    return .success(units)
  }

  private enum AmountResult {
    case success(Int128)
    case failure(AmountFailure)
  }

  private static func append(_ digit: UInt8, to magnitude: inout UInt128) -> Bool {
    let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
    let (sum, sumOverflow) = product.addingReportingOverflow(UInt128(digit))
    magnitude = sum
    return !overflow && !sumOverflow
  }

  /// The exact value in whole units, with all decimals: `1.50000000`.
  public var description: String {
    let digits = String(baseUnits.magnitude)
    let sign = isNegative ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(decimals + 1 - digits.count, 0)) + digits
    return "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
  }
}

extension Amount: Codable {
  /// Decodes an amount from its text, whose digits after the point are its decimals.
  ///
  /// - Parameter decoder: The decoder to read a string from.
  /// - Throws: `DecodingError.dataCorrupted` for text that is no amount.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    let point = text.utf8.firstIndex(of: UInt8(ascii: "."))
    let decimals = point.map { text.utf8.distance(from: $0, to: text.utf8.endIndex) - 1 } ?? 0
    do throws(DataError) {
      try self.init(text, decimals: decimals)
    } catch {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: error.description)
    }
  }

  /// Encodes the amount as its text: `"1.50000000"`.
  ///
  /// - Parameter encoder: The encoder to write a string to.
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

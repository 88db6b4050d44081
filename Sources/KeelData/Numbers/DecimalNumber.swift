// Decimal numbers in text. Goals in order: correct rounding (proved below), nothing accepted that
// could mean two things, speed.
//
// Double: a significand of at most 19 digits is an exact 64-bit integer m, and the value is
// m · 10^q.
//   - m < 2⁵³ and |q| ≤ 22: both factors are doubles and one operation rounds once (Clinger 1990).
//   - −38 ≤ q ≤ 0: m / 10^(−q) in exact integers, rounded once.
//   - 0 < q ≤ 19: m · 10^q < 2¹²⁸ is an exact integer, rounded once.
// Everything else goes to the standard library, which rounds correctly too.

/// The powers of ten that a `Double` holds exactly: 5²² is the last power of five below 2⁵³.
let exactPowersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]

/// The parts of a decimal number: an optional sign, digits with an optional point, an optional
/// exponent.
struct DecimalNumber {
  /// Whether a minus sign stands in front.
  var isNegative = false

  /// The positions of the significant digits in the text, a point among them perhaps.
  ///
  /// They run from the first to the last digit that is not zero; there are none in zero.
  var digits = 0..<0

  /// The number of significant digits.
  var digitCount = 0

  /// The power of ten by which the digits, read as an integer, are multiplied.
  var exponent = 0

  /// Exponents are read up to this magnitude; larger ones mean the same for every use.
  private static let exponentLimit = 1_000_000_000

  /// Finds the parts; nil when the text is anything but a decimal number.
  init?(_ text: borrowing Span<UInt8>) {
    var i = 0
    if i < text.count, text[i] == UInt8(ascii: "-") || text[i] == UInt8(ascii: "+") {
      isNegative = text[i] == UInt8(ascii: "-")
      i += 1
    }
    var hasPoint = false
    var allDigitCount = 0
    var firstSignificant = -1
    var endSignificant = 0
    var significantCount = 0
    var countAtEnd = 0
    var fractionCount = 0
    var fractionAtEnd = 0
    var isPointAtEnd = false
    while i < text.count {
      let byte = text[i]
      let digit = byte &- UInt8(ascii: "0")
      if digit <= 9 {
        allDigitCount += 1
        if hasPoint { fractionCount += 1 }
        if digit != 0, firstSignificant < 0 { firstSignificant = i }
        if firstSignificant >= 0 { significantCount += 1 }
        if digit != 0 {
          endSignificant = i + 1
          countAtEnd = significantCount
          fractionAtEnd = fractionCount
          isPointAtEnd = hasPoint
        }
      } else if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else {
        break
      }
      i += 1
    }
    guard allDigitCount > 0 else { return nil }
    var written = 0
    if i < text.count {
      guard let value = Self.exponent(text, from: i) else { return nil }
      written = value
    }
    guard firstSignificant >= 0 else { return }
    digits = firstSignificant..<endSignificant
    digitCount = countAtEnd
    // Zeros between the last significant digit and the point stand for powers of ten.
    let trailingIntegerZeros = isPointAtEnd ? 0 : significantCount - countAtEnd - fractionCount
    exponent = written + (isPointAtEnd ? -fractionAtEnd : max(trailingIntegerZeros, 0))
  }

  /// Reads `e±digits` to the end of the text.
  private static func exponent(_ text: borrowing Span<UInt8>, from start: Int) -> Int? {
    var i = start
    guard text[i] == UInt8(ascii: "e") || text[i] == UInt8(ascii: "E") else { return nil }
    i += 1
    var isNegative = false
    if i < text.count, text[i] == UInt8(ascii: "-") || text[i] == UInt8(ascii: "+") {
      isNegative = text[i] == UInt8(ascii: "-")
      i += 1
    }
    guard i < text.count else { return nil }
    var value = 0
    while i < text.count {
      let digit = text[i] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      value = min(value * 10 + Int(digit), exponentLimit)
      i += 1
    }
    return isNegative ? -value : value
  }
}

extension Double {
  /// Reads a decimal number, correctly rounded; nil when the text is anything else.
  ///
  /// Too large a number gives infinity, too small a one zero.
  init?(decimal text: borrowing Span<UInt8>) {
    guard let number = DecimalNumber(text) else { return nil }
    let magnitude: Double
    let exactDigitCount = 19
    let q = number.exponent
    if number.digitCount == 0 {
      magnitude = 0
    } else if number.digitCount <= exactDigitCount, q >= -largestDecimals, q <= exactDigitCount {
      var significand: UInt64 = 0
      for i in number.digits {
        let digit = text[i] &- UInt8(ascii: "0")
        if digit <= 9 { significand = significand &* 10 &+ UInt64(digit) }
      }
      if significand < 1 << 53, q > -exactPowersOfTen.count {
        let power = exactPowersOfTen[abs(q)]
        magnitude = q < 0 ? Double(significand) / power : Double(significand) * power
      } else if q <= 0 {
        magnitude = correctlyRoundedQuotient(UInt128(significand), powersOfTen[-q])
      } else {
        magnitude = correctlyRoundedQuotient(UInt128(significand) * powersOfTen[q], 1)
      }
    } else {
      let characters = [UInt8](capacity: text.count) { output in
        for i in text.indices { output.append(text[i]) }
      }
      guard let value = Double(String(decoding: characters, as: UTF8.self)) else { return nil }
      self = value
      return
    }
    self = number.isNegative ? -magnitude : magnitude
  }
}

// Goals, in order: the decimals printed are those of the number's exact value, correctly rounded;
// the same text on every machine; no Foundation.
//
// A Double is an integer times a power of two, so its decimal expansion is finite and is written
// out in full with big integers, then rounded once, half to even. A percentage moves the decimal
// point of the exact expansion instead of multiplying by 100, which would round twice.

/// A way to write numbers as text: decimals, percent or scientific, with thousands separators.
///
/// Rounding is correct: the text is the exact value of the number rounded once, half to even.
/// A number that rounds to zero has no sign.
public struct NumberFormat: Hashable, Sendable {
  /// The three ways of writing.
  @nonexhaustive
  public enum Notation: Hashable, Sendable {
    /// Digits before and after the point: `1,234.50`.
    case fixed
    /// A fraction as percentage: 0.125 is `12.5%`.
    case percent
    /// One digit, decimals and a power of ten: `1.25e-7`.
    case scientific
  }

  /// How the number is written.
  public var notation: Notation

  /// The number of digits after the point; values outside 0 to 1100 are moved to the nearest end.
  public var decimals: Int

  /// Whether a comma stands between groups of three digits before the point.
  public var groupsThousands = true

  /// Whether positive numbers carry a plus sign.
  public var showsPlusSign = false

  /// The sign of negative numbers; U+2212 unless changed to `-` for machines that read the text.
  public var minusSign = "\u{2212}"

  /// Text between the sign and the digits, such as a currency sign.
  public var prefix = ""

  /// Text after the number.
  public var suffix = ""

  /// Magnitudes from here on are written in scientific notation, since a double holds no more than
  /// 17 significant digits.
  public static let largestFixedMagnitude = 1e15

  /// The largest number of decimals; more than any double has.
  public static let maximumDecimals = 1100

  /// Creates a format.
  ///
  /// - Parameters:
  ///   - notation: How the number is written.
  ///   - decimals: The number of digits after the point.
  public init(_ notation: Notation, decimals: Int) {
    self.notation = notation
    self.decimals = decimals
  }

  /// Digits before and after the point: `1,234.50`.
  ///
  /// - Parameter decimals: The number of digits after the point.
  /// - Returns: The format.
  public static func fixed(_ decimals: Int) -> NumberFormat {
    NumberFormat(.fixed, decimals: decimals)
  }

  /// A fraction as percentage: 0.125 with one decimal is `12.5%`.
  ///
  /// - Parameter decimals: The number of digits after the point of the percentage.
  /// - Returns: The format.
  public static func percent(_ decimals: Int) -> NumberFormat {
    NumberFormat(.percent, decimals: decimals)
  }

  /// One digit, decimals and a power of ten: `1.25e-7`.
  ///
  /// - Parameter decimals: The number of digits after the point.
  /// - Returns: The format.
  public static func scientific(_ decimals: Int) -> NumberFormat {
    NumberFormat(.scientific, decimals: decimals)
  }

  /// An amount of money: `$1,234.50`.
  ///
  /// - Parameters:
  ///   - symbol: The sign of the currency, written before the digits.
  ///   - decimals: The number of digits after the point.
  /// - Returns: The format.
  public static func currency(_ symbol: String, decimals: Int) -> NumberFormat {
    var format = NumberFormat(.fixed, decimals: decimals)
    format.prefix = symbol
    return format
  }

  /// The same format with a plus sign before positive numbers.
  public var signed: NumberFormat {
    var format = self
    format.showsPlusSign = true
    return format
  }

  /// The same format with the ASCII minus sign.
  public var ascii: NumberFormat {
    var format = self
    format.minusSign = "-"
    return format
  }

  /// The text of a number.
  ///
  /// - Parameter value: Any number. NaN gives `n/a`, infinities give `∞` with their sign.
  /// - Returns: The text.
  public func string(_ value: Double) -> String {
    guard !value.isNaN else { return "n/a" }
    guard value.isFinite else { return sign(negative: value < 0, zero: false) + "∞" }
    let places = min(max(decimals, 0), Self.maximumDecimals)
    let isScientific = notation == .scientific || value.magnitude >= Self.largestFixedMagnitude
    var number = DecimalExpansion(value.magnitude)
    if notation == .percent && !number.digits.isEmpty { number.pointPosition += 2 }
    let body: String
    if isScientific && !number.digits.isEmpty {
      number.round(keeping: places + 1)
      body = scientificText(number, places: places)
    } else {
      number.round(keeping: number.pointPosition + places)
      body = fixedText(number, places: places)
    }
    let mark = notation == .percent ? "%" : ""
    return sign(negative: value < 0, zero: number.digits.isEmpty) + prefix + body + mark + suffix
  }

  private func sign(negative: Bool, zero: Bool) -> String {
    if zero { return "" }
    if negative { return minusSign }
    return showsPlusSign ? "+" : ""
  }

  private func fixedText(_ number: DecimalExpansion, places: Int) -> String {
    var text = ""
    let wholeCount = max(number.pointPosition, 1)
    for i in 0..<wholeCount {
      let remaining = wholeCount - i
      if groupsThousands && i > 0 && remaining % 3 == 0 { text += "," }
      text += number.digitText(i - wholeCount + number.pointPosition)
    }
    guard places > 0 else { return text }
    text += "."
    for i in 0..<places { text += number.digitText(number.pointPosition + i) }
    return text
  }

  private func scientificText(_ number: DecimalExpansion, places: Int) -> String {
    var text = number.digitText(0)
    if places > 0 { text += "." }
    for i in 0..<places { text += number.digitText(1 + i) }
    let exponent = number.pointPosition - 1
    return text + "e" + (exponent < 0 ? minusSign : "") + String(exponent.magnitude)
  }
}

/// The exact decimal digits of a double: `0.d₀d₁d₂… × 10^pointPosition`, without leading zeros.
struct DecimalExpansion {
  private(set) var digits: [UInt8]
  var pointPosition: Int

  /// Expands a finite number that is not negative.
  init(_ value: Double) {
    digits = []
    pointPosition = 0
    guard value > 0 else { return }
    // value = significand × 2^exponent with an integer significand.
    let fractionBits = Double.significandBitCount
    let isNormal = value.isNormal
    let hiddenBit: UInt64 = isNormal ? 1 << UInt64(fractionBits) : 0
    let biased = isNormal ? Int(value.exponentBitPattern) : 1
    let exponentBias = 1023
    var significand = value.significandBitPattern | hiddenBit
    var exponent = biased - exponentBias - fractionBits
    let twos = significand.trailingZeroBitCount
    significand >>= UInt64(twos)
    exponent += twos
    var integer = DecimalInteger(significand)
    // m × 2^−k = m × 5^k / 10^k: only the place of the point is left to note.
    integer.multiply(by: exponent < 0 ? 5 : 2, times: abs(exponent))
    digits = integer.digits
    pointPosition = digits.count + min(exponent, 0)
  }

  /// Rounds half to even to a number of leading digits; none or fewer may leave zero.
  mutating func round(keeping count: Int) {
    guard count < digits.count else { return }
    guard count >= 0 else {
      digits = []
      pointPosition = 0
      return
    }
    let tail = digits[(count + 1)...]
    let isOdd = count > 0 && digits[count - 1] % 2 == 1
    let next = digits[count]
    let roundsUp = next > 5 || (next == 5 && (isOdd || tail.contains { $0 != 0 }))
    digits.removeSubrange(count...)
    if roundsUp { increment() }
    while digits.last == 0 { digits.removeLast() }
    if digits.isEmpty { pointPosition = 0 }
  }

  /// Adds one to the last digit.
  private mutating func increment() {
    for i in digits.indices.reversed() {
      if digits[i] < 9 {
        digits[i] += 1
        return
      }
      digits[i] = 0
    }
    digits.insert(1, at: 0)
    pointPosition += 1
  }

  /// One digit as text; places before the first and after the last digit are zero.
  func digitText(_ index: Int) -> String {
    digits.indices.contains(index) ? String(digits[index]) : "0"
  }
}

/// A non-negative integer in base 10⁹, least part first.
private struct DecimalInteger {
  private static let base: UInt64 = 1_000_000_000
  private static let digitsPerPart = 9

  private var parts: [UInt64]

  init(_ value: UInt64) {
    parts = []
    var rest = value
    while rest > 0 {
      parts.append(rest % Self.base)
      rest /= Self.base
    }
  }

  /// Multiplies by a power of 2 or 5, as many factors at once as stay below the base.
  mutating func multiply(by factor: UInt64, times: Int) {
    let factorsPerStep = factor == 2 ? 29 : 12
    var remaining = times
    while remaining > 0 {
      let count = min(remaining, factorsPerStep)
      var product: UInt64 = 1
      for _ in 0..<count { product *= factor }
      var carry: UInt64 = 0
      for i in parts.indices {
        let value = parts[i] * product + carry
        parts[i] = value % Self.base
        carry = value / Self.base
      }
      if carry > 0 { parts.append(carry) }
      remaining -= count
    }
  }

  /// The decimal digits, most significant first.
  var digits: [UInt8] {
    var reversed: [UInt8] = []
    reversed.reserveCapacity(parts.count * Self.digitsPerPart)
    for part in parts {
      var rest = part
      for _ in 0..<Self.digitsPerPart {
        reversed.append(UInt8(rest % 10))
        rest /= 10
      }
    }
    while reversed.last == 0 { reversed.removeLast() }
    return reversed.reversed()
  }
}

/// A coordinate of a drawing with two decimals and no trailing zeros; what cannot be a place in a
/// drawing is moved to the nearest one that can.
func coordinateText(_ value: Double) -> String {
  let largest = 1e7
  let hundredths = Int((min(max(value.isNaN ? 0 : value, -largest), largest) * 100).rounded())
  let whole = hundredths.magnitude / 100
  let fraction = hundredths.magnitude % 100
  let sign = hundredths < 0 ? "-" : ""
  if fraction == 0 { return "\(sign)\(whole)" }
  if fraction % 10 == 0 { return "\(sign)\(whole).\(fraction / 10)" }
  return "\(sign)\(whole).\(fraction < 10 ? "0" : "")\(fraction)"
}

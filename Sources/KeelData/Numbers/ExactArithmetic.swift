// Exact integer arithmetic behind decimal numbers. Goals in order: correct rounding for every
// argument, no trap, speed.
//
// A number is kept as an integer and compared or divided exactly; only the last step rounds. No
// result here depends on the rounding of an intermediate one.

/// The powers of ten from 10⁰ to 10³⁸, all that 128 bits hold.
let powersOfTen: [UInt128] = (0..<largestDecimals).reduce(into: [1]) { powers, _ in
  powers.append(powers[powers.count - 1] * 10)
}

/// The largest number of decimals: 10³⁸ is the last power of ten below 2¹²⁷.
let largestDecimals = 38

/// The quotient of two integers, correctly rounded to the nearest `Double`, ties to even.
///
/// The denominator is positive and below 2¹²⁷; the quotient is zero or a normal number.
func correctlyRoundedQuotient(_ numerator: UInt128, _ denominator: UInt128) -> Double {
  guard numerator != 0 else { return 0 }
  var (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
  var exponent = 0
  // Long division, as many bits at a time as fit, until 55 bits or more stand before the rest.
  let enough: UInt128 = 1 << 54
  let step = min(denominator.leadingZeroBitCount, 63)
  while quotient < enough && remainder != 0 {
    let (bits, rest) = (remainder << step).quotientAndRemainder(dividingBy: denominator)
    quotient = quotient << step | bits
    remainder = rest
    exponent -= step
  }
  let width = UInt128.bitWidth - quotient.leadingZeroBitCount
  let excess = width - (Double.significandBitCount + 1)
  guard excess > 0 else { return scaled(Double(UInt64(quotient)), exponent) }
  let half: UInt128 = 1 << (excess - 1)
  let rest = quotient & ((half << 1) - 1)
  var significand = UInt64(quotient >> excess)
  let isAbove = rest > half || (rest == half && (remainder != 0 || significand & 1 == 1))
  if isAbove { significand += 1 }
  return scaled(Double(significand), exponent + excess)
}

/// A number times a power of two that keeps it normal: exact.
private func scaled(_ value: Double, _ exponent: Int) -> Double {
  value * Double(sign: .plus, exponent: exponent, significand: 1)
}

/// The product `first · second · 2^exponent` with a sign, rounded to a 128-bit integer.
///
/// The product of the two integers is taken in 256 bits, so that the only rounding is the stated
/// one. Nil when the result does not fit.
func roundedProduct(
  _ first: UInt128,
  _ second: UInt128,
  exponent: Int,
  isNegative: Bool,
  _ rounding: AmountRounding
) -> Int128? {
  let product = first.multipliedFullWidth(by: second)
  if product.high == 0 && product.low == 0 { return 0 }
  if exponent >= 0 {
    guard product.high == 0, exponent <= product.low.leadingZeroBitCount else { return nil }
    return signed(product.low << exponent, isNegative)
  }
  let width = UInt128.bitWidth
  let shift = exponent <= -2 * width ? 2 * width : -exponent
  var quotient: UInt128
  // The place of the rest against one half: its top bit, and whether anything stands below.
  let isHalfSet: Bool
  let isRestSet: Bool
  if shift >= 2 * width {
    quotient = 0
    isHalfSet = exponent == -2 * width && product.high >> (width - 1) == 1
    isRestSet = !isHalfSet || product.high << 1 != 0 || product.low != 0
  } else if shift > width {
    let inner = shift - width
    quotient = product.high >> inner
    isHalfSet = product.high >> (inner - 1) & 1 == 1
    isRestSet = product.high & ((1 << (inner - 1)) - 1) != 0 || product.low != 0
  } else if shift == width {
    quotient = product.high
    isHalfSet = product.low >> (width - 1) == 1
    isRestSet = product.low << 1 != 0
  } else {
    guard product.high >> shift == 0 else { return nil }
    quotient = product.high << (width - shift) | product.low >> shift
    isHalfSet = product.low >> (shift - 1) & 1 == 1
    isRestSet = product.low & ((1 << (shift - 1)) - 1) != 0
  }
  let rest: Rest = isHalfSet ? (isRestSet ? .aboveHalf : .half) : (isRestSet ? .belowHalf : .zero)
  guard rounding.movesAway(quotient: quotient, rest: rest, isNegative: isNegative) else {
    return signed(quotient, isNegative)
  }
  let (rounded, overflow) = quotient.addingReportingOverflow(1)
  return overflow ? nil : signed(rounded, isNegative)
}

/// The quotient of a magnitude with a sign, rounded to a 128-bit integer; nil when it does not fit.
///
/// The denominator is positive and at most 2¹²⁷.
func roundedQuotient(
  _ numerator: UInt128,
  _ denominator: UInt128,
  isNegative: Bool,
  _ rounding: AmountRounding
) -> Int128? {
  let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
  let rest: Rest
  if remainder == 0 {
    rest = .zero
  } else {
    let other = denominator - remainder
    rest = remainder < other ? .belowHalf : remainder == other ? .half : .aboveHalf
  }
  guard rounding.movesAway(quotient: quotient, rest: rest, isNegative: isNegative) else {
    return signed(quotient, isNegative)
  }
  let (rounded, overflow) = quotient.addingReportingOverflow(1)
  return overflow ? nil : signed(rounded, isNegative)
}

/// A signed integer from its magnitude; nil when it does not fit.
func signed(_ magnitude: UInt128, _ isNegative: Bool) -> Int128? {
  if isNegative {
    return magnitude <= Int128.min.magnitude ? Int128(truncatingIfNeeded: 0 &- magnitude) : nil
  }
  return Int128(exactly: magnitude)
}

/// What division leaves, against one half of a unit.
enum Rest {
  case zero
  case belowHalf
  case half
  case aboveHalf
}

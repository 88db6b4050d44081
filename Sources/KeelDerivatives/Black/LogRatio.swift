import KeelNumerics

// The logarithm of a ratio to some 66 bits beyond the leading one.
//
// Goals in order: accuracy (the square of the result is multiplied by up to 10³ before it is
// exponentiated, so 53 bits leave 3e-13 in the price of a wing), every pair of positive doubles
// (subnormal, or with a ratio that overflows), speed.
//
// Method: ratio = 2ᵏ·a/b with a/b in [√½, √2]; with c the multiple of 1/32 nearest to a/b,
// ln(a/b) = ln c + 2 atanh z, z = (a − c b) / (a + c b). The numerator of z is exact: c has six bits,
// b is cut into 47 and 6, and what is left of a is small. The series of atanh has its leading term
// in double-double. Swapped arguments give the opposite number to the bit.
// Accuracy: 2^-67 relative to the largest of |k| ln 2, |ln c| and |z|.

/// `ln(numerator / denominator)` of positive finite numbers, as a double-double.
func logRatio(_ numerator: Double, _ denominator: Double) -> DoubleDouble {
  let isBelowOne = numerator < denominator
  let logarithm = logOrderedRatio(
    isBelowOne ? denominator : numerator, isBelowOne ? numerator : denominator)
  return isBelowOne ? -logarithm : logarithm
}

/// The same for a numerator that is not less than the denominator.
@inline(__always)
private func logOrderedRatio(_ numerator: Double, _ denominator: Double) -> DoubleDouble {
  var (a, power) = binaryParts(numerator)
  let (b, denominatorPower) = binaryParts(denominator)
  power &-= denominatorPower
  var ratio = a / b
  if ratio > LogTable.rootTwo {
    (a, ratio) = (a / 2, ratio / 2)
    power &+= 1
  } else if ratio < LogTable.rootHalf {
    (a, ratio) = (a * 2, ratio * 2)
    power &-= 1
  }
  // Adding the number rounds to an integer, which then stands in the low bits.
  let rounded = ratio * LogTable.stepsPerUnit + LogTable.rounder
  let center = (rounded - LogTable.rounder) / LogTable.stepsPerUnit
  let bHigh = Double(bitPattern: b.bitPattern & LogTable.highBits)
  let (productHigh, productLow) = (center * bHigh, center * (b - bHigh))
  let difference = (a - productHigh) - productLow
  let whole = DoubleDouble.sum(a, productHigh)
  let sum = DoubleDouble.orderedSum(whole.high, whole.low + productLow)
  let inverse = 1 / sum.high
  let z = difference * inverse
  let back = DoubleDouble.product(z, sum.high)
  let zLow = (((difference - back.high) - back.low) - z * sum.low) * inverse
  let square = z * z
  // The series of atanh, z³/3 + z⁵/5 + …; |z| ≤ 1/90, so the first term left out is below 2^-90.
  let series =
    square * z * (1 / 3 + square * (1 / 5 + square * (1 / 7 + square * (1 / 9 + square / 11))))
  let row =
    2 &* (Int(truncatingIfNeeded: rounded.bitPattern) & LogTable.indexMask &- LogTable.first)
  let lead = DoubleDouble.sum(LogTable.values[row], 2 * z)
  let mantissaPart = DoubleDouble.orderedSum(
    lead.high, lead.low + (LogTable.values[row &+ 1] + 2 * (series + zLow)))
  guard power != 0 else { return mantissaPart }
  let count = Double(power)
  let total = DoubleDouble.sum(count * LogTable.ln2High, mantissaPart.high)
  return DoubleDouble.orderedSum(
    total.high, total.low + (count * LogTable.ln2Low + mantissaPart.low))
}

/// `x = significand · 2^exponent` of a positive finite number.
@inline(__always)
private func binaryParts(_ x: Double) -> (significand: Double, exponent: Int) {
  let isTiny = x < Double.leastNormalMagnitude
  let bits = (isTiny ? x * LogTable.tinyScale : x).bitPattern
  let significand = Double(
    bitPattern: bits & LogTable.significandBits | (1.0).bitPattern)
  let exponent = Int(truncatingIfNeeded: bits >> 52) &- 1023
  return (significand, isTiny ? exponent &- LogTable.tinyPower : exponent)
}

/// `ln(step / 32)`, rounded from 60 digits (mpmath 1.3.0): high part, low part.
///
/// Plain numbers, so that the compiler lays the table out and no access has to check that it exists.
private enum LogTable {
  static let stepsPerUnit = 32.0
  static let first = 22
  /// 1.5 · 2⁵², and the low bits that hold an index after adding it.
  static let rounder = 0x1.8p52
  static let indexMask = 63
  /// The leading 47 bits, and those behind the leading one.
  static let highBits: UInt64 = 0xffff_ffff_ffff_ffc0
  static let significandBits: UInt64 = 0x000f_ffff_ffff_ffff
  static let rootTwo = 1.414_213_562_373_095_1
  static let rootHalf = 0.707_106_781_186_547_6
  /// What makes subnormal numbers normal.
  static let tinyScale = 0x1p54
  static let tinyPower = 54
  /// ln 2 in two parts; the first has 32 bits, so that its product with a power is exact.
  static let ln2High = 0x1.62e42feep-1
  static let ln2Low = 0x1.a39ef35793c76p-33
  static let values: [Double] = [
    -0.3746934494414107, 3.9243112288632396e-18,
    -0.33024168687057687, 1.0828321637483858e-17,
    -0.2876820724517809, -2.607160616442564e-17,
    -0.24686007793152578, -1.361743371748368e-17,
    -0.2076393647782445, -1.2053243216686129e-17,
    -0.16989903679539747, 4.868008764439071e-19,
    -0.13353139262452263, 3.664457663660085e-18,
    -0.09844007281325252, 4.439009633675136e-18,
    -0.06453852113757118, 6.470486661692933e-18,
    -0.0317486983145803, -3.0382263084680858e-18,
    0.0, 0.0,
    0.030771658666753687, 1.0431732029005968e-18,
    0.06062462181643484, 2.6424025938726934e-18,
    0.08961215868968714, -5.4268129336647135e-18,
    0.11778303565638346, -1.1971685747593677e-18,
    0.1451820098444979, 8.242418783022475e-18,
    0.17185025692665923, -6.0224538210113705e-18,
    0.19782574332991987, 1.2821194372980142e-17,
    0.22314355131420976, -9.091270597324799e-18,
    0.24783616390458127, -1.2432209578702523e-17,
    0.27193371548364176, 7.83319637697442e-19,
    0.2954642128938359, -2.16461086040599e-17,
    0.3184537311185346, 2.7114779367326236e-17,
    0.3409265869705932, 1.7467136443544747e-17,
    0.3629054936893685, -2.1492361455310972e-17,
  ]
}

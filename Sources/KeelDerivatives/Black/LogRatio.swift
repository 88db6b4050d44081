import KeelNumerics

// The logarithm of a ratio to some 66 bits beyond the leading one.
//
// Goals in order: accuracy (the square of the result is multiplied by up to 10³ before it is
// exponentiated, so 53 bits leave 3e-13 in the price of a wing), every pair of positive doubles
// (subnormal, or with a ratio that overflows), speed.
//
// Method: ratio = 2ᵏ·m with m in [√½, √2]; m = c·(1+z)/(1−z) with c the nearest multiple of 1/32;
// ln m = ln c + 2 atanh z from its series, the leading term in double-double.
// Accuracy: 2^-67 relative to the largest of |k| ln 2, |ln c| and |z|.

/// `ln(numerator / denominator)` of positive finite numbers, as a double-double.
func logRatio(_ numerator: Double, _ denominator: Double) -> DoubleDouble {
  var power = Int(numerator.exponent) &- Int(denominator.exponent)
  var ratio = DoubleDouble.quotient(numerator.significand, denominator.significand)
  if ratio.high > 2.0.squareRoot() {
    ratio = DoubleDouble(ratio.high / 2, ratio.low / 2)
    power &+= 1
  } else if ratio.high < 0.5.squareRoot() {
    ratio = DoubleDouble(ratio.high * 2, ratio.low * 2)
    power &-= 1
  }
  let step = (ratio.high * LogTable.stepsPerUnit).rounded()
  let center = step / LogTable.stepsPerUnit
  let difference = DoubleDouble(ratio.high - center).adding(DoubleDouble(ratio.low))
  let z = difference.divided(
    by: DoubleDouble.sum(ratio.high, center).adding(DoubleDouble(ratio.low)))
  let square = z.high * z.high
  // The series of atanh, z³/3 + z⁵/5 + …; |z| ≤ 1/90, so the first term left out is below 2^-90.
  let series =
    square * z.high * (1 / 3 + square * (1 / 5 + square * (1 / 7 + square * (1 / 9 + square / 11))))
  let atanh = z.adding(DoubleDouble(series))
  let row = 2 * (Int(step) - LogTable.first)
  let tableValue = DoubleDouble(LogTable.values[row], LogTable.values[row + 1])
  let mantissaPart = tableValue.adding(DoubleDouble(2 * atanh.high, 2 * atanh.low))
  guard power != 0 else { return mantissaPart }
  let leading = DoubleDouble.fusedProduct(Double(power), LogTable.ln2High)
  let powerPart = leading.adding(DoubleDouble(Double(power) * LogTable.ln2Low))
  return powerPart.adding(mantissaPart)
}

/// `ln(step / 32)`, rounded from 60 digits (mpmath 1.3.0): high part, low part.
///
/// Plain numbers, so that the compiler lays the table out and no access has to check that it exists.
private enum LogTable {
  static let stepsPerUnit = 32.0
  static let first = 22
  static let ln2High = 0.693_147_180_559_945_3
  static let ln2Low = 2.319_046_813_846_299_6e-17
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

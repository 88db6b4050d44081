// Goals in order: relative accuracy of log-survival in both tails, no trap on any argument, speed.
//
// With w² = ν ln(1 + z²/ν) and c the normalizer, the probability above z > 0 is computed as
//   near the center      ½ − z f(z) ₂F₁(1, (ν+1)/2; 3/2; z²/(ν+z²)), a series of positive terms;
//   z² ≥ ν               c/√ν x^(ν/2) Σ (½)ₖ/k! · ν/(ν+2k) xᵏ, x = ν/(ν+z²) ≤ ½, positive terms;
//   between              c ∫ from w exp(−v²/2) h(v²/ν) dv, h(s) = √(s/(1 − exp(−s))), by
//                        Gauss-Legendre: h is smooth, and the integrand has the scale of the normal
//                        law whatever ν is.
// The first two are DLMF 8.17.7 and 8.17.8 after a linear transformation; the third is the
// substitution above in the density. Errors against 50 digits stay below 4e-15 · max(1, |ln S|).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Student's t law with location 0 and scale 1.
struct StandardStudentT: Hashable, Sendable {
  let degreesOfFreedom: Double

  /// ln c(ν), the logarithm of the density at zero.
  let logNormalizer: Double

  /// P(0 < Z ≤ z) where the central series ends.
  private(set) var largestCentralMass = 0.5

  init(degreesOfFreedom: Double) {
    self.degreesOfFreedom = degreesOfFreedom
    logNormalizer = StudentTNormalizer(degreesOfFreedom: degreesOfFreedom).value
    largestCentralMass = centralMass(centralLimit)
  }

  var isNormal: Bool { degreesOfFreedom == .infinity }

  /// Below this ratio `z²/ν` the law is normal to the last bit: ln(1 + r) = r.
  private static let negligibleRatio = 0x1p-54

  func logPDF(_ z: Double) -> Double {
    let degrees = degreesOfFreedom
    let ratio = z * z / degrees
    if isNormal || ratio < Self.negligibleRatio {
      return logNormalizer - 0.5 * z * z - (isNormal ? 0 : 0.5 * ratio)
    }
    return logNormalizer - 0.5 * (degrees + 1) * logOnePlusRatio(z)
  }

  func logSurvival(_ z: Double) -> Double {
    if z.isNaN { return .nan }
    if isNormal { return StandardNormal.logCDF(-z) }
    if z.magnitude <= centralLimit { return log(0.5 - centralMass(z)) }
    return z > 0 ? logTail(z) : log1p(-exp(logTail(-z)))
  }

  func survival(_ z: Double) -> Double {
    if z.isNaN { return .nan }
    if isNormal { return StandardNormal.cdf(-z) }
    if z.magnitude <= centralLimit { return 0.5 - centralMass(z) }
    return z > 0 ? exp(logTail(z)) : 1 - exp(logTail(-z))
  }

  /// The expected shortfall, for a confidence inside (0, 1); infinite for `ν ≤ 1`.
  func expectedShortfall(confidence: Double) -> Double {
    // The means of both parts of the law add to zero: below ½ the tail of the confidence has the digits.
    meanAbove(tail: min(confidence, 1 - confidence), over: 1 - confidence)
  }

  /// The mean above the point that a value exceeds with a probability inside (0, 1); infinite for
  /// `ν ≤ 1`.
  func meanAbove(tail: Double) -> Double { meanAbove(tail: tail, over: tail) }

  /// The same mean times the tail, over another probability.
  private func meanAbove(tail: Double, over probability: Double) -> Double {
    let degrees = degreesOfFreedom
    if isNormal { return Normal.standardMeanAbove(tail: tail) * (tail / probability) }
    guard degrees > 1 else { return .infinity }
    let z = survivalQuantile(tail)
    let ratio = z * z / degrees
    // f(z) (ν + z²) = c ν (1 + z²/ν)^(−(ν−1)/2), taken in logarithms because z² may overflow.
    let exponent =
      ratio < Self.negligibleRatio
      ? 0.5 * z * z : 0.5 * (degrees - 1) * logOnePlusRatio(z)
    return exp(logNormalizer - exponent - log(probability)) * (degrees / (degrees - 1))
  }

  /// ln(1 + z²/ν) where z² or the ratio may overflow.
  func logOnePlusRatio(_ z: Double) -> Double {
    let ratio = z * z / degreesOfFreedom
    return ratio.isFinite ? log1p(ratio) : 2 * log(z.magnitude) - log(degreesOfFreedom)
  }
}

// MARK: - The three regions

extension StandardStudentT {
  /// Where the central series ends: there z²/(ν+z²) is at most 3/(ν+5), so that its terms fall.
  var centralLimit: Double { (3 / (1 + 2 / degreesOfFreedom)).squareRoot() }

  /// P(0 < Z ≤ z), odd in z, for |z| up to ``centralLimit``.
  func centralMass(_ z: Double) -> Double { exp(logPDF(z)) * centralRatio(z) }

  /// P(0 < Z ≤ z) over the density at z, for |z| up to ``centralLimit``.
  func centralRatio(_ z: Double) -> Double {
    let degrees = degreesOfFreedom
    let square = z * z
    let y = square / (degrees + square)
    // (ν+1)/2 · y without an infinite factor for huge ν.
    let leading =
      degrees >= 1
      ? 0.5 * (1 + 1 / degrees) * square / (1 + square / degrees) : 0.5 * (degrees + 1) * y
    var term = 1.0
    var sum = 1.0
    for k in 0..<Self.maximumTerms {
      // The quotient does not wait for the term before it.
      term *= (leading + Double(k) * y) * (1 / (1.5 + Double(k)))
      sum += term
      if term <= Self.negligibleTerm * sum { break }
    }
    return z * sum
  }

  /// ln P(Z > z) for z from ``centralLimit`` up.
  func logTail(_ z: Double) -> Double {
    z * z >= degreesOfFreedom ? logFarTail(z) : logMiddleTail(z)
  }

  /// The series in x = ν/(ν+z²) ≤ ½.
  private func logFarTail(_ z: Double) -> Double {
    let degrees = degreesOfFreedom
    let x = 1 / (1 + z * z / degrees)
    var power = 1.0
    var sum = 1.0
    for k in 1..<Self.maximumTerms {
      power *= (Double(k) - 0.5) / Double(k) * x
      let term = power * degrees / (degrees + 2 * Double(k))
      sum += term
      if term <= Self.negligibleTerm * sum { break }
    }
    return logNormalizer - 0.5 * log(degrees) - 0.5 * degrees * logOnePlusRatio(z) + log(sum)
  }

  /// The integral over w, cut where the integrand has fallen by exp(−40).
  private func logMiddleTail(_ z: Double) -> Double {
    let degrees = degreesOfFreedom
    let ratio = z * z / degrees
    let square = ratio < Self.negligibleRatio ? z * z : degrees * log1p(ratio)
    let w = square.squareRoot()
    let length = 2 * Self.cutExponent / ((square + 2 * Self.cutExponent).squareRoot() + w)
    var sum = 0.0
    for (node, weight) in GaussLegendre32.positiveHalf {
      for signed in [node, -node] {
        let u = 0.5 * length * (1 + signed)
        let s = (w + u) * ((w + u) / degrees)
        let h = s == 0 ? 1 : (s / -expm1(-s)).squareRoot()
        sum += weight * exp(-u * (w + 0.5 * u)) * h
      }
    }
    return logNormalizer - 0.5 * square + log(0.5 * length * sum)
  }

  /// Half an ulp of one: a smaller term does not change a sum of positive terms.
  private static var negligibleTerm: Double { 0x1p-54 }

  /// Both series fall at least like 0.6ᵏ, so that 80 terms reach the last bit.
  private static var maximumTerms: Int { 200 }

  /// exp(−40) is below an ulp of the integral.
  private static var cutExponent: Double { 40 }
}

/// Nodes and weights of the Gauss-Legendre rule with 32 points on [−1, 1] (DLMF 3.5, by Newton at
/// 50 digits).
enum GaussLegendre32 {
  /// The positive nodes with their weights; the others are their mirror images.
  static let positiveHalf: [(node: Double, weight: Double)] = [
    (0.048_307_665_687_738_316_2, 0.096_540_088_514_727_800_5),
    (0.144_471_961_582_796_493_4, 0.095_638_720_079_274_859_4),
    (0.239_287_362_252_137_074_5, 0.093_844_399_080_804_565_6),
    (0.331_868_602_282_127_649_7, 0.091_173_878_695_763_884_7),
    (0.421_351_276_130_635_345_3, 0.087_652_093_004_403_811_1),
    (0.506_899_908_932_229_390_0, 0.083_311_924_226_946_755_2),
    (0.587_715_757_240_762_329_0, 0.078_193_895_787_070_306_4),
    (0.663_044_266_930_215_200_9, 0.072_345_794_108_848_506_2),
    (0.732_182_118_740_289_680_3, 0.065_822_222_776_361_846_8),
    (0.794_483_795_967_942_406_9, 0.058_684_093_478_535_547_1),
    (0.849_367_613_732_569_970_1, 0.050_998_059_262_376_176_1),
    (0.896_321_155_766_052_123_9, 0.042_835_898_022_226_680_6),
    (0.934_906_075_937_739_689_1, 0.034_273_862_913_021_433_1),
    (0.964_762_255_587_506_430_7, 0.025_392_065_309_262_059_4),
    (0.985_611_511_545_268_335_4, 0.016_274_394_730_905_670_6),
    (0.997_263_861_849_481_563_5, 0.007_018_610_009_470_096_6),
  ]
}

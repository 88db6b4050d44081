// Goals in order: relative accuracy in both tails and near the median, certain end, speed.
//
// In the tail Newton's method solves ln S(z) = ln p in the variable ln z. There ln S is concave, so
// that the steps converge from any start, monotonically after the first; near the center it solves
// P(0 < Z ≤ z) = ½ − p, which is concave in z. Short steps are Halley's. Starts: the power law of
// the far tail, and the normal quantile carried over by w² = ν ln(1 + z²/ν).

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension StandardStudentT {
  /// The point above which the law has a given probability.
  func survivalQuantile(_ probability: Double) -> Double {
    guard probability >= 0, probability <= 1 else { return .nan }
    if probability == 0 { return .infinity }
    if probability == 1 { return -.infinity }
    if isNormal { return -StandardNormal.quantile(probability) }
    return probability <= 0.5
      ? upperQuantile(probability) : -upperQuantile(1 - probability)
  }

  /// The solution for a probability in (0, ½].
  private func upperQuantile(_ probability: Double) -> Double {
    let mass = 0.5 - probability
    return mass <= largestCentralMass
      ? centralQuantile(mass, probability) : tailQuantile(log(probability))
  }

  /// The point that is exceeded with a probability in (0, ½].
  func upperPoint(tail: Double) -> Double { upperQuantile(tail) }

  /// The point z with P(0 < Z ≤ z) in (0, ½).
  func upperPoint(mass: Double) -> Double {
    let probability = 0.5 - mass
    return mass <= largestCentralMass
      ? centralQuantile(mass, probability) : tailQuantile(log(probability))
  }

  private func centralQuantile(_ mass: Double, _ probability: Double) -> Double {
    let limit = centralLimit
    // The chord from the median lies below the solution; the normal quantile carried over by w does
    // too, and is closer unless the mass is tiny.
    var z = mass / exp(logNormalizer)
    if degreesOfFreedom >= 1, mass > Self.leastNormalMass {
      let w = StandardNormal.quantile(probability)
      z = max(z, (degreesOfFreedom * expm1(w * (w / degreesOfFreedom))).squareRoot())
    }
    z = min(z, limit)
    for _ in 0..<Self.maximumSteps {
      let newton = mass / exp(logPDF(z)) - centralRatio(z)
      // f'/f = −(ν+1) z/(ν+z²).
      let step = Self.halley(newton, bend: -logDensityFall(z) * newton, unit: limit)
      z = min(max(z + step, 0), limit)
      if step.magnitude <= Self.stepTolerance * z { break }
    }
    return z
  }

  private func tailQuantile(_ logProbability: Double) -> Double {
    let limit = log(Double.greatestFiniteMagnitude)
    let lowest = log(centralLimit)
    var t = max(tailStart(logProbability), lowest)
    for _ in 0..<Self.maximumSteps {
      // Newton moves left from the right of the solution: out of range here is out of range there.
      guard t < limit else { return farQuantile(logProbability) }
      let z = exp(t)
      let logTail = logTail(z)
      let hazard = exp(t + logPDF(z) - logTail)
      let newton = (logTail - logProbability) / hazard
      // The derivative of ln(hazard) in ln z.
      let bend = newton * (1 - z * logDensityFall(z) + hazard)
      let step = Self.halley(newton, bend: bend, unit: 1)
      t = max(t + step, lowest)
      if step.magnitude <= Self.stepTolerance { break }
    }
    return exp(t)
  }

  /// −f'(z)/f(z) = (ν+1) z/(ν+z²).
  private func logDensityFall(_ z: Double) -> Double {
    let degrees = degreesOfFreedom
    return (1 + 1 / degrees) * z / (1 + z * (z / degrees))
  }

  /// Newton's step, bent by the second derivative once it is short: then it triples the digits.
  ///
  /// Far from the solution Newton's step stays, because it alone is sure to converge.
  private static func halley(_ newton: Double, bend: Double, unit: Double) -> Double {
    guard newton.magnitude <= nearStep * unit, bend.magnitude <= nearStep else { return newton }
    return newton / (1 + 0.5 * bend)
  }

  /// ln z from the power law `S ≈ c ν^((ν−1)/2) z^(−ν)`, which lies right of the solution.
  private func powerLawStart(_ logProbability: Double) -> Double {
    let degrees = degreesOfFreedom
    let logDegrees = log(degrees)
    return degrees >= 1
      ? (logNormalizer - logProbability) / degrees + 0.5 * (1 - 1 / degrees) * logDegrees
      : (logNormalizer - logProbability + 0.5 * (degrees - 1) * logDegrees) / degrees
  }

  /// The smaller of the power law and of the normal quantile carried over by w, where the tail is
  /// `c √(2π) h(w²/ν) Φ(−w)` in first order.
  private func tailStart(_ logProbability: Double) -> Double {
    let powerLaw = powerLawStart(logProbability)
    let degrees = degreesOfFreedom
    guard degrees >= 1 else { return powerLaw }
    let rough = StandardNormal.quantile(exp(logProbability))
    let s = rough * (rough / degrees)
    let h = s == 0 ? 1 : (s / -expm1(-s)).squareRoot()
    let w = StandardNormal.quantile(exp(logProbability - logNormalizer - halfLogTwoPi) / h)
    let ratio = w * (w / degrees)
    return min(powerLaw, 0.5 * (log(degrees) + log(expm1(ratio))))
  }

  /// The power law where it exceeds every number or comes near: it is exact there.
  private func farQuantile(_ logProbability: Double) -> Double {
    exp(powerLawStart(logProbability))
  }

  /// Below this mass the chord is the closer start.
  private static var leastNormalMass: Double { 0.01 }

  /// Up to this share of the unit Halley's correction is safe.
  private static var nearStep: Double { 0.25 }

  /// A bent step triples the digits: this one already reaches the last bit.
  private static var stepTolerance: Double { 3e-6 }

  /// Far more than the ten steps seen.
  private static var maximumSteps: Int { 100 }
}

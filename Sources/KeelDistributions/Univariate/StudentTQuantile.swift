// Goals in order: relative accuracy in both tails and near the median, certain end, speed.
//
// In the tail Newton's method solves ln S(z) = ln p in the variable ln z. There ln S is concave, so
// that the steps converge from any start, monotonically after the first; near the center it solves
// P(0 < Z ≤ z) = ½ − p, which is concave in z. Starts: the power law of the far tail, and the normal
// quantile carried over by w² = ν ln(1 + z²/ν).

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
    return mass <= centralMass(centralLimit)
      ? centralQuantile(mass) : tailQuantile(log(probability))
  }

  private func centralQuantile(_ mass: Double) -> Double {
    var z = mass / exp(logNormalizer)
    for _ in 0..<Self.maximumSteps {
      let step = (mass - centralMass(z)) / exp(logPDF(z))
      z = min(max(z + step, 0), centralLimit)
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
      let slope = -exp(t + logPDF(z) - logTail)
      let step = (logProbability - logTail) / slope
      t = max(t + step, lowest)
      if step.magnitude <= Self.stepTolerance { break }
    }
    return exp(t)
  }

  /// ln z from the power law `S ≈ c ν^((ν−1)/2) z^(−ν)`, which lies right of the solution.
  private func powerLawStart(_ logProbability: Double) -> Double {
    let degrees = degreesOfFreedom
    let logDegrees = log(degrees)
    return degrees >= 1
      ? (logNormalizer - logProbability) / degrees + 0.5 * (1 - 1 / degrees) * logDegrees
      : (logNormalizer - logProbability + 0.5 * (degrees - 1) * logDegrees) / degrees
  }

  private func tailStart(_ logProbability: Double) -> Double {
    let powerLaw = powerLawStart(logProbability)
    guard degreesOfFreedom >= 1 else { return powerLaw }
    let w = StandardNormal.quantile(exp(logProbability))
    let ratio = w * w / degreesOfFreedom
    return min(powerLaw, 0.5 * (log(degreesOfFreedom) + log(expm1(ratio))))
  }

  /// The power law where it exceeds every number or comes near: it is exact there.
  private func farQuantile(_ logProbability: Double) -> Double {
    exp(powerLawStart(logProbability))
  }

  /// Newton doubles the digits at each step: the one after this step reaches the last bit.
  private static var stepTolerance: Double { 1e-9 }

  /// Far more than the ten steps seen.
  private static var maximumSteps: Int { 100 }
}

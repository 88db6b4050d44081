// Goals in order: absolute accuracy, no table.
//
// The series of T. Anderson and D. Darling, Asymptotic theory of certain goodness of fit criteria based
// on stochastic processes, Annals of Mathematical Statistics 23 (1952), equations 4.35 and 5.10: the
// coefficients are those of (1 − x)^(−½), alternating for A².

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The limit law of the Cramér-von Mises statistic.
enum CramerVonMisesLaw {
  /// Beyond, the probability is below 1e-20.
  private static let largest = 10.0
  private static let maximumTerms = 200
  private static let negligibleExponent = -45.0

  /// P(W² > x).
  static func survival(_ x: Double) -> Double {
    guard x > 0 else { return x <= 0 ? 1 : .nan }
    guard x < largest else { return 0 }
    var coefficient = 1.0
    var sum = 0.0
    for j in 0..<maximumTerms {
      let root = Double(4 * j + 1)
      let argument = root * root / (16 * x)
      if -2 * argument < negligibleExponent { break }
      sum +=
        coefficient * root.squareRoot()
        * exp(SpecialFunctions.logScaledBesselK(argument, order: 0.25) - 2 * argument)
      coefficient *= (Double(j) + 0.5) / Double(j + 1)
    }
    return min(max(1 - sum / (Double.pi * x.squareRoot()), 0), 1)
  }
}

/// The limit law of the Anderson-Darling statistic.
enum AndersonDarlingLaw {
  /// Beyond, the probability is below 1e-15.
  private static let largest = 32.0
  private static let maximumTerms = 200
  private static let negligibleExponent = -45.0
  private static let step = 0.02
  private static let stepCount = 350

  /// P(A² > z).
  static func survival(_ z: Double) -> Double {
    guard z > 0 else { return z <= 0 ? 1 : .nan }
    guard z < largest else { return 0 }
    var coefficient = 1.0
    var sum = 0.0
    for j in 0..<maximumTerms {
      let root = Double(4 * j + 1) * Double.pi / (8 * z).squareRoot()
      let exponent = -root * root
      if exponent + z / 8 < negligibleExponent { break }
      // ∫ exp(z/(8 (1 + w²)) − root² w²) dw with v = root · w, by the trapezoidal rule.
      var integral = 0.5 * exp(z / 8)
      for k in 1..<stepCount {
        let v = Double(k) * step
        let w = v / root
        integral += exp(z / (8 * (1 + w * w)) - v * v)
      }
      sum += coefficient * Double(4 * j + 1) * exp(exponent) * integral * step / root
      coefficient *= -(Double(j) + 0.5) / Double(j + 1)
    }
    return min(max(1 - (2 * Double.pi).squareRoot() / z * sum, 0), 1)
  }
}

// Goals in order: any order from one half, relative accuracy, speed.
//
// DLMF 8.19: E(ν, g) = ∫₁^∞ exp(−gu) u^(−ν) du. From 1 up by the continued fraction 8.19.17 in its even form,
// below by the incomplete gamma function for orders under one (8.19.1) and upward recurrence (8.19.12).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The generalized exponential integral.
enum ExponentialIntegral {
  /// exp(g) E(ν, g) for ν ≥ 1/2 and g > 0 by its logarithm, since powers of g are numbers where g is not.
  static func scaled(order: Double, logArgument: Double) -> Double {
    let g = exp(logArgument)
    if order < 1, g < negligible {
      let a = 1 - order
      return expm1(SpecialFunctions.logGamma(1 + a) - a * logArgument) / a
    }
    if g >= 1 { return continuedFraction(order, g) }
    let floor = order.rounded(.down)
    var low = order - floor
    var value: Double
    if low == 0 {
      value = 1 / g
    } else {
      // Γ(a) loses nothing for small a: Q(a, g) is of the size of a there.
      let a = 1 - low
      value =
        SpecialFunctions.regularizedGammaQ(a, g)
        * exp(g + SpecialFunctions.logGamma(a) + (low - 1) * logArgument)
    }
    while low < order - 0.5 {
      if low == 0 {
        // E₁ from the limit of small a.
        value = SpecialFunctions.regularizedGammaQ(leastShape, g) / leastShape * exp(g)
        low = 1
        continue
      }
      value = (1 - g * value) / low
      low += 1
    }
    return value
  }

  private static let negligible = 1e-17

  /// Where Γ(a) a is one to all digits.
  private static let leastShape = 1e-17

  private static func continuedFraction(_ order: Double, _ g: Double) -> Double {
    var b = g + order
    var c = Double.infinity
    var d = 1 / b
    var h = d
    for k in 1...maximumTerms {
      let k = Double(k)
      let a = -k * (order - 1 + k)
      b += 2
      d = 1 / (a * d + b)
      c = b + a / c
      let factor = c * d
      h *= factor
      if (factor - 1).magnitude <= Double.ulpOfOne { break }
    }
    return h
  }

  private static let maximumTerms = 500
}

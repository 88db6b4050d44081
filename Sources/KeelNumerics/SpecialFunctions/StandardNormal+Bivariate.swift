// Goals in order: absolute accuracy, every correlation up to ±1, speed.
//
// Method: A. Genz, "Numerical computation of rectangular bivariate and trivariate normal and t
// probabilities", Statistics and Computing 14 (2004): Gauss-Legendre in the angle of the correlation below
// 0.925; above, an expansion about full correlation and the rest of its integral by quadrature.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension StandardNormal {
  /// Returns the probability that two correlated normal values are at most `x` and at most `y`.
  ///
  /// ```text
  /// Φ₂(x, y; ρ) = ∫∫ exp(−(u² − 2ρuv + v²)/(2(1 − ρ²))) / (2π √(1 − ρ²)) du dv,   u ≤ x, v ≤ y
  /// ```
  ///
  /// Error: at most 1e-15 absolute, measured against 30 digits. At ρ = ±1 the limit.
  ///
  /// - Parameters:
  ///   - x: The first limit.
  ///   - y: The second limit.
  ///   - correlation: ρ, in −1 ... 1.
  /// - Returns: A number in 0 ... 1; NaN for NaN and for a correlation outside its range.
  /// - Complexity: At most 40 exponentials, no allocation.
  public static func bivariateCDF(_ x: Double, _ y: Double, correlation: Double) -> Double {
    guard correlation.magnitude <= 1, !x.isNaN, !y.isNaN else { return .nan }
    if x == -.infinity || y == -.infinity { return 0 }
    if x == .infinity { return cdf(y) }
    if y == .infinity { return cdf(x) }
    let value =
      correlation.magnitude < strongCorrelation
      ? weaklyCorrelated(-x, -y, correlation) : stronglyCorrelated(-x, -y, correlation)
    return min(max(value, 0), min(cdf(x), cdf(y)))
  }

  private static let strongCorrelation = 0.925

  /// The tail of two values above h and k.
  private static func weaklyCorrelated(_ h: Double, _ k: Double, _ r: Double) -> Double {
    let product = h * k
    let squares = (h * h + k * k) / 2
    guard squares.isFinite, r != 0 else { return cdf(-h) * cdf(-k) }
    let half = asin(r) / 2
    var sum = 0.0
    for i in BivariateRule.nodes.indices {
      for side in [-1.0, 1.0] {
        let s = sin(half * (1 + side * BivariateRule.nodes[i]))
        sum += BivariateRule.weights[i] * exp((s * product - squares) / ((1 - s) * (1 + s)))
      }
    }
    return sum * half / (2 * Double.pi) + cdf(-h) * cdf(-k)
  }

  private static func stronglyCorrelated(_ h: Double, _ k: Double, _ r: Double) -> Double {
    let sign: Double = r < 0 ? -1 : 1
    let k = sign * k
    let product = h * k
    var value = 0.0
    let aSquare = (1 - r) * (1 + r)
    if aSquare > 0 && (h * h + k * k).isFinite {
      let a = aSquare.squareRoot()
      let bSquare = (h - k) * (h - k)
      let c = (4 - product) / 8
      let d = (12 - product) / 16
      let exponent = -(bSquare / aSquare + product) / 2
      if exponent > leastExponent {
        value =
          a * exp(exponent)
          * (1 - c * (bSquare - aSquare) * (1 - d * bSquare / 5) / 3 + c * d * aSquare * aSquare / 5)
      }
      if -product < -leastExponent {
        let b = bSquare.squareRoot()
        value -=
          exp(-product / 2) * rootTwoPi * cdf(-b / a) * b
          * (1 - c * bSquare * (1 - d * bSquare / 5) / 3)
      }
      let half = a / 2
      for i in BivariateRule.nodes.indices {
        for side in [-1.0, 1.0] {
          let x = half * (1 + side * BivariateRule.nodes[i])
          let square = x * x
          let root = (1 - square).squareRoot()
          let exponent = -(bSquare / square + product) / 2
          guard exponent > leastExponent else { continue }
          let ratio = (1 - root) / (2 * (1 + root))
          value +=
            half * BivariateRule.weights[i] * exp(exponent)
            * (exp(-product * ratio) / root - (1 + c * square * (1 + d * square)))
        }
      }
      value = -value / (2 * Double.pi)
    }
    if r > 0 { return value + cdf(-max(h, k)) }
    return h < k ? cdf(k) - cdf(h) - value : -value
  }

  private static let leastExponent = -100.0
  private static let rootTwoPi = 2.506_628_274_631_000_7
}

/// Gauss-Legendre of twenty points: the positive nodes and their weights.
private enum BivariateRule {
  private static let rule = GaussLegendre(checkedCount: 20)
  static let nodes = Array(rule.nodes.suffix(10))
  static let weights = Array(rule.weights.suffix(10))
}

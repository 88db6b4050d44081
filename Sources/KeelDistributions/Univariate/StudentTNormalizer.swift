// Goals in order: accuracy for every positive ν (the difference of two log-gammas cancels for large
// ones), derivatives for the fit, speed.
//
// With x = ν/2, ln Γ(x+½) − ln Γ(x) = ½ ln x + s(x),
//   s(x) = −Σ (1 − 4⁻ᵏ) B(2k) / (k (2k−1) x^(2k−1)),
// from Stirling's series (DLMF 5.11.1) and Legendre's duplication formula (DLMF 5.5.5); below the
// start of the series Γ(x+1) = x Γ(x) is used.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// c(ν) = ln(Γ((ν+1)/2) / (Γ(ν/2) √(νπ))), the logarithm of the density of Student's t at zero, and
/// its derivatives in ν.
package struct StudentTNormalizer {
  let degreesOfFreedom: Double

  /// Holds the degrees of freedom, positive.
  package init(degreesOfFreedom: Double) { self.degreesOfFreedom = degreesOfFreedom }

  /// The coefficients of x^−1, x^−3, … in s(x).
  private static let coefficients: [Double] = [
    -1.0 / 8, 1.0 / 192, -1.0 / 640, 17.0 / 14_336, -31.0 / 18_432, 691.0 / 180_224,
    -5461.0 / 425_984, 929_569.0 / 15_728_640,
  ]

  /// Where the series starts: the first omitted term, 0.36 x^−17, is below 1e-17 there.
  private static let seriesStart = 10.0

  private var half: Double { 0.5 * degreesOfFreedom }

  private var shift: Int {
    half >= Self.seriesStart ? 0 : Int((Self.seriesStart - half).rounded(.up))
  }

  /// c(ν).
  package var value: Double {
    let x = half
    var result = -halfLogTwoPi + Self.series(at: x + Double(shift)).value
    if shift > 0 {
      var product = (x + Double(shift)) * (x / ((x + 0.5) * (x + 0.5)))
      for k in 1..<max(shift, 1) {
        let factor = (x + Double(k)) / (x + Double(k) + 0.5)
        product *= factor * factor
      }
      result += 0.5 * log(product)
    }
    return result
  }

  /// c'(ν) and c''(ν).
  package var derivatives: (first: Double, second: Double) {
    let x = half
    let series = Self.series(at: x + Double(shift))
    var first = series.first
    var second = series.second
    if shift > 0 {
      let end = x + Double(shift)
      first += 0.5 * (1 / end - 1 / x)
      second -= 0.5 * (1 / (end * end) - 1 / (x * x))
      for k in 0..<shift {
        let whole = x + Double(k)
        let next = whole + 0.5
        // 1/whole − 1/next and the difference of their squares, without cancellation.
        let difference = 0.5 / (whole * next)
        first += difference
        second -= difference * (1 / whole + 1 / next)
      }
    }
    return (0.5 * first, 0.25 * second)
  }

  /// s(x), s'(x), s''(x) for x from ``seriesStart`` up.
  private static func series(
    at x: Double
  ) -> (value: Double, first: Double, second: Double) {
    let inverse = 1 / x
    let square = inverse * inverse
    var value = 0.0
    var first = 0.0
    var second = 0.0
    for k in coefficients.indices.reversed() {
      let coefficient = coefficients[k]
      let power = Double(2 * k + 1)
      value = value * square + coefficient
      first = first * square - power * coefficient
      second = second * square + power * (power + 1) * coefficient
    }
    return (value * inverse, first * square, second * square * inverse)
  }
}

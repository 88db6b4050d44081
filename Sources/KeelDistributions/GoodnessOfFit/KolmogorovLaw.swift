// Goals in order: accuracy for every size of the sample, bounded cost.
//
// Small samples: the matrix power of G. Marsaglia, W. Tsang and J. Wang, Evaluating Kolmogorov's
// distribution, Journal of Statistical Software 8 (2003), after J. Durbin (1973). Large ones: W. Pelz
// and I. Good, Approximating the lower tail-areas of the Kolmogorov-Smirnov one-sample statistic,
// Journal of the Royal Statistical Society B 38 (1976). Small p-values: twice the exact one-sided
// probability, N. Smirnov (1944). The regions are after R. Simard and P. L'Ecuyer, Computing the
// two-sided Kolmogorov-Smirnov distribution, Journal of Statistical Software 39 (2011).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The law of Kolmogorov's statistic of a sample of a continuous law.
enum KolmogorovLaw {
  private static let largestExactCount = 140
  /// n D² from which twice the one-sided probability is right to five digits.
  private static let exactTailStart = 4.0
  private static let tailStart = 2.2
  /// From here on the one-sided probability is its expansion.
  private static let largestSummedCount = 100_000

  /// P(D > d).
  static func survival(_ d: Double, observationCount n: Int) -> Double {
    guard d > 0.5 / Double(n) else { return d.isNaN ? .nan : 1 }
    guard d < 1 else { return 0 }
    let square = Double(n) * d * d
    if square >= (n <= largestExactCount ? exactTailStart : tailStart) {
      return min(1, 2 * oneSided(d, n))
    }
    let lower = n <= largestExactCount ? matrixPower(d, n) : expansion(square.squareRoot(), n)
    return min(max(1 - lower, 0), 1)
  }

  /// d Σ C(n, j) (d + j/n)^(j−1) (1 − d − j/n)^(n−j).
  private static func oneSided(_ d: Double, _ n: Int) -> Double {
    let count = Double(n)
    if n > largestSummedCount {
      // ln P: Smirnov's expansion to n^(−3/2), and the rate of large deviations to d⁶. While P is not 0 this is
      // right to 2e-6 of P.
      let square = d * d
      let rate = 2 + square * (4.0 / 9 + square * (32.0 / 135))
      return exp(-count * square * rate - d * (2.0 / 3 - d * (4.0 / 9 - d * (88.0 / 405))))
    }
    let all = SpecialFunctions.logGamma(count + 1)
    var sum = 0.0
    for j in 0...Int((count * (1 - d)).rounded(.down)) {
      let k = Double(j)
      let rest = 1 - d - k / count
      guard rest > 0 else { continue }
      let binomial =
        all - SpecialFunctions.logGamma(k + 1) - SpecialFunctions.logGamma(count - k + 1)
      sum += exp(binomial + (k - 1) * log(d + k / count) + (count - k) * log(rest))
    }
    return d * sum
  }

  /// P(D ≤ d) = n!/nⁿ times the middle element of Hⁿ.
  private static func matrixPower(_ d: Double, _ n: Int) -> Double {
    let scaled = Double(n) * d
    let k = Int(scaled.rounded(.up))
    let h = Double(k) - scaled
    let order = 2 * k - 1
    var matrix = [Double](repeating: 0, count: order * order)
    for i in 0..<order {
      for j in 0..<min(i + 2, order) { matrix[i * order + j] = 1 }
    }
    for i in 0..<order {
      let power = pow(h, Double(i + 1))
      matrix[i * order] -= power
      matrix[(order - 1) * order + i] -= pow(h, Double(order - i))
    }
    if 2 * h > 1 { matrix[(order - 1) * order] += pow(2 * h - 1, Double(order)) }
    for i in 0..<order {
      for j in 0..<min(i + 1, order) {
        matrix[i * order + j] /= exp(SpecialFunctions.logGamma(Double(i - j + 2)))
      }
    }
    // Powers by squaring; the growth is kept apart.
    var result = [Double](repeating: 0, count: order * order)
    for i in 0..<order { result[i * order + i] = 1 }
    var (base, exponent) = (matrix, n)
    var (logBase, logResult) = (0.0, 0.0)
    while exponent > 0 {
      if exponent % 2 == 1 {
        result = product(result, base, order)
        logResult += logBase
        logResult += rescale(&result, order)
      }
      exponent /= 2
      if exponent > 0 {
        base = product(base, base, order)
        logBase *= 2
        logBase += rescale(&base, order)
      }
    }
    let count = Double(n)
    let element = result[(k - 1) * order + k - 1]
    return element * exp(logResult + SpecialFunctions.logGamma(count + 1) - count * log(count))
  }

  private static func product(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
    var c = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for k in 0..<n {
        let factor = a[i * n + k]
        if factor == 0 { continue }
        for j in 0..<n { c[i * n + j] += factor * b[k * n + j] }
      }
    }
    return c
  }

  /// Divides by the middle element, and returns its logarithm.
  private static func rescale(_ a: inout [Double], _ n: Int) -> Double {
    let middle = a[(n / 2) * n + n / 2]
    guard middle > 0 else { return 0 }
    let inverse = 1 / middle
    for i in a.indices { a[i] *= inverse }
    return log(middle)
  }

  /// P(√n D ≤ z) with terms to n^(−3/2).
  private static func expansion(_ z: Double, _ n: Int) -> Double {
    let (z2, z4) = (z * z, z * z * z * z)
    let z6 = z4 * z2
    var (k0, k1, k2, k3) = (0.0, 0.0, 0.0, 0.0)
    var (whole2, whole3) = (0.0, 0.0)
    let square = Double.pi * Double.pi
    for k in 0..<expansionTerms {
      let half = Double(k) + 0.5
      let a = square * half * half
      let e = exp(-a / (2 * z2))
      k0 += e
      k1 += (a - z2) * e
      k2 += ((6 * z6 + 2 * z4) + (2 * z4 - 5 * z2) * a + (1 - 2 * z2) * a * a) * e
      k3 +=
        (a * a * a * (5 - 30 * z2) + a * a * (212 * z4 - 60 * z2) + a * (135 * z4 - 96 * z6)
          - (30 * z6 + 90 * z4 * z4)) * e
      let b = square * Double(k * k)
      let f = exp(-b / (2 * z2))
      whole2 += b * f
      whole3 += (3 * b * z2 - b * b) * f
    }
    // Every sum runs over both signs.
    let root = (2 * Double.pi).squareRoot()
    let first = root * k0 / z
    let second = root * k1 / (6 * z4)
    let third = root * (k2 / (72 * z6 * z) - whole2 / (36 * z2 * z))
    let fourth = root * (k3 / (6480 * z6 * z4) + whole3 / (216 * z6))
    let count = Double(n)
    return first + second / count.squareRoot() + third / count
      + fourth / (count * count.squareRoot())
  }

  /// At the largest z the exponent of the last term is −100.
  private static let expansionTerms = 20
}

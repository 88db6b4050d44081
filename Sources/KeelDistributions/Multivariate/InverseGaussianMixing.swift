// Rejection in ln W, whose density is log-concave: a constant between two points, exponentials beyond (L. Devroye, "Random
// variate generation for the generalized inverse Gaussian distribution", Statistics and Computing 24, 2014). Attempt k of
// path i reads element i of three streams, so that a draw is a function of the path alone.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Draws of `scale · V`, V generalized inverse Gaussian of an order and a concentration.
struct InverseGaussianMixing: Sendable {
  private let rate: Double
  private let order: Double
  private let isInverted: Bool
  private let logScale: Double

  // The hat: one from −left to right, exponentials beyond, with what it covers of each.
  private let left: Double
  private let right: Double
  private let leftScale: Double
  private let rightScale: Double

  init(order: Double, concentration: Double, scale: Double) {
    let l = order.magnitude
    // √(ω² + λ²) − λ without cancellation.
    let a = concentration * (concentration / (hypot(concentration, l) + l))
    self.order = l
    isInverted = order < 0
    rate = a
    // The mode of V, of which the draws are multiples: asinh(λ/ω).
    let mode = asinh(l / concentration)
    logScale = 0.5 * log(scale) + (order < 0 ? -0.5 : 0.5) * mode
    let t = Self.rightPoint(a, l)
    let s = Self.leftPoint(a, l)
    rightScale = -1 / Self.slope(t, a, l)
    leftScale = 1 / Self.slope(-s, a, l)
    right = t + rightScale * Self.exponent(t, a, l)
    left = s + leftScale * Self.exponent(-s, a, l)
  }

  /// −α (cosh x − 1) − λ (eˣ − x − 1).
  private static func exponent(_ x: Double, _ a: Double, _ l: Double) -> Double {
    let half = sinh(0.5 * x)
    return -2 * a * half * half - l * (expm1(x) - x)
  }

  private static func slope(_ x: Double, _ a: Double, _ l: Double) -> Double {
    -a * sinh(x) - l * expm1(x)
  }

  private static func rightPoint(_ a: Double, _ l: Double) -> Double {
    let depth = -exponent(1, a, l)
    if depth > 2 { return (2 / (a + l)).squareRoot() }
    return depth < 0.5 ? log(4 / (a + 2 * l)) : 1
  }

  private static func leftPoint(_ a: Double, _ l: Double) -> Double {
    let depth = -exponent(-1, a, l)
    if depth > 2 { return (4 / (a * cosh(1) + l)).squareRoot() }
    if depth >= 0.5 { return 1 }
    let inverse = 1 / a
    let point = log1p(inverse + (inverse * (inverse + 2)).squareRoot())
    return l > 0 ? min(1 / l, point) : point
  }

  /// One attempt from three uniform draws: ln of V over its mode, nil where it is refused.
  private func attempt(_ u: Double, _ v: Double, _ w: Double) -> Double? {
    let middle = left + right
    let place = u * (middle + leftScale + rightScale)
    let x: Double
    let logHat: Double
    if place < middle {
      x = v * middle - left
      logHat = 0
    } else if place < middle + rightScale {
      x = right - rightScale * log(v)
      logHat = log(v)
    } else {
      x = leftScale * log(v) - left
      logHat = log(v)
    }
    return log(w) + logHat <= Self.exponent(x, rate, order) ? x : nil
  }

  /// The square roots of the draws of a range of paths.
  func fillRoots(
    _ roots: inout [Double],
    _ range: Range<Int>,
    seed: UInt64,
    firstStream: UInt64
  ) {
    let (first, count) = (UInt64(range.lowerBound), range.count)
    var uniforms = [Double](repeating: 0, count: 3 * count)
    var all = uniforms.mutableSpan
    for k in 0..<3 {
      var part = all._mutatingExtracting((k * count)..<((k + 1) * count))
      RandomStream(seed: seed, stream: firstStream + UInt64(k)).fillUniform(&part, from: first)
    }
    let sign = isInverted ? -0.5 : 0.5
    for i in 0..<count {
      var draw = attempt(all[i], all[i + count], all[i + 2 * count])
      var stream = firstStream + 3
      while draw == nil {
        let index = first + UInt64(i)
        draw = attempt(
          RandomStream(seed: seed, stream: stream).uniform(at: index),
          RandomStream(seed: seed, stream: stream + 1).uniform(at: index),
          RandomStream(seed: seed, stream: stream + 2).uniform(at: index))
        stream += 3
      }
      roots[i] = exp(logScale + sign * (draw ?? 0))
    }
  }
}

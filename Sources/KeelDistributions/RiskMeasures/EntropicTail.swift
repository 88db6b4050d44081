// Goals in order: the least upper bound to rounding, no overflow, a bounded number of passes.
//
// With Λ(s) = ln Σ p exp(s L) the entropic value at risk is min over s > 0 of (Λ(s) + κ) / s with
// κ = −ln(1 − confidence). At the minimum s Λ′(s) − Λ(s) = κ: the exponentially tilted sample has the
// relative entropy κ to the sample, and its mean is the value. The left side grows with s from 0 to
// −ln P(L = max L); where κ is not reached, the value is the largest loss. Newton's method in a bracket.

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The entropic value at risk of a sample of losses.
package struct EntropicTail: Sendable {
  /// The entropic value at risk.
  package let value: Double

  /// The tilted probabilities: those with the relative entropy −ln(1 − confidence) to the sample whose
  /// mean loss is the value.
  package let weights: [Double]

  /// The z of z ln(Σ p exp(L/z) / (1 − confidence)); zero where the value is the largest loss.
  package let temperature: Double

  private static let stepLimit = 100
  /// The weights are as exact as the rate, the value more so: it is flat where it is least.
  private static let tolerance = 4 * Double.ulpOfOne

  /// - Parameters:
  ///   - losses: Finite losses, at least one.
  ///   - probabilities: Their probabilities, summing to one.
  ///   - confidence: The confidence, inside (0, 1).
  package init(losses: [Double], probabilities: [Double], confidence: Double) {
    let sample = WeightedSample(outcomes: losses, probabilities: probabilities)
    let top = sample.largest
    let entropy = -log1p(-confidence)
    let massAtTop = zip(losses, sample.probabilities).reduce(0) {
      $0 + ($1.0 == top.value ? $1.1 : 0)
    }
    // Losses below the largest one, in units of their mean distance.
    let unit = top.value - sample.mean { $0 }
    guard unit > 0, -log(massAtTop) > entropy else {
      (value, weights, temperature) = (top.value, top.slopes, 0)
      return
    }
    let distances = losses.map { ($0 - top.value) / unit }
    var low = 0.0
    var high = Double.infinity
    var rate = (2 * entropy).squareRoot()
    var tilted = TiltedSample(distances, sample.probabilities, rate)
    for _ in 0..<Self.stepLimit {
      let excess = tilted.entropy - entropy
      if excess > 0 { high = rate } else { low = rate }
      let step = excess / (rate * tilted.variance)
      if step.magnitude <= Self.tolerance * rate || high - low <= Self.tolerance * rate { break }
      var next = rate - step
      if !(next > low && next < high) { next = high < .infinity ? (low + high) / 2 : 4 * rate }
      rate = next
      tilted = TiltedSample(distances, sample.probabilities, rate)
    }
    value = top.value + unit * (tilted.logMoment + entropy) / rate
    weights = tilted.weights
    temperature = unit / rate
  }
}

extension WeightedSample {
  /// The entropic value at risk of numbers that are losses.
  func entropicTail(_ confidence: Double) -> SampleRisk {
    let tail = EntropicTail(
      losses: outcomes, probabilities: probabilities, confidence: confidence)
    return SampleRisk(value: tail.value, slopes: tail.weights)
  }
}

/// A sample of numbers of at most zero, each with a probability in proportion to p exp(s y).
private struct TiltedSample {
  let weights: [Double]
  /// ln Σ p exp(s y).
  let logMoment: Double
  /// The relative entropy to the sample.
  let entropy: Double
  let variance: Double

  init(_ distances: [Double], _ probabilities: [Double], _ rate: Double) {
    let masses = zip(distances, probabilities).map { $1 > 0 ? $1 * exp(rate * $0) : 0 }
    let total = CompensatedSum.of(masses)
    let weights = masses.map { $0 / total }
    var sum = CompensatedSum()
    for (y, q) in zip(distances, weights) { sum.add(q * y) }
    let mean = sum.value
    var squares = CompensatedSum()
    for (y, q) in zip(distances, weights) { squares.add(q * (y - mean) * (y - mean)) }
    self.weights = weights
    logMoment = log(total)
    entropy = rate * mean - logMoment
    variance = squares.value
  }
}

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Probabilities whose relative entropy to given ones is limited: those of which the entropic value at
/// risk is the largest mean loss.
package enum EntropyLimit {
  /// Makes weights into allowed probabilities: mixtures with the given ones have at most the same share
  /// of the entropy.
  ///
  /// - Parameters:
  ///   - weights: Any finite numbers.
  ///   - probabilities: As many probabilities that sum to one.
  ///   - limit: The largest entropy, not negative.
  package static func apply(
    to weights: inout [Double],
    probabilities: [Double],
    limit: Double
  ) {
    var sum = 0.0
    for (t, p) in probabilities.enumerated() where p > 0 { sum += max(weights[t], 0) }
    var entropy = CompensatedSum()
    for (t, p) in probabilities.enumerated() {
      weights[t] = p > 0 && sum > 0 ? max(weights[t], 0) / sum : p
      if weights[t] > 0 { entropy.add(weights[t] * log(weights[t] / p)) }
    }
    if entropy.value <= limit { return }
    let share = limit / entropy.value
    for (t, p) in probabilities.enumerated() { weights[t] = p + share * (weights[t] - p) }
  }
}

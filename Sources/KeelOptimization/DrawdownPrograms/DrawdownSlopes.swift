import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Goals: (1) a plane below the risk, whatever the iterations found; (2) the plane of the optimum where
// they found it.
//
// For pulls g that the risk allows, ρ(d) ≥ Σ g d. With masses λ ≥ 0 that hand back no more than the
// pulls, λ(t) − λ(t + 1) ≤ g(t), and d ≥ 0, d(t) − d(t − 1) ≥ −(R x)(t):
//
//   Σ g d ≥ Σ (λ(t) − λ(t + 1)) d(t) = Σ λ(t) (d(t) − d(t − 1)) ≥ −Σ λ (R x)
//
// Allowed are: the probabilities for the mean; Σ g²/p ≤ 1 for the root mean square; 0 ≤ g ≤ limit with
// Σ g = 1 for a tail; probabilities of relative entropy at most −ln(1 − confidence) for the entropic
// risk.

extension DrawdownProgram {
  /// Makes masses and pulls that are nearly allowed into slopes of a supporting plane.
  ///
  /// - Parameters:
  ///   - masses: λ, one number a time.
  ///   - pulls: g, one number a time; the mean and the root mean square have their own.
  ///   - limits: The largest multipliers of a tail.
  /// - Returns: One slope an outcome, and what dual values must be multiplied with.
  func slopes(
    masses: [Double],
    pulls: [Double],
    limits: [Double]
  ) -> (slopes: [Double], factor: Double) {
    var pulls = pulls
    var factor = 1.0
    switch risk {
    case .mean: pulls = base.probabilities
    case .rootMeanSquare:
      pulls = handedBack(masses)
      var square = 0.0
      for (g, p) in zip(pulls, base.probabilities) where p > 0 { square += g * g / p }
      factor = square > 0 ? 1 / square.squareRoot() : 0
      for t in pulls.indices { pulls[t] *= factor }
    case .tail: ShortfallMultipliers.normalize(&pulls, limits: limits)
    case .largest:
      ShortfallMultipliers.normalize(
        &pulls, limits: base.probabilities.map { $0 > 0 ? DrawdownObjective.noLimit : 0 })
    case .entropic(let confidence):
      EntropyLimit.apply(
        to: &pulls, probabilities: base.probabilities, limit: -log1p(-confidence))
    }
    var slopes = [Double](repeating: 0, count: masses.count)
    var later = 0.0
    for t in slopes.indices.reversed() {
      later = min(max(masses[t] * factor, 0), later + pulls[t])
      slopes[t] = later == 0 ? 0 : -later
    }
    return (slopes, factor)
  }

  /// λ(t) − λ(t + 1), where it is positive and the time has a probability.
  private func handedBack(_ masses: [Double]) -> [Double] {
    masses.indices.map { t in
      let later = t + 1 < masses.count ? max(masses[t + 1], 0) : 0
      return base.probabilities[t] > 0 ? max(masses[t] - later, 0) : 0
    }
  }
}

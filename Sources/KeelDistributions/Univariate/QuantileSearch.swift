// Goals in order: the root of any monotone tail, certain end, few evaluations.
//
// The point is center + scale · sinh u. There ln P(X > x) is near a line for power laws and concave
// for lighter tails, so that Newton's steps converge from any start; a bracket guards them.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Inverts the logarithm of an upper tail.
enum QuantileSearch {
  /// The point above which a law has a given probability.
  ///
  /// - Parameters:
  ///   - logProbability: The logarithm of the probability, finite and negative.
  ///   - center: A point of the law's middle.
  ///   - scale: How far the law spreads.
  ///   - logTail: ln P(X > x) and ln f(x).
  static func upperPoint(
    logProbability: Double,
    center: Double,
    scale: Double,
    _ logTail: (Double) -> (tail: Double, density: Double)
  ) -> Double {
    var low = -Double.infinity
    var high = Double.infinity
    var u = 0.0
    var reach = 1.0
    for _ in 0..<maximumSteps {
      let x = center + scale * sinh(u)
      guard x.isFinite else {
        if u > 0 { high = u } else { low = u }
        u = low.isFinite && high.isFinite ? 0.5 * (low + high) : u * 0.5
        if high - low < 1e-12 { return x }
        continue
      }
      let (tail, density) = logTail(x)
      let excess = tail - logProbability
      if excess == 0 { return x }
      if excess > 0 { low = u } else { high = u }
      // d ln P/du = −f/P · scale cosh u.
      let slope = exp(density - tail) * scale * cosh(u)
      var next = u + excess / slope
      // Newton may leap over a plateau; the bracket grows by doubling.
      if !(next > low && next < high) || (next - u).magnitude > reach {
        if low.isFinite && high.isFinite && !(next > low && next < high) {
          next = 0.5 * (low + high)
        } else {
          next = u + (excess > 0 ? reach : -reach)
          if !(next > low && next < high) { next = 0.5 * (low + high) }
        }
        reach *= 2
      }
      let change = next - u
      // In x the step is scale cosh u · change.
      if (scale * cosh(u) * change).magnitude
        <= stepTolerance * max(x.magnitude, scale * smallest)
      {
        return x + scale * cosh(u) * change
      }
      u = next
      if high - low <= Double.ulpOfOne * max(u.magnitude, smallest) { break }
    }
    return center + scale * sinh(u)
  }

  /// Newton doubles the digits.
  private static let stepTolerance = 1e-9

  /// Points closer to zero than this share of the scale are as good as zero.
  private static let smallest = 1e-6

  private static let maximumSteps = 300
}

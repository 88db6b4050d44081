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
  ///   - smallest: A distance from the center, in scales, below which digits do not count.
  ///   - logTail: ln P(X > x) and ln f(x).
  /// - Returns: The point.
  static func upperPoint(
    logProbability: Double,
    center: Double,
    scale: Double,
    smallest: Double = 1e-3,
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
      let change = (next - u).magnitude
      u = next
      if change <= stepTolerance * max(u.magnitude, smallest) { break }
    }
    return center + scale * sinh(u)
  }

  /// Some ulp: below it steps are rounding.
  private static let stepTolerance = 4e-16

  private static let maximumSteps = 300
}

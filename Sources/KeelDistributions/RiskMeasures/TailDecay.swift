// Goals in order: the right side of the border between a finite and an infinite moment, few evaluations.
//
// The logarithm of the probability of a tail is taken so far out that only its leading term is left: −α ln t of a power, −κ t of
// an exponential. Probabilities near the least number are not far enough: of Student's law with a hundred degrees of freedom they
// are at a thousand scales only.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How fast a tail of a law falls.
struct TailDecay {
  /// What rounding leaves of the comparison of a rate or an index with a bound.
  static let tolerance = 1e-9

  /// The logarithm of the probability beyond a distance from the middle.
  private let logTail: (Double) -> Double

  /// The distance of the quartiles.
  private let scale: Double

  init(lowerOf law: some ContinuousDistribution) {
    let center = law.quantile(0.5)
    logTail = { law.logCDF(center - $0) }
    scale = max(law.survivalQuantile(0.25) - law.quantile(0.25), .leastNormalMagnitude)
  }

  init(upperOf law: some ContinuousDistribution) {
    let center = law.quantile(0.5)
    logTail = { law.logSurvival(center + $0) }
    scale = max(law.survivalQuantile(0.25) - law.quantile(0.25), .leastNormalMagnitude)
  }

  /// α of a tail t^(−α); very large or infinite for tails that fall faster, nil when the tail cannot be found far out.
  var index: Double? {
    slope(distances: [1e100, 1e50, 1e25, 1e12, 1e6].map { $0 * scale }) { _ in log(2) }
  }

  /// κ of a tail e^(−κ t), from distances far beyond a given one; zero but for rounding for slower tails, very large or
  /// infinite for faster ones, nil when the tail cannot be found far out.
  func rate(beyond distance: Double) -> Double? {
    let unit = max(distance, scale)
    return slope(distances: [1e15, 1e14, 1e13, 1e12].map { $0 * unit }) { $0 }
  }

  /// The fall of the logarithm between a distance and its double, over what that is in a measure.
  private func slope(distances: [Double], measure: (Double) -> Double) -> Double? {
    for distance in distances {
      let (near, far) = (logTail(distance), logTail(2 * distance))
      if near.isNaN || far.isNaN { continue }
      if far == -.infinity { return .infinity }
      return (near - far) / measure(distance)
    }
    return nil
  }
}

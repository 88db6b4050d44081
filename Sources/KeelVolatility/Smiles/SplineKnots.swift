import KeelDerivatives
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where the density of a spline bends, and the normal density next to which it is smooth.
struct SplineKnots {
  /// The largest and the least distance of knots, and the one from which a knot stands between two quotes, in deviations at
  /// the money: a linear density between knots this close is within some 1e-3 of a normal one.
  private static let largestGap = 0.25
  private static let splitGap = 0.1
  private static let leastGap = 0.02

  /// The deviations that knots reach beyond the quotes, and beyond one deviation where quotes end before.
  private static let reach = 1.5

  /// The most intervals of the largest gap.
  private static let largestCount = 300.0

  let strikes: [Double]

  /// The total variance of the normal density at each knot.
  private let variances: [Double]

  init(_ bands: QuoteBands, _ deviation: Double, _ previous: SplineSmile?) {
    let last = bands.count - 1
    var lower = min(bands.places[0], -deviation) - Self.reach * deviation
    var upper = max(bands.places[last], deviation) + Self.reach * deviation
    if let previous {
      lower = min(lower, log(previous.strikes[0]))
      upper = max(upper, log(previous.strikes[previous.strikes.count - 1]))
    }
    let gap = max(Self.largestGap * deviation, (upper - lower) / Self.largestCount)
    let places = [lower] + bands.places + [upper]
    var knots = [lower]
    for (start, end) in zip(places, places.dropFirst()) {
      var parts = max((end - start) / gap, 1).rounded(.up)
      if parts == 1, end - start > Self.splitGap * deviation { parts = 2 }
      for part in 1...Int(parts) {
        let knot = start + (end - start) * Double(part) / parts
        if knot - knots[knots.count - 1] > Self.leastGap * deviation { knots.append(knot) }
      }
    }
    strikes = knots.map { exp($0) }
    variances = knots.map { knot in
      let own = Self.interpolated(bands, knot)
      let earlier = previous?.totalVariance(at: knot).value ?? 0
      return earlier > own ? earlier : own
    }
  }

  /// The middle variance between quotes, that of the last one beyond them.
  private static func interpolated(_ bands: QuoteBands, _ place: Double) -> Double {
    guard let right = bands.places.firstIndex(where: { $0 >= place }) else {
      return bands.targets[bands.count - 1]
    }
    guard right > 0 else { return bands.targets[0] }
    let start = bands.places[right - 1]
    let part = (place - start) / (bands.places[right] - start)
    return bands.targets[right - 1] * (1 - part) + bands.targets[right] * part
  }

  /// The density of price over forward of the normal law at a knot.
  func normalDensity(_ knot: Int) -> Double {
    let root = variances[knot].squareRoot()
    let x = strikes[knot]
    return StandardNormal.pdf(-log(x) / root - root / 2) / (x * root)
  }

  /// The power by which prices of the normal law fall at an end.
  func normalExponent(_ end: Int) -> Double {
    let variance = variances[end]
    let fall = log(strikes[end]) / variance
    // d ln f/d ln x is -ln x/w - 3/2.
    let exponent = end == 0 ? -fall - 0.5 : fall - 0.5
    return max(exponent, SplineSmile.exponents[0])
  }

  /// Adds the square of the second derivative of the density over the normal one, by deviations, to a quadratic form.
  func addRoughness(
    _ factor: Double,
    _ basis: SplineBasis,
    _ deviation: Double,
    _ order: Int,
    _ quadratic: inout [Double]
  ) {
    let places = strikes.map { log($0) / deviation }
    for knot in 1..<max(strikes.count - 1, 1) {
      let (before, after) = (places[knot] - places[knot - 1], places[knot + 1] - places[knot])
      let root = (2 / (before + after)).squareRoot()
      let weights = [root / before, -root / before - root / after, root / after]
      let terms = (0..<3).flatMap { side in
        basis.elements(at: knot - 1 + side).map { ($0, weights[side]) }
      }
      for (i, one) in terms {
        for (j, other) in terms where j <= i { quadratic[i + j * order] += factor * one * other }
      }
    }
  }
}

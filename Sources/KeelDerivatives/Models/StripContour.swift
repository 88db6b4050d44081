import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which way a contour bends.
enum ContourBend: Double, CaseIterable {
  case away = 1
  case straight = 0
  case back = -1
}

/// A hyperbola on the side of 1, or of 0, and the strip of hyperbolas around it.
struct StripContour {
  /// Its angle with the vertical, positive away from the other side.
  let angle: Double

  /// Half of the angles that the strip covers.
  let halfWidth: Double

  private let side: Double
  private let width: Double
  private let center: Double

  init(side: Double, width: Double, bend: ContourBend, halfWidth: Double) {
    (self.side, self.width, self.halfWidth) = (side, width, halfWidth)
    angle = bend.rawValue * halfWidth
    let bottom: Double =
      switch bend {
      case .away: 0
      case .straight: sin(halfWidth)
      case .back: sin(2 * halfWidth)
      }
    // The pole, at 1 or 0, lies on the inner end of the strip.
    center = (side > 0 ? 1 : 0) + side * width * bottom
  }

  /// The angles of the edges, a little inside, away from the pole.
  var edges: [Double] { [angle - Self.share * halfWidth, angle + Self.share * halfWidth] }

  private static let share = 0.9

  /// The hyperbola of an angle.
  func arc(at angle: Double) -> StripArc {
    StripArc(center: center, bent: side * width * sin(angle), straight: width * cos(angle))
  }

  /// The step that brings integrals along the edges below an error.
  func step(bringing edges: Double, below error: Double) -> Double {
    2 * .pi * Self.share * halfWidth / log1p(edges / error)
  }

  /// What a step divides the integrals along the edges by.
  func gain(_ step: Double) -> Double { expm1(2 * .pi * Self.share * halfWidth / step) }
}

/// One hyperbola.
struct StripArc {
  let center: Double
  let bent: Double
  let straight: Double

  /// The point at a parameter, and its derivative by it divided by `i`.
  func point(_ parameter: Double) -> (z: Complex, slope: Complex) {
    let growth = exp(parameter)
    let (c, s) = ((growth + 1 / growth) / 2, (growth - 1 / growth) / 2)
    return (Complex(center + bent * c, straight * s), Complex(straight * c, -bent * s))
  }
}

/// Between which the logarithms of the strikes lie.
struct StrikeRange {
  let least: Double
  let greatest: Double

  init(_ logStrikes: [Double]) {
    least = logStrikes.min() ?? 0
    greatest = logStrikes.max() ?? 0
  }
}

/// The integrals of the modulus along the edges of a strip, at the least and greatest strikes.
struct StripEdges {
  let least: Double
  let greatest: Double

  var largest: Double { max(least, greatest) }

  func divided(by divisor: Double) -> StripEdges {
    StripEdges(least: least / divisor, greatest: greatest / divisor)
  }

  /// A bound of them at a strike between: their logarithm is convex in that of the strike.
  func value(at logStrike: Double, _ strikes: StrikeRange) -> Double {
    guard strikes.greatest > strikes.least, least.isNormal, greatest.isNormal else {
      return largest
    }
    let place = (logStrike - strikes.least) / (strikes.greatest - strikes.least)
    return least * exp(place * log(greatest / least))
  }
}

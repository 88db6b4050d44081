#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension SVISmile {
  /// How far the smile is from a butterfly arbitrage, over the whole line.
  ///
  /// The line is scanned in `asinh((k - m)/σ)` and refined by minimization; the limits of the density factor in the
  /// wings are `(4 - b²(1 ± ρ)²)/16`. The least factor is found to 1e-9 or so of its size.
  ///
  /// - Complexity: O(1): some 300 evaluations.
  public var butterflyMargin: ButterflyMargin {
    let density = SVIDensity(self)
    let worst = density.minima(pointCount: SVIDensity.densePointCount).least
    let (left, right) = wingSlopes
    let limits = [(-Double.infinity, left), (.infinity, right)].map {
      ($0.0, (4 - $0.1 * $0.1) / 16)
    }
    var (place, least) = (worst.argument, worst.value)
    for (end, limit) in limits where limit < least { (place, least) = (end, limit) }
    return ButterflyMargin(
      densityFactor: least, logMoneyness: place, leftWing: 2 - left, rightWing: 2 - right)
  }
}

/// The density factor of a hyperbola in the coordinate `l = (k - m)/σ`.
///
/// ```text
/// g = (1 - (l + m/σ) N′/2N)² - b²N′²/16 + b/2σ (N″ - N′²/2N),   N = a/bσ + ρ l + √(l² + 1)
/// ```
///
/// Source: C. Martini and A. Mingone, "No arbitrage SVI", SIAM Journal on Financial Mathematics 13 (2022).
struct SVIDensity {
  /// The points of a scan that is reported, and of one within a search.
  static let densePointCount = 257
  static let sparsePointCount = 65

  /// How many times the farthest scale of the smile the scan reaches, where the factor is its limit to 1e-3.
  static let reach = 1e3

  private let b: Double
  private let rho: Double
  private let m: Double
  private let sigma: Double
  private let level: Double

  init(_ smile: SVISmile) {
    self.init(a: smile.a, b: smile.b, rho: smile.rho, m: smile.m, sigma: smile.sigma)
  }

  init(a: Double, b: Double, rho: Double, m: Double, sigma: Double) {
    (self.b, self.rho, self.m, self.sigma) = (b, rho, m, sigma)
    level = a / sigma
  }

  /// The factor at a log-moneyness; NaN where the variance is not positive.
  func factor(at k: Double) -> Double { factor(l: (k - m) / sigma) }

  private func factor(l: Double) -> Double {
    let root = (l * l + 1).squareRoot()
    let slope = b * (rho + l / root)
    let width = level + b * (rho * l + root)
    guard width > 0 else { return .nan }
    let bracket = 1 - (l + m / sigma) * slope / (2 * width)
    let bend = b / (root * root * root) - slope * slope / (2 * width)
    return bracket * bracket - slope * slope / 16 + bend / (2 * sigma)
  }

  /// The local minima over the line, by log-moneyness.
  func minima(pointCount: Int) -> LineMinima {
    let scale = 1 + (m / sigma).magnitude + (b > 0 ? min((level / b).magnitude, Self.reach) : 0)
    let end = asinh(Self.reach * scale)
    var minima = LineMinima(from: -end, to: end, pointCount: pointCount) { factor(l: sinh($0)) }
    minima.map { m + sigma * sinh($0) }
    return minima
  }
}

// Goals in order: the relative accuracy of small tails, no bad case among eigenvalues, speed.
//
// With independent standard normal z and V = Σ (b z + λ (z² − 1) / 2) the cumulant function is
//
//   K(s) = Σ ( b² s² / (2 (1 − λ s)) − ln(1 − λ s) / 2 − λ s / 2 )
//
// and for any c > 0 below 1 / max λ, along Re s = c or any path that can be bent to it,
//
//   f(x) = ∫ e^(K(s) − s x) ds / 2πi,   P(V > x) = ∫ e^(K(s) − s x) / s ds / 2πi,   E[max(V − x, 0)] = ∫ e^(K(s) − s x) / s² ds / 2πi
//
// The path is a hyperbola through the saddle point of the second integrand, tilted to the side where the integrand decays; on it
// the trapezoidal rule converges geometrically, and every tail has its digits because the saddle point's size is a factor.
// Sources: J. Imhof, "Computing the distribution of quadratic forms in normal variables", Biometrika 48 (1961), for the integral;
// S. Rice, "Distribution of quadratic forms in normal random variables: evaluation by numerical integration", SIAM Journal on Scientific
// and Statistical Computing 1 (1980), for the path through the saddle point.

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The upper tail of a quadratic form in normal variables, of mean zero.
struct QuadraticFormTail: Hashable, Sendable {
  /// One variable: its slope squared and its curvature.
  struct Term: Hashable, Sendable {
    /// b².
    var slopeSquare: Double
    /// λ.
    var curvature: Double
  }

  /// The variables.
  let terms: [Term]

  /// 1 / max λ: where the cumulant function ends.
  private let end: Double

  init(terms: [Term]) {
    self.terms = terms
    let largest = terms.reduce(0) { max($0, $1.curvature) }
    end = largest > 0 ? 1 / largest : .infinity
  }

  /// The same of −V.
  var mirrored: QuadraticFormTail {
    QuadraticFormTail(
      terms: terms.map { Term(slopeSquare: $0.slopeSquare, curvature: -$0.curvature) })
  }

  /// The largest value of V.
  var largest: Double {
    var sum = 0.0
    for term in terms {
      if term.curvature > 0 || (term.curvature == 0 && term.slopeSquare > 0) { return .infinity }
      if term.curvature < 0 {
        sum -= (term.slopeSquare / term.curvature + term.curvature) / 2
      }
    }
    return sum
  }

  /// Logarithms of what lies beyond a point.
  struct Logarithms {
    /// ln f(x).
    var density = -Double.infinity
    /// ln P(V > x).
    var tail = -Double.infinity
    /// ln E[max(V − x, 0)].
    var excess = -Double.infinity

    /// What is known when an integral is not.
    static let unresolved = Logarithms(density: .nan, tail: .nan, excess: .nan)
  }

  /// The integrals at a point; all nothing from the largest value on, within its rounding, and NaN where they are not resolved.
  func logarithms(_ point: Double) -> Logarithms {
    // Next to zero the density may be singular, and a point of unit size has no more digits.
    let x = point.magnitude < Double.ulpOfOne ? 0 : point
    let largest = largest
    if x >= largest || x >= largest - Self.rounding * largest.magnitude { return Logarithms() }
    guard let center = saddlePoint(x) else { return bounded(x) }
    guard let contour = contour(x, center), let sums = integrals(contour, x) else {
      return bounded(x, near: center)
    }
    let size = contour.base - log(Double.pi)
    return Logarithms(
      density: size + Self.logarithm(sums.density),
      tail: min(size + Self.logarithm(sums.tail), 0),
      excess: size + Self.logarithm(sums.excess))
  }

  /// The bound e^(K(s) − s x) where it is as good as the tail: the logarithm is then exact to some thousandths.
  private func bounded(_ x: Double, near center: Double = .nan) -> Logarithms {
    var bound = exponent(Complex(center), x).real
    if bound.isNaN { bound = exponent(Complex(end < .infinity ? end / 2 : 1), x).real }
    guard bound < Self.boundOfBounds else { return .unresolved }
    return Logarithms(density: bound, tail: bound, excess: bound)
  }

  /// Far below the least number.
  private static let boundOfBounds = -1e5

  /// Above it a sum has no three digits.
  private static let largestNoise = 1e-3

  /// NaN where nothing positive is left of a sum.
  private static func logarithm(_ sum: Double) -> Double { sum > 0 ? log(sum) : .nan }

  /// Next to the largest value the cumulant function has no digits.
  private static let rounding = 16 * Double.ulpOfOne
}

// MARK: - The cumulant function

extension QuadraticFormTail {
  /// K(s) − s x.
  private func exponent(_ s: Complex, _ x: Double) -> Complex {
    var sum = s * -x
    let square = s * s
    for term in terms {
      if term.slopeSquare > 0 {
        sum = sum + square * (term.slopeSquare / 2) / (1 - s * term.curvature)
      }
      if term.curvature != 0 {
        let shift = s * -term.curvature
        sum = sum + (shift - shift.logarithmOnePlus) * 0.5
      }
    }
    return sum
  }

  /// K′(s) and K″(s).
  private func cumulantSlopes(_ s: Double) -> (first: Double, second: Double) {
    var (first, second) = (0.0, 0.0)
    for term in terms {
      let (b, l) = (term.slopeSquare, term.curvature)
      let rest = 1 - l * s
      first += s * (b * (1 - l * s / 2) / rest + l * l / 2) / rest
      second += (b / rest + l * l / 2) / (rest * rest)
    }
    return (first, second)
  }

  /// Where K′(s) − x = 1/s for s > 0; nil when it is not found.
  private func saddlePoint(_ x: Double) -> Double? {
    let value: (Double) -> (value: Double, derivative: Double) = { s in
      let (first, second) = self.cumulantSlopes(s)
      return (first - x - 1 / s, second + 1 / (s * s))
    }
    var low = min(1, end / 2)
    while value(low).value > 0 {
      low /= 2
      guard low > .leastNormalMagnitude else { return nil }
    }
    var high = low
    var steps = 0
    while !(value(high).value > 0) {
      low = high
      let next = end < .infinity ? end - (end - high) / 2 : 2 * high
      steps += 1
      guard next > high, next < .infinity, steps < Self.bracketLimit else { return nil }
      high = next
    }
    var settings = Brent.Settings()
    // Any point near the saddle does.
    settings.relativeTolerance = 1e-8
    settings.absoluteTolerance = 0
    return try? SafeguardedNewton.root(of: value, in: low...high, settings: settings).argument
  }

  private static let bracketLimit = 1100
}

// MARK: - Means given a tail

extension QuadraticFormTail {
  /// A point of the path with what the integrands of the density and of the tail weigh there.
  struct Node {
    var place: Complex
    var density: Complex
    var tail: Complex
  }

  /// The points of the path for x; nil where the integrals have no digits, that of the density where it is needed.
  ///
  /// With the variables tilted by s a mean given V = x is the sum of the imaginary parts of density times mean over that of the density, and
  /// a mean given V > x the same with the weights of the tail.
  func nodes(_ x: Double, isDensityNeeded: Bool) -> [Node]? {
    guard let center = saddlePoint(x), let contour = contour(x, center),
      let sums = integrals(contour, x), sums.tail > 0,
      !isDensityNeeded || sums.densityError <= Self.densityTolerance
    else { return nil }
    var nodes: [Node] = []
    var k = 0
    while Double(k) * sums.step <= contour.length {
      let (place, derivative) = contour.path.point(Double(k) * sums.step)
      let weight = (exponent(place, x) - contour.base).exponential * derivative
      let half = k == 0 ? weight * 0.5 : weight
      nodes.append(Node(place: place, density: half, tail: half / place))
      k += 1
    }
    return nodes
  }
}

// MARK: - The path

extension QuadraticFormTail {
  /// A path for a point, where it ends, the exponent at the saddle point and the rounding to expect.
  private struct Contour {
    var path: Path
    var length: Double
    var base: Double
    var noise: Double
  }

  /// The path through the saddle point; nil where the exponent has no digits.
  private func contour(_ x: Double, _ center: Double) -> Contour? {
    let (_, slope) = cumulantSlopes(center)
    let path = Path(
      center: center, width: 1 / (slope + 1 / (center * center)).squareRoot())
    let base = exponent(Complex(center), x).real
    let (tilted, length) = steepest(path, x, base)
    // The rounding of the exponent is that of its parts.
    let noise = Self.rounding * max(1, center * x.magnitude)
    guard noise < Self.largestNoise else { return nil }
    return Contour(path: tilted, length: length, base: base, noise: noise)
  }

  /// A hyperbola through the saddle point.
  private struct Path {
    let center: Double
    let width: Double
    /// Sine and cosine of the angle between its ends and the imaginary direction.
    var sine = 0.0
    var cosine = 1.0

    func point(_ u: Double) -> (place: Complex, derivative: Complex) {
      let (rise, run) = (sinh(u), cosh(u))
      return (
        Complex(center + width * sine * (run - 1), width * cosine * rise),
        Complex(width * sine * rise, width * cosine * run)
      )
    }
  }

  /// The tilt with which the integrand decays first, and the parameter where it has.
  private func steepest(
    _ path: Path,
    _ x: Double,
    _ base: Double
  ) -> (path: Path, length: Double) {
    var best = (path: path, length: Double.infinity)
    // 30 degrees: a normal part still decays, and so does an exponential one.
    for sine in [0, 0.5, -0.5] {
      var tilted = path
      tilted.sine = sine
      tilted.cosine = (1 - sine * sine).squareRoot()
      let length = decayLength(tilted, x, base, limit: min(best.length, Self.longestPath))
      if length < best.length { best = (tilted, length) }
    }
    // At a singular point the density is infinite and its integrand does not decay; that of the tail does.
    return best.length == .infinity ? (path, Self.longestPath) : best
  }

  /// The parameter beyond which the integrand of the density does not count; infinite when it grows before.
  private func decayLength(
    _ path: Path,
    _ x: Double,
    _ base: Double,
    limit: Double
  ) -> Double {
    var u = 0.0
    while u < limit {
      u += 0.25
      let (place, derivative) = path.point(u)
      let size =
        exponent(place, x).real - base + log(derivative.modulus / path.width)
      if size < Self.negligible { return u }
      if size > Self.growth { return .infinity }
    }
    return .infinity
  }

  private static let longestPath = 45.0
  private static let negligible = -42.0
  private static let growth = 3.0

  /// π times the three integrals, over the size at the saddle point.
  private struct Sums {
    var density: Double
    var tail: Double
    var excess: Double
    /// The relative error of the density, from its last step and the end of the path.
    var densityError: Double
    /// The step with which they converged.
    var step: Double
  }

  /// The integrals; nil when they do not converge.
  private func integrals(_ contour: Contour, _ x: Double) -> Sums? {
    let (path, length, base) = (contour.path, contour.length, contour.base)
    func terms(_ u: Double) -> (Double, Double, Double) {
      let (place, derivative) = path.point(u)
      let density = (exponent(place, x) - base).exponential * derivative
      let tail = density / place
      return (density.imaginary, tail.imaginary, (tail / place).imaginary)
    }
    var step = 0.25
    var sums = terms(0)
    sums = (sums.0 / 2, sums.1 / 2, sums.2 / 2)
    var spacing = 1
    var (tail, density) = (Double.nan, Double.nan)
    for pass in 1...Self.refinements {
      var k = 1
      while Double(k) * step <= length {
        let next = terms(Double(k) * step)
        sums = (sums.0 + next.0, sums.1 + next.1, sums.2 + next.2)
        k += spacing
      }
      let value = sums.1 * step
      let change = (value - tail).magnitude / value.magnitude
      let lastTolerance = max(Self.lastTolerance, contour.noise)
      if change <= (pass < Self.refinements ? Self.tolerance : lastTolerance) {
        let last = terms(length)
        guard last.1.magnitude <= lastTolerance * sums.1.magnitude else { return nil }
        let share = (last.0 / sums.0).magnitude
        let isSingular = share > Self.singularShare
        return Sums(
          density: isSingular ? .infinity : sums.0 * step, tail: sums.1 * step,
          excess: sums.2 * step,
          densityError: max(share, (density / (sums.0 * step) - 1).magnitude), step: step)
      }
      tail = value
      density = sums.0 * step
      spacing = 2
      step /= 2
    }
    return nil
  }

  private static let refinements = 7
  private static let tolerance = 2e-15
  /// Rounding may keep the sums from the first tolerance.
  private static let lastTolerance = 1e-11
  /// The end of a density's integrand over the sum from which on it has not decayed.
  private static let singularShare = 1e-6
  /// The error of a density from which on means at a point are not resolved.
  private static let densityTolerance = 1e-9
}

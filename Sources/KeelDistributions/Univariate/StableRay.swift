// Goals in order: indices next to one without cancellation, speed.
//
// The inversion integral of the characteristic function, in J. P. Nolan's parametrization S0,
//   E(t) = −itx − t^α − iβ tan(πα/2) (t − t^α),
// along a ray from 0 by the trapezoidal rule in w = ln |t|, which converges geometrically. Next to Cauchy's
// law the ray on which the exponent of that law is real leaves nothing that oscillates; in a power tail the
// imaginary axis does, on which Im E = (1 + β) v^α sin(πα/2) exactly and exp(Re E) ends the integral before
// that reaches π. The part that is left out there is below exp(−πx/(1 + β)).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Sums along a ray for a standard stable law with an index next to one.
struct StableRay: Hashable, Sendable {
  let index: Double
  let skew: Double
  /// α − 1.
  private let excess: Double
  /// −(α − 1) tan(πα/2), 2/π at one.
  private let tangent: Double

  init(index: Double, skew: Double) {
    self.index = index
    self.skew = skew
    excess = index - 1
    tangent = excess == 0 ? 2 / Double.pi : excess / tan(0.5 * Double.pi * excess)
  }

  /// From here the imaginary axis serves a power tail: exp(−πx/2) is 1e−27.
  static let firstAxisPoint = 40.0

  /// Largest |α − 1| and |β| for which a law is next to Cauchy's.
  static let nearCauchy = (index: 0.01, skew: 0.02)

  /// An error below exp(−π²/h).
  private static let step = 0.25
  private static let firstExponent = -42.0
  private static let lastExponent = 4.0

  /// ln f and both tails next to Cauchy's law.
  func values(_ x: Double) -> (logDensity: Double, tails: LogTails) {
    let psi = -atan(x)
    let unit = hypot(1, x)
    let turn = Complex(1 / unit, -x / unit)
    var (density, phase) = (0.0, 0.0)
    var w = Self.firstExponent
    while w <= Self.lastExponent {
      let logarithm = Complex(w - log(unit), psi)
      let t = turn * (exp(w) / unit)
      let e = exponent(t, logarithm, exp(w))
      let size = exp(e.real)
      density += size * (t.real * cos(e.imaginary) - t.imaginary * sin(e.imaginary))
      phase += size * sin(e.imaginary)
      w += Self.step
    }
    let part = phase * Self.step / Double.pi
    let upper = atan2(1, x) / Double.pi + part
    let lower = atan2(1, -x) / Double.pi - part
    return (
      log(density * Self.step / Double.pi),
      upper < lower ? LogTails(upper: log(upper)) : LogTails(lower: log(lower))
    )
  }

  /// E at t on the ray where t (1 + ix) is the real number `length`.
  private func exponent(_ t: Complex, _ logarithm: Complex, _ length: Double) -> Complex {
    // t^(α−1) − 1, alone and over α − 1.
    let power = (excess * logarithm).exponentialMinusOne
    let ratio = excess == 0 ? logarithm : power / excess
    let inner = power + Complex(0, skew * tangent) * ratio
    return -(t * inner) - length
  }

  /// The integrals on the imaginary axis in the upper power tail, over v^(−order−1) dv each: ln f for −1,
  /// ln P(X > x) for 0 and ln E[(X − x)⁺] for 1.
  func logTail(_ x: Double, order: Double) -> Double {
    let logX = log(x)
    let sine = cos(0.5 * Double.pi * excess)
    let halfSine = sin(0.25 * Double.pi * excess)
    let cosine = -sin(0.5 * Double.pi * excess)
    // −T (1 − sin πα/2), of the size of the cosine.
    let bend = excess == 0 ? 0 : 2 * halfSine * halfSine * tangent / excess
    var sum = 0.0
    var w = Self.lastExponent
    var last = 0.0
    while w >= Self.firstExponent {
      let logV = w - logX
      let change = excess * logV
      let ratio = excess == 0 ? logV : expm1(change) / excess
      let power = exp(change)
      let v = exp(logV)
      let real = -exp(w) - v * (skew * (tangent * ratio - bend * power) + power * cosine)
      // The power of v, in units of 1/x.
      last = exp(real - order * w) * sin((1 + skew) * v * power * sine)
      if real < -Self.firstExponent { sum += last }
      w -= Self.step
    }
    if order > 0 {
      // The rest of a geometric sum.
      sum += last / expm1((index - order) * Self.step)
    }
    return log(sum * Self.step / Double.pi) + order * logX
  }
}

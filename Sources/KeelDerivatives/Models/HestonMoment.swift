// Goals, in order: digits at small vol of vol, at short times and where the root vanishes; speed.

import KeelNumerics

/// The coefficients of the logarithm of a moment of Heston and their derivatives.
///
/// ```text
/// ln E[e^(zX)] = v A + κ θ I,   A′ = s/2 − b A + q A²/2,   I = ∫ A,   s = z (z − 1), b = κ − ρ ξ z, q = ξ²
/// A = s G/D,   D = 1 + E + b G,   E = e^(−y),   G = (1 − E)/d,   y = d T,   d² = b² − q s
/// ```
///
/// With `r = (b − d)/(b + d)` and `x = r (b + d) G/2` the integral is
/// `I = s (T² φ(y) (1 − r) + G² μ(x) r)/2`, where `φ(y) = (E − 1 + y)/y²` and
/// `μ(x) = (x − ln(1 + x))/x²`: nothing is divided by q or κ. Near the root of d, and where b points away
/// from d, q is not small; there `I = (b T − ln(…))/q`, even in d, is differentiated. What is
/// differentiated, in other forms: Y. Cui, S. del Baño Rollin and G. Germano, "Full and fast calibration
/// of the Heston stochastic volatility model", European Journal of Operational Research 263 (2017).
struct HestonMoment {
  /// A, and its derivatives by b and by q.
  private(set) var initial = Complex.zero
  private(set) var initialByB = Complex.zero
  private(set) var initialByQ = Complex.zero

  /// I, and its derivatives by b and by q.
  private(set) var integral = Complex.zero
  private(set) var integralByB = Complex.zero
  private(set) var integralByQ = Complex.zero

  init(_ model: HestonModel, order z: Complex, time: Double) {
    let q = model.varianceVolatility * model.varianceVolatility
    let s = z * (z - 1)
    let b = model.reversion - (model.correlation * model.varianceVolatility) * z
    let d = (b * b - q * s).squareRoot
    guard (b.modulus + d.modulus) * time > Self.leastExponent else {
      setShort(s, time)
      return
    }
    let decay = Decay(d * time)
    let g = time * decay.mean
    let denominator = 1 + decay.end + b * g
    let ratio = g / denominator
    initial = s * ratio
    // dA/d(d²), by C C − S S = 1 of the hyperbolic functions.
    let bySquare = (time * time * time) * (s * decay.cross / (denominator * denominator))
    initialByB = 2 * (b * bySquare) - s * ratio * ratio
    initialByQ = -(s * bySquare)
    let isAligned = b.real * d.real + b.imaginary * d.imaginary >= 0
    if isAligned, d.modulus > Self.leastRoot * b.modulus {
      setSmooth(b, d, q, s, time, decay)
    } else {
      setEven(b, d, q, s, time, decay, denominator)
    }
  }

  /// The first terms in time.
  private mutating func setShort(_ s: Complex, _ time: Double) {
    initial = s * (time / 2)
    initialByB = s * (-time * time / 4)
    initialByQ = s * s * (time * time * time / 24)
    integral = s * (time * time / 4)
    integralByB = s * (-time * time * time / 12)
    integralByQ = s * s * (time * time * time * time / 96)
  }

  private mutating func setSmooth(
    _ b: Complex, _ d: Complex, _ q: Double, _ s: Complex, _ time: Double, _ decay: Decay
  ) {
    let sum = b + d
    let difference = q * s / sum
    let r = difference / sum
    let share = d / sum
    let g = time * decay.mean
    let gSlope = (time * time) * decay.meanSlope
    let x = difference * g / 2
    let (mu, muSlope) = Self.logarithm(x)
    let square = time * time
    integral = s * (square * (decay.rest * share) + g * g * (mu * r) / 2)
    let g2 = g * g
    let xByB = difference / (2 * d) * (b * gSlope - g)
    let firstByB = square * ((time * decay.restSlope) * (b / sum) + decay.rest * (r / d))
    let secondByB =
      g * gSlope * (mu * r) * (b / d) + g2 * (muSlope * xByB * r / 2 - mu * (r / d))
    integralByB = s * (firstByB + secondByB)
    let rootByQ = -s / (2 * d)
    let rByQ = b * s / (d * sum * sum)
    let xByQ = s / (4 * d) * (g - difference * gSlope)
    let firstByQ =
      square * ((time * decay.restSlope) * (rootByQ * share) - decay.rest * rByQ / 2)
    let secondByQ =
      g * gSlope * (mu * r) * rootByQ + g2 * (muSlope * xByQ * r + mu * rByQ) / 2
    integralByQ = s * (firstByQ + secondByQ)
  }

  private mutating func setEven(
    _ b: Complex, _ d: Complex, _ q: Double, _ s: Complex, _ time: Double, _ decay: Decay,
    _ denominator: Complex
  ) {
    let g = time * decay.mean
    let x = (b - d) * g / 2
    integral = ((b - d) * time - 2 * x.logarithmOnePlus) / q
    // The derivatives of C = cosh(y/2) and S = sinh(y/2)/d by d², times 2 e^(−y/2).
    let bySquare = (time / 4) * g + (time * time * time / 2) * (b * decay.bend)
    integralByB = (time - 2 * (g + 2 * (b * bySquare)) / denominator) / q
    integralByQ = (2 * (s * bySquare) / denominator - integral) / q
  }

  /// `(x − ln(1 + x))/x²` and its derivative.
  static func logarithm(_ x: Complex) -> (value: Complex, slope: Complex) {
    guard x.squaredModulus < smallArgument * smallArgument else {
      let value = (x - x.logarithmOnePlus) / (x * x)
      return (value, (1 / (1 + x) - 2 * value) / x)
    }
    var (value, slope) = (Complex.zero, Complex.zero)
    for k in stride(from: logarithmTerms, through: 0, by: -1) {
      slope = value - x * slope
      value = 1 / Double(k + 2) - x * value
    }
    return (value, -slope)
  }

  private static let smallArgument = 0.2
  private static let logarithmTerms = 24

  /// Below this exponent the first terms in time are the whole to rounding.
  private static let leastExponent = 1e-15

  /// The part of b below which d counts as near its root.
  private static let leastRoot = 0.1
}

/// Functions of a decay `e^(−y)` that cancel at small y.
private struct Decay {
  /// `e^(−y)`.
  let end: Complex

  /// `γ = (1 − e^(−y))/y`, and its derivative.
  let mean: Complex
  let meanSlope: Complex

  /// `φ = (1 − γ)/y`, and its derivative.
  let rest: Complex
  let restSlope: Complex

  /// `σ = ((1 + e^(−y))/2 − γ)/y²`.
  let bend: Complex

  /// `(e^(−y) − γ(2 y))/y²`.
  let cross: Complex

  init(_ y: Complex) {
    guard y.squaredModulus >= 1 else {
      var (rest, restSlope, bend) = (Complex.zero, Complex.zero, Complex.zero)
      for row in Self.series.reversed() {
        rest = row.rest - y * rest
        restSlope = row.restSlope - y * restSlope
        bend = row.bend - y * bend
      }
      self.rest = rest
      self.restSlope = restSlope
      self.bend = bend
      mean = 1 - y * rest
      end = 1 - y * mean
      meanSlope = rest - mean
      cross = bend * (1 + end) / 2 - mean * mean / 4
      return
    }
    let end = (-y).exponential
    let mean = (1 - end) / y
    meanSlope = (end - mean) / y
    let rest = (1 - mean) / y
    restSlope = -(meanSlope + rest) / y
    let square = y * y
    bend = ((1 + end) / 2 - mean) / square
    cross = (end - mean * (1 + end) / 2) / square
    (self.end, self.mean, self.rest) = (end, mean, rest)
  }

  /// The coefficients of `(−y)^k`, for |y| < 1.
  private static let series: [(rest: Double, restSlope: Double, bend: Double)] = {
    var factorial = 1.0
    return (0..<18).map { k in
      let n = Double(k)
      // (k + 2)!, from (k + 1)!.
      factorial *= n + 2
      return (
        1 / factorial, -(n + 1) / (factorial * (n + 3)), (n + 1) / (2 * factorial * (n + 3))
      )
    }
  }()
}

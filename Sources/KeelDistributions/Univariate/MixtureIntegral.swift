// Goals in order: relative accuracy in both tails, one method for every parameter, speed.
//
// Z = bW + √W N with a normal N and a mixing W. With W = exp(s)
//   P(Z > z) = c ∫ exp(g(s)) Φ(−y) ds,   y = z exp(−s/2) − b exp(s/2)
// by the trapezoidal rule around the peak, which converges geometrically: its integrand is positive
// and falls doubly exponentially. The step is halved until a halving changes less than half the
// digits, which the next would double.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The law of the mixing variable in units of its own scale, by s = ln W.
enum MixingLaw: Hashable, Sendable {
  /// Generalized inverse Gaussian: `exp(λs − 2ω sinh²(s/2)) ds` up to its constant.
  case inverseGaussian(order: Double, concentration: Double)

  /// Gamma: `exp(λs − exp(s)) ds` up to its constant.
  case gamma(order: Double)

  /// Inverse gamma: `exp(−λs − r exp(−s)) ds` up to its constant.
  case inverseGamma(order: Double, rate: Double)

  /// The exponent, its slope and its curvature.
  func exponent(_ s: Double) -> (value: Double, slope: Double, curvature: Double) {
    switch self {
    case .inverseGaussian(let order, let omega):
      let half = sinh(0.5 * s)
      return (
        order * s - 2 * omega * half * half, order - omega * sinh(s), -omega * (1 + 2 * half * half)
      )
    case .gamma(let order):
      let w = exp(s)
      return (order * s - w, order - w, -w)
    case .inverseGamma(let order, let rate):
      let w = rate * exp(-s)
      return (-order * s - w, w - order, -w)
    }
  }

  func value(_ s: Double) -> Double {
    switch self {
    case .inverseGaussian(let order, let omega):
      let half = sinh(0.5 * s)
      return order * s - 2 * omega * half * half
    case .gamma(let order): return order * s - exp(s)
    case .inverseGamma(let order, let rate): return -order * s - rate * exp(-s)
    }
  }
}

/// Sums over a mixing law.
struct MixtureIntegral: Hashable, Sendable {
  let mixing: MixingLaw
  /// ln c of the constant that makes the law's integral one.
  let logNormalizer: Double

  /// The integral of `exp(mixing + tilt) · factor` in two parts: the exponent taken out, and the rest.
  private func integral(
    start: Double,
    derivatives: (Double) -> (slope: Double, curvature: Double),
    logFactor: (Double) -> (exponent: Double, factor: Double)
  ) -> (exponent: Double, value: Double) {
    let peak = Self.peak(from: start, derivatives)
    let curvature = derivatives(peak).curvature
    let top = logFactor(peak).exponent
    // A peak narrower than the resolution of s is of a tail far beyond every number's logarithm.
    let resolution = Self.leastStep * max(1, peak.magnitude)
    var step = max(
      resolution, min(Self.largestStep, Self.stepOfDeviation / max(-curvature, 1e-300).squareRoot())
    )
    var sum = 0.0
    /// The terms at peak + (k + offset) step.
    func add(_ offset: Double) {
      for sign in [1.0, -1.0] {
        var k = sign < 0 ? offset - 1 : offset
        var negligible = 0
        while negligible < Self.patience, k.magnitude < Self.mostPoints {
          let (exponent, factor) = logFactor(peak + k * step)
          let term = exp(exponent - top) * factor
          if !(term.magnitude > Self.negligibleTerm * sum.magnitude) { negligible += 1 }
          sum += term.isFinite ? term : 0
          k += sign
        }
      }
    }
    add(0)
    var value = sum * step
    for _ in 0..<Self.maximumHalvings {
      add(0.5)
      step *= 0.5
      let next = sum * step
      let change = (next - value).magnitude
      value = next
      if change <= Self.tolerance * next.magnitude { break }
    }
    return (top + logNormalizer, value)
  }

  /// ln P(Z > z) with the drift b.
  func logUpperTail(_ z: Double, drift: Double) -> Double {
    let (exponent, value) = integral(
      start: 0,
      derivatives: { tailDerivatives($0, z, drift) },
      logFactor: { s in
        let y = Self.argument(s, z, drift).y
        let scaled = Self.scaledTail(y)
        return (mixing.value(s) + scaled.exponent, scaled.factor)
      })
    return exponent + log(value)
  }

  /// E[Z − z; Z > z].
  func logExcess(_ z: Double, drift: Double) -> Double {
    let (exponent, value) = integral(
      start: 0,
      derivatives: { tailDerivatives($0, z, drift) },
      logFactor: { s in
        let y = Self.argument(s, z, drift).y
        let scaled = Self.scaledExcess(y)
        return (mixing.value(s) + scaled.exponent + 0.5 * s, scaled.factor)
      })
    return exponent + log(value)
  }

  /// E[(W − center)ᵏ].
  func moment(_ order: Int, about center: Double) -> Double {
    let (exponent, value) = integral(
      start: 0,
      derivatives: { s in
        let (_, slope, curvature) = mixing.exponent(s)
        return (slope, curvature)
      },
      logFactor: { s in
        let distance = exp(s) - center
        var power = 1.0
        for _ in 0..<order { power *= distance }
        return (mixing.value(s), power)
      })
    return exp(exponent) * value
  }

  // MARK: Parts

  private static func argument(
    _ s: Double,
    _ z: Double,
    _ drift: Double
  ) -> (y: Double, sum: Double) {
    let half = exp(0.5 * s)
    let (a, b) = (z / half, drift * half)
    return (a - b, a + b)
  }

  /// Slope and curvature of mixing.value + ln Φ(−y).
  private func tailDerivatives(
    _ s: Double,
    _ z: Double,
    _ drift: Double
  ) -> (slope: Double, curvature: Double) {
    let (_, slope, curvature) = mixing.exponent(s)
    let (y, sum) = Self.argument(s, z, drift)
    // The hazard φ/Φ(−y).
    let hazard =
      y > 30
      ? y + 1 / y
      : y > -30
        ? Self.rootOfTwoOverPi / SpecialFunctions.scaledErfc(y * 0.5.squareRoot()) : 0
    let first = -0.5 * sum
    let second = 0.25 * y
    return (
      slope - hazard * first,
      curvature - hazard * ((hazard - y) * first * first + second)
    )
  }

  private static let rootOfTwoOverPi = 0.797_884_560_802_865_356

  /// Φ(−y) as exponent and factor.
  private static func scaledTail(_ y: Double) -> (exponent: Double, factor: Double) {
    y > 0
      ? (-0.5 * y * y, 0.5 * SpecialFunctions.scaledErfc(y * 0.5.squareRoot()))
      : (0, StandardNormal.cdf(-y))
  }

  /// φ(y) − y Φ(−y) as exponent and factor.
  private static func scaledExcess(_ y: Double) -> (exponent: Double, factor: Double) {
    let density = 1 / (2 * Double.pi).squareRoot()
    guard y > 0 else {
      return (0, density * exp(-0.5 * y * y) - y * StandardNormal.cdf(-y))
    }
    if y > seriesStart {
      // φ/y² (1 − 3/y² + 15/y⁴ − …).
      let r = 1 / (y * y)
      let series = 1 - r * (3 - r * (15 - r * (105 - r * (945 - r * 10_395))))
      return (-0.5 * y * y, density * r * series)
    }
    return (
      -0.5 * y * y, density - y * 0.5 * SpecialFunctions.scaledErfc(y * 0.5.squareRoot())
    )
  }

  /// From here six terms of the series reach eleven digits, and the difference keeps thirteen before.
  private static let seriesStart = 30.0

  /// The zero of the slope, to a small part of the peak's width.
  private static func peak(
    from start: Double,
    _ derivatives: (Double) -> (slope: Double, curvature: Double)
  ) -> Double {
    var low = -Double.infinity
    var high = Double.infinity
    var s = start
    var reach = 1.0
    for _ in 0..<maximumPeakSteps {
      let (slope, curvature) = derivatives(s)
      if slope > 0 { low = s } else { high = s }
      var next = s - slope / curvature
      let trusted = curvature < 0 && (next - s).magnitude <= reach
      if !trusted || !(next > low && next < high) {
        next = s + (slope > 0 ? reach : -reach)
        if !(next > low && next < high) { next = 0.5 * (low + high) }
        reach *= 2
      }
      if !next.isFinite { break }
      let width = curvature < 0 ? min(1, 1 / (-curvature).squareRoot()) : 1
      let change = (next - s).magnitude
      s = next
      if change <= peakTolerance * width { break }
    }
    return s
  }

  private static let peakTolerance = 0.01
  private static let maximumPeakSteps = 100

  /// The integrand falls like exp(−exp s): the strip where it is analytic has the half-width π/2.
  private static let largestStep = 0.5
  private static let stepOfDeviation = 0.9
  private static let leastStep = 1e-9
  /// Far more than the range of s over a step.
  private static let mostPoints = 20_000.0
  private static let negligibleTerm = 0x1p-58
  private static let patience = 3
  private static let maximumHalvings = 6
  private static let tolerance = 1e-9
}

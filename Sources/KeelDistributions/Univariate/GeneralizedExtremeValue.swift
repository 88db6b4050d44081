// Goals in order: relative accuracy in both tails and next to shape 0, no trap on any argument, speed.
//
// With L = ln(1 + ξz)/ξ the law is P(X ≤ x) = exp(−t), t = exp(−L). Moments are written in the
// differences K(nξ) − nK(ξ) of K(s) = ln Γ(1 − s), of which the terms that cancel are gone.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The generalized extreme value law: maxima of blocks.
///
/// ```text
/// P(X ≤ x) = exp(−(1 + ξ z)^(−1/ξ)),   z = (x − μ)/σ, 1 + ξz > 0;   exp(−exp(−z)) for ξ = 0
/// ```
///
/// Log-density and log-survival agree with 50-digit references within `1e-12 · max(1, |value|)`; next
/// to an end of the support up to the rounding of `x − μ`. A negative shape is the law of Weibull, a
/// positive one that of Fréchet. Source: A. F. Jenkinson, The frequency distribution of the annual
/// maximum (or minimum) values of meteorological elements, Quarterly Journal of the Royal
/// Meteorological Society 81 (1955).
public struct GeneralizedExtremeValue: LocationScaleLaw {
  /// The location μ.
  public let location: Double

  /// The scale σ.
  public let scale: Double

  /// The shape ξ: the tail index of a heavy tail is 1/ξ.
  public var shape: Double { standard.shape }

  let standard: StandardExtremeValue
  var center: Double { location }
  var unit: Double { scale }

  /// The allowed shape.
  public static let allowedShape = -10.0...10.0

  /// Creates a generalized extreme value law.
  ///
  /// - Parameters:
  ///   - location: The location, finite.
  ///   - scale: The scale, positive and finite.
  ///   - shape: The shape ξ, in ``allowedShape``.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(location: Double, scale: Double, shape: Double) throws(DistributionsError) {
    try requireFinite(location, "location")
    try requirePositive(scale, "scale")
    try requireInside(shape, Self.allowedShape, "shape")
    self.location = location
    self.scale = scale
    standard = StandardExtremeValue(shape: shape)
  }
}

/// The generalized extreme value law with location 0 and scale 1.
struct StandardExtremeValue: StandardLaw {
  let shape: Double

  var support: ClosedRange<Double> {
    (shape > 0 ? -1 / shape : -.infinity)...(shape < 0 ? -1 / shape : .infinity)
  }

  func logDensity(_ z: Double) -> Double {
    let stretched = StandardGeneralizedPareto.stretchedLogarithm(z, shape)
    let t = exp(-stretched)
    if t == .infinity { return -.infinity }
    return shape == -1 ? -t : -(1 + shape) * stretched - t
  }

  func logTails(_ z: Double) -> LogTails {
    let stretched = StandardGeneralizedPareto.stretchedLogarithm(z, shape)
    let t = exp(-stretched)
    // ln(1 − exp(−t)) is −L where t is below every number.
    return t < .leastNormalMagnitude
      ? LogTails(lower: -t, upper: -stretched) : LogTails(lower: -t)
  }

  func lowerPoint(_ probability: Double) -> Double { Self.point(-log(probability), shape) }

  func upperPoint(_ probability: Double) -> Double { Self.point(-log1p(-probability), shape) }

  /// The point with t = exp(−L).
  private static func point(_ t: Double, _ shape: Double) -> Double {
    StandardGeneralizedPareto.stretchedExponential(-log(t), shape)
  }

  func lowerMean(_ probability: Double) -> Double {
    // t is −ln p and a standard exponential number more.
    let start = -log(probability)
    let shape = shape
    return HalfLineIntegral(scale: 1) { (u: Double) -> Double in
      Self.point(start + u, shape) * exp(-u)
    }.value
  }

  func upperMean(_ probability: Double) -> Double {
    guard shape < 1 else { return .infinity }
    guard probability <= 0.5 else { return restAbove(probability) }
    // 1/p ∫₀ᵀ (t^(−ξ) − 1)/ξ exp(−t) dt, the exponential as a series; T = −ln(1 − p) ≤ ln 2.
    let end = -log1p(-probability)
    let top = Self.point(end, shape)
    var power = 1.0
    var sum = 0.0
    for k in 0..<Self.maximumTerms {
      let n = Double(k + 1)
      sum += power * (top + 1 / n) / (n - shape)
      power *= -end / n
      if power.magnitude <= Self.negligibleTerm { break }
    }
    return end / probability * sum
  }

  /// Powers of ln 2 over factorials fall below the last bit after 16 terms.
  private static let maximumTerms = 40

  private static let negligibleTerm = 0x1p-60
}

// MARK: - Moments

extension StandardExtremeValue {
  var mean: Double {
    guard shape < 1 else { return .infinity }
    return shape.magnitude < Self.leastShape
      ? Self.eulerConstant : expm1(SpecialFunctions.logGammaOnePlus(-shape)) / shape
  }

  var variance: Double {
    if shape >= 0.5 { return shape < 1 ? .infinity : .nan }
    if shape.magnitude < Self.leastShape { return Double.pi * Double.pi / 6 }
    // E[exp(ξL)]² (exp(D₂) − 1)/ξ².
    let growth = exp(SpecialFunctions.logGammaOnePlus(-shape)) / shape
    return growth * growth * expm1(secondDifference)
  }

  var skewness: Double {
    if shape >= 1.0 / 3 { return shape < 0.5 ? .infinity : .nan }
    if shape.magnitude < Self.leastShape { return Self.gumbelSkewness }
    let w = expm1(secondDifference)
    let a = 1 + w
    let third = a * a * a * expm1(thirdDifference) + w * w * (3 + w)
    return (shape < 0 ? -third : third) / (w * w.squareRoot())
  }

  var excessKurtosis: Double {
    if shape >= 0.25 { return shape < 0.5 ? .infinity : .nan }
    if shape.magnitude < Self.leastShape { return Self.gumbelExcessKurtosis }
    // exp(D₄) − 4 exp(D₃) + 6 exp(D₂) − 3 − 3w², in what is left of each after the terms before.
    let w = expm1(secondDifference)
    let b = expm1(thirdDifference)
    let c = expm1(fourthDifference)
    let a3 = (1 + w) * (1 + w) * (1 + w)
    let a6 = a3 * a3
    let b4 = b * b * (6 + b * (4 + b))
    let powers = w * w * w * (16 + w * (15 + w * (6 + w)))
    let mixed = 4 * b * a3 * (w * (3 + w * (3 + w))) + a6 * b4
    let last = a6 * (1 + 4 * b + b4) * c
    return (powers + mixed + last) / (w * w)
  }

  /// γ.
  private static let eulerConstant = 0.577_215_664_901_532_861

  /// 12 √6 ζ(3)/π³.
  private static let gumbelSkewness = 1.139_547_099_404_648_66

  /// 12/5.
  private static let gumbelExcessKurtosis = 2.4

  /// Closer to 0 powers of the shape underflow; the moments there are those at 0 to the last bit.
  private static let leastShape = 1e-18

  /// Up to this magnitude the series in ζ is used.
  private static let seriesLimit = 0.0625

  /// K(2ξ) − 2K(ξ).
  private var secondDifference: Double {
    difference(from: 2) { k in exp2(k) - 2 }
      ?? (logGamma(2) - 2 * logGamma(1))
  }

  /// K(3ξ) − 3K(2ξ) + 3K(ξ).
  private var thirdDifference: Double {
    difference(from: 3) { k in pow(3, k) - 3 * exp2(k) + 3 }
      ?? (logGamma(3) - 3 * logGamma(2) + 3 * logGamma(1))
  }

  /// K(4ξ) − 4K(3ξ) + 6K(2ξ) − 4K(ξ).
  private var fourthDifference: Double {
    difference(from: 4) { k in pow(4, k) - 4 * pow(3, k) + 6 * exp2(k) - 4 }
      ?? (logGamma(4) - 4 * logGamma(3) + 6 * logGamma(2) - 4 * logGamma(1))
  }

  /// K(nξ).
  private func logGamma(_ multiple: Double) -> Double {
    SpecialFunctions.logGammaOnePlus(-multiple * shape)
  }

  /// Σ ζ(k) weight(k) ξᵏ/k, or nil for a shape that is not small (DLMF 5.7.3).
  private func difference(from first: Int, weight: (Double) -> Double) -> Double? {
    guard shape.magnitude <= Self.seriesLimit else { return nil }
    var power = 1.0
    for _ in 0..<first { power *= shape }
    var sum = 0.0
    for k in first..<Self.zeta.count {
      sum += Self.zeta[k] * weight(Double(k)) / Double(k) * power
      power *= shape
    }
    return sum
  }

  /// ζ(k) from k = 2 on.
  private static let zeta: [Double] = {
    var values = [0, 0, 1.644_934_066_848_226_437, 1.202_056_903_159_594_285]
    values += [1.082_323_233_711_138_192, 1.036_927_755_143_369_927, 1.017_343_061_984_449_14]
    values += [1.008_349_277_381_922_827, 1.004_077_356_197_944_339]
    for k in 9...32 {
      // Far terms are powers.
      var sum = 0.0
      for n in stride(from: 40, through: 2, by: -1) { sum += pow(Double(n), -Double(k)) }
      values.append(1 + sum)
    }
    return values
  }()
}

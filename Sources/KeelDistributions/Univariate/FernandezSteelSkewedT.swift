// Goals in order: relative accuracy in both tails, no trap on any argument, speed.
//
// On either side of the mode the law is one of Student's t, so that every function is that of
// StandardStudentT on its own stable side.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The skewed Student-t law of Fernández and Steel.
///
/// ```text
/// f(x) = 2/(γ + 1/γ) · t(z/γ)/σ for z ≥ 0,  2/(γ + 1/γ) · t(γ z)/σ below,   z = (x − μ)/σ
/// ```
///
/// with the density t of Student's law with ν degrees of freedom. The upper side has the probability
/// `γ²/(1 + γ²)`: a skew γ below 1 makes the lower tail the heavier one. With infinite degrees of
/// freedom each side is normal. Source: C. Fernández and M. Steel, On Bayesian modeling of fat tails
/// and skewness, Journal of the American Statistical Association 93 (1998). Log-density and
/// log-survival agree with 50-digit references within `1e-12 · max(1, |value|)` in both tails.
public struct FernandezSteelSkewedT: LocationScaleLaw {
  /// The location: the mode.
  public let location: Double

  /// The scale σ; the standard deviation is another number.
  public let scale: Double

  /// The degrees of freedom ν; infinite for normal sides.
  public var degreesOfFreedom: Double { standard.student.degreesOfFreedom }

  /// The skew γ: 1 for the symmetric law.
  public var skew: Double { standard.skew }

  let standard: StandardFernandezSteel
  var center: Double { location }
  var unit: Double { scale }

  /// The allowed skew.
  public static let allowedSkew = 1e-3...1e3

  /// Creates a skewed Student-t law.
  ///
  /// - Parameters:
  ///   - location: The mode, finite.
  ///   - scale: The scale, positive and finite.
  ///   - degreesOfFreedom: The degrees of freedom, at least 0.1; infinity gives normal sides.
  ///   - skew: The skew γ, in ``allowedSkew``.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(
    location: Double,
    scale: Double,
    degreesOfFreedom: Double,
    skew: Double
  ) throws(DistributionsError) {
    try requireFinite(location, "location")
    try requirePositive(scale, "scale")
    try requireInside(degreesOfFreedom, 0.1...Double.infinity, "degreesOfFreedom")
    try requireInside(skew, Self.allowedSkew, "skew")
    self.location = location
    self.scale = scale
    standard = StandardFernandezSteel(
      student: StandardStudentT(degreesOfFreedom: degreesOfFreedom), skew: skew)
  }
}

/// The law of Fernández and Steel with location 0 and scale 1.
struct StandardFernandezSteel: StandardLaw {
  let student: StandardStudentT
  let skew: Double

  private var square: Double { skew * skew }
  private var upperMass: Double { square / (1 + square) }
  private var lowerMass: Double { 1 / (1 + square) }

  func logDensity(_ z: Double) -> Double {
    student.logPDF(z < 0 ? z * skew : z / skew) + log(2 * skew / (1 + square))
  }

  func logTails(_ z: Double) -> LogTails {
    z < 0
      ? LogTails(lower: log(2 * lowerMass) + student.logSurvival(-z * skew))
      : LogTails(upper: log(2 * upperMass) + student.logSurvival(z / skew))
  }

  func lowerPoint(_ probability: Double) -> Double {
    probability < lowerMass
      ? -student.survivalQuantile(0.5 * probability / lowerMass) / skew
      : skew * student.survivalQuantile(0.5 * (1 - probability) / upperMass)
  }

  func upperPoint(_ probability: Double) -> Double {
    probability < upperMass
      ? skew * student.survivalQuantile(0.5 * probability / upperMass)
      : -student.survivalQuantile(0.5 * (1 - probability) / lowerMass) / skew
  }

  func lowerMean(_ probability: Double) -> Double {
    guard student.degreesOfFreedom > 1 else { return -.infinity }
    return probability <= lowerMass
      ? -student.meanAbove(tail: 0.5 * probability / lowerMass) / skew
      : -outwardMean(probability, (lowerMass, 1 / skew), (upperMass, skew))
  }

  func upperMean(_ probability: Double) -> Double {
    guard student.degreesOfFreedom > 1 else { return .infinity }
    return probability <= upperMass
      ? skew * student.meanAbove(tail: 0.5 * probability / upperMass)
      : outwardMean(probability, (upperMass, skew), (lowerMass, 1 / skew))
  }

  /// The mean, outwards from the mode, of a tail that reaches beyond it: that of its side less
  /// ∫ x f(x) dx beyond the mode.
  private func outwardMean(
    _ probability: Double,
    _ near: (mass: Double, scale: Double),
    _ far: (mass: Double, scale: Double)
  ) -> Double {
    let degrees = student.degreesOfFreedom
    let mass = 0.5 * (probability - near.mass) / far.mass
    var z = student.survivalQuantile(
      probability < 0.5 ? 0.5 - mass : min(0.5 * (1 - probability) / far.mass, 0.5))
    if probability < 0.5, z <= student.centralLimit {
      // A step of Newton's method brings back the digits that 1/2 took from a small mass.
      z -= (student.centralMass(z) - mass) / exp(student.logPDF(z))
    }
    // ∫ 2 x t(x) dx up to z is the share 1 − (1 + z²/ν)^(−(ν−1)/2) of E|T|.
    let square = z * z
    let isNormal = square / degrees < 0x1p-54
    let exponent = isNormal ? 0.5 * square : 0.5 * (degrees - 1) * student.logOnePlusRatio(z)
    let difference = near.mass * near.scale + far.mass * far.scale * expm1(-exponent)
    return absoluteMean * difference / probability
  }

  /// E|T| of Student's law with more than one degree of freedom.
  private var absoluteMean: Double {
    2 * exp(student.logNormalizer) / (1 - 1 / student.degreesOfFreedom)
  }

  // MARK: Moments

  /// E[Zʳ] = E|T|ʳ (γ^(r+1) + (−1)ʳ γ^(−r−1))/(γ + 1/γ), Fernández and Steel (1998), equation 5.
  private func moment(_ order: Int) -> Double {
    let inverse = 1 / student.degreesOfFreedom
    let center = 2 * exp(student.logNormalizer)
    let absolute =
      switch order {
      case 1: center / (1 - inverse)
      case 2: 1 / (1 - 2 * inverse)
      case 3: 2 * center / ((1 - inverse) * (1 - 3 * inverse))
      default: 3 / ((1 - 2 * inverse) * (1 - 4 * inverse))
      }
    let power = pow(skew, Double(order + 1))
    let sum = order % 2 == 0 ? power + 1 / power : power - 1 / power
    return absolute * sum / (skew + 1 / skew)
  }

  var mean: Double { student.degreesOfFreedom > 1 ? moment(1) : .nan }

  var variance: Double {
    let degrees = student.degreesOfFreedom
    guard degrees > 2 else { return degrees > 1 ? .infinity : .nan }
    let first = moment(1)
    return moment(2) - first * first
  }

  var skewness: Double {
    guard student.degreesOfFreedom > 3 else { return .nan }
    let (first, second) = (moment(1), moment(2))
    let spread = second - first * first
    return (moment(3) - 3 * first * second + 2 * first * first * first)
      / (spread * spread.squareRoot())
  }

  var excessKurtosis: Double {
    let degrees = student.degreesOfFreedom
    guard degrees > 4 else { return degrees > 2 ? .infinity : .nan }
    let (first, second) = (moment(1), moment(2))
    let square = first * first
    let spread = second - square
    let fourth = moment(4) - 4 * first * moment(3) + 6 * square * second - 3 * square * square
    return fourth / (spread * spread) - 3
  }
}

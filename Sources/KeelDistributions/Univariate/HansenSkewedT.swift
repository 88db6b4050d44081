// Goals in order: relative accuracy in both tails, no trap on any argument, speed.
//
// On either side of the break −a/b the law is one of Student's t, so that every function is that of
// StandardStudentT on its own stable side. With T of ν degrees of freedom and s = √((ν−2)/ν),
//   Z = ((1−λ) s T − a)/b below the break and ((1+λ) s T − a)/b above it.
// B. E. Hansen, Autoregressive conditional density estimation, International Economic Review 35
// (1994).

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Hansen's skewed Student-t law, with mean 0 and variance 1.
///
/// ```text
/// f(z) = b c (1 + y²/(ν − 2))^(−(ν+1)/2)
/// y = (b z + a)/(1 − λ) for z < −a/b,  (b z + a)/(1 + λ) above
/// a = 4 λ c (ν − 2)/(ν − 1),  b² = 1 + 3 λ² − a²,  c = Γ((ν+1)/2) / (Γ(ν/2) √(π (ν−2)))
/// ```
///
/// The law of standardized returns in volatility models. A negative asymmetry `λ` makes the lower
/// tail the heavier one; with `λ = 0` it is Student's t with variance 1. With infinite degrees of
/// freedom each side is normal. As a law of returns its risk measures count a loss as positive.
/// A draw is the quantile of a uniform draw.
///
/// Log-density and log-survival agree with 50-digit references within `1e-12 · max(1, |value|)` in
/// both tails, quantiles and expected shortfalls within 1e-12, relative or absolute.
public struct HansenSkewedT: Hashable, Sendable {
  /// The asymmetry λ, inside (−1, 1).
  public let asymmetry: Double

  /// The degrees of freedom ν, above 2; infinite for the normal limit.
  public var degreesOfFreedom: Double { student.degreesOfFreedom }

  let student: StandardStudentT
  let shift: Double
  let spread: Double
  /// s, the standardized over the plain law of Student.
  let unit: Double

  /// Creates a skewed Student-t law.
  ///
  /// - Parameters:
  ///   - degreesOfFreedom: The degrees of freedom, above 2; infinity gives the normal limit.
  ///   - asymmetry: The asymmetry λ, inside (−1, 1).
  /// - Throws: `DistributionsError.invalidValue`.
  public init(degreesOfFreedom: Double, asymmetry: Double) throws(DistributionsError) {
    guard degreesOfFreedom > 2 else {
      throw .invalidValue(
        argument: "degreesOfFreedom", got: degreesOfFreedom, lowest: (2.0).nextUp,
        highest: .infinity)
    }
    guard asymmetry > -1, asymmetry < 1 else {
      throw .invalidValue(
        argument: "asymmetry", got: asymmetry, lowest: (-1.0).nextUp, highest: (1.0).nextDown)
    }
    self.asymmetry = asymmetry
    student = StandardStudentT(degreesOfFreedom: degreesOfFreedom)
    let inverse = 1 / degreesOfFreedom
    unit =
      degreesOfFreedom == .infinity
      ? 1 : ((degreesOfFreedom - 2) / degreesOfFreedom).squareRoot()
    // c (ν−2)/(ν−1) = f(0) s/(1 − 1/ν) with the plain density f.
    shift = 4 * asymmetry * exp(student.logNormalizer) * unit / (1 - inverse)
    spread = (1 + 3 * asymmetry * asymmetry - shift * shift).squareRoot()
  }

  /// The mean, 0.
  public var mean: Double { 0 }

  /// The variance, 1.
  public var variance: Double { 1 }

  /// The square root of the variance, 1.
  public var standardDeviation: Double { 1 }

  /// Returns the density.
  ///
  /// - Parameter x: A point.
  /// - Returns: The density, or NaN for NaN.
  public func pdf(_ x: Double) -> Double { exp(logPDF(x)) }

  /// Returns the logarithm of the density.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm of the density, or NaN for NaN.
  public func logPDF(_ x: Double) -> Double {
    let y = shifted(x)
    return student.logPDF(y / (side(of: y) * unit)) + log(spread / unit)
  }

  /// Returns the probability of a value of at most `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The probability, relatively accurate for small values too; NaN for NaN.
  public func cdf(_ x: Double) -> Double {
    let y = shifted(x)
    return y < 0 ? lowerMass(y) : 1 - upperMass(y)
  }

  /// Returns the probability of a value above `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The probability, relatively accurate for small values too; NaN for NaN.
  public func survival(_ x: Double) -> Double {
    let y = shifted(x)
    return y < 0 ? 1 - lowerMass(y) : upperMass(y)
  }

  /// Returns the logarithm of the probability of a value above `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm, also where the probability underflows; NaN for NaN.
  public func logSurvival(_ x: Double) -> Double {
    let y = shifted(x)
    if y < 0 { return log1p(-lowerMass(y)) }
    return log1p(asymmetry) + student.logSurvival(y / ((1 + asymmetry) * unit))
  }

  /// Returns the point below which the law has a given probability.
  ///
  /// - Parameter probability: A probability from 0 to 1.
  /// - Returns: The quantile, infinite at 0 and 1 and where it overflows; NaN outside [0, 1].
  public func quantile(_ probability: Double) -> Double {
    let share = probability / (1 - asymmetry)
    return share < 0.5
      ? lowerPoint(student.survivalQuantile(share))
      : upperPoint(student.survivalQuantile((1 - probability) / (1 + asymmetry)))
  }

  /// Returns the point above which the law has a given probability.
  ///
  /// - Parameter probability: A probability from 0 to 1.
  /// - Returns: The quantile, infinite at 0 and 1 and where it overflows; NaN outside [0, 1].
  public func survivalQuantile(_ probability: Double) -> Double {
    let share = probability / (1 + asymmetry)
    return share < 0.5
      ? upperPoint(student.survivalQuantile(share))
      : lowerPoint(student.survivalQuantile((1 - probability) / (1 - asymmetry)))
  }

  /// Returns the expected shortfall of a return that has this law: the mean loss in the worst
  /// `1 − confidence` of the cases.
  ///
  /// ```text
  /// ES = ((1 − λ) s ES_T + a)/b,   ES_T of Student's t at the tail (1 − confidence)/(1 − λ)
  /// ```
  ///
  /// for tails that end below the break; above it the mean of the rest, as both cancel.
  ///
  /// - Parameter confidence: The confidence, inside (0, 1).
  /// - Returns: The loss, positive for a loss; NaN outside (0, 1).
  public func expectedShortfall(confidence: Double) -> Double {
    guard confidence > 0, confidence < 1 else { return .nan }
    let tail = 1 - confidence
    let share = tail / (1 - asymmetry)
    if share < 0.5 {
      return ((1 - asymmetry) * unit * student.meanAbove(tail: share) + shift) / spread
    }
    let rest = confidence / (1 + asymmetry)
    let mean = ((1 + asymmetry) * unit * student.meanAbove(tail: rest) - shift) / spread
    return mean * (confidence / tail)
  }

  /// `E[Z²; Z < 0]`, the share of the variance that falls come with: one half without asymmetry.
  package var varianceBelowZero: Double {
    // ∫ t² f(t) below q is −q G(q) + F(q s; ν−2)/s² with G(q) = f(q) (ν + q²)/(ν−1), and ∫ t f is −G.
    let scale = asymmetry > 0 ? 1 + asymmetry : 1 - asymmetry
    let q = shift / (scale * unit)
    let below = moments(below: q)
    // With λ < 0 zero lies below the break: one piece. Otherwise all up to the break, and the rest.
    func part(_ scale: Double, _ m: (mass: Double, first: Double, second: Double)) -> Double {
      let size = scale * unit
      return scale * (size * size * m.second - 2 * shift * size * m.first + shift * shift * m.mass)
        / (spread * spread)
    }
    if asymmetry <= 0 { return part(scale, below) }
    let half = moments(below: 0)
    return part(1 - asymmetry, half)
      + part(
        scale,
        (below.mass - half.mass, below.first - half.first, below.second - half.second))
  }

  /// `P(T < q)`, `E[T; T < q]` and `E[T²; T < q]` of Student's law.
  private func moments(below q: Double) -> (mass: Double, first: Double, second: Double) {
    let degrees = degreesOfFreedom
    let density = exp(student.logPDF(q))
    if degrees == .infinity {
      let mass = student.survival(-q)
      return (mass, -density, mass - q * density)
    }
    let g = density * ((degrees + q * q) / (degrees - 1))
    let lighter = StandardStudentT(degreesOfFreedom: degrees - 2)
    return (student.survival(-q), -g, lighter.survival(-q * unit) / (unit * unit) - q * g)
  }

  /// b x + a.
  func shifted(_ x: Double) -> Double { spread * x + shift }

  private func side(of y: Double) -> Double { y < 0 ? 1 - asymmetry : 1 + asymmetry }

  func lowerMass(_ y: Double) -> Double {
    (1 - asymmetry) * student.survival(-y / ((1 - asymmetry) * unit))
  }

  func upperMass(_ y: Double) -> Double {
    (1 + asymmetry) * student.survival(y / ((1 + asymmetry) * unit))
  }

  private func lowerPoint(_ t: Double) -> Double { (-(1 - asymmetry) * unit * t - shift) / spread }

  private func upperPoint(_ t: Double) -> Double { ((1 + asymmetry) * unit * t - shift) / spread }
}

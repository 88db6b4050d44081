// Goals in order: relative accuracy in both tails, any order, speed.
//
// In the unit √2/γ the law is that of bW + √W N with a gamma W of shape λ and scale 1.

public import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The variance gamma law: a normal law whose variance is gamma.
///
/// ```text
/// f(x) = γ^(2λ) |z|^(λ−½) K(λ−½, α|z|) exp(βz) / (√π Γ(λ) (2α)^(λ−½)),   z = x − μ, γ² = α² − β²
/// ```
///
/// It is the law of `μ + βW + √W N` with a normal N and a gamma W of shape λ and rate `γ²/2`. Its
/// density is infinite at μ for `λ ≤ ½`. Source: D. Madan, P. Carr and E. Chang, The variance gamma
/// process and option pricing, European Finance Review 2 (1998). Log-density and log-survival agree
/// with 50-digit references within `1e-12 · max(1, |value|)` in both tails. Probabilities are sums of
/// some 100 terms, more for small orders.
public struct VarianceGammaLaw: LocationScaleLaw {
  /// The location μ.
  public let location: Double

  /// The order λ: the shape of the variance.
  public var order: Double { standard.order }

  /// The steepness α of the tails, in one over the unit of the law; above the magnitude of `asymmetry`.
  public let steepness: Double

  /// The asymmetry β, in one over the unit of the law: a negative one makes the lower tail the heavier.
  public let asymmetry: Double

  let standard: StandardVarianceGamma
  let unit: Double
  var center: Double { location }

  /// The allowed order.
  public static let allowedOrder = 0.05...1e4

  /// Creates a variance gamma law.
  ///
  /// - Parameters:
  ///   - location: The location μ, finite.
  ///   - order: The order λ, in ``allowedOrder``.
  ///   - steepness: The steepness α, positive and finite.
  ///   - asymmetry: The asymmetry β, inside (−α, α), with `|β| ≤ 1e4 γ`.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(
    location: Double,
    order: Double,
    steepness: Double,
    asymmetry: Double
  ) throws(DistributionsError) {
    try requireFinite(location, "location")
    try requireInside(order, Self.allowedOrder, "order")
    try requirePositive(steepness, "steepness")
    guard asymmetry.magnitude < steepness else {
      throw .invalidValue(
        argument: "asymmetry", got: asymmetry, lowest: (-steepness).nextUp,
        highest: steepness.nextDown)
    }
    let decay = (steepness - asymmetry).squareRoot() * (steepness + asymmetry).squareRoot()
    try requireInside(
      asymmetry / decay, -1e4...1e4, "asymmetry/√(steepness² − asymmetry²)")
    self.location = location
    self.steepness = steepness
    self.asymmetry = asymmetry
    unit = 2.0.squareRoot() / decay
    try requirePositive(unit, "1/√(steepness² − asymmetry²)")
    standard = StandardVarianceGamma(order: order, drift: asymmetry * unit)
  }

  /// Returns one draw, from the quantile of the variance and a normal draw.
  ///
  /// - Parameters:
  ///   - stream: The stream of random numbers.
  ///   - index: The number of the draw: the same stream and number give the same draw.
  /// - Returns: The draw.
  public func draw(from stream: RandomStream, at index: UInt64) -> Double {
    let mixing = SpecialFunctions.inverseRegularizedGammaP(order, stream.uniform(at: index))
    let noise = stream.normal(at: index)
    return center + unit * (standard.drift * mixing + mixing.squareRoot() * noise)
  }
}

/// The variance gamma law in its own unit.
struct StandardVarianceGamma: StandardLaw {
  let order: Double
  let drift: Double
  private let integral: MixtureIntegral
  private let logGammaOfOrder: Double
  /// α in this unit.
  private let tailRate: Double

  init(order: Double, drift: Double) {
    self.order = order
    self.drift = drift
    logGammaOfOrder = SpecialFunctions.logGamma(order)
    tailRate = hypot(2.0.squareRoot(), drift)
    integral = MixtureIntegral(mixing: .gamma(order: order), logNormalizer: -logGammaOfOrder)
  }

  var mean: Double { drift * order }
  var variance: Double { order * (1 + drift * drift) }

  var skewness: Double {
    let square = drift * drift
    return drift * (3 + 2 * square) / ((1 + square) * (order * (1 + square)).squareRoot())
  }

  var excessKurtosis: Double {
    let square = drift * drift
    return 3 * (1 + square * (4 + 2 * square)) / (order * (1 + square) * (1 + square))
  }

  func logDensity(_ z: Double) -> Double {
    let distance = z.magnitude
    if distance == 0 {
      guard order > 0.5 else { return .infinity }
      return SpecialFunctions.logGamma(order - 0.5) - logGammaOfOrder - halfLogTwoPi
        + (0.5 - order) * log1p(0.5 * drift * drift)
    }
    // α|z| − bz, where both may cancel: α² − b² = 2.
    let sum = tailRate + drift.magnitude
    let exponent = (drift < 0) == (z < 0) ? 2 * distance / sum : sum * distance
    return order * logOfTwo + (order - 0.5) * log(distance / (2 * tailRate))
      - 0.5 * log(Double.pi) - logGammaOfOrder
      + SpecialFunctions.logScaledBesselK(tailRate * distance, order: order - 0.5) - exponent
  }

  func logTails(_ z: Double) -> LogTails {
    let isAbove = z > mean
    let known = isAbove ? logUpperTail(z) : logLowerTail(z)
    if known > Self.largestComplemented {
      let other = isAbove ? logLowerTail(z) : logUpperTail(z)
      return isAbove
        ? LogTails(lower: min(other, 0), upper: min(known, 0))
        : LogTails(lower: min(known, 0), upper: min(other, 0))
    }
    return isAbove ? LogTails(upper: known) : LogTails(lower: known)
  }

  /// ln 0.9: of a larger probability the complement would lose a digit.
  private static let largestComplemented = -0.105_360_515_657_826_3

  /// Next to 0, where the density may be infinite, quantiles have all their digits.
  private static let smallestDistance = 1e-200

  private func logUpperTail(_ z: Double) -> Double { integral.logUpperTail(z, drift: drift) }

  private func logLowerTail(_ z: Double) -> Double { integral.logUpperTail(-z, drift: -drift) }

  func lowerPoint(_ probability: Double) -> Double {
    if probability > 0.5 { return upperPoint(1 - probability) }
    return -QuantileSearch.upperPoint(
      logProbability: log(probability), center: 0, scale: variance.squareRoot(),
      smallest: Self.smallestDistance
    ) { (x: Double) -> (tail: Double, density: Double) in (logTails(-x).lower, logDensity(-x)) }
  }

  func upperPoint(_ probability: Double) -> Double {
    if probability > 0.5 { return lowerPoint(1 - probability) }
    return QuantileSearch.upperPoint(
      logProbability: log(probability), center: 0, scale: variance.squareRoot(),
      smallest: Self.smallestDistance
    ) { (x: Double) -> (tail: Double, density: Double) in (logTails(x).upper, logDensity(x)) }
  }

  func lowerMean(_ probability: Double) -> Double {
    guard probability <= 0.5 else { return restBelow(probability) }
    let z = lowerPoint(probability)
    return z - exp(integral.logExcess(-z, drift: -drift) - log(probability))
  }

  func upperMean(_ probability: Double) -> Double {
    guard probability <= 0.5 else { return restAbove(probability) }
    let z = upperPoint(probability)
    return z + exp(integral.logExcess(z, drift: drift) - log(probability))
  }
}

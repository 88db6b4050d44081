// Goals in order: edges treated alike in every law, accuracy of the smaller tail, little code a law.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The logarithms of the probabilities of both sides of a point.
struct LogTails {
  var lower: Double
  var upper: Double

  /// From the side that is known.
  init(lower: Double) {
    self.lower = lower
    upper = logOfComplement(lower)
  }

  /// From the side that is known.
  init(upper: Double) {
    lower = logOfComplement(upper)
    self.upper = upper
  }

  init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }

  /// The same seen from the other side.
  var mirrored: LogTails { LogTails(lower: upper, upper: lower) }

  /// P(Z ≤ z), from the smaller side.
  var cdf: Double { lower < upper ? exp(lower) : 1 - exp(upper) }

  /// P(Z > z), from the smaller side.
  var survival: Double { upper <= lower ? exp(upper) : 1 - exp(lower) }
}

/// ln(1 − exp(x)) for x ≤ 0, without cancellation.
func logOfComplement(_ x: Double) -> Double {
  x > -logOfTwo ? log(-expm1(min(x, 0))) : log1p(-exp(x))
}

/// ln 2.
let logOfTwo = 0.693_147_180_559_945_309

/// A law of a standardized number, inside its support and for probabilities inside (0, 1).
protocol StandardLaw: Hashable, Sendable {
  var support: ClosedRange<Double> { get }
  var mean: Double { get }
  var variance: Double { get }
  var skewness: Double { get }
  var excessKurtosis: Double { get }
  func logDensity(_ z: Double) -> Double
  func logTails(_ z: Double) -> LogTails
  func lowerPoint(_ probability: Double) -> Double
  func upperPoint(_ probability: Double) -> Double
  /// The mean below the lower point.
  func lowerMean(_ probability: Double) -> Double
  /// The mean above the upper point.
  func upperMean(_ probability: Double) -> Double
}

extension StandardLaw {
  var support: ClosedRange<Double> { -Double.infinity...Double.infinity }

  /// What is left of the mean below a point when the mean above it is taken away.
  func restBelow(_ probability: Double) -> Double {
    (mean - (1 - probability) * upperMean(1 - probability)) / probability
  }

  /// What is left of the mean above a point when the mean below it is taken away.
  func restAbove(_ probability: Double) -> Double {
    (mean - (1 - probability) * lowerMean(1 - probability)) / probability
  }
}

/// A standard law of which the mirror image is the same.
protocol SymmetricStandardLaw: StandardLaw {
  /// ln P(Z > z) for z ≥ 0.
  func logUpperTail(_ z: Double) -> Double
  /// The point for a probability up to one half.
  func positivePoint(_ probability: Double) -> Double
  /// The mean above it.
  func positiveMean(_ probability: Double) -> Double
}

extension SymmetricStandardLaw {
  var mean: Double { 0 }
  var skewness: Double { 0 }

  func logTails(_ z: Double) -> LogTails {
    let tails = LogTails(upper: logUpperTail(z.magnitude))
    return z < 0 ? tails.mirrored : tails
  }

  func lowerPoint(_ probability: Double) -> Double { -upperPoint(probability) }

  func upperPoint(_ probability: Double) -> Double {
    probability <= 0.5 ? positivePoint(probability) : -positivePoint(1 - probability)
  }

  func lowerMean(_ probability: Double) -> Double { -upperMean(probability) }

  func upperMean(_ probability: Double) -> Double {
    probability <= 0.5
      ? positiveMean(probability)
      : (1 - probability) / probability * positiveMean(1 - probability)
  }
}

/// A law of `location + scale · Z` with a standard law of Z.
protocol LocationScaleLaw: ContinuousDistribution {
  associatedtype Standard: StandardLaw
  var center: Double { get }
  var unit: Double { get }
  var standard: Standard { get }
}

extension LocationScaleLaw {
  private func standardized(_ x: Double) -> Double { (x - center) / unit }

  private func restored(_ z: Double) -> Double { center + unit * z }

  /// The mean.
  public var mean: Double { restored(standard.mean) }

  /// The variance.
  public var variance: Double { unit * unit * standard.variance }

  /// The third central moment over the cube of the standard deviation.
  public var skewness: Double { standard.skewness }

  /// The fourth central moment over the square of the variance, less 3.
  public var excessKurtosis: Double { standard.excessKurtosis }

  /// The logarithm of the density.
  public func logPDF(_ x: Double) -> Double {
    let z = standardized(x)
    if z.isNaN { return x.isNaN ? .nan : -.infinity }
    guard z.isFinite, standard.support.contains(z) else { return -.infinity }
    return standard.logDensity(z) - log(unit)
  }

  private func logTails(_ x: Double) -> LogTails {
    let z = standardized(x)
    if z.isNaN { return LogTails(lower: .nan, upper: .nan) }
    if z <= standard.support.lowerBound { return LogTails(lower: -.infinity, upper: 0) }
    if z >= standard.support.upperBound { return LogTails(lower: 0, upper: -.infinity) }
    return standard.logTails(z)
  }

  /// The probability of a value of at most `x`.
  public func cdf(_ x: Double) -> Double { x.isNaN ? .nan : logTails(x).cdf }

  /// The probability of a value above `x`.
  public func survival(_ x: Double) -> Double { x.isNaN ? .nan : logTails(x).survival }

  /// The logarithm of the probability of a value of at most `x`.
  public func logCDF(_ x: Double) -> Double { logTails(x).lower }

  /// The logarithm of the probability of a value above `x`.
  public func logSurvival(_ x: Double) -> Double { logTails(x).upper }

  /// The point below which the law has a given probability.
  public func quantile(_ probability: Double) -> Double {
    guard probability >= 0, probability <= 1 else { return .nan }
    if probability == 0 { return restored(standard.support.lowerBound) }
    if probability == 1 { return restored(standard.support.upperBound) }
    return restored(standard.lowerPoint(probability))
  }

  /// The point above which the law has a given probability.
  public func survivalQuantile(_ probability: Double) -> Double {
    guard probability >= 0, probability <= 1 else { return .nan }
    if probability == 0 { return restored(standard.support.upperBound) }
    if probability == 1 { return restored(standard.support.lowerBound) }
    return restored(standard.upperPoint(probability))
  }

  /// The mean of the values below the quantile of a probability.
  public func meanBelow(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    return probability == 1 ? mean : restored(standard.lowerMean(probability))
  }

  /// The mean of the values above the quantile that is exceeded with a probability.
  public func meanAbove(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    return probability == 1 ? mean : restored(standard.upperMean(probability))
  }
}

/// Checks that a parameter is in an interval, both ends included.
func requireInside(
  _ value: Double,
  _ allowed: ClosedRange<Double>,
  _ argument: String
) throws(DistributionsError) {
  guard allowed.contains(value) else {
    throw .invalidValue(
      argument: argument, got: value, lowest: allowed.lowerBound, highest: allowed.upperBound)
  }
}

// Goals, in order: no cut crossed, no cancellation at small vol of vol and short times, speed.

public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The model of Heston: a variance that reverts to a mean and is correlated with the asset.
///
/// ```text
/// dS/S = (r − y) dt + √v dW,   dv = κ (θ − v) dt + ξ √v dZ,   dW dZ = ρ dt
/// ```
///
/// The Feller condition `2κθ ≥ ξ²` is not required. Source: S. Heston, "A closed-form solution for
/// options with stochastic volatility", Review of Financial Studies 6 (1993).
public struct HestonModel: CharacteristicModel, Hashable, Codable {
  /// The variance now, per year.
  public let initialVariance: Double

  /// The speed of reversion κ, per year.
  public let reversion: Double

  /// The variance θ that it reverts to, per year.
  public let meanVariance: Double

  /// The volatility ξ of the variance, per root of a year.
  public let varianceVolatility: Double

  /// The correlation ρ of the asset with its variance.
  public let correlation: Double

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - initialVariance: The variance now, per year: 0.04 is a volatility of 20 %; not negative.
  ///   - reversion: The speed of reversion κ, per year; not negative.
  ///   - meanVariance: The variance θ that it reverts to, per year; not negative.
  ///   - varianceVolatility: The volatility ξ of the variance, per root of a year; not negative. At zero
  ///     the variance is certain.
  ///   - correlation: The correlation of the asset with its variance, from −1 to 1.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    initialVariance: Double,
    reversion: Double,
    meanVariance: Double,
    varianceVolatility: Double,
    correlation: Double
  ) throws(DerivativesError) {
    try requireInside(initialVariance, "initialVariance", .nonnegative)
    try requireInside(reversion, "reversion", .nonnegative)
    try requireInside(meanVariance, "meanVariance", .nonnegative)
    try requireInside(varianceVolatility, "varianceVolatility", .nonnegative)
    try requireInside(correlation, "correlation", -1...1)
    self.initialVariance = initialVariance
    self.reversion = reversion
    self.meanVariance = meanVariance
    self.varianceVolatility = varianceVolatility
    self.correlation = correlation
  }

  /// Reads a model; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with the five parameters.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let values = try [
      CodingKeys.initialVariance, .reversion, .meanVariance, .varianceVolatility, .correlation,
    ].map { try container.decode(Double.self, forKey: $0) }
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try HestonModel(
        initialVariance: values[0], reversion: values[1], meanVariance: values[2],
        varianceVolatility: values[3], correlation: values[4])
    }
  }

  /// The logarithm of a moment of complex order, without branch cuts off the real axis.
  ///
  /// The form of Albrecher, Mayer, Schoutens and Tistaert ("The little Heston trap", Wilmott, 2007),
  /// rearranged so that nothing is divided by ξ.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The logarithm of the moment.
  public func logMoment(_ order: Complex, timeToExpiry: Double) -> Complex {
    let slopes = varianceSlopes(order, timeToExpiry: timeToExpiry)
    return initialVariance * slopes.initial + meanVariance * slopes.mean
  }

  /// The derivatives of `logMoment`, which is linear in both variances.
  func varianceSlopes(
    _ z: Complex,
    timeToExpiry time: Double
  ) -> (initial: Complex, mean: Complex) {
    let xi = varianceVolatility
    let square = z * (z - 1)
    let b = reversion - (correlation * xi) * z
    let d = (b * b - (xi * xi) * square).squareRoot
    // E = exp(−d T), G = (1 − E)/d.
    let gone = -((d * -time).exponentialMinusOne)
    let g = d == .zero ? Complex(time) : gone / d
    let initial = square * g / (2 - gone + b * g)
    guard reversion > 0 else { return (initial, .zero) }
    // p = z(z − 1)/(b + d) = (b − d)/ξ², whichever does not cancel.
    let isAligned = b.real * d.real + b.imaginary * d.imaginary >= 0
    let p = isAligned ? square / (b + d) : (b - d) / (xi * xi)
    let w = p * g / 2
    let x = (xi * xi) * w
    let logarithm =
      x.squaredModulus < Self.smallSquare ? w - w * x / 2 : x.logarithmOnePlus / (xi * xi)
    return (initial, reversion * (p * time - 2 * logarithm))
  }

  /// Below this square of x, `ln(1 + x)` is `x − x²/2` to the last bit.
  private static let smallSquare = 1e-18

  /// Orders between which moments are finite, from the time at which each becomes infinite.
  ///
  /// Source: L. Andersen and V. Piterbarg, "Moment explosions in stochastic volatility models", Finance
  /// and Stochastics 11 (2007).
  ///
  /// - Parameter timeToExpiry: The time in years, positive.
  /// - Returns: A range inside the widest one, at least as wide as the integral can use.
  public func momentRange(timeToExpiry: Double) -> ClosedRange<Double> {
    let widest = Self.usefulDeviations / logVariance(timeToExpiry: timeToExpiry).squareRoot()
    let lower = distance(from: 0, -1, widest, timeToExpiry)
    return -lower...(1 + distance(from: 1, 1, widest, timeToExpiry))
  }

  private static let usefulDeviations = 4.0
  private static let bisections = 40
  private static let leastDistance = 1e-8

  private func distance(
    from base: Double,
    _ sign: Double,
    _ widest: Double,
    _ time: Double
  ) -> Double {
    func isFinite(_ distance: Double) -> Bool {
      explosionTime(base + sign * distance) > time
    }
    if isFinite(widest) { return widest }
    var (low, high) = (Self.leastDistance, widest)
    for _ in 0..<Self.bisections where high > 1.01 * low {
      let middle = (low * high).squareRoot()
      if isFinite(middle) { low = middle } else { high = middle }
    }
    return low
  }

  /// When the moment of a real order outside 0 to 1 becomes infinite.
  private func explosionTime(_ z: Double) -> Double {
    let xi = varianceVolatility
    let b = reversion - correlation * xi * z
    let product = xi * xi * z * (z - 1)
    let square = b * b - product
    if square < 0 {
      let root = (-square).squareRoot()
      return 2 * atan2(root, -b) / root
    }
    guard b < 0 else { return .infinity }
    let root = square.squareRoot()
    // ln((d − b)/(−d − b))/d with −d − b = product/(d − b).
    let sum = root - b
    return root > 0 ? log(sum * sum / product) / root : -2 / b
  }

  /// The expected integral of the variance.
  ///
  /// - Parameter timeToExpiry: The time in years.
  /// - Returns: `θ T + (v − θ) (1 − exp(−κ T))/κ`.
  public func logVariance(timeToExpiry: Double) -> Double {
    let exponent = reversion * timeToExpiry
    let share = exponent > 0 ? -expm1(-exponent) / exponent : 1
    return timeToExpiry * (initialVariance * share + meanVariance * (1 - share))
  }
}

extension HestonModel: BlockModel {
  var blockMoments: BlockMoments { BlockMoments(diffusion: self, jumps: nil) }
}

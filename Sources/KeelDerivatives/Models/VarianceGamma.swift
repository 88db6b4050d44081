public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The variance gamma model: Brownian motion whose clock is a gamma process.
///
/// Source: D. Madan, P. Carr and E. Chang, "The variance gamma process and option pricing", European
/// Finance Review 2 (1998).
public struct VarianceGamma: CharacteristicModel, Hashable, Codable {
  /// The volatility σ of the motion, annualized as a fraction.
  public let volatility: Double

  /// The variance ν of the clock in a year.
  public let clockVariance: Double

  /// The drift θ of the motion, per year of the clock.
  public let drift: Double

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - volatility: The volatility σ of the motion, annualized as a fraction; positive.
  ///   - clockVariance: The variance ν of the clock in a year; positive.
  ///   - drift: The drift θ of the motion, so small that the mean is finite: `ν (θ + σ²/2) < 1`.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    volatility: Double,
    clockVariance: Double,
    drift: Double
  ) throws(DerivativesError) {
    try requireInside(volatility, "volatility", .positive)
    try requireInside(clockVariance, "clockVariance", .positive)
    let highest = 1 / clockVariance - volatility * volatility / 2
    try requireInside(drift, "drift", .finite)
    guard drift < highest else {
      throw .invalidValue(
        argument: "drift", got: drift, lowest: -.greatestFiniteMagnitude,
        highest: highest.nextDown)
    }
    self.volatility = volatility
    self.clockVariance = clockVariance
    self.drift = drift
  }

  /// Reads a model; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with the three parameters.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let values = try [CodingKeys.volatility, .clockVariance, .drift].map {
      try container.decode(Double.self, forKey: $0)
    }
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try VarianceGamma(volatility: values[0], clockVariance: values[1], drift: values[2])
    }
  }

  /// The logarithm of a moment of complex order.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The logarithm of the moment.
  public func logMoment(_ order: Complex, timeToExpiry: Double) -> Complex {
    // The factors 1 − z/a and 1 − z/b each stay off the negative axis.
    let (low, high) = ends
    let law = (order / -high).logarithmOnePlus + (order / -low).logarithmOnePlus
    return order * logDrift(timeToExpiry: timeToExpiry) - (timeToExpiry / clockVariance) * law
  }

  /// Orders between the roots of `1 − θνz − σ²νz²/2`.
  ///
  /// - Parameter timeToExpiry: The time in years, positive.
  /// - Returns: The roots.
  public func momentRange(timeToExpiry: Double) -> ClosedRange<Double> {
    let (low, high) = ends
    return low...max(high, 1)
  }

  var ends: (low: Double, high: Double) {
    let a = volatility * volatility * clockVariance / 2
    let b = drift * clockVariance
    let root = (b * b + 4 * a).squareRoot()
    // A motion that is nothing but rounding.
    guard root > 0 else { return (-.infinity, .infinity) }
    return b > 0 ? (-(b + root) / (2 * a), 2 / (b + root)) : (2 / (b - root), (root - b) / (2 * a))
  }

  /// The variance of the logarithm of the growth.
  ///
  /// - Parameter timeToExpiry: The time in years.
  /// - Returns: `(σ² + ν θ²) T`.
  public func logVariance(timeToExpiry: Double) -> Double {
    timeToExpiry * (volatility * volatility + clockVariance * drift * drift)
  }

  /// The drift beside the jumps.
  ///
  /// - Parameter timeToExpiry: The time in years, positive.
  /// - Returns: `T ln(1 − θν − σ²ν/2)/ν`.
  public func logDrift(timeToExpiry: Double) -> Double {
    let (low, high) = ends
    return (timeToExpiry / clockVariance) * (log1p(-1 / high) + log1p(-1 / low))
  }
}

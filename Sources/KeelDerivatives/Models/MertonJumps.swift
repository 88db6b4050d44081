public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The model of Merton: a diffusion with jumps whose logarithms are normal.
///
/// Source: R. Merton, "Option pricing when underlying stock returns are discontinuous", Journal of
/// Financial Economics 3 (1976).
public struct MertonJumps: CharacteristicModel, Hashable, Codable {
  /// The annualized volatility of the diffusion as a fraction.
  public let volatility: Double

  /// The expected number of jumps in a year.
  public let intensity: Double

  /// The mean of the logarithm of a jump.
  public let jumpMean: Double

  /// The standard deviation of the logarithm of a jump.
  public let jumpDeviation: Double

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - volatility: The annualized volatility of the diffusion as a fraction; not negative.
  ///   - intensity: The expected number of jumps in a year; not negative.
  ///   - jumpMean: The mean of the logarithm of a jump.
  ///   - jumpDeviation: The standard deviation of the logarithm of a jump; not negative.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    volatility: Double,
    intensity: Double,
    jumpMean: Double,
    jumpDeviation: Double
  ) throws(DerivativesError) {
    try requireInside(volatility, "volatility", .nonnegative)
    try requireInside(intensity, "intensity", .nonnegative)
    try requireInside(jumpMean, "jumpMean", .finite)
    try requireInside(jumpDeviation, "jumpDeviation", .nonnegative)
    self.volatility = volatility
    self.intensity = intensity
    self.jumpMean = jumpMean
    self.jumpDeviation = jumpDeviation
  }

  /// Reads a model; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with the four parameters.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let values = try [CodingKeys.volatility, .intensity, .jumpMean, .jumpDeviation].map {
      try container.decode(Double.self, forKey: $0)
    }
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try MertonJumps(
        volatility: values[0], intensity: values[1], jumpMean: values[2],
        jumpDeviation: values[3])
    }
  }

  /// The logarithm of a moment of complex order.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The logarithm of the moment.
  public func logMoment(_ order: Complex, timeToExpiry: Double) -> Complex {
    let square = jumpDeviation * jumpDeviation
    let jumps =
      (order * (jumpMean + (square / 2) * order)).exponentialMinusOne
      - order * Complex(jumpMean + square / 2).exponentialMinusOne
    let diffusion = (volatility * volatility / 2) * (order * (order - 1))
    return timeToExpiry * (diffusion + intensity * jumps)
  }

  /// A bound of the real part of `logMoment`: the jumps by the modulus of their moment.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - logMoment: The logarithm of its moment.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: A number not below the real part.
  public func logEnvelope(_ order: Complex, logMoment: Complex, timeToExpiry: Double) -> Double {
    let exponent = order * (jumpMean + (jumpDeviation * jumpDeviation / 2) * order)
    // |e^x| − Re e^x = 2 |e^x| sin²(Im x / 2).
    let half = sin(exponent.imaginary / 2)
    return logMoment.real + 2 * (intensity * timeToExpiry) * exp(exponent.real) * half * half
  }

  /// Every order.
  ///
  /// - Parameter timeToExpiry: The time in years, positive.
  /// - Returns: All numbers.
  public func momentRange(timeToExpiry: Double) -> ClosedRange<Double> {
    -.infinity ... .infinity
  }

  /// The variance of the logarithm of the growth.
  ///
  /// - Parameter timeToExpiry: The time in years.
  /// - Returns: `(σ² + λ (μ² + δ²)) T`.
  public func logVariance(timeToExpiry: Double) -> Double {
    let jumps = intensity * (jumpMean * jumpMean + jumpDeviation * jumpDeviation)
    return timeToExpiry * (volatility * volatility + jumps)
  }
}

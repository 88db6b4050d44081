public import KeelNumerics

/// The model of Kou: a diffusion with jumps whose logarithms are exponential on either side.
///
/// Source: S. Kou, "A jump-diffusion model for option pricing", Management Science 48 (2002).
public struct KouJumps: CharacteristicModel, Hashable, Codable {
  /// The annualized volatility of the diffusion as a fraction.
  public let volatility: Double

  /// The expected number of jumps in a year.
  public let intensity: Double

  /// The share of jumps that go up.
  public let upShare: Double

  /// One over the mean logarithm of a jump up.
  public let upDecay: Double

  /// One over the mean logarithm of a jump down.
  public let downDecay: Double

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - volatility: The annualized volatility of the diffusion as a fraction; not negative.
  ///   - intensity: The expected number of jumps in a year; not negative.
  ///   - upShare: The share of jumps that go up, from 0 to 1.
  ///   - upDecay: One over the mean logarithm of a jump up; above 1, so that its mean is finite.
  ///   - downDecay: One over the mean logarithm of a jump down; positive.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    volatility: Double,
    intensity: Double,
    upShare: Double,
    upDecay: Double,
    downDecay: Double
  ) throws(DerivativesError) {
    try requireInside(volatility, "volatility", .nonnegative)
    try requireInside(intensity, "intensity", .nonnegative)
    try requireInside(upShare, "upShare", 0...1)
    try requireInside(upDecay, "upDecay", 1.0.nextUp ... .greatestFiniteMagnitude)
    try requireInside(downDecay, "downDecay", .positive)
    self.volatility = volatility
    self.intensity = intensity
    self.upShare = upShare
    self.upDecay = upDecay
    self.downDecay = downDecay
  }

  /// Reads a model; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with the five parameters.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let values = try [CodingKeys.volatility, .intensity, .upShare, .upDecay, .downDecay].map {
      try container.decode(Double.self, forKey: $0)
    }
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try KouJumps(
        volatility: values[0], intensity: values[1], upShare: values[2], upDecay: values[3],
        downDecay: values[4])
    }
  }

  /// The logarithm of a moment of complex order.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The logarithm of the moment.
  public func logMoment(_ order: Complex, timeToExpiry: Double) -> Complex {
    // Each part is E[exp(z J)] − 1 − z (E[exp(J)] − 1) over z.
    let up = 1 / (upDecay - order) - 1 / (upDecay - 1)
    let down = 1 / (downDecay + order) - 1 / (downDecay + 1)
    let jumps = order * (upShare * up - (1 - upShare) * down)
    let diffusion = (volatility * volatility / 2) * (order * (order - 1))
    return timeToExpiry * (diffusion + intensity * jumps)
  }

  /// Orders between the decays of the jumps.
  ///
  /// - Parameter timeToExpiry: The time in years, positive.
  /// - Returns: From the negative decay of the jumps down to that of the jumps up.
  public func momentRange(timeToExpiry: Double) -> ClosedRange<Double> { -downDecay...upDecay }

  /// The variance of the logarithm of the growth.
  ///
  /// - Parameter timeToExpiry: The time in years.
  /// - Returns: `(σ² + 2 λ (p/η₁² + (1 − p)/η₂²)) T`.
  public func logVariance(timeToExpiry: Double) -> Double {
    let square = upShare / upDecay / upDecay + (1 - upShare) / downDecay / downDecay
    return timeToExpiry * (volatility * volatility + 2 * intensity * square)
  }
}

public import KeelNumerics

/// The model of Bates: that of Heston with the jumps of Merton.
///
/// Source: D. Bates, "Jumps and stochastic volatility", Review of Financial Studies 9 (1996).
public struct BatesModel: CharacteristicModel, Hashable, Codable {
  /// The diffusion and its variance.
  public let diffusion: HestonModel

  /// The jumps, whose own volatility is zero.
  public let jumps: MertonJumps

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - diffusion: The diffusion and its variance.
  ///   - intensity: The expected number of jumps in a year; not negative.
  ///   - jumpMean: The mean of the logarithm of a jump.
  ///   - jumpDeviation: The standard deviation of the logarithm of a jump; not negative.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    diffusion: HestonModel,
    intensity: Double,
    jumpMean: Double,
    jumpDeviation: Double
  ) throws(DerivativesError) {
    self.diffusion = diffusion
    jumps = try MertonJumps(
      volatility: 0, intensity: intensity, jumpMean: jumpMean, jumpDeviation: jumpDeviation)
  }

  /// Reads a model; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with `diffusion` and `jumps`.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let diffusion = try container.decode(HestonModel.self, forKey: .diffusion)
    let jumps = try container.decode(MertonJumps.self, forKey: .jumps)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try requireInside(jumps.volatility, "jumps.volatility", 0...0)
      return try BatesModel(
        diffusion: diffusion, intensity: jumps.intensity, jumpMean: jumps.jumpMean,
        jumpDeviation: jumps.jumpDeviation)
    }
  }

  /// The logarithm of a moment of complex order.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The logarithm of the moment.
  public func logMoment(_ order: Complex, timeToExpiry: Double) -> Complex {
    diffusion.logMoment(order, timeToExpiry: timeToExpiry)
      + jumps.logMoment(order, timeToExpiry: timeToExpiry)
  }

  /// A bound of the real part of `logMoment`: the jumps by the modulus of their moment.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - logMoment: The logarithm of its moment.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: A number not below the real part.
  public func logEnvelope(_ order: Complex, logMoment: Complex, timeToExpiry: Double) -> Double {
    jumps.logEnvelope(order, logMoment: logMoment, timeToExpiry: timeToExpiry)
  }

  /// That of the diffusion: every moment of the jumps is finite.
  ///
  /// - Parameter timeToExpiry: The time in years, positive.
  /// - Returns: The range of the diffusion.
  public func momentRange(timeToExpiry: Double) -> ClosedRange<Double> {
    diffusion.momentRange(timeToExpiry: timeToExpiry)
  }

  /// The sum of both parts.
  ///
  /// - Parameter timeToExpiry: The time in years.
  /// - Returns: The expected integral of the variance and the variance of the jumps.
  public func logVariance(timeToExpiry: Double) -> Double {
    diffusion.logVariance(timeToExpiry: timeToExpiry)
      + jumps.logVariance(timeToExpiry: timeToExpiry)
  }
}

extension BatesModel: BlockModel {
  var blockMoments: BlockMoments { BlockMoments(diffusion: diffusion, jumps: jumps) }
}

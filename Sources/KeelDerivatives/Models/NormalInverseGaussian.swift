public import KeelNumerics

/// The normal inverse Gaussian model: Brownian motion whose clock is an inverse Gaussian process.
///
/// Source: O. Barndorff-Nielsen, "Processes of normal inverse Gaussian type", Finance and Stochastics 2
/// (1998).
public struct NormalInverseGaussian: CharacteristicModel, Hashable, Codable {
  /// The decay α of the tails.
  public let tailDecay: Double

  /// The asymmetry β.
  public let asymmetry: Double

  /// The scale δ, per year.
  public let scale: Double

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - tailDecay: The decay α of the tails; above one half, so that the mean can be finite.
  ///   - asymmetry: The asymmetry β, above −α and below `α − 1`.
  ///   - scale: The scale δ, per year; positive.
  /// - Throws: `DerivativesError.invalidValue`.
  public init(
    tailDecay: Double,
    asymmetry: Double,
    scale: Double
  ) throws(DerivativesError) {
    try requireInside(tailDecay, "tailDecay", 0.5.nextUp ... .greatestFiniteMagnitude)
    guard asymmetry > -tailDecay, asymmetry < tailDecay - 1 else {
      throw .invalidValue(
        argument: "asymmetry", got: asymmetry, lowest: (-tailDecay).nextUp,
        highest: (tailDecay - 1).nextDown)
    }
    try requireInside(scale, "scale", .positive)
    self.tailDecay = tailDecay
    self.asymmetry = asymmetry
    self.scale = scale
  }

  /// Reads a model; a stored one is checked like a new one.
  ///
  /// - Parameter decoder: A keyed container with the three parameters.
  /// - Throws: `DecodingError` when a value is missing or outside its range.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let values = try [CodingKeys.tailDecay, .asymmetry, .scale].map {
      try container.decode(Double.self, forKey: $0)
    }
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try NormalInverseGaussian(
        tailDecay: values[0], asymmetry: values[1], scale: values[2])
    }
  }

  /// The logarithm of a moment of complex order.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The logarithm of the moment.
  public func logMoment(_ order: Complex, timeToExpiry: Double) -> Complex {
    // γ − √(α² − (β + z)²) = z (2β + z)/(sum), the root a product of two off the negative axis.
    let root =
      ((tailDecay - asymmetry) - order).squareRoot * ((tailDecay + asymmetry) + order).squareRoot
    let fall = order * (2 * asymmetry + order) / (gamma(asymmetry) + root)
    return order * logDrift(timeToExpiry: timeToExpiry) + (scale * timeToExpiry) * fall
  }

  /// Orders from `−α − β` to `α − β`.
  ///
  /// - Parameter timeToExpiry: The time in years, positive.
  /// - Returns: The range.
  public func momentRange(timeToExpiry: Double) -> ClosedRange<Double> {
    (-tailDecay - asymmetry)...max(tailDecay - asymmetry, 1)
  }

  /// `√(α² − b²)`.
  func gamma(_ b: Double) -> Double {
    (tailDecay - b).squareRoot() * (tailDecay + b).squareRoot()
  }

  /// The variance of the logarithm of the growth.
  ///
  /// - Parameter timeToExpiry: The time in years.
  /// - Returns: `δ α² T/(α² − β²)^(3/2)`.
  public func logVariance(timeToExpiry: Double) -> Double {
    let root = gamma(asymmetry)
    let ratio = tailDecay / root
    return timeToExpiry * scale * ratio * ratio / root
  }

  /// The drift beside the jumps.
  ///
  /// - Parameter timeToExpiry: The time in years, positive.
  /// - Returns: `δ T (√(α² − (β + 1)²) − √(α² − β²))`.
  public func logDrift(timeToExpiry: Double) -> Double {
    let sum = gamma(asymmetry) + gamma(asymmetry + 1)
    return -scale * timeToExpiry * (2 * asymmetry + 1) / sum
  }
}

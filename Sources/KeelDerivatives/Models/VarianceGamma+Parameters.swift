public import KeelNumerics

extension VarianceGamma: ParametricModel {
  /// The names in the order σ, ν, θ.
  public static var parameterNames: [String] { ["volatility", "clockVariance", "drift"] }

  /// The parameters σ, ν, θ.
  public var parameters: [Double] { [volatility, clockVariance, drift] }

  /// Creates a model from σ, ν, θ.
  ///
  /// - Parameter parameters: The three parameters.
  /// - Throws: `DerivativesError.shapeMismatch`, `.invalidValue`.
  public init(parameters: [Double]) throws(DerivativesError) {
    try Self.requireCount(parameters)
    try self.init(
      volatility: parameters[0], clockVariance: parameters[1], drift: parameters[2])
  }

  /// The derivatives of `logMoment` by σ, ν, θ.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The three derivatives.
  public func logMomentSlopes(_ order: Complex, timeToExpiry: Double) -> [Complex] {
    // logMoment = T (z H(1) − H(z)) with H(z) = ln(1 − ν h)/ν and h = θ z + σ² z²/2.
    let (one, other) = (law(.one), law(order))
    return [
      timeToExpiry * (order * one.0 - other.0), timeToExpiry * (order * one.1 - other.1),
      timeToExpiry * (order * one.2 - other.2),
    ]
  }

  /// The derivatives of H.
  private func law(_ z: Complex) -> (Complex, Complex, Complex) {
    let h = z * (drift + (volatility * volatility / 2) * z)
    let x = -clockVariance * h
    let inverse = 1 / (1 + x)
    let byClock: Complex
    if x.squaredModulus < Self.smallSquare {
      // ln(1 + x) = x − x² μ(x).
      let (mu, slope) = HestonMoment.logarithm(x)
      byClock = -(h * h * (mu + x * slope))
    } else {
      let ends = ends
      let logarithm = (z / -ends.high).logarithmOnePlus + (z / -ends.low).logarithmOnePlus
      byClock = -(h * inverse + logarithm / clockVariance) / clockVariance
    }
    return (-volatility * (z * z * inverse), byClock, -(z * inverse))
  }

  private static let smallSquare = 0.04
}

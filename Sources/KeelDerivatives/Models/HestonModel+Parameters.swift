public import KeelNumerics

extension HestonModel: ParametricModel {
  /// The names in the order v, κ, θ, ξ, ρ.
  public static var parameterNames: [String] {
    ["initialVariance", "reversion", "meanVariance", "varianceVolatility", "correlation"]
  }

  /// The parameters v, κ, θ, ξ, ρ.
  public var parameters: [Double] {
    [initialVariance, reversion, meanVariance, varianceVolatility, correlation]
  }

  /// Creates a model from v, κ, θ, ξ, ρ.
  ///
  /// - Parameter parameters: The five parameters.
  /// - Throws: `DerivativesError.shapeMismatch`, `.invalidValue`.
  public init(parameters: [Double]) throws(DerivativesError) {
    try Self.requireCount(parameters)
    try self.init(
      initialVariance: parameters[0], reversion: parameters[1], meanVariance: parameters[2],
      varianceVolatility: parameters[3], correlation: parameters[4])
  }

  /// The derivatives of `logMoment` by v, κ, θ, ξ, ρ.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The five derivatives.
  public func logMomentSlopes(_ order: Complex, timeToExpiry: Double) -> [Complex] {
    let moment = HestonMoment(self, order: order, time: timeToExpiry)
    let weight = reversion * meanVariance
    let byB = initialVariance * moment.initialByB + weight * moment.integralByB
    let byQ = initialVariance * moment.initialByQ + weight * moment.integralByQ
    return [
      moment.initial, byB + meanVariance * moment.integral, reversion * moment.integral,
      (2 * varianceVolatility) * byQ - correlation * (order * byB),
      -varianceVolatility * (order * byB),
    ]
  }

  /// The ratio `2κθ/ξ²`: at least one where the variance never reaches zero.
  ///
  /// Source: W. Feller, "Two singular diffusion problems", Annals of Mathematics 54 (1951).
  public var fellerRatio: Double {
    2 * reversion * meanVariance / (varianceVolatility * varianceVolatility)
  }
}

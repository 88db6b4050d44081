public import KeelNumerics

extension BatesModel: ParametricModel {
  /// The names in the order v, κ, θ, ξ, ρ, λ, μ, δ.
  public static var parameterNames: [String] {
    HestonModel.parameterNames + MertonJumps.parameterNames.dropFirst()
  }

  /// The parameters v, κ, θ, ξ, ρ, λ, μ, δ.
  public var parameters: [Double] { diffusion.parameters + jumps.parameters.dropFirst() }

  /// Creates a model from v, κ, θ, ξ, ρ, λ, μ, δ.
  ///
  /// - Parameter parameters: The eight parameters.
  /// - Throws: `DerivativesError.shapeMismatch`, `.invalidValue`.
  public init(parameters: [Double]) throws(DerivativesError) {
    try Self.requireCount(parameters)
    try self.init(
      diffusion: HestonModel(parameters: Array(parameters[..<5])), intensity: parameters[5],
      jumpMean: parameters[6], jumpDeviation: parameters[7])
  }

  /// The derivatives of `logMoment` by v, κ, θ, ξ, ρ, λ, μ, δ.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The eight derivatives.
  public func logMomentSlopes(_ order: Complex, timeToExpiry: Double) -> [Complex] {
    diffusion.logMomentSlopes(order, timeToExpiry: timeToExpiry)
      + jumps.logMomentSlopes(order, timeToExpiry: timeToExpiry).dropFirst()
  }
}

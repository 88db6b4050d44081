public import KeelNumerics

extension KouJumps: ParametricModel {
  /// The names in the order σ, λ, p, η₁, η₂.
  public static var parameterNames: [String] {
    ["volatility", "intensity", "upShare", "upDecay", "downDecay"]
  }

  /// The parameters σ, λ, p, η₁, η₂.
  public var parameters: [Double] { [volatility, intensity, upShare, upDecay, downDecay] }

  /// Creates a model from σ, λ, p, η₁, η₂.
  ///
  /// - Parameter parameters: The five parameters.
  /// - Throws: `DerivativesError.shapeMismatch`, `.invalidValue`.
  public init(parameters: [Double]) throws(DerivativesError) {
    try Self.requireCount(parameters)
    try self.init(
      volatility: parameters[0], intensity: parameters[1], upShare: parameters[2],
      upDecay: parameters[3], downDecay: parameters[4])
  }

  /// The derivatives of `logMoment` by σ, λ, p, η₁, η₂.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The five derivatives.
  public func logMomentSlopes(_ order: Complex, timeToExpiry: Double) -> [Complex] {
    let (farUp, nearUp) = (1 / (upDecay - order), 1 / (upDecay - 1))
    let (farDown, nearDown) = (1 / (downDecay + order), 1 / (downDecay + 1))
    // 1/(η − z) − 1/(η − 1) and its like, without the cancellation.
    let less = order - 1
    let (up, down) = (less * (farUp * nearUp), -(less * (farDown * nearDown)))
    let weight = intensity * timeToExpiry
    return [
      (volatility * timeToExpiry) * (order * less),
      timeToExpiry * (order * (upShare * up - (1 - upShare) * down)),
      weight * (order * (up + down)),
      -(weight * upShare) * (order * up * (farUp + nearUp)),
      (weight * (1 - upShare)) * (order * down * (farDown + nearDown)),
    ]
  }
}

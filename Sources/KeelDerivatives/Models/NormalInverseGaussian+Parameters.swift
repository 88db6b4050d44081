public import KeelNumerics

extension NormalInverseGaussian: ParametricModel {
  /// The names in the order α, β, δ.
  public static var parameterNames: [String] { ["tailDecay", "asymmetry", "scale"] }

  /// The parameters α, β, δ.
  public var parameters: [Double] { [tailDecay, asymmetry, scale] }

  /// Creates a model from α, β, δ.
  ///
  /// - Parameter parameters: The three parameters.
  /// - Throws: `DerivativesError.shapeMismatch`, `.invalidValue`.
  public init(parameters: [Double]) throws(DerivativesError) {
    try Self.requireCount(parameters)
    try self.init(tailDecay: parameters[0], asymmetry: parameters[1], scale: parameters[2])
  }

  /// The derivatives of `logMoment` by α, β, δ.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The three derivatives.
  public func logMomentSlopes(_ order: Complex, timeToExpiry: Double) -> [Complex] {
    let (here, next) = (gamma(asymmetry), gamma(asymmetry + 1))
    let root =
      ((tailDecay - asymmetry) - order).squareRoot * ((tailDecay + asymmetry) + order).squareRoot
    // Each difference of roots is that of their squares over their sum.
    let nextFall = (2 * asymmetry + 1) / (here + next)
    let fall = order * (2 * asymmetry + order) / (here + root)
    let byTail = (nextFall / (here * next)) * order - fall / (here * root)
    let byAsymmetry =
      (order + asymmetry) / root - asymmetry / here
      + order * (asymmetry / here - (asymmetry + 1) / next)
    let weight = scale * timeToExpiry
    return [
      (weight * tailDecay) * byTail, weight * byAsymmetry,
      timeToExpiry * (fall - nextFall * order),
    ]
  }
}

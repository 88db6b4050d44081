public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension MertonJumps: ParametricModel {
  /// The names in the order σ, λ, μ, δ.
  public static var parameterNames: [String] {
    ["volatility", "intensity", "jumpMean", "jumpDeviation"]
  }

  /// The parameters σ, λ, μ, δ.
  public var parameters: [Double] { [volatility, intensity, jumpMean, jumpDeviation] }

  /// Creates a model from σ, λ, μ, δ.
  ///
  /// - Parameter parameters: The four parameters.
  /// - Throws: `DerivativesError.shapeMismatch`, `.invalidValue`.
  public init(parameters: [Double]) throws(DerivativesError) {
    try Self.requireCount(parameters)
    try self.init(
      volatility: parameters[0], intensity: parameters[1], jumpMean: parameters[2],
      jumpDeviation: parameters[3])
  }

  /// The derivatives of `logMoment` by σ, λ, μ, δ.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The four derivatives.
  public func logMomentSlopes(_ order: Complex, timeToExpiry: Double) -> [Complex] {
    let square = jumpDeviation * jumpDeviation
    let exponent = order * (jumpMean + (square / 2) * order)
    let mean = jumpMean + square / 2
    let jumps = exponent.exponentialMinusOne - order * expm1(mean)
    // e^a − e^b and its like keep their digits where both are near one.
    let growth = exp(mean)
    let difference = growth * (exponent - mean).exponentialMinusOne
    let product = (order - 1) * exponent.exponential
    let weight = intensity * timeToExpiry
    return [
      (volatility * timeToExpiry) * (order * (order - 1)), timeToExpiry * jumps,
      weight * (order * difference), (weight * jumpDeviation) * (order * (difference + product)),
    ]
  }
}

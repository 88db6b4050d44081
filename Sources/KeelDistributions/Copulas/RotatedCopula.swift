/// A copula with one or both ranks turned round, for dependence of other signs and in other corners.
///
/// `RotatedCopula(ClaytonCopula(parameter: 2), by: .half)` ties returns that rise together; a quarter turn gives negative
/// dependence.
///
/// A rank that is turned is 1 − u rounded, to which a small u contributes with an error of 1.1e-16: what a copula says of
/// its upper end it says here of a rank of u with a relative error of 1.1e-16/u, and ranks below 1.1e-16 count as 1.1e-16.
public struct RotatedCopula<Base: BivariateCopula>: BivariateCopula {
  /// How the square of ranks is turned, against the clock.
  @frozen
  public enum Rotation: String, Hashable, Sendable, CaseIterable, Codable {
    /// By 90 degrees: 1 − u in place of u.
    case quarter

    /// By 180 degrees: both are turned round (the survival copula).
    case half

    /// By 270 degrees: 1 − v in place of v.
    case threeQuarters
  }

  /// The copula before it is turned.
  public let base: Base

  /// How it is turned.
  public let rotation: Rotation

  /// Turns a copula.
  ///
  /// - Parameters:
  ///   - base: The copula.
  ///   - rotation: How it is turned.
  public init(_ base: Base, by rotation: Rotation) {
    self.base = base
    self.rotation = rotation
  }

  private var turnsFirst: Bool { rotation != .threeQuarters }
  private var turnsSecond: Bool { rotation != .quarter }

  private func first(_ u: Double) -> Double { turnsFirst ? CopulaArguments.turned(u) : u }
  private func second(_ v: Double) -> Double { turnsSecond ? CopulaArguments.turned(v) : v }

  /// The logarithm of the density, as exact as that of the copula that is turned at the rounded ranks.
  public func logDensity(_ u: Double, _ v: Double) -> Double {
    base.logDensity(first(u), second(v))
  }

  /// The probability that both ranks are at most u and v, within 2e-14 beside the error of the copula that is turned.
  public func cdf(_ u: Double, _ v: Double) -> Double {
    if let edge = CopulaArguments.edgeCDF(u, v) { return edge }
    let value =
      switch rotation {
      case .quarter: v - base.cdf(1 - u, v)
      case .half: u + v - 1 + base.cdf(1 - u, 1 - v)
      case .threeQuarters: u - base.cdf(u, 1 - v)
      }
    return min(max(value, 0), min(u, v))
  }

  /// The probability of a first rank of at most u given the second, within 1e-12 at the rounded ranks.
  public func conditionalCDF(_ u: Double, given v: Double) -> Double {
    let value = base.conditionalCDF(first(u), given: second(v))
    return turnsFirst ? 1 - value : value
  }

  /// The inverse of the conditional probability.
  public func conditionalQuantile(_ probability: Double, given v: Double) -> Double {
    let value = base.conditionalQuantile(first(probability), given: second(v))
    return turnsFirst ? 1 - value : value
  }

  /// That of the copula that is turned; of opposite sign after a quarter turn.
  public var kendallCorrelation: Double {
    rotation == .half ? base.kendallCorrelation : -base.kendallCorrelation
  }

  /// That of the corner that is turned here.
  public func tailDependence(_ corner: CopulaCorner) -> Double {
    let firstIsLower = (corner == .lowerLower || corner == .lowerUpper) != turnsFirst
    let secondIsLower = (corner == .lowerLower || corner == .upperLower) != turnsSecond
    return base.tailDependence(
      firstIsLower
        ? secondIsLower ? .lowerLower : .lowerUpper : secondIsLower ? .upperLower : .upperUpper)
  }
}

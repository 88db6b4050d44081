/// A derivative of an option's price, or the price itself: the columns of a matrix of Greeks.
///
/// All are raw partial derivatives: ∂t is calendar time, so that it is minus the derivative with
/// respect to the time to expiry; what is not named is held, the carry yield for ``rho`` too.
public enum Greek: Int, CaseIterable, Hashable, Sendable, Codable {
  /// The price `V`, in cash.
  case price
  /// `∂V/∂S`.
  case delta
  /// `∂²V/∂S²`.
  case gamma
  /// `∂V/∂σ`, per unit of volatility.
  case vega
  /// `∂V/∂t`, per year.
  case theta
  /// `∂V/∂r`, per unit of the interest rate.
  case rho
  /// `∂V/∂y`, per unit of the carry yield.
  case carryRho
  /// `∂V/∂K`.
  case dualDelta
  /// `∂²V/∂K²`, the discounted density of the spot price at expiry.
  case dualGamma
  /// `∂²V/∂S∂σ`.
  case vanna
  /// `∂²V/∂σ²`.
  case volga
  /// `∂²V/∂S∂t`.
  case charm
  /// `∂²V/∂σ∂t`.
  case veta
  /// `∂³V/∂S³`.
  case speed
  /// `∂³V/∂S²∂σ`.
  case zomma
  /// `∂³V/∂S²∂t`.
  case color
  /// `∂³V/∂σ³`.
  case ultima

  /// The column of the Greek in a matrix.
  public var column: Int { rawValue }

  /// The number of columns that hold the price, the first derivatives and gamma: those up to
  /// ``carryRho``.
  public static let firstOrderCount = 7

  /// The number of columns that hold all derivatives to third order.
  public static let count = 17
}

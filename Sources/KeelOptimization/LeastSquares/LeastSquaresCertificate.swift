/// The figures of a least-squares fit, computed at its last point from the caller's own numbers.
public struct LeastSquaresCertificate: Hashable, Sendable {
  /// Half the sum of the squared residuals.
  public internal(set) var cost = 0.0

  /// The largest component of the projected gradient Jᵀr, in the caller's units.
  ///
  /// A component is zero where the parameter is at a bound and wants to go beyond.
  public internal(set) var projectedGradient = 0.0

  /// The largest cosine between the residuals and a column of the Jacobian, after projection.
  ///
  public internal(set) var cosine = 0.0

  /// The part of the residuals' length that the linear model can still take away.
  ///
  /// It has no unit. Times √(m − n) it is the distance to the stationary point in standard errors, to
  /// first order. Never less than the cosine.
  public internal(set) var relativeOffset = 0.0

  /// The number of parameters exactly at a bound, fixed ones too.
  public internal(set) var activeBoundCount = 0

  /// The number of independent columns of the Jacobian, of those parameters that are inside.
  public internal(set) var rank = 0

  /// The number of trial steps.
  public internal(set) var iterations = 0

  /// The number of times the residuals were evaluated, without those for differences.
  public internal(set) var residualEvaluations = 0

  /// The number of Jacobians.
  public internal(set) var jacobianEvaluations = 0
}

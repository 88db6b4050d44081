/// The residuals of a point and its dual values, computed from the caller's unscaled data.
///
/// All relative figures are unchanged when rows, variables or the objective are rescaled: each
/// residual is divided by the sum of the magnitudes of the terms that it is the difference of.
public struct Certificate: Hashable, Sendable {
  /// The largest violation of a row, relative to Σ|a||x| + |bound|, or of a bound, relative to the
  /// largest |x| + |bound|.
  public let primalResidual: Double

  /// The largest element of Px + q − A'y − z, relative to the sum of the magnitudes of its terms;
  /// dual values with a sign that no bound allows count as residual.
  public let dualResidual: Double

  /// The duality gap, or the sum of |slack × dual| when it is larger, relative to the terms of the
  /// two objectives.
  public let relativeGap: Double

  /// The objective 1/2 x'Px + q'x.
  public let primalObjective: Double

  /// The objective of the dual program.
  public let dualObjective: Double

  /// The row or variable with the largest relative violation; nil when nothing is violated.
  public let worstViolation: Violation?

  /// The number of iterations that the solver took; 0 for a claimed answer.
  public let iterations: Int

  package init(
    primalResidual: Double,
    dualResidual: Double,
    relativeGap: Double,
    primalObjective: Double,
    dualObjective: Double,
    worstViolation: Violation?,
    iterations: Int
  ) {
    self.primalResidual = primalResidual
    self.dualResidual = dualResidual
    self.relativeGap = relativeGap
    self.primalObjective = primalObjective
    self.dualObjective = dualObjective
    self.worstViolation = worstViolation
    self.iterations = iterations
  }

  /// The same certificate for an objective with a constant that the program leaves out.
  package func addingToObjective(_ constant: Double) -> Certificate {
    Certificate(
      primalResidual: primalResidual, dualResidual: dualResidual, relativeGap: relativeGap,
      primalObjective: primalObjective + constant, dualObjective: dualObjective + constant,
      worstViolation: worstViolation, iterations: iterations)
  }

  /// A constraint and by how much it is missed.
  public struct Violation: Hashable, Sendable {
    /// The name of the row or of the variable.
    public let name: String

    /// The distance to the bound in the caller's unit.
    public let amount: Double

    /// The distance on the scale of ``Certificate/primalResidual``.
    public let relative: Double
  }

  /// Limits on the relative residuals.
  public struct Tolerances: Hashable, Sendable {
    /// The limit on ``Certificate/primalResidual``.
    public let primal: Double

    /// The limit on ``Certificate/dualResidual``.
    public let dual: Double

    /// The limit on ``Certificate/relativeGap``.
    public let gap: Double
  }

  /// What ``SolverStatus/optimal`` promises: some thousand roundings in the constraints, and ten
  /// significant digits in the optimality conditions.
  public static let optimalTolerances = Tolerances(primal: 1e-12, dual: 1e-10, gap: 1e-10)

  /// What ``SolverStatus/almostOptimal`` promises: the square root of double precision.
  public static let almostOptimalTolerances = Tolerances(primal: 1e-8, dual: 1e-7, gap: 1e-7)

  /// The certificate of nothing.
  static let none = Certificate(
    primalResidual: .nan, dualResidual: .nan, relativeGap: .nan, primalObjective: .nan,
    dualObjective: .nan, worstViolation: nil, iterations: 0)

  /// Whether all residuals are within limits; NaN never is.
  ///
  /// - Parameter tolerances: The limits.
  /// - Returns: True when primal residual, dual residual and gap hold.
  public func holds(_ tolerances: Tolerances) -> Bool {
    primalResidual <= tolerances.primal && dualResidual <= tolerances.dual
      && relativeGap <= tolerances.gap
  }

  /// The largest residual in units of its limit, to compare two points.
  var merit: Double {
    let limits = Self.optimalTolerances
    let worst = max(
      primalResidual / limits.primal, dualResidual / limits.dual, relativeGap / limits.gap)
    return worst.isNaN ? .infinity : worst
  }
}

/// What a tree search found and proved.
public struct MixedIntegerSolution: Hashable, Sendable {
  /// The best point that satisfies every condition; nil when none was found.
  public let value: [Double]?

  /// What was proved, or why the search stopped.
  public let status: MixedIntegerStatus

  /// The objective of the best point with its fixed costs; +∞ when there is none.
  public let objective: Double

  /// The part of the objective that is fixed costs; 0 when there is no point.
  public let fixedCost: Double

  /// A number that no feasible point's objective lies below, rounding accounted for.
  ///
  /// +∞ when there is no feasible point, −∞ when nothing was proved.
  public let lowerBound: Double

  /// The number of nodes of the tree that were examined.
  public let nodeCount: Int

  /// The number of convex programs that were solved.
  public let relaxationCount: Int

  /// The certificate of the best point for the program with its zeros, lots and positions fixed;
  /// nil when there is no point.
  public let certificate: Certificate?

  /// The distance of objective and lower bound; not negative, +∞ without a point or a bound.
  public var absoluteGap: Double {
    objective == .infinity || lowerBound == -.infinity ? .infinity : max(0, objective - lowerBound)
  }

  /// The absolute gap relative to the objective; zero when the absolute gap is.
  public var relativeGap: Double {
    absoluteGap == .infinity ? .infinity : relative(absoluteGap, to: objective.magnitude)
  }

  package init(
    value: [Double]?,
    status: MixedIntegerStatus,
    objective: Double,
    fixedCost: Double,
    lowerBound: Double,
    nodeCount: Int,
    relaxationCount: Int,
    certificate: Certificate?
  ) {
    self.value = value
    self.status = status
    self.objective = objective
    self.fixedCost = fixedCost
    self.lowerBound = lowerBound
    self.nodeCount = nodeCount
    self.relaxationCount = relaxationCount
    self.certificate = certificate
  }
}

/// What a tree search proved, or why it stopped.
@nonexhaustive
public enum MixedIntegerStatus: Hashable, Sendable {
  /// The gap of objective and lower bound is within the asked limits.
  case optimal

  /// No point satisfies the constraints: the tree is exhausted. `relaxation` is the proof when the
  /// program without its conditions has no point either.
  case infeasible(relaxation: InfeasibilityProof?)

  /// Without the conditions the objective falls without limit, so that there is no bound to start
  /// from.
  case unboundedRelaxation(UnboundednessProof)

  /// The node limit was reached; point and lower bound are valid.
  case nodeLimit

  /// The deadline passed; point and lower bound are valid.
  case deadlineExceeded

  /// The task was cancelled; point and lower bound are valid.
  case cancelled

  /// The tree is exhausted, but rounding left a gap above the limits or a part of the tree without
  /// an answer; point and lower bound are valid.
  case stalled
}

/// The answer of the conic solver with its proof.
///
/// `value` is the answer only when `status` says so: ``ConicStatus/optimal``, or, for a caller who
/// accepts it, ``ConicStatus/almostOptimal``. Otherwise it is the last point that was reached.
public struct ConicSolution: Hashable, Sendable {
  /// The variables.
  public let value: [Double]

  /// What the solver proved about them.
  public let status: ConicStatus

  /// Residuals of the point, computed afterwards from the caller's unscaled data.
  public let certificate: ConicCertificate

  /// The dual values of the blocks, by name.
  public let duals: ConicDuals
}

/// What the conic solver proved, or why it stopped.
@nonexhaustive
public enum ConicStatus: Hashable, Sendable {
  /// The certificate holds to ``ConicProgram/optimalTolerances``.
  case optimal

  /// The certificate holds to ``Certificate/almostOptimalTolerances`` only.
  case almostOptimal

  /// No point satisfies the constraints; the proof was checked on the caller's data.
  case primalInfeasible(ConicInfeasibilityProof)

  /// The objective falls without limit; the direction was checked on the caller's data.
  case unbounded(UnboundednessProof)

  /// The iteration limit was reached before the tolerance.
  case iterationLimit

  /// No further progress is possible in double precision and the tolerance does not hold.
  case stalled

  /// The deadline passed.
  case deadlineExceeded

  /// The task was cancelled.
  case cancelled
}

/// The dual values of conic blocks.
///
/// A dual value is the derivative of the least objective with respect to a decrease of the constant
/// of its expression. At an optimum Px + q = Σ F'(dual values), and the dual values of each block
/// lie in its dual cone.
public struct ConicDuals: Hashable, Sendable {
  /// One array a block, one dual value an expression.
  public private(set) var blocks: [[Double]]

  /// The name of each block.
  public private(set) var names: [String]

  /// Creates dual values for a program.
  ///
  /// - Parameters:
  ///   - program: The program that names the blocks.
  ///   - blocks: One array a block.
  public init(of program: ConicProgram, blocks: [[Double]]) {
    self.blocks = blocks
    names = program.constraints.map(\.name)
  }

  /// Becomes a multiple of dual values of a program, in the memory that is there.
  mutating func set(_ program: ConicProgram, _ values: [[Double]], times factor: Double) {
    names.removeAll(keepingCapacity: true)
    for block in program.constraints { names.append(block.name) }
    while blocks.count < values.count { blocks.append([]) }
    for k in values.indices {
      blocks[k].copyElements(of: values[k])
      for r in blocks[k].indices { blocks[k][r] *= factor }
    }
  }

  /// The dual values of a block.
  ///
  /// - Parameter name: The name of the block.
  /// - Returns: One dual value an expression, or nil when no block has this name.
  /// - Complexity: O(blocks).
  public subscript(name: String) -> [Double]? {
    guard let k = names.firstIndex(of: name), k < blocks.count else { return nil }
    return blocks[k]
  }
}

/// The residuals of a point and its dual values in a conic program, from the caller's unscaled data.
///
/// All relative figures are unchanged when blocks, variables or the objective are rescaled.
public struct ConicCertificate: Hashable, Sendable {
  /// The largest distance of a block's values from its cone, relative to the largest sum of
  /// magnitudes of terms in the block (in its row, where the cone is a product of rows).
  public let primalResidual: Double

  /// The largest element of Px + q − F'z, relative to the sum of the magnitudes of its terms.
  public let dualResidual: Double

  /// The largest distance of a block's dual values from the dual cone, relative to the largest of
  /// them or to the dual value that is worth the objective.
  public let dualConeResidual: Double

  /// The duality gap, or the sum of |value'dual| over the blocks when it is larger, relative to the
  /// terms of the two objectives.
  public let relativeGap: Double

  /// The objective 1/2 x'Px + q'x.
  public let primalObjective: Double

  /// The objective of the dual program, −1/2 x'Px − g'z.
  public let dualObjective: Double

  /// The block with the largest relative distance from its cone; nil when all are inside.
  public let worstViolation: Certificate.Violation?

  /// The block whose dual values are farthest from the dual cone; nil when all are inside.
  public let worstDualViolation: Certificate.Violation?

  /// The number of iterations that the solver took; 0 for a claimed answer.
  public let iterations: Int

  /// The certificate of nothing.
  static let none = ConicCertificate(
    primalResidual: .nan, dualResidual: .nan, dualConeResidual: .nan, relativeGap: .nan,
    primalObjective: .nan, dualObjective: .nan, worstViolation: nil, worstDualViolation: nil,
    iterations: 0)

  /// Whether all residuals are within limits; NaN never is.
  ///
  /// - Parameter tolerances: The limits; the one on the dual residual also holds for the dual cone.
  /// - Returns: True when primal and dual residuals and the gap hold.
  public func holds(_ tolerances: Certificate.Tolerances) -> Bool {
    primalResidual <= tolerances.primal && dualResidual <= tolerances.dual
      && dualConeResidual <= tolerances.dual && relativeGap <= tolerances.gap
  }

  /// The largest residual in units of its limit, to compare two points.
  func merit(_ limits: Certificate.Tolerances) -> Double {
    var worst = propagatingMaximum(primalResidual / limits.primal, dualResidual / limits.dual)
    worst = propagatingMaximum(worst, dualConeResidual / limits.dual)
    worst = propagatingMaximum(worst, relativeGap / limits.gap)
    return worst.isNaN ? .infinity : worst
  }
}

extension ConicProgram {
  /// What ``ConicStatus/optimal`` promises where all cones are symmetric: ten digits in the
  /// constraints and nine in the optimality conditions.
  ///
  /// An interior point is never exactly on the boundary of a curved cone, and there is no active set
  /// to polish it with; these are the digits that the iterations reach with a margin.
  public static let symmetricTolerances = Certificate.Tolerances(
    primal: 1e-10, dual: 1e-9, gap: 1e-9)

  /// What ``ConicStatus/optimal`` promises with exponential and power cones: the square root of
  /// double precision, where the second derivatives of their barriers begin to be rounding.
  public static let nonsymmetricTolerances = Certificate.Tolerances(
    primal: 1e-9, dual: 1e-8, gap: 1e-8)

  /// The tolerances that ``ConicStatus/optimal`` promises for the cones of this program.
  public var optimalTolerances: Certificate.Tolerances {
    isSymmetric ? Self.symmetricTolerances : Self.nonsymmetricTolerances
  }
}

import KeelNumerics

/// A convex quadratic program over the steps of a plan, coupled by costs of the changes between them.
///
/// ```text
/// minimize  Σ ½ w(t)'P(t) w(t) + q(t)'w(t) + charges of w(t) + costs of w(t) − w(t − 1)
/// subject to  rowLower(t) ≤ A(t) w(t) ≤ rowUpper(t),  lower(t) ≤ w(t) ≤ upper(t)
/// ```
///
/// w(0) is given. Variables after the first N of a step are its own: their changes cost nothing.
package struct SequentialProgram: Sendable {
  /// A convex function of each number of a vector, linear on both sides of a reference.
  package struct Charge: Sendable {
    /// The slope above the reference.
    package let above: [Double]
    /// Minus the slope below it; both slopes together are zero or more.
    package let below: [Double]
    package let reference: [Double]

    package init(above: [Double], below: [Double], reference: [Double]) {
      self.above = above
      self.below = below
      self.reference = reference
    }
  }

  /// What changes cost: Σ charges + ½ curvature Δ² + power |Δ|^(3/2).
  package struct ChangeCosts: Sendable {
    package var charges: [Charge] = []
    /// One number a linked variable each, zero or more; empty for none.
    package var curvatures: [Double] = []
    package var powers: [Double] = []

    package init(charges: [Charge] = [], curvatures: [Double] = [], powers: [Double] = []) {
      self.charges = charges
      self.curvatures = curvatures
      self.powers = powers
    }
  }

  /// One step of the plan.
  package struct Step: Sendable {
    let quadratic: QuadraticTerm
    let linear: [Double]
    let lower: [Double]
    let upper: [Double]
    let rows: [LinearRow]
    let charges: [Charge]
    let changes: ChangeCosts
    let convexity: QuadraticProgram.Convexity

    package init(
      quadratic: QuadraticTerm,
      convexity: QuadraticProgram.Convexity,
      linear: [Double],
      lower: [Double],
      upper: [Double],
      rows: [LinearRow],
      charges: [Charge],
      changes: ChangeCosts
    ) {
      self.quadratic = quadratic
      self.convexity = convexity
      self.linear = linear
      self.lower = lower
      self.upper = upper
      self.rows = rows
      self.charges = charges
      self.changes = changes
    }

    /// The number of variables.
    var count: Int { linear.count }
  }

  package let steps: [Step]
  /// The variables before the first step; their number is that of the linked ones.
  package let start: [Double]

  /// Creates a program from parts of fitting shapes with finite numbers.
  package init(steps: [Step], start: [Double]) {
    self.steps = steps
    self.start = start
  }

  /// Throws unless every P that is not known to be positive semidefinite is.
  package func requireConvex() throws(OptimizationError) {
    for (t, step) in steps.enumerated() where step.convexity == .unproved {
      if t > 0, steps[t - 1].quadratic == step.quadratic { continue }
      try step.quadratic.requireConvex()
    }
  }
}

/// A point of a sequential program with slopes that may prove it.
package struct SequentialPoint: Sendable {
  /// The variables of each step, inside their bounds.
  package var variables: [[Double]] = []
  /// For each step and each charge of its change one slope a linked variable.
  package var slopes: [[[Double]]] = []
  /// For each step one slope of the power of the change a linked variable; empty where no change has one.
  package var powerSlopes: [[Double]] = []
  /// The dual values of each step's rows.
  package var rowDuals: [[Double]] = []
  /// The number of iterations so far.
  package var iterations = 0

  package init() {}
}

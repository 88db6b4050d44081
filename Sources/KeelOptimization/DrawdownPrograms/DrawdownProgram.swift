package import KeelNumerics

/// A linear program with a risk of the drawdowns of its outcomes as the objective.
///
/// ```text
/// minimize  ρ(d)  subject to  rowLower ≤ Ax ≤ rowUpper,  lowerBounds ≤ x ≤ upperBounds
/// d(t) = max(d(t − 1) − (R x)(t), 0),  d(0) = 0
/// ```
///
/// R holds T × N outcomes in the order of time. Variables after the first N have no outcomes.
package struct DrawdownProgram: Sendable {
  /// A convex and growing function of the drawdowns.
  package enum Risk: Hashable, Sendable {
    /// Σ p d.
    case mean

    /// √Σ p d².
    case rootMeanSquare

    /// The mean of the worst 1 − confidence.
    case tail(confidence: Double)

    /// The largest drawdown with a probability.
    case largest

    /// The entropic value at risk.
    case entropic(confidence: Double)
  }

  /// The risk.
  package let risk: Risk

  /// Outcomes, probabilities and constraints, as those of a tail program.
  let base: ExpectedShortfallProgram

  /// The confidence of the base where the risk has none: no part of the answer.
  private static let anyConfidence = 0.5

  /// Creates a program.
  ///
  /// - Parameters:
  ///   - risk: The risk; a confidence is inside (0, 1).
  ///   - outcomes: The T × N outcomes, finite, T at least 1.
  ///   - probabilities: T numbers that sum to one.
  ///   - lowerBounds: The lower bounds, −∞ allowed.
  ///   - upperBounds: The upper bounds, +∞ allowed.
  ///   - rows: The linear constraints.
  ///   - variableNames: The names of the variables.
  /// - Throws: ``OptimizationError`` for what makes no program.
  package init(
    _ risk: Risk,
    outcomes: Matrix,
    probabilities: [Double],
    lowerBounds: [Double],
    upperBounds: [Double],
    rows: [LinearRow],
    variableNames: [String]
  ) throws(OptimizationError) {
    self.risk = risk
    var confidence = Self.anyConfidence
    if case .tail(let given) = risk { confidence = given }
    base = try ExpectedShortfallProgram(
      outcomes: outcomes, probabilities: probabilities, confidence: confidence,
      lowerBounds: lowerBounds, upperBounds: upperBounds, rows: rows, variableNames: variableNames)
  }
}

/// A point of a drawdown program with the plane that proves how good it is.
package struct DrawdownPoint: Sendable {
  /// The variables, inside their bounds.
  package let variables: [Double]

  /// One slope an outcome: for every x the risk is at least Σ slope × (R x).
  package let slopes: [Double]

  /// The dual values of the rows, of the right sign.
  package let rowDuals: [Double]
}

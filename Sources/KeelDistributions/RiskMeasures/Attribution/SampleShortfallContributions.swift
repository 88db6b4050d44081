// Goals in order: the total equal to EmpiricalDistribution's, the sum of the parts equal to it.
//
// The derivative of the expected shortfall is the mean loss of the asset over the tail (Tasche
// 1999); rows at the value at risk share what is left of the tail in proportion to their
// probabilities.

public import KeelData
import KeelNumerics

extension RiskContributions {
  /// Splits the historical expected shortfall of a portfolio over its assets.
  ///
  /// ```text
  /// ES = Σ c(i),   c(i) = −w(i) Σ q(t) r(t, i)
  /// ```
  ///
  /// with the weights q(t) of the rows in the worst 1 − confidence; they sum to one.
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions.
  ///   - returns: T × N returns over the same universe in the same order, T at least 1.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - probabilities: The probability of each row, or nil for equal ones.
  /// - Returns: The expected shortfall, positive for a loss, and its parts. The total is that of
  ///   ``EmpiricalDistribution/expectedShortfall(confidence:)``.
  /// - Throws: `DistributionsError.invalidValue` for the confidence or the sum of probabilities,
  ///   `DistributionsError.universeMismatch`, `DistributionsError.tooFewObservations`,
  ///   `DistributionsError.shapeMismatch`, `DistributionsError.invalidObservation` for a
  ///   probability or a portfolio return that overflows.
  /// - Complexity: O(TN).
  public static func expectedShortfall(
    weights: Weights,
    returns: SimpleReturns,
    confidence: Double,
    probabilities: [Double]? = nil
  ) throws(DistributionsError) -> RiskContributions {
    try requireConfidence(confidence)
    let law = try EmpiricalDistribution(
      weights: weights, returns: returns, probabilities: probabilities)
    return split(weights, law, returns.values, confidence)
  }

  /// Splits the expected shortfall of a portfolio over scenarios.
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions.
  ///   - scenarios: The scenarios over the same universe in the same order.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The expected shortfall, positive for a loss, and its parts. The total is that of
  ///   ``EmpiricalDistribution/expectedShortfall(confidence:)``.
  /// - Throws: `DistributionsError.invalidValue` for the confidence,
  ///   `DistributionsError.universeMismatch`, `DistributionsError.invalidObservation` for an outcome
  ///   of the portfolio that overflows.
  /// - Complexity: O(S N).
  public static func expectedShortfall(
    weights: Weights,
    scenarios: ScenarioSet,
    confidence: Double
  ) throws(DistributionsError) -> RiskContributions {
    try requireConfidence(confidence)
    let law = try EmpiricalDistribution(weights: weights, scenarios: scenarios)
    return split(weights, law, scenarios.outcomes, confidence)
  }

  /// The parts of the expected shortfall of a portfolio whose outcomes have a law.
  private static func split(
    _ weights: Weights,
    _ law: EmpiricalDistribution,
    _ outcomes: Matrix,
    _ confidence: Double
  ) -> RiskContributions {
    let probabilities = law.probabilities
    let losses = law.outcomes.map { -$0 }
    let tail = SampleTail(losses: losses, masses: probabilities, confidence: confidence)
    let shares = losses.indices.map { t in
      tail.weight(ofLoss: losses[t], mass: probabilities?[t] ?? 1)
    }
    let marginals = weights.values.indices.map { j in
      let column = outcomes.column(j)
      var sum = 0.0
      for t in column.indices where shares[t] != 0 { sum += shares[t] * column[t] }
      return -sum
    }
    return RiskContributions(weights, total: tail.expectedShortfall, marginals: marginals)
  }
}

/// Checks that a confidence is inside (0, 1).
func requireConfidence(_ confidence: Double) throws(DistributionsError) {
  guard confidence > 0, confidence < 1 else {
    throw .invalidValue(
      argument: "confidence", got: confidence, lowest: .leastNonzeroMagnitude,
      highest: 1.0.nextDown)
  }
}

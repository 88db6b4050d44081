// Goals in order: one definition of value at risk and expected shortfall, linear time.

public import KeelData
import KeelNumerics

/// The law of a sample: each outcome with its probability.
///
/// As a law of returns its risk measures count a loss as positive. Value at risk and expected
/// shortfall are those of Rockafellar and Uryasev (2002):
///
/// ```text
/// VaR = min { l : P(loss > l) ≤ 1 − confidence }
/// ES  = min over t of  t + E[max(loss − t, 0)] / (1 − confidence)
/// ```
///
/// so that the atom at the value at risk counts with the share that fills the tail exactly.
public struct EmpiricalDistribution: Hashable, Sendable {
  /// The outcomes, as fractions for returns.
  public let outcomes: [Double]

  /// The probability of each outcome; nil when all are equal.
  public let probabilities: [Double]?

  /// How far the sum of probabilities may be from one.
  public static let probabilityTolerance = 1e-9

  /// Creates the law of a sample.
  ///
  /// - Parameters:
  ///   - outcomes: At least one finite number.
  ///   - probabilities: As many numbers in [0, 1] that sum to one within ``probabilityTolerance``,
  ///     or nil for equal ones.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`
  ///   with the index, `DistributionsError.shapeMismatch`, `DistributionsError.invalidValue` for
  ///   the sum of probabilities.
  public init(outcomes: [Double], probabilities: [Double]? = nil) throws(DistributionsError) {
    guard !outcomes.isEmpty else { throw .tooFewObservations(got: 0, required: 1) }
    if let index = outcomes.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "outcomes", index: index, got: outcomes[index])
    }
    try Self.validate(probabilities, count: outcomes.count)
    self.outcomes = outcomes
    self.probabilities = probabilities
  }

  /// Creates the law of a portfolio's return over past periods, with today's weights.
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions.
  ///   - returns: T × N returns over the same universe in the same order, T at least 1.
  ///   - probabilities: The probability of each row, or nil for equal ones.
  /// - Throws: As ``init(outcomes:probabilities:)``, and `DistributionsError.universeMismatch`.
  /// - Complexity: O(TN).
  public init(
    weights: Weights,
    returns: SimpleReturns,
    probabilities: [Double]? = nil
  ) throws(DistributionsError) {
    try requireSame(weights.universe, returns.universe)
    try self.init(
      outcomes: returns.portfolioReturns(weights.values), probabilities: probabilities)
  }

  /// Creates the law of a portfolio's outcome over scenarios.
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions.
  ///   - scenarios: The scenarios over the same universe in the same order.
  /// - Throws: `DistributionsError.universeMismatch`, `DistributionsError.invalidObservation` with
  ///   the scenario whose outcome overflows.
  /// - Complexity: O(S N).
  public init(weights: Weights, scenarios: ScenarioSet) throws(DistributionsError) {
    try requireSame(weights.universe, scenarios.universe)
    do throws(DataError) {
      outcomes = try scenarios.portfolioOutcomes(weights: weights)
    } catch {
      guard case .invalidValue(_, _, let row, let got, _, _) = error else {
        throw .tooFewObservations(got: 0, required: 1)
      }
      throw .invalidObservation(argument: "outcomes", index: row ?? 0, got: got)
    }
    probabilities = scenarios.probabilities
  }

  /// The mean of the outcomes.
  public var mean: Double {
    let total = probabilities?.reduce(0, +) ?? Double(outcomes.count)
    return outcomes.indices.reduce(0) { sum, i in
      sum + outcomes[i] * ((probabilities?[i] ?? 1) / total)
    }
  }

  /// Returns the smallest loss that is exceeded with a probability of at most 1 − confidence.
  ///
  /// A probability within 1e-12 of the limit, relatively, counts as equal to it.
  ///
  /// - Parameter confidence: The confidence, inside (0, 1).
  /// - Returns: The loss, positive for a loss; NaN outside (0, 1).
  /// - Complexity: O(T), by selection.
  public func valueAtRisk(confidence: Double) -> Double {
    tail(confidence)?.valueAtRisk ?? .nan
  }

  /// Returns the mean of the worst 1 − confidence of the outcomes, as a loss.
  ///
  /// - Parameter confidence: The confidence, inside (0, 1).
  /// - Returns: The loss, positive for a loss; NaN outside (0, 1).
  /// - Complexity: O(T), by selection.
  public func expectedShortfall(confidence: Double) -> Double {
    tail(confidence)?.expectedShortfall ?? .nan
  }

  private func tail(_ confidence: Double) -> SampleTail? {
    guard confidence > 0, confidence < 1 else { return nil }
    return SampleTail(
      losses: outcomes.map { -$0 }, masses: probabilities, confidence: confidence)
  }

  static func validate(_ probabilities: [Double]?, count: Int) throws(DistributionsError) {
    guard let probabilities else { return }
    guard probabilities.count == count else {
      throw .shapeMismatch(argument: "probabilities", got: probabilities.count, required: count)
    }
    if let index = probabilities.firstIndex(where: { !($0 >= 0 && $0 <= 1) }) {
      throw .invalidObservation(
        argument: "probabilities", index: index, got: probabilities[index])
    }
    let total = probabilities.reduce(0, +)
    guard (total - 1).magnitude <= probabilityTolerance else {
      throw .invalidValue(
        argument: "sum of probabilities", got: total, lowest: 1 - probabilityTolerance,
        highest: 1 + probabilityTolerance)
    }
  }
}

extension SimpleReturns {
  /// The return of a portfolio in each period.
  func portfolioReturns(_ weights: [Double]) -> [Double] {
    values.combination(of: weights.indices.filter { weights[$0] != 0 }, factors: weights)
  }
}

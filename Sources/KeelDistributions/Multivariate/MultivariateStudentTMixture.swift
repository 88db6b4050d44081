// Goals in order: parts that sum to the measure, exact means of tails in every regime, one root for the portfolio.
//
// Given that the portfolio V is v, regime k has the probability p f_k(v)/f(v), and in it the mean of an asset is its regression on V; over
// V ≤ v the same holds with probabilities of the tail and its mean in the regime (D. Tasche, "Risk contributions and performance
// measurement", TU München (1999), for the split).

public import KeelData
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A law of the returns of assets that is one of several, each with a probability: the regimes of a market.
///
/// ```swift
/// let law = try MultivariateStudentTMixture(components: [calm, crisis], weights: [0.9, 0.1])
/// let split = try law.expectedShortfallContributions(portfolio, confidence: 0.99)
/// ```
public struct MultivariateStudentTMixture: Hashable, Sendable {
  /// The law in each regime; normal with infinite degrees of freedom.
  public let components: [MultivariateStudentT]

  /// The probability of each regime; they sum to one.
  public let weights: [Double]

  /// Creates the law.
  ///
  /// - Parameters:
  ///   - components: At least one law, all over the same universe in the same order.
  ///   - weights: The probability of each: positive, summing to one within ``EmpiricalDistribution/probabilityTolerance``.
  /// - Throws: `DistributionsError.tooFewObservations` without a component, `DistributionsError.universeMismatch`, and for the weights as
  ///   ``Mixture/init(components:weights:)``.
  public init(
    components: [MultivariateStudentT],
    weights: [Double]
  ) throws(DistributionsError) {
    for component in components.dropFirst() {
      try requireSame(components[0].covariance.universe, component.covariance.universe)
    }
    let standard = try Normal(mean: 0, standardDeviation: 1)
    // The weights are those of a mixture of one variable.
    self.weights = try Mixture(
      components: components.map { _ in standard }, weights: weights
    ).weights
    self.components = components
  }

  /// Returns the law of the return of a portfolio.
  ///
  /// - Parameter portfolio: The portfolio, as fractions, over the same universe.
  /// - Returns: The law of the return over one period.
  /// - Throws: As ``MultivariateStudentT/portfolioLaw(_:)``.
  /// - Complexity: O(n²) for n assets and each regime.
  public func portfolioLaw(_ portfolio: Weights) throws(DistributionsError) -> Mixture<StudentT> {
    var laws: [StudentT] = []
    for component in components { laws.append(try component.portfolioLaw(portfolio)) }
    return try Mixture(components: laws, weights: weights)
  }

  /// Splits the value at risk of a portfolio over its assets.
  ///
  /// ```text
  /// c(i) = −w(i) E[x(i) | w'x = −VaR]
  /// ```
  ///
  /// - Parameters:
  ///   - portfolio: The portfolio, as fractions, over the same universe.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The value at risk over one period, positive for a loss, and its parts.
  /// - Throws: As ``portfolioLaw(_:)``, `DistributionsError.invalidValue` for the confidence.
  /// - Complexity: O(n²) for n assets and each regime.
  public func valueAtRiskContributions(
    _ portfolio: Weights,
    confidence: Double
  ) throws(DistributionsError) -> RiskContributions {
    try requireConfidence(confidence)
    let law = try portfolioLaw(portfolio)
    let loss = law.valueAtRisk(confidence: confidence)
    let total = law.logPDF(-loss)
    return try contributions(portfolio, total: loss) { k in
      let share = exp(law.components[k].logPDF(-loss) - total)
      return (share, -loss)
    }
  }

  /// Splits the expected shortfall of a portfolio over its assets.
  ///
  /// ```text
  /// c(i) = −w(i) E[x(i) | w'x ≤ −VaR]
  /// ```
  ///
  /// - Parameters:
  ///   - portfolio: The portfolio, as fractions, over the same universe.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The expected shortfall over one period, positive for a loss, and its parts.
  /// - Throws: As ``portfolioLaw(_:)``, `DistributionsError.invalidValue` for the confidence.
  /// - Complexity: O(n²) for n assets and each regime.
  public func expectedShortfallContributions(
    _ portfolio: Weights,
    confidence: Double
  ) throws(DistributionsError) -> RiskContributions {
    try requireConfidence(confidence)
    let law = try portfolioLaw(portfolio)
    let point = -law.valueAtRisk(confidence: confidence)
    return try contributions(
      portfolio, total: law.expectedShortfall(confidence: confidence)
    ) { k in
      let tail = law.components[k].cdf(point)
      // A regime without a tail has no mean of it.
      return tail > 0
        ? (tail / (1 - confidence), law.components[k].meanBelow(probability: tail)) : (0, 0)
    }
  }

  /// The split from the relative probability of each regime in the tail, and the mean of the portfolio there.
  private func contributions(
    _ portfolio: Weights,
    total: Double,
    tail: (Int) -> (share: Double, mean: Double)
  ) throws(DistributionsError) -> RiskContributions {
    var marginals = [CompensatedSum](
      repeating: CompensatedSum(), count: portfolio.values.count)
    for (k, component) in components.enumerated() {
      let (share, mean) = tail(k)
      guard share > 0 else { continue }
      let projection = try PortfolioProjection(
        portfolio, component.expectedReturns, component.covariance)
      let gradient = projection.gradient
      let distance = (mean - projection.mean) / gradient.volatility
      for (i, center) in component.expectedReturns.values.enumerated() {
        marginals[i].add(-weights[k] * share * (center + gradient.marginals[i] * distance))
      }
    }
    let values = marginals.map(\.value)
    guard total.isFinite, values.allSatisfy(\.isFinite) else {
      throw .notRepresentable(result: "contributions")
    }
    return RiskContributions(portfolio, total: total, marginals: values)
  }
}

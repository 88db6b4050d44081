public import KeelData
import KeelNumerics

extension MultivariateHiddenMarkovModel {
  /// The natural logarithm of the likelihood of a history.
  ///
  /// - Parameter returns: T × N simple returns of the same assets in the same order.
  /// - Returns: The log-likelihood; zero of no rows, minus infinity when a row is so far from all states
  ///   that no density is representable.
  /// - Throws: As ``filtered(_:)``.
  /// - Complexity: O(KTN² + KN³).
  public func logLikelihood(of returns: SimpleReturns) throws(EstimationError) -> Double {
    var filter = try MultivariateRegimeFilter(self)
    _ = try filter.update(with: returns)
    return filter.logLikelihood
  }

  /// The most likely path of states through the whole history, its future included (Viterbi).
  ///
  /// Of equally likely paths the one with the lower state in the last row where they differ. A row so far
  /// from all possible states that no density is representable says nothing, as in the filter.
  ///
  /// - Parameter returns: T × N simple returns of the same assets in the same order.
  /// - Returns: The state of each row.
  /// - Throws: As ``filtered(_:)``.
  /// - Complexity: O(KTN² + KN³).
  public func mostLikelyPath(of returns: SimpleReturns) throws(EstimationError) -> [Int] {
    let densities = try logDensities(returns)
    var path = ViterbiPath(initial: initialProbabilities, transitions: transitions)
    for t in 0..<returns.observationCount { path.take(densities.map { $0[t] }) }
    return path.states
  }

  /// The probabilities of the states and the moments of the returns in the next rows.
  ///
  /// ```text
  /// π(h) = π P^h,   m(h) = Σ π(h, j) m(j),   S(h) = Σ π(h, j) (S(j) + (m(j) − m(h))(m(j) − m(h))')
  /// ```
  ///
  /// These are the moments of single rows: returns of rows ahead are correlated where the means of the
  /// states differ.
  ///
  /// - Parameters:
  ///   - probabilities: The probability of each state in the last row, as a filter has them.
  ///   - steps: The number of rows ahead, from 1 to `HiddenMarkovModel.maximumHorizon`, with steps × N² at most 2²⁸.
  /// - Returns: One forecast for each of the rows ahead.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.invalidValue`,
  ///   `EstimationError.notRepresentable`.
  /// - Complexity: O(hKN²), as much memory as h covariances.
  public func forecast(
    from probabilities: [Double],
    steps: Int
  ) throws(EstimationError) -> [MultivariateRegimeForecast] {
    let law = try HiddenMarkovModel.law(probabilities, "probabilities", count: stateCount)
    return try forecast(next: transitions.applied(to: law), steps: steps)
  }

  /// From the probability of each state in the next row.
  func forecast(
    next: [Double],
    steps: Int
  ) throws(EstimationError) -> [MultivariateRegimeForecast] {
    try HiddenMarkovModel.requireHorizon(steps)
    try requireRoom(for: steps, order: universe.count, argument: "steps")
    var law = next
    var forecasts = [try mixture(law)]
    for _ in 1..<steps {
      law = transitions.applied(to: law)
      forecasts.append(try mixture(law))
    }
    return forecasts
  }

  /// The moments of a row whose state has a law.
  private func mixture(_ law: [Double]) throws(EstimationError) -> MultivariateRegimeForecast {
    let order = universe.count
    var mean = [Double](repeating: 0, count: order)
    for (probability, state) in zip(law, states) {
      for (i, value) in state.expectedReturns.values.enumerated() { mean[i] += probability * value }
    }
    var lower = [Double](repeating: 0, count: order * order)
    for (probability, state) in zip(law, states) where probability > 0 {
      let matrix = state.covariance.matrix
      let distance = zip(state.expectedReturns.values, mean).map { $0 - $1 }
      for j in 0..<order {
        for i in j..<order {
          lower[i + j * order] += probability * (matrix[i, j] + distance[i] * distance[j])
        }
      }
    }
    do throws(DataError) {
      return MultivariateRegimeForecast(
        probabilities: law,
        expectedReturns: try ExpectedReturns(universe: universe, values: mean),
        covariance: try Covariance(
          universe: universe, dense: SymmetricMatrix(lowerTriangleOf: lower, order: order),
          definiteness: .byConstruction, diagnostics: CovarianceDiagnostics()))
    } catch {
      throw .notRepresentable(result: "covariance")
    }
  }
}

/// What a hidden Markov model of many assets says of one future row.
public struct MultivariateRegimeForecast: Hashable, Sendable {
  /// The probability of each state.
  public let probabilities: [Double]

  /// The expected returns, per period.
  public let expectedReturns: ExpectedReturns

  /// The covariance of the returns, per period.
  public let covariance: Covariance
}

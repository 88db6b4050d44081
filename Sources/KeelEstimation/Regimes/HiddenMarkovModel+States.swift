import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension HiddenMarkovModel {
  /// The probability of each state in each row given the returns up to that row.
  ///
  /// - Parameter returns: The returns, finite.
  /// - Returns: T rows; row t is the same whatever comes after it.
  /// - Throws: `EstimationError.invalidObservation`.
  /// - Complexity: O(TK²).
  public func filtered(_ returns: [Double]) throws(EstimationError) -> FilteredProbabilities {
    var filter = RegimeFilter(self)
    return try filter.update(with: returns)
  }

  /// The natural logarithm of the likelihood of a series.
  ///
  /// - Parameter returns: The returns, finite.
  /// - Returns: The log-likelihood; zero of no returns.
  /// - Throws: `EstimationError.invalidObservation`.
  /// - Complexity: O(TK²).
  public func logLikelihood(of returns: [Double]) throws(EstimationError) -> Double {
    try requireFinite(returns)
    return returns.isEmpty ? 0 : pass(over: returns).logLikelihood
  }

  /// A pass over one return or more.
  private func pass(over returns: [Double]) -> (chain: Kernels.Chain, logLikelihood: Double) {
    let parameters = MarkovParameters(
      states: kernelStates, initial: initialProbabilities, transitions: transitions.flatMap { $0 })
    var chain = Kernels.Chain(returns, stateCount: stateCount)
    let peaks = chain.setDensities(parameters.states)
    let scaled = chain.pass(
      initial: parameters.initial, transitions: parameters.transitions, states: parameters.states)
    if let scaled { return (chain, peaks + scaled) }
    let likelihood = chain.passInLogarithms(parameters)
    return (chain, likelihood)
  }

  /// The probability of each state in each row given the whole series, its future included.
  ///
  /// - Parameter returns: The returns, finite.
  /// - Returns: T rows.
  /// - Throws: `EstimationError.invalidObservation`.
  /// - Complexity: O(TK²).
  public func smoothedProbabilities(
    of returns: [Double]
  ) throws(EstimationError) -> SmoothedProbabilities {
    try requireFinite(returns)
    guard !returns.isEmpty else {
      return SmoothedProbabilities(columns: [[Double]](repeating: [], count: stateCount))
    }
    let chain = pass(over: returns).chain
    return SmoothedProbabilities(
      columns: (0..<stateCount).map { j in
        Array(chain.probabilities[(j * chain.leading)..<(j * chain.leading + returns.count)])
      })
  }

  /// The most likely path of states through the whole series, its future included (Viterbi).
  ///
  /// Of equally likely paths the one with the lower state in the last row where they differ. A return so
  /// far from all possible states that no density is representable says nothing, as in the filter.
  ///
  /// - Parameter returns: The returns, finite.
  /// - Returns: The state of each row.
  /// - Throws: `EstimationError.invalidObservation`.
  /// - Complexity: O(TK²).
  public func mostLikelyPath(of returns: [Double]) throws(EstimationError) -> [Int] {
    try requireFinite(returns)
    let states = kernelStates
    var path = ViterbiPath(initial: initialProbabilities, transitions: transitions)
    for value in returns { path.take(states.map { $0.logDensity(value) }) }
    return path.states
  }

  /// The longest horizon of a forecast.
  public static let maximumHorizon = 100_000

  /// The probabilities of the states and the moments of the returns in the next rows.
  ///
  /// ```text
  /// π(h) = π P^h,   m(h) = Σ π(h, j) m(j),   v(h) = Σ π(h, j) (v(j) + (m(j) − m(h))²)
  /// ```
  ///
  /// - Parameters:
  ///   - probabilities: The probability of each state in the last row, as a filter has them.
  ///   - steps: The number of rows ahead, from 1 to ``maximumHorizon``.
  /// - Returns: One forecast for each of the rows ahead.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.invalidValue`.
  /// - Complexity: O(hK²).
  public func forecast(
    from probabilities: [Double],
    steps: Int
  ) throws(EstimationError) -> [RegimeForecast] {
    let law = try Self.law(probabilities, "probabilities", count: stateCount)
    return try forecast(next: self.probabilities(after: law), steps: steps)
  }

  static func requireHorizon(_ steps: Int) throws(EstimationError) {
    guard (1...maximumHorizon).contains(steps) else {
      throw .invalid("steps", Double(steps), lowest: 1, highest: Double(maximumHorizon))
    }
  }

  /// From the probability of each state in the next row.
  func forecast(next: [Double], steps: Int) throws(EstimationError) -> [RegimeForecast] {
    try Self.requireHorizon(steps)
    var law = next
    var forecasts: [RegimeForecast] = []
    for step in 0..<steps {
      if step > 0 { law = self.probabilities(after: law) }
      let mean = zip(law, states).reduce(0) { $0 + $1.0 * $1.1.mean }
      var variance = 0.0
      for (probability, state) in zip(law, states) where probability > 0 {
        variance += probability * (state.variance + (state.mean - mean) * (state.mean - mean))
      }
      forecasts.append(RegimeForecast(probabilities: law, mean: mean, variance: variance))
    }
    return forecasts
  }

  /// The law of the next row from that of a row.
  func probabilities(after law: [Double]) -> [Double] { transitions.applied(to: law) }

  var kernelStates: [Kernels.Chain.State] {
    states.map { .init(mean: $0.mean, scale: $0.scale, degreesOfFreedom: $0.degreesOfFreedom) }
  }

  private func requireFinite(_ returns: [Double]) throws(EstimationError) {
    for (index, value) in returns.enumerated() where !value.isFinite {
      throw .invalidObservation(argument: "returns", index: index, got: value)
    }
  }
}

extension RegimeFilter {
  /// The probabilities of the states and the moments of the returns in the next rows.
  ///
  /// - Parameter steps: The number of rows ahead, from 1 to `HiddenMarkovModel.maximumHorizon`.
  /// - Returns: One forecast for each of the rows ahead.
  /// - Throws: `EstimationError.invalidValue`.
  /// - Complexity: O(hK²).
  public func forecast(steps: Int) throws(EstimationError) -> [RegimeForecast] {
    try model.forecast(next: predictedProbabilities, steps: steps)
  }
}

/// What a hidden Markov model says of one future row.
public struct RegimeForecast: Hashable, Sendable, Codable {
  /// The probability of each state.
  public let probabilities: [Double]

  /// The expected return, per period.
  public let mean: Double

  /// The variance of the return, per period; infinite where a state has none, or where it is too large.
  ///
  /// JSON has no such number: an encoder must be told how to write it.
  public let variance: Double

  /// The standard deviation of the return, per period.
  public var standardDeviation: Double { variance.squareRoot() }
}

extension [[Double]] {
  /// The law after one step of a chain with these transitions.
  func applied(to law: [Double]) -> [Double] {
    let next = indices.map { j in indices.reduce(0) { $0 + law[$1] * self[$1][j] } }
    // Rounding must not grow over millions of rows.
    let sum = next.reduce(0, +)
    return next.map { $0 / sum }
  }
}

// Goals in order: a row at a time gives the bits of the whole series, no underflow on any series.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The probabilities of the states given the returns so far, a return at a time.
///
/// ```text
/// P(s(t) = j | r(1…t)) ∝ Σ P(s(t−1) = i | r(1…t−1)) p(i, j) f(j, r(t))
/// ```
///
/// The state is a value: it can be saved, restored, copied and compared. Any division of a series
/// into calls gives the same bits. A state whose probability falls below 1e-308 counts as left: only
/// a transition leads back to it.
public struct RegimeFilter: Hashable, Sendable {
  /// The model.
  public let model: HiddenMarkovModel

  /// The probability of each state given all returns so far: of the first row before there is any.
  public private(set) var probabilities: [Double]

  /// The number of returns so far.
  public private(set) var observationCount: Int

  /// The natural logarithm of the likelihood of the returns so far; minus infinity when one was so far
  /// from all states that no density is representable.
  public private(set) var logLikelihood: Double

  /// Creates a filter that has seen nothing.
  ///
  /// - Parameter model: The model.
  public init(_ model: HiddenMarkovModel) {
    self.model = model
    probabilities = model.initialProbabilities
    observationCount = 0
    logLikelihood = 0
  }

  /// The probability of each state in the next row.
  public var predictedProbabilities: [Double] {
    observationCount == 0 ? probabilities : model.probabilities(after: probabilities)
  }

  /// Takes in the next return.
  ///
  /// - Parameter value: The return, finite.
  /// - Throws: `EstimationError.invalidObservation`; the state is then as before.
  /// - Complexity: O(K²).
  public mutating func update(with value: Double) throws(EstimationError) {
    guard value.isFinite else {
      throw .invalidObservation(argument: "returns", index: observationCount, got: value)
    }
    take(value, model.kernelStates)
  }

  private mutating func take(_ value: Double, _ states: [MarkovParameters.State]) {
    let step = FilterStep(predictedProbabilities, states.map { $0.logDensity(value) })
    probabilities = step.probabilities
    logLikelihood += step.logLikelihood
    observationCount += 1
  }

  /// Takes in returns.
  ///
  /// - Parameter returns: The returns after those so far, finite.
  /// - Returns: The probabilities of the states in each of these rows, each given the rows up to it.
  /// - Throws: `EstimationError.invalidObservation`, with the index within `returns`; the state is
  ///   then as before.
  /// - Complexity: O(TK²).
  public mutating func update(
    with returns: [Double]
  ) throws(EstimationError) -> FilteredProbabilities {
    for (index, value) in returns.enumerated() where !value.isFinite {
      throw .invalidObservation(argument: "returns", index: index, got: value)
    }
    var columns = [[Double]](
      repeating: [Double](repeating: 0, count: returns.count), count: model.stateCount)
    let states = model.kernelStates
    for (t, value) in returns.enumerated() {
      take(value, states)
      for j in columns.indices { columns[j][t] = probabilities[j] }
    }
    return FilteredProbabilities(columns: columns)
  }
}

extension RegimeFilter: Codable {
  private enum CodingKeys: String, CodingKey {
    case model, probabilities, observationCount, logLikelihood
  }

  /// Decodes and checks a state.
  ///
  /// - Parameter decoder: Where to read from.
  /// - Throws: `DecodingError`, and `EstimationError` for what no filter can hold.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let model = try container.decode(HiddenMarkovModel.self, forKey: .model)
    // The rules for probabilities are those of the model's.
    let law = try HiddenMarkovModel(
      states: model.states,
      initialProbabilities: container.decode([Double].self, forKey: .probabilities),
      transitions: model.transitions)
    self.model = model
    probabilities = law.initialProbabilities
    observationCount = try container.decode(Int.self, forKey: .observationCount)
    logLikelihood = try container.decode(Double.self, forKey: .logLikelihood)
    try StoredCount.require("observationCount", observationCount)
  }
}

/// One row of a filter: from predicted probabilities and logarithms of densities.
struct FilterStep {
  let probabilities: [Double]

  /// The logarithm of the density of the row.
  let logLikelihood: Double

  /// A smaller sum is taken in logarithms.
  private static let leastSum = 1e-280

  init(_ predicted: [Double], _ densities: [Double]) {
    // What the densities are measured by: the largest one, or where its state cannot be, or hardly,
    // the largest product.
    var largest = densities.reduce(-.infinity, max)
    var weights = zip(predicted, densities).map { $0 * exp($1 - largest) }
    var sum = weights.reduce(0, +)
    if !(sum > Self.leastSum) {
      let logarithms = zip(predicted, densities).map { log($0) + $1 }
      largest = logarithms.reduce(-.infinity, max)
      weights = logarithms.map { exp($0 - largest) }
      sum = weights.reduce(0, +)
    }
    // A value so far from all states that no density can be told from another says nothing.
    if sum.isFinite && sum > 0 {
      probabilities = weights.map { $0 / sum }
      logLikelihood = largest + log(sum)
    } else {
      probabilities = predicted
      logLikelihood = -.infinity
    }
  }
}

/// Probabilities of states, each row given the returns up to that row.
///
/// With the parameters known beforehand, a decision at time t may use row t. A model fitted to the
/// same series has seen all of it: fit on the past.
public struct FilteredProbabilities: Hashable, Sendable {
  /// The probabilities of each state over the rows: K columns of T.
  public let columns: [[Double]]

  /// The number of rows T.
  public var observationCount: Int { columns.first?.count ?? 0 }

  /// The probability of a state in a row.
  ///
  /// - Parameters:
  ///   - row: The row, from zero.
  ///   - state: The state, from zero.
  /// - Returns: The probability.
  public subscript(row: Int, state: Int) -> Double { columns[state][row] }
}

/// Probabilities of states, each row given the whole series, its future included.
///
/// For describing the past; a decision at time t cannot know them, and so no signal takes them.
public struct SmoothedProbabilities: Hashable, Sendable {
  /// The probabilities of each state over the rows: K columns of T.
  public let columns: [[Double]]

  /// The number of rows T.
  public var observationCount: Int { columns.first?.count ?? 0 }

  /// The probability of a state in a row.
  ///
  /// - Parameters:
  ///   - row: The row, from zero.
  ///   - state: The state, from zero.
  /// - Returns: The probability.
  public subscript(row: Int, state: Int) -> Double { columns[state][row] }
}

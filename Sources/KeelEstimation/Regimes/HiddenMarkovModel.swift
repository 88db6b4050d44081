import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A series whose law changes with a hidden state that follows a Markov chain.
///
/// ```text
/// P(s(t) = j | s(t−1) = i) = p(i, j),   r(t) | s(t) = j  normal or Student's t with m(j), c(j), ν(j)
/// ```
///
/// Fit one with ``fit(_:stateCount:settings:)``; its states are then in the order of their
/// volatility. What a decision at time t may use is ``filtered(_:)`` or, a return at a time,
/// ``RegimeFilter``. See <doc:HiddenMarkovRegimes>.
public struct HiddenMarkovModel: Hashable, Sendable {
  /// The law of the returns in one state.
  public struct State: Hashable, Sendable, Codable {
    /// The center of the law, per period.
    public let mean: Double

    /// The standard deviation of the normal law, or the scale of Student's, per period.
    public let scale: Double

    /// The degrees of freedom of Student's law; nil for the normal law.
    public let degreesOfFreedom: Double?

    /// Creates a state; the values are checked by the model.
    ///
    /// - Parameters:
    ///   - mean: The center of the law, per period.
    ///   - scale: The standard deviation of the normal law, or the scale of Student's; positive.
    ///   - degreesOfFreedom: The degrees of freedom of Student's law; nil for the normal law.
    public init(mean: Double, scale: Double, degreesOfFreedom: Double? = nil) {
      self.mean = mean
      self.scale = scale
      self.degreesOfFreedom = degreesOfFreedom
    }

    /// The variance, per period; infinite up to two degrees of freedom.
    public var variance: Double {
      guard let degreesOfFreedom else { return scale * scale }
      guard degreesOfFreedom > 2 else { return .infinity }
      return scale * scale * (degreesOfFreedom / (degreesOfFreedom - 2))
    }

    /// The standard deviation, per period.
    public var standardDeviation: Double { variance.squareRoot() }
  }

  /// The states.
  public let states: [State]

  /// The probability of each state in the first row.
  public let initialProbabilities: [Double]

  /// The probability of each state after each one: `transitions[i][j]` is that of j after i.
  public let transitions: [[Double]]

  /// The numbers of states that a model may have.
  public static let allowedStateCount = 1...Kernels.Chain.maximumStateCount

  /// How far the sum of probabilities may be from one before they are refused.
  public static let probabilityTolerance = 1e-8

  /// Creates a model.
  ///
  /// Probabilities whose sum is off one by more than rounding are divided by it.
  ///
  /// - Parameters:
  ///   - states: 1 to 8 states.
  ///   - initialProbabilities: The probability of each state in the first row.
  ///   - transitions: K rows of K probabilities: row i holds those of the states after i.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.invalidValue` for probabilities
  ///   that are no law and for a scale or degrees of freedom that are not positive and finite.
  public init(
    states: [State],
    initialProbabilities: [Double],
    transitions: [[Double]]
  ) throws(EstimationError) {
    try Self.requireStateCount(states.count)
    for state in states {
      guard state.mean.isFinite else { throw .invalid("mean", state.mean) }
      guard state.scale > 0, state.scale.isFinite else {
        throw .invalid("scale", state.scale, lowest: .leastNonzeroMagnitude)
      }
      if let degrees = state.degreesOfFreedom, !(degrees > 0 && degrees.isFinite) {
        throw .invalid("degreesOfFreedom", degrees, lowest: .leastNonzeroMagnitude)
      }
    }
    guard transitions.count == states.count else {
      throw .shapeMismatch(
        argument: "transitions", got: transitions.count, required: states.count)
    }
    self.states = states
    self.initialProbabilities = try Self.law(
      initialProbabilities, "initialProbabilities", count: states.count)
    var rows: [[Double]] = []
    for row in transitions { rows.append(try Self.law(row, "transitions", count: states.count)) }
    self.transitions = rows
  }

  static func requireStateCount(_ count: Int) throws(EstimationError) {
    guard allowedStateCount.contains(count) else {
      throw .invalid(
        "stateCount", Double(count), lowest: 1, highest: Double(allowedStateCount.upperBound))
    }
  }

  static func law(
    _ probabilities: [Double],
    _ argument: String,
    count: Int
  ) throws(EstimationError) -> [Double] {
    guard probabilities.count == count else {
      throw .shapeMismatch(argument: argument, got: probabilities.count, required: count)
    }
    for probability in probabilities where !(probability >= 0 && probability <= 1) {
      throw .invalid(argument, probability, lowest: 0, highest: 1)
    }
    let sum = probabilities.reduce(0, +)
    guard (sum - 1).magnitude <= probabilityTolerance else {
      throw .invalid(
        argument, sum, lowest: 1 - probabilityTolerance, highest: 1 + probabilityTolerance)
    }
    // Rounding stays, so that a saved model comes back with the same bits.
    let isRounding = (sum - 1).magnitude <= Double(count) * .ulpOfOne
    return isRounding ? probabilities : probabilities.map { $0 / sum }
  }

  /// The number of states K.
  public var stateCount: Int { states.count }

  /// The expected number of rows that a state lasts, once entered: `1 / (1 − p(i, i))`.
  ///
  /// Infinite for a state that is never left, or with a probability below 1e-38.
  public var expectedDurations: [Double] {
    StationaryLaw(transitions).expectedDurations
  }

  /// The share of time that the chain spends in each state in the long run.
  ///
  /// Where it can end in one of several sets of states, their shares come from the initial
  /// probabilities. A transition with a probability below 1e-38 counts as impossible. Computed without
  /// subtractions (Grassmann, Taksar and Heyman, 1985).
  public var stationaryProbabilities: [Double] {
    StationaryLaw(transitions).probabilities(from: initialProbabilities)
  }
}

extension HiddenMarkovModel: Codable {
  private enum CodingKeys: String, CodingKey {
    case states, initialProbabilities, transitions
  }

  /// Decodes and checks a model.
  ///
  /// - Parameter decoder: Where to read from.
  /// - Throws: `DecodingError`, and as ``init(states:initialProbabilities:transitions:)``.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      states: container.decode([State].self, forKey: .states),
      initialProbabilities: container.decode([Double].self, forKey: .initialProbabilities),
      transitions: container.decode([[Double]].self, forKey: .transitions))
  }
}

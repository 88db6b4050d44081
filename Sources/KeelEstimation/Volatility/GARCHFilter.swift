#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The state of a ``GARCHModel`` after some returns, advanced by one return at a time.
///
/// The same returns give the same bits in any split, saved and restored between them or not. An
/// update is O(lags).
public struct GARCHFilter: Hashable, Sendable, Codable {
  /// The model.
  public let model: GARCHModel

  /// The variance of the next return.
  public private(set) var nextVariance: Double

  /// The number of returns so far.
  public private(set) var observationCount = 0

  /// The last shocks, newest first: squares for GARCH, |z| − √(2/π) for EGARCH.
  private(set) var shocks: [Double]

  /// The last asymmetric shocks: squares of falls, or z.
  private(set) var asymmetricShocks: [Double]

  /// The last variances, or their logarithms.
  private(set) var states: [Double]

  /// The variance of the next return or its logarithm.
  private(set) var nextState: Double

  /// Creates the state before the first return.
  ///
  /// - Parameter model: The model.
  public init(_ model: GARCHModel) {
    self.model = model
    let specification = model.specification
    let start = model.startVariance
    let isLogarithmic = specification.isLogarithmic
    shocks = [Double](
      repeating: isLogarithmic ? 0 : start, count: specification.shockLags)
    asymmetricShocks = [Double](
      repeating: isLogarithmic ? 0 : 0.5 * start, count: specification.asymmetryLags)
    states = [Double](
      repeating: isLogarithmic ? log(start) : start, count: specification.varianceLags)
    nextState = 0
    nextVariance = 0
    nextState = Self.state(model.parameters, shocks, asymmetricShocks, states)
    nextVariance = isLogarithmic ? exp(nextState) : nextState
  }

  /// Decodes a state; what its initializer refuses is refused.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: A decoding error, or `EstimationError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(try container.decode(GARCHModel.self, forKey: .model))
    let lists: [(CodingKeys, WritableKeyPath<GARCHFilter, [Double]>)] = [
      (.shocks, \.shocks), (.asymmetricShocks, \.asymmetricShocks), (.states, \.states),
    ]
    for (key, path) in lists {
      let list = try container.decode([Double].self, forKey: key)
      guard list.count == self[keyPath: path].count else {
        throw EstimationError.shapeMismatch(
          argument: key.rawValue, got: list.count, required: self[keyPath: path].count)
      }
      if let index = list.firstIndex(where: { !$0.isFinite }) {
        throw EstimationError.invalidObservation(
          argument: key.rawValue, index: index, got: list[index])
      }
      self[keyPath: path] = list
    }
    observationCount = try container.decode(Int.self, forKey: .observationCount)
    try StoredCount.require("observationCount", observationCount)
    nextState = Self.state(model.parameters, shocks, asymmetricShocks, states)
    nextVariance = model.specification.isLogarithmic ? exp(nextState) : nextState
    guard nextVariance > 0, nextVariance.isFinite else {
      throw EstimationError.notRepresentable(result: "variance")
    }
  }

  /// Encodes the state.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An encoding error.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(model, forKey: .model)
    try container.encode(shocks, forKey: .shocks)
    try container.encode(asymmetricShocks, forKey: .asymmetricShocks)
    try container.encode(states, forKey: .states)
    try container.encode(observationCount, forKey: .observationCount)
  }

  private enum CodingKeys: String, CodingKey {
    case model, shocks, asymmetricShocks, states, observationCount
  }

  /// Takes the next return.
  ///
  /// - Parameter value: The return.
  /// - Throws: `EstimationError.invalidObservation` with its number for a return that is not finite,
  ///   `EstimationError.notRepresentable` when the variance overflows or vanishes; nothing has
  ///   changed then.
  public mutating func update(_ value: Double) throws(EstimationError) {
    guard value.isFinite else {
      throw .invalidObservation(argument: "returns", index: observationCount, got: value)
    }
    let residual = value - model.parameters.mean
    let isLogarithmic = model.specification.isLogarithmic
    let shock: Double
    let asymmetricShock: Double
    if isLogarithmic {
      asymmetricShock = residual * exp(-0.5 * nextState)
      shock = asymmetricShock.magnitude - GARCH.normalMeanMagnitude
    } else {
      shock = residual * residual
      asymmetricShock = residual < 0 ? shock : 0
    }
    let next = predicted(shock, asymmetricShock, nextState)
    let variance = isLogarithmic ? exp(next) : next
    guard variance > 0, variance.isFinite else {
      throw .notRepresentable(result: "variance")
    }
    Self.push(shock, to: &shocks)
    Self.push(asymmetricShock, to: &asymmetricShocks)
    Self.push(nextState, to: &states)
    observationCount += 1
    nextState = next
    nextVariance = variance
  }

  /// The state after one more of each.
  private func predicted(_ shock: Double, _ asymmetricShock: Double, _ state: Double) -> Double {
    let parameters = model.parameters
    var sum = parameters.intercept
    for i in parameters.shocks.indices {
      sum += parameters.shocks[i] * (i == 0 ? shock : shocks[i - 1])
    }
    for i in parameters.asymmetries.indices {
      sum += parameters.asymmetries[i] * (i == 0 ? asymmetricShock : asymmetricShocks[i - 1])
    }
    for i in parameters.variances.indices {
      sum += parameters.variances[i] * (i == 0 ? state : states[i - 1])
    }
    return sum
  }

  /// The state that follows the given past.
  static func state(
    _ parameters: GARCHParameters, _ shocks: [Double], _ asymmetricShocks: [Double],
    _ states: [Double]
  ) -> Double {
    var sum = parameters.intercept
    for i in shocks.indices { sum += parameters.shocks[i] * shocks[i] }
    for i in asymmetricShocks.indices { sum += parameters.asymmetries[i] * asymmetricShocks[i] }
    for i in states.indices { sum += parameters.variances[i] * states[i] }
    return sum
  }

  static func push(_ value: Double, to list: inout [Double]) {
    guard !list.isEmpty else { return }
    for i in stride(from: list.count - 1, to: 0, by: -1) { list[i] = list[i - 1] }
    list[0] = value
  }
}

// Goals in order: no look-ahead, equal bits for any split of the returns, speed.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The exponentially weighted variance of returns, advanced by one return at a time.
///
/// ```text
/// v(t) = Σ λᵏ r(t−k)² / Σ λᵏ,   k = 0, 1, …
/// ```
///
/// The divisor corrects the bias of the start: it is the sum of the weights that have been used, not
/// their limit 1/(1 − λ), so that the first estimates need no start value. The mean is taken as zero,
/// as for daily returns and shorter ones. Until ``warmUpCount`` returns have come, ``variance`` is nil.
///
/// The state is small, can be saved and restored, and gives the same bits in any split of the returns.
public struct EWMAVolatility: Hashable, Sendable, Codable {
  /// The factor λ by which a weight falls each period.
  public let decay: Double

  /// The number of returns before the first estimate.
  public let warmUpCount: Int

  /// The number of returns so far.
  public private(set) var observationCount = 0

  /// Σ λᵏ r² and Σ λᵏ.
  private var weightedSquares = 0.0
  private var weight = 0.0

  /// Creates the state before the first return.
  ///
  /// - Parameters:
  ///   - decay: The factor λ by which a weight falls each period, inside (0, 1); RiskMetrics has 0.94
  ///     for days.
  ///   - warmUpCount: The number of returns before the first estimate, at least 1.
  /// - Throws: `EstimationError.invalidValue`.
  public init(decay: Double, warmUpCount: Int = 1) throws(EstimationError) {
    guard decay > 0, decay < 1 else {
      throw .invalidValue(
        argument: "decay", got: decay, lowest: .leastNonzeroMagnitude, highest: (1.0).nextDown)
    }
    guard warmUpCount >= 1 else {
      throw .invalidValue(
        argument: "warmUpCount", got: Double(warmUpCount), lowest: 1, highest: Double(Int.max))
    }
    self.decay = decay
    self.warmUpCount = warmUpCount
  }

  /// Creates the state before the first return.
  ///
  /// - Parameters:
  ///   - halfLife: The number of periods after which a weight has halved, positive and finite.
  ///   - warmUpCount: The number of returns before the first estimate, at least 1.
  /// - Throws: `EstimationError.invalidValue`, also for a half-life so short or so long that the decay
  ///   is 0 or 1.
  public init(halfLife: Double, warmUpCount: Int = 1) throws(EstimationError) {
    let decay = exp2(-1 / halfLife)
    guard halfLife > 0, halfLife.isFinite, decay > 0, decay < 1 else {
      throw .invalidValue(
        argument: "halfLife", got: halfLife, lowest: 1e-3, highest: 1e15)
    }
    try self.init(decay: decay, warmUpCount: warmUpCount)
  }

  /// Decodes a state; what its initializer refuses is refused.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: A decoding error, or `EstimationError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      decay: container.decode(Double.self, forKey: .decay),
      warmUpCount: container.decode(Int.self, forKey: .warmUpCount))
    observationCount = try container.decode(Int.self, forKey: .observationCount)
    weightedSquares = try container.decode(Double.self, forKey: .weightedSquares)
    weight = try container.decode(Double.self, forKey: .weight)
    try StoredCount.require("observationCount", observationCount)
    guard weightedSquares >= 0, weightedSquares.isFinite else {
      throw EstimationError.invalidValue(
        argument: "weightedSquares", got: weightedSquares, lowest: 0,
        highest: .greatestFiniteMagnitude)
    }
    // A sum of so many powers of the decay, below that of all but for the rounding of this limit.
    let least = observationCount == 0 ? 0.0 : 1
    let largest = min(Double(observationCount), (1 + 4 * .ulpOfOne) / (1 - decay))
    guard weight >= least, weight <= largest else {
      throw EstimationError.invalidValue(
        argument: "weight", got: weight, lowest: least, highest: largest)
    }
  }

  private enum CodingKeys: String, CodingKey {
    case decay, warmUpCount, observationCount, weightedSquares, weight
  }

  /// The variance of a period, the forecast for the next one; nil before the warm-up is over.
  public var variance: Double? {
    observationCount >= warmUpCount ? weightedSquares / weight : nil
  }

  /// The square root of the variance.
  public var volatility: Double? { variance?.squareRoot() }

  /// The number of returns that equal weights would need for the same precision,
  /// (Σ weights)²/Σ weights².
  public var effectiveCount: Double {
    // Both sums are geometric, of λ and λ².
    observationCount == 0 ? 0 : weight * (1 + decay) / (2 - weight * (1 - decay))
  }

  /// Takes the next return.
  ///
  /// - Parameter value: The return.
  /// - Throws: `EstimationError.invalidObservation` with its number for a return that is not finite,
  ///   `EstimationError.notRepresentable` when its square overflows; nothing has changed then.
  public mutating func update(_ value: Double) throws(EstimationError) {
    guard value.isFinite else {
      throw .invalidObservation(argument: "returns", index: observationCount, got: value)
    }
    let sum = decay * weightedSquares + value * value
    guard sum.isFinite else { throw .notRepresentable(result: "variance") }
    weightedSquares = sum
    weight = decay * weight + 1
    observationCount += 1
  }

  /// The variances after each of some returns, from this state on.
  ///
  /// - Parameter returns: Finite returns, in time order.
  /// - Returns: One element a return: the variance from it and those before it, nil before the
  ///   warm-up is over.
  /// - Throws: As ``update(_:)``.
  public func variances(after returns: [Double]) throws(EstimationError) -> [Double?] {
    var state = self
    var variances: [Double?] = []
    variances.reserveCapacity(returns.count)
    for value in returns {
      try state.update(value)
      variances.append(state.variance)
    }
    return variances
  }
}

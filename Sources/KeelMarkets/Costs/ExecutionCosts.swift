import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What transactions on a chain cost: gas used by action times its price, in the chain's own coin.
public struct GasSchedule: Hashable, Sendable, Codable {
  /// The gas of each action, by the caller's name for it.
  public let gasByAction: [String: Double]

  /// The gas that a transaction uses before any action: 21 000 on Ethereum.
  public let gasPerTransaction: Double

  /// Creates a schedule.
  ///
  /// - Parameters:
  ///   - gasByAction: The gas of each action: finite, not negative.
  ///   - gasPerTransaction: The gas of a transaction before any action: finite, not negative.
  /// - Throws: `MarketsError.invalidValue`.
  public init(gasByAction: [String: Double], gasPerTransaction: Double) throws(MarketsError) {
    try require(gasPerTransaction, "gasPerTransaction", in: .nonnegative)
    for (action, gas) in gasByAction.sorted(by: { $0.key < $1.key }) {
      try require(gas, "gas of \(action)", in: .nonnegative)
    }
    self.gasByAction = gasByAction
    self.gasPerTransaction = gasPerTransaction
  }

  /// Decodes a schedule and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      gasByAction: container.decode([String: Double].self, forKey: .gasByAction),
      gasPerTransaction: container.decode(Double.self, forKey: .gasPerTransaction))
  }

  private enum CodingKeys: String, CodingKey { case gasByAction, gasPerTransaction }

  /// The cost of actions, in cash.
  ///
  /// - Parameters:
  ///   - actions: The names of the actions; one that the schedule does not know makes the cost NaN.
  ///   - gasPriceGwei: The price of gas, in 1e-9 of the chain's coin: not negative.
  ///   - coinPrice: The price of the chain's coin, in cash: not negative.
  ///   - isBatched: Whether all actions share one transaction.
  /// - Returns: The cost in cash; zero without actions, NaN outside the domain.
  public func cost(
    of actions: [String],
    gasPriceGwei: Double,
    coinPrice: Double,
    isBatched: Bool
  ) -> Double {
    guard gasPriceGwei >= 0, coinPrice >= 0 else { return .nan }
    guard !actions.isEmpty else { return 0 }
    let transactions = isBatched ? 1 : Double(actions.count)
    let gas = actions.reduce(transactions * gasPerTransaction) {
      $0 + (gasByAction[$1] ?? .nan)
    }
    return gas * gasPriceGwei * 1e-9 * coinPrice
  }
}

/// A transfer between chains: its fees, how long it takes, and that it may fail.
public struct Bridge: Hashable, Sendable, Codable {
  /// The fee as a fraction of what is moved.
  public let feeFraction: Double

  /// The fixed fee, in cash.
  public let fixedFee: Double

  /// The delay in years.
  public let delay: Double

  /// The hazard that the bridge fails, per year.
  public let failureRate: Double

  /// The share of what is on the way that a failure takes.
  public let lossGivenFailure: Double

  /// Creates a bridge.
  ///
  /// - Parameters:
  ///   - feeFraction: The fee as a fraction of what is moved, 0 to 1.
  ///   - fixedFee: The fixed fee, in cash: finite, not negative.
  ///   - delay: The delay in years: finite, not negative.
  ///   - failureRate: The hazard of a failure, per year: finite, not negative.
  ///   - lossGivenFailure: The share lost in a failure, 0 to 1.
  /// - Throws: `MarketsError.invalidValue`.
  public init(
    feeFraction: Double,
    fixedFee: Double,
    delay: Double,
    failureRate: Double,
    lossGivenFailure: Double
  ) throws(MarketsError) {
    try require(feeFraction, "feeFraction", in: 0...1)
    try require(fixedFee, "fixedFee", in: .nonnegative)
    try require(delay, "delay", in: .nonnegative)
    try require(failureRate, "failureRate", in: .nonnegative)
    try require(lossGivenFailure, "lossGivenFailure", in: 0...1)
    self.feeFraction = feeFraction
    self.fixedFee = fixedFee
    self.delay = delay
    self.failureRate = failureRate
    self.lossGivenFailure = lossGivenFailure
  }

  /// Decodes a bridge and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func number(_ key: CodingKeys) throws -> Double {
      try container.decode(Double.self, forKey: key)
    }
    try self.init(
      feeFraction: number(.feeFraction), fixedFee: number(.fixedFee), delay: number(.delay),
      failureRate: number(.failureRate), lossGivenFailure: number(.lossGivenFailure))
  }

  private enum CodingKeys: String, CodingKey {
    case feeFraction, fixedFee, delay, failureRate, lossGivenFailure
  }

  /// The probability that the bridge fails while a transfer is on the way.
  public var failureProbability: Double { -expm1(-failureRate * delay) }

  /// The fees of a transfer, in cash.
  ///
  /// - Parameter value: What is moved, in cash: not negative.
  /// - Returns: The fees; NaN outside the domain.
  public func fees(on value: Double) -> Double {
    value >= 0 ? fixedFee + feeFraction * value : .nan
  }

  /// Fees and expected loss of a transfer, in cash.
  ///
  /// - Parameter value: What is moved, in cash: not negative.
  /// - Returns: The expected cost; NaN outside the domain.
  public func expectedCost(on value: Double) -> Double {
    fees(on: value) + failureProbability * lossGivenFailure * max(value - fees(on: value), 0)
  }
}

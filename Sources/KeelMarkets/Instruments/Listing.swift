public import KeelData
import KeelDerivatives
import KeelNumerics

/// An instrument with its name and what trading it costs.
public struct Listing: Hashable, Sendable, Codable {
  /// The name under which accounts and markets speak of it.
  public let id: AssetID

  /// What it is.
  public let instrument: Instrument

  /// The venue or protocol that owes it; nil for what is in the holder's own custody.
  public let protocolName: String?

  /// The cost of a trade as a fraction of its notional: fee and half the spread.
  public let costFraction: Double

  /// The fixed cost of a trade, in cash.
  public let gas: Double

  /// Creates a listing.
  ///
  /// - Parameters:
  ///   - id: The name.
  ///   - instrument: What it is.
  ///   - protocolName: The venue or protocol that owes it; nil for own custody.
  ///   - costFraction: The cost of a trade as a fraction of its notional, 0 to 1.
  ///   - gas: The fixed cost of a trade, in cash: finite, not negative.
  /// - Throws: `MarketsError.invalidValue`, also for numbers of the instrument out of range, or `.unsupported` for
  ///   a quanto contract.
  public init(
    _ id: AssetID,
    _ instrument: Instrument,
    protocolName: String? = nil,
    costFraction: Double,
    gas: Double
  ) throws(MarketsError) {
    try require(costFraction, "costFraction of \(id)", in: 0...1)
    try require(gas, "gas of \(id)", in: .nonnegative)
    switch instrument {
    case .deposit(_, let threshold):
      try require(threshold, "liquidationThreshold of \(id)", in: 0...1)
    case .pool(_, let lower, let upper, let fee):
      try require(fee, "feeFraction of \(id)", in: 0...1)
      _ = try PoolPosition(liquidity: 1, lowerPrice: lower, upperPrice: upper ?? .infinity)
    case .future(let contract, _, _, _), .perpetual(let contract, _, _):
      guard contract.settlement != .quanto else {
        throw .unsupported("\(id) settles in a third currency, which an account cannot value")
      }
    default: break
    }
    self.id = id
    self.instrument = instrument
    self.protocolName = protocolName
    self.costFraction = costFraction
    self.gas = gas
  }

  /// Decodes a listing and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      container.decode(AssetID.self, forKey: .id),
      container.decode(Instrument.self, forKey: .instrument),
      protocolName: container.decodeIfPresent(String.self, forKey: .protocolName),
      costFraction: container.decode(Double.self, forKey: .costFraction),
      gas: container.decode(Double.self, forKey: .gas))
  }

  private enum CodingKeys: String, CodingKey {
    case id, instrument, protocolName, costFraction, gas
  }

  /// The cost of trading a notional, in cash.
  ///
  /// - Parameter notional: The magnitude of the notional: not negative.
  /// - Returns: The cost; zero for nothing.
  public func cost(ofNotional notional: Double) -> Double {
    notional > 0 ? gas + costFraction * notional : notional == 0 ? 0 : .nan
  }
}

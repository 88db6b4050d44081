import KeelNumerics

/// A borrowing rate that rises with utilization, gently up to a kink and steeply beyond.
///
/// Rates are per year, as money markets quote them: simple, accrued continuously by index. Source: Aave,
/// "Protocol Whitepaper", versions 1 to 3; Compound, "Compound: the money market protocol" (2019).
public struct InterestRateModel: Hashable, Sendable, Codable {
  /// The rate at utilization zero.
  public let baseRate: Double

  /// What utilization adds up to the kink.
  public let slopeBelowKink: Double

  /// What utilization adds from the kink to one.
  public let slopeAboveKink: Double

  /// The utilization of the kink.
  public let kink: Double

  /// The share of the interest that the protocol keeps.
  public let reserveFactor: Double

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - baseRate: The rate at utilization zero, per year: finite, not negative.
  ///   - slopeBelowKink: What the whole way to the kink adds, per year: finite, not negative.
  ///   - slopeAboveKink: What the whole way from the kink to one adds, per year: finite, not negative.
  ///   - kink: The utilization of the kink, above 0 and below 1.
  ///   - reserveFactor: The share of the interest that the protocol keeps, 0 to 1.
  /// - Throws: `MarketsError.invalidValue`.
  public init(
    baseRate: Double,
    slopeBelowKink: Double,
    slopeAboveKink: Double,
    kink: Double,
    reserveFactor: Double
  ) throws(MarketsError) {
    try require(baseRate, "baseRate", in: .nonnegative)
    try require(slopeBelowKink, "slopeBelowKink", in: .nonnegative)
    try require(slopeAboveKink, "slopeAboveKink", in: .nonnegative)
    try require(kink, "kink", in: Double.leastNonzeroMagnitude...Double(1).nextDown)
    try require(reserveFactor, "reserveFactor", in: 0...1)
    self.baseRate = baseRate
    self.slopeBelowKink = slopeBelowKink
    self.slopeAboveKink = slopeAboveKink
    self.kink = kink
    self.reserveFactor = reserveFactor
  }

  /// Decodes a model and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func number(_ key: CodingKeys) throws -> Double {
      try container.decode(Double.self, forKey: key)
    }
    try self.init(
      baseRate: number(.baseRate), slopeBelowKink: number(.slopeBelowKink),
      slopeAboveKink: number(.slopeAboveKink), kink: number(.kink),
      reserveFactor: number(.reserveFactor))
  }

  private enum CodingKeys: String, CodingKey {
    case baseRate, slopeBelowKink, slopeAboveKink, kink, reserveFactor
  }

  /// The rate that borrowers pay.
  ///
  /// - Parameter utilization: Borrowed over supplied, 0 to 1.
  /// - Returns: The rate per year; NaN outside the domain.
  public func borrowRate(utilization: Double) -> Double {
    guard utilization >= 0, utilization <= 1 else { return .nan }
    if utilization <= kink { return baseRate + slopeBelowKink * (utilization / kink) }
    return baseRate + slopeBelowKink + slopeAboveKink * ((utilization - kink) / (1 - kink))
  }

  /// The rate that suppliers earn.
  ///
  /// - Parameter utilization: Borrowed over supplied, 0 to 1.
  /// - Returns: The rate per year; NaN outside the domain.
  public func supplyRate(utilization: Double) -> Double {
    borrowRate(utilization: utilization) * utilization * (1 - reserveFactor)
  }
}

/// One reserve of a money market: what is supplied, what is borrowed, and the rates that follow.
public struct LendingReserve: Hashable, Sendable, Codable {
  /// What is supplied, in cash or units.
  public let supplied: Double

  /// What is borrowed, in the same unit, at most what is supplied.
  public let borrowed: Double

  /// The rates by utilization.
  public let rates: InterestRateModel

  /// Creates a reserve.
  ///
  /// - Parameters:
  ///   - supplied: What is supplied: positive, finite.
  ///   - borrowed: What is borrowed: 0 to `supplied`.
  ///   - rates: The rates by utilization.
  /// - Throws: `MarketsError.invalidValue`.
  public init(
    supplied: Double,
    borrowed: Double,
    rates: InterestRateModel
  ) throws(MarketsError) {
    try require(supplied, "supplied", in: .positive)
    try require(borrowed, "borrowed", in: 0...supplied)
    self.supplied = supplied
    self.borrowed = borrowed
    self.rates = rates
  }

  /// Decodes a reserve and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      supplied: container.decode(Double.self, forKey: .supplied),
      borrowed: container.decode(Double.self, forKey: .borrowed),
      rates: container.decode(InterestRateModel.self, forKey: .rates))
  }

  private enum CodingKeys: String, CodingKey { case supplied, borrowed, rates }

  /// Borrowed over supplied.
  public var utilization: Double { borrowed / supplied }

  /// What can be withdrawn or borrowed now.
  public var available: Double { supplied - borrowed }

  /// The rate that a deposit of some size would earn, its own effect on utilization included.
  ///
  /// - Parameter deposit: What is added to the supply; negative withdraws, at most ``available``.
  /// - Returns: The rate per year; NaN when more is withdrawn than there is.
  public func supplyRate(after deposit: Double) -> Double {
    guard deposit.isFinite, deposit >= -available, supplied + deposit > 0 else { return .nan }
    return rates.supplyRate(utilization: min(borrowed / (supplied + deposit), 1))
  }

  /// The rate that a loan of some size would pay, its own effect on utilization included.
  ///
  /// - Parameter loan: What is borrowed in addition; negative repays, at most ``borrowed``.
  /// - Returns: The rate per year; NaN when more is borrowed than there is.
  public func borrowRate(after loan: Double) -> Double {
    guard loan <= available, loan >= -borrowed else { return .nan }
    return rates.borrowRate(utilization: min((borrowed + loan) / supplied, 1))
  }
}

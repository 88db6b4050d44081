public import KeelData
import KeelNumerics

/// A shock of a market: what moves at one blow, and what fails.
///
/// A new scenario changes nothing; each property adds one shock. Numbers are checked where the scenario is used.
///
/// ```text
/// move of asset i = (1 − f) mᵢ + f m̄,   m̄ the mean of the mᵢ over all assets but cash and pegged ones
/// ```
public struct Scenario: Hashable, Sendable, Codable {
  /// The name, for reports.
  public var name: String

  /// The moves of spot prices as fractions: −0.4 is a fall of 40 %, and all are above −1; cash has none but zero.
  public var spotMoves: [AssetID: Double] = [:]

  /// The move of every asset that is named nowhere; cash never moves.
  public var otherSpotMove = 0.0

  /// The moves of stablecoins as fractions; they neither follow the common move nor count in it, so that zero says
  /// that a peg holds.
  public var pegMoves: [AssetID: Double] = [:]

  /// The fraction f by which moves are drawn to their common mean, 0 to 1: correlation toward one.
  public var commonMoveFraction = 0.0

  /// The factor on every volatility, before ``volatilityShift``: not negative.
  public var volatilityFactor = 1.0

  /// What is added to every volatility, as an annualized fraction; no volatility falls below zero.
  public var volatilityShift = 0.0

  /// What is added to volatilities for each unit of log-moneyness `ln(K/S)`, as an annualized fraction.
  ///
  /// S is the spot before the shock. Below zero, low strikes become dearer.
  public var volatilitySkewShift = 0.0

  /// The exponent γ by which shifts of volatility change with the life T of an option.
  ///
  /// ``volatilityShift`` and ``volatilitySkewShift`` are multiplied by `(30 days/T)^γ`, T the life before the shock and at
  /// least a day. Zero moves all expiries alike, one half moves short ones more.
  public var volatilityTermExponent = 0.0

  /// What is added to the funding that longs pay, as a simple rate per year.
  public var fundingShift = 0.0

  /// What is added to the basis of dated futures, as a rate per year, continuously compounded.
  public var basisShift = 0.0

  /// What is added to the rates of cash, loans, deposits and split yields, per year; dated futures follow the rate of
  /// cash.
  public var rateShift = 0.0

  /// The depth that is left, as a fraction: costs in proportion to size are divided by it; positive.
  public var depthFactor = 1.0

  /// The factor on the cost of gas: not negative.
  public var gasFactor = 1.0

  /// The protocols and venues that fail, with the share of a positive value that is lost, 0 to 1.
  public var failures: [String: Double] = [:]

  /// The time that passes, in years: not negative.
  public var elapsedYears = 0.0

  /// Creates a scenario in which nothing happens.
  ///
  /// - Parameter name: The name, for reports.
  public init(_ name: String) { self.name = name }

  /// Decodes a scenario; shocks that are not stored do not happen.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: `DecodingError`, also for a shock that is not known here, such as one of a later version: a stress
  ///   without it would lose too little.
  public init(from decoder: any Decoder) throws {
    for key in try decoder.container(keyedBy: AnyKey.self).allKeys
    where CodingKeys(stringValue: key.stringValue) == nil {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath + [key],
          debugDescription: "no shock is named \(key.stringValue)"))
    }
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(try container.decode(String.self, forKey: .name))
    func read<Value: Decodable>(_ key: CodingKeys, _ value: inout Value) throws {
      if let stored = try container.decodeIfPresent(Value.self, forKey: key) { value = stored }
    }
    try read(.spotMoves, &spotMoves)
    try read(.otherSpotMove, &otherSpotMove)
    try read(.pegMoves, &pegMoves)
    try read(.commonMoveFraction, &commonMoveFraction)
    try read(.volatilityFactor, &volatilityFactor)
    try read(.volatilityShift, &volatilityShift)
    try read(.volatilitySkewShift, &volatilitySkewShift)
    try read(.volatilityTermExponent, &volatilityTermExponent)
    try read(.fundingShift, &fundingShift)
    try read(.basisShift, &basisShift)
    try read(.rateShift, &rateShift)
    try read(.depthFactor, &depthFactor)
    try read(.gasFactor, &gasFactor)
    try read(.failures, &failures)
    try read(.elapsedYears, &elapsedYears)
  }

  /// Any key, known or not.
  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
  }

  /// The same scenario for the assets of a universe: moves of all others are left out.
  ///
  /// - Parameter universe: The assets that a market has.
  /// - Returns: The scenario, with the same move for each asset of the universe before moves are drawn together.
  public func limited(to universe: Universe) -> Scenario {
    var scenario = self
    scenario.spotMoves = spotMoves.filter { universe.position(of: $0.key) != nil }
    scenario.pegMoves = pegMoves.filter { universe.position(of: $0.key) != nil }
    return scenario
  }

  /// The same scenario, in which some assets keep their price.
  ///
  /// - Parameter assets: The assets, such as stablecoins beside cash.
  /// - Returns: The scenario.
  public func pegging(_ assets: [AssetID]) -> Scenario {
    var scenario = self
    for asset in assets { scenario.pegMoves[asset] = 0 }
    return scenario
  }
}

// MARK: - Checks

extension Scenario {
  /// The moves that keep a price positive and finite; 1e6 is a price a million times as high.
  private static let allowedMoves = Double(-1).nextUp...1e6

  /// The shifts of rates and volatilities that still mean something: ten thousand per cent.
  private static let allowedShifts = -100.0...100.0

  /// The longest time that can pass, in years; a timestamp reaches 292 years.
  private static let longestTime = 100.0

  /// The least depth: costs in proportion to size a million times as high.
  private static let leastDepth = 1e-6

  /// The steepest power of time: an expiry of a day moves a thousand times as much as one of thirty days.
  private static let allowedExponents = -2.0...2.0

  /// The highest price of gas over that before.
  private static let largestGasFactor = 1e6

  /// Checks all numbers but the moves of assets.
  func check() throws(RiskError) {
    if !failures.isEmpty {
      for (name, loss) in failures.sorted(by: { $0.key < $1.key }) {
        try require(loss, "loss given the failure of \(name)", in: 0...1)
      }
    }
    try require(otherSpotMove, "otherSpotMove", in: Self.allowedMoves)
    try require(commonMoveFraction, "commonMoveFraction", in: 0...1)
    try require(volatilityFactor, "volatilityFactor", in: 0...Self.allowedShifts.upperBound)
    try require(volatilityShift, "volatilityShift", in: Self.allowedShifts)
    try require(volatilitySkewShift, "volatilitySkewShift", in: Self.allowedShifts)
    try require(volatilityTermExponent, "volatilityTermExponent", in: Self.allowedExponents)
    try require(fundingShift, "fundingShift", in: Self.allowedShifts)
    try require(basisShift, "basisShift", in: Self.allowedShifts)
    try require(rateShift, "rateShift", in: Self.allowedShifts)
    try require(depthFactor, "depthFactor", in: Self.leastDepth...1 / Self.leastDepth)
    try require(gasFactor, "gasFactor", in: 0...Self.largestGasFactor)
    try require(elapsedYears, "elapsedYears", in: 0...Self.longestTime)
  }

  /// The error of the first wrong move by name.
  private static func check(
    _ moves: [AssetID: Double],
    _ kind: String,
    in universe: Universe
  ) throws(RiskError) {
    for (asset, move) in moves.sorted(by: { $0.key < $1.key }) {
      try require(move, "\(kind) of \(asset)", in: allowedMoves)
      guard universe.position(of: asset) != nil else { throw .unknownInstrument(asset) }
    }
  }

  /// Checks a move as those of assets.
  static func check(move: Double, of asset: AssetID) throws(RiskError) {
    try require(move, "spot move of \(asset)", in: allowedMoves)
  }

  /// One plus the move of each asset, drawn to the common mean; checks that every asset named is in the universe, and
  /// that cash is not named with a move.
  func growth(in universe: Universe, cash: AssetID) throws(RiskError) -> [Double] {
    var moves = [Double](repeating: otherSpotMove, count: universe.count)
    for (asset, move) in spotMoves {
      guard Self.allowedMoves.contains(move), let place = universe.position(of: asset) else {
        try Self.check(spotMoves, "spot move", in: universe)
        continue
      }
      moves[place] = move
    }
    for (asset, move) in pegMoves {
      guard Self.allowedMoves.contains(move), let place = universe.position(of: asset) else {
        try Self.check(pegMoves, "peg move", in: universe)
        continue
      }
      moves[place] = move
    }
    guard spotMoves[cash, default: 0] == 0, pegMoves[cash, default: 0] == 0 else {
      throw .unknownInstrument(cash)
    }
    if let place = universe.position(of: cash) { moves[place] = 0 }
    if commonMoveFraction > 0 { drawTogether(&moves, in: universe, cash: cash) }
    for place in moves.indices { moves[place] += 1 }
    return moves
  }

  /// Draws the moves of all assets but cash and pegged ones to their mean.
  private func drawTogether(_ moves: inout [Double], in universe: Universe, cash: AssetID) {
    let free = universe.positionsByName.filter {
      universe.assets[$0] != cash && pegMoves[universe.assets[$0]] == nil
    }
    guard !free.isEmpty else { return }
    let common = free.reduce(0) { $0 + moves[$1] } / Double(free.count)
    for place in free {
      moves[place] = (1 - commonMoveFraction) * moves[place] + commonMoveFraction * common
    }
  }
}

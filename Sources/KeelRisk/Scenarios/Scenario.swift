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

  /// The moves of spot prices as fractions: −0.4 is a fall of 40 %, and all are above −1.
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

  /// What is added to the funding that longs pay, as a simple rate per year.
  public var fundingShift = 0.0

  /// What is added to the rates of cash, loans, deposits and split yields, per year; dated futures follow the rate of
  /// cash.
  public var rateShift = 0.0

  /// The depth that is left, as a fraction: costs in proportion to size are divided by it; positive.
  public var depthFactor = 1.0

  /// The protocols and venues that fail, with the share of a positive value that is lost, 0 to 1.
  public var failures: [String: Double] = [:]

  /// The time that passes, in years: not negative.
  public var elapsedYears = 0.0

  /// Creates a scenario in which nothing happens.
  ///
  /// - Parameter name: The name, for reports.
  public init(_ name: String) { self.name = name }

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

  /// Checks all numbers, and that every asset named is in the universe.
  func check(in universe: Universe) throws(RiskError) {
    for (asset, move) in spotMoves.sorted(by: { $0.key < $1.key }) {
      try require(move, "spot move of \(asset)", in: Self.allowedMoves)
      guard universe.position(of: asset) != nil else { throw .unknownInstrument(asset) }
    }
    for (asset, move) in pegMoves.sorted(by: { $0.key < $1.key }) {
      try require(move, "peg move of \(asset)", in: Self.allowedMoves)
      guard universe.position(of: asset) != nil else { throw .unknownInstrument(asset) }
    }
    for (name, loss) in failures.sorted(by: { $0.key < $1.key }) {
      try require(loss, "loss given the failure of \(name)", in: 0...1)
    }
    try require(otherSpotMove, "otherSpotMove", in: Self.allowedMoves)
    try require(commonMoveFraction, "commonMoveFraction", in: 0...1)
    try require(volatilityFactor, "volatilityFactor", in: 0...Self.allowedShifts.upperBound)
    try require(volatilityShift, "volatilityShift", in: Self.allowedShifts)
    try require(fundingShift, "fundingShift", in: Self.allowedShifts)
    try require(rateShift, "rateShift", in: Self.allowedShifts)
    try require(depthFactor, "depthFactor", in: Self.leastDepth...1 / Self.leastDepth)
    try require(elapsedYears, "elapsedYears", in: 0...Self.longestTime)
  }

  /// The move of each asset, drawn to the common mean.
  func moves(in universe: Universe, cash: AssetID) -> [Double] {
    var moves = [Double](repeating: 0, count: universe.count)
    var isFree = [Bool](repeating: false, count: universe.count)
    var (sum, count) = (0.0, 0.0)
    for place in universe.positionsByName {
      let asset = universe.assets[place]
      if asset == cash { continue }
      if let move = pegMoves[asset] {
        moves[place] = move
        continue
      }
      moves[place] = spotMoves[asset] ?? otherSpotMove
      isFree[place] = true
      sum += moves[place]
      count += 1
    }
    guard commonMoveFraction > 0, count > 0 else { return moves }
    let common = sum / count
    for place in moves.indices where isFree[place] {
      moves[place] = (1 - commonMoveFraction) * moves[place] + commonMoveFraction * common
    }
    return moves
  }
}

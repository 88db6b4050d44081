public import KeelData
import KeelMarkets
public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Losses alone, in many scenarios on several threads.
//
// Each loss is a function of its own scenario, so that neither the number of threads nor a split of the scenarios
// changes a bit. Scenarios are handed out in blocks, and each block has its own memory.

extension StressTest {
  /// The scenarios of a block: taking its memory and starting a thread do not show.
  private static let blockLength = 256

  /// The loss in each of many scenarios, by full revaluation.
  ///
  /// The same bits as the losses of ``outcome(of:)``, on any number of threads.
  ///
  /// - Parameters:
  ///   - scenarios: The scenarios.
  ///   - pool: The threads to work on; by default the caller's alone.
  /// - Returns: The losses in cash, in the same order; fewer only when the calling task was cancelled.
  /// - Throws: As ``outcome(of:)``, for the first scenario that cannot be valued.
  /// - Complexity: O(scenarios × (assets + positions)).
  public func losses(
    in scenarios: [Scenario],
    on pool: BoundedPool? = nil
  ) throws(RiskError) -> [Double] {
    try blocks(of: scenarios.count, on: pool) { (range, workspace, losses) throws(RiskError) in
      for i in range {
        try book.checkProtocols(of: scenarios[i])
        let change = try ScenarioChange(scenarios[i], of: book.market, cash: book.cash)
        losses.append(equity - (try book.equity(after: change, &workspace)))
      }
    }
  }

  /// The loss in each of many moves of assets, such as simulated ones, by full revaluation.
  ///
  /// - Parameters:
  ///   - moves: S × N moves of assets of the market but cash; their probabilities do not matter here.
  ///   - unit: How moves are meant.
  ///   - scenario: What else happens, and how all other assets move; what it says of these assets is replaced.
  ///   - pool: The threads to work on; by default the caller's alone.
  /// - Returns: The S losses in cash; fewer only when the calling task was cancelled.
  /// - Throws: `RiskError.unknownInstrument` for an asset that the market lacks or cash, `.unknownProtocol`, or
  ///   `.invalidValue`, also for a move to or below −1.
  /// - Complexity: O(S (assets + positions)).
  public func losses(
    in moves: ScenarioSet,
    unit: Scenario.MoveUnit,
    beside scenario: Scenario = Scenario("moves"),
    on pool: BoundedPool? = nil
  ) throws(RiskError) -> [Double] {
    let path = try book.movePath(moves, unit: unit, beside: scenario)
    return try blocks(of: moves.scenarioCount, on: pool) {
      (range, workspace, losses) throws(RiskError) in
      var change = path.change
      for row in range {
        try path.set(row, in: &change)
        losses.append(equity - (try book.equity(after: change, &workspace)))
      }
    }
  }

  private func blocks(
    of count: Int,
    on pool: BoundedPool?,
    body:
      @Sendable (Range<Int>, inout AccountBook.Workspace, inout [Double]) throws(RiskError)
      -> Void
  ) throws(RiskError) -> [Double] {
    let book = book
    let parts = try (pool ?? BoundedPool(width: 1)).blockResults(
      count: count, blockLength: Self.blockLength
    ) { (range) throws(RiskError) -> [Double] in
      var workspace = AccountBook.Workspace(book)
      var part: [Double] = []
      part.reserveCapacity(range.count)
      try body(range, &workspace, &part)
      return part
    }
    return parts.flatMap { $0 }
  }
}

extension Scenario {
  /// How a number is a move of a price.
  public enum MoveUnit: String, Hashable, Sendable, Codable, CaseIterable {
    /// As a fraction: −0.4 is a fall of 40 %.
    case fraction
    /// As a logarithm: −0.4 is a factor of exp(−0.4).
    case logarithm

    /// The factor on the price.
    func growth(_ move: Double) -> Double { self == .fraction ? 1 + move : exp(move) }

    /// The move as a fraction.
    func fraction(_ move: Double) -> Double { self == .fraction ? move : expm1(move) }
  }
}

/// Moves of some assets with all else fixed.
struct MovePath: Sendable {
  /// The change of all else.
  let change: ScenarioChange
  let moves: ScenarioSet
  let unit: Scenario.MoveUnit
  /// The place of each moved asset in the market.
  let places: [Int]

  /// Sets the growth of the moved assets in one row.
  func set(_ row: Int, in change: inout ScenarioChange) throws(RiskError) {
    for (column, place) in places.enumerated() {
      let move = moves.outcomes[row, column]
      let growth = unit.growth(move)
      // One plus a move above −1 by less than half a unit of rounding is zero.
      guard growth > 0 else {
        throw .invalidValue(
          argument: "move of \(moves.universe.assets[column])", got: move, lowest: -1,
          highest: 1e6)
      }
      try Scenario.check(move: growth - 1, of: moves.universe.assets[column])
      change.setGrowth(growth, at: place)
    }
  }
}

extension AccountBook {
  /// Looks the assets of moves up.
  func movePath(
    _ moves: ScenarioSet,
    unit: Scenario.MoveUnit,
    beside scenario: Scenario
  ) throws(RiskError) -> MovePath {
    try checkProtocols(of: scenario)
    let change = try ScenarioChange(scenario, of: market, cash: cash)
    let places = try moves.universe.assets.map { (asset) throws(RiskError) -> Int in
      guard asset != cash, let place = market.universe.position(of: asset) else {
        throw .unknownInstrument(asset)
      }
      return place
    }
    return MovePath(change: change, moves: moves, unit: unit, places: places)
  }
}

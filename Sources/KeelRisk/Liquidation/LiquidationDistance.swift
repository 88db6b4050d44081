public import KeelData
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// How far a price can move until something is liquidated.
//
// Goals in order: the nearest liquidation, accuracy, few revaluations. With the price at S e^x the gap
//
//   g(x) = min(equity − margin, collateral − debt of each protocol, each over its size today)
//
// is found by full revaluation. Options make it bend, so that it can fall below zero and rise again: x is scanned
// outward from zero in equal steps, the first change of sign is bracketed, and Brent's method finds the root in it.
// Two roots inside one step are missed.

/// The least move at which an account, or a part of it, is liquidated.
public struct LiquidationDistance: Hashable, Sendable, Codable {
  /// Which way prices move.
  public enum Direction: String, Hashable, Sendable, Codable, CaseIterable {
    /// Prices fall.
    case fall
    /// Prices rise.
    case rise
  }

  /// What moves.
  public enum Mover: Hashable, Sendable, Codable {
    /// One asset, all others held.
    case asset(AssetID)
    /// All assets but cash and the pegged ones, by the same fraction.
    case everything(pegged: [AssetID])
  }

  /// How the search runs.
  public struct Settings: Hashable, Sendable, Codable {
    /// The largest fall looked at, as a fraction below one: a fall of 99.9 % leaves nothing to lose.
    public var largestFall = 0.999

    /// The largest rise looked at, as a fraction: 9 is ten times the price.
    public var largestRise = 9.0

    /// The number of steps of the scan; a fall of 99.9 % in 256 steps has steps of 2.7 %.
    public var stepCount = 256

    /// Creates the usual settings.
    public init() {}
  }

  /// The move as a fraction: negative for a fall, zero when liquidation is due now, nil when nothing is liquidated
  /// within the search.
  public let move: Double?

  /// The number of revaluations.
  public let evaluationCount: Int
}

extension StressTest {
  /// The least move that brings the margin ratio or a health factor to one.
  ///
  /// The move is within 1e-12 relative of a change of sign of the gap; how it is found, and which roots can be
  /// missed: <doc:RiskMethods>.
  ///
  /// - Parameters:
  ///   - mover: What moves.
  ///   - direction: Which way.
  ///   - settings: How far to look.
  /// - Returns: The move.
  /// - Throws: `RiskError.unknownInstrument` for an asset that the market lacks, `.invalidValue` for settings out of
  ///   range.
  /// - Complexity: One revaluation a step.
  public func liquidationDistance(
    of mover: LiquidationDistance.Mover,
    direction: LiquidationDistance.Direction,
    settings: LiquidationDistance.Settings = .init()
  ) throws(RiskError) -> LiquidationDistance {
    try require(settings.largestFall, "largestFall", in: 1e-9...Double(1).nextDown)
    try require(settings.largestRise, "largestRise", in: 1e-9...1e6)
    try require(Double(settings.stepCount), "stepCount", in: 1...1e6)
    let end =
      direction == .fall ? log1p(-settings.largestFall) : log1p(settings.largestRise)
    var count = 0
    func gap(_ logMove: Double) throws(RiskError) -> Double {
      count += 1
      return try liquidationGap(mover.scenario(move: expm1(logMove)))
    }
    guard try gap(0) > 0 else { return LiquidationDistance(move: 0, evaluationCount: count) }
    let root = try firstChange(upTo: end, stepCount: settings.stepCount, of: gap)
    return LiquidationDistance(move: root.map { expm1($0) }, evaluationCount: count)
  }

  /// The first place from zero to an end where a gap is no longer positive, by a scan and a root in its step; nil without one.
  func firstChange(
    upTo end: Double,
    stepCount: Int,
    of gap: (Double) throws(RiskError) -> Double
  ) throws(RiskError) -> Double? {
    var near = 0.0
    for step in 1...stepCount {
      let far = end * (Double(step) / Double(stepCount))
      if try gap(far) <= 0 { return try changeOfSign(of: gap, between: near, and: far) }
      near = far
    }
    return nil
  }

  /// The root between two ends at which the signs differ.
  private func changeOfSign(
    of gap: (Double) throws(RiskError) -> Double,
    between near: Double,
    and far: Double
  ) throws(RiskError) -> Double {
    var failure: RiskError?
    let value: (Double) -> Double = { x in
      do throws(RiskError) {
        return try gap(x)
      } catch {
        failure = error
        return .nan
      }
    }
    do throws(NumericsError) {
      return try Brent.root(of: value, in: min(near, far)...max(near, far)).argument
    } catch {
      throw failure
        ?? .invalidValue(argument: "liquidation gap", got: .nan, lowest: near, highest: far)
    }
  }
}

extension LiquidationDistance.Mover {
  fileprivate func scenario(move: Double) -> Scenario {
    var scenario = Scenario("move")
    switch self {
    case .asset(let asset):
      scenario.spotMoves[asset] = move
    case .everything(let pegged):
      scenario.otherSpotMove = move
      for asset in pegged { scenario.pegMoves[asset] = 0 }
    }
    return scenario
  }
}

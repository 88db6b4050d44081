import Foundation
import Keel

/// The four strategies.
enum Example: String, CaseIterable {
  case allocation, basis, liquidity, covered

  /// The strategy with its account and markets.
  func setup(_ data: MarketData) throws -> Setup {
    switch self {
    case .allocation: try tiltedAllocation(data)
    case .basis: try fundingCarry(data)
    case .liquidity: try hedgedPool(data)
    case .covered: try coveredCalls(data)
    }
  }
}

/// A strategy with what it starts from and what it runs over.
struct Setup {
  let title: String
  /// What it does, in one sentence.
  let summary: String
  /// What is assumed beside the data.
  let assumptions: [String]
  let credits: [String]
  let strategy: Strategy
  let account: Account
  let markets: [MarketSnapshot]
  let annualization: Annualization
  var settings = Backtest.Settings()
}

/// An account that holds cash and nothing else.
func cashAccount(_ cash: Double, _ universe: Universe, paying name: AssetID) throws -> Account {
  let amounts = try universe.assets.map { asset in
    asset == name
      ? try Amount(cash, decimals: 6, rounding: .towardZero) : try Amount(zeroWithDecimals: 8)
  }
  return try Account(cash: name, holdings: Holdings(universe: universe, amounts: amounts))
}

/// A planner with the costs of a large exchange: fee 0.1 %, half the spread 0.05 %, smallest trade 100.
func exchangePlanner(_ universe: Universe, paying cash: AssetID) throws -> RebalancingPlanner {
  let rules = try VenueRules(
    lot: Amount("0.00001000", decimals: 8), minimumTradeValue: Amount("100.000000", decimals: 6))
  return try RebalancingPlanner(
    cash: cash,
    costs: RebalancingCosts(
      feeFraction: 0.001, slippageFraction: 0.0005, gasPerTrade: Amount("0.000000", decimals: 6)),
    rules: Dictionary(
      uniqueKeysWithValues: universe.assets.filter { $0 != cash }.map { ($0, rules) }),
    settings: .init(noTradeBand: 0.002))
}

extension CircuitBreaker.Settings {
  /// A breaker that trips beyond a level and may resume at another after calm minutes.
  static func breaker(
    _ kind: CircuitBreaker.Kind,
    _ direction: CircuitBreaker.Direction,
    trip: Double,
    resume: Double,
    calmMinutes: Int64,
    _ action: CircuitBreaker.Action
  ) throws -> Self {
    try Self(
      kind: kind, direction: direction, tripLevel: trip, resumeLevel: resume, warmUpReadings: 1,
      coolDownNanoseconds: calmMinutes * 60_000_000_000, action: action, latches: false)
  }
}

/// The minutes of a day.
let minutesPerDay: Int64 = 1440

public import KeelData
import KeelNumerics

/// Proportional costs of trading from current weights, charged against expected returns.
///
/// ```text
/// cost(w) = Σ (buying_i max(w_i − current_i, 0) + selling_i max(current_i − w_i, 0)) / periods
/// ```
///
/// A cost is paid once, an expected return is earned in every period: ``periods`` says over how many
/// periods of the expected returns a cost is spread. Prices are in fractions of what is traded, so
/// 0.001 is ten basis points.
public struct TradingCosts: Hashable, Sendable {
  /// The price of a trade in each asset, as a fraction of what is traded.
  public enum Rates: Hashable, Sendable {
    /// One price for every asset.
    case uniform(Double)

    /// A price for some assets, and one for all others.
    case byAsset([AssetID: Double], others: Double)
  }

  /// The weights before trading.
  public var current: Weights

  /// The prices of buying, zero or more.
  public var buying: Rates

  /// The prices of selling, zero or more.
  public var selling: Rates

  /// The number of periods of the expected returns over which a cost is spread, more than zero.
  public var periods: Double

  /// Creates costs.
  ///
  /// - Parameters:
  ///   - current: The weights before trading.
  ///   - buying: The prices of buying, as fractions of what is bought, zero or more.
  ///   - selling: The prices of selling, as fractions of what is sold, zero or more.
  ///   - periods: The number of periods of the expected returns over which a cost is spread: with
  ///     daily returns and a portfolio to be held a month, 30.
  public init(from current: Weights, buying: Rates, selling: Rates, spreadOver periods: Double) {
    self.current = current
    self.buying = buying
    self.selling = selling
    self.periods = periods
  }

  /// The cost of trading to other weights, per period.
  ///
  /// - Parameter weights: The weights after trading.
  /// - Returns: The cost as a fraction of the portfolio, spread over ``periods``.
  /// - Throws: ``AllocationError``: `universeMismatch`, or `invalidValue` for prices or periods that
  ///   are out of range.
  /// - Complexity: O(N).
  public func costPerPeriod(of weights: Weights) throws(AllocationError) -> Double {
    try Translation.requireEqual(current.universe, weights.universe)
    let charge = try resolved(over: weights.universe)
    return weights.values.indices.reduce(0) {
      $0 + charge.slope(weights.values[$1], $1) * (weights.values[$1] - charge.reference[$1])
    }
  }
}

/// ``TradingCosts`` in the order of a universe: a convex term of the objective, linear on both sides of
/// its reference.
struct TradingCharge: Hashable, Sendable {
  /// The slope above the reference, zero or more.
  let buying: [Double]
  /// Minus the slope below the reference, zero or more.
  let selling: [Double]
  let reference: [Double]

  /// The slope at a number; zero at the reference.
  func slope(_ x: Double, _ i: Int) -> Double {
    x > reference[i] ? buying[i] : x < reference[i] ? -selling[i] : 0
  }

  /// What the slope changes by at the reference.
  func bend(_ i: Int) -> Double { buying[i] + selling[i] }
}

extension TradingCosts {
  /// The costs in the order of a universe.
  func resolved(over universe: Universe) throws(AllocationError) -> TradingCharge {
    try Translation.requireEqual(current.universe, universe)
    guard periods > 0, periods.isFinite else {
      throw .invalidValue(argument: "periods", asset: nil, got: periods, allowed: .positive)
    }
    let periods = periods
    return TradingCharge(
      buying: try Self.resolved(buying, "buying", universe).map { $0 / periods },
      selling: try Self.resolved(selling, "selling", universe).map { $0 / periods },
      reference: current.values)
  }

  private static func resolved(
    _ rates: Rates,
    _ argument: String,
    _ universe: Universe
  ) throws(AllocationError) -> [Double] {
    let values: [Double]
    switch rates {
    case .uniform(let rate): values = [Double](repeating: rate, count: universe.count)
    case .byAsset(let byAsset, let others):
      let unknown = byAsset.keys.filter { universe.position(of: $0) == nil }.min()
      if let unknown { throw .universeMismatch(position: nil, left: unknown, right: nil) }
      values = universe.assets.map { byAsset[$0] ?? others }
    }
    for (asset, value) in zip(universe.assets, values) {
      guard value >= 0, value.isFinite else {
        throw .invalidValue(argument: argument, asset: asset, got: value, allowed: .nonnegative)
      }
    }
    return values
  }
}

public import KeelData
import KeelNumerics

/// What every trade costs however small it is: gas, tickets, signatures.
///
/// ```text
/// cost(w) = Σ over i with w_i ≠ current_i of fee_i / periods
/// ```
public struct FixedTradingCosts: Hashable, Sendable {
  /// The weights before trading.
  public var current: Weights

  /// The fee of a trade, as a fraction of the portfolio, zero or more: gas of 20 on 100 000 is 0.0002.
  public var fee: AssetRates

  /// The number of periods of the expected returns over which a fee is spread, more than zero.
  public var periods: Double

  /// Creates costs.
  ///
  /// - Parameters:
  ///   - current: The weights before trading.
  ///   - fee: The fee of a trade, as a fraction of the portfolio, zero or more.
  ///   - periods: The number of periods of the expected returns over which a fee is spread.
  public init(from current: Weights, fee: AssetRates, spreadOver periods: Double) {
    self.current = current
    self.fee = fee
    self.periods = periods
  }

  /// The cost of trading to other weights, per period.
  ///
  /// - Parameter weights: The weights after trading.
  /// - Returns: The cost as a fraction of the portfolio, spread over ``periods``.
  /// - Throws: ``AllocationError``: `universeMismatch`, or `invalidValue` for fees or periods that are
  ///   out of range.
  /// - Complexity: O(N).
  public func costPerPeriod(of weights: Weights) throws(AllocationError) -> Double {
    let fees = try resolved(over: weights.universe)
    var sum = CompensatedSum()
    for i in fees.indices where weights.values[i] != current.values[i] { sum.add(fees[i]) }
    return sum.value
  }

  /// The fees for one period in the order of a universe.
  func resolved(over universe: Universe) throws(AllocationError) -> [Double] {
    try Translation.requireEqual(current.universe, universe)
    guard periods > 0, periods.isFinite else {
      throw .invalidValue(argument: "periods", asset: nil, got: periods, allowed: .positive)
    }
    let periods = periods
    return try fee.resolved("fee", over: universe).map { $0 / periods }
  }
}

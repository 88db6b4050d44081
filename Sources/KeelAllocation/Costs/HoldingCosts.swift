public import KeelData

/// What positions cost while they are held: custody of long ones, borrowing of short ones.
///
/// ```text
/// cost(w) = Σ (long_i max(w_i, 0) + short_i max(−w_i, 0)),  per period
/// ```
public struct HoldingCosts: Hashable, Sendable {
  /// The price of a long position per period, as a fraction of it, zero or more.
  public var long: AssetRates

  /// The price of a short position per period, as a fraction of it, zero or more.
  public var short: AssetRates

  /// Creates costs.
  ///
  /// - Parameters:
  ///   - long: The price of a long position per period, as a fraction of it, zero or more.
  ///   - short: The price of a short position per period, such as the rate at which the asset is
  ///     borrowed, zero or more.
  public init(long: AssetRates = .none, short: AssetRates) {
    self.long = long
    self.short = short
  }

  /// The cost of holding weights, per period.
  ///
  /// - Parameter weights: The weights.
  /// - Returns: The cost as a fraction of the portfolio.
  /// - Throws: ``AllocationError/invalidValue(argument:asset:got:allowed:)`` and `universeMismatch`.
  /// - Complexity: O(N).
  public func costPerPeriod(of weights: Weights) throws(AllocationError) -> Double {
    try charge(over: weights.universe).value(weights.values)
  }

  /// The costs as a function that bends at zero.
  private func charge(over universe: Universe) throws(AllocationError) -> TradingCharge {
    TradingCharge(
      buying: try long.resolved("long", over: universe),
      selling: try short.resolved("short", over: universe),
      reference: [Double](repeating: 0, count: universe.count))
  }

  /// Adds the costs to those of a utility.
  func add(to costs: inout UtilityCosts, over universe: Universe) throws(AllocationError) {
    costs.add(try charge(over: universe))
  }
}

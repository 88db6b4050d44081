public import KeelData
import KeelNumerics

/// Costs of trading from current weights, charged against expected returns.
///
/// ```text
/// cost(w) = Σ (spread_i(Δ_i) + impact_i Δ_i² + powerImpact_i |Δ_i|^(3/2)) / periods,   Δ = w − current
/// ```
///
/// The spread is proportional, with other prices for purchases and sales, or as long as an order book is
/// deep: each level of ``buyingLevels`` and ``sellingLevels`` is a higher price for what exceeds its
/// size.
///
/// A cost is paid once, an expected return is earned in every period: ``periods`` says over how many
/// periods of the expected returns a cost is spread. Prices are in fractions of what is traded, so
/// 0.001 is ten basis points; sizes are fractions of the portfolio. The power 3/2 is the square-root law
/// of impact. References: Almgren, Thum, Hauptmann and Li, Direct estimation of equity market impact, Risk
/// 18 (2005); Gârleanu and Pedersen, Journal of Finance 68 (2013), for the square.
public struct TradingCosts: Hashable, Sendable {
  /// A further level of an order book.
  public struct Level: Hashable, Sendable {
    /// The size of the trade from which the price holds, as a fraction of the portfolio.
    public let beyond: Double

    /// The price of what exceeds the size, as a fraction of it.
    public let rate: Double

    /// Creates a level.
    ///
    /// - Parameters:
    ///   - beyond: The size of the trade from which the price holds, above zero, as a fraction of the
    ///     portfolio.
    ///   - rate: The price of what exceeds the size, as a fraction of it.
    public init(beyond: Double, rate: Double) {
      self.beyond = beyond
      self.rate = rate
    }
  }

  /// The weights before trading.
  public var current: Weights {
    didSet {
      if current.universe == oldValue.universe { return }
      placeBuyingLevels()
      placeSellingLevels()
    }
  }

  /// The prices of buying, zero or more.
  public var buying: AssetRates

  /// The prices of selling, zero or more.
  public var selling: AssetRates

  /// Higher prices of larger purchases: sizes and prices increase.
  public var buyingLevels: [AssetID: [Level]] = [:] { didSet { placeBuyingLevels() } }

  /// Higher prices of larger sales: sizes and prices increase.
  public var sellingLevels: [AssetID: [Level]] = [:] { didSet { placeSellingLevels() } }

  /// The cost of a squared trade, zero or more: a trade of 0.1 at 0.5 costs 0.005.
  public var impact = AssetRates.none

  /// The cost of a trade to the power 3/2, zero or more: a trade of 0.01 at 0.5 costs 0.0005.
  public var powerImpact = AssetRates.none

  /// The number of periods of the expected returns over which a cost is spread, more than zero.
  public var periods: Double

  private var purchases = BookLevels()
  private var sales = BookLevels()

  /// Creates proportional costs; levels of books and impact are properties.
  ///
  /// - Parameters:
  ///   - current: The weights before trading.
  ///   - buying: The prices of buying, as fractions of what is bought, zero or more.
  ///   - selling: The prices of selling, as fractions of what is sold, zero or more.
  ///   - periods: The number of periods of the expected returns over which a cost is spread: with
  ///     daily returns and a portfolio to be held a month, 30.
  public init(
    from current: Weights,
    buying: AssetRates,
    selling: AssetRates,
    spreadOver periods: Double
  ) {
    self.current = current
    self.buying = buying
    self.selling = selling
    self.periods = periods
  }

  /// The cost of trading to other weights, per period.
  ///
  /// - Parameter weights: The weights after trading.
  /// - Returns: The cost as a fraction of the portfolio, spread over ``periods``.
  /// - Throws: ``AllocationError``: `universeMismatch`, or `invalidValue` for prices, sizes or periods
  ///   that are out of range.
  /// - Complexity: O(N) for each level.
  public func costPerPeriod(of weights: Weights) throws(AllocationError) -> Double {
    let universe = weights.universe
    try Translation.requireEqual(current.universe, universe)
    var sum = CompensatedSum()
    for charge in try charges(over: universe) { sum.add(charge.value(weights.values)) }
    let squares = try perPeriod(impact, "impact", universe)
    let powers = try perPeriod(powerImpact, "powerImpact", universe)
    for (i, weight) in weights.values.enumerated() {
      let size = (weight - current.values[i]).magnitude
      sum.add(squares[i] * size * size + powers[i] * size * size.squareRoot())
    }
    return sum.value
  }
}

// MARK: - In terms of a universe

extension TradingCosts {
  /// Adds the costs but those to the power 3/2 to those of a utility.
  func add(to costs: inout UtilityCosts, over universe: Universe) throws(AllocationError) {
    try Translation.requireEqual(current.universe, universe)
    for charge in try charges(over: universe) { costs.add(charge) }
    costs.addSquares(try perPeriod(impact, "impact", universe), center: current.values)
  }

  /// The coefficients of the power 3/2; nil where there are none.
  func powers(over universe: Universe) throws(AllocationError) -> PowerImpact? {
    try Translation.requireEqual(current.universe, universe)
    let coefficients = try perPeriod(powerImpact, "powerImpact", universe)
    if coefficients.allSatisfy({ $0 == 0 }) { return nil }
    return PowerImpact(coefficients: coefficients, reference: current.values)
  }

  /// The spread as functions that bend at the current weights and at each level of a book.
  private func charges(over universe: Universe) throws(AllocationError) -> [TradingCharge] {
    let (buying, selling) = (
      try perPeriod(buying, "buying", universe), try perPeriod(selling, "selling", universe)
    )
    let purchases = try steps(purchases, "buyingLevels", above: buying)
    let sales = try steps(sales, "sellingLevels", above: selling)
    let nothing = [Double](repeating: 0, count: universe.count)
    return [TradingCharge(buying: buying, selling: selling, reference: current.values)]
      + purchases.map {
        TradingCharge(
          buying: $0.rises, selling: nothing, reference: zip(current.values, $0.sizes).map(+))
      }
      + sales.map {
        TradingCharge(
          buying: nothing, selling: $0.rises, reference: zip(current.values, $0.sizes).map(-))
      }
  }

  private mutating func placeBuyingLevels() {
    purchases = BookLevels(buyingLevels, "buyingLevels", over: current.universe)
  }

  private mutating func placeSellingLevels() {
    sales = BookLevels(sellingLevels, "sellingLevels", over: current.universe)
  }

  /// The first, second and further levels of all assets: their sizes and what the prices rise by.
  private func steps(
    _ books: BookLevels,
    _ argument: String,
    above first: [Double]
  ) throws(AllocationError) -> [(sizes: [Double], rises: [Double])] {
    if let fault = books.fault { throw fault }
    var below = first
    var steps: [(sizes: [Double], rises: [Double])] = []
    for (sizes, rates) in zip(books.sizes, books.rates) {
      var rises = below
      for i in rises.indices {
        let rate = sizes[i] > 0 ? rates[i] / periods : below[i]
        rises[i] = rate - below[i]
        guard rises[i] >= 0 else {
          throw .invalidValue(
            argument: "\(argument) rate", asset: current.universe.assets[i], got: rates[i],
            allowed: (below[i] * periods)...Double.greatestFiniteMagnitude)
        }
        below[i] = rate
      }
      steps.append((sizes, rises))
    }
    return steps
  }

  /// Prices for one period.
  private func perPeriod(
    _ rates: AssetRates,
    _ argument: String,
    _ universe: Universe
  ) throws(AllocationError) -> [Double] {
    guard periods > 0, periods.isFinite else {
      throw .invalidValue(argument: "periods", asset: nil, got: periods, allowed: .positive)
    }
    let periods = periods
    return try rates.resolved(argument, over: universe).map { $0 / periods }
  }
}

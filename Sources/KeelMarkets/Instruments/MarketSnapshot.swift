public import KeelData
public import KeelDerivatives

/// What is known of a market at one moment: all that a decision may depend on.
///
/// A snapshot may hold bad numbers, as feeds do: NaN stands for a price that is missing. Whoever uses one checks
/// it.
public struct MarketSnapshot: Hashable, Sendable, Codable {
  /// The quote of an instrument beside the price of its underlying.
  public enum Quote: Hashable, Sendable, Codable {
    /// A future or perpetual: the mark price, and the funding rate of the present interval.
    case contract(price: Double, funding: FundingRate?)

    /// An option: its volatility, and the carry yield of the underlying to its expiry.
    case option(volatility: Double, carryYield: Double)

    /// A pool: what is traded through it in cash a year, and the liquidity at its price.
    case pool(volumePerYear: Double, activeLiquidity: Double)

    /// A deposit or loan: what one unit of the first day has become, and the present rate per year.
    case lending(index: Double, ratePerYear: Double)

    /// A principal or yield token: what one unit of the first day has become, of the time of maturity from then on; the
    /// present rate of that per year; and the rate that the principal's price implies, continuously compounded per year.
    case yieldSplit(index: Double, ratePerYear: Double, impliedRate: Double)
  }

  /// The time at which all this is known.
  public var time: Timestamp

  /// The assets, cash included.
  public var universe: Universe

  /// The price of each asset in cash per unit; NaN where there is none.
  public var prices: [Double]

  /// Quotes of instruments by name.
  public var quotes: [AssetID: Quote]

  /// The interest rate of cash, continuously compounded per year.
  public var rate: Double

  /// Measured numbers by name, for the breakers: the age of a price, a delay, a depth, the price of gas.
  public var readings: [String: Double]

  /// Series from elsewhere that became known at this moment, by name and asset.
  public var series: [String: [AssetID: Double]]

  /// Creates a snapshot.
  ///
  /// - Parameters:
  ///   - time: The time at which all this is known.
  ///   - universe: The N assets, cash included.
  ///   - prices: N prices in cash per unit; NaN where there is none.
  ///   - rate: The interest rate of cash, continuously compounded per year.
  public init(time: Timestamp, universe: Universe, prices: [Double], rate: Double = 0) {
    self.time = time
    self.universe = universe
    self.prices = prices
    self.rate = rate
    quotes = [:]
    readings = [:]
    series = [:]
  }

  /// Creates a snapshot from checked prices.
  ///
  /// - Parameters:
  ///   - time: The time at which they are known.
  ///   - prices: The prices in cash.
  ///   - rate: The interest rate of cash, continuously compounded per year.
  public init(time: Timestamp, prices: Prices, rate: Double = 0) {
    self.init(time: time, universe: prices.universe, prices: prices.values, rate: rate)
  }

  /// The price of an asset; NaN where there is none or the asset is unknown.
  ///
  /// - Parameter asset: The asset.
  /// - Returns: The price in cash per unit.
  public func price(of asset: AssetID) -> Double {
    guard let place = universe.position(of: asset), prices.indices.contains(place) else {
      return .nan
    }
    return prices[place]
  }
}

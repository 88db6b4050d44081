package import KeelData
public import KeelDerivatives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a position is worth and how that moves, in cash and units of one underlying.
public struct Exposure: Hashable, Sendable, Codable {
  /// The value, in cash: what the account would have more by closing at the marks; negative for debts.
  public var value: Double

  /// The change of value per cash that the underlying gains: units of it.
  public var delta: Double

  /// The change of delta per cash that the underlying gains.
  public var gamma: Double

  /// The change of value with volatility.
  public var vega: PerVolatility

  /// The change of value with time at unchanged prices, by the passage of an option's life.
  public var theta: PerTime

  /// The income at unchanged prices: funding, basis, interest and fees.
  public var carry: PerTime

  /// The change of value with the rate that principal tokens imply.
  public var impliedRate: PerRate

  /// The magnitude that margin and trading costs are taken from, in cash.
  public var notional: Double

  /// The maintenance margin, in cash.
  public var margin: Double

  /// Nothing.
  public static let zero = Exposure(value: 0, delta: 0)

  init(value: Double, delta: Double, gamma: Double = 0) {
    self.value = value
    self.delta = delta
    self.gamma = gamma
    vega = PerVolatility(perUnitVolatility: 0)
    theta = PerTime(perYear: 0)
    carry = PerTime(perYear: 0)
    impliedRate = PerRate(perUnitRate: 0)
    notional = value.magnitude
    margin = 0
  }

  /// The sum of two exposures to one underlying.
  public static func + (left: Exposure, right: Exposure) -> Exposure {
    var sum = left
    sum += right
    return sum
  }

  /// Adds an exposure to the same underlying.
  public static func += (left: inout Exposure, right: Exposure) {
    left.value += right.value
    left.delta += right.delta
    left.gamma += right.gamma
    left.vega.perUnitVolatility += right.vega.perUnitVolatility
    left.theta.perYear += right.theta.perYear
    left.carry.perYear += right.carry.perYear
    left.impliedRate.perUnitRate += right.impliedRate.perUnitRate
    left.notional += right.notional
    left.margin += right.margin
  }
}

extension Listing {
  /// Values a position by full revaluation.
  ///
  /// | instrument | value | carry |
  /// |---|---|---|
  /// | spot | `q S` | none |
  /// | future, perpetual | profit since entry | roll to the spot until expiry; funding at the present rate |
  /// | option | `q · size ·` Black-Scholes price, whatever it settles in | none: its time is theta |
  /// | pool | `q` units of liquidity | fees at the present volume |
  /// | deposit, loan | `±q · index · S` | interest at the present rate |
  /// | principal token | `q · S e^(−yτ)` | the pull to its unit at the implied rate y |
  /// | yield token | `q · S (index/entry − e^(−yτ))` | yield at the present rate less that pull |
  ///
  /// - Parameters:
  ///   - quantity: The units or contracts, negative when short: finite. Of a loan, what is owed: not negative.
  ///   - entryPrice: The price from which profit counts of futures and perpetuals, the index of yield tokens; not used by
  ///     others.
  ///   - market: The market.
  /// - Returns: The exposure; NaN where the market lacks a number or has one outside its domain.
  /// - Complexity: O(1).
  public func exposure(
    quantity: Double,
    entryPrice: Double,
    in market: MarketSnapshot
  ) -> Exposure {
    exposure(
      quantity: quantity, entryPrice: entryPrice, spot: market.price(of: instrument.underlying),
      quote: market.quotes[id], rate: market.rate, time: market.time)
  }

  /// Values a position from the numbers that its kind needs.
  package func exposure(
    quantity: Double,
    entryPrice: Double,
    spot: Double,
    quote: MarketSnapshot.Quote?,
    rate: Double,
    time: Timestamp
  ) -> Exposure {
    guard spot > 0, spot.isFinite, quantity.isFinite else { return .undefined }
    switch (instrument, quote) {
    case (.spot, _):
      return Exposure(value: quantity * spot, delta: quantity)
    case (.future(let contract, _, let expiry, let margin), .contract(let price, _)?):
      let life = expiry.years(since: time)
      // At unchanged spot the price comes down to it: dF/dt = −F ln(F/S)/T.
      let roll = life > 0 ? -price * (log(price / spot) / life) : 0
      return contract.exposure(quantity, (entryPrice, price, spot), margin) {
        contract.cashPerPrice(quantity, price: price, spot: spot) * roll
      }
    case (.perpetual(let contract, _, let margin), .contract(let price, let funding)?):
      return contract.exposure(quantity, (entryPrice, price, spot), margin) {
        guard let funding else { return 0 }
        let received = contract.fundingReceived(quantity: quantity, rate: funding, price: price)
        let cash = contract.settlement == .inverse ? spot : 1
        return received * funding.interval.intervalsPerYear * cash
      }
    case (.option(let option), .option(let volatility, let carryYield)?):
      let model = BlackScholes(
        spot: spot, volatility: volatility, rate: rate, carryYield: carryYield)
      return option.exposure(quantity, model.greeks(of: option.option(at: time)), spot)
    case (.pool(_, let lower, let upper, let fee), .pool(let volume, let liquidity)?):
      guard
        let position = try? PoolPosition(
          liquidity: quantity, lowerPrice: lower, upperPrice: upper ?? .infinity)
      else { return .undefined }
      var exposure = Exposure(
        value: position.value(at: spot), delta: position.delta(at: spot),
        gamma: position.gamma(at: spot))
      exposure.carry.perYear =
        position.isActive(at: spot)
        ? position.fees(volume: volume, feeFraction: fee, activeLiquidity: liquidity) : 0
      return exposure
    case (.deposit, .lending(let index, let rate)?):
      return lending(quantity * index, spot, rate)
    case (.loan, .lending(let index, let rate)?):
      return lending(-quantity * index, spot, rate)
    case (.principalToken(_, let maturity), .yieldSplit(let index, let growth, let implied)?),
      (.yieldToken(_, let maturity), .yieldSplit(let index, let growth, let implied)?):
      guard
        let split = try? YieldSplit(
          index: index, impliedRate: implied, timeToMaturity: max(maturity.years(since: time), 0))
      else { return .undefined }
      if case .principalToken = instrument { return split.principal(quantity, spot) }
      return split.yield(quantity, spot, rate: growth, entryIndex: entryPrice)
    default:
      return .undefined
    }
  }

  private func lending(_ units: Double, _ spot: Double, _ rate: Double) -> Exposure {
    var exposure = Exposure(value: units * spot, delta: units)
    exposure.carry.perYear = rate * exposure.value
    return exposure
  }
}

extension YieldSplit {
  fileprivate func principal(_ quantity: Double, _ spot: Double) -> Exposure {
    let units = quantity * principalPrice
    var exposure = Exposure(value: units * spot, delta: units)
    exposure.impliedRate.perUnitRate = quantity * principalSensitivity.perUnitRate * spot
    exposure.carry.perYear = timeToMaturity > 0 ? impliedRate * exposure.value : 0
    return exposure
  }

  fileprivate func yield(
    _ quantity: Double,
    _ spot: Double,
    rate: Double,
    entryIndex: Double
  ) -> Exposure {
    let accrued = accruedYield(since: entryIndex)
    let units = quantity * (accrued + yieldPrice)
    var exposure = Exposure(value: units * spot, delta: units)
    exposure.impliedRate.perUnitRate = -quantity * principalSensitivity.perUnitRate * spot
    let perUnit = rate * (1 + accrued) - impliedRate * principalPrice
    exposure.carry.perYear = timeToMaturity > 0 ? quantity * perUnit * spot : 0
    return exposure
  }
}

extension Exposure {
  /// What cannot be valued.
  static var undefined: Exposure { Exposure(value: .nan, delta: .nan, gamma: .nan) }
}

extension FuturesContract {
  /// Exposure of a position, with its carry from a closure.
  fileprivate func exposure(
    _ quantity: Double,
    _ prices: (entry: Double, contract: Double, coin: Double),
    _ margin: MaintenanceTiers,
    carry: () -> Double
  ) -> Exposure {
    guard
      let position = try? FuturesPosition(
        contract: self, quantity: quantity, entryPrice: prices.entry)
    else { return .undefined }
    let known = position.exposure(
      in: .cash,
      at: FuturesPrices(contract: prices.contract, coin: prices.coin))
    let settled = notional(quantity: quantity, price: prices.contract).magnitude
    let cash = settlement == .inverse ? prices.coin : 1
    var exposure = Exposure(value: known.profit, delta: known.delta, gamma: known.gamma)
    exposure.notional = settled * cash
    exposure.margin = margin.margin(ofNotional: settled) * cash
    exposure.carry.perYear = carry()
    return exposure
  }

  /// The cash that a position gains per cash that the contract's price rises.
  fileprivate func cashPerPrice(_ quantity: Double, price: Double, spot: Double) -> Double {
    settlement == .inverse ? quantity * size / price / price * spot : quantity * size
  }
}

extension ListedOption {
  fileprivate func exposure(_ quantity: Double, _ unit: Greeks, _ spot: Double) -> Exposure {
    let units = quantity * size
    var exposure = Exposure(
      value: units * unit.price, delta: units * unit.delta, gamma: units * unit.gamma)
    exposure.vega.perUnitVolatility = units * unit.vega.perUnitVolatility
    exposure.theta.perYear = units * unit.theta.perYear
    exposure.margin = Self.margin(
      units: units, rate: shortMarginRate, price: unit.price, spot: spot)
    return exposure
  }

  /// The maintenance margin of an option on some units at its price, in cash.
  package static func margin(
    units: Double,
    rate: Double,
    price: Double,
    spot: Double
  ) -> Double {
    units < 0 ? -units * (rate * spot + price) : 0
  }
}

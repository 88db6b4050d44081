package import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension CharacteristicModel {
  /// The prices of European options at several strikes, from one set of moments.
  ///
  /// Expired, or where the asset grows with certainty, a price is the discounted intrinsic value of the
  /// forward. Accuracy: <doc:ModelsOfTheSpot>; each price comes with its own bound.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strikes: The strikes, in cash: finite, not negative, in any order.
  ///   - timeToExpiry: The time in years: finite, not negative.
  ///   - spot: The spot price, in cash: positive and finite.
  ///   - rate: The interest rate, continuously compounded per year: finite, of any sign.
  ///   - carryYield: The yield of holding the asset, continuously compounded per year.
  /// - Returns: Prices and bounds of their errors, NaN where an argument is outside its domain.
  /// - Complexity: O(m + mn) for n strikes and m orders, some fifty to some hundred on either side.
  public func prices(
    of kind: EuropeanOption.Kind,
    strikes: [Double],
    timeToExpiry: Double,
    spot: Double,
    rate: Double,
    carryYield: Double
  ) -> OptionStrip {
    let market = StripMarket(
      kind: kind, timeToExpiry: timeToExpiry, spot: spot, rate: rate, carryYield: carryYield)
    return market.strip(market.columns(of: self, strikes, hasGreeks: false), strikes)
  }

  /// The prices of European options at several strikes, with their derivatives by the spot.
  ///
  /// Expired, or where the asset grows with certainty, delta is that of the intrinsic value and gamma
  /// zero.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strikes: The strikes, in cash: finite, not negative, in any order.
  ///   - timeToExpiry: The time in years: finite, not negative.
  ///   - spot: The spot price, in cash: positive and finite.
  ///   - rate: The interest rate, continuously compounded per year: finite, of any sign.
  ///   - carryYield: The yield of holding the asset, continuously compounded per year.
  /// - Returns: Prices, deltas and gammas, NaN where an argument is outside its domain.
  /// - Complexity: O(m + mn) for n strikes and m orders.
  public func greeks(
    of kind: EuropeanOption.Kind,
    strikes: [Double],
    timeToExpiry: Double,
    spot: Double,
    rate: Double,
    carryYield: Double
  ) -> OptionStrip {
    greeks(
      of: kind, strikes: strikes, timeToExpiry: timeToExpiry, spot: spot, rate: rate,
      carryYield: carryYield, level: .automatic)
  }

  /// The same at a level.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strikes: The strikes, in cash.
  ///   - timeToExpiry: The time in years.
  ///   - spot: The spot price, in cash.
  ///   - rate: The interest rate, continuously compounded per year.
  ///   - carryYield: The yield of holding the asset, continuously compounded per year.
  ///   - level: The instruction set.
  /// - Returns: Prices, deltas and gammas.
  package func greeks(
    of kind: EuropeanOption.Kind,
    strikes: [Double],
    timeToExpiry: Double,
    spot: Double,
    rate: Double,
    carryYield: Double,
    level: Kernels.Level
  ) -> OptionStrip {
    let market = StripMarket(
      kind: kind, timeToExpiry: timeToExpiry, spot: spot, rate: rate, carryYield: carryYield,
      level: level)
    return market.strip(market.columns(of: self, strikes, hasGreeks: true), strikes)
  }

  /// The price of a European option today.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time finite and not negative.
  ///   - spot: The spot price, in cash: positive and finite.
  ///   - rate: The interest rate, continuously compounded per year: finite, of any sign.
  ///   - carryYield: The yield of holding the asset, continuously compounded per year.
  /// - Returns: The price in cash, or NaN when an argument is outside its domain.
  public func price(
    of option: EuropeanOption,
    spot: Double,
    rate: Double,
    carryYield: Double
  ) -> Double {
    prices(
      of: option.kind, strikes: [option.strike], timeToExpiry: option.timeToExpiry, spot: spot,
      rate: rate, carryYield: carryYield
    ).prices[0]
  }
}

extension HestonModel {
  /// The prices at several strikes, with derivatives by the spot and by both variances.
  ///
  /// The derivatives by the variances are zero where the price is certain.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strikes: The strikes, in cash: finite, not negative, in any order.
  ///   - timeToExpiry: The time in years: finite, not negative.
  ///   - spot: The spot price, in cash: positive and finite.
  ///   - rate: The interest rate, continuously compounded per year: finite, of any sign.
  ///   - carryYield: The yield of holding the asset, continuously compounded per year.
  /// - Returns: Prices and derivatives, NaN where an argument is outside its domain.
  /// - Complexity: O(m + mn) for n strikes and m orders.
  public func sensitivities(
    of kind: EuropeanOption.Kind,
    strikes: [Double],
    timeToExpiry: Double,
    spot: Double,
    rate: Double,
    carryYield: Double
  ) -> HestonStrip {
    let market = StripMarket(
      kind: kind, timeToExpiry: timeToExpiry, spot: spot, rate: rate, carryYield: carryYield)
    let columns = market.columns(of: self, strikes, hasGreeks: true, factorCount: 2) { order in
      let slopes = self.varianceSlopes(order, timeToExpiry: timeToExpiry)
      return [slopes.initial, slopes.mean]
    }
    return HestonStrip(
      options: market.strip(columns, strikes),
      initialVarianceSlopes: columns.values[3], meanVarianceSlopes: columns.values[4])
  }
}

/// What a strip shares beside its model.
struct StripMarket {
  let kind: EuropeanOption.Kind
  let timeToExpiry: Double
  let spot: Double
  let forward: Double
  let discount: Double
  let level: Kernels.Level

  init(
    kind: EuropeanOption.Kind,
    timeToExpiry: Double,
    spot: Double,
    rate: Double,
    carryYield: Double,
    level: Kernels.Level = .automatic
  ) {
    self.level = level
    (self.kind, self.timeToExpiry, self.spot) = (kind, timeToExpiry, spot)
    guard spot > 0, spot.isFinite, Black.isAmount(timeToExpiry), rate.isFinite,
      carryYield.isFinite
    else {
      (forward, discount) = (.nan, .nan)
      return
    }
    let growth = Carry(rate: rate, carryYield: carryYield, time: timeToExpiry).growth
    forward = growth.exponential(times: spot)
    discount = Carry.discounted(1, rate: rate, time: timeToExpiry)
  }

  /// Discounted values, perhaps deltas and gammas, and more, a column each, and the errors of the first.
  struct Columns {
    var values: [[Double]]
    var errors: [Double]
    let hasGreeks: Bool
  }

  /// The strip of the first column, and of delta and gamma.
  func strip(_ columns: Columns, _ strikes: [Double]) -> OptionStrip {
    let hasGreeks = columns.hasGreeks
    return OptionStrip(
      kind: kind, strikes: strikes, forward: forward, prices: columns.values[0],
      errors: columns.errors, deltas: hasGreeks ? columns.values[1] : [],
      gammas: hasGreeks ? columns.values[2] : [])
  }

  func columns(
    of model: some CharacteristicModel,
    _ strikes: [Double],
    hasGreeks: Bool,
    factorCount: Int = 0,
    factors: ((Complex) -> [Complex])? = nil
  ) -> Columns {
    let none = [Double](repeating: .nan, count: strikes.count)
    let count = (hasGreeks ? 3 : 1) + factorCount
    var columns = Columns(
      values: [[Double]](repeating: none, count: count), errors: none, hasGreeks: hasGreeks)
    guard forward > 0, forward.isFinite, discount > 0, discount.isFinite else { return columns }
    let variance = model.logVariance(timeToExpiry: timeToExpiry)
    guard variance >= 0, variance.isFinite else { return columns }
    let deviation = variance.squareRoot()
    let drift = variance > 0 ? model.logDrift(timeToExpiry: timeToExpiry) : 0
    var (calls, puts) = (Side(sign: 1), Side(sign: -1))
    for (place, strike) in strikes.enumerated() where Black.isAmount(strike) {
      guard strike > 0, deviation > Self.leastDeviation else {
        let isCertain = strike == 0 || deviation == 0
        certain(strike, &columns, place, error: isCertain ? 0 : deviation * forward)
        continue
      }
      let ratio = strike / forward
      let logStrike =
        ratio.isNormal
        ? log(ratio) : -Black.logMoneyness(forward: forward, strike: strike).high
      if logStrike >= drift {
        calls.append(place, logStrike - drift)
      } else {
        puts.append(place, logStrike - drift)
      }
    }
    guard !(calls.places.isEmpty && puts.places.isEmpty) else { return columns }
    let range = model.momentRange(timeToExpiry: timeToExpiry)
    for side in [calls, puts] where !side.places.isEmpty {
      let results = StripIntegral(
        model: model, timeToExpiry: timeToExpiry, side: side.sign,
        gap: side.sign > 0 ? range.upperBound - 1 : -range.lowerBound, deviation: deviation,
        drift: drift, logStrikes: side.logStrikes, hasGreeks: hasGreeks, factors: factors,
        columnCount: count
      ).results(level)
      for i in 0..<side.places.count {
        let place = side.places[i]
        write(results, i, strikes[place], side.sign, &columns, place)
      }
    }
    return columns
  }

  /// The strikes that are priced as calls, or as puts.
  private struct Side {
    let sign: Double
    var places: [Int] = []
    var logStrikes: [Double] = []

    init(sign: Double) { self.sign = sign }

    mutating func append(_ place: Int, _ logStrike: Double) {
      places.append(place)
      logStrikes.append(logStrike)
    }
  }

  /// Below this deviation of the logarithm the time value is less than 1e-13 of the forward.
  private static let leastDeviation = 1e-13

  private var sign: Double { kind == .call ? 1 : -1 }

  /// Writes the option on an asset that grows with certainty.
  private func certain(
    _ strike: Double,
    _ columns: inout Columns,
    _ place: Int,
    error: Double
  ) {
    for c in columns.values.indices { columns.values[c][place] = 0 }
    let intrinsic = sign * (forward - strike)
    columns.values[0][place] = discount * max(0, intrinsic)
    if columns.hasGreeks, intrinsic > 0 {
      columns.values[1][place] = sign * discount * (forward / spot)
    }
    columns.errors[place] = discount * error
  }

  /// Writes the option from the integrals of the call (side 1) or of the put.
  private func write(
    _ results: StripResults,
    _ index: Int,
    _ strike: Double,
    _ side: Double,
    _ columns: inout Columns,
    _ place: Int
  ) {
    let count = columns.values.count
    let error = results.errors[index]
    let highest = side > 0 ? 1 : strike / forward
    // What breaks the bounds of any model has not converged, whatever its error seems to be.
    guard (results.values[index * count]).magnitude <= highest + error, error <= highest else {
      columns.errors[place] = .infinity
      return
    }
    let legs = discount * forward
    let isOther = side != sign
    // A price is not negative; what is below zero is error.
    var price = max(0, legs * results.values[index * count])
    if isOther { price = max(0, price + discount * sign * (forward - strike)) }
    columns.values[0][place] = price
    let rounding = isOther ? max(forward, strike).ulp : 0
    columns.errors[place] = legs * error + discount * (forward.ulp + rounding)
    let first = columns.hasGreeks ? 3 : 1
    for c in first..<count { columns.values[c][place] = legs * results.values[index * count + c] }
    guard columns.hasGreeks else { return }
    let growth = discount * (forward / spot)
    columns.values[1][place] =
      growth * (results.values[index * count + 1] + (isOther ? sign : 0))
    columns.values[2][place] = growth * (results.values[index * count + 2] / spot)
  }
}

/// Several European options on one asset held together, with an amount of the asset itself.
///
/// ```swift
/// let structure = OptionStructure.collar(floor: 90, cap: 120, timeToExpiry: 0.25)
/// let cost = model.price(of: structure)
/// ```
public struct OptionStructure: Hashable, Sendable, Codable {
  /// A number of options of one kind.
  public struct Leg: Hashable, Sendable, Codable {
    /// The number of options; negative when written.
    public var quantity: Double

    /// The option.
    public var option: EuropeanOption

    /// Creates a leg.
    ///
    /// - Parameters:
    ///   - quantity: The number of options; negative when written.
    ///   - option: The option.
    public init(quantity: Double, option: EuropeanOption) {
      self.quantity = quantity
      self.option = option
    }
  }

  /// The options.
  public var legs: [Leg]

  /// The amount of the asset that is held with them; negative when short.
  public var assetQuantity: Double

  /// Creates a structure.
  ///
  /// - Parameters:
  ///   - legs: The options.
  ///   - assetQuantity: The amount of the asset that is held with them.
  public init(legs: [Leg], assetQuantity: Double = 0) {
    self.legs = legs
    self.assetQuantity = assetQuantity
  }

  /// What the structure is worth when all its options expire at a price.
  ///
  /// - Parameter spot: The price of the asset at expiry.
  /// - Returns: The payoff in cash, without what was paid for it.
  public func payoff(at spot: Double) -> Double {
    legs.reduce(assetQuantity * spot) { total, leg in
      let difference = spot - leg.option.strike
      let gain = leg.option.kind == .call ? difference : -difference
      return total + leg.quantity * max(gain, 0)
    }
  }
}

// MARK: - Usual structures

extension OptionStructure {
  private static func structure(
    _ legs: [(Double, EuropeanOption.Kind, Double)],
    _ timeToExpiry: Double,
    asset: Double = 0
  ) -> OptionStructure {
    OptionStructure(
      legs: legs.map { quantity, kind, strike in
        Leg(
          quantity: quantity,
          option: EuropeanOption(kind: kind, strike: strike, timeToExpiry: timeToExpiry))
      }, assetQuantity: asset)
  }

  /// A call and a put with one strike: a bet on movement.
  ///
  /// - Parameters:
  ///   - strike: The strike of both.
  ///   - timeToExpiry: The time in years.
  /// - Returns: The structure.
  public static func straddle(strike: Double, timeToExpiry: Double) -> OptionStructure {
    structure([(1, .call, strike), (1, .put, strike)], timeToExpiry)
  }

  /// A put below and a call above: a cheaper bet on larger movement.
  ///
  /// - Parameters:
  ///   - putStrike: The strike of the put.
  ///   - callStrike: The strike of the call.
  ///   - timeToExpiry: The time in years.
  /// - Returns: The structure.
  public static func strangle(
    putStrike: Double,
    callStrike: Double,
    timeToExpiry: Double
  ) -> OptionStructure {
    structure([(1, .put, putStrike), (1, .call, callStrike)], timeToExpiry)
  }

  /// One option bought and one of the same kind written at another strike.
  ///
  /// - Parameters:
  ///   - kind: Calls or puts.
  ///   - bought: The strike of the option bought.
  ///   - written: The strike of the option written.
  ///   - timeToExpiry: The time in years.
  /// - Returns: The structure.
  public static func verticalSpread(
    _ kind: EuropeanOption.Kind,
    bought: Double,
    written: Double,
    timeToExpiry: Double
  ) -> OptionStructure {
    structure([(1, kind, bought), (-1, kind, written)], timeToExpiry)
  }

  /// Calls bought at two strikes and two written between them.
  ///
  /// - Parameters:
  ///   - lower: The lower strike.
  ///   - middle: The strike of those written.
  ///   - upper: The upper strike.
  ///   - timeToExpiry: The time in years.
  /// - Returns: The structure; its payoff is a triangle when the middle is central.
  public static func butterfly(
    lower: Double,
    middle: Double,
    upper: Double,
    timeToExpiry: Double
  ) -> OptionStructure {
    structure([(1, .call, lower), (-2, .call, middle), (1, .call, upper)], timeToExpiry)
  }

  /// A put spread and a call spread written around the price.
  ///
  /// - Parameters:
  ///   - strikes: The strikes of the put bought, the put written, the call written and the call bought.
  ///   - timeToExpiry: The time in years.
  /// - Returns: The structure; it earns its premium when the price stays between the written strikes.
  public static func ironCondor(
    strikes: (putBought: Double, putWritten: Double, callWritten: Double, callBought: Double),
    timeToExpiry: Double
  ) -> OptionStructure {
    structure(
      [
        (1, .put, strikes.putBought), (-1, .put, strikes.putWritten),
        (-1, .call, strikes.callWritten), (1, .call, strikes.callBought),
      ], timeToExpiry)
  }

  /// A call bought and a put written below it.
  ///
  /// - Parameters:
  ///   - putStrike: The strike of the put written.
  ///   - callStrike: The strike of the call bought.
  ///   - timeToExpiry: The time in years.
  /// - Returns: The structure.
  public static func riskReversal(
    putStrike: Double,
    callStrike: Double,
    timeToExpiry: Double
  ) -> OptionStructure {
    structure([(-1, .put, putStrike), (1, .call, callStrike)], timeToExpiry)
  }

  /// The asset with a put that limits its loss.
  ///
  /// - Parameters:
  ///   - floor: The strike of the put.
  ///   - timeToExpiry: The time in years.
  /// - Returns: The structure, asset included.
  public static func protectivePut(floor: Double, timeToExpiry: Double) -> OptionStructure {
    structure([(1, .put, floor)], timeToExpiry, asset: 1)
  }

  /// The asset with a call written that sells its gains above a price.
  ///
  /// - Parameters:
  ///   - cap: The strike of the call.
  ///   - timeToExpiry: The time in years.
  /// - Returns: The structure, asset included.
  public static func coveredCall(cap: Double, timeToExpiry: Double) -> OptionStructure {
    structure([(-1, .call, cap)], timeToExpiry, asset: 1)
  }

  /// The asset with a put bought and a call written.
  ///
  /// - Parameters:
  ///   - floor: The strike of the put.
  ///   - cap: The strike of the call.
  ///   - timeToExpiry: The time in years.
  /// - Returns: The structure, asset included.
  public static func collar(floor: Double, cap: Double, timeToExpiry: Double) -> OptionStructure {
    structure([(1, .put, floor), (-1, .call, cap)], timeToExpiry, asset: 1)
  }

  /// A later option bought and an earlier one with the same strike written.
  ///
  /// - Parameters:
  ///   - kind: Calls or puts.
  ///   - strike: The strike of both.
  ///   - near: The time to the expiry of the one written, in years.
  ///   - far: The time to the expiry of the one bought, in years.
  /// - Returns: The structure.
  public static func calendarSpread(
    _ kind: EuropeanOption.Kind,
    strike: Double,
    near: Double,
    far: Double
  ) -> OptionStructure {
    OptionStructure(legs: [
      Leg(quantity: -1, option: EuropeanOption(kind: kind, strike: strike, timeToExpiry: near)),
      Leg(quantity: 1, option: EuropeanOption(kind: kind, strike: strike, timeToExpiry: far)),
    ])
  }
}

extension BlackScholes {
  /// The price of a structure today, with one volatility for all options.
  ///
  /// - Parameter structure: The structure.
  /// - Returns: The price in cash; NaN when an argument of an option is outside its domain.
  public func price(of structure: OptionStructure) -> Double {
    structure.legs.reduce(structure.assetQuantity * spot) {
      $0 + $1.quantity * price(of: $1.option)
    }
  }

  /// The Greeks of a structure today, with one volatility for all options.
  ///
  /// For a smile add the Greeks of each leg at its own volatility.
  ///
  /// - Parameter structure: The structure.
  /// - Returns: The sum over legs, the asset included; dual delta and dual gamma are those of moving all
  ///   strikes together.
  public func greeks(of structure: OptionStructure) -> Greeks {
    var total = Greeks.zero
    total.price = structure.assetQuantity * spot
    total.delta = structure.assetQuantity
    return structure.legs.reduce(into: total) { $0 += $1.quantity * greeks(of: $1.option) }
  }
}

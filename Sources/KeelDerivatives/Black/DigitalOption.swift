public import KeelNumerics

/// A European option that pays a fixed amount, or the asset, when it ends in the money.
public struct DigitalOption: Hashable, Sendable, Codable {
  /// What is paid.
  public enum Payoff: Hashable, Sendable, Codable {
    /// An amount of cash.
    case cash(Double)
    /// One unit of the asset.
    case asset
  }

  /// A call pays above the strike, a put below.
  public var kind: EuropeanOption.Kind

  /// What is paid.
  public var payoff: Payoff

  /// The strike, in cash.
  public var strike: Double

  /// The time to expiry in years (ACT/365 fixed).
  public var timeToExpiry: Double

  /// Creates an option.
  ///
  /// - Parameters:
  ///   - kind: A call pays above the strike, a put below.
  ///   - payoff: What is paid.
  ///   - strike: The strike, in cash.
  ///   - timeToExpiry: The time to expiry in years; zero means expired.
  public init(kind: EuropeanOption.Kind, payoff: Payoff, strike: Double, timeToExpiry: Double) {
    self.kind = kind
    self.payoff = payoff
    self.strike = strike
    self.timeToExpiry = timeToExpiry
  }

  /// The European option with the same terms.
  fileprivate var european: EuropeanOption {
    EuropeanOption(kind: kind, strike: strike, timeToExpiry: timeToExpiry)
  }
}

extension DigitalOption: DifferentiablePrice {
  /// The price: `A e^(−rT) Φ(±d₂)` for cash, `S e^(−yT) Φ(±d₁)` for the asset.
  public func price<Scalar: AnalyticScalar>(
    spot: Scalar,
    strike: Scalar,
    timeToExpiry: Scalar,
    volatility: Scalar,
    rate: Scalar,
    carryYield: Scalar
  ) -> Scalar {
    let near = spot * (-(carryYield * timeToExpiry)).exponential
    let discount = (-(rate * timeToExpiry)).exponential
    let probabilities = PriceFormula.exerciseProbabilities(
      kind, forward: near, strike: strike * discount,
      totalVolatility: volatility * timeToExpiry.root)
    switch payoff {
    case .cash(let amount): return amount * (discount * probabilities.strike)
    case .asset: return near * probabilities.asset
    }
  }
}

extension BlackScholes {
  /// The price of a digital option today.
  ///
  /// Expired or at zero volatility exactly at the money it is half of what is paid. The relative error is
  /// that of the normal distribution, some units in the last place, in every wing.
  ///
  /// - Parameter option: The option; strike and time finite and not negative.
  /// - Returns: The price in cash, or NaN when an argument is outside its domain.
  /// - Complexity: O(1), no allocation.
  public func price(of option: DigitalOption) -> Double {
    guard let legs = legs(of: option.european) else { return .nan }
    switch option.payoff {
    case .cash(let amount):
      let probability = legs.farProbability(option.kind)
      return amount
        * Carry(rate: 0, carryYield: rate, time: option.timeToExpiry).growth
        .exponential(times: probability)
    case .asset: return legs.near * legs.nearProbability(option.kind)
    }
  }

  /// The price of a digital option with its derivatives to third order.
  ///
  /// - Parameter option: The option; strike and time finite and not negative.
  /// - Returns: Raw partial derivatives, exact to rounding by dual numbers; all NaN when an argument is
  ///   outside its domain. Without time or volatility the jump at the strike has no derivative, and those
  ///   of a certain payment are returned.
  /// - Complexity: O(1), no allocation.
  public func greeks(of option: DigitalOption) -> Greeks {
    let price = price(of: option)
    guard price.isFinite else { return .undefined }
    var greeks = option.greeks(self, strike: option.strike, timeToExpiry: option.timeToExpiry)
    greeks.price = price
    return greeks
  }
}

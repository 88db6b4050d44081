public import KeelDerivatives

/// Risk reversal and butterfly of a smile at one delta.
public struct DeltaQuotes: Hashable, Sendable, Codable {
  /// A strike of the smile.
  public struct Strike: Hashable, Sendable, Codable {
    /// ln(K/F).
    public let logMoneyness: Double

    /// The annualized implied volatility.
    public let volatility: Double
  }

  /// The magnitude of the delta of both options.
  public let delta: Double

  /// What is called delta.
  public let convention: DeltaConvention

  /// The strike at the money.
  public let atTheMoney: Strike

  /// The strike of the put.
  public let put: Strike

  /// The strike of the call.
  public let call: Strike

  /// The volatility of the call less that of the put.
  public var riskReversal: Double { call.volatility - put.volatility }

  /// The smile strangle: the mean volatility of call and put less that at the money.
  ///
  /// The quote of brokers is another, ``MarketStrangle/butterfly``; both agree where call and put have one volatility.
  public var butterfly: Double {
    put.volatility / 2 + call.volatility / 2 - atTheMoney.volatility
  }
}

extension VolatilitySmile {
  /// The risk reversal and the butterfly at a delta.
  ///
  /// Source: D. Reiswich and U. Wystup, "FX volatility smile construction", Wilmott 60 (2012).
  ///
  /// - Parameters:
  ///   - delta: The magnitude of the delta of both options, as 0.25 or 0.1.
  ///   - convention: What is called delta.
  ///   - money: What is called at the money; nil takes the strike at which call and put have the same delta.
  /// - Returns: The three strikes with their volatilities.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a delta that no option has, or an
  ///   argument of a convention; ``VolatilityError/noFit`` when the smile is not defined.
  /// - Complexity: Some 50 readings.
  public func deltaQuotes(
    _ delta: Double,
    convention: DeltaConvention,
    atTheMoney money: AtTheMoney? = nil
  ) throws(VolatilityError) -> DeltaQuotes {
    func strike(_ logMoneyness: Double) -> DeltaQuotes.Strike {
      DeltaQuotes.Strike(
        logMoneyness: logMoneyness, volatility: impliedVolatility(at: logMoneyness))
    }
    return DeltaQuotes(
      delta: delta, convention: convention,
      atTheMoney: strike(try logMoneyness(money ?? .deltaNeutral(convention))),
      put: strike(try logMoneyness(.put, delta: delta, convention: convention)),
      call: strike(try logMoneyness(.call, delta: delta, convention: convention)))
  }
}

public import KeelData

// Days that happened, and shocks that could.
//
// Moves of history are closes over the close before, in UTC days, of spot pairs against the dollar stablecoin of
// the largest venue (daily candles of Binance); the move of all others is the median over the pairs with data on
// both days, without bitcoin and ether. Volatilities, funding and depth are not in these data and stay as they
// are: add what you know.

extension Scenario {
  /// 12 March 2020: bitcoin −39.50 %, ether −44.60 %, the median of seven others −41.32 %.
  public static var march2020: Scenario {
    history("12 March 2020", bitcoin: -0.3950, ether: -0.4460, others: -0.4132)
  }

  /// 19 May 2021: bitcoin −14.38 %, ether −27.74 %, the median of thirteen others −34.08 %.
  public static var may2021: Scenario {
    history("19 May 2021", bitcoin: -0.1438, ether: -0.2774, others: -0.3408)
  }

  /// 8 and 9 November 2022: bitcoin −22.67 %, ether −29.68 %, the median of nine others −28.60 %.
  public static var november2022: Scenario {
    history("8-9 November 2022", bitcoin: -0.2267, ether: -0.2968, others: -0.2860)
  }

  /// The low of 19 May 2021 against the close before, with a tenth of the depth: bitcoin −29.99 %, ether −44.06 %,
  /// the median of the others −50.66 %.
  public static var flashCrash: Scenario {
    var scenario = history("flash crash", bitcoin: -0.2999, ether: -0.4406, others: -0.5066)
    scenario.depthFactor = 0.1
    return scenario
  }

  /// Depth falls to a share of what it was, at unchanged prices.
  ///
  /// - Parameter depthFactor: The depth that is left, as a fraction.
  /// - Returns: The scenario.
  public static func liquidityCrunch(depthFactor: Double) -> Scenario {
    var scenario = Scenario("liquidity crunch")
    scenario.depthFactor = depthFactor
    return scenario
  }

  /// A stablecoin falls from its peg, all else unchanged.
  ///
  /// - Parameters:
  ///   - asset: The stablecoin, which is not cash.
  ///   - fall: The fall as a fraction, 0 to below 1.
  /// - Returns: The scenario.
  public static func depeg(of asset: AssetID, by fall: Double) -> Scenario {
    var scenario = Scenario("depeg of \(asset)")
    scenario.pegMoves[asset] = -fall
    return scenario
  }

  /// A bridge, protocol or venue fails, and with it every claim on it.
  ///
  /// - Parameters:
  ///   - name: The protocol, as the catalog names it.
  ///   - lossGivenFailure: The share of a positive value that is lost, 0 to 1.
  /// - Returns: The scenario.
  public static func failure(of name: String, lossGivenFailure: Double) -> Scenario {
    var scenario = Scenario("failure of \(name)")
    scenario.failures[name] = lossGivenFailure
    return scenario
  }

  private static func history(
    _ name: String,
    bitcoin: Double,
    ether: Double,
    others: Double
  ) -> Scenario {
    var scenario = Scenario(name)
    scenario.spotMoves = ["BTC": bitcoin, "ETH": ether]
    scenario.otherSpotMove = others
    return scenario
  }
}

import Keel

/// What this example assumes beyond the prices; change it and run again.
enum Assumptions {
  /// The value of the portfolio at the start of the held-out days.
  static let portfolioValue = 1_000_000.0

  /// The share of the portfolio that stays in cash.
  static let cashShare = 0.02

  /// The largest share of one asset.
  static let largestWeight = 0.35

  /// The rows at the end that no estimate sees.
  static let heldOutRows = 30

  /// The fewest returns to estimate from, and how many more than assets there must be.
  static let fewestReturns = 60

  /// The level of value at risk and expected shortfall.
  static let confidence = 0.99

  /// The interest rate for the option, continuously compounded per year.
  static let interestRate = 0.05

  /// The strike of the protective put over the spot price, and its life.
  static let putStrikeShare = 0.90
  static let putDays = 30.0

  /// The distance from its target at which a weight is brought back.
  static let driftThreshold = 0.01

  /// Trading costs: fee and slippage as fractions of the traded value, gas in dollars a trade.
  static let feeRate = 0.001
  static let slippageRate = 0.0005
  static let gasPerTrade = 2.5

  /// The year of decisions: rows to learn from, days between trades, the annualized volatility and the drawdown at which
  /// the invested share shrinks.
  static let learningRows = 30
  static let daysBetweenTrades = 30
  static let largestVolatility = 0.6
  static let drawdownTrip = 0.25

  /// A month of 30 days that prices must stay calm before a tripped breaker resumes.
  static let coolDownNanoseconds: Int64 = 30 * 86_400 * 1_000_000_000

  /// The decimals of exact amounts of assets and of cash.
  static let assetDecimals = 8
  static let cashDecimals = 6

  /// Smaller trades are not worth their gas.
  static let smallestTrade = 250.0

  /// A move is called extreme beyond this many robust standard deviations of its asset.
  static let extremeDeviations = 10.0

  /// Columns of these names are cash.
  static let cashNames: Set<String> = [
    "USDT", "USDC", "DAI", "USD", "BUSD", "TUSD", "FDUSD", "PYUSD", "USDP", "GUSD",
  ]
}

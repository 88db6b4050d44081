// The rules of venues whose formula is public. Numbers that a venue sets per contract are left to
// the caller: build such a rule from the parts of one of these.

extension FundingRule {
  /// The rule of Binance for most contracts: damped by 0.05 %, interest of 0.01 % every 8 hours.
  ///
  /// ```text
  /// rate = P + clamp(0.01 % − P, −0.05 %, 0.05 %)
  /// ```
  ///
  /// P is the average of the premium index over the interval, newer samples weighing more, and
  /// the notional is at the mark. Contracts with other intervals follow ``binance(every:)``; some
  /// have no interest, and each has its own limits, which are not set here. Source: Binance,
  /// "Introduction to Binance Futures Funding Rates".
  public static let binance = FundingRule(
    unchecked: .damped(0.000_1, halfWidth: 0.000_5), interval: .eightHours,
    settings: settings { $0.averaging = .linearlyIncreasing })

  /// The rule of Binance for a contract that pays every so many hours.
  ///
  /// ```text
  /// rate = (P + clamp(0.01 % − P, −0.05 %, 0.05 %)) / (8 / hours)
  /// ```
  ///
  /// Otherwise as ``binance``.
  ///
  /// - Parameter interval: The interval of the contract.
  /// - Returns: The rule.
  /// - Throws: `DerivativesError.invalidValue` when an eighth of the hours is no positive number.
  public static func binance(every interval: FundingInterval) throws(DerivativesError)
    -> FundingRule
  {
    var settings = binance.settings
    settings.share = interval.hours / FundingInterval.eightHours.hours
    return try FundingRule(interest: binance.interest, interval: interval, settings: settings)
  }

  /// The rule of BitMEX with the usual interest of 0.01 % every 8 hours, damped by 0.05 %.
  ///
  /// The form is that of ``binance`` with a plain average. The rate is known one interval before it
  /// is paid. Limits depend on the margins of the contract and are not set here. Source: BitMEX,
  /// "Perpetual Contracts Guide".
  public static let bitMEX = FundingRule(
    unchecked: .damped(0.000_1, halfWidth: 0.000_5), interval: .eightHours,
    settings: Settings())

  /// The rule of Deribit: no interest, damped by 0.025 %, stated for 8 hours, paid at every moment.
  ///
  /// ```text
  /// rate = max(0.025 %, P) + min(−0.025 %, P),   P = (mark − index) / index
  /// ```
  ///
  /// The venue multiplies the rate by the size of the position and does not say at which price an
  /// inverse one's coin is taken: it is the mark here. Limits depend on the contract and are not
  /// set. Source: Deribit, "Funding Specifications".
  public static let deribit = FundingRule(
    unchecked: .damped(0, halfWidth: 0.000_25), interval: .eightHours,
    settings: settings {
      $0.accrual = .continuous
      $0.averaging = .last
    })

  /// The rule of Hyperliquid: the rate for 8 hours, an eighth paid every hour, at most 4 % an hour.
  ///
  /// ```text
  /// rate = (P + clamp(0.01 % − P, −0.05 %, 0.05 %)) / 8, limited to ±4 % per hour
  /// ```
  ///
  /// P is the plain average of the premium index over the hour; the notional is at the oracle's
  /// price, the index. Source: Hyperliquid documentation, "Funding".
  public static let hyperliquid = FundingRule(
    unchecked: .damped(0.000_1, halfWidth: 0.000_5), interval: .oneHour,
    settings: settings {
      $0.share = 0.125
      $0.limits = -0.04...0.04
      $0.notionalPrice = .index
    })

  private static func settings(_ change: (inout Settings) -> Void) -> Settings {
    var settings = Settings()
    change(&settings)
    return settings
  }
}

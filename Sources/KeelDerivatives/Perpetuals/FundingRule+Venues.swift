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
  /// the notional is at the mark. Some contracts have other intervals or no interest, and each has
  /// its own limits, which are not set here. Source: Binance, "Introduction to Binance Futures
  /// Funding Rates".
  public static let binance = FundingRule(
    unchecked: .damped(0.000_1, halfWidth: 0.000_5), interval: .eightHours,
    settings: settings { $0.averaging = .linearlyIncreasing })

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
  /// Limits depend on the contract and are not set here. Source: Deribit, "Funding
  /// Specifications".
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

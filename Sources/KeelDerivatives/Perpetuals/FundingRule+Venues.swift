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

  /// The rule of OKX for contracts that pay every 8 hours: damped by 0.05 %, interest of 0.01 %.
  ///
  /// ```text
  /// rate = P + clamp(0.01 % − P, −0.05 %, 0.05 %)
  /// ```
  ///
  /// P is the average of the premium index over the interval, a weighted one: taken here with
  /// weights that grow linearly. Each contract has its own limits, which are not set here. Contracts
  /// with other intervals follow ``okx(every:)``. Source: OKX, "OKX to change the funding rate formula
  /// for perpetual futures", in force since 24 April 2025.
  public static let okx = FundingRule(
    unchecked: .damped(0.000_1, halfWidth: 0.000_5), interval: .eightHours,
    settings: settings { $0.averaging = .linearlyIncreasing })

  /// The rule of OKX for a contract that pays every so many hours.
  ///
  /// ```text
  /// rate = P + clamp(0.03 % · hours / 24 − P, −0.05 %, 0.05 %)
  /// ```
  ///
  /// Interest alone is in proportion to time. Otherwise as ``okx``.
  ///
  /// - Parameter interval: The interval of the contract.
  /// - Returns: The rule.
  /// - Throws: `DerivativesError.invalidValue` when the interest is not finite.
  public static func okx(every interval: FundingInterval) throws(DerivativesError) -> FundingRule {
    let share = interval.hours / FundingInterval.eightHours.hours
    return try FundingRule(
      interest: .damped(0.000_1 * share, halfWidth: 0.000_5), interval: interval,
      settings: okx.settings)
  }

  /// The rule of the dYdX chain for markets with cross margin: no interest, no damping, an eighth of
  /// the premium every hour.
  ///
  /// ```text
  /// rate = P / 8
  /// ```
  ///
  /// P is the plain average of the premiums of an hour's minutes; the notional is at the oracle's
  /// price, the index. The limits follow from the margins of the market:
  /// ``dydx(initialMargin:maintenanceMargin:interest:)``. Source: dYdX, "Default Funding Rates on dYdX
  /// Chain" (help.dydx.trade), and the parameters of its perpetuals module, read in November 2026; votes of the
  /// chain can change them.
  public static let dydx = FundingRule(
    unchecked: .added(0), interval: .oneHour,
    settings: settings {
      $0.share = 0.125
      $0.notionalPrice = .index
    })

  /// The rule of the dYdX chain with its limits.
  ///
  /// ```text
  /// rate = (P + interest) / 8, limited to ±600 % (initial − maintenance margin) / 8 per hour
  /// ```
  ///
  /// Otherwise as ``dydx``.
  ///
  /// - Parameters:
  ///   - initialMargin: The initial margin of the market as a fraction of the notional: finite.
  ///   - maintenanceMargin: Its maintenance margin: finite, at most the initial one.
  ///   - interest: The interest for 8 hours: 0 with cross margin; for isolated markets 0.01 %, which
  ///     is 0.125 basis points an hour, has been proposed.
  /// - Returns: The rule.
  /// - Throws: `DerivativesError.invalidValue`.
  public static func dydx(
    initialMargin: Double,
    maintenanceMargin: Double,
    interest: Double = 0
  ) throws(DerivativesError) -> FundingRule {
    try requireFinite(initialMargin, "initialMargin")
    guard maintenanceMargin <= initialMargin, maintenanceMargin.isFinite else {
      throw .invalidValue(
        argument: "maintenanceMargin", got: maintenanceMargin,
        lowest: -.greatestFiniteMagnitude, highest: initialMargin)
    }
    var settings = dydx.settings
    let limit = dydxClampFactor * (initialMargin - maintenanceMargin) * settings.share
    settings.limits = -limit...limit
    return try FundingRule(interest: .added(interest), interval: dydx.interval, settings: settings)
  }

  /// `funding_rate_clamp_factor_ppm` of the chain, 6 000 000 parts per million.
  private static let dydxClampFactor = 6.0

  private static func settings(_ change: (inout Settings) -> Void) -> Settings {
    var settings = Settings()
    change(&settings)
    return settings
  }
}

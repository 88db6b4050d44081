import KeelNumerics

// Goals in order: forwards that are exact, one stated model for options, exact derivatives.
//
// The escrowed-dividend model: the spot less the present value of what is paid before expiry is lognormal.
// With growth g = r − y and proportional payments p_j, cash D_i paid at t_i has the present value
// D_i e^(−g t_i) / Π (1 − p_j) over the proportional payments up to t_i, and
//
//   S* = (S − Σ PV_i) Π (1 − p_j),   F = S* e^(gT)
//
// (J. Hull, "Options, Futures, and Other Derivatives", chapter on dividends; its limits: E. G. Haug,
// J. Haug and A. Lewis, "Back to basics: a new approach to the discrete dividend problem", Wilmott 2003.)

/// Discrete dividends, in cash or as a proportion of the price, on top of a continuous carry yield.
public struct DividendSchedule: Hashable, Sendable, Codable {
  /// A payment to the holders of the asset.
  public struct Payment: Hashable, Sendable, Codable {
    /// What is paid.
    public enum Amount: Hashable, Sendable, Codable {
      /// Cash per unit of the asset, zero or more.
      case cash(Double)
      /// A fraction of the price just before, zero or more and below one.
      case proportional(Double)
    }

    /// The time until the asset trades without it, in years.
    public let time: Double

    /// What is paid.
    public let amount: Amount

    /// Creates a payment.
    ///
    /// - Parameters:
    ///   - time: The time until the asset trades without it, in years: finite, not negative.
    ///   - amount: What is paid.
    public init(time: Double, amount: Amount) {
      self.time = time
      self.amount = amount
    }

    fileprivate var isDefined: Bool {
      switch amount {
      case .cash(let cash): Black.isAmount(time) && Black.isAmount(cash)
      case .proportional(let share): Black.isAmount(time) && share >= 0 && share < 1
      }
    }
  }

  /// The payments, by time.
  public let payments: [Payment]

  /// Creates a schedule.
  ///
  /// - Parameter payments: The payments in any order; those at one time are paid in the order given.
  /// - Throws: `DerivativesError.invalidValue` for a time or an amount out of range.
  public init(_ payments: [Payment]) throws(DerivativesError) {
    for (place, payment) in payments.enumerated() where !payment.isDefined {
      let (amount, highest) =
        switch payment.amount {
        case .cash(let cash): (cash, Double.greatestFiniteMagnitude)
        case .proportional(let share): (share, Double(1).nextDown)
        }
      guard Black.isAmount(payment.time) else {
        throw .invalidValue(
          argument: "time of payment \(place)", got: payment.time, lowest: 0,
          highest: .greatestFiniteMagnitude)
      }
      throw .invalidValue(
        argument: "amount of payment \(place)", got: amount, lowest: 0, highest: highest)
    }
    self.payments = payments.enumerated()
      .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
  }

  /// Decodes a schedule and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let payments = try container.decode([Payment].self, forKey: .payments)
    self = try checkedDecoding(at: container.codingPath) { () throws(DerivativesError) in
      try DividendSchedule(payments)
    }
  }

  private enum CodingKeys: String, CodingKey { case payments }

  /// The spot without what is paid up to an expiry; it grows to the forward at rate − carry yield.
  ///
  /// - Parameters:
  ///   - model: Spot, interest rate and carry yield.
  ///   - timeToExpiry: The time in years; a payment at the expiry counts.
  /// - Returns: The spot S*; negative when the payments are worth more than the asset.
  public func escrowedSpot(_ model: BlackScholes, timeToExpiry: Double) -> Double {
    escrowed(
      spot: model.spot, growth: model.rate - model.carryYield, expiry: timeToExpiry,
      timeToExpiry: timeToExpiry)
  }

  /// The forward price for delivery after some time.
  ///
  /// - Parameters:
  ///   - model: Spot, interest rate and carry yield.
  ///   - timeToExpiry: The time in years.
  /// - Returns: The forward in cash; NaN when an argument is outside its domain or the payments are worth
  ///   more than the asset.
  public func forward(_ model: BlackScholes, timeToExpiry: Double) -> Double {
    var escrowed = model
    escrowed.spot = escrowedSpot(model, timeToExpiry: timeToExpiry)
    return escrowed.forward(timeToExpiry: timeToExpiry)
  }

  /// The price of a European option on an asset that pays these dividends.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time finite and not negative.
  ///   - model: The volatility is that of the spot less the present value of dividends.
  /// - Returns: The price in cash; NaN when an argument is outside its domain or the payments are worth more
  ///   than the asset.
  public func price(of option: EuropeanOption, _ model: BlackScholes) -> Double {
    var escrowed = model
    escrowed.spot = escrowedSpot(model, timeToExpiry: option.timeToExpiry)
    return escrowed.price(of: option)
  }

  /// The price with its derivatives to third order, dividends and their dates included.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time finite and not negative.
  ///   - model: The volatility is that of the spot less the present value of dividends.
  /// - Returns: Raw partial derivatives. As calendar time passes, payments and expiry come closer together.
  public func greeks(of option: EuropeanOption, _ model: BlackScholes) -> Greeks {
    let price = price(of: option, model)
    guard price.isFinite else { return .undefined }
    let formula = Formula(schedule: self, kind: option.kind, expiry: option.timeToExpiry)
    var greeks = formula.greeks(
      model, strike: option.strike, timeToExpiry: option.timeToExpiry)
    greeks.price = price
    return greeks
  }

  /// S* with the times of payments moved as the time to expiry moves away from `expiry`.
  private func escrowed<Scalar: AnalyticScalar>(
    spot: Scalar,
    growth: Scalar,
    expiry: Double,
    timeToExpiry: Scalar
  ) -> Scalar {
    var kept = Scalar(1)
    var value = Scalar(0)
    for payment in payments where payment.time <= expiry {
      switch payment.amount {
      case .cash(let cash):
        let time = timeToExpiry - (expiry - payment.time)
        value = value + cash * (-(growth * time)).exponential / kept
      case .proportional(let share): kept = (1 - share) * kept
      }
    }
    return (spot - value) * kept
  }

  private struct Formula: DifferentiablePrice {
    let schedule: DividendSchedule
    let kind: EuropeanOption.Kind
    let expiry: Double

    func price<Scalar: AnalyticScalar>(
      spot: Scalar,
      strike: Scalar,
      timeToExpiry: Scalar,
      volatility: Scalar,
      rate: Scalar,
      carryYield: Scalar
    ) -> Scalar {
      let escrowed = schedule.escrowed(
        spot: spot, growth: rate - carryYield, expiry: expiry, timeToExpiry: timeToExpiry)
      return PriceFormula.blackScholes(
        kind, spot: escrowed, strike: strike, timeToExpiry: timeToExpiry, volatility: volatility,
        rate: rate, carryYield: carryYield)
    }
  }
}

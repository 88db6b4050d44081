import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The price of an American option and its derivatives by spot and time.
public struct AmericanGreeks: Hashable, Sendable {
  /// The price, in cash today.
  public var price: Double

  /// The change of the price per unit of spot: `∂V/∂S`.
  public var delta: Double

  /// The change of delta per unit of spot: `∂²V/∂S²`.
  public var gamma: Double

  /// The change of the price as time passes, all else equal: `∂V/∂t`.
  public var theta: PerTime

  /// Whether exercise at once is best.
  public var isExercised: Bool

  /// Creates Greeks from raw derivatives.
  ///
  /// - Parameters:
  ///   - price: The price in cash.
  ///   - delta: Per unit of spot.
  ///   - gamma: Per unit of spot squared.
  ///   - theta: With calendar time.
  ///   - isExercised: Whether exercise at once is best.
  public init(price: Double, delta: Double, gamma: Double, theta: PerTime, isExercised: Bool) {
    self.price = price
    self.delta = delta
    self.gamma = gamma
    self.theta = theta
    self.isExercised = isExercised
  }

  static let undefined = AmericanGreeks(
    price: .nan, delta: .nan, gamma: .nan, theta: PerTime(perYear: .nan), isExercised: false)
}

/// The derivatives of an American option's price by the parameters of the model.
public struct AmericanSensitivities: Hashable, Sendable {
  /// The change of the price with volatility: `∂V/∂σ`.
  public var vega: PerVolatility

  /// The change of the price with the interest rate, carry yield and spot held: `∂V/∂r`.
  public var rho: PerRate

  /// The change of the price with the carry yield, rate and spot held: `∂V/∂y`.
  public var carryRho: PerRate

  /// Creates sensitivities from raw derivatives.
  ///
  /// - Parameters:
  ///   - vega: With volatility.
  ///   - rho: With the interest rate.
  ///   - carryRho: With the carry yield.
  public init(vega: PerVolatility, rho: PerRate, carryRho: PerRate) {
    self.vega = vega
    self.rho = rho
    self.carryRho = carryRho
  }
}

extension BlackScholes {
  /// The price of an American option today.
  ///
  /// Expired or at zero volatility the price is the limit: the best of all certain payoffs. Method and accuracy:
  /// <doc:AmericanOptions>. For many spots solve an ``ExerciseBoundary`` once.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time finite and not negative.
  ///   - precision: How far the boundary of exercise is resolved.
  /// - Returns: The price in cash, or NaN when an argument is outside its domain or the boundary does
  ///   not settle.
  /// - Complexity: O(n² m) for n nodes of the boundary and m steps.
  public func price(
    of option: AmericanOption,
    precision: AmericanPrecision = .accurate
  ) -> Double {
    guard isInDomain(option) else { return .nan }
    if isCertain(option) { return certainPrice(of: option) }
    do throws(DerivativesError) {
      return try boundary(of: option, precision).price(spot: spot)
    } catch {
      return .nan
    }
  }

  /// Price, delta, gamma and theta of an American option today.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time positive and finite.
  ///   - precision: How far the boundary of exercise is resolved.
  /// - Returns: Raw partial derivatives; all NaN when an argument is outside its domain, at its edge
  ///   (expired, zero volatility, spot or strike) or when the boundary does not settle.
  /// - Complexity: O(n² m) for n nodes of the boundary and m steps.
  public func greeks(
    of option: AmericanOption,
    precision: AmericanPrecision = .accurate
  ) -> AmericanGreeks {
    guard isInDomain(option), !isCertain(option) else { return .undefined }
    do throws(DerivativesError) {
      return try boundary(of: option, precision).greeks(spot: spot)
    } catch {
      return .undefined
    }
  }

  /// Vega and both rhos of an American option today, by central differences of the price.
  ///
  /// Four prices each, with steps of 1 % of the volatility and 1e-3 of the rates: errors are about 1e-7 of the
  /// spot per unit (accurate). Where a step crosses a change of the exercise region, such as a rate of
  /// zero, it is a mean of both sides.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time positive and finite.
  ///   - precision: How far the boundary of exercise is resolved.
  /// - Returns: Raw partial derivatives; NaN where a price is.
  /// - Complexity: That of twelve prices.
  public func sensitivities(
    of option: AmericanOption,
    precision: AmericanPrecision = .accurate
  ) -> AmericanSensitivities {
    func slope(_ step: Double, _ move: (inout BlackScholes, Double) -> Void) -> Double {
      func price(_ change: Double) -> Double {
        var moved = self
        move(&moved, change)
        return moved.price(of: option, precision: precision)
      }
      return (8 * (price(step) - price(-step)) - (price(2 * step) - price(-2 * step)))
        / (12 * step)
    }
    return AmericanSensitivities(
      vega: PerVolatility(
        perUnitVolatility: slope(Self.volatilityStep * volatility) { $0.volatility += $1 }),
      rho: PerRate(perUnitRate: slope(Self.rateStep) { $0.rate += $1 }),
      carryRho: PerRate(perUnitRate: slope(Self.rateStep) { $0.carryYield += $1 }))
  }

  private static let volatilityStep = 0.01
  private static let rateStep = 1e-3

  private func boundary(
    of option: AmericanOption,
    _ precision: AmericanPrecision
  ) throws(DerivativesError) -> ExerciseBoundary {
    try ExerciseBoundary(
      of: option, volatility: volatility, rate: rate, carryYield: carryYield, precision: precision)
  }

  func isInDomain(_ option: AmericanOption) -> Bool {
    Black.isAmount(spot) && Black.isAmount(option.strike) && Black.isAmount(option.timeToExpiry)
      && Black.isAmount(volatility) && rate.isFinite && carryYield.isFinite
  }

  /// Whether nothing about the payoff is uncertain.
  func isCertain(_ option: AmericanOption) -> Bool {
    option.timeToExpiry == 0 || volatility == 0 || spot == 0 || option.strike == 0
  }

  /// The largest discounted payoff without volatility: at once, at expiry, or where interest on the strike
  /// and yield of the asset balance.
  func certainPrice(of option: AmericanOption) -> Double {
    let (strike, time) = (option.strike, option.timeToExpiry)
    let sign: Double = option.kind == .call ? 1 : -1
    func payoff(_ time: Double) -> Double {
      sign
        * (Carry.discounted(spot, rate: carryYield, time: time)
          - Carry.discounted(strike, rate: rate, time: time))
    }
    let best = max(option.exerciseValue(spot: spot), payoff(time))
    let balance = log(rate / carryYield * (strike / spot)) / (rate - carryYield)
    return balance > 0 && balance < time ? max(best, payoff(balance)) : best
  }
}

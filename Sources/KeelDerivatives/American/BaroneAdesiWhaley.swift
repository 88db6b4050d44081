import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The quadratic approximation of an American option.
//
// Goals in order: the published formula, every domain in which it means something, speed.
//
// Method: G. Barone-Adesi, R. E. Whaley, "Efficient analytic approximation of American option values", Journal
// of Finance 42 (1987): the premium of early exercise solves its equation with one term left out, and is
// A (S/S*)^q between the critical spot S*, where value and slope meet the payoff, and far out of the money.

/// The approximation of Barone-Adesi and Whaley: one equation for one critical spot.
///
/// The error is about 1e-3 of the strike for a year, largest for middle times to expiry, and none without expiry; see
/// <doc:AmericanOptions>. For digits take `BlackScholes.price(of:precision:)`.
public struct BaroneAdesiWhaley: Hashable, Sendable, Codable {
  /// The market.
  public var model: BlackScholes

  /// Creates the approximation.
  ///
  /// - Parameter model: The market.
  public init(model: BlackScholes) { self.model = model }

  /// The price of an American option today.
  ///
  /// - Parameter option: The option; strike and time finite and not negative.
  /// - Returns: The price in cash; NaN when an argument is outside its domain, and with two boundaries of exercise
  ///   (both rates negative), for which there is no such formula. Expired or at zero volatility the limit.
  /// - Complexity: O(1), no allocation.
  public func price(of option: AmericanOption) -> Double {
    guard model.isInDomain(option) else { return .nan }
    if model.isCertain(option) { return model.certainPrice(of: option) }
    let european = model.price(of: option.european)
    let (spot, strike) = (model.spot, option.strike)
    let sign: Double = option.kind == .call ? 1 : -1
    let problem = ExerciseProblem(
      rate: option.kind == .put ? model.rate : model.carryYield,
      yield: option.kind == .put ? model.carryYield : model.rate, volatility: model.volatility)
    switch problem.region {
    case .never: return european
    case .between: return .nan
    case .below: break
    }
    let power = power(sign: sign, time: option.timeToExpiry)
    guard let critical = criticalSpot(of: option, sign: sign, power: power) else { return .nan }
    guard sign * (critical - spot) > 0 else { return sign * (spot - strike) }
    let factor = sign * missingSlope(of: option, sign: sign, at: critical) * critical / power
    let premium = factor * pow(spot / critical, power)
    return max(european + max(0, premium), option.exerciseValue(spot: spot))
  }

  /// The root of q² + (N − 1) q − M/k above 1 (sign 1) or below 0 (sign −1); M/k is 2/(σ²T) without a rate.
  private func power(sign: Double, time: Double) -> Double {
    let variance = model.volatility * model.volatility
    let linear = 2 * (model.rate - model.carryYield) / variance - 1
    let exponent = model.rate * time
    let constant =
      exponent == 0 ? 2 / (variance * time) : -2 * model.rate / (variance * expm1(-exponent))
    let root = (linear * linear + 4 * constant).squareRoot()
    return sign * linear > 0
      ? sign * 2 * constant / (root + sign * linear) : (sign * root - linear) / 2
  }

  /// 1 − e^(−yT) Φ(±d₁): how far the European slope is from that of the payoff.
  private func missingSlope(of option: AmericanOption, sign: Double, at spot: Double) -> Double {
    let deviation = model.volatility * option.timeToExpiry.squareRoot()
    let drift = (model.rate - model.carryYield) * option.timeToExpiry
    let d1 = (logRatio(spot, option.strike).high + drift) / deviation + deviation / 2
    return 1 - exp(-model.carryYield * option.timeToExpiry) * StandardNormal.cdf(sign * d1)
  }

  /// The spot at which value and slope meet those of the payoff.
  private func criticalSpot(of option: AmericanOption, sign: Double, power: Double) -> Double? {
    let strike = option.strike
    var moved = model
    func excess(_ logSpot: Double) -> Double {
      let spot = strike * exp(logSpot)
      moved.spot = spot
      let slope = missingSlope(of: option, sign: sign, at: spot)
      return
        (sign * (spot - strike) - moved.price(of: option.european) - sign * slope * spot / power)
        / strike
    }
    // At the strike waiting is better; far enough beyond it exercise is, unless no double is.
    var far = sign * max(model.volatility * option.timeToExpiry.squareRoot(), Self.leastStep)
    while far.magnitude < Self.largestLogarithm && !(excess(far) > 0) { far *= 2 }
    guard far.magnitude < Self.largestLogarithm else { return nil }
    do throws(NumericsError) {
      let bracket = min(0, far)...max(0, far)
      return strike * exp(try Brent.root(of: excess, in: bracket).argument)
    } catch {
      return nil
    }
  }

  private static let leastStep = 1e-8
  private static let largestLogarithm = 600.0
}

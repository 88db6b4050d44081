import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// A closed form below the price of an American option: exercise at one of two flat boundaries.
//
// Goals in order: the published formula, a lower bound, speed.
//
// Method: P. Bjerksund, G. Stensland, "Closed form valuation of American options", discussion paper, NHH
// Bergen (2002), with the boundaries as in E. G. Haug, "The Complete Guide to Option Pricing Formulas", 2nd
// edition (2007), section 3.3. The call is exercised at X₂ before t₁ = (√5 − 1)T/2 and at X₁ after it; a put is a call with
// spot and strike, rate and yield exchanged. Each policy is allowed, so the value is below the price (up to
// rounding), and not below the European one, which is taken where it is larger.

/// The approximation of Bjerksund and Stensland of 2002: two flat boundaries of exercise, in closed form.
///
/// The value is a lower bound of the price; the error is about 1e-3 of the strike for a year, see
/// <doc:AmericanOptions>. For digits take `BlackScholes.price(of:precision:)`.
public struct BjerksundStensland: Hashable, Sendable, Codable {
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
  /// - Complexity: O(1), no allocation: eight bivariate normal probabilities.
  public func price(of option: AmericanOption) -> Double {
    guard model.isInDomain(option) else { return .nan }
    if model.isCertain(option) { return model.certainPrice(of: option) }
    let european = model.price(of: option.european)
    let intrinsic = option.exerciseValue(spot: model.spot)
    let problem = ExerciseProblem(
      rate: option.kind == .put ? model.rate : model.carryYield,
      yield: option.kind == .put ? model.carryYield : model.rate, volatility: model.volatility)
    switch problem.region {
    case .never: return european
    case .between: return .nan
    case .below: break
    }
    let strike = option.strike
    let call =
      option.kind == .call
      ? FlatBoundaryCall(
        spot: model.spot / strike, rate: model.rate, carry: model.rate - model.carryYield,
        volatility: model.volatility, time: option.timeToExpiry)
      : FlatBoundaryCall(
        spot: strike / model.spot, rate: model.carryYield, carry: model.carryYield - model.rate,
        volatility: model.volatility, time: option.timeToExpiry)
    let unit = option.kind == .call ? strike : model.spot
    let value = unit * call.value
    guard value.isFinite else { return max(european, intrinsic) }
    return max(value, european, intrinsic)
  }
}

/// A call on one unit of strike with two flat boundaries; `carry` is the drift of the spot.
private struct FlatBoundaryCall {
  let spot: Double
  let rate: Double
  let carry: Double
  let volatility: Double
  let time: Double

  private var variance: Double { volatility * volatility }

  var value: Double {
    let ratio = carry / variance - 0.5
    let beta = (ratio * ratio + 2 * rate / variance).squareRoot() - ratio
    guard beta > 1 else { return .nan }
    let far = beta / (beta - 1)
    let near = rate > carry ? max(1, rate / (rate - carry)) : 1
    let early = Self.firstPart * time
    func boundary(_ time: Double) -> Double {
      // A drift away would take it past its start after a long time.
      let distance = max(0, carry * time + 2 * volatility * time.squareRoot())
      let speed = distance / ((far - near) * near)
      return near - (far - near) * expm1(-speed)
    }
    let x1 = boundary(early)
    let x2 = boundary(time)
    if spot >= x2 { return spot - 1 }
    func paid(_ x: Double) -> Double { (x - 1) * pow(spot / x, beta) }
    func one(_ gamma: Double, _ h: Double) -> Double { upTo(early, gamma, h, x2) }
    func two(_ gamma: Double, _ h: Double) -> Double { upTo(gamma, h, x2, x1, early) }
    let atUpper = paid(x2) * (1 - one(beta, x2))
    let atLower = paid(x1) * (one(beta, x1) - two(beta, x1))
    let asset = one(1, x2) - one(1, x1) + two(1, x1) - two(1, 1)
    let cash = one(0, x2) - one(0, x1) + two(0, x1) - two(0, 1)
    return atUpper + atLower + spot * asset - cash
  }

  private static let firstPart = (5.0.squareRoot() - 1) / 2

  private func scale(_ gamma: Double) -> Double {
    -rate + gamma * carry + gamma * (gamma - 1) * variance / 2
  }

  private func image(_ gamma: Double) -> Double { 2 * carry / variance + 2 * gamma - 1 }

  /// What S^γ is worth, as a part of today's, if the spot stays below `barrier` up to `time` and ends below h.
  private func upTo(_ time: Double, _ gamma: Double, _ h: Double, _ barrier: Double) -> Double {
    let deviation = volatility * time.squareRoot()
    let drift = (carry + (gamma - 0.5) * variance) * time
    let d = (log(spot / h) + drift) / deviation
    let far = d + 2 * log(barrier / spot) / deviation
    return exp(scale(gamma) * time)
      * (StandardNormal.cdf(-d) - pow(barrier / spot, image(gamma)) * StandardNormal.cdf(-far))
  }

  /// The same with the barriers `i2` up to `early` and `i1` from then on, at expiry.
  private func upTo(
    _ gamma: Double,
    _ h: Double,
    _ i2: Double,
    _ i1: Double,
    _ early: Double
  ) -> Double {
    let (a, b) = (volatility * early.squareRoot(), volatility * time.squareRoot())
    let drift = carry + (gamma - 0.5) * variance
    let (m, n) = (drift * early, drift * time)
    let power = image(gamma)
    let correlation = (early / time).squareRoot()
    func probability(_ e: Double, _ f: Double, _ rho: Double) -> Double {
      StandardNormal.bivariateCDF(-e, -f, correlation: rho)
    }
    let (toI1, toI2) = (log(spot / i1), log(i2 / spot))
    let direct = probability((toI1 + m) / a, (log(spot / h) + n) / b, correlation)
    let second =
      pow(i2 / spot, power)
      * probability((toI1 + 2 * toI2 + m) / a, (log(spot / h) + 2 * toI2 + n) / b, correlation)
    let first =
      pow(i1 / spot, power)
      * probability((toI1 - m) / a, (log(spot / h) - 2 * toI1 + n) / b, -correlation)
    let both =
      pow(i1 / i2, power)
      * probability(
        (toI1 + 2 * toI2 - m) / a, (log(spot / h) - 2 * toI1 - 2 * toI2 + n) / b, -correlation)
    return exp(scale(gamma) * time) * (direct - second - first + both)
  }
}

import KeelNumerics

// The derivatives at the edge of the domain and for options of a size that no market has, where the
// vector kernel stands aside.
//
// Goals in order: the limits, no allocation. The density is taken from the scalar vega. Exactly at
// the money without volatility the limits are taken along x = ln(F/K) = 0.

/// The Greeks of one option beyond those of the scalar form.
struct EdgeGreeks {
  private let greeks: Greeks
  private let model: BlackScholes
  private let option: EuropeanOption

  /// `S e^(−yT) φ(d₁)`, and both distances.
  private let density: Double
  private let d1: Double
  private let d2: Double

  init(_ model: BlackScholes, _ option: EuropeanOption) {
    self.model = model
    self.option = option
    greeks = model.greeks(of: option)
    guard !greeks.price.isNaN else {
      (density, d1, d2) = (.nan, .nan, .nan)
      return
    }
    let root = option.timeToExpiry.squareRoot()
    density =
      greeks.vega.perUnitVolatility == 0 ? 0 : greeks.vega.perUnitVolatility / root
    let total = model.volatility * root
    let growth = (model.rate - model.carryYield) * option.timeToExpiry
    let x = Black.logMoneyness(forward: model.spot, strike: option.strike).high + growth
    d1 = x / total + total / 2
    d2 = x / total - total / 2
  }

  func value(_ greek: Greek) -> Double {
    guard !greeks.price.isNaN else { return .nan }
    return switch greek {
    case .price: greeks.price
    case .delta: greeks.delta
    case .gamma: greeks.gamma
    case .vega: greeks.vega.perUnitVolatility
    case .theta: greeks.theta.perYear
    case .rho: greeks.rho.perUnitRate
    case .carryRho: greeks.carryRho.perUnitRate
    case .dualDelta: dualDelta
    default: isKink ? atTheKink(greek) : away(greek)
    }
  }

  /// Whether the payoff's kink itself is the price.
  private var isKink: Bool { greeks.gamma == .infinity }

  private var time: Double { option.timeToExpiry }

  /// `r − y`.
  private var growthRate: Double { model.rate - model.carryYield }

  private var dualDelta: Double {
    let total = model.volatility * time.squareRoot()
    if total > 0 && option.strike > 0 && !isKink {
      return -greeks.rho.perUnitRate / time / option.strike
    }
    // The option is exercised for certain, never, or at the kink: both probabilities are the same.
    guard greeks.delta != 0 else { return 0 }
    return -DoubleDouble(-growthRate * time).exponential(times: greeks.delta)
  }

  /// The formulas; without density nothing but the decay of the holding is left.
  private func away(_ greek: Greek) -> Double {
    let decay = greek == .charm ? model.carryYield * greeks.delta : 0
    guard density > 0 else { return decay }
    let (spot, volatility) = (model.spot, model.volatility)
    let total = volatility * time.squareRoot()
    let vega = greeks.vega.perUnitVolatility
    let drift = growthRate / total - d2 / (2 * time)
    let moved = model.carryYield + d1 * drift
    let product = d1 * d2
    return switch greek {
    case .dualGamma: density / option.strike / total / option.strike
    case .vanna: -density / spot * (d2 / volatility)
    case .volga: vega * (product / volatility)
    case .charm: decay - density / spot * drift
    case .veta: vega * (moved - 1 / (2 * time))
    case .speed: -greeks.gamma / spot * (d1 / total + 1)
    case .zomma: greeks.gamma * ((product - 1) / volatility)
    case .color: greeks.gamma * (moved + 1 / (2 * time))
    default:
      -vega * ((product * (1 - product) + d1 * d1 + d2 * d2) / volatility / volatility)
    }
  }

  private func atTheKink(_ greek: Greek) -> Double {
    let vega = greeks.vega.perUnitVolatility
    switch greek {
    case .dualGamma: return .infinity
    case .vanna: return vega / (2 * model.spot)
    case .volga: return 0
    case .charm:
      // d₁ moves by (r − y + σ²/4) / (σ√T) a year.
      let direction = growthRate + model.volatility * model.volatility / 4
      let decay = model.carryYield * greeks.delta
      return direction == 0 ? decay : direction > 0 ? -.infinity : .infinity
    case .veta:
      guard time > 0 else { return -.infinity }
      return vega * (model.carryYield + growthRate / 2 - 1 / (2 * time))
    case .color:
      guard time > 0 else { return .infinity }
      let pace = model.carryYield + growthRate / 2 + 1 / (2 * time)
      return pace == 0 ? 0 : pace > 0 ? .infinity : -.infinity
    case .ultima: return -vega * time / 4
    default: return -.infinity
    }
  }
}

/// What a hedged option has earned, by where the cash came from.
public struct HedgeProfit: Hashable, Sendable, Codable {
  /// The change of the option's price.
  public let premium: Double

  /// What the asset held against the option earned by its price.
  public let hedge: Double

  /// Interest on what the sale of the hedge brought less what the option cost, and the yield of the hedge.
  public let carry: Double

  /// What trades of the hedge cost: positive.
  public let cost: Double

  /// The profit, negative for a loss.
  public var total: Double { premium + hedge + carry - cost }

  static let zero = HedgeProfit(premium: 0, hedge: 0, carry: 0, cost: 0)

  static func + (a: HedgeProfit, b: HedgeProfit) -> HedgeProfit {
    HedgeProfit(
      premium: a.premium + b.premium, hedge: a.hedge + b.hedge, carry: a.carry + b.carry,
      cost: a.cost + b.cost)
  }
}

/// What a hedged option has earned, by what caused it.
public struct HedgeExplanation: Hashable, Sendable, Codable {
  /// The gain from moves of the spot: `½ Γ ΔS²`.
  public let gamma: Double

  /// The decay net of financing: `−½ Γ S² σ² Δt`, at the implied volatility.
  public let theta: Double

  /// Moves of the implied volatility: `∂V/∂σ Δσ`.
  public let vega: Double

  /// Moves of spot and volatility together: `∂²V/∂S∂σ ΔS Δσ`.
  public let vanna: Double

  /// Squared moves of the volatility: `½ ∂²V/∂σ² Δσ²`.
  public let volga: Double

  /// Moves of the rates: `∂V/∂r Δr + ∂V/∂y Δy`.
  public let rates: Double

  /// The direction that a hedge at another volatility leaves open: the difference of both deltas times the return of the
  /// spot in excess of its financing.
  public let direction: Double

  /// What trades of the hedge cost: positive.
  public let cost: Double

  /// What is left: terms of third order, which shrink with the step.
  public let residual: Double

  /// The realized against the implied variance: `½ Γ S² (r² − σ² Δt)`, r the return of the spot.
  public var gammaAgainstTheta: Double { gamma + theta }

  /// The sum of all parts.
  public var total: Double {
    gamma + theta + vega + vanna + volga + rates + direction - cost + residual
  }

  static let zero = HedgeExplanation(
    gamma: 0, theta: 0, vega: 0, vanna: 0, volga: 0, rates: 0, direction: 0, cost: 0, residual: 0)

  static func + (a: HedgeExplanation, b: HedgeExplanation) -> HedgeExplanation {
    HedgeExplanation(
      gamma: a.gamma + b.gamma, theta: a.theta + b.theta, vega: a.vega + b.vega,
      vanna: a.vanna + b.vanna, volga: a.volga + b.volga, rates: a.rates + b.rates,
      direction: a.direction + b.direction, cost: a.cost + b.cost,
      residual: a.residual + b.residual)
  }
}

import Foundation
import Keel

// Step 5: a floor under the largest position.

/// A put on the whole of the largest position of a portfolio.
struct Protection {
  let asset: AssetID
  let weight: Double
  let quantity: Double
  let model: BlackScholes
  let option: EuropeanOption
  /// Of one option on one unit of the asset.
  let greeks: Greeks

  init(_ portfolio: Portfolio, _ market: Market, _ estimates: Estimates) throws {
    let weights = portfolio.weights.values
    let position = weights.indices.max { weights[$0] < weights[$1] } ?? 0
    asset = market.universe.assets[position]
    weight = weights[position] * (1 - Assumptions.cashShare)
    let spot = try market.estimation.lastPrices().values[position]
    quantity = Assumptions.portfolioValue * weight / spot
    model = BlackScholes(
      spot: spot,
      volatility: estimates.ownVolatilities[position],
      rate: Assumptions.interestRate, carryYield: 0)
    option = EuropeanOption(
      kind: .put, strike: Assumptions.putStrikeShare * spot,
      timeToExpiry: Assumptions.putDays / 365)
    greeks = model.greeks(of: option)
  }

  /// Of the whole position.
  var total: Greeks { quantity * greeks }

  var value: Double { quantity * model.spot }
}

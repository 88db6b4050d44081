import Keel

// Step 2: what the returns say about risk and reward.

/// The estimates that the portfolios are built on; the held-out days are not in them.
struct Estimates {
  let returns: SimpleReturns
  let covariance: Covariance
  let means: ExpectedReturns
  /// The volatility of the log returns of each asset a year, seen alone: what an option on it needs.
  let ownVolatilities: [Double]

  init(_ market: Market) throws {
    returns = try market.estimation.simpleReturns()
    covariance = try LedoitWolf().covariance(from: returns)
    means = try SampleMean().expectedReturns(from: returns)
    let logReturns = try market.estimation.logReturns().values
    ownVolatilities = try market.universe.assets.indices.map { position in
      let column = (0..<logReturns.rowCount).map { logReturns[$0, position] }
      return market.annualization.volatility(try Normal.fit(column).law.standardDeviation)
    }
  }
}

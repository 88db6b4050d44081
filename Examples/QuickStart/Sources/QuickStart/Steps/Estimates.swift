import Keel

// Step 2: what the returns say about risk and reward.

/// The estimates that the portfolios are built on; the held-out days are not in them.
struct Estimates {
  let returns: SimpleReturns
  let covariance: Covariance
  let means: ExpectedReturns

  init(_ market: Market) throws {
    returns = try market.estimation.simpleReturns()
    covariance = try LedoitWolf().covariance(from: returns)
    means = try SampleMean().expectedReturns(from: returns)
  }
}

/// The results of all steps, for the terminal and for the page.
struct Story {
  let market: Market
  let estimates: Estimates
  let portfolios: Portfolios
  let protection: Protection
  let rebalance: Rebalance
  let year: YearOfDecisions
}

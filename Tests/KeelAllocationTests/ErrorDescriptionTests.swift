import KeelData
import KeelAllocation
import Testing

@Suite struct ErrorDescriptionTests {
  @Test func eachErrorIsOneSentenceWithItsNumbers() {
    let errors: [(AllocationError, String)] = [
      (.universeMismatch(position: nil, left: "X", right: nil), "X is not in the universe"),
      (
        .infeasible(constraints: ["budget", "upper bound of BTC"], contradiction: 0.25),
        "no weights satisfy budget, upper bound of BTC together: they miss each other by 0.25"
      ),
      (
        .riskBudgetUnattainable(asset: "USDT", reason: .noVariance),
        "the risk budget of USDT cannot be met: it has no variance"
      ),
      (
        .invalidValue(argument: "budget", asset: nil, got: .infinity, allowed: 0...2),
        "budget is inf, allowed is 0.0...2.0"
      ),
      (
        .targetUnreachable(target: "target return", got: 0.5, reachable: 0.125...0.25),
        "the target return 0.5 cannot be met: portfolios reach 0.125...0.25"
      ),
      (
        .riskLimitsNotMet(limits: ["coins", "staked"], excess: 0.25),
        "no portfolio was found that keeps coins, staked: the nearest one exceeds a share by 0.25"
      ),
    ]
    for (error, sentence) in errors { #expect("\(error)" == sentence) }
  }
}

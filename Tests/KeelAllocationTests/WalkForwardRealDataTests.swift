import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Every objective over thirty years of shares, forty-five of industries and five of crypto-assets: each window is chosen from the
/// rows before it, starting from what the window before held; there is no failure but for a reason that the data show.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct WalkForwardRealDataTests {
  #if DEBUG
    private static let mostWindows = 2
    /// Every window takes each ninth of the objectives, the next one those that follow.
    private static let objectiveStep = 9
  #else
    private static let mostWindows = 12
    private static let objectiveStep = 1
  #endif

  /// How often portfolios were chosen, and how often each kind of reason was given.
  private struct Counts {
    var chosen = 0
    var withoutGain = 0
    var beyondLimits = 0
  }

  /// The highest expected return of weights up to a bound that add to one.
  private static func highestReturn(_ mean: ExpectedReturns, upTo bound: Double) -> Double {
    var (rest, sum) = (1.0, 0.0)
    for value in mean.values.sorted(by: >) where rest > 0 {
      sum += min(bound, rest) * value
      rest -= bound
    }
    return sum
  }

  /// Chooses by one objective, and checks sum, bounds and reasons.
  private func choose(
    _ objective: WalkForwardObjective,
    in market: WalkForwardMarket,
    best: Double,
    _ counts: inout Counts,
    _ label: String
  ) throws {
    let name = "\(objective.name), \(label)"
    do throws(AllocationError) {
      for weights in try objective.portfolios() {
        counts.chosen += 1
        expectClose(weights.total, 1, absolute: 1e-12, "\(name)")
        for weight in weights.values {
          #expect(objective.bounds.contains(weight), "\(name): \(weight)")
        }
      }
      #expect(objective.need != .gain || best > 0, "\(name)")
    } catch {
      switch (objective.need, error) {
      case (.gain, .noPortfolioBeatsRiskFree(let found, 0)):
        // No allowed portfolio earned anything.
        counts.withoutGain += 1
        #expect(best <= 0, "\(name)")
        expectClose(found, best, absolute: 1e-12, "\(name)")
      case (.seldomDrawdown, .infeasible(let names, _)):
        // Neither do weights at hand keep the limit.
        counts.beyondLimits += 1
        #expect(names.contains(MaximumGrowthAtDrawdown.limitName), "\(name)")
        let other = try MaximumGrowthAtDrawdown.drawdownProbability(
          of: market.held, below: WalkForwardMarket.floor, scenarios: market.scenarios)
        #expect(other > WalkForwardMarket.drawdownProbability, "\(name)")
      default: Issue.record("\(name): \(error)")
      }
    }
  }

  /// Walks over windows that do not overlap in what follows them.
  private func walk(_ data: RealReturns, length: Int, step: Int, _ label: String) throws {
    let universe = try data.universe
    let count = universe.count
    var held = try Weights(
      universe: universe, values: [Double](repeating: 1 / Double(count), count: count))
    let starts = Array(stride(from: 0, through: data.rows.count - length, by: step))
    let chosen = stride(
      from: 0, to: starts.count, by: max(1, starts.count / Self.mostWindows)
    ).map { starts[$0] }
    var counts = Counts()
    for (turn, start) in chosen.enumerated() {
      let window = data.window(start..<(start + length))
      let highest = max(0.3, 2 / Double(count))
      let market = WalkForwardMarket(
        scenarios: try window.scenarios, mean: try window.mean, covariance: try window.covariance,
        constraints: PortfolioConstraints(bounds: .uniform(0...highest)), bounds: 0...highest,
        held: held)
      let best = Self.highestReturn(market.mean, upTo: highest)
      let objectives = try market.objectives
      let first = (turn + count) % Self.objectiveStep
      for k in stride(from: first, to: objectives.count, by: Self.objectiveStep) {
        try choose(objectives[k], in: market, best: best, &counts, "\(label) from \(start)")
      }
      held = try MinimumVariance(constraints: market.constraints)
        .weights(covariance: market.covariance).value
    }
    #expect(counts.chosen > 0)
    #expect(counts.withoutGain + counts.beyondLimits < counts.chosen, "\(label): \(counts)")
  }

  @Test func shares() throws { try walk(.shares(), length: 250, step: 250, "shares") }

  @Test func industries() throws {
    try walk(.industries(), length: 156, step: 104, "industries")
  }

  @Test func cryptoAssets() throws {
    for days in [
      "2018-01-01"..."2018-12-31", "2019-06-01"..."2020-05-31", "2020-10-01"..."2021-09-29",
      "2022-01-01"..."2022-12-31",
    ].prefix(Self.mostWindows) {
      let data = try RealReturns.crypto(days)
      try walk(data, length: data.rows.count / 2, step: data.rows.count / 2, days.lowerBound)
    }
  }
}

import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Best ratios under a limit on gross exposure, from HiGHS.
struct GrossRatioReference: Decodable, Sendable, CustomTestStringConvertible {
  let market: String
  let gross: Double
  let bound: Double?
  let ratio: Double

  var testDescription: String { "\(market) \(gross) \(bound ?? .infinity)" }

  static let cases: [GrossRatioReference] = {
    struct File: Decodable { let cases: [GrossRatioReference] }
    do {
      return try Reference.load(File.self, "gross_ratios").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()
}

@Suite struct GrossRatioTests {
  /// The proof is the program's at the ratio of the answer, with the further variables that the caller sees there.
  private func expectProved(
    _ solution: Solution<ShortfallPortfolio>,
    gross: Double,
    bound: Double
  ) {
    #expect(solution.status == .optimal)
    #expect(solution.certificate.holds(Certificate.optimalTolerances))
    let weights = solution.value.weights
    #expect(weights.values.reduce(0) { $0 + $1.magnitude } <= gross * (1 + 1e-12))
    expectClose(weights.total, 1, relative: 1e-12)
    #expect(solution.duals.rowNames == ["budget", "gross exposure"])
    #expect(solution.duals.bounds.count == weights.values.count)
    #expect(solution.duals["gross exposure"].map { $0 <= 0 } == true)
    // No weight is at a bound that only the limit implies.
    for (weight, dual) in zip(weights.values, solution.duals.bounds) where weight.magnitude != bound
    {
      #expect(dual == 0)
    }
  }

  private func constraints(_ gross: Double, _ bound: Double) -> PortfolioConstraints {
    .longShort(net: 1, gross: gross, bounds: .uniform(-bound...bound))
  }

  @Test func referencesArePresent() { #expect(GrossRatioReference.cases.count == 96) }

  @Test(arguments: GrossRatioReference.cases)
  func matches(_ reference: GrossRatioReference) throws {
    let market = try #require(
      TailDistanceReference.cases.first { $0.name == reference.market })
    let scenarios = try market.scenarios
    let best = try MaximumReturnOverExpectedShortfall(
      confidence: market.confidence, riskFreeRate: market.riskFreeRate,
      constraints: constraints(reference.gross, reference.bound ?? .infinity)
    ).weights(scenarios: scenarios)
    expectProved(best, gross: reference.gross, bound: reference.bound ?? .infinity)
    let excess = best.value.expectedReturn - market.riskFreeRate * best.value.weights.total
    expectClose(excess / best.value.expectedShortfall, reference.ratio, relative: 1e-8)
  }

  /// Every random market has a proved answer, no excess return, or one without shortfall.
  @Test(arguments: 0..<32)
  func randomMarkets(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(1000 + seed))
    for (n, count) in [(5, 40), (8, 60), (10, 80)] {
      let loadings = (0..<n).map { _ in 1 + 0.4 * generator.gaussian() }
      let sizes = (0..<n).map { _ in 0.005 + 0.01 * generator.gaussian().magnitude }
      let drifts = (0..<n).map { _ in 0.002 * generator.gaussian().magnitude }
      let rows = (0..<count).map { _ in
        let common = 0.02 * generator.gaussian()
        return (0..<n).map {
          0.003 + drifts[$0] + loadings[$0] * common + sizes[$0] * generator.gaussian()
        }
      }
      let scenarios = try ScenarioSet(universe: Market.universe(n), outcomes: Matrix(rows: rows))
      let confidence = 0.7 + 0.008 * Double(seed)
      let rate = 0.001
      var last = 0.0
      for gross in [1.2, 1.6, 3] {
        let constraints = constraints(gross, .infinity)
        let choice = MaximumReturnOverExpectedShortfall(
          confidence: confidence, riskFreeRate: rate, constraints: constraints)
        let best: Solution<ShortfallPortfolio>
        do throws(AllocationError) {
          best = try choice.weights(scenarios: scenarios)
        } catch {
          let least = MinimumExpectedShortfall(
            confidence: confidence, targetReturn: rate, constraints: constraints)
          if case .noPortfolioBeatsRiskFree = error {
            #expect(throws: AllocationError.self) { try least.weights(scenarios: scenarios) }
            continue
          }
          guard case .unbounded = error else {
            Issue.record("\(n) \(gross): \(error)")
            continue
          }
          let shortfall = try least.weights(scenarios: scenarios).value.expectedShortfall
          #expect(shortfall <= 1e-9)
          continue
        }
        expectProved(best, gross: gross, bound: .infinity)
        let ratio = (best.value.expectedReturn - rate) / best.value.expectedShortfall
        #expect(ratio >= last * (1 - 1e-9))
        last = ratio
      }
    }
  }
}

import KeelAllocation
import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct MaximumGrowthTests {
  private static func scenarios(
    _ rows: [[Double]],
    probabilities: [Double]? = nil
  ) throws -> ScenarioSet {
    let width = rows[0].count
    let columns = (0..<width).flatMap { j in rows.map { $0[j] } }
    return try ScenarioSet(
      universe: Universe((0..<width).map { $0 == 0 ? "USD" : AssetID("A\($0)") }),
      outcomes: Matrix(rowCount: rows.count, columnCount: width, columnMajor: columns),
      probabilities: probabilities)
  }

  private static func random(_ seed: Int, count: Int, width: Int) throws -> ScenarioSet {
    var generator = SeededGenerator(seed: UInt64(seed))
    let premia = (0..<width).map { _ in generator.uniform(-0.01...0.04) }
    return try scenarios(
      (0..<count).map { _ in
        let market = 0.08 * generator.gaussian()
        return [0.001]
          + premia.map { max($0 + market + 0.15 * generator.gaussian(), -0.99) }
      })
  }

  private static func growth(_ weights: [Double], _ scenarios: ScenarioSet) -> Double {
    let count = scenarios.scenarioCount
    return (0..<count).reduce(0) { sum, s in
      let left = weights.indices.reduce(1) { $0 + weights[$1] * scenarios.outcomes[s, $1] }
      let p = scenarios.probabilities?[s] ?? 1 / Double(count)
      return sum + (p > 0 ? p * log(left) : 0)
    }
  }

  /// A bet that wins b with probability p, else loses a: the fraction is p/a − (1 − p)/b.
  @Test(arguments: [(0.6, 1.0, 1.0), (0.3, 4, 1), (0.55, 1, 0.5), (0.2, 1, 1)])
  func aBetIsKellys(odds: (p: Double, win: Double, loss: Double)) throws {
    let scenarios = try Self.scenarios(
      [[0, odds.win], [0, -odds.loss]], probabilities: [odds.p, 1 - odds.p])
    let found = try MaximumGrowth().weights(scenarios: scenarios)
    let fraction = odds.p / odds.loss - (1 - odds.p) / odds.win
    expectClose(found.weights.values[1], min(max(fraction, 0), 1), absolute: 1e-9)
    #expect(found.largestImprovement < 1e-12)
    expectClose(found.growth, Self.growth(found.weights.values, scenarios), absolute: 1e-15)
    let half = try found.fraction(0.5, cash: "USD")
    expectClose(half.values[1], found.weights.values[1] / 2, relative: 1e-15)
    expectClose(half.total, 1, relative: 1e-15)
  }

  /// The conditions of the optimum: what is held grows at one rate at the margin, what is not at a lower one.
  @Test(arguments: 1...20)
  func marginalGrowthIsEqual(seed: Int) throws {
    let scenarios = try Self.random(seed, count: 150, width: 3 + seed % 8)
    let found = try MaximumGrowth().weights(scenarios: scenarios)
    let w = found.weights.values
    #expect(w.allSatisfy { $0 >= 0 } && found.largestImprovement < 1e-11)
    expectClose(found.weights.total, 1, absolute: 1e-12)
    let count = scenarios.scenarioCount
    let left = (0..<count).map { s in
      w.indices.reduce(1) { $0 + w[$1] * scenarios.outcomes[s, $1] }
    }
    let slopes = w.indices.map { j in
      (0..<count).reduce(0) { $0 + scenarios.outcomes[$1, j] / left[$1] } / Double(count)
    }
    let rate = zip(w, slopes).reduce(0) { $0 + $1.0 * $1.1 }
    for (weight, slope) in zip(w, slopes) {
      if weight > 0 {
        expectClose(slope, rate, absolute: 1e-9)
      } else {
        #expect(slope <= rate + 1e-9)
      }
    }
    // Nearby portfolios grow no faster.
    var generator = SeededGenerator(seed: UInt64(seed + 100))
    for _ in 0..<200 {
      let other = w.map { _ in -log(generator.uniform(1e-12...1)) }
      let total = other.reduce(0, +)
      let share = generator.uniform(0...1)
      let mixed = zip(w, other).map { (1 - share) * $0 + share * $1 / total }
      #expect(Self.growth(mixed, scenarios) <= found.growth + 1e-14)
    }
  }

  /// Leverage stops before any scenario ruins, and limits are kept.
  @Test func leverageSurvives() throws {
    let scenarios = try Self.scenarios(
      [[0, 0.3], [0, 0.2], [0, 0.25], [0, -0.4]], probabilities: [0.3, 0.3, 0.3, 0.1])
    let free = try MaximumGrowth(
      constraints: PortfolioConstraints(bounds: .uniform(-10...10))
    ).weights(scenarios: scenarios)
    #expect(free.worstOutcome > 0 && free.weights.values[1] > 1)
    #expect(free.largestImprovement < 1e-10)
    let kept = try MaximumGrowth(
      constraints: PortfolioConstraints(
        bounds: .uniform(-10...10),
        linear: [LinearConstraint("geared", coefficients: ["A1": 1], upper: 1.2)])
    ).weights(scenarios: scenarios)
    expectClose(kept.weights.values[1], 1.2, relative: 1e-12)
    #expect(kept.growth < free.growth)
  }

  /// Where a spread loses most, the search starts from the safest portfolio: p/a − (1 − p)/b of two like bets.
  @Test func dangerousSpreadsAreNoStart() throws {
    let scenarios = try Self.scenarios(
      [[0, 2, 2], [0, -1, -1]], probabilities: [0.5, 0.5])
    let found = try MaximumGrowth().weights(scenarios: scenarios)
    expectClose(found.weights.values[1] + found.weights.values[2], 0.25, absolute: 1e-9)
    #expect(found.largestImprovement < 1e-12)
  }

  /// What cannot happen ruins nobody, whatever the other probabilities are.
  @Test func impossibleScenariosDoNotCount() throws {
    let rows = [[0, 1.0], [0, -1], [-2, -2]]
    let bet = try Self.scenarios(rows, probabilities: [0.6, 0.4, 0])
    let found = try MaximumGrowth().weights(scenarios: bet)
    expectClose(found.weights.values[1], 0.2, absolute: 1e-9)
    let ruin = try Self.scenarios(rows, probabilities: [0.6, 0.4 - 1e-6, 1e-6])
    #expect(throws: AllocationError.self) { try MaximumGrowth().weights(scenarios: ruin) }
  }

  @Test func whatCannotSurviveIsRefused() throws {
    let ruin = try Self.scenarios([[-1, -1], [0, 0.1]])
    #expect(throws: AllocationError.self) { try MaximumGrowth().weights(scenarios: ruin) }
    let scenarios = try Self.random(1, count: 20, width: 3)
    #expect(throws: AllocationError.self) {
      try MaximumGrowth(constraints: PortfolioConstraints(bounds: .uniform(0...0.1)))
        .weights(scenarios: scenarios)
    }
    let found = try MaximumGrowth().weights(scenarios: scenarios)
    for number in hostileNumbers where !number.isFinite {
      #expect(throws: AllocationError.self) { try found.fraction(number, cash: "USD") }
    }
    #expect(throws: AllocationError.self) { try found.fraction(0.5, cash: "unknown") }
  }
}

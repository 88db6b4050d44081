import KeelData
import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

@Suite struct StressFrequencyTests {
  private static let intervals = [1.0 / 365, 7.0 / 365, 30.0 / 365, 0.25, 1]

  private static func frequency(
    budget: Double,
    moves: [[Double]] = [[-0.4, 0], [-0.1, -0.2]],
    costs: [Double] = [0.001, 0.001],
    intervals: [Double] = intervals
  ) throws -> StressFrequency {
    let universe = try Universe(["A", "B"])
    var settings = StressFrequency.Settings()
    settings.driftDeviations = 2
    settings.fixedCost = 1e-5
    return try StressFrequency(
      weights: Weights(universe: universe, values: [0.6, 0.4]),
      annualCovariance: Covariance(
        universe: universe,
        dense: SymmetricMatrix(rows: [[0.49, 0], [0, 0.09]])),
      moves: moves, costFractions: costs, intervals: intervals, lossBudget: budget,
      settings: settings)
  }

  @Test func matchesTheClosedForm() throws {
    let frequency = try Self.frequency(budget: 1)
    // Only the difference of the two returns moves weights: Δw = 0.24 (r₁ − r₂).
    let relative = (0.49 + 0.09).squareRoot()
    for candidate in frequency.candidates {
      let root = candidate.intervalYears.squareRoot()
      let first = 0.24 + 2 * 0.24 * 0.4 * relative * root
      let second = 0.14 + 2 * 0.24 * 0.1 * relative * root
      // v = (0.6·(−0.4 + 0.24), 0.4·0.24): not along the difference alone, so its own form.
      let v = [0.6 * (-0.4 + 0.24), 0.4 * 0.24]
      let spread = (v[0] * v[0] * 0.49 + v[1] * v[1] * 0.09).squareRoot()
      expectClose(v[0], -v[1], relative: 1e-14)
      expectClose(spread, 0.24 * 0.4 * relative, relative: 1e-13)
      expectClose(candidate.stressLoss, max(first, second), relative: 1e-13)
      #expect(candidate.worstScenario == 0)
      let turnover = (2 / Double.pi).squareRoot() * (0.6 * 0.4 + 0.4 * 0.6) * relative
      expectClose(
        candidate.costPerYear, 0.001 * turnover / root + 1e-5 / candidate.intervalYears,
        relative: 1e-13)
    }
    #expect(frequency.chosen.intervalYears == 1)
  }

  @Test func choosesTheCheapestWithinTheBudget() throws {
    let frequency = try Self.frequency(budget: 0.32)
    let chosen = frequency.chosen
    for candidate in frequency.candidates where candidate.stressLoss <= 0.32 {
      #expect(candidate.costPerYear >= chosen.costPerYear)
    }
    #expect(chosen.stressLoss <= 0.32 && chosen.intervalYears == 0.25)
    #expect(throws: RiskError.self) { try Self.frequency(budget: 0.2) }
  }

  @Test func hostileInputIsRefused() throws {
    for number in [Double.nan, .infinity, 1e300, -2] {
      #expect(throws: RiskError.self) { try Self.frequency(budget: 1, moves: [[number, 0]]) }
      #expect(throws: RiskError.self) { try Self.frequency(budget: 1, costs: [number, 0]) }
    }
    for number in [Double.nan, .infinity, 0, -1] {
      #expect(throws: RiskError.self) { try Self.frequency(budget: 1, intervals: [number]) }
    }
    #expect(throws: RiskError.self) { try Self.frequency(budget: .nan) }
    #expect(throws: RiskError.self) { try Self.frequency(budget: 1, moves: []) }
    #expect(throws: RiskError.self) { try Self.frequency(budget: 1, moves: [[0]]) }
    #expect(throws: RiskError.self) { try Self.frequency(budget: 1, intervals: []) }
    let universe = try Universe(["A", "B"])
    let other = try Universe(["A", "C"])
    #expect(throws: RiskError.unknownInstrument("C")) {
      try StressFrequency(
        weights: Weights(universe: universe, values: [0.5, 0.5]),
        annualCovariance: Covariance(
          universe: other, dense: SymmetricMatrix(rows: [[1, 0], [0, 1]])),
        moves: [[0, 0]], costFractions: [0, 0], intervals: [1], lossBudget: 1)
    }
  }
}

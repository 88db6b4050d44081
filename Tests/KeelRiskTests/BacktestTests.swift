import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

@Suite struct RiskBacktestTests {
  struct File: Decodable {
    struct Case: Decodable {
      let losses: [Double]
      let valuesAtRisk: [Double]
      let expectedShortfalls: [Double]
      let confidence: Double
      let count: Int
      let coverage: Double
      let coverageP: Double
      let independence: Double
      let independenceP: Double
      let both: Double
      let bothP: Double
      let cumulative: Double
      let z1: Double?
      let z2: Double
    }
    let cases: [Case]
  }

  @Test func matchesReferences() throws {
    for (place, item) in try Reference.load(File.self, "risk_backtests").cases.enumerated() {
      let backtest = try ValueAtRiskBacktest(
        losses: item.losses, valuesAtRisk: item.valuesAtRisk, confidence: item.confidence)
      #expect(backtest.exceedanceCount == item.count)
      for (test, statistic, pValue) in [
        (backtest.coverage, item.coverage, item.coverageP),
        (backtest.independence, item.independence, item.independenceP),
        (backtest.conditionalCoverage, item.both, item.bothP),
      ] {
        expectClose(test.statistic, statistic, relative: 1e-12, absolute: 1e-12, "\(place)")
        // The root of a statistic of zero has half the digits.
        expectClose(
          test.pValue, pValue, relative: 1e-11, absolute: statistic < 1e-10 ? 1e-6 : 0, "\(place)")
      }
      expectClose(
        backtest.trafficLight.cumulativeProbability, item.cumulative, relative: 1e-12, "\(place)")
      let shortfall = try ExpectedShortfallBacktest(
        losses: item.losses, valuesAtRisk: item.valuesAtRisk,
        expectedShortfalls: item.expectedShortfalls, confidence: item.confidence)
      #expect((shortfall.z1 == nil) == (item.z1 == nil))
      expectClose(shortfall.z1 ?? 0, item.z1 ?? 0, absolute: 1e-13, "\(place)")
      expectClose(shortfall.z2, item.z2, relative: 1e-12, absolute: 1e-13, "\(place)")
    }
  }

  /// A history with exceedances in some rows.
  private static func backtest(_ rows: Int, exceeding count: Int, _ confidence: Double) throws
    -> ValueAtRiskBacktest
  {
    try ValueAtRiskBacktest(
      losses: (0..<rows).map { $0 < count ? 2 : 0 },
      valuesAtRisk: [Double](repeating: 1, count: rows), confidence: confidence)
  }

  /// The numbers of exceedances at which Kupiec does not reject, from his table of 1995; it leaves out that none in
  /// 255 rows at 99 % is rejected too (a statistic of 5.13).
  @Test func regionsOfKupiec() throws {
    let table: [(Double, Int, Range<Int>)] = [
      (0.99, 255, 1..<7), (0.99, 510, 2..<11), (0.99, 1000, 5..<17),
      (0.95, 255, 7..<21), (0.95, 510, 17..<36), (0.95, 1000, 38..<65),
    ]
    for (confidence, rows, accepted) in table {
      for count in 0...80 {
        let pValue = try Self.backtest(rows, exceeding: count, confidence).coverage.pValue
        #expect((pValue > 0.05) == accepted.contains(count), "\(confidence) \(rows) \(count)")
      }
    }
  }

  /// The table of the Basel Committee: 250 rows at 99 %, probabilities in percent.
  @Test func zonesOfBasel() throws {
    let percent = [8.11, 28.58, 54.32, 75.81, 89.22, 95.88, 98.63, 99.60, 99.89, 99.97, 99.99]
    let addOns = [0, 0, 0, 0, 0, 0.4, 0.5, 0.65, 0.75, 0.85, 1]
    for (count, value) in percent.enumerated() {
      let light = try Self.backtest(250, exceeding: count, 0.99).trafficLight
      expectClose(100 * light.cumulativeProbability, value, absolute: 0.0051)
      #expect(light.zone == (count < 5 ? .green : count < 10 ? .yellow : .red))
      #expect(light.capitalAddOn == addOns[count])
    }
    #expect(try Self.backtest(250, exceeding: 40, 0.99).trafficLight.capitalAddOn == 1)
    #expect(try Self.backtest(250, exceeding: 3, 0.975).trafficLight.capitalAddOn == nil)
    #expect(try Self.backtest(250, exceeding: 250, 0.99).trafficLight.cumulativeProbability == 1)
  }

  /// Right forecasts are rejected as often as the level says; exceedances that follow each other are found.
  @Test func levelsAndPower() throws {
    #if DEBUG
      let count = 300
    #else
      let count = 3000
    #endif
    let risks = [Double](repeating: 1.6448536269514722, count: 1000)
    var rejected = 0
    for seed in 0..<UInt64(count) {
      let losses = try RandomStream(seed: seed).normals(count: 1000)
      let right = try ValueAtRiskBacktest(losses: losses, valuesAtRisk: risks, confidence: 0.95)
      rejected += right.conditionalCoverage.pValue < 0.05 ? 1 : 0
    }
    let share = Double(rejected) / Double(count)
    #expect(share > 0.02 && share < 0.09, "\(share)")
    // The same number of exceedances, side by side in pairs.
    let pairs = (0..<1000).map { $0 / 2 % 20 == 0 ? 2.0 : 0 }
    let clustered = try ValueAtRiskBacktest(losses: pairs, valuesAtRisk: risks, confidence: 0.95)
    #expect(clustered.independence.pValue < 0.01 && clustered.coverage.pValue > 0.9)
  }

  /// Acerbi and Szekely's table: at 97.5 % and 250 rows Z2 is below −0.70 in 4.1 to 5 % of right forecasts under
  /// normal and Student-t laws.
  @Test func significanceOfZ2() throws {
    let normalRisk = 1.959963984540054
    let density = 0.05844507
    let shortfall = density / 0.025
    let rows = 250
    #if DEBUG
      let histories = 400
    #else
      let histories = 20_000
    #endif
    // A history whose Z2 is -0.70 exactly: losses of the size of the shortfall, 1.7 times the expected 6.25.
    var losses = [Double](repeating: 0, count: rows)
    for row in 0..<10 { losses[row] = shortfall * 1.0625 }
    let backtest = try ExpectedShortfallBacktest(
      losses: losses, valuesAtRisk: [Double](repeating: normalRisk, count: rows),
      expectedShortfalls: [Double](repeating: shortfall, count: rows), confidence: 0.975)
    expectClose(backtest.z2, -0.7, absolute: 1e-12)
    expectClose(backtest.z1 ?? 0, -0.0625, absolute: 1e-12)
    let significance = try backtest.significance(simulationCount: histories, seed: 3) { _, random in
      random.normal()
    }
    let error = 4 * (0.045 / Double(histories)).squareRoot() + 0.006
    expectClose(significance.z2, 0.045, absolute: error)
    #expect(significance.simulationCount == histories)
    let again = try backtest.significance(simulationCount: histories, seed: 3) { _, random in
      random.normal()
    }
    #expect(again == significance)
  }

  /// A count far above its mean: 2 (10 ln(10 / (10 c)) − (10 − 10 c) + 10 (1 − c)) with c = 1e-310.
  @Test func confidenceNearZero() throws {
    let backtest = try Self.backtest(10, exceeding: 0, 1e-300 * 1e-10)
    // mpmath 1.3.0, 40 digits, of the binary number next to 1e-310.
    expectClose(backtest.coverage.statistic, 14276.027576563083302, relative: 1e-14)
    #expect(backtest.coverage.pValue == 0)
    #expect(backtest.conditionalCoverage.pValue == 0)
    #expect(backtest.trafficLight.cumulativeProbability >= 0)
    let subnormal = try Self.backtest(10, exceeding: 5, .leastNonzeroMagnitude)
    #expect(subnormal.coverage.statistic.isFinite && subnormal.coverage.statistic > 0)
  }

  @Test func refusesDrawsAndSizesThatAreNotFinite() throws {
    let finite = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    func error(_ argument: String, _ got: Double) -> RiskError {
      .invalidValue(
        argument: argument, got: got, lowest: finite.lowerBound, highest: finite.upperBound)
    }
    let backtest = try ExpectedShortfallBacktest(
      losses: [2, 0], valuesAtRisk: [1, 1], expectedShortfalls: [1.5, 1.5], confidence: 0.9)
    for bad in [-Double.infinity, .infinity] {
      #expect(throws: error("draw", bad)) {
        try backtest.significance(simulationCount: 10, seed: 1) { row, _ in row == 1 ? bad : 3 }
      }
    }
    let small = try ExpectedShortfallBacktest(
      losses: [2e-300], valuesAtRisk: [1e-300], expectedShortfalls: [1e-300], confidence: 0.9)
    #expect(throws: error("draw", 1e300)) {
      try small.significance(simulationCount: 10, seed: 1) { _, _ in 1e300 }
    }
    #expect(throws: error("losses / expectedShortfalls", 1e300)) {
      try ExpectedShortfallBacktest(
        losses: [1e300], valuesAtRisk: [1], expectedShortfalls: [1e-300], confidence: 0.9)
    }
    // The ratio is finite, its part of the expected number of exceedances is not.
    #expect(throws: error("losses / expectedShortfalls", -.infinity)) {
      try ExpectedShortfallBacktest(
        losses: [1e300], valuesAtRisk: [1], expectedShortfalls: [1e-7], confidence: 1 - 0x1p-53)
    }
  }

  @Test func refusesWhatIsNoForecast() throws {
    #expect(throws: RiskError.shapeMismatch(argument: "losses", got: 0, required: 1)) {
      try ValueAtRiskBacktest(losses: [], valuesAtRisk: [], confidence: 0.99)
    }
    #expect(throws: RiskError.shapeMismatch(argument: "valuesAtRisk", got: 1, required: 2)) {
      try ValueAtRiskBacktest(losses: [1, 2], valuesAtRisk: [1], confidence: 0.99)
    }
    for confidence in [0, 1, -1, 2, .nan, .infinity] {
      #expect(throws: RiskError.self) {
        try ValueAtRiskBacktest(losses: [1], valuesAtRisk: [1], confidence: confidence)
      }
    }
    for bad in [Double.nan, .infinity] {
      #expect(throws: RiskError.self) {
        try ValueAtRiskBacktest(losses: [1, bad], valuesAtRisk: [1, 1], confidence: 0.9)
      }
      #expect(throws: RiskError.self) {
        try ValueAtRiskBacktest(losses: [1, 1], valuesAtRisk: [bad, 1], confidence: 0.9)
      }
    }
    for shortfall in [0, -1, .nan, .infinity] {
      #expect(throws: RiskError.self) {
        try ExpectedShortfallBacktest(
          losses: [1], valuesAtRisk: [1], expectedShortfalls: [shortfall], confidence: 0.9)
      }
    }
    let backtest = try ExpectedShortfallBacktest(
      losses: [2], valuesAtRisk: [1], expectedShortfalls: [1.5], confidence: 0.9)
    #expect(throws: RiskError.self) {
      try backtest.significance(simulationCount: 0, seed: 1) { _, _ in 1 }
    }
    #expect(throws: RiskError.self) {
      try backtest.significance(simulationCount: 10, seed: 1) { _, _ in .nan }
    }
  }
}

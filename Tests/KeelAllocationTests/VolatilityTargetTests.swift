import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct VolatilityTargetTests {
  private static func covariance(_ names: [AssetID], _ rows: [[Double]]) throws -> Covariance {
    try Covariance(universe: Universe(names), dense: SymmetricMatrix(rows: rows))
  }

  /// Cash first, without variance unless it is given one.
  private static func random(
    _ generator: inout SeededGenerator,
    count: Int,
    cashVariance: Double = 0
  ) throws -> (weights: Weights, covariance: Covariance) {
    let loadings = (0..<count).map { i in
      i == 0 ? cashVariance.squareRoot() : 0.03 * generator.uniform(-0.3...1.5)
    }
    let noise = (0..<count).map { $0 == 0 ? 0 : generator.uniform(1e-4...1e-3) }
    let matrix = (0..<count).map { i in
      (0..<count).map { j in loadings[i] * loadings[j] + (i == j ? noise[i] : 0) }
    }
    let names = (0..<count).map { $0 == 0 ? AssetID("USD") : AssetID("A\($0)") }
    var values = (0..<count).map { _ in generator.uniform(-0.3...1) }
    values[0] = 1 - values.dropFirst().reduce(0, +)
    return (
      try Weights(universe: Universe(names), values: values), try covariance(names, matrix)
    )
  }

  private static func deviation(_ weights: Weights, _ covariance: Covariance) throws -> Double {
    try RiskContributions.volatility(weights: weights, covariance: covariance).total
  }

  /// By hand: 60 % at 2 % and 20 % at 4 % a day, uncorrelated, are 1.44 % a day.
  @Test func isAsByHand() throws {
    let covariance = try Self.covariance(
      ["USD", "BTC", "ETH"], [[0, 0, 0], [0, 4e-4, 0], [0, 0, 16e-4]])
    let held = try Weights(universe: covariance.universe, values: [0.2, 0.6, 0.2])
    let before = (0.6 * 0.6 * 4e-4 + 0.2 * 0.2 * 16e-4).squareRoot()
    let half = try VolatilityTarget(volatility: before / 2, cash: "USD")
      .weights(scaling: held, covariance: covariance)
    expectClose(half.scale, 0.5, relative: 1e-14)
    expectClose(half.volatilityBefore, before, relative: 1e-14)
    expectClose(half.volatility, before / 2, relative: 1e-14)
    expectClose(half.leverage, 0.4, relative: 1e-14)
    for (weight, expected) in zip(half.weights.values, [0.6, 0.3, 0.1]) {
      expectClose(weight, expected, relative: 1e-14)
    }
    #expect(half.outcome == .scaled)
    // Twice is beyond what is there, unless cash may be borrowed.
    let full = try VolatilityTarget(volatility: 2 * before, cash: "USD")
      .weights(scaling: held, covariance: covariance)
    #expect(full.outcome == .limited)
    expectClose(full.weights.values[1], 0.75, relative: 1e-14)
    expectClose(full.weights.values[0], 0, absolute: 1e-15)
    let geared = try VolatilityTarget(volatility: 2 * before, cash: "USD", largestLeverage: 2)
      .weights(scaling: held, covariance: covariance)
    expectClose(geared.weights.values[0], -0.6, relative: 1e-14)
    #expect(geared.outcome == .scaled)
    let annual = VolatilityTarget(
      annualVolatility: 0.3, annualization: .dailyContinuous, cash: "USD")
    expectClose(annual.volatility, 0.3 / 365.0.squareRoot(), relative: 1e-15)
  }

  /// The target is met, proportions and the sum are kept.
  @Test(arguments: 1...100)
  func meetsTheTarget(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (held, covariance) = try Self.random(&generator, count: 2 + seed % 8)
    let target = VolatilityTarget(
      volatility: generator.uniform(1e-3...0.05), cash: "USD", largestLeverage: 1e3)
    let found = try target.weights(scaling: held, covariance: covariance)
    #expect(found.outcome == .scaled)
    expectClose(
      try Self.deviation(found.weights, covariance), target.volatility, relative: 1e-12)
    expectClose(found.volatility, target.volatility, relative: 1e-12)
    expectClose(found.volatilityBefore, try Self.deviation(held, covariance), relative: 1e-12)
    expectClose(found.weights.total, held.total, absolute: 1e-13 * (1 + found.leverage))
    for (after, before) in zip(found.weights.values, held.values).dropFirst() {
      #expect(after == found.scale * before)
    }
    expectClose(
      found.leverage,
      found.weights.values.dropFirst().reduce(0) { $0 + $1.magnitude }, relative: 1e-13)
    // Done twice, nothing more is traded; a lower limit binds.
    var again = target
    again.band = 1e-9
    let kept = try again.weights(scaling: found.weights, covariance: covariance)
    #expect(kept.outcome == .kept && kept.weights == found.weights && kept.scale == 1)
    again.largestLeverage = found.leverage / 2
    let limited = try again.weights(scaling: found.weights, covariance: covariance)
    #expect(limited.outcome == .limited)
    expectClose(limited.leverage, found.leverage / 2, relative: 1e-12)
    expectClose(limited.volatility, target.volatility / 2, relative: 1e-12)
    // At its limit it stays, though the target is out of reach.
    let still = try again.weights(scaling: limited.weights, covariance: covariance)
    expectClose(still.scale, 1, relative: 1e-14)
  }

  /// Cash with a variance of its own: the larger root, or the range that there is.
  @Test(arguments: 1...100)
  func cashMayHaveAVariance(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 500))
    let (held, covariance) = try Self.random(
      &generator, count: 2 + seed % 5, cashVariance: generator.uniform(0...4e-4))
    let target = VolatilityTarget(
      volatility: generator.uniform(5e-3...0.04), cash: "USD",
      largestLeverage: generator.uniform(0.5...4))
    func deviation(_ scale: Double) throws -> Double {
      var values = held.values.map { scale * $0 }
      values[0] = held.total - values.dropFirst().reduce(0, +)
      return try Self.deviation(
        Weights(universe: held.universe, values: values), covariance)
    }
    let gross = held.values.dropFirst().reduce(0) { $0 + $1.magnitude }
    let grid = try (0...400).map {
      try deviation(Double($0) / 400 * target.largestLeverage / gross)
    }
    let found: VolatilityTarget.Portfolio
    do throws(AllocationError) {
      found = try target.weights(scaling: held, covariance: covariance)
    } catch {
      guard case .targetUnreachable(_, let got, let reachable) = error else { throw error }
      #expect(got == target.volatility && !reachable.contains(got))
      expectClose(reachable.lowerBound, grid.min() ?? 0, relative: 1e-3)
      expectClose(reachable.upperBound, grid.max() ?? 0, relative: 1e-10)
      return
    }
    #expect(found.leverage <= target.largestLeverage * (1 + 1e-12))
    expectClose(found.volatility, try deviation(found.scale), relative: 1e-10)
    if found.outcome == .scaled {
      expectClose(found.volatility, target.volatility, relative: 1e-10)
      // It rises from there: no larger scale meets the target.
      #expect(try deviation(found.scale * 1.01) >= target.volatility * (1 - 1e-9))
    } else {
      #expect(found.outcome == .limited && found.volatility <= target.volatility)
      expectClose(found.leverage, target.largestLeverage, relative: 1e-12)
    }
  }

  /// Within the band nothing is traded; at its ends and beyond the target is met; the limit comes first.
  @Test func theBandAvoidsTrades() throws {
    let covariance = try Self.covariance(["USD", "BTC"], [[0, 0], [0, 1e-4]])
    func outcome(_ risky: Double, band: Double = 0.1, leverage: Double = 1) throws
      -> VolatilityTarget.Portfolio
    {
      try VolatilityTarget(
        volatility: 0.005, cash: "USD", largestLeverage: leverage, band: band
      ).weights(
        scaling: Weights(universe: covariance.universe, values: [1 - risky, risky]),
        covariance: covariance)
    }
    for risky in [0.451, 0.5, 0.549] {
      let kept = try outcome(risky)
      #expect(kept.outcome == .kept && kept.weights.values[1] == risky)
      expectClose(kept.volatility, 0.01 * risky, relative: 1e-14)
    }
    for risky in [0.1, 0.449, 0.551, 3] {
      let scaled = try outcome(risky)
      #expect(scaled.outcome == .scaled)
      expectClose(scaled.weights.values[1], 0.5, relative: 1e-14)
    }
    let limited = try outcome(0.5, leverage: 0.48)
    #expect(limited.outcome == .limited)
    expectClose(limited.weights.values[1], 0.48, relative: 1e-14)
    #expect(try outcome(0.5000001, band: 0).outcome == .scaled)
    // Short positions are scaled as they are.
    let short = try outcome(-0.2)
    expectClose(short.weights.values[1], -0.5, relative: 1e-14)
    expectClose(short.weights.values[0], 1.5, relative: 1e-14)
  }

  /// Another order of assets is the same portfolio; another form of the covariance too.
  @Test(arguments: 1...20)
  func isEquivariant(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed + 900))
    let (held, covariance) = try Self.random(&generator, count: 6)
    let target = VolatilityTarget(volatility: 0.01, cash: "USD", largestLeverage: 50)
    let found = try target.weights(scaling: held, covariance: covariance)
    let order = [3, 0, 5, 1, 4, 2]
    let names = order.map { held.universe.assets[$0] }
    let rows = order.map { i in order.map { j in covariance.matrix[i, j] } }
    let other = try target.weights(
      scaling: Weights(universe: Universe(names), values: order.map { held.values[$0] }),
      covariance: Self.covariance(names, rows))
    for (k, i) in order.enumerated() {
      expectClose(
        other.weights.values[k], found.weights.values[i], relative: 1e-13, absolute: 1e-14)
    }
    // Twice the volatilities and twice the target.
    let scaled = try Covariance(
      universe: held.universe,
      dense: SymmetricMatrix(
        rows: (0..<6).map { i in (0..<6).map { j in 4 * covariance.matrix[i, j] } }))
    var twice = target
    twice.volatility *= 2
    let same = try twice.weights(scaling: held, covariance: scaled)
    expectClose(same.scale, found.scale, relative: 1e-14)
  }

  @Test func whatCannotBeMetIsRefused() throws {
    let covariance = try Self.covariance(
      ["USD", "BTC", "ETH"], [[0, 0, 0], [0, 4e-4, 0], [0, 0, 16e-4]])
    let held = try Weights(universe: covariance.universe, values: [0.2, 0.6, 0.2])
    let target = VolatilityTarget(volatility: 0.01, cash: "USD")
    let idle = try Weights(universe: covariance.universe, values: [1, 0, 0])
    #expect(
      throws: AllocationError.targetUnreachable(
        target: "volatility", got: 0.01, reachable: 0...0)
    ) { try target.weights(scaling: idle, covariance: covariance) }
    for number in hostileNumbers where !(number >= 1e-100 && number <= 1e100) {
      #expect(throws: AllocationError.self) {
        try VolatilityTarget(volatility: number, cash: "USD")
          .weights(scaling: held, covariance: covariance)
      }
    }
    for number in hostileNumbers where !(number > 0 && number.isFinite) {
      #expect(throws: AllocationError.self) {
        try VolatilityTarget(volatility: 0.01, cash: "USD", largestLeverage: number)
          .weights(scaling: held, covariance: covariance)
      }
    }
    for number in hostileNumbers where !(number >= 0 && number <= 1) {
      #expect(throws: AllocationError.self) {
        try VolatilityTarget(volatility: 0.01, cash: "USD", band: number)
          .weights(scaling: held, covariance: covariance)
      }
    }
    #expect(throws: AllocationError.self) {
      try VolatilityTarget(volatility: 0.01, cash: "EUR")
        .weights(scaling: held, covariance: covariance)
    }
    let other = try Weights(universe: Universe(["USD", "BTC"]), values: [0.5, 0.5])
    #expect(throws: AllocationError.self) {
      try target.weights(scaling: other, covariance: covariance)
    }
    // Correlations that cannot be.
    let broken = try Self.covariance(
      ["USD", "A", "B", "C"],
      [[0, 0, 0, 0], [0, 1, -0.9, -0.9], [0, -0.9, 1, -0.9], [0, -0.9, -0.9, 1]])
    let equal = try Weights(universe: broken.universe, values: [0.1, 0.3, 0.3, 0.3])
    #expect(throws: AllocationError.covarianceNotPositiveSemidefinite) {
      try target.weights(scaling: equal, covariance: broken)
    }
    // Numbers at the ends of the range end in a portfolio or an error.
    for size in [1e-300, 1e-150, 1e150, 1e300] {
      let odd = try Self.covariance(["USD", "BTC"], [[0, 0], [0, size]])
      for weight in [1e-300, 0.5, 1e300] {
        let some = try Weights(universe: odd.universe, values: [1, weight])
        let found: VolatilityTarget.Portfolio
        do throws(AllocationError) {
          found = try target.weights(scaling: some, covariance: odd)
        } catch {
          continue
        }
        #expect(found.weights.values.allSatisfy(\.isFinite) && found.volatility.isFinite)
      }
    }
  }
}

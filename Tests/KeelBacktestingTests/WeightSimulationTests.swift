import CKeelAllocationCounter
import KeelBacktesting
import KeelData
import KeelEngine
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct WeightSimulationTests {
  private func universe(_ count: Int) throws -> Universe {
    try Universe((0..<count).map { AssetID("A\($0)") })
  }

  private func history(_ rows: [[Double]]) throws -> SimpleReturns {
    try SimpleReturns(
      universe: universe(rows.first?.count ?? 0),
      timestamps: rows.indices.map { Timestamp(nanosecondsSinceEpoch: Int64($0)) },
      values: Matrix(rows: rows))
  }

  private func weights(_ values: [Double]) throws -> Weights {
    try Weights(universe: universe(values.count), values: values)
  }

  /// Half in an asset that gains 10 % three times, half in one that loses 10 % three times.
  ///
  /// Drifting: 0.5 · 1.1³ + 0.5 · 0.9³ = 0.6655 + 0.3645 = 1.03, with values 1, 1.01 and 1.03 after
  /// the rows: 0.5 · 1.1 + 0.5 · 0.9 = 1; 0.605 + 0.405 = 1.01. The constant mix earns
  /// 0.5 · 10 % − 0.5 · 10 % = 0 in every row and stays at 1, as does trading every row for nothing.
  /// At a cost of 1 %, the purchase at the start leaves x with x + 0.01 x = 1, x = 1/1.01. After each
  /// row, positions are 0.55 x and 0.45 x with the value x; the trade to x′/2 each sells
  /// 0.55 x − x′/2 and buys x′/2 − 0.45 x, in all 0.1 x whatever x′: x′ = x − 0.001 x. So the value is
  /// 0.999³/1.01 at the end, and the turnover 0.05 a row.
  @Test func fiftyFiftyDriftsUnlessItIsAConstantMix() throws {
    let returns = try history([[0.1, -0.1], [0.1, -0.1], [0.1, -0.1]])
    let target = try weights([0.5, 0.5])
    func run(
      _ schedule: RebalancingSchedule, _ model: WeightModel, cost: Double
    ) throws -> SimulationResult {
      try WeightSimulation.run(
        returns: returns, target: target,
        settings: SimulationSettings(
          schedule: schedule, costFraction: cost, weightModel: model))
    }
    let drifting = try run(.never, .heldWeightsDrift, cost: 0)
    for (value, expected) in zip(drifting.values, [1, 1.01, 1.03]) {
      expectClose(value, expected, relative: 1e-15)
    }
    expectClose(drifting.account.weights[0], 0.6655 / 1.03, relative: 1e-15)
    #expect(drifting.account.tradeCount == 1)
    for result in try [
      run(.never, .constantMix, cost: 0), run(.everyRows(1), .heldWeightsDrift, cost: 0),
    ] {
      for value in result.values { expectClose(value, 1, relative: 1e-15) }
    }
    let paid = try run(.everyRows(1), .heldWeightsDrift, cost: 0.01)
    for (row, period) in paid.periods.enumerated() {
      let expected = (0...row).reduce(1 / 1.01) { value, _ in value * 0.999 }
      expectClose(period.value, expected, relative: 1e-15)
      expectClose(period.turnover, row == 0 ? 0.5 / 1.01 + 0.05 : 0.05, relative: 1e-14)
      expectClose(period.cost, 0.02 * period.turnover, relative: 1e-15)
    }
    #expect(paid.account.tradeCount == 4)
    // A constant mix pays for its purchase alone, whatever its schedule.
    for schedule in [RebalancingSchedule.never, .everyRows(1), .everyRows(2)] {
      let mixed = try run(schedule, .constantMix, cost: 0.01)
      for value in mixed.values { expectClose(value, 1 / 1.01, relative: 1e-15) }
      #expect(mixed.account.tradeCount == 1 && mixed.account.weights == [0.5, 0.5])
    }
    // A new target waits for the trade that is due, and is paid: after the second row the positions
    // are 0.5 · 1.1² and 0.5 · 0.9² of the value 1.01, since the mix lets go when its target changes.
    var account = try WeightSimulation(
      target: target,
      settings: SimulationSettings(
        schedule: .everyRows(2), costFraction: 0.01, weightModel: .constantMix))
    let start = account.value
    try account.setTarget([0, 0].span)
    #expect(try account.advance(returns: [0.1, -0.1].span).turnover > 0)
    #expect(account.tradeCount == 1)
    let sale = try account.advance(returns: [0.1, -0.1].span)
    expectClose(sale.value, start * 1.01 * 0.99, relative: 1e-15)
    expectClose(sale.turnover, 0.5, relative: 1e-15)
  }

  @Test func valuesMatchFiftyDigits() throws {
    for (number, reference) in try PerformanceReference.load().simulations.enumerated() {
      let schedule: RebalancingSchedule =
        if let limit = reference.absoluteThreshold {
          .beyond(try RebalancingThreshold(absolute: limit))
        } else {
          reference.everyRows == 0 ? .never : .everyRows(reference.everyRows)
        }
      let settings = try SimulationSettings(
        schedule: schedule, costFraction: reference.costFraction,
        cashRatePerPeriod: reference.cashRatePerPeriod)
      let result = try WeightSimulation.run(
        returns: history(reference.returns), target: weights(reference.target),
        settings: settings)
      for (row, period) in result.periods.enumerated() {
        expectClose(
          period.value, reference.values[row], relative: 4e-15, "case \(number), row \(row)")
        expectClose(
          period.turnover, reference.turnovers[row], relative: 1e-13, absolute: 1e-15,
          "case \(number), row \(row)")
      }
      for (weight, expected) in zip(result.account.weights, reference.weights) {
        expectClose(weight, expected, relative: 1e-13, "case \(number)")
      }
      // Row by row the bits are the same.
      var account = try WeightSimulation(
        target: weights(reference.target), settings: settings)
      let periods = try reference.returns.map { row throws -> WeightSimulation.Period in
        try account.advance(returns: row.span)
      }
      #expect(periods == result.periods)
    }
  }

  /// Value, cash and costs add up in every row, with trades up, down, short and on credit.
  @Test(arguments: 1...60)
  func theAccountAddsUp(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = Int.random(in: 1...13, using: &generator)
    let isLong = seed.isMultiple(of: 2)
    var target = (0..<count).map { _ in generator.uniform((isLong ? 0 : -0.5)...1) }
    let size = target.reduce(0) { $0 + $1.magnitude }
    target = target.map { $0 / size * generator.uniform(0.5...1.2) }
    let cost = generator.uniform(0...0.05)
    var account = try WeightSimulation(
      target: weights(target),
      settings: SimulationSettings(schedule: .everyRows(2), costFraction: cost))
    var growth = 1.0
    for row in 0..<60 {
      let before = account
      let returns = (0..<count).map { _ in 0.03 * generator.gaussian() }
      let period = try account.advance(returns: returns.span)
      growth *= 1 + period.returnFraction
      expectClose(period.value, growth, relative: 1e-13)
      #expect(period.value == account.value)
      let invested = account.weights.reduce(0, +) * account.value
      expectClose(invested + account.cash, account.value, relative: 1e-14)
      let grown = zip(before.weights, returns).map { $0 * (1 + $1) * before.value }
      let beforeTrade = grown.reduce(before.cash, +)
      if row.isMultiple(of: 2) {
        #expect(row == 0 || period.turnover == 0)
        expectClose(account.value, beforeTrade, relative: 1e-14)
        continue
      }
      for (weight, expected) in zip(account.weights, target) {
        expectClose(weight, expected, relative: 1e-14, absolute: 1e-16)
      }
      let traded = zip(account.weights, grown).reduce(0) {
        $0 + ($1.0 * account.value - $1.1).magnitude
      }
      expectClose(period.turnover, traded / (2 * beforeTrade), relative: 1e-11, absolute: 1e-15)
      expectClose(period.cost, 2 * cost * period.turnover, relative: 1e-15)
      expectClose(account.value + cost * traded, beforeTrade, relative: 2e-15)
    }
  }

  @Test func targetsMayChangeWithTheRows() throws {
    let returns = try history([[0.1, 0.2], [0.1, 0.2], [0, -0.5], [0.1, 0.1], [0.1, 0]])
    let targets = try Matrix(rows: [[1, 0], [0, 1], [0, 0]])
    let settings = try SimulationSettings(schedule: .everyRows(2), costFraction: 0)
    let result = try WeightSimulation.run(returns: returns, targets: targets, settings: settings)
    // All in the first asset for two rows, in the second for two, then cash.
    for (value, expected) in zip(result.values, [1.1, 1.21, 0.605, 0.6655, 0.6655]) {
      expectClose(value, expected, relative: 1e-15)
    }
    #expect(result.periods.map(\.turnover) == [0.5, 1, 0, 0.5, 0])
    #expect(
      throws: BacktestingError.shapeMismatch(
        argument: "targets.rowCount", got: 2, required: 3)
    ) {
      try WeightSimulation.run(
        returns: returns, targets: Matrix(rows: [[1, 0], [0, 1]]), settings: settings)
    }
    #expect(throws: BacktestingError.self) {
      try WeightSimulation.run(
        returns: returns, targets: targets,
        settings: SimulationSettings(schedule: .never, costFraction: 0))
    }
  }

  @Test func missingAndDelistedAssetsFollowTheRules() throws {
    let target = try weights([0.5, 0.5])
    var refusing = try WeightSimulation(
      target: target, settings: SimulationSettings(schedule: .everyRows(1), costFraction: 0))
    let before = refusing.weights
    #expect(throws: BacktestingError.missingReturn(asset: "A1", row: 0)) {
      try refusing.advance(returns: [0.1, .nan].span)
    }
    #expect(refusing.weights == before && refusing.rowCount == 0)
    var waiting = try WeightSimulation(
      target: target,
      settings: SimulationSettings(
        schedule: .everyRows(1), costFraction: 0, missingReturns: .postponeTrades))
    // The first asset grows to 0.6; the trade waits until both have a return.
    let first = try waiting.advance(returns: [0.2, .nan].span)
    expectClose(first.value, 1.1, relative: 1e-15)
    expectClose(waiting.weights[0], 0.6 / 1.1, relative: 1e-15)
    _ = try waiting.advance(returns: [0, 0].span)
    #expect(waiting.weights == [0.5, 0.5])
    // A total loss: half is gone, its share is cash from then on, later numbers are not read.
    let loss = try waiting.advance(returns: [-1, 0].span)
    expectClose(loss.value, 0.55, relative: 1e-15)
    #expect(waiting.weights == [0, 0.5])
    expectClose(waiting.cash, 0.275, relative: 1e-15)
    _ = try waiting.advance(returns: [.infinity, 0].span)
    #expect(waiting.weights == [0, 0.5])
    #expect(throws: BacktestingError.delistedAsset("A0")) {
      try waiting.setTarget([0.1, 0.5].span)
    }
    // A quarter of the other one is recovered: 0.275 + 0.06875.
    try waiting.delist("A1", recovery: 0.25)
    expectClose(waiting.value, 0.34375, relative: 1e-15)
    let last = try waiting.advance(returns: [.nan, .nan].span)
    expectClose(last.returnFraction, 0.34375 / 0.55 - 1, relative: 1e-15)
    expectClose(waiting.cash, 0.34375, relative: 1e-15)
    #expect(throws: BacktestingError.self) { try waiting.delist("B", recovery: 0) }
  }

  @Test func ruinIsAnErrorThatChangesNothing() throws {
    // Twice the value in one asset: a loss of half takes everything.
    var account = try WeightSimulation(
      target: weights([2]), settings: SimulationSettings(schedule: .never, costFraction: 0))
    #expect(throws: BacktestingError.portfolioWithoutValue(row: 0, got: 0)) {
      try account.advance(returns: [-0.5].span)
    }
    #expect(account.value == 1 && account.weights == [2])
    // A short position that doubles.
    account = try WeightSimulation(
      target: weights([-1]), settings: SimulationSettings(schedule: .never, costFraction: 0))
    #expect(throws: BacktestingError.self) { try account.advance(returns: [1.5].span) }
    // What selling would cost is more than what is left.
    account = try WeightSimulation(
      target: weights([2]), settings: SimulationSettings(schedule: .never, costFraction: 0.1))
    #expect(throws: BacktestingError.self) { try account.advance(returns: [-0.45].span) }
    _ = try account.advance(returns: [-0.40].span)
    account = try WeightSimulation(
      target: weights([1]), settings: SimulationSettings(schedule: .never, costFraction: 0))
    #expect(throws: BacktestingError.portfolioWithoutValue(row: 0, got: 0)) {
      try account.advance(returns: [-1].span)
    }
    #expect(throws: BacktestingError.self) { try account.delist("A0", recovery: 0) }
    #expect(account.value == 1)
  }

  /// The trades are those that a drift analysis of the engine calls for.
  @Test(arguments: 1...20)
  func thresholdsAreTheEngines(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = Int.random(in: 1...9, using: &generator)
    var target = (0..<count).map { _ in generator.uniform(0.1...1) }
    let size = target.reduce(0, +)
    target = target.map { $0 / size }
    let threshold = try RebalancingThreshold(
      absolute: seed.isMultiple(of: 3) ? nil : 0.02, relative: seed.isMultiple(of: 2) ? 0.1 : nil)
    let drifting = try SimulationSettings(schedule: .never, costFraction: 0)
    var account = try WeightSimulation(
      target: weights(target),
      settings: SimulationSettings(schedule: .beyond(threshold), costFraction: 0))
    var free = try WeightSimulation(target: weights(target), settings: drifting)
    for _ in 0..<100 {
      let returns = (0..<count).map { _ in 0.03 * generator.gaussian() }
      let trades = account.tradeCount
      _ = try account.advance(returns: returns.span)
      _ = try free.advance(returns: returns.span)
      let isBreached = zip(free.weights, target).contains { weight, target in
        let drift = (weight - target).magnitude
        return drift > threshold.absolute ?? .infinity
          || drift / target > threshold.relative ?? .infinity
      }
      #expect((account.tradeCount > trades) == isBreached)
      if isBreached { free.rebalance() }
    }
    // Exactly at the limit is no breach: 0.5 grows to 0.75 of 1.25, which is 0.1 away.
    for (limit, trades) in [(0.1, 1), (0.0999999, 2)] {
      var edge = try WeightSimulation(
        target: weights([0.5]),
        settings: SimulationSettings(
          schedule: .beyond(RebalancingThreshold(absolute: limit)), costFraction: 0))
      _ = try edge.advance(returns: [0.5].span)
      #expect(edge.tradeCount == trades)
    }
  }

  /// Rows allocate nothing, so that ten million of them run in the memory of one.
  @Test func rowsRunInFlatMemory() throws {
    #if DEBUG
      let rowCount = 20_000
    #else
      let rowCount = 10_000_000
    #endif
    var generator = SeededGenerator(seed: 3)
    var rows = (0..<64).map { _ in (0..<3).map { _ in 0.002 * generator.gaussian() } }
    // What one row gains another loses, so that the value stays in sight of one.
    rows += rows.map { $0.map { -$0 } }
    var account = try WeightSimulation(
      target: weights([0.3, 0.3, 0.2]),
      settings: SimulationSettings(
        schedule: .everyRows(24), costFraction: 0.001, cashRatePerPeriod: 1e-7))
    var performance = try PerformanceAccumulator(
      annualization: .hourlyContinuous, ratePerPeriod: 1e-7)
    func run(_ count: Int) throws {
      for number in 0..<count {
        let row = rows[number & 127]
        try performance.add(account.advance(returns: row.span))
      }
    }
    try run(100)
    let before = keel_allocation_count()
    try run(rowCount)
    #expect(keel_allocation_count() - before == 0)
    #expect(performance.periodCount == rowCount + 100)
    #expect(account.tradeCount == 1 + (rowCount + 100) / 24)
    let statistics = try performance.statistics()
    // The returns are those of the account, each rounded once.
    expectClose(1 + statistics.totalReturn, account.value, relative: 1e-8)
  }

  @Test func badInputIsRefused() throws {
    for number in hostileNumbers {
      if !(number >= 0 && number <= 0.99) {
        #expect(throws: BacktestingError.self) {
          try SimulationSettings(schedule: .never, costFraction: number)
        }
      }
      if !(number > -1 && number <= 1) {
        #expect(throws: BacktestingError.self) {
          try SimulationSettings(schedule: .never, costFraction: 0, cashRatePerPeriod: number)
        }
      }
      var account = try WeightSimulation(
        target: weights([0.3, 0.3, 0.3, 0.05, 0]),
        settings: SimulationSettings(schedule: .everyRows(1), costFraction: 0.001))
      do {
        let period = try account.advance(returns: [0, number, 0, 0, number].span)
        #expect(number > -1 && number < 1e151)
        #expect(period.value.isFinite && period.value > 0 && period.returnFraction.isFinite)
      } catch {
        #expect(!(number > -1 && number < 1e100))
        #expect(account.rowCount == 0 && account.weights[0] == 0.3)
      }
      if !number.isFinite || number.magnitude > 1e100 {
        #expect(throws: BacktestingError.self) {
          try account.setTarget([number, 0, 0, 0, 0].span)
        }
      }
      if !(number >= 0 && number <= 1) {
        #expect(throws: BacktestingError.self) { try account.delist("A0", recovery: number) }
      }
    }
    for count in [0, -1, Int.max] {
      #expect(throws: BacktestingError.self) {
        try SimulationSettings(schedule: .everyRows(count), costFraction: 0)
      }
    }
    // Costs that would eat the target: 1.1 · 0.95 is above 0.99.
    #expect(throws: BacktestingError.self) {
      try WeightSimulation(
        target: weights([1.1]), settings: SimulationSettings(schedule: .never, costFraction: 0.95))
    }
    let settings = try SimulationSettings(schedule: .never, costFraction: 0)
    #expect(throws: BacktestingError.self) {
      try WeightSimulation.run(
        returns: history([[0.1, 0.1]]), target: weights([1]), settings: settings)
    }
    var empty = try WeightSimulation(
      target: Weights(universe: Universe([]), values: []),
      settings: SimulationSettings(schedule: .everyRows(1), costFraction: 0, cashRatePerPeriod: 1))
    #expect(try empty.advance(returns: [Double]().span).value == 2)
    #expect(throws: BacktestingError.shapeMismatch(argument: "returns", got: 1, required: 0)) {
      try empty.advance(returns: [0.1].span)
    }
  }
}

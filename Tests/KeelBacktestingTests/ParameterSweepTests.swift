import KeelBacktesting
import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct ParameterSweepTests {
  private func grid() throws -> ParameterGrid {
    try ParameterGrid([
      ("interval", (1...20).map(Double.init)), ("cost", [0, 0.001, 0.01]), ("rate", [0, 0.0001]),
    ])
  }

  @Test func pointsStandInOrder() throws {
    let grid = try grid()
    #expect(grid.count == 120)
    #expect(grid[0].values == [1, 0, 0] && grid[1].values == [1, 0, 0.0001])
    #expect(grid[2].values == [1, 0.001, 0] && grid[119].values == [20, 0.01, 0.0001])
    #expect(grid[7]["cost"] == 0 && grid[7]["interval"] == 2 && grid[7]["other"] == nil)
    #expect(try ParameterGrid([]).count == 1)
    #expect(Set((0..<120).map { grid[$0].values }).count == 120)
  }

  /// The values of a small simulation at every point: the same bits for any number of threads.
  @Test func threadsChangeNothing() throws {
    let universe = try Universe(["A", "B", "C"])
    var generator = SeededGenerator(seed: 11)
    let returns = try SimpleReturns(
      universe: universe, timestamps: (0..<50).map { Timestamp(nanosecondsSinceEpoch: $0) },
      values: Matrix(rows: (0..<50).map { _ in (0..<3).map { _ in 0.02 * generator.gaussian() } }))
    let target = try Weights(universe: universe, values: [0.3, 0.3, 0.3])
    let grid = try grid()
    let results = try [1, 2, 3, 8].map { width in
      try ParameterSweep(grid: grid, pool: BoundedPool(width: width)).run {
        point throws(BacktestingError) in
        let settings = try SimulationSettings(
          schedule: .everyRows(Int(point["interval"] ?? 1)), costFraction: point["cost"] ?? 0,
          cashRatePerPeriod: point["rate"] ?? 0)
        return try WeightSimulation.run(returns: returns, target: target, settings: settings)
          .values
      }
    }
    #expect(results[0].count == 120 && Set(results[0]).count == 120)
    for other in results.dropFirst() { #expect(other == results[0]) }
  }

  struct Odd: Error, Equatable { var value: Double }

  @Test func theFirstFailureInOrderIsThrown() throws {
    let grid = try ParameterGrid([("x", (0..<200).map(Double.init))])
    for width in [1, 2, 3, 8] {
      let sweep = ParameterSweep(grid: grid, pool: BoundedPool(width: width))
      #expect(throws: SweepError<Odd>.failed(point: grid[37], error: Odd(value: 37))) {
        _ = try sweep.run { point throws(Odd) -> Double in
          let x = point["x"] ?? -1
          guard x < 37 || x.truncatingRemainder(dividingBy: 3) != 1 else { throw Odd(value: x) }
          return x
        }
      }
    }
  }

  @Test func progressRisesByOne() throws {
    let grid = try grid()
    for width in [1, 3] {
      let seen = Guarded<[Int]>([])
      let results = try ParameterSweep(grid: grid, pool: BoundedPool(width: width)).run(
        progress: { done, all in
          #expect(all == 120)
          seen.withLock { $0.append(done) }
        }, body: { point in point.index })
      #expect(results == Array(0..<120))
      #expect(seen.withLock { $0 } == Array(1...120))
    }
  }

  @Test func aCancelledTaskStopsTheSweep() async throws {
    let grid = try ParameterGrid([("x", (0..<1_000_000).map(Double.init))])
    let task = Task {
      try ParameterSweep(grid: grid, pool: BoundedPool(width: 2)).run(
        body: { point in point.index })
    }
    task.cancel()
    let result = await task.result
    guard case .failure(let error) = result, let sweep = error as? SweepError<Never>,
      case .cancelled(let done) = sweep
    else {
      Issue.record("the sweep was not cancelled")
      return
    }
    #expect(done < 1_000_000)
  }

  @Test func badGridsAreRefused() throws {
    #expect(
      throws: BacktestingError.shapeMismatch(argument: "values of x", got: 0, required: 1)
    ) { try ParameterGrid([("x", [])]) }
    #expect(
      throws: BacktestingError.shapeMismatch(argument: "parameters named x", got: 2, required: 1)
    ) { try ParameterGrid([("x", [1]), ("x", [2])]) }
    for number in hostileNumbers where !number.isFinite {
      #expect(throws: BacktestingError.self) { try ParameterGrid([("x", [1, number])]) }
    }
    let thousand = (0..<1_000).map(Double.init)
    #expect(throws: BacktestingError.self) {
      try ParameterGrid((0..<40).map { ("p\($0)", thousand) })
    }
  }
}

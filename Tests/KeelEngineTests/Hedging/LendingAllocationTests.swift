import KeelEngine
import KeelMarkets
import KeelTestSupport
import Testing

@Suite struct LendingAllocationTests {
  private static func venue(
    _ supplied: Double,
    _ utilization: Double,
    base: Double = 0,
    below: Double = 0.05,
    above: Double = 0.8,
    kink: Double = 0.8,
    loss: Double = 0
  ) throws -> LendingAllocation.Venue {
    try LendingAllocation.Venue(
      LendingReserve(
        supplied: supplied, borrowed: utilization * supplied,
        rates: InterestRateModel(
          baseRate: base, slopeBelowKink: below, slopeAboveKink: above, kink: kink,
          reserveFactor: 0.1)),
      lossPerYear: loss)
  }

  private static func income(_ deposits: [Double], _ venues: [LendingAllocation.Venue]) -> Double {
    zip(deposits, venues).reduce(0) { sum, pair in
      sum + pair.0 * (pair.1.reserve.supplyRate(after: pair.0) - pair.1.lossPerYear)
    }
  }

  private static func random(_ seed: Int, count: Int) throws -> [LendingAllocation.Venue] {
    var generator = SeededGenerator(seed: UInt64(seed))
    return try (0..<count).map { _ in
      try venue(
        generator.uniform(10...200), generator.uniform(0.3...1), base: generator.uniform(0...0.02),
        below: generator.uniform(0.02...0.1), above: generator.uniform(0.2...2),
        kink: generator.uniform(0.6...0.95), loss: generator.uniform(0...0.01))
    }
  }

  /// No point of a grid over all splits earns more.
  @Test(arguments: 1...25)
  func beatsEverySplitOfAGrid(seed: Int) throws {
    let venues = try Self.random(seed, count: 3)
    let amount = [5.0, 40, 300][seed % 3]
    let found = try LendingAllocation(amount: amount, over: venues)
    expectClose(found.incomePerYear, Self.income(found.deposits, venues), relative: 1e-12)
    expectClose(found.deposits.reduce(found.idle, +), amount, relative: 1e-12)
    #expect(found.deposits.allSatisfy { $0 >= 0 })
    #expect(found.largestViolation <= 1e-12)
    let steps = 24
    for i in 0...steps {
      for j in 0...(steps - i) {
        for k in 0...(steps - i - j) {
          let split = [i, j, k].map { amount * Double($0) / Double(steps) }
          #expect(Self.income(split, venues) <= found.incomePerYear * (1 + 1e-12))
        }
      }
    }
  }

  @Test(arguments: 1...30)
  func marginalRatesAreEqual(seed: Int) throws {
    let venues = try Self.random(seed, count: 6)
    let found = try LendingAllocation(amount: 50, over: venues)
    for (deposit, venue) in zip(found.deposits, venues) where deposit > 0 {
      let step = 1e-5 * (deposit + 1)
      func income(_ x: Double) -> Double { Self.income([x], [venue]) }
      guard deposit > 2 * step else { continue }
      let left = (income(deposit) - income(deposit - step)) / step
      let right = (income(deposit + step) - income(deposit)) / step
      // One-sided slopes of a piecewise smooth income: equal but at the kink.
      #expect(left >= found.marginalRate - 1e-5 && right <= found.marginalRate + 1e-5)
    }
  }

  @Test func oneVenueAndNoVenue() throws {
    let one = try Self.venue(100, 0.8, base: 0.01)
    let found = try LendingAllocation(amount: 10, over: [one])
    #expect(found.deposits == [10] && found.idle == 0)
    let none = try LendingAllocation(amount: 10, over: [], idleRate: 0.03)
    #expect(none.idle == 10 && none.incomePerYear == 0.3 && none.marginalRate == 0.03)
    let nothing = try LendingAllocation(amount: 0, over: [one])
    #expect(nothing.deposits == [0] && nothing.incomePerYear == 0)
    let risky = try Self.venue(100, 0.8, loss: 1)
    let kept = try LendingAllocation(amount: 10, over: [risky])
    #expect(kept.deposits == [0] && kept.idle == 10)
    // A rate outside that no deposit reaches keeps everything there.
    let better = try LendingAllocation(amount: 10, over: [one], idleRate: 0.5)
    #expect(better.idle == 10 && better.incomePerYear == 5)
  }

  /// A large deposit pays to push a reserve through its kink only when what lies beyond is worth it.
  @Test func choosesTheSideOfTheKink() throws {
    let scarce = try Self.venue(100, 1, above: 3)
    let small = try LendingAllocation(amount: 500, over: [scarce])
    #expect(small.deposits[0] < 25 && small.idle > 475)
    expectClose(small.marginalRate, 0)
    expectClose(small.largestViolation, 0, absolute: 1e-12)
  }

  @Test func hostileInputIsRefused() throws {
    let one = try Self.venue(100, 0.8)
    for number in [Double.nan, .infinity, -1] {
      #expect(throws: EngineError.self) { try LendingAllocation(amount: number, over: [one]) }
      #expect(throws: EngineError.self) {
        try LendingAllocation(amount: 1, over: [one], idleRate: number)
      }
      #expect(throws: EngineError.self) {
        try LendingAllocation(amount: 1, over: [.init(one.reserve, lossPerYear: number)])
      }
    }
    let many = try (0..<13).map { _ in try Self.venue(100, 0.9) }
    #expect(throws: EngineError.self) { try LendingAllocation(amount: 1, over: many) }
    let huge = try LendingAllocation(amount: 1e300, over: [one])
    #expect(huge.incomePerYear > 0 && huge.incomePerYear < 10)
  }
}

import KeelRisk
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct FarthestCascadeTests {
  /// A level that only its own sale reaches: the price stays at the shock, or falls past the level.
  @Test func twoFixedPointsByHand() throws {
    let levels = [LiquidationCascade.Level(price: 90, notional: 1000)]
    let nearest = try LiquidationCascade(
      shock: -0.05, price: 100, levels: levels, impactPerCash: 1e-4)
    let farthest = try LiquidationCascade.farthest(
      shock: -0.05, price: 100, levels: levels, impactPerCash: 1e-4)
    expectClose(nearest.price, 95, relative: 1e-15)
    expectClose(farthest.price, 95 * exp(-0.1), relative: 1e-15)
    #expect(nearest.forcedNotional == 0 && farthest.forcedNotional == 1000)
    let weak = try LiquidationCascade.farthest(
      shock: -0.05, price: 100, levels: levels, impactPerCash: 1e-6)
    #expect(weak.price == nearest.price && weak.roundCount == 2 && weak.isComplete)
  }

  /// Every number of levels is tried: the nearest and the farthest are the ends of those that hold themselves up.
  @Test(arguments: 1...40) func enumerationFindsTheSameEnds(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let shock = generator.uniform(-0.3...0.3)
    let impact = 1e-4
    let levels = (0..<12).map { _ in
      LiquidationCascade.Level(
        price: 100 * exp(generator.uniform(-0.8...0.8)), notional: generator.uniform(0...900))
    }
    let sign: Double = shock < 0 ? -1 : 1
    let sorted = levels.map { (sign * log($0.price / 100), $0.notional) }.filter { $0.0 > 0 }
      .sorted { $0 < $1 }
    var ends: [Double] = []
    for hit in 0...sorted.count {
      let end = sign * log1p(shock) + impact * sorted.prefix(hit).reduce(0) { $0 + $1.1 }
      if sorted.count(where: { $0.0 <= end }) == hit { ends.append(end) }
    }
    let nearest = try LiquidationCascade(
      shock: shock, price: 100, levels: levels, impactPerCash: impact)
    let farthest = try LiquidationCascade.farthest(
      shock: shock, price: 100, levels: levels, impactPerCash: impact)
    expectClose(nearest.move, expm1(sign * (ends.first ?? .nan)), absolute: 1e-13)
    expectClose(farthest.move, expm1(sign * (ends.last ?? .nan)), absolute: 1e-13)
    #expect(farthest.move.magnitude >= nearest.move.magnitude)
  }

  @Test func hostileNumbersAreRefused() {
    for number in [Double.nan, .infinity, -1] {
      #expect(throws: RiskError.self) {
        try LiquidationCascade.farthest(shock: number, price: 1, levels: [], impactPerCash: 0)
      }
      #expect(throws: RiskError.self) {
        try LiquidationCascade.farthest(shock: -0.1, price: number, levels: [], impactPerCash: 0)
      }
      #expect(throws: RiskError.self) {
        try LiquidationCascade.farthest(shock: -0.1, price: 1, levels: [], impactPerCash: number)
      }
      #expect(throws: RiskError.self) {
        try LiquidationCascade.farthest(
          shock: -0.1, price: 1, levels: [.init(price: 1, notional: number)], impactPerCash: 0)
      }
    }
  }

  /// Without a sign nobody knows which levels are feared; the least shock says it.
  @Test func runsOutOfNothingNeedASign() throws {
    let levels = [
      LiquidationCascade.Level(price: 101, notional: 0.05),
      LiquidationCascade.Level(price: 99, notional: 0.05),
    ]
    for shock in [0.0, -0.0] {
      #expect(throws: RiskError.self) {
        try LiquidationCascade.farthest(
          shock: shock, price: 100, levels: levels, impactPerCash: 1)
      }
    }
    for shock in [1e-12, -1e-12] {
      let run = try LiquidationCascade.farthest(
        shock: shock, price: 100, levels: levels, impactPerCash: 1)
      expectClose(run.move, expm1(shock < 0 ? -0.05 : 0.05), relative: 1e-10)
      expectClose(run.amplification, run.move / shock, relative: 1e-14)
    }
  }
}

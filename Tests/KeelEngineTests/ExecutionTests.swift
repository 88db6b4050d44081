import Foundation
import KeelData
import KeelEngine
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct ExecutionTests {
  private func model(volatility: Double = 30, permanent: Double = 2.5e-7) throws -> AlmgrenChriss {
    try AlmgrenChriss(
      temporaryImpact: 1e-8, permanentImpact: permanent, fixedCost: 0.0625,
      volatility: volatility)
  }

  private func sum(_ schedule: ExecutionSchedule) -> Double {
    schedule.slices.reduce(0) { $0 + $1.fraction }
  }

  /// No other schedule near the optimum is better, by its own objective.
  @Test(arguments: 1...20)
  func noNeighborIsBetter(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let model = try AlmgrenChriss(
      temporaryImpact: exp(generator.uniform(-12...(-6))), permanentImpact: 1e-8,
      fixedCost: 0.01, volatility: generator.uniform(5...80))
    let aversion = exp(generator.uniform(-18...(-8)))
    let count = 2 + seed
    let schedule = try model.schedule(
      sliceCount: count, duration: 0.02, riskAversion: aversion)
    expectClose(sum(schedule), 1, relative: 1e-14)
    #expect(schedule.slices.allSatisfy { $0.fraction >= 0 })
    // E + λV as a function of the fractions, by hand.
    func objective(_ fractions: [Double]) -> Double {
      let (quantity, step) = (1e6, 0.02 / Double(count))
      let net = model.temporaryImpact - model.permanentImpact * step / 2
      var (value, left) = (0.0, quantity)
      for fraction in fractions {
        left -= quantity * fraction
        value += net / step * quantity * quantity * fraction * fraction
        value += aversion * model.volatility * model.volatility * step * left * left
      }
      return value
    }
    let best = schedule.slices.map(\.fraction)
    let least = objective(best)
    for _ in 0..<50 {
      var other = best
      let (i, j) = (
        Int(generator.uniform(0...Double(count) - 0.001)),
        Int(generator.uniform(0...Double(count) - 0.001))
      )
      let moved = 0.01 * generator.uniform()
      other[i] += moved
      other[j] -= moved
      #expect(objective(other) >= least * (1 - 1e-13))
    }
  }

  @Test func equalTradesAreItsLimit() throws {
    let twap = try ExecutionSchedule.timeWeighted(sliceCount: 7, duration: 0.01)
    #expect(
      try model().schedule(sliceCount: 7, duration: 0.01, riskAversion: 0) == twap)
    let near = try model().schedule(sliceCount: 7, duration: 0.01, riskAversion: 1e-15)
    for (left, right) in zip(near.slices, twap.slices) {
      expectClose(left.fraction, right.fraction, relative: 1e-6)
      expectClose(left.time, right.time, relative: 1e-15)
    }
    // Without patience all is sold at once, and nothing overflows.
    let fast = try model().schedule(sliceCount: 7, duration: 0.01, riskAversion: 1e200)
    expectClose(fast.slices[0].fraction, 1, relative: 1e-12)
    #expect(fast.slices.allSatisfy { $0.fraction.isFinite })
  }

  /// Almgren and Chriss's own example: 10⁶ shares, five days, λ = 1e-6 per dollar.
  @Test func publishedExample() throws {
    // Days are the unit of time there; σ = 0.95 $/share/√day, η = 2.5e-6, γ = 2.5e-7, ε = 0.0625.
    let model = try AlmgrenChriss(
      temporaryImpact: 2.5e-6, permanentImpact: 2.5e-7, fixedCost: 0.0625, volatility: 0.95)
    let schedule = try model.schedule(sliceCount: 5, duration: 5, riskAversion: 1e-6)
    // κ ≈ 0.61/day.
    let left = (1...4).map { j in
      1 - schedule.slices[..<j].reduce(0) { $0 + $1.fraction }
    }
    let kappa = acosh(1 + 0.5 * 1e-6 * 0.95 * 0.95 / (2.5e-6 - 1.25e-7))
    expectClose(kappa, 0.61, absolute: 0.005)
    for (j, share) in left.enumerated() {
      expectClose(share, sinh(kappa * Double(4 - j)) / sinh(kappa * 5), relative: 1e-12)
    }
    let (expected, deviation) = try model.cost(of: schedule, quantity: 1e6)
    let equal = try model.cost(
      of: .timeWeighted(sliceCount: 5, duration: 5), quantity: 1e6)
    #expect(expected > equal.expected && deviation < equal.standardDeviation)
    #expect(
      expected + 1e-6 * deviation * deviation
        < equal.expected + 1e-6 * equal.standardDeviation * equal.standardDeviation)
  }

  @Test func gasChoosesTheNumberOfSlices() throws {
    for (quantity, impact, gas) in [(100.0, 0.01, 0.5), (3, 2, 7), (1_000, 1e-4, 3), (1, 1e-9, 5)] {
      let best = try ExecutionSchedule.bestSliceCount(
        quantity: quantity, impact: impact, gas: gas, most: 50)
      func cost(_ n: Int) -> Double { gas * Double(n) + impact * quantity * quantity / Double(n) }
      let least = (1...50).min { cost($0) < cost($1) }
      #expect(best == least)
    }
    #expect(try ExecutionSchedule.bestSliceCount(quantity: 1, impact: 1, gas: 0, most: 9) == 9)
    #expect(try ExecutionSchedule.bestSliceCount(quantity: 1, impact: 0, gas: 0, most: 9) == 1)
  }

  @Test(arguments: 1...30)
  func participationIsLimited(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let schedule = try model().schedule(
      sliceCount: 10, duration: 0.01, riskAversion: exp(generator.uniform(-15...(-5))))
    let volumes = (0..<10).map { _ in generator.uniform(0...100) }
    let room = volumes.reduce(0, +) * 0.1
    let quantity = room * generator.uniform(0.3...0.999)
    let limited = try schedule.limited(toShare: 0.1, ofVolumes: volumes, quantity: quantity)
    expectClose(sum(limited), 1, relative: 1e-13)
    for (slice, volume) in zip(limited.slices, volumes) {
      #expect(slice.fraction * quantity <= 0.1 * volume * (1 + 1e-12))
    }
    #expect(throws: EngineError.self) {
      try schedule.limited(toShare: 0.1, ofVolumes: volumes, quantity: room * 1.001)
    }
    let free = try schedule.limited(
      toShare: 1, ofVolumes: [Double](repeating: 1e9, count: 10), quantity: 1)
    for (left, right) in zip(free.slices, schedule.slices) {
      expectClose(left.fraction, right.fraction, relative: 1e-14)
    }
  }

  @Test func randomSchedulesRepeatFromTheirSeed() throws {
    let schedule = try ExecutionSchedule.timeWeighted(sliceCount: 20, duration: 1)
    let stream = RandomStream(seed: 42, stream: 1)
    let first = try schedule.randomized(from: stream, timing: 0.8, sizing: 0.5)
    #expect(try first == schedule.randomized(from: stream, timing: 0.8, sizing: 0.5))
    #expect(
      try first
        != schedule.randomized(from: RandomStream(seed: 43, stream: 1), timing: 0.8, sizing: 0.5))
    expectClose(sum(first), 1, relative: 1e-14)
    for (left, right) in zip(first.slices, first.slices.dropFirst()) {
      #expect(left.time < right.time && left.fraction > 0)
    }
    #expect(try schedule.randomized(from: stream, timing: 0, sizing: 0).slices.count == 20)
  }

  @Test(arguments: 1...20)
  func quantitiesAreExact(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let schedule = try model().schedule(
      sliceCount: 13, duration: 0.01, riskAversion: 1e-6)
    let lot = try Amount(baseUnits: 250, decimals: 8)
    let lots = Int128(generator.uniform(0...1e6))
    let total = try Amount(baseUnits: lots * 250, decimals: 8)
    let amounts = try schedule.quantities(of: total, lot: lot)
    #expect(amounts.reduce(Int128(0)) { $0 + $1.baseUnits } == total.baseUnits)
    #expect(amounts.allSatisfy { $0.baseUnits >= 0 && $0.baseUnits % 250 == 0 })
    #expect(throws: EngineError.self) {
      try schedule.quantities(of: Amount(baseUnits: 251, decimals: 8), lot: lot)
    }
    #expect(throws: EngineError.self) {
      try schedule.quantities(of: total, lot: Amount(baseUnits: 250, decimals: 6))
    }
    #expect(throws: EngineError.self) {
      try schedule.quantities(of: total, lot: Amount(baseUnits: 0, decimals: 8))
    }
  }

  @Test func badInputIsRefused() throws {
    for number in hostileNumbers where !(number > 0 && number.isFinite) {
      #expect(throws: EngineError.self) {
        try AlmgrenChriss(
          temporaryImpact: number, permanentImpact: 0, fixedCost: 0, volatility: 1)
      }
      #expect(throws: EngineError.self) {
        try ExecutionSchedule.timeWeighted(sliceCount: 3, duration: number)
      }
      if !(number >= 0 && number.isFinite) {
        #expect(throws: EngineError.self) {
          try model().schedule(sliceCount: 3, duration: 1e-3, riskAversion: number)
        }
      }
    }
    #expect(throws: EngineError.self) {
      try ExecutionSchedule.timeWeighted(sliceCount: 0, duration: 1)
    }
    let schedule = try model().schedule(sliceCount: 9, duration: 1e-3, riskAversion: 1e-6)
    let encoded = try JSONEncoder().encode(schedule)
    #expect(try JSONDecoder().decode(ExecutionSchedule.self, from: encoded) == schedule)
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(
        ExecutionSchedule.self,
        from: Data(#"{"slices":[{"time":0.5,"fraction":0.5}],"duration":1}"#.utf8))
    }
    // Permanent impact beyond the temporary one has no optimum.
    #expect(throws: EngineError.self) {
      try model(permanent: 1).schedule(sliceCount: 3, duration: 1, riskAversion: 1)
    }
  }
}

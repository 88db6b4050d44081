import Foundation
import KeelData
import KeelEngine
import KeelTestSupport
import Testing

@Suite struct DriftAnalysisTests {
  let universe: Universe

  init() throws { universe = try Universe(["A", "B", "C"]) }

  private func analysis(
    _ values: [Int128],
    threshold: RebalancingThreshold?,
    breached: Set<AssetID> = []
  ) throws -> DriftAnalysis {
    try DriftAnalysis(
      holdings: Holdings(universe: universe, amounts: values.map { .units($0, 2) }),
      prices: Prices(universe: universe, values: [1, 1, 1]),
      target: Weights(universe: universe, values: [0.5, 0.3, 0.2]), threshold: threshold,
      alreadyBreached: breached)
  }

  @Test func measuresDrift() throws {
    let drift = try analysis([5800, 2700, 1500], threshold: RebalancingThreshold(absolute: 0.04))
    expectClose(drift.value, 100, relative: 1e-15)
    for (got, want) in zip(drift.absolute, [0.08, -0.03, -0.05]) {
      expectClose(got, want, absolute: 1e-15)
    }
    for (got, want) in zip(drift.relative, [0.16, -0.1, -0.25]) {
      expectClose(got, want, absolute: 1e-15)
    }
    #expect(drift.breached == ["A", "C"] && drift.isBreached && drift.largest == "A")
    expectClose(drift.turnoverToTarget, 0.08, absolute: 1e-15)
    #expect(drift.nearTies.isEmpty)
    let relative = try analysis(
      [5800, 2700, 1500], threshold: RebalancingThreshold(absolute: nil, relative: 0.2))
    #expect(relative.breached == ["C"])
    #expect(try !analysis([5800, 2700, 1500], threshold: nil).isBreached)
  }

  /// 0.58 − 0.5 is 0.07999999999999996 and 0.08 is not: the grid calls it a tie, which is no
  /// breach.
  @Test func ignoresRoundingAtTheLimit() throws {
    let drift = try analysis([5800, 2700, 1500], threshold: RebalancingThreshold(absolute: 0.08))
    #expect(!drift.isBreached && drift.nearTies == ["A"])
    let inside = try analysis(
      [5800, 2700, 1500], threshold: RebalancingThreshold(absolute: 0.08 - 1e-13))
    #expect(!inside.isBreached && inside.nearTies == ["A"])
    let below = try analysis(
      [5800, 2700, 1500], threshold: RebalancingThreshold(absolute: 0.079_999_99))
    #expect(below.breached == ["A"] && below.nearTies.isEmpty)
  }

  @Test func keepsABreachUntilItIsReleased() throws {
    let threshold = try RebalancingThreshold(absolute: 0.06, release: 0.5)
    #expect(try !analysis([5500, 2800, 1700], threshold: threshold).isBreached)
    #expect(
      try analysis([5500, 2800, 1700], threshold: threshold, breached: ["A"]).breached == ["A"])
    #expect(
      try analysis([5200, 2900, 1900], threshold: threshold, breached: ["A"]).breached.isEmpty)
  }

  @Test func ignoresTheOrderOfAssets() throws {
    var generator = SeededGenerator(seed: 5)
    let threshold = try RebalancingThreshold(absolute: 0.02, relative: 0.1)
    for _ in 0..<200 {
      let names = (0..<7).map { AssetID("N\($0)") }
      let amounts = names.map { _ in
        Amount.units(Int128.random(in: 0...1_000_000, using: &generator), 3)
      }
      let prices = names.map { _ in generator.uniform(0.1...900) }
      let target = names.map { _ in generator.uniform(0...0.3) }
      func run(_ order: [Int]) throws -> DriftAnalysis {
        let universe = try Universe(order.map { names[$0] })
        return try DriftAnalysis(
          holdings: Holdings(universe: universe, amounts: order.map { amounts[$0] }),
          prices: Prices(universe: universe, values: order.map { prices[$0] }),
          target: Weights(universe: universe, values: order.map { target[$0] }),
          threshold: threshold)
      }
      let plain = try run(Array(0..<7))
      let order = Array(0..<7).shuffled(using: &generator)
      let mixed = try run(order)
      #expect(mixed.value == plain.value && mixed.breached == plain.breached)
      #expect(mixed.nearTies == plain.nearTies && mixed.largest == plain.largest)
      #expect(mixed.turnoverToTarget == plain.turnoverToTarget)
      #expect(mixed.absolute == order.map { plain.absolute[$0] })
    }
  }

  @Test func handlesTargetsOfZero() throws {
    let drift = try DriftAnalysis(
      holdings: Holdings(universe: universe, amounts: [.units(1, 0), .units(1, 0), .units(0, 0)]),
      prices: Prices(universe: universe, values: [1, 1, 1]),
      target: Weights(universe: universe, values: [1, 0, 0]),
      threshold: RebalancingThreshold(absolute: nil, relative: 1))
    #expect(drift.relative == [-0.5, .infinity, 0] && drift.breached == ["B"])
  }

  @Test func namesWhatIsWrong() throws {
    #expect(throws: EngineError.portfolioWithoutValue(got: 0)) {
      try analysis([0, 0, 0], threshold: nil)
    }
    #expect(throws: EngineError.portfolioWithoutValue(got: -1)) {
      try analysis([-300, 100, 100], threshold: nil)
    }
    #expect(throws: EngineError.unknownAsset("Z")) {
      try analysis([1, 1, 1], threshold: nil, breached: ["Z"])
    }
    #expect(throws: EngineError.universeMismatch(position: 2, left: "C", right: nil)) {
      let short = try Universe(["A", "B"])
      _ = try DriftAnalysis(
        holdings: Holdings(
          universe: universe, amounts: [.units(1, 0), .units(1, 0), .units(1, 0)]),
        prices: Prices(universe: short, values: [1, 1]),
        target: Weights(universe: short, values: [0.5, 0.5]), threshold: nil)
    }
    #expect(throws: EngineError.portfolioWithoutValue(got: .infinity)) {
      try DriftAnalysis(
        holdings: Holdings(
          universe: universe, amounts: [.units(.max, 0), .units(1, 0), .units(1, 0)]),
        prices: Prices(universe: universe, values: [1e300, 1, 1]),
        target: Weights(universe: universe, values: [1, 0, 0]), threshold: nil)
    }
    for number in hostileNumbers {
      if number >= 0 && number.isFinite {
        _ = try RebalancingThreshold(absolute: number, relative: number)
      } else {
        #expect(throws: EngineError.self) { try RebalancingThreshold(absolute: number) }
        #expect(throws: EngineError.self) {
          try RebalancingThreshold(absolute: 1, relative: number)
        }
        #expect(throws: EngineError.self) { try RebalancingThreshold(absolute: 1, release: number) }
      }
    }
    let empty = try Universe([])
    #expect(throws: EngineError.portfolioWithoutValue(got: 0)) {
      try DriftAnalysis(
        holdings: Holdings(universe: empty, amounts: []),
        prices: Prices(universe: empty, values: []), target: Weights(universe: empty, values: []),
        threshold: nil)
    }
  }

  @Test func storedThresholdsAreCheckedLikeNewOnes() throws {
    let threshold = try RebalancingThreshold(absolute: 0.05, release: 0.25)
    let text = try JSONEncoder().encode(threshold)
    #expect(try JSONDecoder().decode(RebalancingThreshold.self, from: text) == threshold)
    for bad in [
      #"{"absolute":-5,"release":0.5}"#, #"{"absolute":0.1,"release":7}"#,
      #"{"relative":-1,"release":0.5}"#, #"{"absolute":0.1}"#,
      #"{"absolute":0.1,"release":-0.5}"#,
    ] {
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(RebalancingThreshold.self, from: Data(bad.utf8))
      }
    }
  }
}

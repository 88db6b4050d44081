import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets
import KeelTestSupport
import Testing

@Suite struct DeltaGammaHedgeTests {
  private static func instruments(_ sample: HedgingSample) throws -> [HedgeInstrument] {
    var cheap = sample
    cheap.costFraction = sample.costFraction / 10
    return [
      try cheap.perpetual(), try sample.option("A-P", .put, strike: 1800),
      try sample.option("B-C", .call, strike: 2200),
      try sample.option("C-C", .call, strike: 2000, days: 90),
      try sample.option("D-P", .put, strike: 1500, days: 120),
    ]
  }

  private static func sample(lot: Double = 1e-9) -> HedgingSample {
    var sample = HedgingSample()
    sample.costFraction = 0.005
    sample.lot = lot
    return sample
  }

  private static func hedge(
    _ before: DeltaGammaHedge.Sensitivities,
    _ bands: DeltaGammaHedge.Bands,
    lot: Double = 1e-9,
    isReversed: Bool = false
  ) throws -> DeltaGammaHedge {
    let instruments = try Self.instruments(sample(lot: lot))
    return try DeltaGammaHedge(
      before, bands: bands, instruments: isReversed ? instruments.reversed() : instruments,
      market: sample().market(options: instruments.dropFirst().map(\.listing.id)))
  }

  /// The bands are reached, and the dual prices prove that nothing is cheaper.
  @Test(arguments: 1...60)
  func isOptimal(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let before = DeltaGammaHedge.Sensitivities(
      delta: generator.uniform(-20...20), gamma: generator.uniform(-0.05...0.05),
      vega: generator.uniform(-5000...5000))
    var bands = DeltaGammaHedge.Bands()
    bands.delta = try HedgeBand(lower: -0.5, target: 0, upper: 0.5)
    if seed % 3 != 0 { bands.gamma = try HedgeBand(lower: -0.002, target: 0, upper: 0.001) }
    if seed % 2 == 0 { bands.vega = try HedgeBand(lower: -100, target: 0, upper: 100) }
    let hedge = try Self.hedge(before, bands)
    #expect(hedge.isFeasible && hedge.orders.count <= 3)
    #expect(hedge.relativeGap.magnitude < 1e-10)
    #expect(hedge.largestDualViolation < 1e-9)
    let cost = hedge.orders.reduce(0) { $0 + $1.cost }
    expectClose(cost, hedge.leastCost, relative: 1e-5, absolute: 1e-5)
    expectClose(hedge.after.delta, min(max(hedge.after.delta, -0.5), 0.5), absolute: 1e-6)
    #expect(try Self.hedge(before, bands, isReversed: true) == hedge)
    // What the edge gives way by is worth its price.
    var wider = bands
    wider.delta = try HedgeBand(lower: -0.501, target: 0, upper: 0.501)
    let relaxed = try Self.hedge(before, wider)
    expectClose(
      hedge.leastCost - relaxed.leastCost, 0.001 * hedge.prices[0].magnitude, absolute: 1e-6)
  }

  @Test func deltaAloneUsesTheCheapestDelta() throws {
    var bands = DeltaGammaHedge.Bands()
    bands.delta = try HedgeBand(lower: -0.1, target: 0, upper: 0.1)
    let hedge = try Self.hedge(.init(delta: 5, gamma: 0, vega: 0), bands, lot: 0.01)
    #expect(hedge.orders.map(\.id) == ["PERP"])
    expectClose(try #require(hedge.orders.first).quantity.doubleValue, -4.9, relative: 1e-12)
    expectClose(hedge.leastCost, 4.9 * 2000 * 0.0005, relative: 1e-10)
    expectClose(hedge.prices[0].magnitude, 1, relative: 1e-10)
    let inside = try Self.hedge(.init(delta: 0.05, gamma: 9, vega: 9), bands)
    #expect(inside.orders.isEmpty && inside.isInsideBands && inside.leastCost == 0)
  }

  @Test func saysWhatCannotBeReached() throws {
    var bands = DeltaGammaHedge.Bands()
    bands.gamma = try HedgeBand(lower: 0, target: 0, upper: 0.001)
    let sample = Self.sample()
    let before = DeltaGammaHedge.Sensitivities(delta: 0, gamma: -1, vega: 0)
    let hedge = try DeltaGammaHedge(
      before, bands: bands, instruments: [sample.perpetual()], market: sample.market())
    #expect(!hedge.isFeasible && hedge.orders.isEmpty && hedge.after == before)
    #expect(!hedge.isInsideBands)
    // Lots of ten contracts cannot end in a narrow band.
    let coarse = try Self.hedge(before, bands, lot: 10)
    #expect(coarse.isFeasible && !coarse.isInsideBands)
  }

  @Test func hostileInputIsRefused() throws {
    var bands = DeltaGammaHedge.Bands()
    bands.delta = try HedgeBand(lower: -0.1, target: 0, upper: 0.1)
    for number in [Double.nan, .infinity, 1e300] {
      #expect(throws: EngineError.self) {
        try Self.hedge(.init(delta: number, gamma: 0, vega: 0), bands)
      }
    }
    #expect(throws: EngineError.self) {
      try Self.hedge(.init(delta: 0, gamma: .nan, vega: 0), bands)
    }
    // Instruments without costs would be traded without limit.
    let free = HedgingSample()
    #expect(throws: EngineError.self) {
      try DeltaGammaHedge(
        .init(delta: 5, gamma: 0, vega: 0), bands: bands, instruments: [free.perpetual()],
        market: free.market())
    }
  }
}

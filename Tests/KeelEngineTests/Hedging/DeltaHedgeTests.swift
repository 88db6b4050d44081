import KeelData
import KeelDerivatives
import KeelEngine
import KeelMarkets
import KeelTestSupport
import Testing

@Suite struct DeltaHedgeTests {
  private static func hedge(
    _ delta: Double,
    band: HedgeBand,
    instruments: [HedgeInstrument],
    sample: HedgingSample = .init(),
    aim: DeltaHedge.Aim = .edge,
    horizonYears: Double = 0
  ) throws -> DeltaHedge {
    try DeltaHedge(
      delta: delta, of: "ETH", band: band, instruments: instruments, market: sample.market(),
      horizonYears: horizonYears, aim: aim)
  }

  @Test func tradesNothingInsideTheBand() throws {
    let band = try HedgeBand(lower: -1, target: 0, upper: 1)
    let hedge = try Self.hedge(0.99, band: band, instruments: [HedgingSample().perpetual()])
    #expect(hedge.reason == .insideBand && hedge.order == nil && hedge.deltaAfter == 0.99)
  }

  @Test(arguments: 1...100)
  func endsInTheBandWithTheFewestLots(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var sample = HedgingSample()
    sample.lot = [0.001, 0.01, 0.1, 0.5][seed % 4]
    sample.costFraction = 0.0005
    let band = try HedgeBand(lower: -0.5, target: generator.uniform(-0.4...0.4), upper: 0.6)
    let delta = generator.uniform(-20...20)
    for aim in DeltaHedge.Aim.allCases {
      let hedge = try Self.hedge(
        delta, band: band, instruments: [sample.perpetual()], sample: sample, aim: aim)
      if band.contains(delta) {
        #expect(hedge.order == nil)
        continue
      }
      let order = try #require(hedge.order)
      let quantity = order.quantity.doubleValue
      #expect(hedge.reason == .hedged && band.contains(hedge.deltaAfter))
      expectClose(hedge.deltaAfter, delta + quantity, absolute: 1e-9)
      expectClose(order.cost, 0.0005 * quantity.magnitude * 2000, relative: 1e-12)
      #expect((quantity > 0) == (delta < 0))
      let lots = quantity / sample.lot
      expectClose(lots, lots.rounded(), absolute: 1e-6)
      switch aim {
      case .edge:
        let fewer = delta + (quantity > 0 ? quantity - sample.lot : quantity + sample.lot)
        #expect(!band.contains(fewer))
      case .target:
        // The nearest lot, or the nearest one that ends inside.
        let past = band.target > hedge.deltaAfter ? sample.lot : -sample.lot
        let isNearest = (hedge.deltaAfter - band.target).magnitude <= sample.lot / 2 + 1e-9
        #expect(isNearest || !band.contains(hedge.deltaAfter + past))
      }
    }
  }

  @Test func choosesByCostAndCarry() throws {
    var dear = HedgingSample()
    dear.costFraction = 0.002
    var cheap = HedgingSample()
    cheap.costFraction = 0.0005
    // Longs pay 30 % a year: a short hedge earns it, whatever it costs to enter.
    dear.funding = 0.3
    let band = try HedgeBand(lower: -0.01, target: 0, upper: 0.01)
    let both = [try dear.perpetual(), try cheap.future(days: 90)]
    let long = try Self.hedge(5, band: band, instruments: both, sample: dear)
    #expect(long.order?.id == "FUT" && long.offers.count == 2)
    let held = try Self.hedge(5, band: band, instruments: both, sample: dear, horizonYears: 0.1)
    #expect(held.order?.id == "PERP")
    let perpetual = try #require(held.offers.first)
    let sold = 4.99
    expectClose(perpetual.carryCost, -sold * 2000 * 0.3 * 0.1, relative: 1e-12)
    expectClose(perpetual.totalCost, sold * 2000 * (0.002 - 0.03), relative: 1e-12)
    let reversed = try Self.hedge(5, band: band, instruments: both.reversed(), sample: dear)
    #expect(reversed == long)
  }

  @Test func inverseContractsHedgeTheirDelta() throws {
    var sample = HedgingSample()
    sample.lot = 1
    let band = try HedgeBand(lower: -0.01, target: 0, upper: 0.01)
    let hedge = try Self.hedge(
      3, band: band, instruments: [sample.inverse()], sample: sample, aim: .target)
    // Ten dollars a contract at 2000: 1/200 of a coin each.
    #expect(hedge.order?.quantity.doubleValue == -600)
    expectClose(hedge.deltaAfter, 0, absolute: 1e-12)
  }

  @Test func lotsCanBeTooLarge() throws {
    var sample = HedgingSample()
    sample.lot = 10
    let band = try HedgeBand(lower: -0.1, target: 0, upper: 0.1)
    let none = try Self.hedge(0.2, band: band, instruments: [sample.perpetual()], sample: sample)
    #expect(none.reason == .lotsTooLarge && none.order == nil && none.deltaAfter == 0.2)
    let nearer = try Self.hedge(8, band: band, instruments: [sample.perpetual()], sample: sample)
    #expect(nearer.reason == .nearer && nearer.deltaAfter == -2)
  }

  @Test func hostileInputIsRefused() throws {
    let band = try HedgeBand(lower: -1, target: 0, upper: 1)
    let perpetual = try HedgingSample().perpetual()
    for number in [Double.nan, .infinity, -.infinity] {
      #expect(throws: EngineError.self) {
        try Self.hedge(number, band: band, instruments: [perpetual])
      }
      #expect(throws: EngineError.self) {
        try Self.hedge(5, band: band, instruments: [perpetual], horizonYears: number)
      }
      #expect(throws: EngineError.self) { try HedgeBand(lower: number, target: 0, upper: 1) }
    }
    #expect(throws: EngineError.self) { try HedgeBand(lower: 1, target: 0, upper: 2) }
    #expect(throws: EngineError.self) {
      try Self.hedge(1e300, band: band, instruments: [perpetual])
    }
    #expect(throws: EngineError.unknownAsset("OTHER")) {
      try Self.hedge(5, band: band, instruments: [HedgingSample().perpetual("OTHER")])
    }
    #expect(throws: EngineError.unknownAsset("PERP")) {
      try DeltaHedge(
        delta: 5, of: "BTC", band: band, instruments: [perpetual], market: HedgingSample().market(),
        horizonYears: 0)
    }
    let empty = try Self.hedge(5, band: band, instruments: [])
    #expect(empty.reason == .lotsTooLarge)
  }
}

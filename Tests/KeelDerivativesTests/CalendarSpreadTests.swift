import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct CalendarSpreadTests {
  @Test func byHand() throws {
    let spread = try CalendarSpread(
      near: FuturesTermStructure.Point(timeToExpiry: 0.25, price: 50_000),
      far: FuturesTermStructure.Point(timeToExpiry: 0.75, price: 52_000))
    #expect(spread.price == 2_000)
    expectClose(spread.simpleCarryPerYear, 0.08, relative: 1e-15)
    expectClose(spread.continuousCarryPerYear, 2 * naturalLog(1.04), relative: 1e-15)
    #expect(spread.rollYieldPerYear == -spread.continuousCarryPerYear)
  }

  /// The far future of a curve over a coin that does not move loses its carry as it ages.
  @Test func rollYieldIsWhatAgingEarns() throws {
    let curve = try FuturesTermStructureTests.curve(100, [[0.25, 101], [0.5, 103], [1, 104]])
    let spread = try curve.calendarSpread(near: 0.25, far: 0.5)
    let earned = naturalLog(curve.forward(timeToExpiry: 0.25) / curve.forward(timeToExpiry: 0.5))
    expectClose(spread.rollYieldPerYear * 0.25, earned, relative: 1e-14)
    expectClose(
      spread.continuousCarryPerYear, curve.forwardCarryPerYear(from: 0.25, to: 0.5),
      relative: 1e-14)
  }

  @Test(arguments: 1...30)
  func profitIsThatOfItsLegs(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    func spread() throws -> CalendarSpread {
      try CalendarSpread(
        near: FuturesTermStructure.Point(
          timeToExpiry: 0.1, price: generator.uniform(90...110)),
        far: FuturesTermStructure.Point(timeToExpiry: 0.4, price: generator.uniform(90...120)))
    }
    let (entry, middle, exit) = (try spread(), try spread(), try spread())
    let quantity = generator.uniform(-10...10)
    func profit(
      _ contract: FuturesContract, _ from: CalendarSpread, _ to: CalendarSpread
    ) -> Double {
      CalendarSpread.profit(contract: contract, quantity: quantity, entry: from, exit: to)
    }
    let linear = try FuturesContract.linear(coinPerContract: 2)
    // Of a linear contract it is the change of the spread's price.
    expectClose(
      profit(linear, entry, exit), quantity * 2 * (exit.price - entry.price), absolute: 1e-11)
    let inverse = try FuturesContract.inverse(cashPerContract: 100)
    expectClose(
      profit(inverse, entry, middle) + profit(inverse, middle, exit), profit(inverse, entry, exit),
      absolute: 1e-14)
    #expect(
      profit(inverse, entry, exit)
        == -CalendarSpread.profit(
          contract: inverse, quantity: -quantity, entry: entry, exit: exit))
  }

  @Test func refusesAndRestores() throws {
    func make(_ inputs: [Double]) throws -> CalendarSpread {
      try CalendarSpread(
        near: FuturesTermStructure.Point(timeToExpiry: inputs[0], price: inputs[1]),
        far: FuturesTermStructure.Point(timeToExpiry: inputs[2], price: inputs[3]))
    }
    let spread = try make([0, 100, 0.5, 101])
    #expect(try roundTrip(spread) == spread)
    for number in hostileNumbers where !(number >= 0 && number.isFinite) {
      for place in 0..<4 {
        var inputs = [0.1, 100, 0.5, 101]
        inputs[place] = number
        #expect(throws: DerivativesError.self) { try make(inputs) }
      }
    }
    #expect(throws: DerivativesError.self) { try make([0.5, 100, 0.5, 101]) }
    #expect(throws: DecodingError.self) {
      try decoded(
        CalendarSpread.self,
        #"{"near": {"timeToExpiry": 1, "price": 1}, "far": {"timeToExpiry": 0.5, "price": 1}}"#)
    }
    let curve = try FuturesTermStructureTests.curve(100, [[0.25, 101]])
    #expect(throws: DerivativesError.self) { try curve.calendarSpread(near: 0.5, far: 0.2) }
    #expect(throws: DerivativesError.self) { try curve.calendarSpread(near: .nan, far: 0.2) }
  }
}

import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct FuturesTermStructureTests {
  static func curve(_ spot: Double, _ points: [[Double]]) throws -> FuturesTermStructure {
    try FuturesTermStructure(
      spot: spot,
      points: points.map { FuturesTermStructure.Point(timeToExpiry: $0[0], price: $0[1]) })
  }

  @Test func matchesReference() throws {
    for reference in try PerpetualsReference.load().curves {
      let curve = try Self.curve(reference.spot, reference.points)
      for row in reference.rows {
        let forward = curve.forward(timeToExpiry: row[0])
        #expect(ulps(forward, row[1]) <= 3, "\(row)")
        let bound = 1e-15 / row[0]
        expectClose(
          curve.continuousCarryPerYear(timeToExpiry: row[0]), row[2], relative: 2e-15,
          absolute: bound * 1e-1)
        expectClose(
          curve.simpleCarryPerYear(timeToExpiry: row[0]), row[3], relative: 2e-15,
          absolute: bound * 1e-1)
      }
    }
  }

  @Test(arguments: 1...40)
  func reproducesItsQuotes(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let spot = power(10, generator.uniform(0...5))
    var time = 0.0
    let points = (0..<(1 + seed % 9)).map { _ in
      time += generator.uniform(0.001...0.5)
      return FuturesTermStructure.Point(
        timeToExpiry: time, price: spot * generator.uniform(0.9...1.2))
    }
    let curve = try FuturesTermStructure(spot: spot, points: points)
    #expect(curve.forward(timeToExpiry: 0) == spot)
    for point in points {
      #expect(curve.forward(timeToExpiry: point.timeToExpiry) == point.price)
      let basis = try FuturesBasis(
        spot: spot, price: point.price, timeToExpiry: point.timeToExpiry)
      expectClose(
        curve.continuousCarryPerYear(timeToExpiry: point.timeToExpiry),
        basis.continuousCarryPerYear, relative: 1e-15)
      expectClose(
        curve.simpleCarryPerYear(timeToExpiry: point.timeToExpiry),
        basis.simpleCarryPerYear, absolute: 1e-15 / point.timeToExpiry)
      // Both sides of a point agree.
      for near in [point.timeToExpiry.nextDown, point.timeToExpiry.nextUp] {
        expectClose(curve.forward(timeToExpiry: near), point.price, relative: 1e-12)
      }
    }
    // Flat carry outside, and forward carries that average to the whole.
    let (first, last) = (points[0].timeToExpiry, points[points.count - 1].timeToExpiry)
    #expect(
      curve.continuousCarryPerYear(timeToExpiry: 0)
        == curve.continuousCarryPerYear(timeToExpiry: first / 2))
    #expect(
      curve.continuousCarryPerYear(timeToExpiry: last)
        == curve.continuousCarryPerYear(timeToExpiry: 5 * last))
    let (a, b, c) = (0.3 * last, 0.6 * last, 1.5 * last)
    let parts =
      curve.forwardCarryPerYear(from: a, to: b) * (b - a)
      + curve.forwardCarryPerYear(from: b, to: c) * (c - b)
    expectClose(parts, curve.forwardCarryPerYear(from: a, to: c) * (c - a), absolute: 1e-15)
    expectClose(
      exponential(curve.forwardCarryPerYear(from: a, to: c) * (c - a)),
      curve.forward(timeToExpiry: c) / curve.forward(timeToExpiry: a), relative: 2e-15)
    expectClose(
      curve.carryYield(rate: 0.05, timeToExpiry: a),
      0.05 - curve.continuousCarryPerYear(timeToExpiry: a), relative: 1e-15)
  }

  @Test func refusesAndRestores() throws {
    #expect(
      throws: DerivativesError.invalidValue(
        argument: "points.count", got: 0, lowest: 1, highest: .greatestFiniteMagnitude)
    ) { try FuturesTermStructure(spot: 100, points: []) }
    #expect(
      throws: DerivativesError.invalidValue(
        argument: "points[1].timeToExpiry", got: 0.5, lowest: 0.5.nextUp,
        highest: .greatestFiniteMagnitude)
    ) { try Self.curve(100, [[0.5, 101], [0.5, 102]]) }
    for number in hostileNumbers where !(number > 0 && number.isFinite) {
      #expect(throws: DerivativesError.self) { try Self.curve(number, [[0.5, 101]]) }
      #expect(throws: DerivativesError.self) { try Self.curve(100, [[number, 101]]) }
      #expect(throws: DerivativesError.self) { try Self.curve(100, [[0.1, 100], [0.5, number]]) }
    }
    let curve = try Self.curve(100, [[0.25, 101], [0.5, 103]])
    for number in hostileNumbers where !(number >= 0 && number.isFinite) {
      #expect(curve.forward(timeToExpiry: number).isNaN)
      #expect(curve.continuousCarryPerYear(timeToExpiry: number).isNaN)
      #expect(curve.simpleCarryPerYear(timeToExpiry: number).isNaN)
      #expect(curve.forwardCarryPerYear(from: 0.1, to: number).isNaN)
      #expect(curve.forwardCarryPerYear(from: number, to: 1).isNaN)
    }
    #expect(curve.forwardCarryPerYear(from: 0.3, to: 0.3).isNaN)
    #expect(try roundTrip(curve) == curve)
    #expect(throws: DecodingError.self) {
      try decoded(
        FuturesTermStructure.self,
        #"{"spot": 100, "points": [{"timeToExpiry": 1, "price": 1}, {"timeToExpiry": 1, "price": 1}]}"#
      )
    }
  }
}

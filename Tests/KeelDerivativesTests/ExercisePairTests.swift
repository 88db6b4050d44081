import KeelDerivatives
import KeelTestSupport
import Testing

/// Two boundaries: both rates negative, that of waiting for the strike less so.
@Suite struct ExercisePairTests {
  static let cases: [[Double]] = [
    [1, 100, 100, 0.1, -0.01, -0.03, 1], [1, 100, 100, 0.2, -0.01, -0.06, 3],
    [1, 100, 100, 0.08, -0.005, -0.01, 10], [1, 90, 100, 0.2, -0.01, -0.02, 5],
    [0, 100, 100, 0.1, -0.04, -0.01, 2], [0, 120, 100, 0.3, -0.05, -0.01, 4],
    [1, 80, 100, 0.25, -0.002, -0.05, 0.5], [1, 95, 100, 0.2, -0.01, -0.02, 30],
  ]

  /// Price and slope meet the payoff on both boundaries, although each was found alone.
  @Test(arguments: cases)
  func bothBoundariesAreSmooth(row: [Double]) throws {
    let example = AmericanCase(row)
    let boundary = try example.boundary(.highPrecision)
    let time = boundary.longestTime
    #expect(time > 0 && time <= example.option.timeToExpiry)
    var option = example.option
    for part in [0.1, 0.5, 0.9] {
      option.timeToExpiry = time * part
      let range = try #require(boundary.exerciseRange(timeToExpiry: option.timeToExpiry))
      let short = try ExerciseBoundary(
        of: option, volatility: example.model.volatility, rate: example.model.rate,
        carryYield: example.model.carryYield, precision: .highPrecision)
      // The boundary of a shorter option is the beginning of that of a longer one.
      let own = try #require(short.exerciseRange(timeToExpiry: option.timeToExpiry))
      expectClose(own.lowerBound, range.lowerBound, relative: 1e-8)
      expectClose(own.upperBound, range.upperBound, relative: 1e-8)
      for spot in [own.lowerBound * (1 - 1e-9), own.upperBound * (1 + 1e-9)] {
        let greeks = short.greeks(spot: spot)
        #expect(!greeks.isExercised)
        expectClose(
          greeks.price, option.exerciseValue(spot: spot), absolute: 1e-7, "\(row) \(spot)")
        expectClose(greeks.delta, option.kind == .put ? -1 : 1, absolute: 1e-5, "\(row) \(spot)")
      }
      let inside = (own.lowerBound + own.upperBound) / 2
      #expect(short.greeks(spot: inside).isExercised)
    }
  }

  /// A lattice knows nothing of boundaries, and comes to these prices in first order.
  @Test func latticesConvergeToThem() throws {
    func errors(_ stepCount: Int) throws -> (plain: Double, extrapolated: Double) {
      var lattice = try AmericanLattice(stepCount: stepCount)
      var (plain, extrapolated) = (0.0, 0.0)
      for row in Self.cases {
        let example = AmericanCase(row)
        let boundary = try example.boundary()
        for spot in [60.0, 80, 95, 100, 110, 150] {
          var model = example.model
          model.spot = spot
          let value = lattice.value(of: example.option, in: model)
          let price = boundary.price(spot: spot)
          let bound = example.latticeError(stepCount: stepCount)
          expectClose(value.plainPrice, price, absolute: bound, "\(row) \(spot)")
          plain += (value.plainPrice - price) * (value.plainPrice - price)
          extrapolated += (value.price - price) * (value.price - price)
        }
      }
      return (plain.squareRoot(), extrapolated.squareRoot())
    }
    let (coarse, fine) = (try errors(501), try errors(2001))
    let order = naturalLog(coarse.plain / fine.plain) / naturalLog(2001.0 / 501)
    #expect(order > 0.9, "\(order)")
    #expect(fine.extrapolated < coarse.extrapolated / 3, "\(coarse) \(fine)")
    #expect(fine.extrapolated < fine.plain / 2, "\(coarse) \(fine)")
  }

  /// Beyond the volatility |√(−2r) − √(−2q)| the boundaries meet, below it they never do.
  @Test func boundariesMeetAboveACriticalVolatility() throws {
    let (rate, yield) = (-0.01, -0.02)
    let critical = (2 * 0.02).squareRoot() - (2 * 0.01).squareRoot()
    func boundary(_ volatility: Double) throws -> ExerciseBoundary {
      try ExerciseBoundary(
        of: AmericanOption(kind: .put, strike: 100, timeToExpiry: 200), volatility: volatility,
        rate: rate, carryYield: yield)
    }
    #expect(try boundary(critical * 0.95).longestTime == 200)
    let meeting = try boundary(critical * 2.5)
    #expect(meeting.longestTime < 200)
    let last = try #require(meeting.exerciseRange(timeToExpiry: meeting.longestTime * 0.999_999))
    expectClose(last.lowerBound, last.upperBound, relative: 1e-3)
    #expect(meeting.exerciseRange(timeToExpiry: meeting.longestTime * 1.001) == nil)
    // High and accurate find the same meeting.
    let fine = try ExerciseBoundary(
      of: AmericanOption(kind: .put, strike: 100, timeToExpiry: 200),
      volatility: critical * 2.5, rate: rate, carryYield: yield, precision: .highPrecision)
    expectClose(meeting.longestTime, fine.longestTime, relative: 1e-5)
  }

  @Test func approximationsRefuse() {
    let example = AmericanCase(Self.cases[0])
    #expect(BaroneAdesiWhaley(model: example.model).price(of: example.option).isNaN)
    #expect(BjerksundStensland(model: example.model).price(of: example.option).isNaN)
  }
}

import KeelData
import KeelDerivatives
import KeelMarkets
import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct ReverseStressTests {
  private struct Case: Decodable {
    struct Option: Decodable {
      var asset, days: Int
      var isCall: Bool
      var strike, volatility, quantity: Double
    }
    var spots, mean, units, moves: [Double]
    var covariance: [[Double]]
    var rate, loss, distance: Double
    var options: [Option]

    var assets: [AssetID] { spots.indices.map { AssetID("A\($0)") } }

    func test() throws -> StressTest {
      let universe = try Universe(["USD"] + assets)
      var market = MarketSnapshot(
        time: Sample.start, universe: universe, prices: [1] + spots, rate: rate)
      var (listings, positions) = ([Listing](), [Account.Position]())
      for (place, option) in options.enumerated() {
        let id = AssetID("O\(place)")
        listings.append(
          try Sample.option(
            id, option.isCall ? .call : .put, strike: option.strike, days: option.days,
            on: assets[option.asset]))
        market.quotes[id] = .option(volatility: option.volatility, carryYield: 0)
        positions.append(.init(id, quantity: try Sample.amount(option.quantity)))
      }
      let long = units.map { max($0, 0) }
      // Holdings are not negative: short spot is a future at the spot's price.
      for (place, units) in units.enumerated() where units < 0 {
        let id = AssetID("F\(place)")
        listings.append(
          try Listing(
            id,
            .perpetual(
              .linear(coinPerContract: 1), underlying: assets[place],
              margin: MaintenanceTiers.flat(0.01)), costFraction: 0, gas: 0))
        market.quotes[id] = .contract(price: spots[place], funding: nil)
        positions.append(
          .init(id, quantity: try Sample.amount(units), entryPrice: spots[place]))
      }
      return try StressTest(
        account: Account(
          cash: "USD",
          holdings: Holdings(
            universe: universe, amounts: [Sample.amount(1000)] + long.map { try Sample.amount($0) }),
          positions: positions), market: market, catalog: Catalog(listings))
    }

    func law() throws -> (covariance: Covariance, mean: ExpectedReturns) {
      let universe = try Universe(assets)
      return (
        try Covariance(universe: universe, dense: SymmetricMatrix(rows: covariance)),
        try ExpectedReturns(universe: universe, values: mean)
      )
    }
  }
  private struct File: Decodable { var reverses: [Case] }

  @Test func matchesReferences() throws {
    for reference in try Reference.load(File.self, "stress_paths").reverses {
      let test = try reference.test()
      let (covariance, mean) = try reference.law()
      let found = try test.reverse(
        loss: reference.loss, covariance: covariance, expectedReturns: mean, unit: .logarithm)
      expectClose(found.distance, reference.distance, relative: 1e-9)
      for (move, expected) in zip(found.moves.values, reference.moves) {
        expectClose(move, expected, absolute: 1e-5)
      }
      #expect(found.isStationary && found.angle < 1e-6 && found.agreement.ended >= 1)
      // The scenario says the same as the moves.
      let size = zip(reference.spots, reference.units).reduce(100) { $0 + ($1.0 * $1.1).magnitude }
      expectClose(found.loss, reference.loss, absolute: 1e-10 * size)
      #expect(try test.outcome(of: found.scenario).loss == found.loss)
    }
  }

  /// No direction of a fine fan loses as much at a smaller distance.
  @Test func bruteForceInTwoDimensionsFindsNothingNearer() throws {
    let references = try Reference.load(File.self, "stress_paths").reverses
    for reference in references where reference.spots.count == 2 {
      let test = try reference.test()
      let (covariance, mean) = try reference.law()
      let found = try test.reverse(
        loss: reference.loss, covariance: covariance, expectedReturns: mean, unit: .logarithm)
      let matrix = covariance.matrix
      let (a, b) = (matrix[0, 0].squareRoot(), matrix[1, 0] / matrix[0, 0].squareRoot())
      let c = (matrix[1, 1] - b * b).squareRoot()
      var rows: [[Double]] = []
      for step in 0..<360 {
        let angle = Double(step) * .pi / 180
        for share in [0.2, 0.5, 0.8, 0.95, 0.9999] {
          let radius = share * found.distance
          let (x, y) = (radius * cos(angle), radius * sin(angle))
          rows.append([mean.values[0] + a * x, mean.values[1] + b * x + c * y])
        }
      }
      let losses = try test.losses(
        in: ScenarioSet(universe: covariance.universe, outcomes: Matrix(rows: rows)),
        unit: .logarithm)
      #expect(losses.allSatisfy { $0 < reference.loss })
    }
  }

  /// Spot alone in fractions is linear, and has a closed form.
  @Test(arguments: 1...6) func linearBooksHaveAClosedForm(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let assets: [AssetID] = ["BTC", "ETH"]
    let universe = try Universe(assets)
    let correlation = generator.uniform(-0.9...0.9)
    let covariance = try Covariance(
      universe: universe,
      dense: SymmetricMatrix(rows: [
        [0.0016, 0.0024 * correlation], [0.0024 * correlation, 0.0036],
      ]))
    let mean = try ExpectedReturns(universe: universe, values: [0.001, -0.002])
    let test = try StressTest(
      account: Sample.account(positions: []), market: Sample.market(), catalog: Catalog())
    let exposures = try Weights(universe: universe, values: [0.5 * 40_000, 3 * 2200])
    let expected = try ReverseStress.linear(
      loss: 2500, exposures: exposures, expectedReturns: mean, covariance: covariance)
    let found = try test.reverse(
      loss: 2500, covariance: covariance, expectedReturns: mean, unit: .fraction)
    expectClose(found.distance, expected.distance, relative: 1e-10)
    for (move, exact) in zip(found.moves.values, expected.moves.values) {
      expectClose(move, exact, relative: 1e-8)
    }
    let lost = zip(expected.moves.values, exposures.values).reduce(0) { $0 - $1.0 * $1.1 }
    expectClose(lost, 2500, relative: 1e-13)
    // More to lose is farther away.
    let more = try test.reverse(
      loss: 3000, covariance: covariance, expectedReturns: mean, unit: .fraction)
    #expect(more.distance > found.distance)
  }

  /// One asset of which another is a copy: the covariance is singular, and the moves stay equal.
  @Test func singularCovariancesAreFollowed() throws {
    let universe = try Universe(["BTC", "ETH"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(rows: [[0.01, 0.02], [0.02, 0.04]]))
    let test = try StressTest(
      account: Sample.account(positions: []), market: Sample.market(), catalog: Catalog())
    let found = try test.reverse(loss: 5000, covariance: covariance, unit: .fraction)
    expectClose(found.moves.values[1], 2 * found.moves.values[0], relative: 1e-12)
    expectClose(found.moves.values[0], -5000 / (20_000 + 2 * 6600.0), relative: 1e-9)
    expectClose(found.distance, -found.moves.values[0] / 0.1, relative: 1e-9)
  }

  @Test func wholeAccountsAreSearched() throws {
    let test = try Sample.test()
    let universe = try Universe(["BTC", "ETH", "USDC"])
    let covariance = try Covariance(
      universe: universe,
      dense: SymmetricMatrix(rows: [
        [0.0025, 0.0025, 0], [0.0025, 0.0049, 0], [0, 0, 1e-6],
      ]))
    var beside = Scenario("beside")
    beside.volatilityShift = 0.1
    beside.commonMoveFraction = 0.3
    beside.pegMoves["USDC"] = -0.001
    let loss = 0.2 * test.equity
    let found = try test.reverse(
      loss: loss, covariance: covariance, unit: .logarithm, beside: beside)
    expectClose(found.loss, loss, relative: 1e-9)
    #expect(found.isStationary && found.evaluationCount > 0)
    #expect(found.scenario.volatilityShift == 0.1 && found.scenario.commonMoveFraction == 0)
    #expect(found.scenario.pegMoves["USDC"] != nil)
  }

  @Test func whatCannotBeLostIsSaid() throws {
    let universe = try Universe(["BTC", "ETH"])
    let covariance = try Covariance(
      universe: universe, dense: SymmetricMatrix(rows: [[0.01, 0], [0, 0.01]]))
    let test = try StressTest(
      account: Sample.account(positions: []), market: Sample.market(), catalog: Catalog())
    let error = #expect(throws: RiskError.self) {
      try test.reverse(loss: 1e6, covariance: covariance, unit: .logarithm)
    }
    guard case .lossNotReached(let wanted, let largest)? = error else {
      Issue.record("a loss above the equity was found")
      return
    }
    #expect(wanted == 1e6 && largest < test.equity && largest > 0.5 * 26_600)
    #expect(
      RiskError.lossNotReached(wanted: 5, largest: 2).description
        == "no move within the search loses 5.0, the largest loss seen is 2.0")
    // Means that lose as much are at no distance.
    let mean = try ExpectedReturns(universe: universe, values: [-0.5, -0.5])
    let fallen = try test.reverse(
      loss: 100, covariance: covariance, expectedReturns: mean, unit: .fraction)
    #expect(fallen.distance == 0 && fallen.moves == mean)
    for loss in [0, -1, Double.nan, .infinity] {
      #expect(throws: RiskError.self) {
        try test.reverse(loss: loss, covariance: covariance, unit: .logarithm)
      }
    }
    let unknown = try Covariance(
      universe: Universe(["DOGE"]), dense: SymmetricMatrix(rows: [[0.01]]))
    #expect(throws: RiskError.unknownInstrument("DOGE")) {
      try test.reverse(loss: 10, covariance: unknown, unit: .logarithm)
    }
    let flat = try ReverseStress.linear(
      loss: 1, exposures: Weights(universe: universe, values: [0, 0]), covariance: covariance)
    #expect(flat.distance == .infinity)
  }

  private static func plain(
    spots: [Double],
    units: [Double],
    deviation: Double
  ) throws -> (test: StressTest, covariance: Covariance) {
    let rows = spots.indices.map { i in
      spots.indices.map { $0 == i ? deviation * deviation : 0 }
    }
    let book = Case(
      spots: spots, mean: spots.map { _ in 0 }, units: units, moves: [], covariance: rows, rate: 0,
      loss: 0, distance: 0, options: [])
    return (try book.test(), try book.law().covariance)
  }

  /// A move beyond what a scenario may say ends a direction, not the search.
  @Test func farMovesEndADirectionAndNotTheSearch() throws {
    let (test, covariance) = try Self.plain(spots: [100], units: [-1], deviation: 1)
    var settings = ReverseStress.Settings()
    for distance in [15, 1000.0] {
      settings.largestDistance = distance
      let error = #expect(throws: RiskError.self) {
        try test.reverse(loss: 2e8, covariance: covariance, unit: .logarithm, settings: settings)
      }
      guard case .lossNotReached(_, let largest)? = error else {
        Issue.record("not the loss is named but \(String(describing: error))")
        continue
      }
      expectClose(largest, 100 * expm1(13.8), relative: 1e-12)
      let found = try test.reverse(
        loss: 9e7, covariance: covariance, unit: .logarithm, settings: settings)
      expectClose(found.distance, log1p(9e5), relative: 1e-12)
    }
    let mean = try ExpectedReturns(universe: covariance.universe, values: [14])
    #expect(throws: RiskError.self) {
      try test.reverse(
        loss: 1, covariance: covariance, expectedReturns: mean, unit: .logarithm)
    }
  }

  /// The nearest move of a linear book would have a fraction below −1: the search stops at the edge and says so.
  @Test func fractionsStayAboveMinusOne() throws {
    let (test, covariance) = try Self.plain(spots: [100, 10], units: [1, -1], deviation: 0.5)
    let found = try test.reverse(loss: 105, covariance: covariance, unit: .fraction)
    let moves = found.moves.values
    #expect(moves[0] > -1)
    for (asset, move) in zip(covariance.universe.assets, moves) {
      #expect(found.scenario.spotMoves[asset] == move)
    }
    expectClose(found.loss, 105, relative: 1e-9)
    expectClose(
      found.distance, (moves[0] * moves[0] + moves[1] * moves[1]).squareRoot() / 0.5,
      relative: 1e-12)
    // At the edge the other asset has to rise by one half.
    expectClose(found.distance, 5.0.squareRoot(), relative: 1e-6)
    #expect(!found.isStationary)
  }
}

import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct ValuesTests {
  private func days(_ count: Int) throws -> [Timestamp] {
    let start = try Timestamp(parsing: "2020-01-01")
    return try (0..<count).map { try start.advanced(byDays: $0) }
  }

  @Test func universes() throws {
    let universe = try Universe(["B", "A"])
    #expect(universe.position(of: "A") == 1 && universe.position(of: "Z") == nil)
    #expect(throws: DataError.invalidAsset("A", reason: .duplicate(position: 2))) {
      try Universe(["A", "B", "A"])
    }
    #expect(throws: DataError.invalidAsset("", reason: .emptyName(position: 0))) {
      try Universe([""])
    }
    #expect(throws: DataError.universeMismatch(position: 0, left: "B", right: "A")) {
      try universe.requireEqual(Universe(["A", "B"]))
    }
    #expect(throws: DataError.universeMismatch(position: 1, left: "A", right: nil)) {
      try universe.requireEqual(Universe(["B"]))
    }
    #expect(throws: DataError.invalidAsset("Z", reason: .unknown)) {
      try universe.requiredPosition(of: "Z")
    }
  }

  /// A part of a universe is the universe of its names, and so is a part of a part.
  @Test(arguments: 1...50)
  func partsOfUniverses(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let names = (0..<30).map { AssetID("\($0 * 7 % 30)") }.shuffled(using: &generator)
    let whole = try Universe(names)
    func part(_ count: Int, of universe: Universe) throws -> Universe {
      let places = universe.assets.indices.shuffled(using: &generator).prefix(count)
      let part = Universe(uncheckedPlaces: Array(places), of: universe)
      let same = try Universe(places.map { universe.assets[$0] })
      #expect(part == same && part.hashValue == same.hashValue)
      #expect(part.positionsByName == same.positionsByName)
      #expect(part.names.bytes == same.names.bytes && part.names.ends == same.names.ends)
      for name in names + ["none"] { #expect(part.position(of: name) == same.position(of: name)) }
      return part
    }
    let half = try part(15, of: whole)
    _ = try part(30, of: whole)
    _ = try part(6, of: part(15, of: half))
    #expect(try part(0, of: half).count == 0)
  }

  @Test func pricesAreNotReturns() throws {
    let universe = try Universe(["A", "B"])
    let half = [0.01, -0.02, 0.5, 9, -0.9]
    let returns = half + half
    let coin: [Double] = [7200, 7300, 7100, 7000, 6900]
    let stable: [Double] = [0.9998, 1.0001, 1, 0.9999, 1]
    for prices in [coin + coin, stable + stable, [Double](repeating: 0.5, count: 10)] {
      let values = try Matrix(columns: [returns, prices])
      #expect(SimpleReturns.looksLikePrices(prices))
      let expected: [() throws -> Void] = [
        { _ = try SimpleReturns(universe: universe, timestamps: days(10), values: values) },
        { _ = try LogReturns(universe: universe, timestamps: days(10), values: values) },
      ]
      for make in expected {
        let error = #expect(throws: DataError.self) { try make() }
        guard case .invalidValue(_, "B", nil, _, _, _) = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
      }
    }
    let allButOne = [Double](repeating: 9, count: 9) + [0.49]
    for fine in [returns, allButOne, [Double](repeating: 0.4, count: 10)] {
      let values = try Matrix(columns: [returns, fine])
      #expect(throws: Never.self) {
        try SimpleReturns(universe: universe, timestamps: days(10), values: values)
      }
    }
    // Nine rows are too few to judge.
    #expect(throws: Never.self) {
      try SimpleReturns(
        universe: Universe(["A"]), timestamps: days(9),
        values: Matrix(columns: [[Double](repeating: 9, count: 9)]))
    }
  }

  @Test func refusesBadReturns() throws {
    let universe = try Universe(["A"])
    for bad in [Double.nan, .infinity, -.infinity, -1.0000001, -1e300] {
      let error = #expect(throws: DataError.self) {
        try SimpleReturns(
          universe: universe, timestamps: days(2), values: Matrix(columns: [[0, bad]]))
      }
      guard case .invalidValue(_, "A", 1, _, _, _) = error else {
        Issue.record("\(bad)")
        continue
      }
    }
    #expect(throws: DataError.self) {
      try SimpleReturns(
        universe: universe, timestamps: days(2), values: Matrix(columns: [[0, -2]]))
    }
    let log = try LogReturns(
      universe: universe, timestamps: days(2), values: Matrix(columns: [[0, 800]]))
    #expect(throws: DataError.self) { try log.simpleReturns() }
  }

  @Test func portfolioReturns() throws {
    let returns = try SimpleReturns(
      universe: Universe(["A", "B"]), timestamps: days(2),
      values: Matrix(rows: [[0.1, -0.2], [0.5, 0.25]]))
    let weights = try Weights(universe: returns.universe, values: [0.5, 0.25])
    #expect(try returns.portfolioReturns(weights: weights) == [0.0, 0.3125])
    #expect(throws: DataError.universeMismatch(position: 0, left: "A", right: "B")) {
      try returns.portfolioReturns(
        weights: Weights(universe: Universe(["B", "A"]), values: [0.5, 0.25]))
    }
    #expect(throws: DataError.self) {
      try returns.portfolioReturns(
        weights: Weights(universe: returns.universe, values: [1.7e308, -1.7e308]))
        + SimpleReturns(
          universe: returns.universe, timestamps: days(1), values: Matrix(rows: [[1e10, 1e10]])
        ).portfolioReturns(
          weights: Weights(universe: returns.universe, values: [1.7e308, -1.7e308]))
    }
  }

  @Test func holdings() throws {
    let universe = try Universe(["BTC", "USDC"])
    let holdings = try Holdings(
      universe: universe,
      amounts: [Amount("0.5", decimals: 8), Amount("10000", decimals: 6)])
    let prices = try Prices(universe: universe, values: [40_000, 1])
    #expect(try holdings.values(prices: prices) == [20_000, 10_000])
    #expect(try holdings.value(prices: prices) == 30_000)
    let weights = try holdings.weights(prices: prices)
    #expect(weights["BTC"] == 20_000.0 / 30_000)
    #expect(holdings["USDC"]?.description == "10000.000000")
    #expect(holdings["ETH"] == nil && prices["ETH"] == nil)
    #expect(throws: DataError.self) {
      try holdings.value(prices: Prices(universe: Universe(["USDC", "BTC"]), values: [1, 1]))
    }
    #expect(throws: DataError.self) {
      try holdings.value(prices: Prices(universe: universe, values: [1e308, 1e308]))
    }
    #expect(throws: DataError.shapeMismatch(argument: "amounts", got: 0, required: 2)) {
      try Holdings(universe: universe, amounts: [])
    }
    let nothing = try Holdings(
      universe: universe, amounts: [Amount(zeroWithDecimals: 8), Amount(zeroWithDecimals: 6)])
    #expect(try nothing.value(prices: prices) == 0)
    #expect(throws: DataError.self) { try nothing.weights(prices: prices) }
  }

  @Test func annualization() throws {
    #expect(Annualization.dailyContinuous.periodsPerYear == 365)
    #expect(Annualization.dailyContinuous.linear(0.001) == 0.365)
    #expect(Annualization.hourlyContinuous.volatility(1) == 8760.0.squareRoot())
    for bad in hostileNumbers where !(bad > 0 && bad.isFinite) {
      #expect(throws: DataError.self) { try Annualization(periodsPerYear: bad) }
    }
  }

  @Test func covariances() throws {
    let universe = try Universe(["A", "B"])
    let matrix = try SymmetricMatrix(rows: [[0.04, 0.01], [0.01, 0.09]])
    let covariance = try Covariance(universe: universe, dense: matrix)
    #expect(covariance.matrix == matrix)
    expectClose(covariance.standardDeviations[1], 0.3, relative: 1e-15)
    for rows in [
      [[0.04, 0.07], [0.07, 0.09]], [[-0.04, 0], [0, 0.09]], [[0, 0.01], [0.01, 0.09]],
      [[.nan, 0], [0, 1]], [[1, .infinity], [.infinity, 1]],
    ] {
      #expect(throws: DataError.self, "\(rows)") {
        try Covariance(universe: universe, dense: SymmetricMatrix(rows: rows))
      }
    }
    #expect(throws: DataError.self) {
      try Covariance(universe: Universe(["A"]), dense: matrix)
    }
  }

  @Test func vectors() throws {
    let universe = try Universe(["A", "B"])
    for bad in [Double.nan, .infinity, -.infinity] {
      #expect(throws: DataError.self) { try Weights(universe: universe, values: [0, bad]) }
      #expect(throws: DataError.self) { try ExpectedReturns(universe: universe, values: [0, bad]) }
    }
    #expect(throws: DataError.self) { try Weights(universe: universe, values: [1]) }
    let weights = try Weights(universe: universe, values: [0.25, 0.5])
    #expect(weights["B"] == 0.5 && weights["Z"] == nil && weights.total == 0.75)
  }

  @Test func errorsReadWell() {
    #expect(
      DataError.invalidTable(
        file: "p.csv", line: 3, column: 2, value: "1,5", reason: .notANumber
      ).description == "p.csv:3, column 2: \"1,5\": notANumber")
    #expect(
      DataError.missingPrice(asset: "BTC", row: 4, availability: .halted).description
        == "no price of BTC in row 4: halted")
  }

  @Test func valuesAreSendable() async throws {
    func require<each Value: Sendable>(_ types: repeat (each Value).Type) {}
    require(
      AssetID.self, Universe.self, Timestamp.self, CivilTime.self, Annualization.self,
      PriceHistory.self, Prices.self, Availability.self, GapPolicy.self, SimpleReturns.self,
      LogReturns.self, ExpectedReturns.self, Covariance.self, Weights.self, Holdings.self,
      Amount.self, AmountRounding.self, CSVTable.self, DataError.self)
    let amount = try Amount("1.5", decimals: 8)
    let text = await Task.detached { "\(amount)" }.value
    #expect(text == "1.50000000")
  }
}

import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

/// Rows of a day each, from 2020-01-01.
private func days(_ count: Int) throws -> [Timestamp] {
  let start = try Timestamp(parsing: "2020-01-01")
  return try (0..<count).map { try start.advanced(byDays: $0) }
}

private func history(_ text: String) throws(DataError) -> PriceHistory {
  try PriceHistory(wide: CSVTable(text, file: "p.csv"))
}

/// A complete random walk.
private func walk(seed: Int, rowCount: Int, assetCount: Int) throws -> PriceHistory {
  var generator = SeededGenerator(seed: UInt64(seed))
  var columns: [[Double]] = []
  for _ in 0..<assetCount {
    var price = generator.uniform(0.01...50_000)
    columns.append(
      (0..<rowCount).map { _ in
        price *= 1 + generator.uniform(-0.3...0.3)
        return price
      })
  }
  return try PriceHistory(
    universe: Universe((0..<assetCount).map { AssetID("A\($0)") }),
    timestamps: days(rowCount), prices: Matrix(columns: columns))
}

@Suite struct PriceHistoryTests {
  private let ragged = """
    date,A,B,C
    2020-01-01,1,,8
    2020-01-02,2,,8
    2020-01-03,4,10,8
    2020-01-04,,10,8
    2020-01-05,8,5,8
    2020-01-06,8,5,
    2020-01-07,16,5,
    """

  @Test func reads() throws {
    let prices = try history(ragged)
    #expect(prices.rowCount == 7 && prices.assetCount == 3 && !prices.isComplete)
    #expect(prices.price(row: 0, asset: "A") == 1)
    #expect(prices.price(row: 0, asset: "B") == nil)
    #expect(prices.availability(row: 0, asset: "B") == .notListed)
    #expect(prices.availability(row: 3, asset: "A") == .noTrade)
    #expect(prices.price(row: 7, asset: "A") == nil && prices.price(row: -1, asset: "A") == nil)
    #expect(prices.price(row: 0, asset: "Z") == nil)
    #expect(prices[4, 1] == 5)
    #expect(try prices.prices(row: 2).values == [4, 10, 8])
    #expect(throws: DataError.missingPrice(asset: "B", row: 0, availability: .notListed)) {
      try prices.completePrices()
    }
    #expect(throws: DataError.missingPrice(asset: "C", row: 6, availability: .noTrade)) {
      try prices.lastPrices()
    }
    #expect(throws: DataError.shapeMismatch(argument: "row", got: .max, required: 7)) {
      try prices.prices(row: .max)
    }
  }

  @Test func completeWindowIsTheLongestLatestRun() throws {
    let prices = try history(ragged)
    #expect(try prices.completeWindow().timestamps == Array(prices.timestamps[4..<5]))
    #expect(try prices.selecting(["A", "C"]).completeWindow().rowCount == 3)
    #expect(throws: DataError.self) { try prices.prefix(2).completeWindow() }
    #expect(throws: DataError.self) { try prices.prefix(0).completeWindow() }
  }

  @Test func gapPolicies() throws {
    let prices = try history(ragged)
    #expect(throws: DataError.missingPrice(asset: "B", row: 0, availability: .notListed)) {
      try prices.simpleReturns()
    }
    #expect(throws: DataError.missingPrice(asset: "C", row: 5, availability: .noTrade)) {
      try prices.simpleReturns(gaps: .commonWindow)
    }
    let pair = try prices.selecting(["A", "C"])
    #expect(throws: DataError.missingPrice(asset: "A", row: 3, availability: .noTrade)) {
      try pair.simpleReturns()
    }
    let returns = try pair.simpleReturns(gaps: .commonWindow)
    #expect(returns.timestamps == Array(prices.timestamps[1...2]))
    #expect(returns.values == (try Matrix(rows: [[1, 0], [1, 0]])))
    let single = try prices.selecting(["B"]).simpleReturns(gaps: .commonWindow)
    #expect(single.values.columnMajorElements == [0, -0.5, 0, 0])
  }

  @Test func delistingBooksTheLoss() throws {
    let prices = try history(ragged)
    let delisted = try prices.delisting("C", from: 5, recovery: 0.25)
    #expect(delisted.availability(row: 6, asset: "C") == .delisted(recovery: 0.25))
    let pair = try delisted.selecting(["B", "C"])
    let returns = try pair.simpleReturns(gaps: .commonWindow)
    // Rows 3 to 5: the last one holds the delisting, row 6 has no return of C.
    #expect(returns.timestamps == Array(prices.timestamps[3...5]))
    #expect(returns.values == (try Matrix(rows: [[0, 0], [-0.5, 0], [0, -0.75]])))
    #expect(
      throws: DataError.missingPrice(
        asset: "C", row: 6, availability: .delisted(recovery: 0.25))
    ) { try delisted.selecting(["C"]).simpleReturns() }
    #expect(try delisted.selecting(["C"]).prefix(6).simpleReturns().values[4, 0] == -0.75)
    expectClose(
      try pair.logReturns(gaps: .commonWindow).values[2, 1], -1.3862943611198906, relative: 1e-15)

    let total = try prices.delisting("C", from: 5, recovery: 0).selecting(["C"]).prefix(6)
    #expect(try total.simpleReturns().values[4, 0] == -1)
    #expect(throws: DataError.self) { try total.logReturns() }
    #expect(throws: DataError.self) { try total.simpleReturns().logReturns() }
  }

  @Test func refusesImpossibleDelistings() throws {
    let prices = try history(ragged)
    for recovery in [-0.1, .nan, .infinity] {
      #expect(throws: DataError.self) { try prices.delisting("C", from: 5, recovery: recovery) }
    }
    #expect(throws: DataError.self) { try prices.delisting("C", from: 4, recovery: 0) }
    #expect(throws: DataError.self) { try prices.delisting("C", from: 7, recovery: 0) }
    #expect(throws: DataError.self) { try prices.delisting("C", from: .min, recovery: 0) }
    #expect(throws: DataError.invalidAsset("Z", reason: .unknown)) {
      try prices.delisting("Z", from: 5, recovery: 0)
    }
    #expect(
      throws: DataError.missingPrice(asset: "B", row: 0, availability: .delisted(recovery: 1))
    ) { try prices.prefix(2).delisting("B", from: 0, recovery: 1) }
    let one = try Matrix(columns: [[1, 1, 1]])
    let universe = try Universe(["A"])
    for availability: [Availability] in [
      [.delisted(recovery: 0), .delisted(recovery: 0), .delisted(recovery: 0)],
      [.value, .delisted(recovery: 0), .value],
      [.value, .delisted(recovery: 0), .noTrade],
      [.value, .delisted(recovery: 0), .delisted(recovery: 0.5)],
      [.value, .value, .delisted(recovery: -1)],
      [.value, .value, .delisted(recovery: .nan)],
    ] {
      #expect(throws: DataError.self, "\(availability)") {
        try PriceHistory(
          universe: universe, timestamps: days(3), prices: one, availability: availability)
      }
    }
  }

  @Test(arguments: 1...40)
  func theFutureCannotBeReached(seed: Int) throws {
    let rowCount = 3 + seed % 20
    let prices = try walk(seed: seed, rowCount: rowCount, assetCount: 1 + seed % 4)
    let other = try walk(seed: seed + 1000, rowCount: rowCount, assetCount: 1 + seed % 4)
    for cut in 0..<rowCount {
      let now = prices.timestamps[cut]
      let known = prices.until(now)
      #expect(known.rowCount == cut + 1)
      #expect(known == prices.prefix(cut + 1))
      // Scramble the future: the view does not change.
      var elements: [[Double]] = []
      for j in 0..<prices.assetCount {
        elements.append(
          (0..<rowCount).map { ($0 <= cut ? prices[$0, j] : other[$0, j]) ?? .nan })
      }
      let scrambled = try PriceHistory(
        universe: prices.universe, timestamps: prices.timestamps,
        prices: Matrix(columns: elements))
      #expect(scrambled.until(now) == known)
      #expect(scrambled.until(now).hashValue == known.hashValue)
      let later = try now.advanced(byNanoseconds: 1)
      let earlier = try now.advanced(byNanoseconds: -1)
      #expect(prices.until(later) == known)
      #expect(prices.until(earlier).rowCount == cut)
      #expect(prices.after(now).rowCount == rowCount - cut - 1)
    }
  }

  @Test(arguments: 1...20)
  func returnsOfPartsArePartsOfReturns(seed: Int) throws {
    let prices = try walk(seed: seed, rowCount: 25, assetCount: 3)
    let simple = try prices.simpleReturns()
    let logs = try prices.logReturns()
    for cut in 2...25 {
      let now = prices.timestamps[cut - 1]
      #expect(try prices.until(now).simpleReturns() == simple.until(now))
      #expect(try prices.until(now).logReturns() == logs.prefix(cut - 1))
      #expect(try prices.suffix(cut).simpleReturns() == simple.suffix(cut - 1))
      #expect(try prices.suffix(cut).logReturns() == logs.suffix(cut - 1))
    }
  }

  @Test func looksUpRowsAndSeries() throws {
    let prices = try history(ragged)
    for (i, time) in prices.timestamps.enumerated() { #expect(prices.row(at: time) == i) }
    #expect(prices.row(at: .distantPast) == nil && prices.row(at: .distantFuture) == nil)
    #expect(try prices.row(at: prices.timestamps[3].advanced(byNanoseconds: 1)) == nil)
    #expect(try prices.prices(of: "A") == [1, 2, 4, nil, 8, 8, 16])
    #expect(throws: DataError.invalidAsset("Z", reason: .unknown)) { try prices.prices(of: "Z") }
  }

  @Test func aLaterDelistingIsNotKnown() throws {
    let prices = try history(ragged)
    let delisted = try prices.delisting("C", from: 5, recovery: 0.25)
    #expect(delisted.until(prices.timestamps[4]) == prices.until(prices.timestamps[4]))
    #expect(delisted.until(prices.timestamps[5]) != prices.until(prices.timestamps[5]))
    #expect(delisted.until(.distantPast).rowCount == 0)
    #expect(delisted.until(.distantFuture) == delisted)
  }

  @Test func partsClampTheirCounts() throws {
    let prices = try history(ragged)
    for count in [Int.min, -1, 0] {
      #expect(prices.prefix(count).rowCount == 0 && prices.suffix(count).rowCount == 0)
      #expect(prices.dropLast(count) == prices)
    }
    for count in [7, 8, Int.max] {
      #expect(prices.prefix(count) == prices && prices.suffix(count) == prices)
      #expect(prices.dropLast(count).rowCount == 0)
    }
    #expect(prices.suffix(2).timestamps == Array(prices.timestamps[5...6]))
    #expect(prices.dropLast(2) == prices.prefix(5))
    #expect(throws: DataError.invalidAsset("Z", reason: .unknown)) {
      try prices.selecting(["A", "Z"])
    }
    #expect(throws: DataError.self) { try prices.selecting(["A", "A"]) }
    #expect(try prices.selecting([]).assetCount == 0)
  }

  @Test(arguments: 1...40)
  func returnsCommuteWithPermutations(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let prices = try walk(seed: seed, rowCount: 12, assetCount: 6)
    let order = prices.universe.assets.shuffled(using: &generator)
    let permuted = try prices.selecting(order)
    #expect(try permuted.simpleReturns() == prices.simpleReturns().selecting(order))
    #expect(try permuted.logReturns() == prices.logReturns().selecting(order))

    let weights = order.map { _ in generator.uniform(-1...1) }
    let byName = Dictionary(uniqueKeysWithValues: zip(order, weights))
    let left = try permuted.simpleReturns().portfolioReturns(
      weights: Weights(universe: permuted.universe, values: weights))
    let right = try prices.simpleReturns().portfolioReturns(
      weights: Weights(
        universe: prices.universe, values: prices.universe.assets.compactMap { byName[$0] }))
    #expect(left == right)
  }

  @Test(arguments: 1...40)
  func returnsRebuildPrices(seed: Int) throws {
    let prices = try walk(seed: seed, rowCount: 30, assetCount: 3)
    let simple = try prices.simpleReturns()
    let logs = try prices.logReturns()
    let converted = try simple.logReturns()
    let back = try logs.simpleReturns()
    for j in 0..<3 {
      var sum = 0.0
      for i in 0..<29 {
        sum += logs.values[i, j]
        expectClose(converted.values[i, j], logs.values[i, j], absolute: 1e-15)
        expectClose(back.values[i, j], simple.values[i, j], absolute: 1e-15)
      }
      let first = try #require(prices[0, j])
      let last = try #require(prices[29, j])
      expectClose(sum, .log(last / first), absolute: 1e-14)
    }
  }

  @Test func smallReturnsKeepTheirDigits() throws {
    // Exact: ln(1 + 2⁻⁴⁰) = 2⁻⁴⁰ − 2⁻⁸¹ + …
    let step = 0x1p-40
    let prices = try PriceHistory(
      universe: Universe(["A"]), timestamps: days(2), prices: Matrix(columns: [[1, 1 + step]]))
    #expect(try prices.simpleReturns().values[0, 0] == step)
    expectClose(
      try prices.logReturns().values[0, 0], step - step * step / 2, relative: 2.3e-16)
  }

  @Test func extremePrices() throws {
    let prices = try PriceHistory(
      universe: Universe(["A"]), timestamps: days(3),
      prices: Matrix(columns: [[.leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e-300]]))
    #expect(throws: DataError.self) { try prices.simpleReturns() }
    // ln of the largest double less ln of the least one, and so on, at 40 digits.
    let logs = try prices.logReturns()
    expectClose(logs.values[0, 0], 1454.2227848147653, relative: 1e-15)
    expectClose(logs.values[1, 0], -1400.5582407915977, relative: 1e-15)
  }

  @Test func refusesHostileInput() throws {
    let universe = try Universe(["A", "B"])
    for bad in hostileNumbers where !(bad > 0 && bad.isFinite) {
      #expect(throws: DataError.self) {
        try PriceHistory(
          universe: universe, timestamps: days(2), prices: Matrix(rows: [[1, 1], [1, bad]]))
      }
      #expect(throws: DataError.self) { try Prices(universe: universe, values: [1, bad]) }
    }
    let fine = try Matrix(rows: [[1, 2], [3, 4]])
    #expect(throws: DataError.self) {
      try PriceHistory(universe: universe, timestamps: days(3), prices: fine)
    }
    #expect(throws: DataError.self) {
      try PriceHistory(universe: Universe(["A"]), timestamps: days(2), prices: fine)
    }
    #expect(throws: DataError.self) {
      try PriceHistory(
        universe: universe, timestamps: days(2), prices: fine, availability: [.value])
    }
    let same = try days(1)[0]
    #expect(
      throws: DataError.invalidTimestamp(
        row: 1, reason: .unordered(timestamp: same, previous: same))
    ) { try PriceHistory(universe: universe, timestamps: [same, same], prices: fine) }
    let empty = try PriceHistory(
      universe: Universe([]), timestamps: [], prices: Matrix(rowCount: 0, columnCount: 0))
    #expect(empty.isComplete && empty.until(.distantFuture).rowCount == 0)
    #expect(throws: DataError.self) { try empty.simpleReturns() }
    #expect(throws: DataError.self) { try empty.lastPrices() }
    #expect(try empty.completePrices().rowCount == 0)
  }
}

extension Double {
  /// The natural logarithm, from the series of the inverse hyperbolic tangent.
  fileprivate static func log(_ value: Double) -> Double {
    let ln2 = 0.6931471805599453
    let exponent = Double(value.exponent)
    let z = (value.significand - 1) / (value.significand + 1)
    var sum = 0.0
    for k in stride(from: 61, through: 1, by: -2) { sum = sum * z * z + 1 / Double(k) }
    return exponent * ln2 + 2 * z * sum
  }
}

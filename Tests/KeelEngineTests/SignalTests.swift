import Foundation
import KeelData
import KeelEngine
import KeelMarkets
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct SignalTests {
  private func day(_ i: Int) -> Timestamp {
    Timestamp(nanosecondsSinceEpoch: Int64(i) * 86_400_000_000_000)
  }

  /// Seeded walks, one of them with a gap.
  private func history(rows: Int = 120, seed: UInt64 = 3, drift: Double = 0) throws -> PriceHistory
  {
    let universe = try Universe(["A", "B", "C", "D"])
    let stream = RandomStream(seed: seed)
    var values: [Double] = []
    for j in 0..<4 {
      var price = 100.0
      for i in 0..<rows {
        price *= exp((j == 0 ? drift : 0) + 0.03 * stream.normal(at: UInt64(j * rows + i)))
        values.append(price)
      }
    }
    var availability = [Availability](repeating: .value, count: 4 * rows)
    availability[3 * rows + rows - 5] = .noTrade
    return try PriceHistory(
      universe: universe, timestamps: (0..<rows).map(day),
      prices: Matrix(rowCount: rows, columnCount: 4, columnMajor: values),
      availability: availability)
  }

  private var signals: [any Signal] {
    get throws {
      [
        try MovingAverageSignal(fast: 5, slow: 20, width: 1),
        try MomentumSignal(lookback: 30, skip: 3, width: 1.5),
        try SeriesSignal(
          series: "funding", center: 0, width: -0.3,
          maximumAgeNanoseconds: 3 * 86_400_000_000_000),
      ]
    }
  }

  private func series(rows: Int) -> ObservedSeries {
    let stream = RandomStream(seed: 8)
    return ObservedSeries(
      (0..<rows).map { i in
        .init(
          time: day(i),
          values: ["A": stream.normal(at: UInt64(i)), "B": i % 7 == 0 ? .nan : 0.1])
      })
  }

  /// Decisions at t are the same when the future is deleted or scrambled.
  @Test func theFutureCannotBeSeen() throws {
    let all = try history()
    let other = try history(seed: 99)
    for signal in try signals {
      for row in stride(from: 25, to: 115, by: 9) {
        let time = day(row)
        let full = SignalView(history: all, series: ["funding": series(rows: 120)], time: time)
        let cut = SignalView(
          history: all.prefix(row + 1), series: ["funding": series(rows: row + 1)], time: time)
        #expect(signal.scores(full) == signal.scores(cut))
        #expect(full.history == cut.history)
      }
    }
    #expect(other.rowCount == all.rowCount)
    let regime = try VolatilityRegime(
      halfLife: 10, lower: 0.2, upper: 0.5, annualization: Annualization.dailyContinuous)
    let full = SignalView(history: all, time: day(60))
    #expect(
      regime.reading(full) == regime.reading(SignalView(history: all.prefix(61), time: day(60))))
  }

  @Test func scoresAreByHand() throws {
    let rows = 40
    let universe = try Universe(["A"])
    let prices = (0..<rows).map { exp(0.01 * Double($0)) }
    let history = try PriceHistory(
      universe: universe, timestamps: (0..<rows).map(day),
      prices: Matrix(rowCount: rows, columnCount: 1, columnMajor: prices))
    let view = SignalView(history: history, time: day(rows))
    // A steady rise of 1 % a row: the deviation about zero is 0.01.
    let momentum = try MomentumSignal(lookback: 9, skip: 0, width: 10)
    expectClose(
      try #require(momentum.scores(view)["A"]), 0.09 / (10 * 0.01 * 3), relative: 1e-12)
    let skipping = try MomentumSignal(lookback: 9, skip: 5, width: 10)
    expectClose(
      try #require(skipping.scores(view)["A"]), 0.04 / (10 * 0.01 * 2), relative: 1e-12)
    let average = try MovingAverageSignal(fast: 1, slow: 5, width: 10)
    let mean = (0..<5).reduce(0) { $0 + exp(-0.01 * Double($1)) } / 5
    expectClose(
      try #require(average.scores(view)["A"]), -log(mean) / (10 * 0.01 * 2), relative: 1e-12)
    // Steep rises are cut at one, and too short a history is no opinion.
    #expect(try MomentumSignal(lookback: 20, skip: 0, width: 0.1).scores(view)["A"] == 1)
    #expect(try MomentumSignal(lookback: 60, skip: 0, width: 1).scores(view)["A"] == nil)
    #expect(try MomentumSignal(lookback: 9, skip: 0, width: 1).scores(view)["Z"] == nil)
  }

  @Test func gapsAndStaleSeriesAreNoOpinion() throws {
    let history = try history()
    let view = SignalView(history: history, series: ["funding": series(rows: 110)], time: day(119))
    for signal in try signals.prefix(2) {
      #expect(signal.scores(view)["D"] == nil && signal.scores(view)["A"] != nil)
    }
    let last = try signals[2].scores(view)
    #expect(last.values.allSatisfy { $0 == nil })
    let fresh = try signals[2].scores(
      SignalView(history: history, series: ["funding": series(rows: 110)], time: day(111)))
    #expect(fresh["A"] != nil && fresh["C"] == nil)
    #expect(
      try signals[2].scores(SignalView(history: history, time: day(111)))["A"] == nil)
  }

  private func book(bid: [Double], ask: [Double]) throws -> OrderBook {
    try OrderBook(
      bids: bid.enumerated().map { .init(price: 99 - Double($0.offset), quantity: $0.element) },
      asks: ask.enumerated().map { .init(price: 101 + Double($0.offset), quantity: $0.element) })
  }

  /// Imbalances of order books become scores, when they are known and as long as they are fresh.
  @Test func bookImbalanceIsASignal() throws {
    let history = try history(rows: 4)
    let signal = try SeriesSignal(
      series: "imbalance", center: 0, width: 0.5, maximumAgeNanoseconds: 86_400_000_000_000)
    // Within 2.5 %: 6 against 10 units, almost only bids, and none in reach; a side that is empty is no book.
    let far = try OrderBook(
      bids: [.init(price: 90, quantity: 3)], asks: [.init(price: 110, quantity: 50)])
    #expect(throws: MarketsError.self) { try book(bid: [4], ask: []) }
    #expect(throws: MarketsError.self) { try book(bid: [], ask: [4]) }
    let books = [
      "A": try book(bid: [1, 5], ask: [2, 8, 100]), "B": try book(bid: [30], ask: [0.1]),
      "C": far, "D": try? book(bid: [4], ask: []),
    ]
    let imbalances = ObservedSeries([
      .init(
        time: day(1),
        values: .init(
          uniqueKeysWithValues: books.compactMap { name, book in
            book.map { (AssetID(name), $0.imbalance(within: 0.025)) }
          })),
      .init(time: day(3), values: ["A": try book(bid: [9], ask: [1]).imbalance(within: 0.025)]),
    ])
    func scores(_ time: Timestamp) -> SignalScores {
      signal.scores(SignalView(history: history, series: ["imbalance": imbalances], time: time))
    }
    // (6 − 10) / 16 over one half; beyond one half it is cut at one; without a book there is no opinion.
    let first = scores(day(1))
    expectClose(try #require(first["A"]), -0.5, relative: 1e-15)
    #expect(first["B"] == 1 && first["C"] == 0 && first["D"] == nil)
    // Nothing before it is known, the same a day later, nothing when stale, and the next book replaces it.
    #expect(scores(day(0)).values == [nil, nil, nil, nil])
    #expect(scores(day(2)) == first)
    #expect(
      scores(Timestamp(nanosecondsSinceEpoch: day(2).nanosecondsSinceEpoch + 1)).values
        == [nil, nil, nil, nil])
    expectClose(try #require(scores(day(3))["A"]), 1, relative: 1e-15)
    #expect(scores(day(3))["B"] == nil)
    // Any book gives a score from −1 to 1, of the sign of its imbalance.
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<200 {
      let random = try book(
        bid: (0..<4).map { _ in generator.uniform(0.01...100) },
        ask: (0..<4).map { _ in generator.uniform(0.01...100) })
      let value = random.imbalance(within: generator.uniform(0...0.05))
      let view = SignalView(
        history: history,
        series: ["imbalance": ObservedSeries([.init(time: day(2), values: ["A": value])])],
        time: day(2))
      let score = try #require(signal.scores(view)["A"])
      #expect(score.magnitude <= 1 && score * value >= 0)
      expectClose(score, min(max(2 * value, -1), 1), relative: 1e-15)
    }
  }

  @Test func regimesHaveHysteresis() throws {
    let universe = try Universe(["A"])
    // Calm, stressed, in between, calm.
    let sizes = [(60, 0.005), (30, 0.06), (40, 0.02), (90, 0.004)]
    var prices = [100.0]
    for (count, size) in sizes {
      for i in 0..<count {
        prices.append(prices[prices.count - 1] * exp(i % 2 == 0 ? size : -size))
      }
    }
    let history = try PriceHistory(
      universe: universe, timestamps: prices.indices.map(day),
      prices: Matrix(rowCount: prices.count, columnCount: 1, columnMajor: prices))
    let regime = try VolatilityRegime(
      halfLife: 5, lower: 0.25, upper: 0.7, annualization: Annualization.dailyContinuous)
    func state(_ row: Int) -> VolatilityRegime.State? {
      regime.reading(SignalView(history: history, time: day(row)))?.state
    }
    #expect(state(0) == nil && state(59) == .calm && state(85) == .stressed)
    #expect(state(129) == .stressed && state(210) == .calm)
    let reading = try #require(
      regime.reading(SignalView(history: history, time: day(59))))
    expectClose(reading.volatility, 0.005 * 365.0.squareRoot(), relative: 1e-10)
    #expect(reading.age == 59)
  }

  @Test(arguments: 1...30)
  func tiltsStayInsideTheirBudget(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let universe = try Universe(["A", "B", "C", "D", "E"])
    var matrix = try SymmetricMatrix(order: 5)
    for i in 0..<5 {
      for j in 0...i { matrix[i, j] = i == j ? 0.04 + 0.01 * Double(i) : 0.01 }
    }
    let covariance = try Covariance(universe: universe, dense: matrix)
    let strategic = try Weights(universe: universe, values: [0.4, 0.3, 0.2, 0.1, 0])
    func scores() throws -> SignalScores {
      try SignalScores(
        universe: universe,
        values: (0..<5).map { _ in
          generator.uniform() < 0.2 ? nil : generator.uniform(-1.5...1.5)
        })
    }
    let signals = [(try scores(), 1.0), (try scores(), generator.uniform(0...2))]
    let tilts = try TacticalTilts(largestTilt: 0.1, activeRiskBudget: 0.01)
    let result = try tilts.weights(
      strategic: strategic, signals: signals, covariance: covariance)
    let x = zip(result.weights.values, strategic.values).map { $0 - $1 }
    expectClose(result.weights.values.reduce(0, +), 1, absolute: 1e-14)
    #expect(result.weights.values.allSatisfy { $0 >= 0 } && x.allSatisfy { abs($0) <= 0.1 + 1e-15 })
    var variance = 0.0
    for i in 0..<5 { for j in 0..<5 { variance += x[i] * x[j] * matrix[i, j] } }
    expectClose(result.activeRisk, variance.squareRoot(), absolute: 1e-12)
    #expect(result.activeRisk <= 0.01 * (1 + 1e-12) && result.scale <= 1)
    // An asset without an opinion keeps its weight.
    for i in 0..<5 where result.scores.values[i] == nil { #expect(x[i] == 0) }
    let none = try tilts.weights(strategic: strategic, signals: [], covariance: covariance)
    #expect(none.weights == strategic && none.activeRisk == 0)
  }

  @Test func badInputIsRefused() throws {
    #expect(throws: EngineError.self) { try MovingAverageSignal(fast: 5, slow: 5, width: 1) }
    #expect(throws: EngineError.self) { try MovingAverageSignal(fast: 0, slow: 5, width: 1) }
    #expect(throws: EngineError.self) { try MomentumSignal(lookback: 5, skip: 4, width: 1) }
    #expect(throws: EngineError.self) { try MomentumSignal(lookback: 5, skip: 0, width: .nan) }
    #expect(throws: EngineError.self) {
      try SeriesSignal(series: "x", center: 0, width: 0, maximumAgeNanoseconds: 1)
    }
    #expect(throws: EngineError.self) {
      try TacticalTilts(largestTilt: 0, activeRiskBudget: 1)
    }
    #expect(throws: EngineError.self) {
      try VolatilityRegime(
        halfLife: 1, lower: 2, upper: 1, annualization: Annualization.dailyContinuous)
    }
    let universe = try Universe(["A", "B"])
    #expect(throws: EngineError.self) { try SignalScores(universe: universe, values: [1]) }
    let scores = try SignalScores(universe: universe, values: [.nan, 7])
    #expect(scores.values == [nil, 1])
  }
}

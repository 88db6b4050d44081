import Foundation
import KeelMarkets
import KeelTestSupport
import Testing

@Suite struct OrderBookTests {
  private func book() throws -> OrderBook {
    try OrderBook(
      bids: [.init(price: 99, quantity: 1), .init(price: 98, quantity: 5)],
      asks: [.init(price: 101, quantity: 2), .init(price: 103, quantity: 4)])
  }

  @Test func fillsWalkTheLevels() throws {
    let book = try book()
    #expect(book.middlePrice == 100 && book.spreadFraction == 0.02)
    let bought = try book.fill(.buy, quantity: 3)
    expectClose(bought.averagePrice, (2 * 101 + 103) / 3.0, relative: 1e-15)
    #expect(bought.worstPrice == 103)
    expectClose(bought.cost, 5, relative: 1e-15)
    expectClose(bought.costFraction, 5.0 / 300, relative: 1e-15)
    let sold = try book.fill(.sell, quantity: 0.5)
    #expect(sold.averagePrice == 99 && sold.cost == 0.5)
    #expect(throws: MarketsError.notEnoughDepth(wanted: 7, available: 6)) {
      try book.fill(.buy, quantity: 7)
    }
    #expect(book.depth(for: .buy, within: 0.01) == 2 && book.depth(for: .sell, within: 0.02) == 6)
    expectClose(book.imbalance(within: 0.01), -1.0 / 3, relative: 1e-15)
  }

  /// The curve's pieces add to the cost of every fill.
  @Test(arguments: 1...20)
  func curvesAreConvexAndAddUp(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    func levels(_ direction: Double) -> [OrderBook.Level] {
      var price = 100 + direction * generator.uniform(0.01...0.1)
      return (0..<20).map { _ in
        defer { price += direction * generator.uniform(0.01...0.5) }
        return .init(price: price, quantity: generator.uniform(0.1...10))
      }
    }
    let book = try OrderBook(bids: levels(-1), asks: levels(1))
    for side in OrderBook.Side.allCases {
      let curve = book.costCurve(for: side)
      for (left, right) in zip(curve, curve.dropFirst()) {
        #expect(left.upTo < right.upTo && left.costPerUnit <= right.costPerUnit)
      }
      for _ in 0..<20 {
        let quantity = generator.uniform(0.01...book.depth(for: side))
        var (start, cost) = (0.0, 0.0)
        for piece in curve {
          cost += max(0, min(quantity, piece.upTo) - start) * piece.costPerUnit
          start = piece.upTo
        }
        expectClose(try book.fill(side, quantity: quantity).cost, cost, relative: 1e-12)
      }
    }
  }

  @Test func badBooksAreRefused() throws {
    let good = OrderBook.Level(price: 99, quantity: 1)
    let ask = OrderBook.Level(price: 101, quantity: 1)
    #expect(throws: MarketsError.self) { try OrderBook(bids: [], asks: [ask]) }
    #expect(throws: MarketsError.crossedBook(bid: 101, ask: 101)) {
      try OrderBook(bids: [ask], asks: [ask])
    }
    #expect(throws: MarketsError.unordered(argument: "bids", place: 1)) {
      try OrderBook(bids: [good, good], asks: [ask])
    }
    for number in hostileNumbers where !(number > 0 && number.isFinite) {
      #expect(throws: MarketsError.self) {
        try OrderBook(bids: [.init(price: number, quantity: 1)], asks: [ask])
      }
      #expect(throws: MarketsError.self) {
        try OrderBook(bids: [good], asks: [.init(price: 101, quantity: number)])
      }
      #expect(throws: MarketsError.self) { try book().fill(.buy, quantity: number) }
    }
    let encoded = try JSONEncoder().encode(book())
    #expect(try JSONDecoder().decode(OrderBook.self, from: encoded) == book())
  }
}

@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct OrderBookRealDataTests {
  @Test func aSnapshotIsRead() throws {
    let rows = try #require(try Reference.realRows("orderbook_xrpusdt_perp_l2.csv.gz"))
    func levels(_ side: String) throws -> [OrderBook.Level] {
      try rows.filter { $0["type"] == "snapshot" && $0["side"] == side }.map {
        .init(
          price: try #require(Double($0["price"] ?? "")),
          quantity: try #require(Double($0["size"] ?? "")))
      }
    }
    let book = try OrderBook(
      bids: levels("bid").sorted { $0.price > $1.price },
      asks: levels("ask").sorted { $0.price < $1.price })
    #expect(book.bids.count == 500 && book.asks.count == 500 && book.spreadFraction < 1e-3)
    var last = 0.0
    for quantity in [1e3, 1e4, 1e5, 1e6] {
      let fill = try book.fill(.sell, quantity: quantity)
      #expect(fill.costFraction >= last)
      last = fill.costFraction
    }
  }
}

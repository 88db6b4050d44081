import Foundation
import KeelEngine
import KeelMarkets
import KeelTestSupport
import Testing

/// Random venues around a price of 100: books and pools, some with a fixed cost.
private func randomVenues(
  _ seed: Int,
  count: Int,
  pools: Bool = true,
  fixedCosts: Bool = true
) throws -> [TradingVenue] {
  var generator = SeededGenerator(seed: UInt64(seed))
  return try (0..<count).map { number in
    let middle = 100 * (1 + 0.01 * generator.gaussian())
    let liquidity: TradingVenue.Liquidity
    if pools && generator.uniform(0...1) < 0.4 {
      let reserve = generator.uniform(50...500)
      liquidity = .pool(
        try ConstantProductPool(
          assetReserve: reserve, cashReserve: reserve * middle,
          feeFraction: generator.uniform(0...0.003)))
    } else {
      func levels(_ sign: Double) -> [OrderBook.Level] {
        var price = middle
        return (0..<6).map { _ in
          price += sign * generator.uniform(0.01...0.4)
          return .init(price: price, quantity: generator.uniform(0.5...10))
        }
      }
      liquidity = .book(try OrderBook(bids: levels(-1), asks: levels(1)))
    }
    return try TradingVenue(
      "venue \(number)", liquidity, feeFraction: generator.uniform(0...0.001),
      fixedCost: fixedCosts && generator.uniform(0...1) < 0.4 ? generator.uniform(0...5) : 0)
  }
}

@Suite struct TradingVenueTests {
  /// The marginal price is the derivative of the cash, and its inverse gives the quantity back.
  @Test(arguments: 1...20)
  func marginalPricesAreDerivatives(seed: Int) throws {
    for venue in try randomVenues(seed, count: 6) {
      for side in OrderBook.Side.allCases {
        for quantity in [0.1, 1.3, 4.7] {
          let price = venue.marginalPrice(side, after: quantity)
          let step = 1e-6
          let slope =
            (venue.cash(side, quantity: quantity + step)
              - venue.cash(side, quantity: quantity - step)) / (2 * step)
          expectClose(slope, price, relative: 1e-6)
          let back = venue.quantity(side, atNoWorseThan: price)
          if case .pool = venue.liquidity {
            expectClose(back, quantity, relative: 1e-10)
            let swap: ConstantProductPool.Swap
            guard case .pool(let pool) = venue.liquidity else { continue }
            swap = try side == .buy ? pool.buy(quantity) : pool.sell(quantity)
            let traded = side == .buy ? swap.paid : swap.received
            let fee = side == .buy ? 1 + venue.feeFraction : 1 - venue.feeFraction
            expectClose(venue.cash(side, quantity: quantity), traded * fee, relative: 1e-12)
          } else {
            #expect(back >= quantity)
          }
        }
      }
    }
  }

  @Test func badNumbersAreAnswered() throws {
    let venue = try randomVenues(3, count: 1)[0]
    for side in OrderBook.Side.allCases {
      for number in hostileNumbers {
        #expect(venue.marginalPrice(side, after: number).isNaN == !(number >= 0))
        #expect(venue.quantity(side, atNoWorseThan: number) >= 0)
        #expect(venue.cash(side, quantity: number).isNaN == !(number >= 0))
      }
    }
    for number in hostileNumbers where !(0...0.5).contains(number) {
      #expect(throws: MarketsError.self) {
        try TradingVenue("v", venue.liquidity, feeFraction: number)
      }
    }
    let stored = try JSONEncoder().encode(venue)
    #expect(try JSONDecoder().decode(TradingVenue.self, from: stored) == venue)
  }
}

@Suite struct VenueRoutingTests {
  /// Books alone: the cheapest levels of all books, sorted.
  @Test(arguments: 1...40)
  func takesTheCheapestLevels(seed: Int) throws {
    let venues = try randomVenues(seed, count: 4, pools: false, fixedCosts: false)
    for side in OrderBook.Side.allCases {
      var levels: [(price: Double, quantity: Double)] = []
      for venue in venues {
        guard case .book(let book) = venue.liquidity else { continue }
        let fee = side == .buy ? 1 + venue.feeFraction : 1 - venue.feeFraction
        levels += book.levels(for: side).map { ($0.price * fee, $0.quantity) }
      }
      levels.sort { side == .buy ? $0.price < $1.price : $0.price > $1.price }
      let depth = venues.reduce(0) { $0 + $1.depth(side) }
      for quantity in [0.3, 5, 0.7 * depth, depth] {
        var (left, cash) = (quantity, 0.0)
        for level in levels {
          cash += min(left, level.quantity) * level.price
          left -= min(left, level.quantity)
        }
        let found = try VenueRouting(side, quantity: quantity, over: venues)
        expectClose(found.cash, cash, relative: 1e-12)
        expectClose(found.legs.reduce(0) { $0 + $1.quantity }, quantity, relative: 1e-12)
        expectClose(found.legs.reduce(0) { $0 + $1.cash }, found.cash, relative: 1e-12)
        #expect(found.largestViolation < 1e-11)
      }
      #expect(throws: EngineError.self) {
        try VenueRouting(side, quantity: depth * 1.001, over: venues)
      }
    }
  }

  /// No split of a grid is cheaper, whatever venues and fixed costs.
  @Test(arguments: 1...30)
  func beatsEverySplitOfAGrid(seed: Int) throws {
    let venues = try randomVenues(seed, count: 3)
    let side = OrderBook.Side.allCases[seed % 2]
    let quantity = [1.0, 6, 13][seed % 3]
    let found = try VenueRouting(side, quantity: quantity, over: venues)
    #expect(found.largestViolation < 1e-9)
    let steps = 60
    for i in 0...steps {
      for j in 0...(steps - i) {
        let parts = [i, j, steps - i - j].map { quantity * Double($0) / Double(steps) }
        var cash = 0.0
        var isPossible = true
        for (venue, part) in zip(venues, parts) where part > 0 {
          if part > venue.depth(side) { isPossible = false }
          let traded = venue.cash(side, quantity: part)
          cash += side == .buy ? traded + venue.fixedCost : traded - venue.fixedCost
        }
        guard isPossible else { continue }
        if side == .buy {
          #expect(cash >= found.cash * (1 - 1e-12))
        } else {
          #expect(cash <= found.cash * (1 + 1e-12))
        }
      }
    }
  }

  @Test func badOrdersAreRefused() throws {
    let venues = try randomVenues(5, count: 3)
    for number in hostileNumbers where !(number > 0 && number < 5) {
      #expect(throws: EngineError.self) {
        try VenueRouting(.buy, quantity: number, over: venues)
      }
    }
    #expect(throws: EngineError.self) { try VenueRouting(.buy, quantity: 1, over: []) }
    let costly = try (0..<13).map {
      try TradingVenue("\($0)", venues[0].liquidity, fixedCost: 1)
    }
    #expect(throws: EngineError.self) { try VenueRouting(.buy, quantity: 1, over: costly) }
  }
}

@Suite struct VenueArbitrageTests {
  /// Two pools: at the best quantity the marginal prices meet, in closed form.
  @Test(arguments: [(0.0, 0.0), (0.003, 0.003), (0.0005, 0.01)])
  func poolsMeetInTheirClosedForm(fees: (near: Double, far: Double)) throws {
    let near = try ConstantProductPool(
      assetReserve: 100, cashReserve: 9000, feeFraction: fees.near)
    let far = try ConstantProductPool(assetReserve: 80, cashReserve: 8000, feeFraction: fees.far)
    let found = try VenueArbitrage(
      over: [TradingVenue("near", .pool(near)), TradingVenue("far", .pool(far))])
    // √(k₁/γ₁)/(x₁ − q) = √(k₂ γ₂)/(x₂ + γ₂ q)
    let (keptNear, keptFar) = (1 - fees.near, 1 - fees.far)
    let (a, b) = ((900_000 / keptNear).squareRoot(), (640_000 * keptFar).squareRoot())
    let quantity = (b * 100 - a * 80) / (b + a * keptFar)
    expectClose(found.quantity, quantity, relative: 1e-9)
    let profit = try far.sell(quantity).received - near.buy(quantity).paid
    expectClose(found.profit, profit, relative: 1e-9)
    #expect(found.purchase?.legs.map(\.venue) == ["near"])
    #expect(found.sale?.legs.map(\.venue) == ["far"])
  }

  /// No quantity of a grid gains more, and a limit is kept.
  @Test(arguments: 1...25)
  func beatsEveryQuantityOfAGrid(seed: Int) throws {
    let venues = try randomVenues(seed, count: 4)
    let limit = 8.0
    let found = try VenueArbitrage(over: venues, largestQuantity: limit)
    #expect(found.profit >= 0 && found.quantity <= limit * (1 + 1e-12))
    #expect((found.purchase == nil) == (found.profit == 0))
    if let purchase = found.purchase, let sale = found.sale {
      expectClose(sale.cash - purchase.cash, found.profit, relative: 1e-9)
      let names = Set(purchase.legs.map(\.venue))
      #expect(sale.legs.allSatisfy { !names.contains($0.venue) })
    }
    for step in 1...80 {
      let quantity = limit * Double(step) / 80
      guard let bought = try? VenueRouting(.buy, quantity: quantity, over: venues),
        let sold = try? VenueRouting(.sell, quantity: quantity, over: venues)
      else { continue }
      #expect(sold.cash - bought.cash <= found.profit + 1e-9)
    }
  }

  @Test func nothingIsGainedAmongEqualVenues() throws {
    let book = try OrderBook(
      bids: [.init(price: 99, quantity: 5)], asks: [.init(price: 101, quantity: 5)])
    let venues = try ["a", "b"].map { try TradingVenue($0, .book(book)) }
    let found = try VenueArbitrage(over: venues)
    #expect(found.profit == 0 && found.quantity == 0 && found.purchase == nil)
    #expect(try VenueArbitrage(over: []).profit == 0)
    for number in hostileNumbers where !(number > 0 && number.isFinite) {
      #expect(throws: EngineError.self) {
        try VenueArbitrage(over: venues, largestQuantity: number)
      }
    }
  }
}

@Suite struct TransferPlanTests {
  private static func bridge(
    _ fee: Double,
    _ fixed: Double,
    loss: Double = 0
  ) throws -> Bridge {
    try Bridge(
      feeFraction: fee, fixedFee: fixed, delay: 0.01, failureRate: loss, lossGivenFailure: 1)
  }

  /// One place that needs cash, several that have some: the best of all subsets, cheapest rate first.
  @Test(arguments: 1...40)
  func equalsEnumeration(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let count = 4
    let held = (0..<count).map { _ in generator.uniform(20...100) }
    let bridges = try (0..<count).map { _ in
      try Self.bridge(
        generator.uniform(0...0.01), generator.uniform(0...1), loss: generator.uniform(0...1))
    }
    let wanted = generator.uniform(10...150)
    var best = Double.infinity
    for subset in 1..<(1 << count) {
      let used = (0..<count).filter { subset >> $0 & 1 == 1 }
      // With the fixed fees paid, what one more unit that arrives costs orders the sources.
      func rate(_ k: Int) -> Double {
        let bridge = bridges[k]
        let lost = bridge.failureProbability * bridge.lossGivenFailure
        return (bridge.feeFraction + lost * (1 - bridge.feeFraction)) / (1 - bridge.feeFraction)
      }
      var missing = wanted + used.reduce(0) { $0 + bridges[$1].fixedFee }
      var cost = used.reduce(0.0) {
        let lost = bridges[$1].failureProbability * bridges[$1].lossGivenFailure
        return $0 + bridges[$1].fixedFee * (1 - lost)
      }
      for k in used.sorted(by: { rate($0) < rate($1) }) {
        let arriving = min(missing, held[k] * (1 - bridges[k].feeFraction))
        cost += arriving * rate(k)
        missing -= arriving
      }
      if missing <= 1e-12 { best = min(best, cost) }
    }
    func plan() throws -> TransferPlan {
      try TransferPlan(
        held: Dictionary(uniqueKeysWithValues: held.enumerated().map { ("s\($0)", $1) }),
        wanted: ["d": wanted],
        routes: bridges.enumerated().map { .init(from: "s\($0)", to: "d", $1) })
    }
    guard best.isFinite else {
      #expect(throws: EngineError.self) { try plan() }
      return
    }
    let found = try plan()
    expectClose(found.expectedCost, best, relative: 1e-6)
    #expect(found.lowerBound <= found.expectedCost && found.lowerBound >= best * (1 - 1e-5))
    #expect(found.balances["d", default: 0] >= wanted - 1e-9 * 500)
    #expect(found.balances.values.allSatisfy { $0 >= -1e-9 * 500 })
  }

  /// Two cheap bridges beat a dear one, and what is enough already moves nothing.
  @Test func sendsOnWhatArrives() throws {
    let routes = [
      TransferPlan.Route(from: "a", to: "c", try Self.bridge(0.02, 0)),
      TransferPlan.Route(from: "a", to: "b", try Self.bridge(0.001, 0)),
      TransferPlan.Route(from: "b", to: "c", try Self.bridge(0.001, 0)),
    ]
    let found = try TransferPlan(held: ["a": 100], wanted: ["c": 50], routes: routes)
    #expect(found.transfers.map(\.route.to) == ["b", "c"])
    expectClose(found.transfers[1].sent, 50 / 0.999, relative: 1e-9)
    expectClose(found.transfers[0].sent, 50 / 0.999 / 0.999, relative: 1e-9)
    #expect(try TransferPlan(held: ["a": 1], wanted: ["a": 1], routes: routes).transfers.isEmpty)
    #expect(try TransferPlan(held: [:], wanted: [:], routes: []).expectedCost == 0)
    #expect(throws: EngineError.self) {
      try TransferPlan(held: ["c": 100], wanted: ["a": 1], routes: routes)
    }
    #expect(throws: EngineError.self) { try TransferPlan(held: [:], wanted: ["a": 1], routes: []) }
    for number in hostileNumbers where !(number >= 0 && number.isFinite) {
      #expect(throws: EngineError.self) {
        try TransferPlan(held: ["a": number], wanted: ["c": 1], routes: routes)
      }
      #expect(throws: EngineError.self) {
        try TransferPlan(held: ["a": 1], wanted: ["c": number], routes: routes)
      }
    }
  }
}

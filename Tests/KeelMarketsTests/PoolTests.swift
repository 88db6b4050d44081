import Foundation
import KeelMarkets
import KeelNumerics
import KeelTestSupport
import Testing

/// Pools against closed forms, dual numbers and each other.
@Suite struct PoolTests {
  private func pool(fee: Double = 0.003) throws -> ConstantProductPool {
    try ConstantProductPool(assetReserve: 1_000, cashReserve: 2_000_000, feeFraction: fee)
  }

  @Test func swapsKeepTheProduct() throws {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<500 {
      let fee = generator.uniform(0...0.01)
      let pool = try pool(fee: fee)
      let cash = exp(generator.uniform(-5...15))
      let bought = try pool.buy(forCash: cash)
      let (x, y) = (bought.pool.assetReserve, bought.pool.cashReserve)
      // The product without the fee that stays behind.
      expectClose(x * (y - fee * cash), 2e9, relative: 1e-14)
      #expect(x * y >= 2e9 * (1 - 1e-15) && bought.costFraction > 0)
      let sold = try pool.sell(bought.received)
      #expect(sold.received < cash && sold.costFraction > 0)
      // What buys a quantity is what the cash buys.
      let same = try pool.buy(bought.received)
      expectClose(same.paid, cash, relative: 1e-9)
      // There and back without a fee loses nothing.
      if fee == 0 {
        expectClose(try bought.pool.sell(bought.received).received, cash, relative: 1e-12)
      }
    }
    let free = try pool(fee: 0)
    let there = try free.buy(forCash: 1e5)
    expectClose(try there.pool.sell(there.received).received, 1e5, relative: 1e-12)
    // Two swaps in a row do what one does.
    let first = try free.buy(forCash: 3e4)
    expectClose(
      first.received + (try first.pool.buy(forCash: 7e4).received), there.received,
      relative: 1e-13)
  }

  @Test func impermanentLossIsItsClosedForm() throws {
    let whole = try pool().position(share: 0.1)
    expectClose(whole.value(at: 2_000), 400_000, relative: 1e-15)
    for ratio in [1e-4, 0.01, 0.25, 0.5, 1, 2, 4, 100, 1e4] {
      expectClose(
        whole.impermanentLoss(from: 2_000, to: 2_000 * ratio),
        2 * ratio.squareRoot() / (1 + ratio) - 1, absolute: 4e-16)
    }
    // A pool that arbitrage moves to a price has the position's amounts.
    let free = try ConstantProductPool(
      assetReserve: 1_000, cashReserve: 2_000_000, feeFraction: 0)
    let moved = try free.buy(forCash: 500_000).pool
    let position = try free.position(share: 1)
    expectClose(position.assetAmount(at: moved.price), moved.assetReserve, relative: 1e-14)
    expectClose(position.cashAmount(at: moved.price), moved.cashReserve, relative: 1e-14)
  }

  @Test(arguments: 1...20)
  func greeksAreDerivatives(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let price = exp(generator.uniform(-3...9))
    let lower = price * generator.uniform(0.3...0.99)
    let upper =
      seed % 3 == 0 ? Double.infinity : price * generator.uniform(1.01...3)
    let position = try PoolPosition(
      value: 1e6, price: price, lowerPrice: lower, upperPrice: upper)
    expectClose(position.value(at: price), 1e6, relative: 1e-13)
    typealias First = Dual<Double>
    let variable = Dual<First>(First(variable: price), derivative: First(1))
    let value = position.value(insideAt: variable)
    expectClose(value.primal, position.value(at: price), relative: 1e-10)
    expectClose(value.value.derivative, position.delta(at: price), relative: 1e-9)
    expectClose(value.derivative.derivative, position.gamma(at: price), relative: 1e-12)
    // Outside the range it is all asset or all cash.
    #expect(position.cashAmount(at: lower / 2) == 0 && position.gamma(at: lower / 2) == 0)
    expectClose(position.delta(at: lower / 2), position.delta(at: lower), relative: 1e-15)
    if upper.isFinite {
      #expect(position.assetAmount(at: 2 * upper) == 0)
      expectClose(position.value(at: 2 * upper), position.value(at: upper), relative: 1e-13)
      #expect(position.impermanentLoss(from: price, to: 2 * upper) < 0)
    }
    // The formula of the literature: L σ² √S / 4.
    expectClose(
      position.lossVersusRebalancingPerYear(at: price, volatility: 0.8),
      position.liquidity * 0.64 * price.squareRoot() / 4, relative: 1e-13)
    let volume = position.breakEvenVolumePerYear(
      at: price, volatility: 0.8, feeFraction: 0.003, activeLiquidity: 5 * position.liquidity)
    expectClose(
      position.fees(volume: volume, feeFraction: 0.003, activeLiquidity: 5 * position.liquidity),
      position.lossVersusRebalancingPerYear(at: price, volatility: 0.8), relative: 1e-13)
  }

  @Test func wholeLineLosesAnEighthOfVariance() throws {
    let position = try PoolPosition(
      value: 100, price: 50, lowerPrice: 0, upperPrice: .infinity)
    expectClose(
      position.lossVersusRebalancingPerYear(at: 50, volatility: 0.5), 100 * 0.25 / 8,
      relative: 1e-14)
  }

  @Test func badInputIsRefused() throws {
    for number in hostileNumbers where !(number > 0 && number.isFinite) {
      #expect(throws: MarketsError.self) {
        try ConstantProductPool(assetReserve: number, cashReserve: 1, feeFraction: 0)
      }
      #expect(throws: MarketsError.self) {
        try ConstantProductPool(assetReserve: 1, cashReserve: number, feeFraction: 0)
      }
      #expect(throws: MarketsError.self) { try pool().buy(forCash: number) }
      #expect(throws: MarketsError.self) { try pool().sell(number) }
      #expect(throws: MarketsError.self) { try pool().buy(number) }
    }
    #expect(throws: MarketsError.notEnoughDepth(wanted: 1_000, available: 1_000)) {
      try pool().buy(1_000.0)
    }
    #expect(throws: MarketsError.self) {
      try PoolPosition(liquidity: 1, lowerPrice: 2, upperPrice: 2)
    }
    #expect(throws: MarketsError.self) {
      try PoolPosition(liquidity: .nan, lowerPrice: 1, upperPrice: 2)
    }
    let position = try PoolPosition(liquidity: 1, lowerPrice: 1, upperPrice: 2)
    for number in hostileNumbers where !(number >= 0) {
      #expect(position.value(at: number).isNaN && position.gamma(at: number).isNaN)
    }
    #expect(position.value(at: .infinity) == position.value(at: 2))
    let text = try JSONEncoder().encode(position)
    #expect(try JSONDecoder().decode(PoolPosition.self, from: text) == position)
    let whole = try pool().position(share: 1)
    #expect(try JSONDecoder().decode(PoolPosition.self, from: JSONEncoder().encode(whole)) == whole)
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(
        ConstantProductPool.self,
        from: Data(#"{"assetReserve":-1,"cashReserve":1,"feeFraction":0}"#.utf8))
    }
  }
}

/// A Uniswap v3 pool by the minute: liquidity and ticks explain what was traded.
@Suite(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
struct PoolRealDataTests {
  @Test func amountsFollowFromTicks() throws {
    let rows = try #require(
      try Reference.realRows("amm_uniswap_v3_usdc_weth_5bp_polygon_minute.csv.gz"))
    var ratios: [Double] = []
    for (before, row) in zip(rows, rows.dropFirst())
    where before["liquidity"] == row["liquidity"] {
      func tick(_ row: [String: String], _ column: String) throws -> Int {
        try #require(Int(row[column] ?? ""))
      }
      let (start, end) = (try tick(before, "close_tick"), try tick(row, "close_tick"))
      // Ticks are ten apart: within one spacing the liquidity cannot have changed.
      func spacing(_ tick: Int) -> Int { Int((Double(tick) / 10).rounded(.down)) }
      let low = try spacing(tick(row, "low_tick"))
      let isWithin = try low == spacing(tick(row, "high_tick")) && low == spacing(start)
      guard isWithin, abs(start - end) >= 4 else { continue }
      // Token 0 has 6 decimals, token 1 has 18; the price is token 1 per token 0 in base units.
      let position = try PoolPosition(
        liquidity: try #require(Double(row["liquidity"] ?? "")), lowerPrice: 0,
        upperPrice: .infinity)
      let expected =
        position.cashAmount(at: PoolPosition.price(ofTick: end))
        - position.cashAmount(at: PoolPosition.price(ofTick: start))
      ratios.append(try #require(Double(row["net_amount1"] ?? "")) / expected)
    }
    // The record rounds prices to whole ticks, a tenth of such a move or more.
    #expect(ratios.count > 100)
    #expect((ratios.sorted()[ratios.count / 2] - 1).magnitude < 0.05)
  }
}

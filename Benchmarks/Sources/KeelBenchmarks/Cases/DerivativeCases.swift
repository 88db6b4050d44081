import Keel

private let count = 100_000

let derivativeCases: [Case] = [priceCase, greeksCase, impliedVolatilityCase, hestonCase]

private struct Quotes {
  let spots = Inputs.uniforms(count: count, 80...120, stream: 20)
  let strikes = Inputs.uniforms(count: count, 70...130, stream: 21)
  let times = Inputs.uniforms(count: count, 0.05...2, stream: 22)
  let volatilities = Inputs.uniforms(count: count, 0.1...1.2, stream: 23)
  let rates = [Double](repeating: 0.03, count: count)

  func market(_ i: Int) -> BlackScholes {
    BlackScholes(spot: spots[i], volatility: volatilities[i], rate: rates[i], carryYield: 0)
  }

  func option(_ i: Int) -> EuropeanOption {
    EuropeanOption(kind: .call, strike: strikes[i], timeToExpiry: times[i])
  }

  var peerInputs: [(name: String, shape: [Int], values: [Double])] {
    [
      ("spot", [count], spots), ("strike", [count], strikes), ("time_to_expiry", [count], times),
      ("volatility", [count], volatilities), ("rate", [count], rates),
    ]
  }
}

/// One call an option.
private let priceCase = Case(
  name: "black/price-scalar/\(count)", items: count,
  peers: ["numpy_black_scholes", "quantlib_black_scholes"],
  inputs: { Quotes().peerInputs }
) {
  let quotes = Quotes()
  var prices = [Double](repeating: 0, count: count)
  return .init(
    run: {
      for i in 0..<count { prices[i] = quotes.market(i).price(of: quotes.option(i)) }
    },
    answer: { prices })
}

private let greeksCase = Case(name: "black/greeks-scalar/\(count)", items: count) {
  let quotes = Quotes()
  var sum = 0.0
  return .init(run: {
    for i in 0..<count {
      sum += quotes.market(i).greeks(of: quotes.option(i)).vega.perUnitVolatility
    }
    guard sum.isFinite else { throw BenchmarkError("a Greek is not finite") }
  })
}

private let impliedVolatilityCase = Case(
  name: "implied-volatility/scalar/\(count)", items: count
) {
  let quotes = Quotes()
  let totals = (0..<count).map { quotes.volatilities[$0] * quotes.times[$0].squareRoot() }
  let prices = (0..<count).map {
    Black.price(
      .call, forward: quotes.spots[$0], strike: quotes.strikes[$0], totalVolatility: totals[$0])
  }
  var worst = 0.0
  return .init(run: {
    for i in 0..<count {
      let implied = try? Black.impliedTotalVolatility(
        .call, price: prices[i], forward: quotes.spots[i], strike: quotes.strikes[i])
      worst = max(worst, implied.map { ($0.volatility - totals[i]).magnitude } ?? 0)
    }
    guard worst < 1 else { throw BenchmarkError("an implied volatility is far off") }
  })
}

/// One expiry: an item is an option of the strip.
private let hestonCase = Case(name: "heston/strip/41", items: 41) {
  let model = try HestonModel(
    initialVariance: 0.04, reversion: 4, meanVariance: 0.25, varianceVolatility: 1,
    correlation: -0.5)
  let strikes = (0..<41).map { 60 + 2 * Double($0) }
  return .init(run: {
    let strip = model.prices(
      of: .call, strikes: strikes, timeToExpiry: 1, spot: 100, rate: 0.01, carryYield: 0.02)
    guard strip.errors.allSatisfy({ $0 < 1e-11 }) else {
      throw BenchmarkError("a price is not exact")
    }
  })
}

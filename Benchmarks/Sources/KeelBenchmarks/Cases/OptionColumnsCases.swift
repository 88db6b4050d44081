import CBenchmarkSupport
import Keel

private let count = 1_000_000

let optionColumnsCases: [Case] = [
  greeksCase("price", columnCount: 1, peers: ["numpy_black_scholes"]),
  greeksCase(
    "greeks", columnCount: Greek.firstOrderCount, peers: ["numpy_black_scholes_greeks"]),
  greeksCase("all-greeks", columnCount: Greek.count, peers: []),
  baselineCase,
  impliedVolatilityCase(count: count, floors: ["memory/copy/2500000"], peers: []),
  // Out of the money, where the peer answers for every quote.
  impliedVolatilityCase(
    count: 10_000, strikes: 130...170, floors: [], peers: ["lets_be_rational"]),
  scalarCase,
]

private struct Chain {
  let columns: OptionColumns
  let volatilities: [Double]

  init(count: Int, strikes: ClosedRange<Double> = 70...130) {
    columns = OptionColumns(
      kinds: [.call], spots: Inputs.uniforms(count: count, 80...120, stream: 20),
      strikes: Inputs.uniforms(count: count, strikes, stream: 21),
      timesToExpiry: Inputs.uniforms(count: count, 0.05...2, stream: 22), rates: [0.03],
      carryYields: [0])
    volatilities = Inputs.uniforms(count: count, 0.1...1.2, stream: 23)
  }

  var peerInputs: [(name: String, shape: [Int], values: [Double])] {
    [
      ("spot", [columns.spots.count], columns.spots),
      ("strike", [columns.spots.count], columns.strikes),
      ("time_to_expiry", [columns.spots.count], columns.timesToExpiry),
      ("volatility", [columns.spots.count], volatilities),
      ("rate", [columns.spots.count], [Double](repeating: 0.03, count: columns.spots.count)),
    ]
  }
}

/// The floor copies as many numbers as the four input columns and the output have, in pairs.
private func greeksCase(_ name: String, columnCount: Int, peers: [String]) -> Case {
  Case(
    name: "black/\(name)/\(count)", items: count,
    floors: ["memory/copy/\((4 + columnCount) * count / 2)"], peers: peers,
    inputs: { Chain(count: count).peerInputs }
  ) {
    let chain = Chain(count: count)
    var output = try Matrix(rowCount: count, columnCount: columnCount)
    return .init(
      run: {
        switch columnCount {
        case 1:
          var prices = output.mutableElements
          try chain.columns.prices(volatilities: chain.volatilities.span, into: &prices)
        case Greek.firstOrderCount:
          try chain.columns.greeks(volatilities: chain.volatilities.span, into: &output)
        default:
          try chain.columns.allGreeks(volatilities: chain.volatilities.span, into: &output)
        }
      },
      answer: { output.columnMajorElements })
  }
}

/// The prices as processors without vector extensions beyond the common ones compute them; the floor is
/// a loop of the textbook formula with the functions of libm.
private let baselineCase = Case(
  name: "black/price-baseline/\(count)", items: count, floors: ["memory/libm-black/\(count)"],
  peers: ["numpy_black_scholes"], inputs: { Chain(count: count).peerInputs }
) {
  let chain = Chain(count: count)
  let columns = chain.columns
  var prices = [Double](repeating: 0, count: count)
  return .init(
    run: {
      let left = bench_baseline_calls(
        &prices, columns.spots, columns.strikes, columns.timesToExpiry, chain.volatilities,
        columns.rates[0], UInt64(count))
      guard left == 0 else { throw BenchmarkError("the kernel left an option") }
    },
    answer: { prices })
}

/// The textbook formula with the functions of libm, on the same options.
let libmPriceFloor = Case(name: "memory/libm-black/\(count)", items: count) {
  let chain = Chain(count: count)
  let columns = chain.columns
  var prices = [Double](repeating: 0, count: count)
  return .init(
    run: {
      bench_libm_calls(
        &prices, columns.spots, columns.strikes, columns.timesToExpiry, chain.volatilities,
        columns.rates[0], UInt64(count))
    },
    answer: { prices })
}

private func impliedVolatilityCase(
  count: Int,
  strikes: ClosedRange<Double> = 70...130,
  floors: [String],
  peers: [String]
) -> Case {
  func quotes() throws -> (chain: Chain, prices: [Double]) {
    let chain = Chain(count: count, strikes: strikes)
    return (chain, try chain.columns.prices(volatilities: chain.volatilities))
  }
  return Case(
    name: "implied-volatility/batch/\(count)", items: count, floors: floors, peers: peers,
    inputs: {
      let (chain, prices) = try quotes()
      return chain.peerInputs + [("price", [count], prices)]
    }
  ) {
    let (chain, prices) = try quotes()
    var volatilities = [Double](repeating: 0, count: count)
    var outcomes = [ImpliedVolatilityOutcome](repeating: .invalid, count: count)
    return .init(
      run: {
        var values = volatilities.mutableSpan
        var reasons = outcomes.mutableSpan
        try chain.columns.impliedVolatilities(
          prices: prices.span, into: &values, outcomes: &reasons)
        guard outcomes[0] == .value else { throw BenchmarkError("no implied volatility") }
      },
      answer: { volatilities })
  }
}

/// One call an option, on forwards.
private let scalarCase = Case(name: "implied-volatility/scalar/\(count)", items: count) {
  let chain = Chain(count: count)
  let totals = (0..<count).map {
    chain.volatilities[$0] * chain.columns.timesToExpiry[$0].squareRoot()
  }
  let (forwards, strikes) = (chain.columns.spots, chain.columns.strikes)
  let prices = try OptionColumns(kinds: [.call], forwards: forwards, strikes: strikes)
    .prices(volatilities: totals)
  var sum = 0.0
  return .init(run: {
    for i in 0..<count {
      let implied = try? Black.impliedTotalVolatility(
        .call, price: prices[i], forward: forwards[i], strike: strikes[i])
      sum += implied?.volatility ?? 0
    }
    guard sum > 0 else { throw BenchmarkError("no implied volatility") }
  })
}

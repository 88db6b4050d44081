import Keel

let perpetualCases: [Case] = [cashFlowCase, fairPremiumCase, everlastingCase, powerLawCase]

private let eventCount = 100_000

/// Eleven years of payments every hour, of a position that changes every hundred.
private let cashFlowCase = Case(
  name: "perpetual/funding-cash-flows/\(eventCount)", items: eventCount
) {
  let fractions = Inputs.uniforms(count: eventCount, -0.000_3...0.000_5, stream: 40)
  let prices = Inputs.uniforms(count: eventCount, 20_000...60_000, stream: 41)
  let hour: Int64 = 3_600_000_000_000
  let events = (0..<eventCount).map { i in
    FundingEvent(
      time: Timestamp(nanosecondsSinceEpoch: Int64(i) * hour),
      rate: FundingRate(
        fraction: fractions[i], interval: .oneHour, whenPositive: .longPaysShort),
      price: prices[i])
  }
  let changes = (0..<eventCount / 100).map { i in
    QuantityChange(
      time: Timestamp(nanosecondsSinceEpoch: Int64(i) * 100 * hour - 1),
      quantity: i % 2 == 0 ? 3 : -2)
  }
  let contract = try FuturesContract.inverse(cashPerContract: 100)
  return .init(run: {
    let flows = try FundingCashFlows(contract: contract, events: events, changes: changes)
    guard flows.totalReceived.isFinite else { throw BenchmarkError("a total is not finite") }
  })
}

private let fairPremiumCase = Case(name: "perpetual/fair-premium/10000", items: 10_000) {
  let growths = Inputs.uniforms(count: 10_000, -0.3...0.3, stream: 42)
  var sum = 0.0
  return .init(run: {
    for growth in growths {
      sum += try FairPerpetual(rule: .binance, settlement: .linear, growthPerYear: growth)
        .averagePremium.lowerBound
    }
    guard sum.isFinite else { throw BenchmarkError("a premium is not finite") }
  })
}

/// The original rule: half expires every day.
private let everlastingCase = Case(name: "perpetual/everlasting-sum/100", items: 100) {
  let spots = Inputs.uniforms(count: 100, 90...110, stream: 43)
  let option = try EverlastingOption(
    kind: .put, strike: 100, interval: FundingInterval(hours: 24), fundingShare: 1)
  var sum = 0.0
  return .init(run: {
    for spot in spots {
      let model = BlackScholes(spot: spot, volatility: 0.8, rate: 0.03, carryYield: 0.01)
      sum += option.value(in: model, timeToNextFunding: 0.001).greeks.price
    }
    guard sum.isFinite else { throw BenchmarkError("a value is not finite") }
  })
}

private let powerLawCase = Case(name: "perpetual/everlasting-power-law/10000", items: 10_000) {
  let spots = Inputs.uniforms(count: 10_000, 90...110, stream: 44)
  let option = try ContinuousEverlastingOption(kind: .put, strike: 100, paymentsPerYear: 365)
  var sum = 0.0
  return .init(run: {
    for spot in spots {
      let model = BlackScholes(spot: spot, volatility: 0.8, rate: 0.03, carryYield: 0.01)
      sum += option.greeks(in: model).price
    }
    guard sum.isFinite else { throw BenchmarkError("a value is not finite") }
  })
}

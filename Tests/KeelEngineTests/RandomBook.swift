import KeelData
import KeelEngine
import KeelTestSupport

/// A seeded book whose prices and fractions are dyadic, so that a test can redo every cash flow in
/// whole numbers.
struct RandomBook {
  var holdings: Holdings
  var prices: Prices
  var target: Weights
  var planner: RebalancingPlanner
  var priceIn64ths: [Int128]
  var feeIn4096ths: Int128
  var slippageIn4096ths: Int128

  init(using generator: inout SeededGenerator) throws {
    let count = Int.random(in: 1...8, using: &generator)
    let cashDecimals = [2, 6, 18].randomElement(using: &generator) ?? 6
    let fee = Int128(Int.random(in: 0...40, using: &generator))
    let slippage = Int128(Int.random(in: 0...40, using: &generator))
    var names: [AssetID] = []
    var amounts: [Amount] = []
    var prices: [Double] = []
    var whole: [Int128] = []
    var weights: [Double] = []
    var rules: [AssetID: VenueRules] = [:]
    for i in 0..<count {
      let name = AssetID("A\(i)")
      let decimals = [0, 8, 18].randomElement(using: &generator) ?? 8
      let price = Int128(tenTo(generator.uniform(0...6)) * 64 / 10) + 1
      let value = generator.uniform() < 0.2 ? 0 : tenTo(generator.uniform(0...6))
      names.append(name)
      prices.append(Double(price) / 64)
      whole.append(price)
      amounts.append(
        try Amount(value / (Double(price) / 64), decimals: decimals, rounding: .towardZero))
      weights.append(generator.uniform() < 0.2 ? 0 : generator.uniform())
      if generator.uniform() < 0.7 {
        let lot = Amount.units(
          tenToInteger(Int.random(in: 0...decimals, using: &generator)), decimals)
        let minimum = [0, 10, 100].randomElement(using: &generator) ?? 0
        rules[name] = try VenueRules(
          lot: lot,
          minimumTradeValue: Amount.units(
            Int128(minimum) * tenToInteger(cashDecimals), cashDecimals))
      }
    }
    let sum = max(weights.reduce(0, +), 1e-9)
    let invested = generator.uniform() < 0.5 ? 1 : generator.uniform()
    weights = weights.map { $0 / sum * invested }
    names.append("CASH")
    prices.append(1)
    whole.append(64)
    weights.append(0)
    let cash = generator.uniform() < 0.3 ? 1 : tenTo(generator.uniform(0...5))
    amounts.append(try Amount(cash, decimals: cashDecimals, rounding: .down))
    let gas = [0, 1, 20].randomElement(using: &generator) ?? 0
    let universe = try Universe(names)
    holdings = try Holdings(universe: universe, amounts: amounts)
    self.prices = try Prices(universe: universe, values: prices)
    target = try Weights(universe: universe, values: weights)
    priceIn64ths = whole
    feeIn4096ths = fee
    slippageIn4096ths = slippage
    planner = try RebalancingPlanner(
      cash: "CASH",
      costs: RebalancingCosts(
        feeFraction: Double(fee) / 4096, slippageFraction: Double(slippage) / 4096,
        gasPerTrade: Amount.units(Int128(gas) * tenToInteger(cashDecimals), cashDecimals)),
      rules: rules,
      settings: RebalancingPlanner.Settings(
        noTradeBand: generator.uniform() < 0.5 ? 0 : 0.01,
        maximumGasFraction: generator.uniform() < 0.5 ? 0.01 : 0.5))
  }
}

extension Amount {
  static func units(_ baseUnits: Int128, _ decimals: Int) -> Amount {
    (try? Amount(baseUnits: baseUnits, decimals: decimals)) ?? .unusable
  }

  private static var unusable: Amount {
    guard let zero = try? Amount(zeroWithDecimals: 0) else { preconditionFailure("no amount") }
    return zero
  }
}

func tenToInteger(_ exponent: Int) -> Int128 {
  (0..<exponent).reduce(Int128(1)) { power, _ in power * 10 }
}

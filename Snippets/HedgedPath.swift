// A call, hedged every day for a month: what it earned, and why.
import Keel

let option = EuropeanOption(kind: .call, strike: 60_000, timeToExpiry: 60.0 / 365)
let shocks = RandomStream(seed: 1)
var path: [HedgedOption.Moment] = []
var (spot, volatility) = (60_000.0, 0.55)
for day in 0...30 {
  path.append(
    HedgedOption.Moment(
      time: Double(day) / 365, spot: spot, impliedVolatility: volatility, rate: 0.04))
  spot *= 1 + 0.034 * shocks.normal(at: UInt64(2 * day))
  volatility *= 1 + 0.02 * shocks.normal(at: UInt64(2 * day + 1))
}

// snippet.example
var settings = HedgedOption.Settings()
settings.costFraction = 0.0005
let held = try HedgedOption(option, path: path, settings: settings)
print("premium", held.profit.premium, "hedge", held.profit.hedge, "carry", held.profit.carry)
let why = held.explanation
print("gamma against theta", why.gammaAgainstTheta, "vega", why.vega, "vanna", why.vanna)
print("volga", why.volga, "cost", why.cost, "residual", why.residual, "total", why.total)

// Bought at 55 %, hedged there, while the path moves at 65 %.
let model = BlackScholes(spot: 60_000, volatility: 0.55, rate: 0.04, carryYield: 0)
let mean = try model.expectedHedgingProfit(
  of: option, realizedVolatility: 0.65, hedgeVolatility: 0.55, drift: 0)
let deviation = try model.discreteHedgingDeviation(of: option, count: 60, drift: 0)
print("mean", mean.value, "±", deviation.value)
// snippet.end

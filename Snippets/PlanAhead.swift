// A plan over ten periods on a forecast that fades, its first trade, and what a choice of one period at a time would trade.
import Keel

let universe = try Universe(["BTC", "ETH", "GOLD", "USD"])
let covariance = try Covariance(
  universe: universe,
  dense: SymmetricMatrix(rows: [
    [0.0016, 0.0015, 0.0001, 0], [0.0015, 0.0025, 0.0001, 0], [0.0001, 0.0001, 0.0002, 0],
    [0, 0, 0, 0],
  ]))
let held = try Weights(universe: universe, values: [0.3, 0.1, 0.1, 0.5])
var costs = TradingCosts(
  from: held, buying: .uniform(0.001), selling: .uniform(0.001), spreadOver: 1)
costs.impact = .uniform(0.01)

// The long-term returns, and a signal for ETH that loses half of itself each period.
let means = [0.0012, 0.0012, 0.0003, 0.0001]
let steps = try (0..<10).map { period in
  var returns = means
  returns[1] += 0.003 / Double(1 << period)
  return MultiPeriodUtility.Step(
    expectedReturns: try ExpectedReturns(universe: universe, values: returns),
    covariance: covariance)
}

let planner = MultiPeriodUtility(riskAversion: 2, costs: costs)
let solution = try planner.plan(steps)
print("trade now", solution.value.trades[0])
print("hold", solution.value.weights[0].values, "then", solution.value.weights[1].values)
print("utilities", solution.value.utilities, "gap", solution.certificate.relativeGap)

// One period alone charges the whole cost to the returns of one period, and does not see the way back.
let single = try MaximumUtility(riskAversion: 2, costs: costs).weights(
  expectedReturns: steps[0].expectedReturns, covariance: covariance)
print("one period alone", single.value.values)

// After the trade the next plan begins from what is held: it follows the first one while forecasts stay.
var next = planner
next.costs?.current = solution.value.weights[0]
print("planned again", try next.plan(Array(steps.dropFirst())).value.weights[0].values)

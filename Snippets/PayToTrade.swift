// A rebalancing that weighs spread, book, impact and gas against what the new weights earn, and the bands around them.
import Keel

let universe = try Universe(["BTC", "ETH", "GOLD", "USD"])
let returns = try ExpectedReturns(universe: universe, values: [0.0012, 0.0016, 0.0003, 0.0001])
let covariance = try Covariance(
  universe: universe,
  dense: SymmetricMatrix(rows: [
    [0.0016, 0.0015, 0.0001, 0], [0.0015, 0.0025, 0.0001, 0], [0.0001, 0.0001, 0.0002, 0],
    [0, 0, 0, 0],
  ]))
let held = try Weights(universe: universe, values: [0.3, 0.1, 0.1, 0.5])

// Ten basis points, from 10 % of the portfolio on thirty; the position is meant to be held 30 days.
var costs = TradingCosts(
  from: held, buying: .uniform(0.001), selling: .uniform(0.001), spreadOver: 30)
costs.buyingLevels = ["ETH": [.init(beyond: 0.1, rate: 0.003)]]
costs.powerImpact = .byAsset(["GOLD": 0.01], others: 0)
let utility = MaximumUtility(riskAversion: 2, costs: costs)
let solution = try utility.weights(expectedReturns: returns, covariance: covariance)
print("weights", solution.value.values)
print("cost a day", try costs.costPerPeriod(of: solution.value))

// Gas of 20 on a portfolio of 20 000, in units of the portfolio.
costs.powerImpact = .none
let fees = FixedTradingCosts(from: held, fee: .byAsset(["USD": 0], others: 0.001), spreadOver: 30)
let withGas = try DiscreteUtility(
  MaximumUtility(riskAversion: 2, costs: costs), leastPosition: .uniform(0.05), fees: fees
).weights(expectedReturns: returns, covariance: covariance)
print("with gas", withGas.weights.values, "at most", withGas.largestImprovement, "from the best")
let bands = try MaximumUtility(riskAversion: 2, costs: costs).noTradeBands(
  around: withGas.solution, expectedReturns: returns, covariance: covariance, fees: fees)
for band in bands { print(band.asset, "is left alone inside", band.weights) }

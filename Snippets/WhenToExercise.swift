// An American put: what it is worth, when to exercise it, and how far other methods agree.

import Keel

let market = BlackScholes(spot: 92, volatility: 0.25, rate: 0.05, carryYield: 0.02)
let put = AmericanOption(kind: .put, strike: 100, timeToExpiry: 1)
let greeks = market.greeks(of: put)
print("worth", greeks.price, "the European one", market.price(of: put.european))
print("delta", greeks.delta, "gamma", greeks.gamma, "theta a day", greeks.theta.perDay)
print("vega a point", market.sensitivities(of: put).vega.perVolatilityPoint)

// One boundary says when to exercise, and prices any spot.
let boundary = try ExerciseBoundary(of: put, volatility: 0.25, rate: 0.05, carryYield: 0.02)
for months in [12.0, 6, 1, 0] {
  if let range = boundary.exerciseRange(timeToExpiry: months / 12) {
    print(months, "months left: exercise at or below", range.upperBound)
  }
}
for spot in [80.0, 90, 100, 110] { print(spot, boundary.price(spot: spot)) }

var lattice = try AmericanLattice(stepCount: 1001)
print("lattice", lattice.value(of: put, in: market).price)
print("approximations", BaroneAdesiWhaley(model: market).price(of: put))
print(BjerksundStensland(model: market).price(of: put))

// Where to lend: rates that fall as one lends more, protocols that may fail, and a bridge to the third.
import Keel

func reserve(_ supplied: Double, _ borrowed: Double) throws -> LendingReserve {
  try LendingReserve(
    supplied: supplied, borrowed: borrowed,
    rates: InterestRateModel(
      baseRate: 0, slopeBelowKink: 0.05, slopeAboveKink: 0.6, kink: 0.9, reserveFactor: 0.1))
}
let hazards = [
  ProtocolHazard("large", hazardPerYear: 0.005, lossGivenFailure: 0.5, exposure: 0),
  ProtocolHazard("small", hazardPerYear: 0.02, lossGivenFailure: 0.6, exposure: 0),
  ProtocolHazard("far", hazardPerYear: 0.01, lossGivenFailure: 0.5, exposure: 0),
]
let reserves = [
  try reserve(50e6, 40e6), try reserve(4e6, 3.7e6), try reserve(20e6, 17e6),
]
let venues = zip(reserves, hazards).map {
  LendingAllocation.Venue($0, lossPerYear: $1.hazardPerYear * $1.lossGivenFailure)
}
let lent = try LendingAllocation(amount: 2e6, over: venues, idleRate: 0.01)
for (hazard, deposit) in zip(hazards, lent.deposits) { print(hazard.name, deposit) }
print("idle", lent.idle, "income a year", lent.incomePerYear, "at the margin", lent.marginalRate)

// What it costs to reach the third, against what it earns beyond the margin of the others without it.
let bridge = try Bridge(
  feeFraction: 0.0004, fixedFee: 3, delay: 2.0 / 365, failureRate: 0.02, lossGivenFailure: 1)
let near = try LendingAllocation(amount: 2e6, over: Array(venues.prefix(2)), idleRate: 0.01)
let gain = lent.incomePerYear - near.incomePerYear
let crossing = 2 * bridge.expectedCost(on: lent.deposits[2])
print("the far venue adds", gain, "a year; the way there and back costs", crossing)
print("worth it after", crossing / gain, "years")

// What follows from a fall of bitcoin, which move loses a fifth of the equity, and what failures of protocols take.
import Keel

let universe = try Universe(["USD", "BTC", "ETH", "SOL"])
var market = MarketSnapshot(
  time: try Timestamp(parsing: "2026-03-01T00:00:00Z"), universe: universe,
  prices: [1, 60_000, 2200, 90], rate: 0.03)
let put = try Listing(
  "ETH-2000-P",
  .option(
    ListedOption(
      .put, strike: 2000, expiry: market.time.advanced(byDays: 60), underlying: "ETH",
      settings: .init())), protocolName: "venue", costFraction: 0.003, gas: 0)
let lent = try Listing(
  "SOL-LENT", .deposit(asset: "SOL", liquidationThreshold: 0.8), protocolName: "lender",
  costFraction: 0, gas: 2)
market.quotes = [
  "ETH-2000-P": .option(volatility: 0.65, carryYield: 0),
  "SOL-LENT": .lending(index: 1.02, ratePerYear: 0.04),
]
let account = try Account(
  cash: "USD",
  holdings: Holdings(
    universe: universe,
    amounts: [
      Amount("5000", decimals: 6), Amount("0.5", decimals: 8), Amount("10", decimals: 18),
      Amount("0", decimals: 9),
    ]),
  positions: [
    .init("ETH-2000-P", quantity: Amount("-8", decimals: 1)),
    .init("SOL-LENT", quantity: Amount("100", decimals: 9)),
  ])
let test = try StressTest(
  account: account, market: market, catalog: Catalog([put, lent]))

// Given bitcoin 40 % down, the rest as a Student-t law of logarithmic returns expects it.
let assets = try Universe(["BTC", "ETH", "SOL"])
let covariance = try Covariance(
  universe: assets,
  dense: SymmetricMatrix(rows: [
    [0.0012, 0.0013, 0.0014], [0.0013, 0.0021, 0.0019], [0.0014, 0.0019, 0.0034],
  ]))
let law = try MultivariateStudentT(
  expectedReturns: ExpectedReturns(universe: assets, values: [0, 0, 0]), covariance: covariance,
  degreesOfFreedom: 4)
let given: [AssetID: Double] = ["BTC": -0.51]
var crash = try Scenario(
  "BTC -40 %", given: given, expecting: law.conditional(on: given).expectedReturns,
  unit: .logarithm)
crash.volatilityShift = 0.4
crash.volatilitySkewShift = -0.3
crash.volatilityTermExponent = 0.5
print("loss", try test.outcome(of: crash).loss)

let grid = try test.grid(
  spotMoves: [-0.4, -0.2, 0, 0.2], volatilityShifts: [0, 0.5], of: "ETH", beside: crash)
print("worst cell", grid.worstPlace, grid.losses[grid.worstPlace.row, grid.worstPlace.column])

let reverse = try test.reverse(
  loss: 0.2 * test.equity, covariance: covariance, unit: .logarithm)
print("a fifth is lost", reverse.distance, "deviations away:", reverse.moves.values)

// A bridge fails: who fails with it, and what that takes.
let contagion = try FailureContagion(
  buffers: ["bridge": 1e6, "lender": 5e6, "venue": 5e7],
  claims: [ProtocolClaim("lender", on: "bridge", amount: 8e6, lossGivenFailure: 0.7)])
let failed = try contagion.outcome(of: ["bridge"])
print("failed", failed.failed)

let failures = try ProtocolFailures(
  [
    ProtocolHazard("bridge", hazardPerYear: 0.03, lossGivenFailure: 1, exposure: 0),
    ProtocolHazard("lender", hazardPerYear: 0.02, lossGivenFailure: 0.6, exposure: 9000),
    ProtocolHazard("venue", hazardPerYear: 0.01, lossGivenFailure: 0.5, exposure: 5000),
  ], dependencies: [FailureDependency("bridge", takes: "lender", probability: 0.8)])
let losses = try failures.distribution(within: 1)
for (known, part) in zip(failures.protocols, losses.failureProbabilities) {
  print(
    known.name, part.value,
    known.breakEvenYield(safeRate: 0.03, within: 1, failureProbability: part.value))
}

// One pool of margin for several positions, and the collateral that carries a loan with the least risk.
import Keel

let contract = try FuturesContract.linear(coinPerContract: 1)
let tiers = try MaintenanceTiers([.init(start: 0, rate: 0.01), .init(start: 250_000, rate: 0.025)])
let long = try FuturesPosition(contract: contract, quantity: 5, entryPrice: 60_000)
let short = try FuturesPosition(contract: contract, quantity: -120, entryPrice: 2_400)
let together = try CrossMarginAccount(
  balance: 40_000,
  lines: [
    .init(position: long, markPrice: 57_000, tiers: tiers),
    .init(position: short, markPrice: 2_250, tiers: tiers),
  ])
let alone = try MarginedPosition(position: long, margin: 20_000, tiers: tiers)
print("margin ratio together", together.marginRatio, "alone", alone.marginRatio(at: 57_000))
print(
  "long liquidated at", try together.liquidationPrice(of: 0).map { "\($0)" } ?? "no price",
  "instead of", alone.liquidationPrice.map { "\($0)" } ?? "no price")

var settings = CollateralChoice.Settings()
settings.horizonYears = 0.5
settings.borrowingRate = 0.05
settings.acceptedProbability = 0.1
let names = ["staked ether", "bitcoin", "dollars"]
let choice = try CollateralChoice(
  debt: 50_000,
  assets: [
    .init(value: 90_000, liquidationThreshold: 0.8, volatility: 0.75),
    .init(value: 70_000, liquidationThreshold: 0.78, volatility: 0.55),
    .init(value: 30_000, liquidationThreshold: 0.9, volatility: 0.01),
  ],
  correlations: SymmetricMatrix(rows: [[1, 0.8, 0], [0.8, 1, 0], [0, 0, 1]]), settings: settings)
print(
  "safest:", choice.safest.places.map { names[$0] }.joined(separator: ", "), "liquidated with",
  choice.safest.liquidationProbability)
if let leanest = choice.leanest {
  print(
    "leanest within", settings.acceptedProbability,
    leanest.places.map { names[$0] }.joined(separator: ", "), "worth", leanest.value)
}

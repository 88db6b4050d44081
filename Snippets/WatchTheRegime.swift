// Volatility, regime and breaks of Bitcoin on the prices of the quick start: fitted on two years, then a day at a time.

import Foundation
import Keel

let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .appendingPathComponent("../Examples/QuickStart/Sources/QuickStart/Data/crypto_daily_close.csv")
let table = try CSVTable([UInt8](Data(contentsOf: file)), file: "crypto_daily_close.csv")
let history = try PriceHistory(wide: table).selecting(["BTC"]).simpleReturns()
let returns = (0..<history.observationCount).map { history.values[$0, 0] }
let past = Array(returns.prefix(730))

// snippet.example
let volatility = try GARCH(.gjr(shocks: 1, asymmetries: 1, variances: 1)).fit(past)
let regimes = try HiddenMarkovModel.fit(past, stateCount: 2)
print("converged", volatility.isConverged, regimes.isConverged)
print("days that a regime lasts", regimes.model.expectedDurations)

// From here on each day is news: the numbers of a day know nothing of the days after it.
var variance = volatility.filter
var regime = RegimeFilter(regimes.model)
_ = try regime.update(with: past)
var breaks = try BayesianChangePoint(
  prior: .init(mean: -7, strength: 1, shape: 2, rate: 4), hazard: 1.0 / 250)
for (day, value) in returns.enumerated().dropFirst(730) {
  try variance.update(value)
  try regime.update(with: value)
  // A break of the level of the volatility, by the logarithms of squares.
  try breaks.update(with: log(max(value * value, 1e-8)))
  guard (day + 1) % 120 == 0 else { continue }
  let ahead = try variance.varianceForecast(horizon: 30).reduce(0, +) / 30
  print(
    history.timestamps[day], "volatility of a day", variance.nextVariance.squareRoot(), "of 30",
    ahead.squareRoot(), "P(wild)", regime.probabilities[1], "days since a break",
    breaks.reading.mostLikelyRunLength)
}

// Looking back, with the whole history in view.
let squares = returns.map { log(max($0 * $0, 1e-8)) }
let segments = try PELT(
  cost: .meanAndVariance(relativeVarianceFloor: 1e-8),
  penalty: 3 * log(Double(squares.count)), minimumLength: 30
).segments(of: squares)
for row in segments.breaks { print("the volatility changed on", history.timestamps[row]) }
// snippet.end

// A chain of options in columns: Greeks of a book, and the volatilities that its quotes imply.

import Keel

let strikes = [34_000.0, 38_000, 42_000, 46_000, 50_000]
let chain = OptionColumns(
  kinds: [.put, .put, .call, .call, .call], spots: [42_265], strikes: strikes,
  timesToExpiry: [30.0 / 365], rates: [0.05], carryYields: [0])

// A row for each option, a column for each Greek.
let greeks = try chain.allGreeks(volatilities: [0.55])
for (row, strike) in strikes.enumerated() {
  print(strike, greeks[row, Greek.delta.column], greeks[row, Greek.vanna.column])
}

let quotes = [320.0, 1140, 2910, 1390, 9]
let implied = try chain.impliedVolatilities(prices: quotes)
for (volatility, outcome) in zip(implied.volatilities, implied.outcomes) {
  print(volatility, outcome)
}

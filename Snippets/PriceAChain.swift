// A chain of options in columns: Greeks of a book, and the volatilities that its quotes imply.

import Keel

let strikes = [34_000.0, 38_000, 42_000, 46_000, 50_000]
let chain = OptionColumns(
  kinds: [.put, .put, .call, .call, .call], spots: [42_265], strikes: strikes,
  timesToExpiry: [30.0 / 365], rates: [0.05], carryYields: [0])

// A row for each option, a column for each Greek; the memory is the caller's to use again.
var greeks = try Matrix(rowCount: strikes.count, columnCount: Greek.count)
try chain.allGreeks(volatilities: [0.55].span, into: &greeks)
for (row, strike) in strikes.enumerated() {
  print(strike, greeks[row, Greek.delta.column], greeks[row, Greek.vanna.column])
}

let quotes = [320.0, 1140, 2910, 1390, 610]
var volatilities = [Double](repeating: 0, count: quotes.count)
var outcomes = [ImpliedVolatilityOutcome](repeating: .invalid, count: quotes.count)
var values = volatilities.mutableSpan
var reasons = outcomes.mutableSpan
try chain.impliedVolatilities(prices: quotes.span, into: &values, outcomes: &reasons)
print(zip(outcomes, volatilities).map { "\($0) \($1)" })

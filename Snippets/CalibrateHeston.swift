// Heston's model calibrated to the quotes of three expiries, and what they say of its parameters.

import Keel

// A chain in volatilities: a skew that flattens with time, quoted a point wide.
let expiries = try [0.1, 0.4, 1.2].map { time in
  try SmileQuotes(
    timeToExpiry: time, forward: 60_000 * (1 + 0.04 * time), discountFactor: 1 - 0.04 * time,
    quotes: stride(from: -6, through: 6, by: 1).map { i in
      let k = 0.15 * Double(i) * time.squareRoot()
      let volatility = 0.55 + 0.03 * time - 0.12 * k / (0.5 + time) + 0.1 * k * k / (0.3 + time)
      return try .init(logMoneyness: k, bid: volatility - 0.005, ask: volatility + 0.005)
    })
}

// snippet.example
let fit = try ModelCalibration<HestonModel>(to: expiries)
print(fit.status, "after", fit.iterationCount, "steps, Feller ratio", fit.model.fellerRatio)
for (i, name) in HestonModel.parameterNames.enumerated() {
  print(name, fit.model.parameters[i], "±", fit.identification.standardErrors[i])
}
print("not determined:", fit.identification.unidentified, "at a bound:", fit.parametersNearBounds)
for quality in fit.quality {
  print(quality.timeToExpiry, quality.insideCount, "of", quality.quoteCount, "inside bid and ask")
}
// snippet.end

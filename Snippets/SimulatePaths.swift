// An autocallable note under Bates: it pays back with a coupon at the first date above the start.

import Keel

let diffusion = try HestonModel(
  initialVariance: 0.3, reversion: 3, meanVariance: 0.36, varianceVolatility: 1.4,
  correlation: -0.3)
let model = try BatesModel(
  diffusion: diffusion, intensity: 4, jumpMean: -0.08, jumpDeviation: 0.12)
let spot = 60_000.0
let rate = 0.04
let times = [0.25, 0.5, 0.75, 1]

let simulation = try PathSimulation(
  of: model, spot: spot, rate: rate, carryYield: 0, times: times, seed: 7)
let notional = 1_000.0
let price = try simulation.price(pathCount: 20_000, on: BoundedPool(width: 2)) { path in
  for i in path.indices where path[i] >= spot {
    // Payoffs are paid at the last date: what comes earlier grows until then.
    let growth = 1 + rate * (1 - times[i])
    return notional * (1 + 0.1 * times[i]) * growth
  }
  return notional * min(1, path[path.count - 1] / spot)
}
print("note \(price.price) ± \(price.standardError)")

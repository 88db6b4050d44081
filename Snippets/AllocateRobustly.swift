// Weights that do not trust their estimates: for the worst means, for the worst law near the scenarios, and resampled.
import Keel

let universe = try Universe(["BTC", "ETH", "GOLD", "USD"])
let means = try ExpectedReturns(universe: universe, values: [0.0010, 0.0014, 0.0003, 0.0001])
let covariance = try Covariance(
  universe: universe,
  dense: SymmetricMatrix(rows: [
    [0.0016, 0.0015, 0.0001, 0], [0.0015, 0.0025, 0.0001, 0], [0.0001, 0.0001, 0.0002, 0],
    [0, 0, 0, 0],
  ]))

// The means are those of 2000 days; with these odds they are not farther off, all together.
for confidence in [0.0, 0.05, 0.2, 0.5] {
  let set = try ReturnUncertainty.region(
    forMeansOf: covariance, observationCount: 2000, confidence: confidence)
  let best = try RobustUtility(riskAversion: 2, uncertainty: set)
    .weights(expectedReturns: means, covariance: covariance).value
  print(confidence, best.weights.values, "earns at least", best.worstExpectedReturn)
}

// The worst law that is an average of 0.1 % away from the scenarios.
let stream = RandomStream(seed: 4, stream: 0)
let count = 250
let market = (0..<count).map { 0.04 * stream.normal(at: UInt64($0)) }
func coin(_ number: Int, beta: Double, noise: Double) -> [Double] {
  market.indices.map {
    beta * market[$0] + noise * stream.normal(at: UInt64(1000 * number + $0))
  }
}
let scenarios = try ScenarioSet(
  universe: Universe(["BTC", "ETH", "GOLD"]),
  outcomes: Matrix(
    rowCount: count, columnCount: 3,
    columnMajor: coin(1, beta: 1, noise: 0.01) + coin(2, beta: 1.2, noise: 0.02)
      + coin(3, beta: 0.1, noise: 0.03)))
for radius in [0, 0.001, 0.01] {
  let safest = try WassersteinExpectedShortfall(confidence: 0.95, radius: radius)
    .weights(scenarios: scenarios).value
  print(
    radius, safest.weights.values, "shortfall", safest.estimate.expectedShortfall, "at worst",
    safest.worstCaseShortfall)
}

// The mean over 100 frontiers of 250 days that could have been.
let frontier = ResampledFrontier(observationCount: 250, drawCount: 100, seed: 1)
for point in try frontier.points(count: 3, expectedReturns: means, covariance: covariance) {
  print(point.weights.values, "give or take", point.weightDeviations)
}

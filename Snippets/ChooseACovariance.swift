// Which covariance is best on these data? Estimators judged by the rows after those that they saw, then stressed and streamed.

import Keel

try LinearAlgebra.configure(threads: 1)

// 400 days of 20 assets with a common market, from a random stream.
let names = (0..<20).map { AssetID("T\($0)") }
let market = try RandomStream(seed: 1, stream: 100).normals(count: 400)
let columns = try (0..<20).map { j in
  let own = try RandomStream(seed: 1, stream: UInt64(j)).normals(count: 400)
  return zip(market, own).map { 0.02 * $0 + 0.03 * $1 }
}
let start = try Timestamp(year: 2024, month: 1, day: 1)
let returns = try SimpleReturns(
  universe: Universe(names), timestamps: (0..<400).map { try start.advanced(byDays: $0) },
  values: Matrix(columns: columns.map { $0.map { max($0, -1) } }))

// snippet.example
let scheme = try WalkForward(firstTrainingLength: 60, testLength: 20, gap: 0, longestTraining: 60)
let sample = try CovarianceScore(
  of: SampleCovariance(), on: returns, scheme, loss: .minimumVariance)
let shrunk = try CovarianceScore(of: LedoitWolf(), on: returns, scheme, loss: .minimumVariance)
let advantage = try shrunk.advantage(over: sample)
print("Ledoit-Wolf saves", advantage.mean, "±", advantage.standardError, "of variance a day")

// The penalty of the graphical lasso under which the days after are likeliest.
let lasso = try GraphicalLassoSelection(on: returns, .walkForward(scheme))
print("the best of", lasso.scores.count, "penalties is", lasso.penalty)

let calm = try LedoitWolf(examination: .eigenvalues).covariance(from: returns)
let crash = try calm.stressed(towardOne: 0.8)
print(calm.diagnostics.conditionNumber ?? 0, crash.standardDeviations[0])

// The same covariance, a row at a time, with the distance of the newest row.
var stream = try StreamingCovariance(universe: returns.universe, halfLife: 60)
for t in 0..<399 { try stream.update(returns.values.row(t)) }
print("the last day is", try stream.squaredDistance(returns.values.row(399)), "of about 20")
// snippet.end

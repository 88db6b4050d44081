// At most three names of at least 10 %, with a fee for each position that changes, proved optimal.

import Keel

let covariance = try SymmetricMatrix(rows: [
  [0.040, 0.012, 0.010, 0.008, 0.006],
  [0.012, 0.050, 0.014, 0.009, 0.007],
  [0.010, 0.014, 0.035, 0.011, 0.005],
  [0.008, 0.009, 0.011, 0.060, 0.004],
  [0.006, 0.007, 0.005, 0.004, 0.025],
])
let present = [0.5, 0.0, 0.5, 0.0, 0.0]
let program = try QuadraticProgram(
  quadratic: .dense(covariance),
  lowerBounds: [0, 0, 0, 0, 0],
  rows: [LinearRow("budget", coefficients: [1, 1, 1, 1, 1], lower: 1, upper: 1)],
  variableNames: ["A", "B", "C", "D", "E"])
let problem = try MixedIntegerProgram(
  program,
  cardinalities: [CardinalityLimit("names", variables: [0, 1, 2, 3, 4], atMost: 3)],
  minimumPositions: (0..<5).map { MinimumPosition(variable: $0, minimum: 0.1) },
  fixedCosts: (0..<5).map { FixedCost(variable: $0, cost: 1e-4, reference: present[$0]) })
let solution = try BranchAndBound().solve(problem)
precondition(solution.status == .optimal)
print("weights \(solution.value ?? []), gap \(solution.relativeGap), fees \(solution.fixedCost)")

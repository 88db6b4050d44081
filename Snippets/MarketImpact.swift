// Mean and variance with trading costs that grow with the power 3/2 of a trade.
import Keel

let current = [0.5, 0.3, 0.2]
let covariance = try SymmetricMatrix(rows: [
  [0.04, 0.01, 0, 0, 0, 0], [0.01, 0.09, 0, 0, 0, 0], [0, 0, 0.16, 0, 0, 0],
  [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0],
])
// Variables: three weights and the cost of each trade.
let impact = current.enumerated().map { asset, weight in
  ConicConstraint.threeHalvesPower(
    "trade \(asset)", of: AffineExpression(variable: asset, constant: -weight),
    atMost: AffineExpression(variable: 3 + asset))
}
let budget = ConicConstraint(
  LinearRow("budget", coefficients: [1, 1, 1, 0, 0, 0], lower: 1, upper: 1))
let program = try ConicProgram(
  quadratic: QuadraticTerm.dense(covariance).multiplied(by: 4),
  linear: [-0.05, -0.09, -0.06, 0.1, 0.1, 0.1],
  constraints: [budget, .bounds("long only", lower: [0, 0, 0])] + impact)
let solution = try ConicSolver().solve(program)
print(solution.status, solution.value.prefix(3), solution.duals["budget"] ?? [])

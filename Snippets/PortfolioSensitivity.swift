// How an optimal portfolio answers to its inputs: one factorization, any number of questions.

import Keel

let covariance = try SymmetricMatrix(rows: [
  [0.50, 0.30, 0.0], [0.30, 0.60, 0.0], [0.0, 0.0, 0.01],
])
let program = try QuadraticProgram(
  quadratic: .dense(covariance), linear: [-0.20, -0.15, -0.03], lowerBounds: [0, 0, 0],
  rows: [LinearRow("budget", coefficients: [1, 1, 1], lower: 1, upper: 1)],
  variableNames: ["BTC", "ETH", "USDC"])
let sensitivity = try program.sensitivity(at: QuadraticSolver().solve(program))
print("differentiable:", sensitivity.isDifferentiable)

// Forward: the expected return of BTC rises by one point.
var direction = ProgramDirection(zeroFor: program)
direction.linear[0] = -0.01
print("weights change by", try sensitivity.forward(direction).x)

// Backward: to which inputs is the weight of USDC sensitive?
let gradient = try sensitivity.reverse(SolutionGradient(x: [0, 0, 1]))
print("to the expected returns", gradient.linear.map { -$0 })
print("to the budget", gradient.rowLower[0])

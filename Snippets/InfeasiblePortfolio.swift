// A portfolio whose limits contradict each other: which ones, and what is the least that must give.

import Keel

let program = try QuadraticProgram(
  quadratic: .diagonal([0.5, 0.6, 0.01]), lowerBounds: [0, 0, 0], upperBounds: [0.3, 0.3, 0.3],
  rows: [
    LinearRow("budget", coefficients: [1, 1, 1], lower: 1, upper: 1),
    LinearRow("majors", coefficients: [1, 1, 0], lower: 0.2),
  ], variableNames: ["BTC", "ETH", "USDC"])

let solution = try QuadraticSolver().solve(program)
if case .primalInfeasible(let proof) = solution.status {
  // Of these bounds none can be spared: without any one of them the rest can be satisfied.
  if let clash = program.irreducibleInfeasibleSet(from: proof) {
    for member in clash.members { print(member.bound, member.bound.value) }
    print("proved irreducible:", clash.isIrreducibilityProved)
  }

  // The caps may move, the budget may not; the cap of the stablecoin is the cheapest.
  let relaxation = try program.cheapestRelaxation(
    of: ["BTC", "ETH", "USDC"], weights: ["BTC": 2, "ETH": 2, "USDC": 1])
  for move in relaxation.moves { print("move", move.bound, "to", move.value) }
  let relaxed = try QuadraticSolver().solve(program.relaxed(by: relaxation.moves))
  print("now", relaxed.status == .optimal, relaxed.value)
}

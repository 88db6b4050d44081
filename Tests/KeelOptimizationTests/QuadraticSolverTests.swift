import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct QuadraticSolverTests {
  @Test(arguments: 1...300)
  func solvesFeasiblePrograms(seed: Int) throws {
    let program = try RandomPrograms.feasible(seed: seed)
    let solution = try QuadraticSolver().solve(program)
    #expect(solution.status == .optimal, "\(solution.certificate)")
    let residual = try RandomPrograms.checker(program).residual(
      x: solution.value, multipliers: solution.duals.rows + solution.duals.bounds)
    #expect(residual <= 1e-10)
    for (i, x) in solution.value.enumerated() {
      #expect(x >= program.lowerBounds[i] && x <= program.upperBounds[i])
    }
    let verified = try program.verify(
      solution.value, duals: solution.duals, iterations: solution.certificate.iterations)
    #expect(verified == solution.certificate)
  }

  @Test(arguments: 1...150)
  func provesInfeasibility(seed: Int) throws {
    let program = try RandomPrograms.infeasible(seed: seed)
    let solution = try QuadraticSolver().solve(program)
    guard case .primalInfeasible(let proof) = solution.status else {
      Issue.record("\(solution.status) \(solution.certificate)")
      return
    }
    #expect(proof.contradiction > 0)
    #expect(proof.residual <= 1e-9)
    #expect(proof.constraints.contains("third"))
    // Without bounds the only proof is 2 first + 3 second.
    if seed % 3 != 0 { #expect(proof.constraints == ["first", "second", "third"]) }
    let checked = program.infeasibilityProof(rowMultipliers: proof.multipliers.rows)
    #expect(checked == proof)
  }
}

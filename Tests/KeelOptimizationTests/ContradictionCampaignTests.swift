import KeelOptimization
import KeelTestSupport
import Testing

/// Contradictions of every family, margin, objective and unit, and their feasible twins.
@Suite struct ContradictionCampaignTests {
  #if DEBUG
    static let count = 8
    static let twinCount = 4
  #else
    /// For each of 14 families: 100 002 in all.
    static let count = 7143
    static let twinCount = 1500
  #endif

  private struct Case {
    let program: QuadraticProgram
    let label: String
  }

  private func makeCase(
    _ family: ContradictionFamilies.Family,
    _ seed: Int,
    sign: Double
  ) throws -> Case {
    var generator = SeededGenerator(seed: UInt64(seed) &* 31 &+ 7)
    let margin = ContradictionFamilies.margins[Int(generator.next() % 7)]
    let objective = ContradictionFamilies.Objective.allCases[Int(generator.next() % 5)]
    let units = ContradictionFamilies.Units.allCases[Int(generator.next() % 4)]
    return Case(
      program: try ContradictionFamilies.program(
        family, seed: seed, margin: sign * margin, objective: objective, units: units),
      label: "\(family) seed \(seed) margin \(sign * margin) \(objective) \(units)")
  }

  @Test(arguments: ContradictionFamilies.Family.allCases)
  func everyContradictionIsProved(family: ContradictionFamilies.Family) throws {
    for seed in 0..<Self.count {
      let sample = try makeCase(family, seed, sign: 1)
      let solution = try QuadraticSolver().solve(sample.program)
      guard case .primalInfeasible(let proof) = solution.status else {
        Issue.record("\(sample.label): \(solution.status)")
        continue
      }
      let fault = FarkasChecker.fault(of: proof.multipliers, in: sample.program)
      #expect(fault == nil, "\(sample.label)")
    }
  }

  @Test(arguments: ContradictionFamilies.Family.allCases)
  func noFeasibleTwinIsCalledInfeasible(family: ContradictionFamilies.Family) throws {
    for seed in 0..<Self.twinCount {
      let sample = try makeCase(family, seed, sign: -1)
      let status = try QuadraticSolver().solve(sample.program).status
      if case .primalInfeasible = status { Issue.record("\(sample.label): \(status)") }
      #expect(sample.program.irreducibleInfeasibleSet() == nil, "\(sample.label)")
    }
  }
}

/// An independent check of Farkas multipliers, in extended precision.
enum FarkasChecker {
  #if arch(x86_64)
    typealias Extended = Float80
  #else
    typealias Extended = Double
  #endif

  /// What is wrong with multipliers as a proof that a program is infeasible; nil when they prove it.
  static func fault(of multipliers: Duals, in program: QuadraticProgram) -> String? {
    var columns = multipliers.bounds.map { Extended($0) }
    var sizes = columns.map { $0.magnitude }
    var value: Extended = 0
    for (k, row) in program.rows.enumerated() where multipliers.rows[k] != 0 {
      let y = Extended(multipliers.rows[k])
      let bound = y > 0 ? row.lower : row.upper
      if bound.isInfinite { return "row \(row.name) has no such bound" }
      value += y * Extended(bound)
      for (i, a) in zip(row.indices, row.coefficients) {
        columns[i] += Extended(a) * y
        sizes[i] = max(sizes[i], (Extended(a) * y).magnitude)
      }
    }
    for i in columns.indices {
      if columns[i].magnitude > 1e-12 * sizes[i] { return "column \(i) does not vanish" }
      let z = multipliers.bounds[i]
      if z == 0 { continue }
      let bound = z > 0 ? program.lowerBounds[i] : program.upperBounds[i]
      if bound.isInfinite { return "variable \(i) has no such bound" }
      value += Extended(z) * Extended(bound)
    }
    return value > 0 ? nil : "the contradiction is \(value)"
  }
}

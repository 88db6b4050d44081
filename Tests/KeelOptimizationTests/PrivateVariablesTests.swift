import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// A variable that stands in one block only.
struct PrivateVariable {
  let index: Int
  /// Its coefficients in the rows of the block.
  let column: [Double]
  /// Where it changes nothing.
  var value = 0.0

  /// Whether the cone of a block is one whose private variables are eliminated.
  static func isFor(_ block: ConicConstraint) -> Bool {
    switch block.cone {
    case .exponential, .power: true
    default: false
    }
  }

  /// The block with the variable.
  func added(to block: ConicConstraint) -> ConicConstraint {
    ConicConstraint(
      block.name, in: block.cone,
      zip(block.expressions, column).map { row, coefficient in
        AffineExpression(
          indices: row.indices + [index], coefficients: row.coefficients + [coefficient],
          constant: row.constant - coefficient * value)
      })
  }
}

/// Programs in which every exponential and power cone has a variable that stands nowhere else, as
/// epigraphs have.
@Suite struct PrivateVariablesTests {
  typealias Family = RandomConicPrograms.Family

  #if DEBUG
    static let seeds = 1...5
  #else
    static let seeds = 1...90
  #endif
  static let families: [Family] = [.exponential, .power, .all]

  /// A program with a known optimum; some private variables have curvature and bounds, active or
  /// not.
  private static func solved(_ family: Family, seed: Int) throws -> RandomConicPrograms.Solved {
    let known = try RandomConicPrograms.solved(family, seed: seed)
    var generator = SeededGenerator(seed: UInt64(seed) &* 31)
    var blocks = known.program.constraints
    var duals = known.duals.blocks
    var (x, q) = (known.x, known.program.linear)
    var curvature: [Double] = []
    for k in known.program.constraints.indices where PrivateVariable.isFor(blocks[k]) {
      let j = x.count
      let value = generator.gaussian()
      // Often one row alone, as in an epigraph.
      let only = seed % 2 == 0 ? generator.next() % 3 : 3
      let column = (0..<3).map { only == 3 || only == $0 ? generator.gaussian() : 0 }
      blocks[k] = PrivateVariable(index: j, column: column, value: value).added(to: blocks[k])
      let weight = seed % 3 == 0 ? generator.uniform(0...1) : 0
      curvature.append(weight)
      var slope = zip(column, duals[k]).reduce(0) { $0 + $1.0 * $1.1 } - weight * value
      if generator.uniform() < 0.5 {
        let isActive = generator.uniform() < 0.5
        let multiplier = isActive ? generator.uniform(0.1...1) : 0
        blocks.append(
          ConicConstraint(
            "bound \(j)", in: .nonnegative,
            [
              AffineExpression(
                indices: [j], coefficients: [1],
                constant: -value + (isActive ? 0 : generator.uniform(0.1...2)))
            ]))
        duals.append([multiplier])
        slope += multiplier
      }
      x.append(value)
      q.append(slope)
    }
    let program = try ConicProgram(
      quadratic: quadratic(known.program.quadratic, adding: curvature), linear: q,
      constraints: blocks)
    return .init(program: program, x: x, duals: ConicDuals(of: program, blocks: duals))
  }

  private static func quadratic(
    _ quadratic: QuadraticTerm,
    adding curvature: [Double]
  ) -> QuadraticTerm {
    switch quadratic.padded(by: curvature.count) {
    case .dense(var matrix), .scaledDense(var matrix, _):
      let n = quadratic.order
      for (k, weight) in curvature.enumerated() { matrix[n + k, n + k] = weight }
      return .dense(matrix)
    default: return .diagonal([Double](repeating: 0, count: quadratic.order) + curvature)
    }
  }

  /// The sum of the magnitudes of the terms of an objective, which its gap is relative to.
  private static func size(_ program: ConicProgram, _ x: [Double]) -> Double {
    let product = program.quadratic.times(x)
    return x.indices.reduce(1) { sum, i in
      sum + x[i].magnitude * (product[i].magnitude + program.linear[i].magnitude)
    }
  }

  @Test(arguments: families)
  func findsKnownOptima(family: Family) throws {
    for seed in Self.seeds {
      let known = try Self.solved(family, seed: seed)
      let claimed = try known.program.verify(known.x, duals: known.duals)
      #expect(
        claimed.holds(Certificate.almostOptimalTolerances), "construction \(seed): \(claimed)")
      let solution = try ConicSolver().solve(known.program)
      #expect(solution.status == .optimal, "seed \(seed): \(solution.certificate)")
      expectClose(
        solution.certificate.primalObjective, known.program.objective(at: known.x),
        absolute: 2e-8 * Self.size(known.program, known.x), "seed \(seed)")
    }
  }

  /// A curvature that couples the private variables with others takes the other way to the same
  /// answer, in one workspace there and back.
  @Test(arguments: families)
  func curvatureMayCouple(family: Family) throws {
    for seed in Self.seeds where seed % 3 == 0 {
      let known = try Self.solved(family, seed: seed)
      guard case .dense(var matrix) = known.program.quadratic else { continue }
      let last = known.x.count - 1
      // A coupling that curvature in both variables keeps convex; the optimum stays.
      let coupling = 0.5
      matrix[last, last] += coupling
      matrix[0, 0] += coupling
      matrix[last, 0] += coupling
      var linear = known.program.linear
      for i in [0, last] { linear[i] -= coupling * (known.x[0] + known.x[last]) }
      let coupled = try ConicProgram(
        quadratic: .dense(matrix), linear: linear, constraints: known.program.constraints)
      var workspace = ConicWorkspace(known.program)
      for program in [known.program, coupled, known.program] {
        try workspace.setQuadratic(program.quadratic)
        try workspace.setLinear(program.linear.span)
        #expect(try workspace.solve() == .optimal, "seed \(seed): \(workspace.certificate)")
        #expect(workspace.solution == (try ConicSolver().solve(program)))
        expectClose(
          workspace.certificate.primalObjective, program.objective(at: known.x),
          absolute: 2e-8 * Self.size(program, known.x), "seed \(seed)")
      }
    }
  }

  @Test(arguments: families)
  func provesInfeasibility(family: Family) throws {
    for seed in Self.seeds {
      let program = try RandomConicPrograms.infeasible(
        family, seed: seed, hasPrivateVariables: true)
      let status = try ConicSolver().solve(program).status
      guard case .primalInfeasible(let proof) = status else {
        Issue.record("seed \(seed): \(status)")
        continue
      }
      #expect(program.infeasibilityProof(multipliers: proof.multipliers.blocks) != nil)
    }
  }

  @Test(arguments: families)
  func provesUnboundedness(family: Family) throws {
    for seed in Self.seeds {
      let base = try RandomConicPrograms.unbounded(family, seed: seed)
      var generator = SeededGenerator(seed: UInt64(seed) &* 41)
      var blocks = base.constraints
      var linear = base.linear
      for k in blocks.indices where PrivateVariable.isFor(blocks[k]) {
        let variable = PrivateVariable(
          index: linear.count, column: (0..<3).map { _ in generator.gaussian() },
          value: generator.gaussian())
        blocks[k] = variable.added(to: blocks[k])
        linear.append(generator.gaussian())
      }
      let program = try ConicProgram(linear: linear, constraints: blocks)
      let status = try ConicSolver().solve(program).status
      guard case .unbounded(let proof) = status else {
        Issue.record("seed \(seed): \(status)")
        continue
      }
      #expect(program.unboundednessProof(direction: proof.direction) != nil)
    }
  }

  /// Growth over as many scenarios as assets: each cone has its epigraph, and the digits that the
  /// normal equations would lose decide whether the certificate holds.
  @Test func growthOverManyScenarios() throws {
    let n = 60
    var generator = SeededGenerator(seed: 17)
    let growth = (0..<n).map { t in
      ConicConstraint.logarithm(
        "scenario \(t)",
        of: AffineExpression(
          indices: Array(0..<n), coefficients: (0..<n).map { _ in 0.03 * generator.gaussian() },
          constant: 1),
        atLeast: AffineExpression(variable: n + t))
    }
    let program = try ConicProgram(
      linear: [Double](repeating: 0, count: n)
        + [Double](repeating: -1 / Double(n), count: n),
      constraints: [
        ConicConstraint(
          LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)),
        .bounds("long only", lower: [Double](repeating: 0, count: n)),
      ] + growth)
    let solution = try ConicSolver().solve(program)
    #expect(solution.status == .optimal)
    #expect(solution.certificate.primalResidual < 1e-10)
    #expect(solution.certificate.iterations <= 20)
  }
}

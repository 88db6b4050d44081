import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Few names, long and short, where the diagonal that is split off decides about the bound.
@Suite struct CurvatureImprovementTests {
  #if DEBUG
    static let seeds = 1...4
  #else
    static let seeds = 1...40
  #endif

  /// Minimum variance with some common factors; short positions down to −40 %.
  static func program(
    seed: Int,
    count n: Int,
    names: Int
  ) throws -> MixedIntegerProgram {
    var generator = SeededGenerator(seed: UInt64(900 + seed))
    let exposures = (0..<n).map { _ in (0..<3).map { _ in 0.2 + 0.3 * generator.gaussian() } }
    var matrix = try SymmetricMatrix(order: n)
    for j in 0..<n {
      for i in j..<n {
        matrix[i, j] = (0..<3).reduce(0) { $0 + exposures[i][$1] * exposures[j][$1] }
      }
      matrix[j, j] += generator.uniform(0.01...0.1)
    }
    return try MixedIntegerProgram(
      QuadraticProgram(
        quadratic: .dense(matrix), lowerBounds: [Double](repeating: -0.4, count: n),
        upperBounds: [Double](repeating: 0.6, count: n),
        rows: [
          LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)
        ]),
      cardinalities: [CardinalityLimit("names", variables: Array(0..<n), atMost: names)])
  }

  private static func solver(nodeLimit: Int) -> BranchAndBound {
    var settings = BranchAndBound.Settings()
    settings.nodeLimit = nodeLimit
    settings.relativeGap = 1e-9
    return BranchAndBound(settings: settings)
  }

  /// The bound after each number of nodes is below the least objective of all patterns, and the tree
  /// ends at that.
  @Test(arguments: seeds) func boundsAreValid(seed: Int) throws {
    let problem = try Self.program(seed: seed, count: 10, names: 4)
    let least = try IntegerEnumeration(problem).best
    for nodeLimit in [1, 2, 5, 20] {
      let solution = try Self.solver(nodeLimit: nodeLimit).solve(problem)
      #expect(solution.lowerBound <= least * (1 + 1e-12))
      #expect(solution.objective >= least * (1 - 1e-9))
    }
    let solution = try Self.solver(nodeLimit: 100_000).solve(problem)
    #expect(solution.status == .optimal)
    expectClose(solution.objective, least, relative: 2e-9)
  }

  /// The same program, the same bits.
  @Test func theTreeIsDeterministic() throws {
    let problem = try Self.program(seed: 50, count: 40, names: 8)
    let first = try Self.solver(nodeLimit: 30).solve(problem)
    #expect(try Self.solver(nodeLimit: 30).solve(problem) == first)
    #expect(first.lowerBound > 0)
    #expect(try problem.firstViolation(at: first.value ?? []) == nil)
  }
}

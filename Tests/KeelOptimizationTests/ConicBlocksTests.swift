import Foundation
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// The named blocks against what they say, in small programs with known answers.
@Suite struct ConicBlocksTests {
  private func least(
    _ linear: [Double],
    _ constraints: [ConicConstraint]
  ) throws -> [Double] {
    let solution = try ConicSolver().solve(
      ConicProgram(linear: linear, constraints: constraints))
    #expect(solution.status == .optimal, "\(solution.status) \(solution.certificate)")
    return solution.value
  }

  private func fixed(_ name: String, _ index: Int, at value: Double) -> ConicConstraint {
    ConicConstraint(
      LinearRow(name, indices: [index], coefficients: [1], lower: value, upper: value))
  }

  @Test(arguments: [-2.0, -0.3, 0.7, 4])
  func epigraphsAreTight(v: Double) throws {
    let x = AffineExpression(variable: 0)
    let t = AffineExpression(variable: 1)
    let at = fixed("x", 0, at: v)
    expectClose(
      try least([0, 1], [at, .norm("n", of: [x, AffineExpression(constant: 1)], atMost: t)])[1],
      (v * v + 1).squareRoot(), relative: 1e-8)
    expectClose(
      try least([0, 1], [at, .sumOfSquares("s", of: [x], atMost: t)])[1], v * v, relative: 1e-7)
    for p in [1.1, 1.5, 2, 3.7] {
      expectClose(
        try least([0, 1], [at, .power("p", of: x, exponent: p, atMost: t)])[1],
        pow(v.magnitude, p), relative: 1e-7, "power \(p)")
    }
    expectClose(
      try least([0, 1], [at, .threeHalvesPower("p", of: x, atMost: t)])[1],
      pow(v.magnitude, 1.5), relative: 1e-7)
    expectClose(
      try least([0, 1], [at, .exponential("e", of: x, atMost: t)])[1], exp(v), relative: 1e-7)
    if v > 0 {
      expectClose(
        try least([0, -1], [at, .logarithm("l", of: x, atLeast: t)])[1], log(v), absolute: 1e-7)
      expectClose(
        try least([0, 1], [at, .relativeEntropy("h", of: x, atMost: t)])[1], v * log(v),
        absolute: 1e-7)
    }
  }

  @Test func logarithmOfASumOfExponentials() throws {
    let vector = [0.3, -1, 2].map { AffineExpression(constant: $0) }
    let x = try least(
      [1, 0, 0, 0],
      ConicConstraint.logSumExp(
        "lse", of: vector, atMost: AffineExpression(variable: 0), auxiliaries: [1, 2, 3]))
    expectClose(x[0], log(exp(0.3) + exp(-1) + exp(2)), relative: 1e-8)
  }

  /// A constant loss is its own measure, and the measure lies between expected shortfall and the
  /// worst loss.
  @Test func entropicValueAtRiskLiesBetweenShortfallAndTheWorst() throws {
    let losses = [-0.01, 0.02, 0.005, 0.04, -0.03, 0.012, 0.03, -0.004, 0.001, 0.0]
    let x = try least(
      [1] + [Double](repeating: 0, count: 11),
      ConicConstraint.entropicValueAtRisk(
        "EVaR", of: losses.map { AffineExpression(constant: $0) }, level: 0.8,
        atMost: AffineExpression(variable: 0), scale: 1, auxiliaries: Array(2..<12)))
    #expect(x[0] > (0.04 + 0.03) / 2 && x[0] < 0.04)
  }

  @Test func linearMatrixInequality() throws {
    // The smallest eigenvalue of a diagonal plus x times a swap.
    let constant = try SymmetricMatrix(rows: [[2, 0], [0, 3]])
    let swap = try SymmetricMatrix(rows: [[0, 1], [1, 0]])
    let x = try least(
      [-1], [.positiveSemidefinite("lmi", constant: constant, terms: [(0, swap)])])
    expectClose(x[0], 6.0.squareRoot(), relative: 1e-9)
    let wrong = ConicConstraint.positiveSemidefinite(
      "lmi", constant: constant, terms: [(0, try SymmetricMatrix(order: 3))])
    #expect(throws: OptimizationError.shapeMismatch(argument: "lmi", got: 0, required: 3)) {
      try ConicProgram(linear: [1], constraints: [wrong])
    }
  }

  @Test func boundsAndRows() throws {
    let x = try least(
      [1, -1, 2],
      [
        .bounds("box", lower: [-1, 0, -.infinity], upper: [.infinity, 5]),
        ConicConstraint(LinearRow("range", indices: [2], coefficients: [2], lower: -4, upper: 8)),
      ])
    expectClose(x[0], -1, absolute: 1e-8)
    expectClose(x[1], 5, absolute: 1e-8)
    expectClose(x[2], -2, absolute: 1e-8)
  }

  /// The dual value of a semidefinite block is the derivative in the element, off the diagonal too.
  @Test func dualsOfAMatrixElement() throws {
    func value(_ element: Double) throws -> ConicSolution {
      // Least t with [t, e; e, 2] semidefinite is e²/2.
      let constant = try SymmetricMatrix(rows: [[0, element], [element, 2]])
      let corner = try SymmetricMatrix(rows: [[1, 0], [0, 0]])
      return try ConicSolver().solve(
        ConicProgram(
          linear: [1],
          constraints: [.positiveSemidefinite("m", constant: constant, terms: [(0, corner)])]))
    }
    let solution = try value(1.5)
    expectClose(solution.value[0], 1.5 * 1.5 / 2, relative: 1e-8)
    let duals = try #require(solution.duals["m"])
    // A decrease of the constant: −d(e²/2)/de.
    expectClose(duals[1], -1.5, relative: 1e-7)
  }
}

import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Programs that SCIP solved.
private struct IntegerCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Row: Decodable {
    var name: String
    var coefficients: [Double]
    var lower: Double
    var upper: Double
  }
  struct Limit: Decodable {
    var variables: [Int]
    var atLeast: Int
    var atMost: Int
  }
  struct Position: Decodable {
    var variable: Int
    var minimum: Double
    /// Negative for none.
    var shortMinimum: Double
  }
  struct Size: Decodable {
    var variable: Int
    var size: Double
  }
  struct Cost: Decodable {
    var variable: Int
    var cost: Double
    var reference: Double
  }

  var name: String
  var count: Int
  var quadratic: [Double]
  var linear: [Double]
  var lower: [Double]
  var upper: [Double]
  var rows: [Row]
  var cardinalities: [Limit]
  var positions: [Position]
  var lots: [Size]
  var costs: [Cost]
  var objective: Double
  var relative: Double

  var testDescription: String { name }

  func program() throws -> MixedIntegerProgram {
    try MixedIntegerProgram(
      QuadraticProgram(
        quadratic: .dense(
          SymmetricMatrix(Matrix(rowCount: count, columnCount: count, columnMajor: quadratic))),
        linear: linear, lowerBounds: lower, upperBounds: upper,
        rows: rows.map {
          LinearRow($0.name, coefficients: $0.coefficients, lower: $0.lower, upper: $0.upper)
        }),
      cardinalities: cardinalities.enumerated().map {
        CardinalityLimit(
          "limit \($0)", variables: $1.variables, atLeast: $1.atLeast, atMost: $1.atMost)
      },
      minimumPositions: positions.map {
        MinimumPosition(
          variable: $0.variable, minimum: $0.minimum,
          shortMinimum: $0.shortMinimum < 0 ? nil : $0.shortMinimum)
      },
      lots: lots.map { Lot(variable: $0.variable, size: $0.size) },
      fixedCosts: costs.map {
        FixedCost(variable: $0.variable, cost: $0.cost, reference: $0.reference)
      })
  }
}

private struct IntegerFile: Decodable {
  var cases: [IntegerCase]
}

@Suite struct IntegerReferenceTests {
  @Test func agreesWithAnotherSolver() throws {
    let file = try Reference.load(IntegerFile.self, "integer_programs")
    #expect(file.cases.count >= 12)
    for reference in file.cases {
      let problem = try reference.program()
      let solution = try BranchAndBound().solve(problem)
      #expect(solution.status == .optimal, "\(reference.name)")
      expectClose(
        solution.objective, reference.objective, relative: reference.relative, absolute: 1e-7,
        reference.name)
      #expect(try problem.firstViolation(at: solution.value ?? []) == nil)
    }
  }
}

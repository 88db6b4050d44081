import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

private struct ConicReference: Decodable {
  struct Block: Decodable {
    var cone: String
    var f: [[Double]]
    var g: [Double]
    var exponent: Double?
    var order: Int?
  }

  struct Case: Decodable {
    var name: String
    var p: [[Double]]?
    var q: [Double]
    var blocks: [Block]
    var objective: Double
    var relative: Double
    var absolute: Double
    var x: [Double]?
    var xAbsolute: Double
  }

  var cases: [Case]
}

@Suite struct ConicReferenceTests {
  private func program(_ reference: ConicReference.Case) throws -> ConicProgram {
    let blocks = try reference.blocks.enumerated().map { k, block in
      let cone: Cone =
        switch block.cone {
        case "zero": .zero
        case "nonnegative": .nonnegative
        case "secondOrder": .secondOrder
        case "exponential": .exponential
        case "power": .power(exponent: try #require(block.exponent))
        default: .positiveSemidefinite(order: try #require(block.order))
        }
      return ConicConstraint(
        "\(block.cone) \(k)", in: cone,
        zip(block.f, block.g).map { AffineExpression(coefficients: $0, constant: $1) })
    }
    let quadratic = try reference.p.map { QuadraticTerm.dense(try SymmetricMatrix(rows: $0)) }
    return try ConicProgram(quadratic: quadratic, linear: reference.q, constraints: blocks)
  }

  @Test func matchesOtherSolversAndClosedForms() throws {
    let reference = try Reference.load(ConicReference.self, "conic")
    #expect(reference.cases.count == 28)
    #if DEBUG
      let largest = 30
    #else
      let largest = Int.max
    #endif
    for entry in reference.cases where entry.q.count <= largest {
      let program = try program(entry)
      let solution = try ConicSolver().solve(program)
      #expect(solution.status == .optimal, "\(entry.name): \(solution.certificate)")
      expectClose(
        solution.certificate.primalObjective, entry.objective, relative: entry.relative,
        absolute: entry.absolute, entry.name)
      for (value, expected) in zip(solution.value, entry.x ?? []) {
        expectClose(value, expected, absolute: entry.xAbsolute, entry.name)
      }
    }
  }
}

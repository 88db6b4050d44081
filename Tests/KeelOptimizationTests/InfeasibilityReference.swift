import KeelNumerics
import KeelOptimization
import KeelTestSupport

/// `Tests/Reference/infeasibility.json`.
struct InfeasibilityReference: Decodable {
  struct Relaxation: Decodable {
    let rows: [[Double]]
    let rowLower: [Double?]
    let rowUpper: [Double?]
    let lower: [Double]
    let upper: [Double]
    let weights: [Double]
    let cost: Double
    let relative: Double

    var program: QuadraticProgram {
      get throws {
        try QuadraticProgram(
          quadratic: .diagonal(lower.map { _ in 0 }), lowerBounds: lower, upperBounds: upper,
          rows: rows.indices.map { k in
            LinearRow(
              "row \(k)", coefficients: rows[k], lower: rowLower[k] ?? -.infinity,
              upper: rowUpper[k] ?? .infinity)
          })
      }
    }

    var weightsByName: [String: Double] {
      var result: [String: Double] = [:]
      for k in rows.indices { result["row \(k)"] = weights[k] }
      for i in lower.indices { result["x[\(i)]"] = weights[rows.count + i] }
      return result
    }
  }

  struct Numbers: Decodable {
    let p: [[Double]]
    let q: [Double]
    let lower: [Double]
    let upper: [Double]
    let rows: [[Double]]
    let rowLower: [Double]
    let rowUpper: [Double]

    func term(isDiagonal: Bool) throws -> QuadraticTerm {
      isDiagonal
        ? .diagonal(p.indices.map { p[$0][$0] }) : .dense(try SymmetricMatrix(rows: p))
    }
  }

  struct Derivative: Decodable {
    let data: Numbers
    let direction: Numbers
    let isDiagonal: Bool
    let active: Int
    let dx: [Double]
    let dRowDuals: [Double]
    let dBoundDuals: [Double]
    let dObjective: Double
    let relative: Double

    var program: QuadraticProgram {
      get throws {
        try QuadraticProgram(
          quadratic: data.term(isDiagonal: isDiagonal), linear: data.q, lowerBounds: data.lower,
          upperBounds: data.upper,
          rows: data.rows.indices.map { k in
            LinearRow(
              "row \(k)", coefficients: data.rows[k], lower: data.rowLower[k],
              upper: data.rowUpper[k])
          })
      }
    }

    var programDirection: ProgramDirection {
      get throws {
        var result = ProgramDirection(zeroFor: try program)
        result.quadratic = try direction.term(isDiagonal: isDiagonal)
        result.linear = direction.q
        result.lowerBounds = direction.lower
        result.upperBounds = direction.upper
        result.rowLower = direction.rowLower
        result.rowUpper = direction.rowUpper
        result.rowCoefficients = direction.rows
        return result
      }
    }
  }

  let relaxations: [Relaxation]
  let derivatives: [Derivative]

  static func load() throws -> InfeasibilityReference {
    try Reference.load(InfeasibilityReference.self, "infeasibility")
  }
}

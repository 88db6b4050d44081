import KeelNumerics
import KeelOptimization
import KeelTestSupport

/// Seeded programs of every kind that portfolios lead to.
enum RandomPrograms {
  /// A positive semidefinite matrix with a given rank.
  static func semidefinite(
    order: Int,
    rank: Int,
    using generator: inout SeededGenerator
  ) throws -> SymmetricMatrix {
    let factors = (0..<rank).map { _ in (0..<order).map { _ in generator.gaussian() } }
    var matrix = try SymmetricMatrix(order: order)
    for i in 0..<order {
      for j in 0...i {
        matrix[i, j] = factors.reduce(0) { $0 + $1[i] * $1[j] } / Double(max(rank, 1))
      }
    }
    return matrix
  }

  /// A feasible program with boxes, equations, inequalities and ranges; every third is rank
  /// deficient, every fifth has ties.
  static func feasible(seed: Int) throws -> QuadraticProgram {
    var generator = SeededGenerator(seed: UInt64(seed))
    let n = 1 + seed % 23
    let rank = seed % 3 == 0 ? max(1, n / 2) : n + 3
    let p = try semidefinite(order: n, rank: rank, using: &generator)
    let inside = (0..<n).map { _ in generator.uniform(-1...1) }
    var q = (0..<n).map { _ in generator.gaussian() }
    if seed % 5 == 0 { q = q.map { ($0 * 2).rounded() / 2 } }
    var lower: [Double] = []
    var upper: [Double] = []
    for x in inside {
      // Degenerate on purpose: the inner point lies on some bounds.
      lower.append(x - [0, 0.5, 1][Int(generator.next() % 3)])
      upper.append(x + [0, 0.5, 1][Int(generator.next() % 3)])
    }
    var rows: [LinearRow] = []
    for k in 0..<(seed % 4) {
      let a = (0..<n).map { _ in generator.uniform() < 0.7 ? generator.gaussian() : 0 }
      let value = zip(a, inside).reduce(0) { $0 + $1.0 * $1.1 }
      let row =
        switch k % 3 {
        case 0: LinearRow("row \(k)", coefficients: a, lower: value, upper: value)
        case 1: LinearRow("row \(k)", coefficients: a, lower: value - 0.1)
        default: LinearRow("row \(k)", coefficients: a, lower: value - 1, upper: value)
        }
      rows.append(row)
    }
    return try QuadraticProgram(
      quadratic: .dense(p), linear: q, lowerBounds: lower, upperBounds: upper, rows: rows)
  }

  /// A program without a feasible point: a positive combination of rows and bounds contradicts
  /// itself by a margin.
  static func infeasible(seed: Int) throws -> QuadraticProgram {
    var generator = SeededGenerator(seed: UInt64(seed) &+ 1000)
    let n = 2 + seed % 15
    let p = try semidefinite(order: n, rank: n, using: &generator)
    let first = (0..<n).map { _ in generator.gaussian() }
    let second = (0..<n).map { _ in generator.gaussian() }
    // 2 first + 3 second = third within the box, so the third row's bound cannot be met.
    let third = zip(first, second).map { 2 * $0 + 3 * $1 }
    let margin = seed % 2 == 0 ? 1.0 : 1e-3
    return try QuadraticProgram(
      quadratic: .dense(p), linear: first,
      lowerBounds: seed % 3 == 0 ? [Double](repeating: -10, count: n) : nil,
      upperBounds: seed % 3 == 0 ? [Double](repeating: 10, count: n) : nil,
      rows: [
        LinearRow("first", coefficients: first, upper: 1),
        LinearRow("second", coefficients: second, upper: 1),
        LinearRow("third", coefficients: third, lower: 5 + margin),
        LinearRow("harmless", coefficients: second, lower: -100),
      ])
  }

  /// The same program in other units: variables, rows and objective scaled by 10^±6.
  static func rescaled(
    _ program: QuadraticProgram,
    seed: Int
  ) throws -> (program: QuadraticProgram, variables: [Double], cost: Double) {
    var generator = SeededGenerator(seed: UInt64(seed) &+ 99)
    func factor(_ generator: inout SeededGenerator) -> Double {
      let exponent = Int(generator.uniform(-6.5...6.5))
      return (0..<exponent.magnitude).reduce(1.0) { power, _ in
        exponent < 0 ? power / 10 : power * 10
      }
    }
    let n = program.variableCount
    let units = (0..<n).map { _ in factor(&generator) }
    let cost = factor(&generator)
    guard case .dense(let matrix) = program.quadratic else { return (program, units, cost) }
    var scaled = matrix
    for i in 0..<n {
      for j in 0...i { scaled[i, j] = matrix[i, j] * units[i] * units[j] * cost }
    }
    var rows: [LinearRow] = []
    for row in program.rows {
      let unit = factor(&generator)
      rows.append(
        LinearRow(
          row.name, indices: row.indices,
          coefficients: zip(row.indices, row.coefficients).map { $1 * units[$0] * unit },
          lower: row.lower * unit, upper: row.upper * unit))
    }
    let result = try QuadraticProgram(
      quadratic: .dense(scaled), linear: zip(program.linear, units).map { $0 * $1 * cost },
      lowerBounds: zip(program.lowerBounds, units).map { $0 / $1 },
      upperBounds: zip(program.upperBounds, units).map { $0 / $1 }, rows: rows)
    return (result, units, cost)
  }

  /// A checker for a program, its bounds as rows after the rows.
  static func checker(_ program: QuadraticProgram) throws -> KKTChecker {
    let n = program.variableCount
    var a = program.rows.map { row in
      var dense = [Double](repeating: 0, count: n)
      for (i, value) in zip(row.indices, row.coefficients) { dense[i] = value }
      return dense
    }
    for i in 0..<n { a.append((0..<n).map { $0 == i ? 1 : 0 }) }
    return KKTChecker(
      p: program.quadratic.expanded, q: program.linear, a: a, lower: program.rows.map(\.lower) + program.lowerBounds,
      upper: program.rows.map(\.upper) + program.upperBounds)
  }
}

import KeelNumerics
import KeelOptimization
import KeelTestSupport

/// A program with its variables and rows in another order, and the order of the variables.
struct PermutedProgram {
  let program: QuadraticProgram

  /// The old index of each new variable.
  let variables: [Int]

  init(_ original: QuadraticProgram, seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed) &+ 4242)
    let order = original.linear.indices.shuffled(using: &generator)
    variables = order
    var position = [Int](repeating: 0, count: order.count)
    for (new, old) in order.enumerated() { position[old] = new }
    let rows = original.rows.shuffled(using: &generator).map { row in
      let pairs = zip(row.indices.map { position[$0] }, row.coefficients).sorted { $0.0 < $1.0 }
      return LinearRow(
        row.name, indices: pairs.map(\.0), coefficients: pairs.map(\.1), lower: row.lower,
        upper: row.upper)
    }
    let quadratic: QuadraticTerm
    switch original.quadratic {
    case .dense(let matrix):
      var permuted = matrix
      for i in order.indices {
        for j in 0...i { permuted[i, j] = matrix[order[i], order[j]] }
      }
      quadratic = .dense(permuted)
    case .diagonal(let values): quadratic = .diagonal(order.map { values[$0] })
    default: quadratic = original.quadratic
    }
    program = try QuadraticProgram(
      quadratic: quadratic, linear: order.map { original.linear[$0] },
      lowerBounds: order.map { original.lowerBounds[$0] },
      upperBounds: order.map { original.upperBounds[$0] }, rows: rows)
  }

  /// The old variables of a point of the permuted program.
  func restored(_ x: [Double]) -> [Double] {
    var result = x
    for (new, old) in variables.enumerated() { result[old] = x[new] }
    return result
  }
}

/// How many seeds a test sweeps over: all in release, a quarter in debug, where code is slow.
enum SweepSize {
  static func of(_ count: Int) -> Int {
    #if DEBUG
      (count + 3) / 4
    #else
      count
    #endif
  }
}

/// A program with its rows one after the other in plain arrays.
struct FlatProgram: Sendable {
  var kernel: QuadraticKernel
  var linear: [Double]
  var lower: [Double]
  var upper: [Double]
  /// The entries of row k stand at `rowStarts[k]..<rowStarts[k + 1]`.
  var rowStarts: [Int]
  var rowIndices: [Int]
  var rowCoefficients: [Double]
  var rowLower: [Double]
  var rowUpper: [Double]
  /// The diagonal of P.
  var curvature: [Double]

  var count: Int { linear.count }
  var rowCount: Int { rowLower.count }

  init(_ program: QuadraticProgram) {
    kernel = program.quadratic.kernel
    curvature = program.quadratic.diagonal
    linear = program.linear
    lower = program.lowerBounds
    upper = program.upperBounds
    let total = program.rows.reduce(0) { $0 + $1.indices.count }
    rowStarts = [0]
    rowStarts.reserveCapacity(program.rows.count + 1)
    rowIndices = []
    rowCoefficients = []
    rowIndices.reserveCapacity(total)
    rowCoefficients.reserveCapacity(total)
    for row in program.rows {
      rowIndices.append(contentsOf: row.indices)
      rowCoefficients.append(contentsOf: row.coefficients)
      rowStarts.append(rowIndices.count)
    }
    rowLower = program.rows.map(\.lower)
    rowUpper = program.rows.map(\.upper)
  }

  /// The value a'x of a row.
  func rowValue(_ k: Int, _ x: [Double]) -> Double {
    let indices = rowIndices.span
    let coefficients = rowCoefficients.span
    let x = x.span
    var sum = 0.0
    for e in rowStarts[k]..<rowStarts[k + 1] { sum += coefficients[e] * x[indices[e]] }
    return sum
  }

  /// Copies the coefficients of a row to the places of its variables, zero at the others.
  ///
  /// - Parameters:
  ///   - k: The row.
  ///   - position: The place of each variable; negative for none.
  ///   - target: What is written to.
  ///   - start: Where place 0 stands.
  ///   - count: The number of places.
  func copyRow(
    _ k: Int,
    at position: [Int],
    into target: inout [Double],
    from start: Int,
    count: Int
  ) {
    let indices = rowIndices.span
    let coefficients = rowCoefficients.span
    let position = position.span
    var target = target.mutableSpan
    for p in 0..<count { target[start &+ p] = 0 }
    for e in rowStarts[k]..<rowStarts[k + 1] {
      let p = position[indices[e]]
      if p >= 0 { target[start &+ p] = coefficients[e] }
    }
  }

  /// Adds a multiple of a row to a vector.
  func addRow(_ k: Int, times factor: Double, to vector: inout [Double]) {
    let indices = rowIndices.span
    let coefficients = rowCoefficients.span
    var result = vector.mutableSpan
    for e in rowStarts[k]..<rowStarts[k + 1] { result[indices[e]] += coefficients[e] * factor }
  }

  /// The sum of |a| |x| of a row.
  func rowSize(_ k: Int, _ x: [Double]) -> Double {
    let indices = rowIndices.span
    let coefficients = rowCoefficients.span
    let x = x.span
    var sum = 0.0
    for e in rowStarts[k]..<rowStarts[k + 1] {
      sum += (coefficients[e] * x[indices[e]]).magnitude
    }
    return sum
  }
}


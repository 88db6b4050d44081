/// Rows with bounds, one after the other in arrays whose memory is kept.
struct CoreRows: Sendable {
  /// The entries of row k stand at `starts[k]..<starts[k + 1]`.
  private(set) var starts = [0]
  private(set) var indices: [Int] = []
  private(set) var coefficients: [Double] = []
  private(set) var lower: [Double] = []
  private(set) var upper: [Double] = []

  /// The number of rows.
  var count: Int { lower.count }

  /// Where the entries of a row stand.
  func entries(_ k: Int) -> Range<Int> { starts[k]..<starts[k + 1] }

  func isEquality(_ k: Int) -> Bool { lower[k] == upper[k] }

  /// Takes memory for a number of rows and entries.
  mutating func reserve(rowCount: Int, entryCount: Int) {
    starts.reserveCapacity(rowCount + 1)
    indices.reserveCapacity(entryCount)
    coefficients.reserveCapacity(entryCount)
    lower.reserveCapacity(rowCount)
    upper.reserveCapacity(rowCount)
  }

  mutating func removeAll() {
    starts.refill(1, with: 0)
    indices.removeAll(keepingCapacity: true)
    coefficients.removeAll(keepingCapacity: true)
    lower.removeAll(keepingCapacity: true)
    upper.removeAll(keepingCapacity: true)
  }

  /// Adds an entry to the row that ``endRow(lower:upper:)`` ends.
  mutating func append(_ index: Int, _ coefficient: Double) {
    indices.append(index)
    coefficients.append(coefficient)
  }

  mutating func endRow(lower: Double, upper: Double) {
    starts.append(indices.count)
    self.lower.append(lower)
    self.upper.append(upper)
  }

  /// The value a'x of a row.
  ///
  /// - Parameters:
  ///   - k: The row.
  ///   - x: The variables.
  ///   - start: Where the first of them stands.
  /// - Returns: The sum, in the order of the entries.
  func value(_ k: Int, at x: [Double], from start: Int = 0) -> Double {
    let indices = indices.span
    let coefficients = coefficients.span
    let x = x.span
    var sum = 0.0
    for e in starts[k]..<starts[k + 1] { sum += coefficients[e] * x[start &+ indices[e]] }
    return sum
  }

  /// The sum Σ|a x| of a row.
  func size(_ k: Int, at x: [Double]) -> Double {
    let indices = indices.span
    let coefficients = coefficients.span
    let x = x.span
    var sum = 0.0
    for e in starts[k]..<starts[k + 1] { sum += (coefficients[e] * x[indices[e]]).magnitude }
    return sum
  }

  /// Adds a multiple of a row to a vector that begins at a place of an array.
  func add(_ k: Int, times factor: Double, to vector: inout [Double], from start: Int = 0) {
    let indices = indices.span
    let coefficients = coefficients.span
    var result = vector.mutableSpan
    for e in starts[k]..<starts[k + 1] {
      result[start &+ indices[e]] += coefficients[e] * factor
    }
  }

  /// Adds the magnitudes of a multiple of a row to a vector.
  func addMagnitudes(_ k: Int, times factor: Double, to vector: inout [Double]) {
    let indices = indices.span
    let coefficients = coefficients.span
    var result = vector.mutableSpan
    for e in starts[k]..<starts[k + 1] {
      result[indices[e]] += (coefficients[e] * factor).magnitude
    }
  }

  /// Adds weight × a a' of a row to the lower triangle of a matrix, column after column.
  func addOuterProduct(of k: Int, weight: Double, to matrix: inout [Double], order: Int) {
    let indices = indices.span
    let coefficients = coefficients.span
    var elements = matrix.mutableSpan
    let end = starts[k + 1]
    for p in starts[k]..<end {
      let column = indices[p] &* order
      let factor = weight * coefficients[p]
      for q in p..<end { elements[indices[q] &+ column] += coefficients[q] * factor }
    }
  }
}

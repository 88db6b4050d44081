/// The rows of a core program, one after the other in plain arrays.
struct TailRows {
  private var starts = [0]
  private(set) var indices: [Int] = []
  private(set) var coefficients: [Double] = []
  private(set) var lower: [Double] = []
  private(set) var upper: [Double] = []

  var count: Int { lower.count }

  /// The places of one row's entries.
  func range(_ k: Int) -> Range<Int> { starts[k]..<starts[k + 1] }

  func isEquality(_ k: Int) -> Bool { lower[k] == upper[k] }

  mutating func removeAll() {
    starts.removeAll(keepingCapacity: true)
    starts.append(0)
    indices.removeAll(keepingCapacity: true)
    coefficients.removeAll(keepingCapacity: true)
    lower.removeAll(keepingCapacity: true)
    upper.removeAll(keepingCapacity: true)
  }

  /// Adds an entry to the row that the next call of ``finishRow(lower:upper:)`` ends.
  mutating func appendEntry(_ index: Int, _ coefficient: Double) {
    indices.append(index)
    coefficients.append(coefficient)
  }

  /// Whether the row that is not ended yet has no entry.
  var isNextEmpty: Bool { starts[count] == indices.count }

  mutating func finishRow(lower: Double, upper: Double) {
    self.lower.append(lower)
    self.upper.append(upper)
    starts.append(indices.count)
  }

  mutating func reserve(rowCount: Int, entryCount: Int) {
    starts.reserveCapacity(rowCount + 1)
    lower.reserveCapacity(rowCount)
    upper.reserveCapacity(rowCount)
    indices.reserveCapacity(entryCount)
    coefficients.reserveCapacity(entryCount)
  }

  /// The value a'x of a row.
  func value(_ k: Int, at x: [Double]) -> Double {
    var sum = 0.0
    for e in range(k) { sum += coefficients[e] * x[indices[e]] }
    return sum
  }

  /// values := the value of every row.
  func setValues(_ values: inout [Double], at x: [Double]) {
    values.refill(count, with: 0)
    for k in 0..<count { values[k] = value(k, at: x) }
  }

  /// Adds factor × a of a row to a vector.
  func add(_ k: Int, times factor: Double, to vector: inout [Double]) {
    for e in range(k) { vector[indices[e]] += coefficients[e] * factor }
  }

  /// Adds A'y to a vector.
  func addTransposed(_ y: [Double], to vector: inout [Double]) {
    for k in 0..<count where y[k] != 0 { add(k, times: y[k], to: &vector) }
  }

  /// The largest magnitude among the coefficients of a row.
  func largestCoefficient(_ k: Int) -> Double {
    range(k).reduce(0) { max($0, coefficients[$1].magnitude) }
  }
}

import KeelNumerics

/// Rows with entries in the same columns.
struct ObservedRows {
  let rows: [Int]
  let columns: [Int]
  let missing: [Int]
}

/// A sample with gaps, in units of the deviations of its columns.
struct ObservedSample {
  let rowCount: Int
  let order: Int
  let groups: [ObservedRows]
  /// The number of rows with an entry.
  let observationCount: Int

  /// The standardized entries, column after column; zero where missing.
  let values: [Double]
  let centers: [Double]
  let scales: [Double]

  init(
    _ sample: Matrix,
    _ observed: [Bool]?
  ) throws(DistributionsError) {
    let (t, n) = (sample.rowCount, sample.columnCount)
    if let observed, observed.count != t * n {
      throw .shapeMismatch(argument: "observed", got: observed.count, required: t * n)
    }
    guard n >= 1 else { throw .shapeMismatch(argument: "sample", got: 0, required: 1) }
    let flags = observed ?? [Bool](repeating: true, count: t * n)
    groups = Self.groups(flags, rowCount: t, columnCount: n)
    observationCount = groups.reduce(0) { $0 + $1.rows.count }
    guard observationCount > n else {
      throw .tooFewObservations(got: observationCount, required: n + 1)
    }
    var values = sample.columnMajorElements
    var centers: [Double] = []
    var scales: [Double] = []
    for j in 0..<n {
      let rows = (0..<t).filter { flags[$0 + j * t] }
      let (center, scale) = try Self.standardize(&values, rows.map { $0 + j * t })
      for i in 0..<t where !flags[i + j * t] { values[i + j * t] = 0 }
      centers.append(center)
      scales.append(scale)
    }
    self.values = values
    self.centers = centers
    self.scales = scales
    rowCount = t
    order = n
  }

  /// The rows by what is observed in them, in the order of their first row; rows without entries are left out.
  private static func groups(
    _ flags: [Bool],
    rowCount: Int,
    columnCount: Int
  ) -> [ObservedRows] {
    var places: [[Bool]: Int] = [:]
    var groups: [(pattern: [Bool], rows: [Int])] = []
    for i in 0..<rowCount {
      let pattern = (0..<columnCount).map { flags[i + $0 * rowCount] }
      guard pattern.contains(true) else { continue }
      if let place = places[pattern] {
        groups[place].rows.append(i)
      } else {
        places[pattern] = groups.count
        groups.append((pattern, [i]))
      }
    }
    return groups.map { group in
      ObservedRows(
        rows: group.rows,
        columns: group.pattern.indices.filter { group.pattern[$0] },
        missing: group.pattern.indices.filter { !group.pattern[$0] })
    }
  }

  /// Subtracts the mean of some elements and divides by their deviation.
  private static func standardize(
    _ values: inout [Double],
    _ places: [Int]
  ) throws(DistributionsError) -> (center: Double, scale: Double) {
    guard places.count >= 2 else {
      throw .tooFewObservations(got: places.count, required: 2)
    }
    let first = values[places[0]]
    var largest = 0.0
    for place in places {
      guard values[place].isFinite else {
        throw .invalidObservation(argument: "sample", index: place, got: values[place])
      }
      largest = max(largest, (values[place] - first).magnitude)
    }
    guard largest > 0 else {
      throw .repeatedValue(value: first, count: places.count, observationCount: places.count)
    }
    guard largest.isFinite else { throw .notRepresentable(result: "scatter") }
    // A power of two keeps squares in range and multiplies exactly.
    let power = Double(sign: .plus, exponent: max(largest.exponent, -1000), significand: 1)
    let count = Double(places.count)
    let mean = places.reduce(0.0) { $0 + (values[$1] - first) / power } / count
    let squares = places.reduce(0.0) { sum, place in
      let difference = (values[place] - first) / power - mean
      return sum + difference * difference
    }
    let deviation = (squares / count).squareRoot()
    for place in places { values[place] = ((values[place] - first) / power - mean) / deviation }
    return (first + mean * power, deviation * power)
  }

  /// The entries of a group about a location: rows × columns.
  func centered(_ group: ObservedRows, _ location: [Double]) -> Matrix {
    let storage = [Double](capacity: group.rows.count * group.columns.count) { output in
      for j in group.columns {
        for row in group.rows { output.append(values[row + j * rowCount] - location[j]) }
      }
    }
    return Matrix(
      uncheckedRowCount: group.rows.count, columnCount: group.columns.count, storage: storage)
  }

  /// A location in the units of the sample.
  func unscaled(location: [Double]) -> [Double] {
    (0..<order).map { centers[$0] + location[$0] * scales[$0] }
  }

  /// A scatter in the units of the sample.
  func unscaled(_ scatter: SymmetricMatrix) -> SymmetricMatrix {
    var result = scatter
    for j in 0..<order {
      for i in 0...j { result[i, j] = scatter[i, j] * scales[i] * scales[j] }
    }
    return result
  }
}

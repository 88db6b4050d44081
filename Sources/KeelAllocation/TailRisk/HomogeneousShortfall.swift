import KeelData
import KeelNumerics
import KeelOptimization

/// The program in (y, κ) with w = y / κ: the least shortfall for an excess return of one.
///
/// ```text
/// minimize  ES(−R y)  subject to  excess'y = 1,  lower κ ≤ a'y ≤ upper κ,  κ ≥ 0
/// ```
///
/// A split weight is y = κ reference + b − s with b, s ≥ 0 in place of y: rows y + s ≥ κ reference would hold most weights
/// where two large numbers cancel in the iterations, bounds do not.
struct HomogeneousShortfall {
  let program: ExpectedShortfallProgram
  private let lower: [Double]
  private let upper: [Double]
  /// How each weight is split; nil where it is not.
  private let splits: [SplitWeight?]
  /// Where the two sides of each row and of each bound stand among the rows; nil for none.
  private var rowSides: [(lower: Int?, upper: Int?)] = []
  private var boundSides: [(lower: Int?, upper: Int?)] = []

  /// Poses the program.
  ///
  /// - Parameters:
  ///   - excess: The excess return of each asset.
  ///   - scenarios: The scenarios.
  ///   - confidence: The confidence.
  ///   - constraints: The constraints as bounds and rows alone.
  ///   - given: The caller's constraints: where a split weight has no bound there is no row.
  ///   - splitWeights: The weights to write as purchases and sales.
  /// - Throws: ``AllocationError`` for numbers that make no program.
  init(
    excess: [Double],
    scenarios: ScenarioSet,
    confidence: Double,
    constraints: ResolvedConstraints,
    given: ResolvedConstraints,
    splitWeights: [SplitWeight]
  ) throws(AllocationError) {
    let (lower, upper, rows) = (constraints.lower, constraints.upper, constraints.rows)
    let (n, assetCount) = (lower.count, scenarios.universe.count)
    self.lower = lower
    self.upper = upper
    var splits = [SplitWeight?](repeating: nil, count: n)
    for split in splitWeights where splits[split.asset] == nil { splits[split.asset] = split }
    self.splits = splits
    var homogeneous = [
      Self.row(
        "excess return", Array(0..<assetCount), excess, bound: nil, splits, lower: 1, upper: 1)
    ]
    func add(
      _ indices: [Int],
      _ coefficients: [Double],
      _ bound: Double,
      _ low: Double,
      _ high: Double
    ) -> Int? {
      guard bound.isFinite else { return nil }
      homogeneous.append(
        Self.row(
          "row \(homogeneous.count)", indices, coefficients, bound: bound, splits, lower: low,
          upper: high))
      return homogeneous.count - 1
    }
    let splitRows = Set(splits.compactMap { $0?.row })
    for (k, row) in rows.enumerated() {
      if splitRows.contains(k) {
        rowSides.append((nil, nil))
      } else if row.lower == row.upper {
        rowSides.append((add(row.indices, row.coefficients, row.lower, 0, 0), nil))
      } else {
        rowSides.append(
          (
            add(row.indices, row.coefficients, row.lower, 0, .infinity),
            add(row.indices, row.coefficients, row.upper, -.infinity, 0)
          ))
      }
    }
    // An upper bound that the budget and the other lower bounds imply needs no row, nor one on what is sold.
    let budget = rows.first?.upper ?? .infinity
    let least = lower.prefix(assetCount).reduce(0, +)
    for i in 0..<n {
      let isImplied = i >= assetCount || upper[i] >= budget - (least - lower[i])
      let isSplit = splits[i] != nil
      let low = isSplit ? given.lower[i] : lower[i]
      let high = isSplit ? given.upper[i] : upper[i]
      boundSides.append(
        (
          lower[i] == 0 && !isSplit ? nil : add([i], [1], low, 0, .infinity),
          isImplied ? nil : add([i], [1], high, -.infinity, 0)
        ))
    }
    program = try Translation.shortfallProgram(universe: scenarios.universe) {
      () throws(OptimizationError) in
      try ExpectedShortfallProgram(
        outcomes: Self.outcomes(scenarios, splits), probabilities: scenarios.probabilities,
        confidence: confidence,
        lowerBounds: lower.indices.map { lower[$0] == 0 || splits[$0] != nil ? 0 : -.infinity }
          + [0], rows: homogeneous)
    }
  }

  /// A row a'y − bound κ in the variables of the program; without κ for no bound, unless references bring it.
  private static func row(
    _ name: String,
    _ indices: [Int],
    _ coefficients: [Double],
    bound: Double?,
    _ splits: [SplitWeight?],
    lower: Double,
    upper: Double
  ) -> LinearRow {
    var (places, factors) = (indices, coefficients)
    var scale = -(bound ?? 0)
    if indices.contains(where: { splits[$0] != nil }) {
      var position = [Int?](repeating: nil, count: splits.count)
      for (p, i) in indices.enumerated() { position[i] = p }
      var size = scale.magnitude
      for (i, a) in zip(indices, coefficients) {
        guard let split = splits[i] else { continue }
        scale += a * split.reference
        size += (a * split.reference).magnitude
        if let p = position[split.variable] {
          factors[p] -= a
        } else {
          places.append(split.variable)
          factors.append(-a)
        }
      }
      let order = places.indices.sorted { places[$0] < places[$1] }
      (places, factors) = (order.map { places[$0] }, order.map { factors[$0] })
      // What rounding leaves of a bound that the references meet is none.
      if scale.magnitude <= 4 * .ulpOfOne * size { scale = 0 }
    }
    if bound != nil || scale != 0 {
      places.append(splits.count)
      factors.append(scale)
    }
    return LinearRow(name, indices: places, coefficients: factors, lower: lower, upper: upper)
  }

  /// The outcomes of the variables: of what is sold with the sign turned, of κ those of the references.
  private static func outcomes(_ scenarios: ScenarioSet, _ splits: [SplitWeight?]) -> Matrix {
    let assets = scenarios.outcomes
    let used = splits.compactMap(\.self)
    if used.isEmpty { return assets }
    let count = assets.rowCount
    var elements = assets.columnMajorElements
    elements += [Double](repeating: 0, count: count * (splits.count - assets.columnCount))
    for split in used {
      let column = assets.column(split.asset)
      for s in 0..<count { elements[split.variable * count + s] = -column[s] }
    }
    var columnCount = splits.count
    if used.contains(where: { $0.reference != 0 }) {
      var held = [Double](repeating: 0, count: count)
      for split in used where split.reference != 0 {
        let column = assets.column(split.asset)
        for s in 0..<count { held[s] += split.reference * column[s] }
      }
      elements += held
      columnCount += 1
    }
    return Matrix(uncheckedRowCount: count, columnCount: columnCount, storage: elements)
  }

  /// The weights and further variables y / κ, exactly at the bounds that are active; nil when κ is zero.
  func weights(_ solution: Solution<ExpectedShortfallPoint>) -> [Double]? {
    let n = lower.count
    let y = solution.value.variables
    guard n < y.count, y[n] > 0 else { return nil }
    let duals = solution.duals.rows
    return (0..<n).map { i in
      let value = splits[i].map { $0.reference + (y[i] - y[$0.variable]) / y[n] } ?? y[i] / y[n]
      let weight = min(max(value, lower[i]), upper[i])
      // Division leaves an active bound by a rounding or two.
      for (side, bound) in [(boundSides[i].lower, lower[i]), (boundSides[i].upper, upper[i])] {
        if let side, duals[side] != 0, (weight - bound).magnitude <= 4 * bound.ulp { return bound }
      }
      return weight
    }
  }

  /// The holdings y of the assets.
  func holdings(_ solution: Solution<ExpectedShortfallPoint>) -> [Double] {
    let y = solution.value.variables
    return lower.indices.map { i in
      splits[i].map { $0.reference * y[lower.count] + y[i] - y[$0.variable] } ?? y[i]
    }
  }

  /// The dual values of the caller's program at a ratio, in units of expected return.
  func duals(
    _ solution: Solution<ExpectedShortfallPoint>,
    ratio: Double
  ) -> (rows: [Double], bounds: [Double]) {
    let (duals, boundDuals) = (solution.duals.rows, solution.duals.bounds)
    func total(_ sides: (lower: Int?, upper: Int?)) -> Double {
      ((sides.lower.map { duals[$0] } ?? 0) + (sides.upper.map { duals[$0] } ?? 0)) * ratio
    }
    var rows = rowSides.map(total)
    for case let split? in splits { rows[split.row] = boundDuals[split.asset] * ratio }
    return (
      rows,
      lower.indices.map {
        total(boundSides[$0]) + (splits[$0] == nil ? boundDuals[$0] * ratio : 0)
      }
    )
  }
}

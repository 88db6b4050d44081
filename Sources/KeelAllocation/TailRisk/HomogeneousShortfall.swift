import KeelData
import KeelNumerics
import KeelOptimization

/// The program in (y, κ) with w = y / κ: the least shortfall for an excess return of one.
///
/// ```text
/// minimize  ES(−R y)  subject to  excess'y = 1,  lower κ ≤ a'y ≤ upper κ,  κ ≥ 0
/// ```
struct HomogeneousShortfall {
  let program: ExpectedShortfallProgram
  private let lower: [Double]
  private let upper: [Double]
  /// Where the two sides of each row and of each bound stand among the rows; nil for none.
  private var rowSides: [(lower: Int?, upper: Int?)] = []
  private var boundSides: [(lower: Int?, upper: Int?)] = []

  init(
    excess: [Double],
    scenarios: ScenarioSet,
    confidence: Double,
    constraints: ResolvedConstraints
  ) throws(AllocationError) {
    let (lower, upper, rows) = (constraints.lower, constraints.upper, constraints.rows)
    let (n, assetCount) = (lower.count, scenarios.universe.count)
    self.lower = lower
    self.upper = upper
    var homogeneous = [LinearRow("excess return", coefficients: excess, lower: 1, upper: 1)]
    func add(
      _ indices: [Int],
      _ coefficients: [Double],
      _ bound: Double,
      _ low: Double,
      _ high: Double
    ) -> Int? {
      guard bound.isFinite else { return nil }
      homogeneous.append(
        LinearRow(
          "row \(homogeneous.count)", indices: indices + [n],
          coefficients: coefficients + [-bound], lower: low, upper: high))
      return homogeneous.count - 1
    }
    for row in rows {
      if row.lower == row.upper {
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
      boundSides.append(
        (
          lower[i] == 0 ? nil : add([i], [1], lower[i], 0, .infinity),
          isImplied ? nil : add([i], [1], upper[i], -.infinity, 0)
        ))
    }
    program = try Translation.shortfallProgram(universe: scenarios.universe) {
      () throws(OptimizationError) in
      try ExpectedShortfallProgram(
        outcomes: scenarios.outcomes, probabilities: scenarios.probabilities,
        confidence: confidence, lowerBounds: lower.map { $0 == 0 ? 0 : -.infinity } + [0],
        rows: homogeneous)
    }
  }

  /// The weights and further variables y / κ, exactly at the bounds that are active; nil when κ is zero.
  func weights(_ solution: Solution<ExpectedShortfallPoint>) -> [Double]? {
    let n = lower.count
    let y = solution.value.variables
    guard n < y.count, y[n] > 0 else { return nil }
    let duals = solution.duals.rows
    return (0..<n).map { i in
      let weight = min(max(y[i] / y[n], lower[i]), upper[i])
      // Division leaves an active bound by a rounding or two.
      for (side, bound) in [(boundSides[i].lower, lower[i]), (boundSides[i].upper, upper[i])] {
        if let side, duals[side] != 0, (weight - bound).magnitude <= 4 * bound.ulp { return bound }
      }
      return weight
    }
  }

  /// The dual values of the caller's program at a ratio, in units of expected return.
  func duals(
    _ solution: Solution<ExpectedShortfallPoint>,
    ratio: Double
  ) -> (rows: [Double], bounds: [Double]) {
    let duals = solution.duals.rows
    func total(_ sides: (lower: Int?, upper: Int?)) -> Double {
      ((sides.lower.map { duals[$0] } ?? 0) + (sides.upper.map { duals[$0] } ?? 0)) * ratio
    }
    return (
      rowSides.map(total),
      lower.indices.map { total(boundSides[$0]) + solution.duals.bounds[$0] * ratio }
    )
  }
}

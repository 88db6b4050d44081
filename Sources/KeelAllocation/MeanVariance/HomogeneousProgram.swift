// Goals: (1) a convex program for the optimum of a quotient; (2) no larger than it must be.
//
// The quotient gain / risk does not change when weights are scaled, so that w = y / κ with κ ≥ 0 and a
// gain of y of one (Charnes and Cooper, Naval Research Logistics Quarterly 9, 1962). Where only the
// budget knows κ, the budget follows from scaling y afterwards, and neither needs a place.

import KeelData
import KeelNumerics
import KeelOptimization

/// The program in (y, κ) with w = y / κ.
struct HomogeneousProgram {
  let program: QuadraticProgram
  private let lower: [Double]
  private let upper: [Double]
  private let budget: Double
  private let rowCount: Int
  /// Whether κ is a variable; otherwise only the budget says what it is.
  private let hasScale: Bool
  /// The assets whose bounds became rows, in the order of these rows.
  private let boundedAssets: [Int]

  init(
    gains: [Double],
    covariance: Covariance,
    constraints: ResolvedConstraints
  ) throws(AllocationError) {
    let (universe, rows) = (covariance.universe, constraints.rows)
    let (lower, upper) = (constraints.lower, constraints.upper)
    let n = universe.count
    let quadratic = try covariance.quadraticTerm
    self.lower = lower
    self.upper = upper
    rowCount = rows.count
    let gain = LinearRow("gain", coefficients: gains, lower: 1, upper: 1)
    // A bound that the budget and the other lower bounds imply needs no row.
    let budget = rows[0].upper
    self.budget = budget
    let least = lower.reduce(0, +)
    let isImplied = lower.indices.map { upper[$0] >= budget - (least - lower[$0]) }
    hasScale =
      rows.count > 1 || budget <= 0 || lower.contains { $0 != 0 } || isImplied.contains(false)
    if !hasScale {
      boundedAssets = []
      program = try Translation.program(universe: universe) { () throws(OptimizationError) in
        try QuadraticProgram(
          finite: quadratic, linear: nil, lowerBounds: lower, upperBounds: nil,
          rows: [gain], uniqueNames: [], convexity: covariance.convexity)
      }
      return
    }
    var homogeneous = [gain]
    for (k, row) in rows.enumerated() {
      homogeneous += Self.rows("row \(k)", row.indices, row.coefficients, row.lower, row.upper, n)
    }
    var boundedAssets: [Int] = []
    for i in 0..<n {
      let low = lower[i] == 0 ? -.infinity : lower[i]
      let high = isImplied[i] ? .infinity : upper[i]
      if low.isInfinite && high.isInfinite { continue }
      boundedAssets.append(i)
      homogeneous += Self.rows("bound \(i)", [i], [1], low, high, n)
    }
    self.boundedAssets = boundedAssets
    program = try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        finite: quadratic.padded(by: 1), linear: nil,
        lowerBounds: lower.map { $0 == 0 ? 0 : -.infinity } + [0], upperBounds: nil,
        rows: homogeneous, uniqueNames: [], convexity: covariance.convexity)
    }
  }

  /// `lower κ ≤ a'y ≤ upper κ` as two rows, of which missing ones keep their place.
  private static func rows(
    _ name: String,
    _ indices: [Int],
    _ coefficients: [Double],
    _ lower: Double,
    _ upper: Double,
    _ n: Int
  ) -> [LinearRow] {
    func row(_ side: String, _ bound: Double, _ low: Double, _ high: Double) -> LinearRow {
      guard bound.isFinite else {
        return LinearRow("\(name) \(side)", indices: [], coefficients: [])
      }
      return LinearRow(
        "\(name) \(side)", indices: indices + [n], coefficients: coefficients + [-bound],
        lower: low, upper: high)
    }
    if lower == upper {
      return [row("lower", lower, 0, 0), row("upper", .infinity, 0, 0)]
    }
    return [row("lower", lower, 0, .infinity), row("upper", upper, -.infinity, 0)]
  }

  /// The scale κ.
  func scale(_ y: [Double]) -> Double {
    hasScale ? y[lower.count] : y.reduce(0, +) / budget
  }

  /// The weights y / κ, exactly at the bounds that are active.
  func weights(_ y: [Double], _ duals: Duals) -> [Double] {
    let scale = scale(y)
    var weights = lower.indices.map { min(max(y[$0] / scale, lower[$0]), upper[$0]) }
    for (b, i) in boundedAssets.enumerated() {
      let first = 1 + 2 * rowCount + 2 * b
      // Division leaves an active bound by a rounding or two.
      for (dual, bound) in [(duals.rows[first], lower[i]), (-duals.rows[first + 1], upper[i])]
      where dual > 0 && (weights[i] - bound).magnitude <= 4 * bound.ulp { weights[i] = bound }
    }
    return weights
  }

  /// The dual values of the utility program, in units of the gain before a charge on the budget.
  func duals(_ duals: Duals, charge: Double) -> (rows: [Double], bounds: [Double]) {
    let unit = duals.rows[0]
    var rows = [Double](repeating: 0, count: rowCount)
    if hasScale {
      for k in rows.indices { rows[k] = (duals.rows[1 + 2 * k] + duals.rows[2 + 2 * k]) / unit }
    }
    rows[0] -= charge
    var bounds = lower.indices.map { duals.bounds[$0] / unit }
    for (b, i) in boundedAssets.enumerated() {
      let first = 1 + 2 * rowCount + 2 * b
      bounds[i] += (duals.rows[first] + duals.rows[first + 1]) / unit
    }
    return (rows, bounds)
  }
}

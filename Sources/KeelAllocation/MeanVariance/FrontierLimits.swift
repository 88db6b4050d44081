// Goals: (1) one form for bounds, rows and limits on sums of distances; (2) no further variables.
//
// Bounds and the references of distances are breakpoints of a weight. Position 2b is at breakpoint b,
// position 2b + 1 between the breakpoints b and b + 1. At a position every limit is a linear row: the
// slope of c |w − r| is −c below r and c above it; at r it bends, and the asset has a toll instead.

import KeelOptimization

/// Limits as a walk along the efficient set meets them.
struct FrontierLimits {
  /// For each asset its bounds and, between them, the references; one number when it is fixed.
  let breakpoints: [[Double]]
  /// Linear rows come first, the budget before all; the others are limits on sums of distances.
  let linearCount: Int
  /// The coefficient of each asset in each row, scaled.
  let coefficients: [[Double]]
  /// The assets with a coefficient in each row.
  let members: [[Int]]
  /// The reference of each asset in each row; zero in linear rows.
  let references: [[Double]]
  let lower: [Double]
  let upper: [Double]
  /// Powers of two: scaled row = scale × row.
  let scales: [Double]

  /// Takes constraints, and costs as last rows without limit: what each charges beyond the mean of its
  /// two slopes.
  init(_ constraints: ResolvedConstraints, charges: [TradingCharge] = []) {
    let n = constraints.lower.count
    var coefficients: [[Double]] = []
    var references: [[Double]] = []
    var (lower, upper, scales) = ([Double](), [Double](), [Double]())
    let zero = [Double](repeating: 0, count: n)
    func append(_ values: [Double], _ reference: [Double], _ low: Double, _ high: Double) {
      let scale = PowerOfTwo.scale(for: values.reduce(0) { max($0, $1.magnitude) })
      coefficients.append(values.map { $0 * scale })
      references.append(reference)
      lower.append(low * scale)
      upper.append(high * scale)
      scales.append(scale)
    }
    for row in constraints.rows {
      var values = zero
      for (i, a) in zip(row.indices, row.coefficients) { values[i] = a }
      append(values, zero, row.lower, row.upper)
    }
    for row in constraints.absolute {
      append(row.coefficients, row.reference, -.infinity, row.limit)
    }
    for charge in charges {
      append(
        charge.reference.indices.map { charge.bend($0) / 2 }, charge.reference, -.infinity,
        .infinity)
    }
    linearCount = constraints.rows.count
    breakpoints = (0..<n).map { i in
      let (low, high) = (constraints.lower[i], constraints.upper[i])
      var inner = constraints.absolute.filter { $0.coefficients[i] > 0 }.map { $0.reference[i] }
      for charge in charges where charge.bend(i) > 0 { inner.append(charge.reference[i]) }
      inner = inner.filter { low < $0 && $0 < high }
      // Where nothing is finite, zero is a place for an asset that the others replicate.
      let isEndless = inner.isEmpty && low == -.infinity && high == .infinity
      return Set(inner + [low, high] + (isEndless ? [0] : [])).sorted()
    }
    self.coefficients = coefficients
    members = coefficients.map { row in row.indices.filter { row[$0] != 0 } }
    self.references = references
    self.lower = lower
    self.upper = upper
    self.scales = scales
  }

  var assetCount: Int { breakpoints.count }
  var rowCount: Int { lower.count }

  func isFixed(_ i: Int) -> Bool { breakpoints[i].count == 1 }

  /// Whether a limit on distances bends at a position of an asset.
  func bends(_ k: Int, _ i: Int, at position: Int) -> Bool {
    k >= linearCount && position % 2 == 0 && breakpoints[i][position / 2] == references[k][i]
      && coefficients[k][i] > 0
  }

  /// The slope of a row over the weight of an asset; zero where it bends.
  func slope(_ k: Int, _ i: Int, at position: Int) -> Double {
    let coefficient = coefficients[k][i]
    if k < linearCount || coefficient == 0 { return coefficient }
    let reference = references[k][i]
    let start = breakpoints[i][position / 2]
    if position % 2 == 0 && start == reference { return 0 }
    return start >= reference ? coefficient : -coefficient
  }

  /// The value of a row.
  func value(_ k: Int, _ weights: [Double], at positions: [Int]) -> Double {
    var sum = 0.0
    if k < linearCount {
      let coefficients = coefficients[k]
      for i in members[k] { sum += coefficients[i] * weights[i] }
      return sum
    }
    for i in members[k] {
      sum += slope(k, i, at: positions[i]) * (weights[i] - references[k][i])
    }
    return sum
  }

  /// The sum of the magnitudes of the terms of a row.
  func size(_ k: Int, _ weights: [Double]) -> Double {
    var sum = 0.0
    let (coefficients, references) = (coefficients[k], references[k])
    for i in members[k] {
      sum += coefficients[i].magnitude * (weights[i].magnitude + references[i].magnitude)
    }
    return sum
  }
}

/// Exact scales.
enum PowerOfTwo {
  /// The power of two that brings a number near one; one for zero.
  static func scale(for size: Double) -> Double {
    guard size > 0, size.isFinite else { return 1 }
    let exponent = max(min(size.exponent, 1022), -1022)
    return Double(sign: .plus, exponent: -exponent, significand: 1)
  }
}

import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization

/// Seeds for a test: few in debug builds, where solvers run some thirty times slower.
func seeds(_ count: Int) -> ClosedRange<Int> {
  #if DEBUG
    1...max(2, count / 10)
  #else
    1...count
  #endif
}

/// The optimality conditions of `minimize 1/2 w'Pw + q'w` under portfolio constraints, evaluated from
/// their definition: no program, no further variables.
struct OptimalityChecker {
  var p: SymmetricMatrix
  var q: [Double]
  var lower: Double
  var upper: Double
  /// Name, coefficients and interval, the budget among them.
  var rows: [(name: String, a: [Double], lower: Double, upper: Double)]
  /// Name, reference and limit of sums of distances with coefficients of 1.
  var absolute: [(name: String, reference: [Double], limit: Double)] = []

  /// The largest residual, in units of the largest term of a gradient (duals) or absolutely (weights).
  func residual(_ w: [Double], _ duals: Duals) -> Double {
    let n = w.count
    var gradient = q
    var size = 1e-300
    for i in 0..<n {
      for j in 0..<n {
        gradient[i] += p[i, j] * w[j]
        size = max(size, (p[i, j] * w[j]).magnitude)
      }
      size = max(size, q[i].magnitude)
    }
    var worst = 0.0
    for row in rows {
      let price = duals[row.name] ?? .nan
      let value = zip(row.a, w).reduce(0) { $0 + $1.0 * $1.1 }
      worst = max(worst, row.lower - value, value - row.upper)
      size = max(size, row.a.reduce(0) { max($0, ($1 * price).magnitude) })
      if price > 0 { worst = max(worst, (value - row.lower) * price / size) }
      if price < 0 { worst = max(worst, (value - row.upper) * price / size) }
      for i in 0..<n { gradient[i] -= row.a[i] * price }
    }
    var slack = [Double](repeating: 0, count: n)
    for limit in absolute {
      let price = duals[limit.name] ?? .nan
      let value = zip(w, limit.reference).reduce(0) { $0 + ($1.0 - $1.1).magnitude }
      worst = max(worst, value - limit.limit, price / size, (value - limit.limit) * price / size)
      size = max(size, price.magnitude)
      for i in 0..<n {
        if w[i] > limit.reference[i] {
          gradient[i] -= price
        } else if w[i] < limit.reference[i] {
          gradient[i] += price
        } else {
          // A subgradient between −1 and 1.
          slack[i] += price.magnitude
        }
      }
    }
    for i in 0..<n {
      worst = max(worst, lower - w[i], w[i] - upper)
      let excess = max(0, gradient[i].magnitude - slack[i])
      let sign = gradient[i] < 0 ? -1.0 : 1
      // Complementarity: a gradient is allowed at a bound.
      let distance = sign > 0 ? w[i] - lower : upper - w[i]
      worst = max(worst, min(excess / size, distance))
      if gradient[i].isNaN || w[i].isNaN { return .infinity }
    }
    return worst
  }
}

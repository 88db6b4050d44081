public import KeelNumerics

/// An independent check of the optimality conditions of a convex quadratic program.
///
/// It knows nothing of the library's solvers: it takes plain arrays and evaluates, for
/// `minimize 1/2 x'Px + q'x, l ≤ Ax ≤ u` with bounds given as rows, the four conditions of Karush,
/// Kuhn and Tucker in the caller's units.
public struct KKTChecker {
  /// The matrix P.
  public var p: Matrix
  /// The vector q.
  public var q: [Double]
  /// The rows of A, bounds included.
  public var a: [[Double]]
  /// The lower side of each row.
  public var lower: [Double]
  /// The upper side of each row.
  public var upper: [Double]

  /// Creates a check.
  public init(p: Matrix, q: [Double], a: [[Double]], lower: [Double], upper: [Double]) {
    self.p = p
    self.q = q
    self.a = a
    self.lower = lower
    self.upper = upper
  }

  /// The largest residual of the conditions at a point with multipliers (positive for a lower
  /// side).
  ///
  /// Each is relative to one plus the largest of its terms.
  public func residual(x: [Double], multipliers: [Double]) -> Double {
    var worst = 0.0
    func add(_ residual: Double, _ size: Double) {
      let ratio = residual.magnitude / (1 + size)
      worst = ratio.isNaN ? .infinity : max(worst, ratio)
    }
    for i in x.indices {
      var sum = q[i]
      var size = q[i].magnitude
      for j in x.indices {
        sum += p[i, j] * x[j]
        size = max(size, (p[i, j] * x[j]).magnitude)
      }
      for k in a.indices {
        sum -= a[k][i] * multipliers[k]
        size = max(size, (a[k][i] * multipliers[k]).magnitude)
      }
      add(sum, size)
    }
    for k in a.indices {
      var value = 0.0
      var size = 0.0
      for i in x.indices {
        value += a[k][i] * x[i]
        size = max(size, (a[k][i] * x[i]).magnitude)
      }
      add(max(0, lower[k] - value), size)
      add(max(0, value - upper[k]), size)
      let dual = multipliers[k]
      if dual > 0 { add(lower[k].isFinite ? (value - lower[k]) * dual : dual, size) }
      if dual < 0 { add(upper[k].isFinite ? (value - upper[k]) * dual : dual, size) }
    }
    return worst
  }
}

// Goals: (1) no evaluation outside the bounds; (2) second order everywhere.
//
// Central differences inside, the one-sided formula of three points beside a bound: Press et al.,
// Numerical Recipes (2007), section 5.7; Nocedal and Wright, Numerical Optimization (2006), section
// 8.1.

/// Derivatives of residuals by differences.
struct FiniteDifferences: ~Copyable, Sendable {
  /// The cube root of the rounding unit, where truncation and rounding balance.
  private static let relativeStep = 6.055454452393343e-6

  private var point: [Double]
  private var first: [Double]
  private var second: [Double]

  init(residualCount: Int, parameterCount: Int) {
    point = [Double](repeating: 0, count: parameterCount)
    first = [Double](repeating: 0, count: residualCount)
    second = first
  }

  /// Fills the Jacobian at a point, column after column, with two evaluations a free parameter.
  mutating func fill(
    _ jacobian: inout [Double],
    at x: [Double],
    residuals r: [Double],
    in box: borrowing Box,
    of function: (Span<Double>, inout MutableSpan<Double>) -> Void
  ) {
    let m = first.count
    for i in 0..<x.count { point[i] = x[i] }
    for j in 0..<x.count {
      let (a, b) = Self.steps(x[j], box.lower[j], box.upper[j])
      if a == 0 || b == 0 {
        for k in 0..<m { jacobian[j &* m &+ k] = 0 }
        continue
      }
      point[j] = x[j] + a
      Self.evaluate(function, at: point, into: &first)
      point[j] = x[j] + b
      Self.evaluate(function, at: point, into: &second)
      point[j] = x[j]
      // The derivative at zero of the parabola through (0, r), (a, first) and (b, second).
      let scale = 1 / (a * b * (b - a))
      for k in 0..<m {
        jacobian[j &* m &+ k] =
          (b * b * (first[k] - r[k]) - a * a * (second[k] - r[k])) * scale
      }
    }
  }

  /// What the caller does not fill is not finite.
  static func evaluate(
    _ function: (Span<Double>, inout MutableSpan<Double>) -> Void,
    at point: [Double],
    into values: inout [Double]
  ) {
    var span = values.mutableSpan
    for k in 0..<span.count { span[k] = .nan }
    function(point.span, &span)
  }

  /// Two steps that stay inside the bounds, as they are after rounding; zeros when none is possible.
  private static func steps(_ x: Double, _ lower: Double, _ upper: Double) -> (Double, Double) {
    let wanted = relativeStep * (x == 0 ? 1 : x.magnitude)
    let above = min(wanted, upper - x)
    let below = min(wanted, x - lower)
    func rounded(_ step: Double) -> Double { (x + step) - x }
    if above == wanted && below == wanted { return (rounded(wanted), rounded(-wanted)) }
    if above >= below {
      let reach = min(2 * wanted, upper - x)
      return (rounded(reach / 2), rounded(reach))
    }
    let reach = min(2 * wanted, x - lower)
    return (rounded(-reach / 2), rounded(-reach))
  }
}

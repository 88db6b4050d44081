// Goals in order: singularities at the ends, an honest error estimate, few evaluations.
//
// Method: H. Takahasi, M. Mori, "Double exponential formulas for numerical integration", Publ. RIMS 9 (1974):
// the trapezoidal rule in t with x = tanh(π/2 sinh t). Each level halves the step; the error is estimated from
// the last two differences, as the number of digits doubles with each level.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The double exponential quadrature: for functions that are smooth inside the interval and may be singular at its
/// ends.
public enum TanhSinh {
  /// The integral of a function over a finite interval.
  ///
  /// The function receives, beside its argument, the distance to the nearer end, which has all its digits where the
  /// argument has none left; it is never evaluated at an end.
  ///
  /// - Parameters:
  ///   - interval: Where to integrate; both ends finite.
  ///   - settings: Tolerances and the limit of evaluations.
  ///   - integrand: The function of the argument and its distance to the nearer end; its values must be finite.
  /// - Returns: The value with an error estimate within the tolerance, or at the level of rounding.
  /// - Throws: `NumericsError.invalidValue` for an infinite end, a tolerance out of range or a value of the
  ///   function that is not finite, `.countOutOfRange` for a limit that is not positive, `.notConverged` with the
  ///   best value when the limit is reached.
  public static func integral(
    over interval: ClosedRange<Double>,
    settings: Integral.Settings = Integral.Settings(),
    of integrand: (_ x: Double, _ distance: Double) -> Double
  ) throws(NumericsError) -> Integral {
    try settings.check()
    try Integral.check(interval)
    let (low, high) = (interval.lowerBound, interval.upperBound)
    let half = high / 2 - low / 2
    guard half > 0 else { return Integral(value: 0, errorEstimate: 0, evaluationCount: 0) }
    var sum = Double.pi / 2 * (try Integral.checked(integrand(low + half, half)))
    var size = sum.magnitude
    var count = 1
    var previous = Double.nan
    var difference = Double.nan
    var step = 1.0
    var level = 0
    while true {
      // The new points: all on the first level, every second one later.
      var k = 1
      while Double(k) * step <= largestArgument {
        let t = Double(k) * step
        let a = Double.pi / 2 * sinh(t)
        // 1 − tanh a, and the weight: (π/2) cosh t / cosh² a.
        let distance = half * (2 / (1 + exp(2 * a)))
        let weight = Double.pi / 2 * cosh(t) / (cosh(a) * cosh(a))
        for x in [low + distance, high - distance] where distance > 0 && weight > 0 {
          let term = weight * (try Integral.checked(integrand(x, distance)))
          sum += term
          size += term.magnitude
          count += 1
        }
        k += level == 0 ? 1 : 2
      }
      let value = sum * step * half
      let change = (value - previous).magnitude
      let rounding = 4 * Double.ulpOfOne * size * step * half
      if level >= leastLevel {
        // The digits double: the error is about (change / size)² in units of the integral.
        let scale = max(size * step * half, .leastNormalMagnitude)
        let ratio = change / scale
        let estimate = max(
          min(change, scale * max(ratio * ratio, ratio * min(1, change / difference))), rounding / 4
        )
        if estimate <= max(settings.tolerance(value), rounding) {
          return Integral(value: value, errorEstimate: estimate, evaluationCount: count)
        }
      }
      guard 2 * count <= settings.maximumEvaluations, level < largestLevel else {
        throw .notConverged(iterations: count, best: value, residual: change)
      }
      difference = change
      previous = value
      step /= 2
      level += 1
    }
  }

  /// Beyond it the weights are below the least double.
  private static let largestArgument = 6.2
  private static let leastLevel = 3
  private static let largestLevel = 14
}

// Goals in order: termination, accuracy, few evaluations.
//
// R. P. Brent (1973), chapter 4: inverse quadratic interpolation or secant while they shrink the
// bracket fast enough, bisection else.

extension Brent {
  /// Returns a root of a continuous function inside an interval at whose ends its signs differ.
  ///
  /// ```text
  /// x in [lowest, highest] with f(x) = 0
  /// ```
  ///
  /// The result is within 4 ulp relative plus the tolerances of a change of sign of the function as
  /// computed. A root at an end is accepted. For a function that jumps over 0, the place of the
  /// jump is returned. Of several roots any one may be returned, always the same one. Method: Brent
  /// (1973).
  ///
  /// - Parameters:
  ///   - function: The function. Infinite values count by their sign.
  ///   - interval: The bracket, with finite ends.
  ///   - settings: Where to stop.
  /// - Returns: The root, with the value of the function there.
  /// - Throws: `NumericsError.rootNotBracketed` when the signs at the ends are equal,
  ///   `NumericsError.invalidValue` when an end is infinite, a tolerance is outside its range or
  ///   the function returns NaN, `NumericsError.countOutOfRange` when no iteration is allowed,
  ///   `NumericsError.notConverged` with the best argument when the iterations do not suffice.
  /// - Complexity: At most about the square of the number of steps that bisection takes.
  public static func root(
    of function: (Double) -> Double, in interval: ClosedRange<Double>,
    settings: Settings = Settings()
  ) throws(NumericsError) -> Point {
    let tolerances = try SearchTolerances.root(settings, interval)
    var search = RootBracket(
      a: interval.lowerBound, b: interval.upperBound,
      valueA: try Bracket.checked(function(interval.lowerBound)),
      valueB: try Bracket.checked(function(interval.upperBound)))
    if search.valueA == 0 {
      return Point(argument: search.a, value: 0, evaluationCount: 2)
    }
    if search.valueB == 0 {
      return Point(argument: search.b, value: 0, evaluationCount: 2)
    }
    guard (search.valueA < 0) != (search.valueB < 0) else {
      throw .rootNotBracketed(valueAtLowest: search.valueA, valueAtHighest: search.valueB)
    }
    search.restart()
    for count in 0..<settings.maximumIterations {
      guard let next = search.next(tolerances) else {
        return Point(argument: search.b, value: search.valueB, evaluationCount: count + 2)
      }
      search.accept(next, try Bracket.checked(function(next)))
      if search.valueB == 0 {
        return Point(argument: search.b, value: 0, evaluationCount: count + 3)
      }
    }
    throw .notConverged(
      iterations: settings.maximumIterations, best: search.b, residual: search.valueB)
  }
}

/// The state of the search: b is the best point, a the one before, c the other end of the bracket.
private struct RootBracket {
  var a: Double
  var b: Double
  var c = 0.0
  var valueA: Double
  var valueB: Double
  var valueC = 0.0
  /// The last step and the one before, the last one as a distance from b.
  var step = 0.0
  var stepBefore = 0.0

  init(a: Double, b: Double, valueA: Double, valueB: Double) {
    (self.a, self.b, self.valueA, self.valueB) = (a, b, valueA, valueB)
  }

  /// Makes a the other end of the bracket.
  mutating func restart() {
    (c, valueC) = (a, valueA)
    step = b - a
    stepBefore = step
  }

  /// The next point to evaluate, or nil when the bracket is small enough.
  mutating func next(_ tolerances: SearchTolerances) -> Double? {
    if valueC.magnitude < valueB.magnitude {
      (a, b, c) = (b, c, b)
      (valueA, valueB, valueC) = (valueB, valueC, valueB)
    }
    // The smallest subnormal number lets a bracket of a root at 0 end.
    let tolerance = max(
      tolerances.relative * b.magnitude, tolerances.absolute / 2, .leastNonzeroMagnitude)
    let half = c / 2 - b / 2
    if half.magnitude <= tolerance { return nil }
    if stepBefore.magnitude >= tolerance, valueA.magnitude > valueB.magnitude,
      let interpolated = interpolatedStep(half: half, tolerance: tolerance)
    {
      (stepBefore, step) = (step, interpolated)
    } else {
      (step, stepBefore) = (half, half)
    }
    return step.magnitude > tolerance ? b + step : b + (half > 0 ? tolerance : -tolerance)
  }

  /// The step of the secant or of the inverse parabola, if it is short enough to be trusted.
  private func interpolatedStep(half: Double, tolerance: Double) -> Double? {
    let s = valueB / valueA
    var p: Double
    var q: Double
    if a == c {
      p = 2 * half * s
      q = 1 - s
    } else {
      let r = valueB / valueC
      let t = valueA / valueC
      p = s * (2 * half * t * (t - r) - (b - a) * (r - 1))
      q = (t - 1) * (r - 1) * (s - 1)
    }
    if p > 0 { q = -q } else { p = -p }
    let limit = min(3 * half * q - (tolerance * q).magnitude, (stepBefore * q).magnitude)
    let candidate = p / q
    return 2 * p < limit && candidate.isFinite ? candidate : nil
  }

  /// Takes a new point as the best one and keeps the root between it and c.
  mutating func accept(_ x: Double, _ value: Double) {
    (a, valueA) = (b, valueB)
    (b, valueB) = (x, value)
    if (valueB < 0) == (valueC < 0) { restart() }
  }
}

// Goals in order: termination, accuracy, few evaluations.
//
// R. P. Brent (1973), chapter 5: parabolic interpolation while it shrinks the bracket fast enough,
// golden section else.

extension Brent {
  /// Returns a local minimum of a function inside an interval.
  ///
  /// ```text
  /// x in [lowest, highest] with f(x) ≤ f(y) for all y near x
  /// ```
  ///
  /// For a function with one minimum the result is within the tolerance of it; a minimum in double
  /// precision is known to about 1e-8 relative only, because the function is flat there. At an end
  /// of the interval the result is within the tolerance of that end. Method: Brent (1973).
  ///
  /// - Parameters:
  ///   - function: The function. May be infinite, not NaN.
  ///   - interval: The interval, with finite ends.
  ///   - settings: Where to stop.
  /// - Returns: The argument of the least value found, with this value.
  /// - Throws: `NumericsError.invalidValue` when an end is infinite, a tolerance is outside its
  ///   range or the function returns NaN, `NumericsError.countOutOfRange` when no iteration is
  ///   allowed, `NumericsError.notConverged` with the best argument and the half length of the
  ///   bracket as residual when the iterations do not suffice.
  public static func minimum(
    of function: (Double) -> Double, in interval: ClosedRange<Double>,
    settings: Settings = Settings()
  ) throws(NumericsError) -> Point {
    let tolerances = try SearchTolerances.minimum(settings, interval)
    var search = MinimumBracket(interval)
    search.start(try Bracket.checked(function(search.best)))
    for count in 0..<settings.maximumIterations {
      guard let next = search.next(tolerances) else {
        return Point(
          argument: search.best, value: search.bestValue, evaluationCount: count + 1)
      }
      search.accept(next, try Bracket.checked(function(next)))
    }
    throw .notConverged(
      iterations: settings.maximumIterations, best: search.best,
      residual: search.highest / 2 - search.lowest / 2)
  }
}

/// The state of the search: the bracket and the three least points, best first.
private struct MinimumBracket {
  /// (3 − √5)/2: the smaller part of the golden section.
  static let goldenPart = 0.3819660112501051

  var lowest: Double
  var highest: Double
  var best: Double
  var second: Double
  var third: Double
  var bestValue = 0.0
  var secondValue = 0.0
  var thirdValue = 0.0
  /// The last step and the one before.
  var step = 0.0
  var stepBefore = 0.0

  init(_ interval: ClosedRange<Double>) {
    lowest = interval.lowerBound
    highest = interval.upperBound
    // Rounding may carry the point past an end of a short interval.
    best = min(
      highest, max(lowest, lowest * (1 - Self.goldenPart) + highest * Self.goldenPart))
    second = best
    third = best
  }

  mutating func start(_ value: Double) {
    (bestValue, secondValue, thirdValue) = (value, value, value)
  }

  /// The next point to evaluate, or nil when the bracket is small enough.
  mutating func next(_ tolerances: SearchTolerances) -> Double? {
    let middle = Bracket.middle(lowest, highest)
    // The smallest normal number lets a bracket of a minimum at 0 end.
    let tolerance = max(
      tolerances.relative * best.magnitude, tolerances.absolute / 3, .leastNormalMagnitude)
    let reach = (best - middle).magnitude + (highest / 2 - lowest / 2)
    if reach <= 2 * tolerance { return nil }
    if stepBefore.magnitude > tolerance, let parabolic = parabolicStep() {
      stepBefore = step
      step = parabolic
      let point = best + step
      if point - lowest < 2 * tolerance || highest - point < 2 * tolerance {
        step = best < middle ? tolerance : -tolerance
      }
    } else {
      // A distance that overflows would end in the same end of the interval for ever.
      let farthest = Double.greatestFiniteMagnitude
      stepBefore = best < middle ? min(highest - best, farthest) : max(lowest - best, -farthest)
      step = Self.goldenPart * stepBefore
    }
    let sized = step.magnitude >= tolerance ? step : (step > 0 ? tolerance : -tolerance)
    return min(highest, max(lowest, best + sized))
  }

  /// The step to the vertex of the parabola through the three points, if it can be trusted.
  private func parabolicStep() -> Double? {
    let r = (best - second) * (bestValue - thirdValue)
    var q = (best - third) * (bestValue - secondValue)
    var p = (best - third) * q - (best - second) * r
    q = 2 * (q - r)
    if q > 0 { p = -p } else { q = -q }
    guard p.magnitude < (0.5 * q * stepBefore).magnitude,
      p > q * (lowest - best), p < q * (highest - best)
    else { return nil }
    let candidate = p / q
    return candidate.isFinite ? candidate : nil
  }

  /// Narrows the bracket with a new point and keeps the three least ones.
  mutating func accept(_ x: Double, _ value: Double) {
    if value <= bestValue {
      if x < best { highest = best } else { lowest = best }
      (third, thirdValue) = (second, secondValue)
      (second, secondValue) = (best, bestValue)
      (best, bestValue) = (x, value)
      return
    }
    if x < best { lowest = x } else { highest = x }
    if value <= secondValue || second == best {
      (third, thirdValue) = (second, secondValue)
      (second, secondValue) = (x, value)
    } else if value <= thirdValue || third == best || third == second {
      (third, thirdValue) = (x, value)
    }
  }
}

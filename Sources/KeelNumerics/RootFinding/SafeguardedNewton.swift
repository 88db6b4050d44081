// Goals in order: termination, accuracy, few evaluations.
//
// Newton's step while it stays inside the bracket and the steps shrink by half, bisection else: the
// combination of W. H. Press et al., Numerical Recipes (1992), section 9.4, as a rule; the stopping
// rule is the one of Brent (1973).

/// Root of a function of one variable from its value and derivative, guarded by a bracket.
public enum SafeguardedNewton {
  /// Returns a root of a continuous function inside an interval at whose ends its signs differ.
  ///
  /// ```text
  /// x in [lowest, highest] with f(x) = 0,   x ← x − f(x)/f′(x)
  /// ```
  ///
  /// Converges quadratically near a simple root; falls back to bisection where the derivative is
  /// wrong, zero, infinite or NaN. The result is within the tolerances of a change of sign, or the
  /// last Newton step was below them (at an m-fold root that is an error of m tolerances).
  ///
  /// - Parameters:
  ///   - function: The function and its derivative. Infinite values count by their sign.
  ///   - interval: The bracket, with finite ends.
  ///   - guess: Where to start; nil, or a number outside the interval, takes its middle.
  ///   - settings: Where to stop.
  /// - Returns: The root, with the value of the function there.
  /// - Throws: As `Brent.root(of:in:settings:)`.
  public static func root(
    of function: (Double) -> (value: Double, derivative: Double),
    in interval: ClosedRange<Double>, from guess: Double? = nil,
    settings: Brent.Settings = Brent.Settings()
  ) throws(NumericsError) -> Brent.Point {
    let tolerances = try SearchTolerances.root(settings, interval)
    let (low, high) = (interval.lowerBound, interval.upperBound)
    let valueAtLowest = try Bracket.checked(function(low).value)
    if valueAtLowest == 0 { return Brent.Point(argument: low, value: 0, evaluationCount: 1) }
    let valueAtHighest = try Bracket.checked(function(high).value)
    if valueAtHighest == 0 { return Brent.Point(argument: high, value: 0, evaluationCount: 2) }
    guard (valueAtLowest < 0) != (valueAtHighest < 0) else {
      throw .rootNotBracketed(valueAtLowest: valueAtLowest, valueAtHighest: valueAtHighest)
    }
    // The ends by the sign of the function.
    var (negative, positive) = valueAtLowest < 0 ? (low, high) : (high, low)
    var x = Bracket.middle(low, high)
    if let guess, guess > low, guess < high { x = guess }
    var stepBefore = high / 2 - low / 2
    for count in 0..<settings.maximumIterations {
      let (rawValue, derivative) = function(x)
      let value = try Bracket.checked(rawValue)
      if value == 0 { return Brent.Point(argument: x, value: 0, evaluationCount: count + 3) }
      if value < 0 { negative = x } else { positive = x }
      let tolerance = max(
        tolerances.relative * x.magnitude, tolerances.absolute / 2, .leastNonzeroMagnitude)
      let half = (positive / 2 - negative / 2).magnitude
      if half <= tolerance {
        return Brent.Point(argument: x, value: value, evaluationCount: count + 3)
      }
      let step = value / derivative
      let next = x - step
      let isInside = next > min(negative, positive) && next < max(negative, positive)
      if isInside, step.magnitude <= stepBefore / 2 || step.magnitude <= tolerance {
        if step.magnitude <= tolerance {
          return Brent.Point(argument: x, value: value, evaluationCount: count + 3)
        }
        (x, stepBefore) = (next, step.magnitude)
      } else {
        (x, stepBefore) = (Bracket.middle(negative, positive), half)
      }
    }
    throw .notConverged(
      iterations: settings.maximumIterations, best: x, residual: (positive - negative).magnitude)
  }
}

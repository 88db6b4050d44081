// What certificates of every kind of program are made of.

/// What the constraints contribute to the duality gap.
struct GapTerms {
  /// Σ (lower y⁺ − upper y⁻).
  var bound = 0.0

  /// Σ of the magnitudes of these terms.
  var size = 0.0

  /// Σ |slack × dual|.
  var complementarity = 0.0

  mutating func add(dual: Double, value: Double, lower: Double, upper: Double) {
    if dual == 0 { return }
    let active = dual > 0 ? lower : upper
    // A dual value of an infinite bound is counted in the dual residual.
    if active.isInfinite { return }
    bound += active * dual
    size += max((active * dual).magnitude, (value * dual).magnitude)
    complementarity += ((value - active) * dual).magnitude
  }
}

extension GapTerms {
  /// What a gap is relative to: the terms of the two objectives.
  ///
  /// Dual values that are huge and cancel, as where limits nearly contradict each other, would make any gap look small; they
  /// count up to ten thousand times the terms of the caller's own objective.
  func scale(objective: Double) -> Double {
    let largestRatio = 1e4
    let counted = objective > 0 ? min(size, largestRatio * objective) : size
    return propagatingMaximum(objective, size.isNaN ? .nan : counted)
  }
}

/// The magnitude of a dual value that belongs to an infinite bound.
func wrongSide(_ dual: Double, _ lower: Double, _ upper: Double) -> Double {
  if dual > 0 && lower == -.infinity { return dual }
  if dual < 0 && upper == .infinity { return -dual }
  return 0
}

/// A residual relative to its terms; zero for zero, whatever the terms.
func relative(_ residual: Double, to size: Double) -> Double {
  residual == 0 ? 0 : residual / size
}

/// The larger of two numbers, and NaN when one is NaN.
func propagatingMaximum(_ left: Double, _ right: Double) -> Double {
  left.isNaN || right.isNaN ? .nan : max(left, right)
}

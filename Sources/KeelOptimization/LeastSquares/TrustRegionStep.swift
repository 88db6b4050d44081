// Goals: (1) the model's minimizer inside bounds and radius to a tenth of the radius; (2) few
// factorizations of the small triangle.
//
// The damping that makes the step as long as the radius, by Newton's method on the reciprocal length
// with safeguards: Moré, The Levenberg-Marquardt algorithm, Numerical Analysis, Lecture Notes in
// Mathematics 630 (1978), section 5. With bounds the length still falls with the damping, so the
// safeguards hold; the derivative is that of the free parameters.

/// The search for the damping.
struct TrustRegionStep {
  /// How far the length may be from the radius, relative to it (Moré's sigma).
  private static let lengthTolerance = 0.1

  /// Newton steps; one or two are usual.
  private static let maximumTrials = 12

  /// The part of the upper limit below which the damping does not fall at once.
  private static let leastPart = 1e-3

  /// The damping of the last step, a start for the next one.
  var damping = 0.0

  /// Finds the step for a radius and returns its length.
  mutating func solve(
    _ step: inout DampedBoxStep,
    gradient: [Double],
    projectedGradientLength: Double,
    radius: Double
  ) -> Double {
    step.solve(damping: 0, gradient: gradient)
    var length = KeelOptimization.length(step.y.span)
    if length.isFinite && length <= (1 + Self.lengthTolerance) * radius {
      damping = 0
      return length
    }
    var lowest = 0.0
    // From the optimality conditions: damping · |y|² ≤ −gᵀy over the directions that can fall.
    var highest = projectedGradientLength / radius
    guard highest > 0 && highest.isFinite else {
      damping = 0
      return length
    }
    damping = min(max(damping, lowest), highest)
    if damping == 0 { damping = max(Self.leastPart * highest, .leastNormalMagnitude) }
    for trial in 1...Self.maximumTrials {
      step.solve(damping: damping, gradient: gradient)
      length = KeelOptimization.length(step.y.span)
      let excess = length - radius
      if excess.magnitude <= Self.lengthTolerance * radius { return length }
      if excess > 0 { lowest = damping } else { highest = damping }
      if trial == Self.maximumTrials || lowest >= highest { break }
      var next = step.decay > 0 ? damping + excess / (radius * step.decay) : .nan
      if !(next > lowest && next < highest) {
        next = max((lowest * highest).squareRoot(), Self.leastPart * highest)
      }
      damping = next
    }
    if length > (1 + Self.lengthTolerance) * radius {
      damping = highest
      step.solve(damping: damping, gradient: gradient)
      length = KeelOptimization.length(step.y.span)
    }
    return length
  }
}

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The two boundaries of a put with q < r < 0, up to the time at which they meet.
//
// Goals in order: never past the meeting, its time to the precision of the boundaries, few solutions.
//
// Each boundary solves its own equation, also some way past the meeting, but not for ever where the volatility
// exceeds |√(−2r) − √(−2q)|. So the horizon grows from a small one, fourfold, until the boundaries have
// crossed or one of them is not found; then Newton's method on the gap, with the slope of a secant, brings
// it to the meeting.

struct ExercisePair {
  private(set) var upper: ExerciseCurve
  private(set) var lower: ExerciseCurve

  /// The time to expiry up to which both exist: that of the option, or where they meet.
  private(set) var time: Double

  private(set) var iterationCount = 0

  private static let firstPart = 1.0 / 4096
  private static let growth = 4.0
  private static let maximumSolutions = 60
  private static let relativeTolerance = 1e-13

  init(
    _ problem: ExerciseProblem,
    time: Double,
    precision: AmericanPrecision,
    level: Kernels.Level
  ) throws(DerivativesError) {
    guard case .between(let low, let high) = problem.region else {
      throw .boundaryNotFound(iterations: 0, change: .nan)
    }
    var steps = 0
    func solve(_ time: Double) -> (upper: ExerciseCurve, lower: ExerciseCurve)? {
      let upper = ExerciseCurve(
        problem, time: time, sign: -1, limit: high, precision: precision, level: level)
      steps += upper.iterationCount
      guard upper.isConverged else { return nil }
      let lower = ExerciseCurve(
        problem, time: time, sign: 1, limit: low, precision: precision, level: level)
      steps += lower.iterationCount
      return lower.isConverged ? (upper, lower) : nil
    }
    func gap(_ pair: (upper: ExerciseCurve, lower: ExerciseCurve)) -> Double {
      log(high / low) + pair.upper.values[0] - pair.lower.values[0]
    }
    if let pair = solve(time), gap(pair) >= 0 {
      (upper, lower, self.time, iterationCount) = (pair.upper, pair.lower, time, steps)
      return
    }
    // Both boundaries move like the root of time, so they meet near here.
    var inside = 0.0
    var outside = time
    var trial = min(
      time,
      square(log(high / low) / (2 * problem.volatility)) * Self.growth * Self.firstPart)
    var best: (upper: ExerciseCurve, lower: ExerciseCurve)?
    for _ in 0..<Self.maximumSolutions {
      guard let pair = solve(trial) else {
        outside = trial
        trial = inside > 0 ? (inside * outside).squareRoot() : outside / Self.growth
        continue
      }
      let width = gap(pair)
      best = pair
      if width >= 0 { inside = trial } else { outside = trial }
      // The root of the gap in the root of time, by the slope that both boundaries have at this end.
      let slope = (width - Self.gapBefore(pair, trial, log(high / low))) / (trial * Self.secant)
      let step = slope < 0 ? -width / slope : .infinity
      if step.magnitude <= Self.relativeTolerance * trial { break }
      let next = trial + step
      let limit = min(trial * Self.growth, outside)
      if next > inside && next < limit {
        trial = next
      } else {
        trial = limit < outside ? limit : inside > 0 ? (inside * outside).squareRoot() : outside / 2
      }
      if outside - inside <= Self.relativeTolerance * outside { break }
    }
    guard let best else { throw .boundaryNotFound(iterations: steps, change: .nan) }
    (upper, lower, self.time, iterationCount) = (best.upper, best.lower, best.upper.time, steps)
  }

  private static let secant = 1e-4

  /// The gap a little before the end.
  private static func gapBefore(
    _ pair: (upper: ExerciseCurve, lower: ExerciseCurve),
    _ time: Double,
    _ atExpiry: Double
  ) -> Double {
    let before = time * (1 - secant)
    return atExpiry + pair.upper.logRatio(timeToExpiry: before)
      - pair.lower.logRatio(timeToExpiry: before)
  }
}

private func square(_ x: Double) -> Double { x * x }

// Goals: (1) termination; (2) a point of lower value with strong Wolfe conditions; (3) few points.
//
// Bracketing and cubic interpolation with safeguards: Nocedal and Wright, Numerical Optimization
// (2006), section 3.5; Moré and Thuente, ACM Trans. Math. Softw. 20 (1994). Where the decrease is
// below rounding, the slope decides: Hager and Zhang, SIAM J. Optim. 16 (2005), section 2.

/// A line search that is told the values and says which step comes next.
struct WolfeSearch {
  /// What to do with a point.
  enum Verdict {
    case accepted
    case goOn
    case failed
  }

  /// A step that no bound limits.
  static let unlimited = 1e10

  /// The part of the slope that the decrease must have.
  private static let decrease = 1e-4

  /// The part of the slope that may be left.
  private static let curvature = 0.9

  /// Differences of values below this part cannot be told from rounding.
  private static let rounding = 4 * Double.ulpOfOne

  /// Points in one search; one or two are usual.
  private static let maximumPoints = 40

  /// How much a step grows while the slope stays steep.
  private static let growth = 4.0

  /// The part of a bracket that a new point keeps from its ends.
  private static let margin = 0.1

  /// The part of the way to a point without finite numbers.
  private static let retreat = 0.25

  private struct Point {
    var step: Double
    var value: Double
    var slope: Double
  }

  /// The step to look at.
  var step = 1.0
  private let start: Point
  private let longest: Double
  private var low: Point
  private var high: Point?
  private var pointCount = 0

  init(value: Double, slope: Double, longest: Double) {
    start = Point(step: 0, value: value, slope: slope)
    low = start
    self.longest = longest
  }

  /// Judges the point at `step`; NaN as slope says that its numbers are not finite.
  mutating func judge(_ value: Double, _ slope: Double) -> Verdict {
    pointCount += 1
    let noise = Self.rounding * start.value.magnitude
    let isUsable = !slope.isNaN
    let sufficient = start.value + Self.decrease * step * start.slope
    if isUsable && isAcceptable(value, slope, sufficient: sufficient, noise: noise) {
      return .accepted
    }
    if pointCount >= Self.maximumPoints { return .failed }
    let point = Point(step: step, value: isUsable ? value : .infinity, slope: slope)
    if !isUsable || value > sufficient + noise || value > low.value + noise {
      high = point
    } else {
      // A slope that points away from the other end brackets with the old low point.
      if let end = high {
        if slope * (end.step - low.step) >= 0 { high = low }
      } else if slope >= 0 {
        high = low
      }
      low = point
    }
    guard let end = high else {
      if step >= longest { return value < start.value ? .accepted : .failed }
      step = min(longest, Self.growth * step)
      return .goOn
    }
    step = between(low, end)
    return step == low.step || step == end.step ? .failed : .goOn
  }

  private func isAcceptable(
    _ value: Double, _ slope: Double, sufficient: Double, noise: Double
  ) -> Bool {
    if slope.magnitude <= -Self.curvature * start.slope {
      if value <= sufficient { return true }
      // Hager and Zhang's approximate conditions.
      if value <= start.value + noise && slope <= (2 * Self.decrease - 1) * start.slope {
        return true
      }
    }
    return step >= longest && value <= sufficient && slope < 0
  }

  /// A step between the ends of the bracket, by the cubic through values and slopes.
  private func between(_ a: Point, _ b: Point) -> Double {
    let width = b.step - a.step
    guard b.value.isFinite else { return a.step + Self.retreat * width }
    let chord = a.slope + b.slope - 3 * (b.value - a.value) / width
    let square = chord * chord - a.slope * b.slope
    guard square >= 0 else { return a.step + width / 2 }
    let root = width > 0 ? square.squareRoot() : -square.squareRoot()
    let part = 1 - (b.slope + root - chord) / (b.slope - a.slope + 2 * root)
    // Not finite where the cubic is a line.
    guard part.isFinite else { return a.step + width / 2 }
    return a.step + min(1 - Self.margin, max(Self.margin, part)) * width
  }
}

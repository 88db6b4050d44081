// Goals in order: exponential and algebraic tails, singular starts, an honest error estimate, speed.
//
// H. Takahasi, M. Mori, Double exponential formulas for numerical integration, Publications of RIMS 9
// (1974): the trapezoidal rule in t with u = scale · exp(π/2 sinh t). Each level halves the step, and
// the number of right digits doubles with each level once there are some.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The integral of a function from 0 to infinity.
struct HalfLineIntegral {
  /// The value.
  let value: Double

  /// An estimate of the relative error.
  let errorEstimate: Double

  /// Integrates a function whose size changes over `scale`; values that are not finite count as 0.
  init(scale: Double, _ integrand: (Double) -> Double) {
    var sum = 0.0
    var value = 0.0
    var change = Double.infinity
    for (level, nodes) in DoubleExponentialNodes.levels.enumerated() {
      for half in [nodes.upper, nodes.lower] {
        var negligible = 0
        for node in half {
          let term = node.weight * integrand(scale * node.position)
          guard term.isFinite else { continue }
          sum += term
          negligible = term.magnitude <= Self.negligibleTerm * sum.magnitude ? negligible + 1 : 0
          if negligible > Self.patience << level { break }
        }
      }
      let next = sum * DoubleExponentialNodes.firstStep / Double(1 << level)
      change = next == 0 ? 0 : ((next - value) / next).magnitude
      value = next
      if level > 0, change <= Self.tolerance { break }
    }
    self.value = scale * value
    errorEstimate = max(change * change, Double.ulpOfOne)
  }

  /// A change of half the digits: the next one would be below the last digit.
  private static let tolerance = 1e-9

  private static let negligibleTerm = 0x1p-62

  /// So many steps of negligible terms end a side.
  private static let patience = 2
}

/// The points of the rule by level, each beyond the first with those that are new.
private enum DoubleExponentialNodes {
  struct Node {
    var position: Double
    var weight: Double
  }

  static let firstStep = 0.25

  /// A step of 1/64 at most.
  private static let levelCount = 5

  /// exp(π/2 sinh 6.3) is 1e185: nothing of a tail that has a mean value is left beyond it.
  private static let highest = 6.3

  /// exp(−π/2 sinh 5) is 1e−50.
  private static let lowest = -5.0

  static let levels: [(lower: [Node], upper: [Node])] = (0..<levelCount).map { level in
    let step = firstStep / Double(1 << level)
    func side(_ end: Double, _ sign: Double) -> [Node] {
      let last = Int(end.magnitude / step)
      return (0...last).filter { k in
        level > 0 ? k % 2 == 1 : (sign > 0 || k > 0)
      }.map { k in
        let t = sign * Double(k) * step
        let position = exp(0.5 * Double.pi * sinh(t))
        return Node(position: position, weight: 0.5 * Double.pi * cosh(t) * position)
      }
    }
    return (side(lowest, -1), side(highest, 1))
  }
}

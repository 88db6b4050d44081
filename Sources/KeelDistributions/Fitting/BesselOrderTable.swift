// Goals in order: exact slopes in the argument and in the order, speed for many arguments of one order.
//
// K(ν, x) = ∫ exp(−x cosh t) cosh(νt) dt from 0 up (DLMF 10.32.9) by the trapezoidal rule, whose error falls
// exponentially: F. Goodwin, The evaluation of integrals of the form ∫ f(x) exp(−x²) dx, Mathematical
// Proceedings of the Cambridge Philosophical Society 45 (1949). The nodes of a step are tabulated for the order.
// About its largest value the integrand is (x² + ν²)^(−¼) wide, so that larger arguments have shorter steps.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// ln K(ν, x) of one order with its slopes in x and ν.
struct BesselOrderTable {
  /// With cosh(νt) = exp(νt) (1 + exp(−2νt))/2: the exponent νt, and the factors of exp(νt) in cosh(νt),
  /// cosh((ν−1)t) and t sinh(νt).
  private struct Node {
    let rise: Double
    let exponent: Double
    let even: Double
    let lower: Double
    let odd: Double
  }

  /// |ν|.
  private let size: Double
  private let sign: Double
  private let levels: [[Node]]

  /// ln(exp(x) K), K(|ν|−1, x)/K(ν, x), and the slopes of ln K in x and ν.
  struct Value {
    let logScaled: Double
    let ratio: Double
    let slope: Double
    let orderSlope: Double
  }

  /// The longest step, with an error of some exp(−π²/0.2).
  private static let longestStep = 0.2

  /// Up to this √(x² + ν²) the longest step does: then h² √(x² + ν²) is at most 0.36, and the error exp(−54).
  private static let largestOfLongest = 9.0

  /// Each level is for magnitudes up to four times those of the one before, with half of its step.
  private static let levelCount = 14

  /// Terms fall below exp(−45) of the largest.
  private static let negligibleExponent = 45.0
  private static let negligibleTerm = 0x1p-60

  /// For an order and an interval of arguments, both ends positive.
  init(order: Double, arguments: ClosedRange<Double>) {
    size = order.magnitude
    sign = order < 0 ? -1 : 1
    let first = Self.level(hypot(size, arguments.lowerBound))
    let last = Self.level(hypot(size, arguments.upperBound))
    let size = size
    levels = (0...last).map { k in
      guard k >= first else { return [] }
      let start = k == 0 ? 0 : Self.largestOfLongest * pow(4, Double(k - 1))
      // The least argument of the level.
      let least = start > size ? ((start - size) * (start + size)).squareRoot() : 0
      return Self.nodes(size, max(least, arguments.lowerBound), level: k)
    }
  }

  private static func level(_ magnitude: Double) -> Int {
    var (k, limit) = (0, largestOfLongest)
    while magnitude > limit, k + 1 < levelCount {
      limit *= 4
      k += 1
    }
    return k
  }

  private static func nodes(_ size: Double, _ x: Double, level: Int) -> [Node] {
    let step = longestStep * Double(sign: .plus, exponent: -level, significand: 1)
    let end = least(size, x) + negligibleExponent
    var nodes: [Node] = []
    var t = 0.0
    while true {
      let half = sinh(0.5 * t)
      let rise = 2 * half * half
      let weight = 0.5 * (t == 0 ? 0.5 * step : step)
      let mirror = exp(-2 * size * t)
      nodes.append(
        Node(
          rise: rise, exponent: size * t, even: weight * (1 + mirror),
          lower: weight * (exp(-t) + exp((1 - 2 * size) * t)), odd: weight * t * (1 - mirror)))
      if x * sinh(t) > size, x * rise - size * t > end { return nodes }
      t += step
    }
  }

  /// The least x (cosh t − 1) − νt.
  private static func least(_ size: Double, _ x: Double) -> Double {
    let t = asinh(size / x)
    let half = sinh(0.5 * t)
    return 2 * x * half * half - size * t
  }

  /// The value and slopes at an argument inside the interval.
  func callAsFunction(_ x: Double) -> Value {
    let k = min(Self.level(hypot(size, x)), levels.count - 1)
    let nodes = levels[k]
    let span = nodes.span
    let top = Self.least(size, x)
    var (sum, lower, odd) = (0.0, 0.0, 0.0)
    for i in span.indices {
      let node = span[i]
      let e = exp(node.exponent - x * node.rise + top)
      let term = e * node.even
      sum += term
      lower += e * node.lower
      odd += e * node.odd
      // Past the largest term.
      if term < Self.negligibleTerm * sum { break }
    }
    let ratio = lower / sum
    return Value(
      logScaled: log(sum) - top, ratio: ratio, slope: -ratio - size / x,
      orderSlope: sign * odd / sum)
  }
}

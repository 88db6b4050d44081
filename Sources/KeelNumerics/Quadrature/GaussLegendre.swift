// Goals in order: accuracy of nodes and weights, any count, speed.
//
// Nodes are roots of the Legendre polynomial by Newton's method from F. G. Tricomi's approximation
// (1950); the polynomial comes from its recurrence. Error of nodes and weights: 1e-15 absolute up to
// 128 points and 1e-14 up to 1024, against 50 digits.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The quadrature that is exact for polynomials of the highest degree, `2n − 1`.
///
/// It converges geometrically for functions that are smooth in the whole interval; for singularities at an end
/// see ``TanhSinh``, for an unknown function ``GaussKronrod``.
public struct GaussLegendre: Hashable, Sendable {
  /// The points between −1 and 1, from the lowest to the highest.
  public let nodes: [Double]

  /// The weight of each point; they add to 2.
  public let weights: [Double]

  /// The largest number of points.
  public static let largestCount = 1024

  /// Creates a rule.
  ///
  /// - Parameter count: The number of points: 1 to 1024.
  /// - Throws: `NumericsError.countOutOfRange`.
  /// - Complexity: O(count²).
  public init(count: Int) throws(NumericsError) {
    guard (1...Self.largestCount).contains(count) else {
      throw .countOutOfRange(argument: "count", got: count, allowed: 1...Self.largestCount)
    }
    self.init(checkedCount: count)
  }

  /// The same for a count that is known to be in the range.
  package init(checkedCount count: Int) {
    var nodes = [Double](repeating: 0, count: count)
    var weights = nodes
    for i in 0..<(count + 1) / 2 {
      let (node, weight) = Self.point(i, of: count)
      nodes[i] = -node
      nodes[count - 1 - i] = node
      weights[i] = weight
      weights[count - 1 - i] = weight
    }
    self.nodes = nodes
    self.weights = weights
  }

  /// The integral of a function.
  ///
  /// - Parameters:
  ///   - interval: Where to integrate; both ends finite.
  ///   - integrand: The function.
  /// - Returns: The weighted sum of its values.
  /// - Throws: What the function throws.
  /// - Complexity: One evaluation a point.
  public func integral<Failure: Error>(
    over interval: ClosedRange<Double>,
    of integrand: (Double) throws(Failure) -> Double
  ) throws(Failure) -> Double {
    let half = interval.upperBound / 2 - interval.lowerBound / 2
    let center = interval.lowerBound + half
    var sum = 0.0
    for i in nodes.indices { sum += weights[i] * (try integrand(center + half * nodes[i])) }
    return half * sum
  }

  private static let newtonSteps = 4

  /// The point with this number from the upper end, and its weight.
  private static func point(_ i: Int, of count: Int) -> (node: Double, weight: Double) {
    if 2 * i + 1 == count { return (0, weight(at: 0, of: count)) }
    let n = Double(count)
    let angle = Double.pi * (Double(4 * i) + 3) / (4 * n + 2)
    var x = (1 - (1 - 1 / n) / (8 * n * n)) * cos(angle)
    for _ in 0..<newtonSteps {
      let (value, slope) = legendre(x, count)
      x -= value / slope
    }
    return (x, weight(at: x, of: count))
  }

  private static func weight(at x: Double, of count: Int) -> Double {
    let slope = legendre(x, count).slope
    return 2 / ((1 - x) * (1 + x) * slope * slope)
  }

  private static func legendre(_ x: Double, _ count: Int) -> (value: Double, slope: Double) {
    var (before, value) = (1.0, x)
    for k in stride(from: 2, through: count, by: 1) {
      let k = Double(k)
      (before, value) = (value, value + (k - 1) / k * (x * value - before) + (x * value - value))
    }
    return (value, Double(count) * (before - x * value) / ((1 - x) * (1 + x)))
  }
}

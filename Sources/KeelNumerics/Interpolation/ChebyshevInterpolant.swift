// Goals in order: accuracy at the level of rounding, derivatives and integrals from the same coefficients, speed.
//
// Sums by C. W. Clenshaw, "A note on the summation of Chebyshev series", MTAC 9 (1955). The nodes are the
// extrema of T_n, which contain both ends.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A polynomial through the values of a function at Chebyshev nodes of an interval.
///
/// For functions that are smooth in the interval the error falls geometrically with the number of nodes.
///
/// ```swift
/// let interval = 0.0...2.0
/// let nodes = try ChebyshevInterpolant.nodes(count: 20, in: interval)
/// let exponential = try ChebyshevInterpolant(values: nodes.map(exp), in: interval)
/// exponential.value(at: 1.3)
/// ```
public struct ChebyshevInterpolant: Hashable, Sendable {
  /// Where the polynomial is meant to be used.
  public let interval: ClosedRange<Double>

  /// The coefficients of T₀, T₁ and so on.
  public let coefficients: [Double]

  /// The nodes of an interval: `center + half · cos(iπ/(count − 1))`, from its upper end to its lower one.
  ///
  /// - Parameters:
  ///   - count: The number of nodes, at least 2.
  ///   - interval: Both ends finite, the lower one below the upper one.
  /// - Returns: The nodes.
  /// - Throws: `NumericsError.countOutOfRange`, `.invalidValue`.
  public static func nodes(
    count: Int,
    in interval: ClosedRange<Double>
  ) throws(NumericsError) -> [Double] {
    guard count >= 2 else {
      throw .countOutOfRange(argument: "count", got: count, allowed: 2...Int.max)
    }
    let (center, half) = try parts(interval)
    return (0..<count).map { i in
      i == 0
        ? interval.upperBound
        : i == count - 1
          ? interval.lowerBound : center + half * cos(Double(i) * .pi / Double(count - 1))
    }
  }

  /// Creates the polynomial through values.
  ///
  /// - Parameters:
  ///   - values: The function at ``nodes(count:in:)``, at least two numbers.
  ///   - interval: Both ends finite, the lower one below the upper one.
  /// - Throws: `NumericsError.countOutOfRange`; `.invalidValue` for an interval or a value that is not finite.
  /// - Complexity: O(n²).
  public init(values: [Double], in interval: ClosedRange<Double>) throws(NumericsError) {
    guard values.count >= 2 else {
      throw .countOutOfRange(argument: "values", got: values.count, allowed: 2...Int.max)
    }
    _ = try Self.parts(interval)
    for value in values where !value.isFinite {
      throw .invalidValue(
        argument: "values", got: value, lowest: -.greatestFiniteMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    self.interval = interval
    let n = values.count - 1
    let cosines = (0..<2 * n).map { cos(Double($0) * .pi / Double(n)) }
    coefficients = (0...n).map { k in
      var sum = (values[0] + (k % 2 == 0 ? values[n] : -values[n])) / 2
      for i in 1..<max(n, 1) { sum += values[i] * cosines[i * k % (2 * n)] }
      return sum * (k == 0 || k == n ? 1 : 2) / Double(n)
    }
  }

  private init(coefficients: [Double], interval: ClosedRange<Double>) {
    self.coefficients = coefficients
    self.interval = interval
  }

  /// The polynomial at a point.
  ///
  /// - Parameter x: The argument; outside the interval the polynomial grows fast.
  /// - Returns: The value; NaN for NaN.
  /// - Complexity: O(n), no allocation.
  public func value(at x: Double) -> Double {
    let z = ((x - interval.lowerBound) - (interval.upperBound - x)) / width
    var (first, second) = (0.0, 0.0)
    for k in stride(from: coefficients.count - 1, to: 0, by: -1) {
      (first, second) = (coefficients[k] + 2 * z * first - second, first)
    }
    return coefficients[0] + z * first - second
  }

  /// The derivative, a polynomial of one degree less.
  public var derivative: ChebyshevInterpolant {
    let n = coefficients.count
    var result = [Double](repeating: 0, count: max(n - 1, 1))
    for k in stride(from: n - 2, through: 0, by: -1) {
      let next = k + 2 < result.count ? result[k + 2] : 0
      result[k] = next + 2 * Double(k + 1) * coefficients[k + 1]
    }
    result[0] /= 2
    return ChebyshevInterpolant(coefficients: result.map { 2 * $0 / width }, interval: interval)
  }

  /// The integral over the interval.
  public var integral: Double {
    var sum = 0.0
    for k in stride(from: 0, to: coefficients.count, by: 2) {
      sum += coefficients[k] / Double(1 - k * k)
    }
    return sum * width
  }

  private var width: Double { interval.upperBound - interval.lowerBound }

  private static func parts(
    _ interval: ClosedRange<Double>
  ) throws(NumericsError) -> (center: Double, half: Double) {
    try Integral.check(interval)
    let half = interval.upperBound / 2 - interval.lowerBound / 2
    guard half > 0, (interval.upperBound - interval.lowerBound).isFinite else {
      throw .invalidValue(
        argument: "interval", got: interval.upperBound, lowest: interval.lowerBound.nextUp,
        highest: .greatestFiniteMagnitude)
    }
    return (interval.lowerBound + half, half)
  }
}

/// A named linear constraint `lower ≤ a'x ≤ upper`.
///
/// Equal bounds make an equation, an infinite bound a one-sided inequality, two finite bounds a
/// range. Coefficients are kept sparse.
public struct LinearRow: Hashable, Sendable {
  /// The name, by which results speak of the row.
  public let name: String

  /// The variables with a coefficient, strictly increasing.
  public let indices: [Int]

  /// The coefficients of these variables.
  public let coefficients: [Double]

  /// The lower bound; −∞ for none.
  public internal(set) var lower: Double

  /// The upper bound; +∞ for none.
  public internal(set) var upper: Double

  /// Creates a row from coefficients for all variables.
  ///
  /// - Parameters:
  ///   - name: The name, different from that of other rows and of variables.
  ///   - coefficients: One coefficient a variable; zeros are dropped.
  ///   - lower: The lower bound; −∞ for none.
  ///   - upper: The upper bound; +∞ for none.
  public init(
    _ name: String,
    coefficients: [Double],
    lower: Double = -.infinity,
    upper: Double = .infinity
  ) {
    self.init(
      name, indices: Array(coefficients.indices), coefficients: coefficients, lower: lower,
      upper: upper)
  }

  /// Creates a row from the coefficients of some variables.
  ///
  /// - Parameters:
  ///   - name: The name, different from that of other rows and of variables.
  ///   - indices: The variables with a coefficient, strictly increasing.
  ///   - coefficients: Their coefficients; zeros are dropped.
  ///   - lower: The lower bound; −∞ for none.
  ///   - upper: The upper bound; +∞ for none.
  public init(
    _ name: String,
    indices: [Int],
    coefficients: [Double],
    lower: Double = -.infinity,
    upper: Double = .infinity
  ) {
    self.name = name
    if indices.count == coefficients.count && coefficients.contains(0) {
      let kept = indices.indices.filter { coefficients[$0] != 0 }
      self.indices = kept.map { indices[$0] }
      self.coefficients = kept.map { coefficients[$0] }
    } else {
      self.indices = indices
      self.coefficients = coefficients
    }
    self.lower = lower
    self.upper = upper
  }

  /// Whether the row is an equation.
  public var isEquality: Bool { lower == upper }

  /// The value a'x.
  ///
  /// - Parameter x: The variables.
  /// - Returns: The sum of coefficient times variable, or NaN when a variable of the row is missing.
  public func value(at x: [Double]) -> Double {
    guard indices.allSatisfy(x.indices.contains) else { return .nan }
    var sum = 0.0
    for (i, a) in zip(indices, coefficients) { sum += a * x[i] }
    return sum
  }

  /// Σ|a||x|, at as many variables as the program has.
  func termSize(at x: [Double]) -> Double {
    var sum = 0.0
    for (i, a) in zip(indices, coefficients) { sum += (a * x[i]).magnitude }
    return sum
  }

  /// The largest magnitude among the coefficients.
  var largestCoefficient: Double { coefficients.reduce(0) { max($0, $1.magnitude) } }
}

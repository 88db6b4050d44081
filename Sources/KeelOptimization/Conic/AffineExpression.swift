/// An affine function of the variables, `f'x + constant`, with sparse coefficients.
public struct AffineExpression: Hashable, Sendable {
  /// The variables with a coefficient, strictly increasing.
  public let indices: [Int]

  /// The coefficients of these variables.
  public internal(set) var coefficients: [Double]

  /// The value where all variables are zero.
  public internal(set) var constant: Double

  /// Creates an expression from coefficients for all variables.
  ///
  /// - Parameters:
  ///   - coefficients: One coefficient a variable; zeros are dropped.
  ///   - constant: The constant.
  public init(coefficients: [Double], constant: Double = 0) {
    self.init(
      indices: Array(coefficients.indices), coefficients: coefficients, constant: constant)
  }

  /// Creates an expression from the coefficients of some variables.
  ///
  /// - Parameters:
  ///   - indices: The variables with a coefficient, strictly increasing.
  ///   - coefficients: Their coefficients; zeros are dropped.
  ///   - constant: The constant.
  public init(indices: [Int], coefficients: [Double], constant: Double = 0) {
    if indices.count == coefficients.count && coefficients.contains(0) {
      let kept = indices.indices.filter { coefficients[$0] != 0 }
      self.indices = kept.map { indices[$0] }
      self.coefficients = kept.map { coefficients[$0] }
    } else {
      self.indices = indices
      self.coefficients = coefficients
    }
    self.constant = constant
  }

  /// Creates the expression of one variable.
  ///
  /// - Parameters:
  ///   - index: The variable.
  ///   - coefficient: Its coefficient.
  ///   - constant: The constant.
  public init(variable index: Int, coefficient: Double = 1, constant: Double = 0) {
    self.init(indices: [index], coefficients: [coefficient], constant: constant)
  }

  /// Creates a constant.
  ///
  /// - Parameter constant: The value, whatever the variables.
  public init(constant: Double) { self.init(indices: [], coefficients: [], constant: constant) }

  /// The value f'x + constant.
  ///
  /// - Parameter x: The variables.
  /// - Returns: The value, or NaN when a variable of the expression is missing.
  public func value(at x: [Double]) -> Double {
    guard indices.allSatisfy(x.indices.contains) else { return .nan }
    return linearValue(x) + constant
  }

  /// The value without the constant, at as many variables as the program has.
  func linearValue(_ x: [Double]) -> Double {
    var sum = 0.0
    for p in indices.indices { sum += coefficients[p] * x[indices[p]] }
    return sum
  }

  /// Σ|f||x|, the size of the terms that depend on the variables.
  func termSize(_ x: [Double]) -> Double {
    var sum = 0.0
    for p in indices.indices { sum += (coefficients[p] * x[indices[p]]).magnitude }
    return sum
  }

  /// The expression with the opposite sign.
  public static prefix func - (expression: AffineExpression) -> AffineExpression {
    AffineExpression(
      indices: expression.indices, coefficients: expression.coefficients.map { -$0 },
      constant: -expression.constant)
  }
}

/// A dual number: a value with its derivative in one direction, carried through every operation.
///
/// `a + b ε` with `ε² = 0`: the coefficient of ε in f(x + ε) is f′(x), exact to rounding and without a step
/// size. Nested, `Dual<Dual<Double>>` carries second and mixed derivatives, and so on.
///
/// ```swift
/// let x = Dual<Double>(variable: 3)
/// let square = x * x  // square.value == 9, square.derivative == 6
/// ```
///
/// Source: A. Griewank and A. Walther, "Evaluating Derivatives", 2nd edition, SIAM 2008, chapter 3.
@frozen
public struct Dual<Base: AnalyticScalar>: AnalyticScalar, Hashable where Base: Hashable {
  /// The value.
  public var value: Base

  /// The derivative.
  public var derivative: Base

  /// Creates a dual number.
  ///
  /// - Parameters:
  ///   - value: The value.
  ///   - derivative: The derivative.
  @inlinable public init(_ value: Base, derivative: Base) {
    self.value = value
    self.derivative = derivative
  }

  /// A constant: its derivative is zero.
  ///
  /// - Parameter constant: The value.
  @inlinable public init(_ constant: Double) {
    self.init(Base(constant), derivative: Base(0))
  }

  /// The variable of the differentiation: its derivative is one.
  ///
  /// - Parameter variable: The point at which derivatives are taken.
  @inlinable public init(variable: Base) {
    self.init(variable, derivative: Base(1))
  }

  /// The value without any derivative.
  @inlinable public var primal: Double { value.primal }

  /// The sum.
  @inlinable public static func + (left: Self, right: Self) -> Self {
    Self(left.value + right.value, derivative: left.derivative + right.derivative)
  }

  /// The difference.
  @inlinable public static func - (left: Self, right: Self) -> Self {
    Self(left.value - right.value, derivative: left.derivative - right.derivative)
  }

  /// The product.
  @inlinable public static func * (left: Self, right: Self) -> Self {
    Self(
      left.value * right.value,
      derivative: left.derivative * right.value + left.value * right.derivative)
  }

  /// The quotient.
  @inlinable public static func / (left: Self, right: Self) -> Self {
    let quotient = left.value / right.value
    return Self(
      quotient, derivative: (left.derivative - quotient * right.derivative) / right.value)
  }

  /// `exp(self)`.
  @inlinable public var exponential: Self {
    let power = value.exponential
    return Self(power, derivative: power * derivative)
  }

  /// The natural logarithm.
  @inlinable public var logarithm: Self { Self(value.logarithm, derivative: derivative / value) }

  /// The square root.
  @inlinable public var root: Self {
    let root = value.root
    return Self(root, derivative: derivative / (2 * root))
  }

  /// The sine.
  @inlinable public var sine: Self { Self(value.sine, derivative: value.cosine * derivative) }

  /// The cosine.
  @inlinable public var cosine: Self {
    Self(value.cosine, derivative: -(value.sine * derivative))
  }

  /// The standard normal distribution function.
  @inlinable public var normalCDF: Self {
    Self(value.normalCDF, derivative: value.normalPDF * derivative)
  }
}

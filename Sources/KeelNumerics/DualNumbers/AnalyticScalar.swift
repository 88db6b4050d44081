#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A number with the operations that price formulas use: a double, or a dual number over one.
///
/// A formula written once over this protocol gives its value for `Double` and, exactly to rounding, its
/// derivatives for ``Dual``.
public protocol AnalyticScalar: Sendable, Equatable {
  /// A constant.
  init(_ constant: Double)

  /// The value without derivatives, by which formulas choose their branch.
  var primal: Double { get }

  /// The sum.
  static func + (left: Self, right: Self) -> Self
  /// The difference.
  static func - (left: Self, right: Self) -> Self
  /// The product.
  static func * (left: Self, right: Self) -> Self
  /// The quotient.
  static func / (left: Self, right: Self) -> Self

  /// `exp(self)`.
  var exponential: Self { get }
  /// The natural logarithm.
  var logarithm: Self { get }
  /// The square root.
  var root: Self { get }
  /// The sine.
  var sine: Self { get }
  /// The cosine.
  var cosine: Self { get }
  /// The standard normal distribution function.
  var normalCDF: Self { get }
}

extension AnalyticScalar {
  /// The negative.
  @inlinable public static prefix func - (value: Self) -> Self { Self(0) - value }
  /// The sum with a constant.
  @inlinable public static func + (left: Self, right: Double) -> Self { left + Self(right) }
  /// The difference from a constant.
  @inlinable public static func - (left: Self, right: Double) -> Self { left - Self(right) }
  /// The product with a constant.
  @inlinable public static func * (left: Double, right: Self) -> Self { Self(left) * right }
  /// The quotient by a constant.
  @inlinable public static func / (left: Self, right: Double) -> Self { left / Self(right) }

  /// The standard normal density.
  @inlinable public var normalPDF: Self {
    let inverseRootTwoPi = 0.398_942_280_401_432_7
    return inverseRootTwoPi * (-0.5 * (self * self)).exponential
  }
}

extension Double: AnalyticScalar {
  /// The number itself.
  @inlinable public var primal: Double { self }
  /// `exp(self)`.
  public var exponential: Double { exp(self) }
  /// The natural logarithm.
  public var logarithm: Double { log(self) }
  /// The square root.
  @inlinable public var root: Double { squareRoot() }
  /// The sine.
  public var sine: Double { sin(self) }
  /// The cosine.
  public var cosine: Double { cos(self) }
  /// The standard normal distribution function.
  public var normalCDF: Double { StandardNormal.cdf(self) }
}

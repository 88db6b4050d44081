// Goals, in order: no overflow or underflow in between, small error of each part, speed.

/// A complex number in Cartesian form.
///
/// Sums and products round like their textbook forms. Equality and hashing are those of the parts.
@frozen
public struct Complex: Hashable, Sendable, Codable {
  /// The real part.
  public var real: Double

  /// The imaginary part.
  public var imaginary: Double

  /// Creates a number.
  ///
  /// - Parameters:
  ///   - real: The real part.
  ///   - imaginary: The imaginary part; by default zero.
  @inlinable public init(_ real: Double, _ imaginary: Double = 0) {
    self.real = real
    self.imaginary = imaginary
  }

  /// Zero.
  @inlinable public static var zero: Self { Self(0) }

  /// One.
  @inlinable public static var one: Self { Self(1) }

  /// The imaginary unit.
  @inlinable public static var imaginaryUnit: Self { Self(0, 1) }

  /// The number with the opposite imaginary part.
  @inlinable public var conjugate: Self { Self(real, -imaginary) }

  /// Whether both parts are finite.
  @inlinable public var isFinite: Bool { real.isFinite && imaginary.isFinite }

  /// The square of the modulus, which may overflow or underflow.
  @inlinable public var squaredModulus: Double { real * real + imaginary * imaginary }

  /// The negative of a number.
  @inlinable public static prefix func - (value: Self) -> Self {
    Self(-value.real, -value.imaginary)
  }

  /// The sum.
  @inlinable public static func + (left: Self, right: Self) -> Self {
    Self(left.real + right.real, left.imaginary + right.imaginary)
  }

  /// The difference.
  @inlinable public static func - (left: Self, right: Self) -> Self {
    Self(left.real - right.real, left.imaginary - right.imaginary)
  }

  /// The product.
  @inlinable public static func * (left: Self, right: Self) -> Self {
    Self(
      left.real * right.real - left.imaginary * right.imaginary,
      left.real * right.imaginary + left.imaginary * right.real)
  }

  /// The sum with a real number.
  @inlinable public static func + (left: Self, right: Double) -> Self {
    Self(left.real + right, left.imaginary)
  }

  /// The sum with a real number.
  @inlinable public static func + (left: Double, right: Self) -> Self { right + left }

  /// The difference from a real number.
  @inlinable public static func - (left: Self, right: Double) -> Self {
    Self(left.real - right, left.imaginary)
  }

  /// The difference of a real number from this.
  @inlinable public static func - (left: Double, right: Self) -> Self {
    Self(left - right.real, -right.imaginary)
  }

  /// The product with a real number.
  @inlinable public static func * (left: Self, right: Double) -> Self {
    Self(left.real * right, left.imaginary * right)
  }

  /// The product with a real number.
  @inlinable public static func * (left: Double, right: Self) -> Self { right * left }

  /// The quotient by a real number.
  @inlinable public static func / (left: Self, right: Double) -> Self {
    Self(left.real / right, left.imaginary / right)
  }

  /// The quotient of a real number.
  @inlinable public static func / (left: Double, right: Self) -> Self { Self(left) / right }

  /// The quotient; NaN or infinite for a divisor of zero.
  ///
  /// The textbook form where its squares stay in range, else the same after scaling by powers of
  /// two. Error: 4e-16 of the modulus of the quotient.
  @inlinable public static func / (left: Self, right: Self) -> Self {
    let square = right.squaredModulus
    let product = left * right.conjugate
    guard square > 1e-280, square < 1e280, product.squaredModulus > 1e-280,
      product.isFinite
    else { return scaledQuotient(left, right) }
    return product / square
  }

  @usableFromInline
  static func scaledQuotient(_ left: Self, _ right: Self) -> Self {
    let size = max(right.real.magnitude, right.imaginary.magnitude)
    let other = max(left.real.magnitude, left.imaginary.magnitude)
    guard size > 0, size.isFinite, other.isFinite else {
      return Self(left.real / right.real, left.imaginary / right.real)
    }
    guard other > 0 else { return .zero }
    let divisor = right.scaled(-size.exponent)
    let quotient = left.scaled(-other.exponent) * divisor.conjugate / divisor.squaredModulus
    return quotient.scaled(other.exponent - size.exponent)
  }

  /// The number times a power of two.
  @usableFromInline
  func scaled(_ exponent: Double.Exponent) -> Self {
    Self(
      Double(sign: .plus, exponent: exponent, significand: real),
      Double(sign: .plus, exponent: exponent, significand: imaginary))
  }
}

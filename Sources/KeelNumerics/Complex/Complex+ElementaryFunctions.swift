// Goals, in order: the right branch, small error relative to the modulus, no overflow in between.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Complex {
  /// The modulus, without overflow in between.
  public var modulus: Double { hypot(real, imaginary) }

  /// The angle to the positive real axis, from −π to π.
  public var argument: Double { atan2(imaginary, real) }

  /// `exp(self)`; relative error 4e-16.
  public var exponential: Complex {
    let size = exp(real)
    return Complex(size * cos(imaginary), size * sin(imaginary))
  }

  /// The principal logarithm, cut along the negative real axis.
  ///
  /// The real part is exact to 4e-16 of the modulus near the unit circle too. At zero it is −∞.
  public var logarithm: Complex {
    let larger = max(real.magnitude, imaginary.magnitude)
    let smaller = min(real.magnitude, imaginary.magnitude)
    if larger > 0.5, larger < 2 {
      // ln |z| = log1p(|z|² − 1) / 2, whose difference is a product.
      return Complex(
        log1p((larger - 1) * (larger + 1) + smaller * smaller) / 2, argument)
    }
    return Complex(log(modulus), argument)
  }

  /// The square root with a real part that is not negative; relative error 4e-16.
  public var squareRoot: Complex {
    let square = squaredModulus
    if square > 1e-280, square < 1e280 { return root(modulus: square.squareRoot()) }
    let larger = max(real.magnitude, imaginary.magnitude)
    guard larger > 0, larger.isFinite else {
      return larger == 0 ? .zero : Complex(.nan, .nan)
    }
    let half = larger.exponent / 2
    let reduced = scaled(-2 * half)
    return reduced.root(modulus: reduced.modulus).scaled(half)
  }

  private func root(modulus: Double) -> Complex {
    let larger = ((modulus + real.magnitude) / 2).squareRoot()
    let smaller = imaginary.magnitude / (2 * larger)
    let (x, y) = real >= 0 ? (larger, smaller) : (smaller, larger)
    return Complex(x, imaginary.sign == .minus ? -y : y)
  }

  /// `exp(self) − 1` without cancellation at zero; error 4e-16 of the larger of its terms.
  public var exponentialMinusOne: Complex {
    guard !(real < Self.leastExponent) else { return Complex(-1, 0 * imaginary) }
    let grown = expm1(real)
    let (s, c) = (sin(imaginary / 2), cos(imaginary / 2))
    // cos y = 1 − 2 s²; sin y = 2 s c.
    return Complex(grown - 2 * s * s * (grown + 1), 2 * (s * c) * (grown + 1))
  }

  /// Below this the exponential is less than the rounding of one.
  private static let leastExponent = -40.0

  /// The principal logarithm of `1 + self`, without cancellation at zero.
  public var logarithmOnePlus: Complex {
    let shifted = 1 + real
    if squaredModulus < 0.25 {
      return Complex(
        log1p(real * (2 + real) + imaginary * imaginary) / 2, atan2(imaginary, shifted))
    }
    return Complex(shifted, imaginary).logarithm
  }
}

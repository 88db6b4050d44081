// Goals in order: no cancellation at any index or argument, speed.
//
// With ε = α − 1 and L = ln(1 − w) the exponent is ((1 − w) expm1(εL)/ε + w)/α, and also
// −(expm1(αL)/α + w)/(1 − α): the first is continuous through 1, the second toward 0.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The exponent of one side of a tempered stable law: mean 0, tempering 1 and variance 1.
///
/// ```text
/// ψ(w) = ((1 − w)^α − 1 + αw)/(α(α − 1)) = w²/2 + (2 − α) w³/6 + …
/// ```
struct TemperedExponent: Hashable, Sendable {
  /// α.
  let index: Double
  private let excess: Double
  /// Of w², w³, …: Γ(n − α)/(Γ(2 − α) n!).
  private let coefficients: [Double]
  /// Their derivatives in the index.
  private let coefficientSlopes: [Double]

  /// (1/4)^27 is below the last digit.
  private static let termCount = 28
  private static let smallSquare = 0.0625

  init(index: Double) {
    self.index = index
    excess = index - 1
    var terms = [0.5]
    var (slopes, reciprocals) = ([0.0], 0.0)
    for n in 3..<(Self.termCount + 2) {
      terms.append(terms[n - 3] * (Double(n - 1) - index) / Double(n))
      reciprocals += 1 / (Double(n - 1) - index)
      slopes.append(-terms[n - 2] * reciprocals)
    }
    coefficients = terms
    coefficientSlopes = slopes
  }

  /// ψ and ψ' at w, of which `rest` = 1 − w is known with its own digits.
  func values(_ w: Complex, rest: Complex) -> (value: Complex, slope: Complex) {
    if w.squaredModulus < Self.smallSquare { return series(w) }
    let logarithm = Complex(
      0.5 * log(rest.squaredModulus), atan2(rest.imaginary, rest.real))
    if index < 0.5 {
      let power = Self.lessOne(index * logarithm)
      let ratio = (1 + power) / rest - 1
      return ((power * (1 / index) + w) * (-1 / (1 - index)), ratio * (-1 / excess))
    }
    let ratio = excess == 0 ? logarithm : Self.lessOne(excess * logarithm) * (1 / excess)
    return ((rest * ratio + w) * (1 / index), -ratio)
  }

  /// ψ at a real w < 1.
  func value(_ w: Double, rest: Double) -> Double {
    values(Complex(w), rest: Complex(rest)).value.real
  }

  /// ψ' at w = 1 − exp(−q).
  func slope(q: Double) -> Double { excess == 0 ? q : -expm1(-excess * q) / excess }

  /// exp(z) − 1, with a relatively accurate imaginary part.
  private static func lessOne(_ z: Complex) -> Complex {
    let less = expm1(z.real)
    let half = sin(0.5 * z.imaginary)
    let twice = 2 * half * half
    return Complex(less * (1 - twice) - twice, (1 + less) * sin(z.imaginary))
  }

  private func series(_ w: Complex) -> (value: Complex, slope: Complex) {
    var sum = Complex.zero
    var change = Complex.zero
    let span = coefficients.span
    for n in (0..<span.count).reversed() {
      change = change * w + sum
      sum = sum * w + span[n]
    }
    let square = w * w
    return (square * sum, 2 * (w * sum) + square * change)
  }

  // MARK: The slope in the index

  /// ∂ψ/∂α at w, of which ψ is `value`.
  func indexSlope(_ w: Complex, rest: Complex, value: Complex) -> Complex {
    if w.squaredModulus < Self.smallSquare { return indexSlopeSeries(w) }
    let logarithm = Complex(
      0.5 * log(rest.squaredModulus), atan2(rest.imaginary, rest.real))
    let slope = logarithm * logarithm * Self.ratioSlope(excess * logarithm)
    return (rest * slope - value) * (1 / index)
  }

  /// The derivative of (exp(y) − 1)/y.
  private static func ratioSlope(_ y: Complex) -> Complex {
    guard y.squaredModulus < ratioSquare else {
      let less = lessOne(y)
      return (1 + less - less / y) / y
    }
    var sum = Complex.zero
    for n in (0..<ratioTermCount).reversed() {
      // (n + 1)/(n + 2)! yⁿ, by the quotients of its terms.
      let factor = Double(n + 2) / (Double(n + 1) * Double(n + 3))
      sum = 1 + factor * (y * sum)
    }
    return 0.5 * sum
  }

  private static let ratioSquare = 0.25
  private static let ratioTermCount = 14

  private func indexSlopeSeries(_ w: Complex) -> Complex {
    var sum = Complex.zero
    for n in (0..<coefficients.count).reversed() {
      sum = sum * w + coefficientSlopes[n]
    }
    return w * w * sum
  }
}

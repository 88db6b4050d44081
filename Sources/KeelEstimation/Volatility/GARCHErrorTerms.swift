// What the kernels need of the log-density of a standardized error for its first and second derivatives
// in the error and in the shape (ν, λ).
//
// On each side of the break the argument is w = A + B z of a standardized Student's t with
//   g = N + K,  K = −½ (ν+1) ln(1 + w²/(ν−2));
// A, B and N depend on the shape alone, and their derivatives are computed once an evaluation. The
// normal law has K = −½ w². Formulas by the chain rule.

import KeelDistributions

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A function of ν and λ with its derivatives up to the second.
struct ShapeJet {
  var value: Double
  var nu = 0.0
  var lambda = 0.0
  var nuNu = 0.0
  var nuLambda = 0.0
  var lambdaLambda = 0.0

  static func + (a: ShapeJet, b: ShapeJet) -> ShapeJet {
    ShapeJet(
      value: a.value + b.value, nu: a.nu + b.nu, lambda: a.lambda + b.lambda,
      nuNu: a.nuNu + b.nuNu, nuLambda: a.nuLambda + b.nuLambda,
      lambdaLambda: a.lambdaLambda + b.lambdaLambda)
  }

  static func * (a: ShapeJet, b: ShapeJet) -> ShapeJet {
    ShapeJet(
      value: a.value * b.value,
      nu: a.nu * b.value + a.value * b.nu,
      lambda: a.lambda * b.value + a.value * b.lambda,
      nuNu: a.nuNu * b.value + 2 * a.nu * b.nu + a.value * b.nuNu,
      nuLambda: a.nuLambda * b.value + a.nu * b.lambda + a.lambda * b.nu + a.value * b.nuLambda,
      lambdaLambda: a.lambdaLambda * b.value + 2 * a.lambda * b.lambda
        + a.value * b.lambdaLambda)
  }

  /// f of this, from the value and two derivatives of f.
  func mapped(_ f: Double, _ first: Double, _ second: Double) -> ShapeJet {
    ShapeJet(
      value: f, nu: first * nu, lambda: first * lambda,
      nuNu: first * nuNu + second * nu * nu,
      nuLambda: first * nuLambda + second * nu * lambda,
      lambdaLambda: first * lambdaLambda + second * lambda * lambda)
  }

  var exponential: ShapeJet {
    let f = exp(value)
    return mapped(f, f, f)
  }

  var logarithm: ShapeJet { mapped(log(value), 1 / value, -1 / (value * value)) }

  var inverse: ShapeJet {
    let f = 1 / value
    return mapped(f, -f * f, 2 * f * f * f)
  }

  var squareRoot: ShapeJet {
    let f = value.squareRoot()
    return mapped(f, 0.5 / f, -0.25 / (f * value))
  }
}

/// The constants of the log-density of one law.
struct GARCHErrorTerms {
  private struct Side {
    var shift = ShapeJet(value: 0)
    var slope = ShapeJet(value: 1)
  }

  private let kind: Double
  private let nu: Double
  private var normalizer: ShapeJet
  private var lower = Side()
  private var upper = Side()

  /// The list that the kernels take: the kind, ν, the constant and the two sides.
  var list: [Double] {
    [normalizer, lower.shift, lower.slope, upper.shift, upper.slope].reduce(into: [kind, nu]) {
      $0 += [$1.value, $1.nu, $1.lambda, $1.nuNu, $1.nuLambda, $1.lambdaLambda]
    }
  }

  init(_ errors: GARCH.Errors, degreesOfFreedom nu: Double, asymmetry lambda: Double) {
    self.nu = nu
    kind = errors == .normal ? 0 : errors == .studentT ? 1 : 2
    guard errors != .normal else {
      normalizer = ShapeJet(value: -0.918_938_533_204_672_74)
      return
    }
    let plain = StudentTNormalizer(degreesOfFreedom: nu)
    let slopes = plain.derivatives
    let rest = nu - 2
    // c with the variance one: the plain density at zero times √(ν/(ν−2)).
    normalizer = ShapeJet(
      value: plain.value + 0.5 * log(nu / rest), nu: slopes.first - 1 / (nu * rest),
      nuNu: slopes.second + (1 / (nu * rest)) * (1 / nu + 1 / rest))
    guard errors == .hansenSkewedT else { return }
    let asymmetry = ShapeJet(value: lambda, lambda: 1)
    let one = ShapeJet(value: 1)
    let ratio = ShapeJet(
      value: rest / (nu - 1), nu: 1 / ((nu - 1) * (nu - 1)),
      nuNu: -2 / ((nu - 1) * (nu - 1) * (nu - 1)))
    let a = ShapeJet(value: 4) * asymmetry * normalizer.exponential * ratio
    let minus = ShapeJet(value: -1)
    let b = (one + ShapeJet(value: 3) * asymmetry * asymmetry + minus * a * a).squareRoot
    normalizer = normalizer + b.logarithm
    let below = (one + minus * asymmetry).inverse
    let above = (one + asymmetry).inverse
    lower = Side(shift: a * below, slope: b * below)
    upper = Side(shift: a * above, slope: b * above)
  }
}

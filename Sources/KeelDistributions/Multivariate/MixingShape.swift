// With the whitened point y = L⁻¹(x − μ) and drift v = L⁻¹γ, Q = |y|², g = |v|², h = y'v, A = χ + Q, B = ψ + g, p = λ − d/2:
//   ln f = −d/2 ln 2π − ½ ln|Σ| + ln 2 + p/2 ln(A/B) + ln k(p, √(AB)) + (h − √(AB) + ω) − ln c,   k = exp(x) K(x),
// and c the scaled normalizer of the mixing law. The exponent is −(AB − (h + ω)²)/(√(AB) + h + ω), and
//   AB − (h + ω)² = |√ψ y − √χ v|² + (Q g − h²),
// so that nothing cancels. A. McNeil, R. Frey, P. Embrechts, "Quantitative Risk Management" (2015), section 6.2.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The mixing law of a normal mean-variance mixture: `w^(λ−1) exp(−(χ/w + ψw)/2)` up to its constant.
struct MixingShape: Hashable, Sendable {
  let order: Double
  let chi: Double
  let psi: Double
  /// √(χψ).
  let concentration: Double
  /// ln of the law's integral, plus √(χψ).
  private let logNormalizer: Double

  /// Generalized inverse Gaussian with the mean one.
  init(order: Double, concentration: Double) {
    let logBessel = SpecialFunctions.logScaledBesselK(concentration, order: order)
    let logMean =
      order == -0.5
      ? 0 : SpecialFunctions.logScaledBesselK(concentration, order: order + 1) - logBessel
    self.order = order
    self.concentration = concentration
    chi = concentration * exp(-logMean)
    psi = concentration * exp(logMean)
    logNormalizer = logOfTwo - order * logMean + logBessel
  }

  /// ν/χ²(ν).
  init(degreesOfFreedom: Double) {
    let half = degreesOfFreedom / 2
    order = -half
    chi = degreesOfFreedom
    psi = 0
    concentration = 0
    logNormalizer = SpecialFunctions.logGamma(half) - half * log(half)
  }

  /// What a density needs of a point.
  struct Point {
    /// |y|².
    var square: Double
    /// y'v.
    var product: Double
    /// |√ψ y − √χ v|².
    var gap: Double
    /// |y|² |v|² − (y'v)².
    var determinant: Double
    /// Of a far point, what y, and with it all of the above, is in units of.
    var unit: FarUnit?
  }

  /// A length beyond the roots of large numbers, as a product that may overflow.
  struct FarUnit {
    var size: Double
    var power: Double

    var value: Double { size * power }
    var logarithm: Double { log(size) + log(power) }

    func multiply(_ x: Double) -> Double { x * size * power }
  }

  /// ln f + d/2 ln 2π + ½ ln|Σ| of a point of a given number of dimensions.
  func logDensity(_ point: Point, driftSquare: Double, dimensionCount: Int) -> Double {
    if let unit = point.unit {
      return logDensity(point, unit, driftSquare: driftSquare, dimensionCount: dimensionCount)
    }
    let p = order - Double(dimensionCount) / 2
    let (a, b) = (chi + point.square, psi + driftSquare)
    let root = a.squareRoot() * b.squareRoot()
    if root < Self.negligibleArgument {
      return SpecialFunctions.logGamma(-p) + p * log(a / 2) - logNormalizer
    }
    let sum = point.product + concentration
    let exponent =
      sum > 0 ? -(point.gap + point.determinant) / (root + sum) : sum - root
    return logOfTwo + 0.5 * p * log(a / b) + SpecialFunctions.logScaledBesselK(root, order: p)
      + exponent - logNormalizer
  }

  /// The same with A and |y| in units of a length u: what is left of the exponent is u times a number.
  private func logDensity(
    _ point: Point,
    _ unit: FarUnit,
    driftSquare: Double,
    dimensionCount: Int
  ) -> Double {
    let p = order - Double(dimensionCount) / 2
    let inverse = 1 / unit.value
    let (a, b) = (chi * inverse * inverse + point.square, psi + driftSquare)
    let part = a.squareRoot() * b.squareRoot()
    let root = unit.multiply(part)
    let logA = log(a) + 2 * unit.logarithm
    if root < Self.negligibleArgument {
      return SpecialFunctions.logGamma(-p) + p * (logA - logOfTwo) - logNormalizer
    }
    let sum = point.product + concentration * inverse
    let exponent = sum > 0 ? -(point.gap + point.determinant) / (part + sum) : sum - part
    // Of a large argument the first term, ½ ln(π/(2x)), is all.
    let logBessel =
      root < Self.largeArgument
      ? SpecialFunctions.logScaledBesselK(root, order: p)
      : halfLogTwoPi - logOfTwo - 0.25 * (logA + log(b))
    return logOfTwo + 0.5 * p * (logA - log(b)) + logBessel + unit.multiply(exponent)
      - logNormalizer
  }

  /// From it the second term of the Bessel function, (4p² − 1)/(8x), is below the last digit for orders below 10⁶.
  private static let largeArgument = 1e30

  /// Below it the law has no drift, to the last digit.
  static let negligibleArgument = 1e-16

  // MARK: Given a point

  /// What is expected of the mixing number given a point.
  struct Posterior {
    /// E[W].
    var mean = 0.0
    /// E[1/W].
    var inverseMean = 0.0
    /// E[ln W].
    var logMean = 0.0
  }

  /// The moments of the mixing number given a point: generalized inverse Gaussian of order p with A and B.
  func posterior(_ point: Point, driftSquare: Double, dimensionCount: Int) -> Posterior {
    let p = order - Double(dimensionCount) / 2
    let (a, b) = (chi + point.square, psi + driftSquare)
    let root = a.squareRoot() * b.squareRoot()
    if root < Self.negligibleArgument {
      return Posterior(
        mean: -p > 1 ? 0.5 * a / (-p - 1) : .infinity, inverseMean: -2 * p / a,
        logMean: log(0.5 * a) - SpecialFunctions.digamma(-p))
    }
    let here = SpecialFunctions.logScaledBesselK(root, order: p)
    // K(p+1) − K(p−1) = 2p/x K(p): the smaller ratio first, the other is a sum.
    let smaller = exp(
      SpecialFunctions.logScaledBesselK(root, order: p.magnitude - 1) - here)
    let larger = smaller + 2 * p.magnitude / root
    let scale = (a / b).squareRoot()
    return Posterior(
      mean: scale * (p < 0 ? smaller : larger), inverseMean: (p < 0 ? larger : smaller) / scale,
      logMean: log(scale) + Self.logBesselSlope(root, order: p))
  }

  /// The derivative of ln K by its order, from a central difference; within some 1e-9.
  static func logBesselSlope(_ x: Double, order: Double) -> Double {
    (SpecialFunctions.logScaledBesselK(x, order: order + slopeStep)
      - SpecialFunctions.logScaledBesselK(x, order: order - slopeStep)) / (2 * slopeStep)
  }

  /// Where the third derivative and the rounding of the difference weigh alike.
  private static let slopeStep = 1e-4
}

// Goals in order: relative accuracy in both tails, no trap on any argument, speed.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The law of Laplace, with exponential tails on both sides.
///
/// ```text
/// f(x) = exp(−|z|) / (2b),   z = (x − μ)/b
/// ```
///
/// The scale is not the standard deviation: that is `b √2`. Log-density and log-survival agree with
/// 50-digit references within `1e-14 · max(1, |value|)`.
public struct Laplace: LocationScaleLaw {
  /// The location: the center of symmetry.
  public let location: Double

  /// The scale: the mean absolute deviation.
  public let scale: Double

  var center: Double { location }
  var unit: Double { scale }
  var standard: StandardAsymmetricLaplace { StandardAsymmetricLaplace(asymmetry: 1) }

  /// Creates a law of Laplace.
  ///
  /// - Parameters:
  ///   - location: The center of symmetry, finite.
  ///   - scale: The mean absolute deviation, positive and finite.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(location: Double, scale: Double) throws(DistributionsError) {
    try requireFinite(location, "location")
    try requirePositive(scale, "scale")
    self.location = location
    self.scale = scale
  }
}

/// The asymmetric law of Laplace, with exponential tails of different scales.
///
/// ```text
/// f(x) = exp(−κ z) / (σ (κ + 1/κ)) for z ≥ 0,  exp(z/κ) / (σ (κ + 1/κ)) below,   z = (x − μ)/σ
/// ```
///
/// The upper tail has the scale `σ/κ` and the probability `1/(1 + κ²)`, the lower one `σκ`: an
/// asymmetry above 1 makes the lower tail the heavier one. Source: S. Kotz, T. Kozubowski and K.
/// Podgórski, The Laplace Distribution and Generalizations (2001), section 3.1. Log-density and
/// log-survival agree with 50-digit references within `1e-14 · max(1, |value|)`.
public struct AsymmetricLaplace: LocationScaleLaw {
  /// The location: the mode.
  public let location: Double

  /// The scale σ: the geometric mean of the scales of both tails.
  public let scale: Double

  /// The asymmetry κ: 1 for the symmetric law.
  public var asymmetry: Double { standard.asymmetry }

  let standard: StandardAsymmetricLaplace
  var center: Double { location }
  var unit: Double { scale }

  /// The allowed asymmetry.
  public static let allowedAsymmetry = 1e-6...1e6

  /// Creates an asymmetric law of Laplace.
  ///
  /// - Parameters:
  ///   - location: The mode, finite.
  ///   - scale: The scale, positive and finite.
  ///   - asymmetry: The asymmetry κ, in ``allowedAsymmetry``.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(location: Double, scale: Double, asymmetry: Double) throws(DistributionsError) {
    try requireFinite(location, "location")
    try requirePositive(scale, "scale")
    try requireInside(asymmetry, Self.allowedAsymmetry, "asymmetry")
    self.location = location
    self.scale = scale
    standard = StandardAsymmetricLaplace(asymmetry: asymmetry)
  }
}

/// The asymmetric law of Laplace with location 0 and scale 1.
struct StandardAsymmetricLaplace: StandardLaw {
  let asymmetry: Double

  /// κ², in which every formula is written.
  private var square: Double { asymmetry * asymmetry }
  private var lowerMass: Double { square / (1 + square) }
  private var upperMass: Double { 1 / (1 + square) }

  var mean: Double { (1 - square) / asymmetry }
  var variance: Double { square + 1 / square }

  var skewness: Double {
    // In terms of the smaller of κ and 1/κ, of which no power overflows.
    let small = min(asymmetry, 1 / asymmetry)
    let (s2, s4) = (small * small, small * small * small * small)
    let value = 2 * (1 - s4 * s2) / ((1 + s4) * (1 + s4).squareRoot())
    return asymmetry <= 1 ? value : -value
  }

  var excessKurtosis: Double {
    let small = min(asymmetry, 1 / asymmetry)
    let s4 = small * small * small * small
    return 6 * (1 + s4 * s4) / ((1 + s4) * (1 + s4))
  }

  func logDensity(_ z: Double) -> Double {
    log(asymmetry / (1 + square)) - (z < 0 ? -z / asymmetry : z * asymmetry)
  }

  func logTails(_ z: Double) -> LogTails {
    z < 0
      ? LogTails(lower: log(lowerMass) + z / asymmetry)
      : LogTails(upper: log(upperMass) - z * asymmetry)
  }

  func lowerPoint(_ probability: Double) -> Double {
    probability < lowerMass
      ? asymmetry * log(probability / lowerMass)
      : Self.depth(probability, lowerMass, upperMass) / asymmetry
  }

  func upperPoint(_ probability: Double) -> Double {
    probability < upperMass
      ? -log(probability / upperMass) / asymmetry
      : -asymmetry * Self.depth(probability, upperMass, lowerMass)
  }

  /// How far a tail's point is beyond the mode when its probability is above the mass of its side, in
  /// the scale of the other side.
  private static func depth(_ probability: Double, _ near: Double, _ far: Double) -> Double {
    // The difference from 1 or the one from the mass, whichever has the digits.
    probability < 0.5 ? -log1p(-(probability - near) / far) : -log((1 - probability) / far)
  }

  /// The mean of such a tail, outwards from the mode: that of its side less ∫ x f(x) dx beyond the mode.
  private static func outwardMean(
    _ probability: Double,
    _ near: (mass: Double, scale: Double),
    _ far: (mass: Double, scale: Double)
  ) -> Double {
    let share = SpecialFunctions.regularizedGammaP(2, depth(probability, near.mass, far.mass))
    return (near.mass * near.scale - far.mass * far.scale * share) / probability
  }

  func lowerMean(_ probability: Double) -> Double {
    // An exponential tail: its mean is its scale beyond its start.
    probability <= lowerMass
      ? lowerPoint(probability) - asymmetry
      : -Self.outwardMean(probability, (lowerMass, asymmetry), (upperMass, 1 / asymmetry))
  }

  func upperMean(_ probability: Double) -> Double {
    probability <= upperMass
      ? upperPoint(probability) + 1 / asymmetry
      : Self.outwardMean(probability, (upperMass, 1 / asymmetry), (lowerMass, asymmetry))
  }
}

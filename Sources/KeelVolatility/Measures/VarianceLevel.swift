public import KeelDerivatives
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Goals in order: an honest error, steep wings, few readings.
//
// With z = d₂ as the variable the strip of options that replicates the log contract is the mean of the total variance
// under a normal law, w(k(z)). That has no prices, and so no strikes beyond the range of numbers.

/// The fair variance of one expiry: what a variance swap pays.
public struct VarianceLevel: Hashable, Sendable, Codable {
  /// The time to expiry in years.
  public let timeToExpiry: Double

  /// The variance per year.
  public let variance: Double

  /// An estimate of the error of the variance; zero where it is not known.
  public let errorEstimate: Double

  /// The quoted strike of the swap: the root of the variance.
  public var volatility: Double { variance.squareRoot() }

  /// The variance until expiry.
  public var totalVariance: Double { variance * timeToExpiry }

  /// Creates a level, as of a quoted variance swap.
  ///
  /// - Parameters:
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  ///   - variance: The variance per year: not negative, finite.
  ///   - errorEstimate: An estimate of its error.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)``.
  public init(
    timeToExpiry: Double,
    variance: Double,
    errorEstimate: Double = 0
  ) throws(VolatilityError) {
    let largest = Double.greatestFiniteMagnitude
    try VolatilityError.require(timeToExpiry, "timeToExpiry", .leastNormalMagnitude, largest)
    try VolatilityError.require(variance, "variance", 0, largest)
    try VolatilityError.require(errorEstimate, "errorEstimate", 0, largest)
    self.timeToExpiry = timeToExpiry
    self.variance = variance
    self.errorEstimate = errorEstimate
  }
}

extension VarianceLevel {
  private enum CodingKeys: String, CodingKey { case timeToExpiry, variance, errorEstimate }

  /// Decodes a level and checks it.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder, or ``VolatilityError/invalidValue(argument:got:lowest:highest:)``.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      timeToExpiry: values.decode(Double.self, forKey: .timeToExpiry),
      variance: values.decode(Double.self, forKey: .variance),
      errorEstimate: values.decode(Double.self, forKey: .errorEstimate))
  }
}

extension VolatilitySmile {
  /// The fair variance of a swap until the expiry, replicated by options of all strikes.
  ///
  /// ```text
  /// (1/T) ∫ w(k) φ(d₂) (−d₂′) dk
  /// ```
  ///
  /// The same number as `VarianceSwap.fairVariance`, which sums prices of options: exact for every process without
  /// jumps. Sources: J. Gatheral, "The Volatility Surface" (2006), chapter 11; M. Fukasawa, "The normalizing transformation
  /// of the implied volatility smile", Mathematical Finance 22 (2012).
  ///
  /// - Parameter tolerance: The accepted error as a part of the variance: 1e-12 at least.
  /// - Returns: The level with an estimate of its error.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for the tolerance;
  ///   ``VolatilityError/steepWing(slope:)`` when the wings do not end, as where the variance grows by `2 |k|` or more;
  ///   ``VolatilityError/noFit`` when the smile is not defined somewhere.
  /// - Complexity: Some 300 readings; more in steep wings.
  public func fairVariance(tolerance: Double = 1e-10) throws(VolatilityError) -> VarianceLevel {
    try VolatilityError.require(tolerance, "tolerance", 1e-12, 0.1)
    let deviation = totalVariance(at: 0).value.squareRoot()
    guard deviation > 0, deviation < .infinity else { throw .noFit }
    var (value, error) = (0.0, 0.0)
    for side in [-1.0, 1.0] {
      var (start, end) = (0.0, deviation)
      while true {
        let piece = try piece(start, end, side, tolerance, value)
        value += piece.value
        error += piece.errorEstimate
        // Densities fall faster and faster: what is left is less than the last piece.
        if piece.value.magnitude <= tolerance / 4 * value.magnitude { break }
        (start, end) = (end, 2 * end)
        guard end <= Self.longestWing * deviation else {
          let place = side * start
          throw .steepWing(slope: side * totalVariance(at: place).slope)
        }
      }
    }
    return try VarianceLevel(
      timeToExpiry: timeToExpiry, variance: value / timeToExpiry,
      errorEstimate: error / timeToExpiry)
  }

  private func piece(
    _ start: Double,
    _ end: Double,
    _ side: Double,
    _ tolerance: Double,
    _ value: Double
  ) throws(VolatilityError) -> Integral {
    let settings = Integral.Settings(
      absoluteTolerance: tolerance / 4 * value.magnitude, relativeTolerance: tolerance / 4)
    do throws(NumericsError) {
      return try GaussKronrod.integral(over: start...end, settings: settings) {
        varianceDensity(at: side * $0)
      }
    } catch {
      throw .noFit
    }
  }

  /// `w φ(d₂) (−d₂′)`.
  private func varianceDensity(at logMoneyness: Double) -> Double {
    let variance = totalVariance(at: logMoneyness)
    guard variance.value > 0 else { return .nan }
    let root = variance.value.squareRoot()
    let d2 = -logMoneyness / root - root / 2
    let slope = variance.slope / (2 * root)
    let fall = 1 / root + slope / 2 - logMoneyness / root * (slope / root)
    return variance.value * StandardNormal.pdf(d2) * fall
  }

  /// The deviations after which a wing does not end: that of a slope of 1.999 is some million.
  private static var longestWing: Double { 0x1p40 }
}

public import KeelNumerics

/// A model of an asset whose law is known by the moments of its growth.
///
/// What it says of `X = ln(S_T/F)`, where `F` is the forward, prices whole strips of strikes at once;
/// a host may bring a model of its own. Method: <doc:ModelsOfTheSpot>.
public protocol CharacteristicModel: Sendable {
  /// The logarithm of a moment of complex order: `ln E[exp(z X)]`.
  ///
  /// It is zero at 0 and at 1, continuous in the plane cut along the real axis outside
  /// `momentRange`, and conjugate at conjugate orders.
  ///
  /// - Parameters:
  ///   - order: The order `z`; the characteristic function at `u` is that at `i u`.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The logarithm, on the continuous branch; any value may stand for NaN orders.
  func logMoment(_ order: Complex, timeToExpiry: Double) -> Complex

  /// Real orders whose moments are finite, those between the ends included.
  ///
  /// - Parameter timeToExpiry: The time in years, positive.
  /// - Returns: The range; its lower end is below 0 and its upper one above 1, perhaps infinite.
  func momentRange(timeToExpiry: Double) -> ClosedRange<Double>

  /// About the variance of `X`, which sets the scale of the integral.
  ///
  /// - Parameter timeToExpiry: The time in years.
  /// - Returns: A number above zero, or zero where the asset grows with certainty.
  func logVariance(timeToExpiry: Double) -> Double

  /// The slope of `logMoment` far out on the imaginary axis, divided by `i`.
  ///
  /// It is where jumps of infinite number leave the asset when none is large; by default zero.
  ///
  /// - Parameter timeToExpiry: The time in years, positive.
  /// - Returns: A drift of `X`.
  func logDrift(timeToExpiry: Double) -> Double

  /// A bound of the real part of `logMoment` without its returns.
  ///
  /// Along a contour, moments of normal jumps fall to nothing and come back; sums end where a bound
  /// has fallen that does not. By default, for models whose moments do not return, the real part.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - logMoment: The logarithm of its moment.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: A number not below the real part, smooth along a contour.
  func logEnvelope(_ order: Complex, logMoment: Complex, timeToExpiry: Double) -> Double
}

extension CharacteristicModel {
  /// Zero, for models with diffusion.
  ///
  /// - Parameter timeToExpiry: The time in years.
  /// - Returns: Zero.
  public func logDrift(timeToExpiry: Double) -> Double { 0 }

  /// The real part, for moments that do not return.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - logMoment: The logarithm of its moment.
  ///   - timeToExpiry: The time in years.
  /// - Returns: The real part of the logarithm.
  public func logEnvelope(_ order: Complex, logMoment: Complex, timeToExpiry: Double) -> Double {
    logMoment.real
  }
}

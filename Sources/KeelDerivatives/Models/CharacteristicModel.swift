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
}

extension CharacteristicModel {
  /// Zero, for models with diffusion.
  ///
  /// - Parameter timeToExpiry: The time in years.
  /// - Returns: Zero.
  public func logDrift(timeToExpiry: Double) -> Double { 0 }
}

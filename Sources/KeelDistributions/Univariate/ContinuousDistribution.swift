public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A law of one number that has a density.
///
/// Functions are total: NaN gives NaN, points outside the support have density 0, and probabilities
/// outside [0, 1] have the quantile NaN. Small probabilities are computed directly, never as one minus
/// a large one, and their logarithms stay finite where they underflow.
///
/// A moment that diverges is infinite; one that does not exist otherwise is NaN.
///
/// As a law of returns its risk measures count a loss as positive.
public protocol ContinuousDistribution: Hashable, Sendable {
  /// The mean.
  var mean: Double { get }

  /// The variance.
  var variance: Double { get }

  /// The third central moment over the cube of the standard deviation.
  var skewness: Double { get }

  /// The fourth central moment over the square of the variance, less 3.
  var excessKurtosis: Double { get }

  /// Returns the logarithm of the density.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm, −∞ outside the support; NaN for NaN.
  func logPDF(_ x: Double) -> Double

  /// Returns the probability of a value of at most `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The probability, relatively accurate for small values too; NaN for NaN.
  func cdf(_ x: Double) -> Double

  /// Returns the probability of a value above `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The probability, relatively accurate for small values too; NaN for NaN.
  func survival(_ x: Double) -> Double

  /// Returns the logarithm of the probability of a value of at most `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm, also where the probability underflows; NaN for NaN.
  func logCDF(_ x: Double) -> Double

  /// Returns the logarithm of the probability of a value above `x`.
  ///
  /// - Parameter x: A point.
  /// - Returns: The logarithm, also where the probability underflows; NaN for NaN.
  func logSurvival(_ x: Double) -> Double

  /// Returns the point below which the law has a given probability.
  ///
  /// - Parameter probability: A probability from 0 to 1.
  /// - Returns: The quantile, at 0 and 1 an end of the support; NaN outside [0, 1].
  func quantile(_ probability: Double) -> Double

  /// Returns the point above which the law has a given probability.
  ///
  /// - Parameter probability: A probability from 0 to 1.
  /// - Returns: The quantile, at 0 and 1 an end of the support; NaN outside [0, 1].
  func survivalQuantile(_ probability: Double) -> Double

  /// Returns the mean of the values below the quantile of a probability.
  ///
  /// ```text
  /// 1/p ∫₀ᵖ quantile(u) du
  /// ```
  ///
  /// - Parameter probability: The probability of the lower tail, above 0 and at most 1.
  /// - Returns: The mean, infinite where it diverges; NaN outside the domain.
  func meanBelow(probability: Double) -> Double

  /// Returns the mean of the values above the quantile that is exceeded with a probability.
  ///
  /// ```text
  /// 1/p ∫₀ᵖ survivalQuantile(u) du
  /// ```
  ///
  /// - Parameter probability: The probability of the upper tail, above 0 and at most 1.
  /// - Returns: The mean, infinite where it diverges; NaN outside the domain.
  func meanAbove(probability: Double) -> Double

  /// Returns one draw.
  ///
  /// - Parameters:
  ///   - stream: The stream of random numbers.
  ///   - index: The number of the draw: the same stream and number give the same draw.
  /// - Returns: The draw.
  func draw(from stream: RandomStream, at index: UInt64) -> Double
}

extension ContinuousDistribution {
  /// The square root of the variance.
  public var standardDeviation: Double { variance.squareRoot() }

  /// Returns the density.
  ///
  /// - Parameter x: A point.
  /// - Returns: The density; NaN for NaN.
  public func pdf(_ x: Double) -> Double { exp(logPDF(x)) }

  /// Returns the value at risk of a return that has this law.
  ///
  /// ```text
  /// VaR = −quantile(1 − confidence)
  /// ```
  ///
  /// - Parameter confidence: The confidence, inside (0, 1): 0.99 asks for the loss that is exceeded in
  ///   1 % of the cases. For tails below 1e-16 see ``valueAtRisk(tailProbability:)``.
  /// - Returns: The loss, positive for a loss; NaN outside (0, 1).
  public func valueAtRisk(confidence: Double) -> Double {
    guard confidence > 0, confidence < 1 else { return .nan }
    // The smaller of both probabilities has its digits.
    return confidence < 0.5
      ? -survivalQuantile(confidence) : valueAtRisk(tailProbability: 1 - confidence)
  }

  /// Returns the value at risk of a return that has this law, at the probability of a larger loss.
  ///
  /// ```text
  /// VaR = −quantile(tail probability)
  /// ```
  ///
  /// - Parameter tailProbability: The probability of a larger loss, inside (0, 1): 0.01 for 99 %. It may be as small as 1e-300,
  ///   where no confidence below 1 is near enough to it.
  /// - Returns: The loss, positive for a loss; NaN outside (0, 1).
  public func valueAtRisk(tailProbability: Double) -> Double {
    guard tailProbability > 0, tailProbability < 1 else { return .nan }
    return -quantile(tailProbability)
  }

  /// Returns the expected shortfall of a return that has this law: the mean loss in the worst
  /// `1 − confidence` of the cases.
  ///
  /// - Parameter confidence: The confidence, inside (0, 1). For tails below 1e-16 see
  ///   ``expectedShortfall(tailProbability:)``.
  /// - Returns: The loss, positive for a loss, infinite where the mean diverges; NaN outside (0, 1).
  public func expectedShortfall(confidence: Double) -> Double {
    guard confidence > 0, confidence < 1 else { return .nan }
    return expectedShortfall(tailProbability: 1 - confidence)
  }

  /// Returns the expected shortfall of a return that has this law: the mean loss in the worst cases, of a given probability.
  ///
  /// ```text
  /// ES = −meanBelow(tail probability)
  /// ```
  ///
  /// - Parameter tailProbability: The probability of the worst cases, above 0 and at most 1: 0.025 for 97.5 %. It may be as
  ///   small as 1e-300.
  /// - Returns: The loss, positive for a loss, infinite where the mean diverges; NaN outside the domain.
  public func expectedShortfall(tailProbability: Double) -> Double {
    -meanBelow(probability: tailProbability)
  }

  /// Returns one draw: the quantile of a uniform draw.
  ///
  /// - Parameters:
  ///   - stream: The stream of random numbers.
  ///   - index: The number of the draw: the same stream and number give the same draw.
  /// - Returns: The draw.
  public func draw(from stream: RandomStream, at index: UInt64) -> Double {
    quantile(stream.uniform(at: index))
  }
}

// MARK: - Many points at a time

extension ContinuousDistribution {
  /// Returns the density at each point.
  ///
  /// - Parameter points: The points.
  /// - Returns: The densities, in the order of the points.
  public func pdf(_ points: [Double]) -> [Double] { points.map { pdf($0) } }

  /// Returns the logarithm of the density at each point.
  ///
  /// - Parameter points: The points.
  /// - Returns: The logarithms, in the order of the points.
  public func logPDF(_ points: [Double]) -> [Double] { points.map { logPDF($0) } }

  /// Returns the probability of a value of at most each point.
  ///
  /// - Parameter points: The points.
  /// - Returns: The probabilities, in the order of the points.
  public func cdf(_ points: [Double]) -> [Double] { points.map { cdf($0) } }

  /// Returns the probability of a value above each point.
  ///
  /// - Parameter points: The points.
  /// - Returns: The probabilities, in the order of the points.
  public func survival(_ points: [Double]) -> [Double] { points.map { survival($0) } }

  /// Returns the logarithm of the probability of a value above each point.
  ///
  /// - Parameter points: The points.
  /// - Returns: The logarithms, in the order of the points.
  public func logSurvival(_ points: [Double]) -> [Double] { points.map { logSurvival($0) } }

  /// Returns the quantile of each probability.
  ///
  /// - Parameter probabilities: Probabilities from 0 to 1.
  /// - Returns: The quantiles, in the order of the probabilities; NaN outside [0, 1].
  public func quantile(_ probabilities: [Double]) -> [Double] {
    probabilities.map { quantile($0) }
  }

  /// Returns consecutive draws.
  ///
  /// - Parameters:
  ///   - count: The number of draws, at least 0.
  ///   - stream: The stream of random numbers.
  ///   - index: The number of the first draw; numbers wrap around at 2⁶⁴.
  /// - Returns: The draws; none for a negative count.
  public func draws(count: Int, from stream: RandomStream, at index: UInt64 = 0) -> [Double] {
    (0..<max(count, 0)).map { draw(from: stream, at: index &+ UInt64($0)) }
  }
}

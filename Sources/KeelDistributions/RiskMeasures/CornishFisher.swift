import KeelNumerics

/// Value at risk and expected shortfall from the first four moments.
///
/// ```text
/// x(z) = z + (z² − 1) s/6 + (z³ − 3 z) k/24 − (2 z³ − 5 z) s²/36,   outcome = mean + volatility x(z)
/// ```
///
/// s and k are parameters of the expansion: the skewness and excess kurtosis for small ones. The expansion is a law only where x rises
/// with z everywhere, which ``isMonotone`` says; beyond, quantiles are not in order and the numbers mean nothing.
/// Sources: E. Cornish and R. Fisher, "Moments and cumulants in the specification of distributions" (1937); D. Maillard, "A user's guide to the
/// Cornish Fisher expansion" (2012), for the domain.
public struct CornishFisher: Hashable, Sendable {
  /// The mean outcome.
  public let mean: Double

  /// The standard deviation.
  public let volatility: Double

  /// s.
  public let skewness: Double

  /// k.
  public let excessKurtosis: Double

  /// Creates the expansion.
  ///
  /// - Parameters:
  ///   - mean: The mean outcome, finite.
  ///   - volatility: The standard deviation, positive.
  ///   - skewness: s, at most 10 in magnitude.
  ///   - excessKurtosis: k, −2 to 100.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(
    mean: Double,
    volatility: Double,
    skewness: Double,
    excessKurtosis: Double
  ) throws(DistributionsError) {
    try requireFinite(mean, "mean")
    try requireVolatility(volatility)
    try requireInside(skewness, -10...10, "skewness")
    try requireInside(excessKurtosis, -2...100, "excessKurtosis")
    self.mean = mean
    self.volatility = volatility
    self.skewness = skewness
    self.excessKurtosis = excessKurtosis
  }

  /// Creates the expansion of the moments of a sample: s and k are `m₃/m₂^(3/2)` and `m₄/m₂² − 3`.
  ///
  /// - Parameter outcomes: T finite outcomes, at least ``leastObservationCount``, not all equal.
  /// - Throws: `DistributionsError.tooFewObservations`, `.invalidObservation`, and as
  ///   ``init(mean:volatility:skewness:excessKurtosis:)`` for moments outside.
  public init(outcomes: [Double]) throws(DistributionsError) {
    guard outcomes.count >= Self.leastObservationCount else {
      throw .tooFewObservations(got: outcomes.count, required: Self.leastObservationCount)
    }
    for (k, x) in outcomes.enumerated() where !x.isFinite {
      throw .invalidObservation(argument: "outcomes", index: k, got: x)
    }
    // Powers of a unit near the largest outcome are numbers.
    let largest = outcomes.reduce(0) { max($0, $1.magnitude) }
    let unit = largest > 0 ? largest.binade : 1
    let count = Double(outcomes.count)
    let mean = outcomes.reduce(0) { $0 + $1 / unit } / count
    func moment(_ power: (Double) -> Double) -> Double {
      outcomes.reduce(0) { $0 + power($1 / unit - mean) } / count
    }
    let variance = moment { $0 * $0 }
    try self.init(
      mean: mean * unit, volatility: variance.squareRoot() * unit,
      skewness: moment { $0 * $0 * $0 } / (variance * variance.squareRoot()),
      excessKurtosis: moment { ($0 * $0) * ($0 * $0) } / (variance * variance) - 3)
  }

  /// The least number of observations of ``init(outcomes:)``.
  public static let leastObservationCount = 5

  /// What one outcome adds to a measure of the sample's expansion, over the mean: its influence.
  ///
  /// The measure is polynomial in s and k, of which differences of two points are exact derivatives.
  func influence(
    of outcome: Double,
    _ measure: (CornishFisher) -> Double
  ) -> Double {
    let u = (outcome - mean) / volatility
    let square = u * u - 1
    let fourth = excessKurtosis + 3
    let onSkewness = u * u * u - skewness - 3 * u - 1.5 * skewness * square
    let onKurtosis = u * u * u * u - fourth - 4 * skewness * u - 2 * fourth * square
    func changed(_ s: Double, _ k: Double) -> Double {
      measure(Self(s: skewness + s, k: excessKurtosis + k))
    }
    let bySkewness = 0.5 * (changed(1, 0) - changed(-1, 0))
    let byKurtosis = 0.5 * (changed(0, 1) - changed(0, -1))
    return volatility
      * (-u + 0.5 * square * changed(0, 0) + onSkewness * bySkewness + onKurtosis * byKurtosis)
  }

  /// Of mean 0 and volatility 1, without limits.
  private init(s: Double, k: Double) {
    (mean, volatility, skewness, excessKurtosis) = (0, 1, s, k)
  }

  /// The coefficients of 1, z, z² and z³.
  private var coefficients: (Double, Double, Double, Double) {
    let (s, k) = (skewness, excessKurtosis)
    return (-s / 6, 1 - k / 8 + 5 * s * s / 36, s / 6, k / 24 - s * s / 18)
  }

  /// Whether x rises with z everywhere.
  public var isMonotone: Bool {
    let (_, a1, a2, a3) = coefficients
    // 3 a₃ z² + 2 a₂ z + a₁ has no root at which it changes its sign.
    if a3 == 0 { return a2 == 0 && a1 > 0 }
    return a3 > 0 && a2 * a2 <= 3 * a3 * a1
  }

  /// The least slope of x anywhere, negative infinity when it falls without end.
  var leastSlope: Double {
    let (_, a1, a2, a3) = coefficients
    if a3 > 0 { return a1 - a2 * a2 / (3 * a3) }
    return a3 == 0 && a2 == 0 ? a1 : -.infinity
  }

  /// The outcome that is not exceeded with a probability.
  ///
  /// - Parameter probability: The probability, inside (0, 1).
  /// - Returns: The outcome; NaN outside (0, 1).
  public func quantile(_ probability: Double) -> Double {
    guard probability > 0, probability < 1 else { return .nan }
    return outcome(at: StandardNormal.quantile(probability))
  }

  private func outcome(at z: Double) -> Double {
    let (a0, a1, a2, a3) = coefficients
    return mean + volatility * (a0 + z * (a1 + z * (a2 + z * a3)))
  }

  /// The loss that is exceeded with a probability of 1 − confidence.
  ///
  /// - Parameter confidence: The confidence, inside (0, 1).
  /// - Returns: The loss, positive for a loss; NaN outside (0, 1).
  public func valueAtRisk(confidence: Double) -> Double {
    guard confidence > 0, confidence < 1 else { return .nan }
    return -outcome(at: -Normal.standardValueAtRisk(confidence: confidence))
  }

  /// The mean of the losses beyond the value at risk, in closed form.
  ///
  /// - Parameter confidence: The confidence, inside (0, 1).
  /// - Returns: The loss, positive for a loss; NaN outside (0, 1).
  public func expectedShortfall(confidence: Double) -> Double {
    guard confidence > 0, confidence < 1 else { return .nan }
    let tail = 1 - confidence
    let z = -Normal.standardValueAtRisk(confidence: confidence)
    let density = StandardNormal.pdf(z)
    let (a0, a1, a2, a3) = coefficients
    // The means of 1, z, z² and z³ below z, times the probability.
    let sum = (a0 + a2) * tail - density * (a1 + a2 * z + a3 * (z * z + 2))
    return -(mean + volatility * sum / tail)
  }
}

public import KeelData
import KeelNumerics

// Correlations that move toward one, as they do in a crash.
//
//   Σ(s) = k(s)² D ((1 − s) C + s 11') D,   k(s) = 1 + s (volatilityFactor − 1)
//
// with C the correlations and D the standard deviations σ. A sum of positive semidefinite matrices with weights that are
// not negative is one, and its diagonal stays k² σ². The variance of a portfolio along the path needs no matrix:
//
//   v(s) = k² ((1 − s) w'Σw + s (σ'w)²)
//
// Hedges lose nothing here: a long and a short position cancel better the nearer correlations are to one, so that the
// worst point may stand inside the path or at its start.

/// The risk of a portfolio while correlations move toward one and volatilities rise.
public struct CorrelationPath: Hashable, Sendable {
  /// The risk at one point of the path.
  public struct Point: Hashable, Sendable, Codable {
    /// How far correlations have moved: 0 is today, 1 is one common move.
    public let share: Double

    /// The volatility per period, as a fraction.
    public let volatility: Double

    /// Euler's parts of the volatility in the order of the universe; they add to it.
    public let contributions: [Double]
  }

  /// The assets.
  public let universe: Universe

  /// The points in the order of the shares given.
  public let points: [Point]

  /// The place of the largest volatility; the first of equals.
  public var worstPlace: Int {
    points.indices.reduce(0) { points[$1].volatility > points[$0].volatility ? $1 : $0 }
  }

  private let covariance: Covariance
  private let volatilityFactor: Double

  /// Follows a portfolio along the path.
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions; or amounts in cash, and all figures are.
  ///   - covariance: The covariance per period, over the same universe.
  ///   - shares: The points, each 0 to 1, at least one.
  ///   - volatilityFactor: The factor on volatilities at share one, positive; on the way it grows in proportion.
  /// - Throws: `RiskError.shapeMismatch`, `.invalidValue`, or `.unknownInstrument` where the universes differ.
  /// - Complexity: O(N² + points × N).
  public init(
    weights: Weights,
    covariance: Covariance,
    shares: [Double],
    volatilityFactor: Double = 1
  ) throws(RiskError) {
    do throws(DataError) {
      try weights.universe.requireEqual(covariance.universe)
    } catch {
      throw RiskError(error)
    }
    guard !shares.isEmpty else { throw .shapeMismatch(argument: "shares", got: 0, required: 1) }
    try require(volatilityFactor, "volatilityFactor", in: .positive)
    let deviations = covariance.standardDeviations
    let product = covariance.product(with: weights.values)
    let common = zip(deviations, weights.values).reduce(0) { $0 + $1.0 * $1.1 }
    var points: [Point] = []
    for share in shares {
      try require(share, "share", in: 0...1)
      let factor = 1 + share * (volatilityFactor - 1)
      let gradient = zip(product, deviations).map {
        (1 - share) * $0 + share * (common * $1)
      }
      let variance = zip(weights.values, gradient).reduce(0) { $0 + $1.0 * $1.1 }
      let deviation = max(variance, 0).squareRoot()
      let volatility = factor * deviation
      try require(volatility, "volatility", in: .nonnegative)
      points.append(
        Point(
          share: share, volatility: volatility,
          contributions: zip(weights.values, gradient).map {
            deviation > 0 ? $0 * $1 / deviation * factor : 0
          }))
    }
    universe = covariance.universe
    self.points = points
    self.covariance = covariance
    self.volatilityFactor = volatilityFactor
  }

  /// The value at risk and expected shortfall at a point under a normal law of mean zero.
  ///
  /// - Parameters:
  ///   - place: The place among ``points``.
  ///   - tailProbability: The probability of the tail, inside (0, 1).
  /// - Returns: Both per period, positive for a loss, in the unit of the weights.
  /// - Throws: `RiskError.invalidValue`.
  public func normalTail(
    at place: Int,
    tailProbability: Double
  ) throws(RiskError) -> (valueAtRisk: Double, expectedShortfall: Double) {
    try require(
      tailProbability, "tailProbability", in: Double.leastNonzeroMagnitude...1.0.nextDown)
    try require(Double(place), "place", in: 0...Double(points.count - 1))
    let quantile = -StandardNormal.quantile(tailProbability)
    let volatility = points[place].volatility
    // The density over the probability, which loses its digits where both are subnormal.
    let meanAbove =
      quantile > 0
      ? 1 / StandardNormal.millsRatio(quantile)
      : StandardNormal.pdf(quantile) / tailProbability
    return (volatility * quantile, volatility * meanAbove)
  }

  /// The covariance at a share of the path.
  ///
  /// - Parameter share: How far correlations have moved, 0 to 1.
  /// - Returns: The covariance, positive semidefinite as the first one is.
  /// - Throws: `RiskError.invalidValue`.
  /// - Complexity: O(N²).
  public func covariance(at share: Double) throws(RiskError) -> Covariance {
    try require(share, "share", in: 0...1)
    let factor = 1 + share * (volatilityFactor - 1)
    let deviations = covariance.standardDeviations
    let before = covariance.matrix
    var matrix = before
    for j in deviations.indices {
      for i in j..<deviations.count {
        let common = i == j ? before[i, j] : deviations[i] * deviations[j]
        matrix[i, j] = factor * factor * ((1 - share) * before[i, j] + share * common)
      }
    }
    do throws(DataError) {
      let isProved: Bool =
        if case .factor = covariance.form { true } else { covariance.definiteness != .unproved }
      return try Covariance(
        universe: universe, dense: matrix, definiteness: isProved ? .byConstruction : .unproved)
    } catch {
      throw RiskError(error)
    }
  }
}

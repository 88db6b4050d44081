// Goals in order: exact counts, speed: the moves are bits, and pairs are counted 512 observations at a time.
//
// S. Gerber, H. Markowitz, P. Ernst, Y. Miao, B. Javid, P. Sargen, "The Gerber statistic: a robust co-movement measure
// for portfolio optimization", Journal of Portfolio Management 48 (2022). The statistics 0, 1 and 2 are those of
// riskfolio-lib's functions of that name.

import KeelNumerics

/// The covariance from how often assets move together, by Gerber.
///
/// ```text
/// g(i, j) = (C − D) / denominator,   S(i, j) = s(i) s(j) g(i, j)
/// ```
///
/// C counts the observations in which both returns are at least `threshold` standard deviations away from zero on
/// the same side, D those on opposite sides. Returns below the threshold are noise, beyond it only their sign counts.
/// The deviations s are those of the sample.
public struct GerberCovariance: CovarianceEstimator, Hashable {
  /// By what the difference of the counts is divided.
  @nonexhaustive
  public enum Statistic: Int, Hashable, Sendable {
    /// C + D: statistic 0, of Gerber's first paper; may have negative eigenvalues, which are repaired.
    case pairs = 0

    /// The observations in which at least one of the two moves: statistic 1 of 2022; positive semidefinite.
    case movesOfEither = 1

    /// The root of the counts of the two assets with themselves: statistic 2 of 2022; positive semidefinite.
    case movesOfEach = 2
  }

  /// The size of a move, in standard deviations: above 0.
  public var threshold: Double

  /// By what the difference of the counts is divided.
  public var statistic: Statistic

  /// By what the sums of squares behind the deviations are divided.
  public var divisor: SampleCovariance.Divisor

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - threshold: The size of a move, in standard deviations: above 0.
  ///   - statistic: By what the difference of the counts is divided.
  ///   - divisor: By what the sums of squares behind the deviations are divided; other libraries take T.
  ///   - examination: Which diagnostics are computed.
  public init(
    threshold: Double = 0.5,
    statistic: Statistic = .movesOfEach,
    divisor: SampleCovariance.Divisor = .observationCountMinusOne,
    examination: CovarianceExamination = .basic
  ) {
    self.threshold = threshold
    self.statistic = statistic
    self.divisor = divisor
    self.examination = examination
  }

  /// Estimates from checked returns: counts of bits for each pair.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate; `repairNorm` is zero unless eigenvalues were negative.
  /// - Throws: `EstimationError.zeroVariance`, `EstimationError.invalidValue` for the threshold,
  ///   `EstimationError.eigenvaluesNotConverged`, `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    guard threshold > 0, threshold.isFinite else {
      throw .invalidValue(
        argument: "threshold", got: threshold, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    let n = returns.columnCount
    var planes = SignPlanes(rowCount: returns.rowCount, order: n)
    var deviations: [Double] = []
    for position in 0..<n {
      let deviation = try returns.scaledDeviation(position, divisor)
      deviations.append(deviation)
      planes.set(
        position, from: returns.matrix.column(returns.order[position]), scale: returns.scale,
        center: 0,
        threshold: threshold * deviation)
    }
    let correlations = statistics(planes, order: n, rowCount: returns.rowCount)
    return try returns.covariance(
      ofCorrelations: correlations, deviations, isSemidefinite: statistic != .pairs)
  }

  /// The correlations: the lower triangle.
  ///
  /// With the moves m in {−1, 0, 1} and 1 for those without, q: C − D = m(i)'m(j), and 1 / (T − q(i)'q(j)) is the series
  /// Σ (q(i)'q(j))ᵏ / Tᵏ⁺¹. Products of positive semidefinite elements are positive semidefinite (Schur).
  private func statistics(_ planes: SignPlanes, order n: Int, rowCount: Int) -> [Double] {
    // So many columns keep the counts in the cache.
    let blockCount = 8
    var elements = [Double](repeating: 0, count: n * n)
    var both = [UInt32](repeating: 0, count: blockCount * n)
    var against = both
    var moves = [Double](repeating: 0, count: n)
    if statistic != .pairs {
      for j in 0..<n { moves[j] = Double(planes.moveCount(j)) }
    }
    let factors = moves.map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
    var start = 0
    while start < n {
      let columns = start..<min(start + blockCount, n)
      planes.agreement(columns, both: &both, against: &against)
      var output = elements.mutableSpan
      for j in columns {
        let offset = (j - start) * n
        for i in (j + 1)..<max(n, j + 1) {
          let count = Double(both[offset &+ i])
          let difference = count - 2 * Double(against[offset &+ i])
          switch statistic {
          case .pairs: output[i &+ j &* n] = count > 0 ? difference / count : 0
          case .movesOfEither:
            let either = moves[i] + moves[j] - count
            output[i &+ j &* n] = either > 0 ? difference / either : 0
          case .movesOfEach: output[i &+ j &* n] = difference * factors[i] * factors[j]
          }
        }
        output[j &* (n &+ 1)] = 1
      }
      start = columns.upperBound
    }
    return elements
  }
}

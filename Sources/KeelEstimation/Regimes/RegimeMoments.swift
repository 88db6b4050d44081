public import KeelData
import KeelNumerics

/// Expected returns and covariance of many assets within one regime.
///
/// ```text
/// m(j) = Σ p(t, j) r(t) / Σ p(t, j),   S(j) = Σ p(t, j) (r(t) − m(j))(r(t) − m(j))' / Σ p(t, j) / (1 − Σ w²)
/// ```
///
/// The weights w are the probabilities over their sum. A row whose regime is doubtful counts in part
/// in each.
public struct RegimeMoments: Hashable, Sendable {
  /// The expected returns, per period.
  public let expectedReturns: ExpectedReturns

  /// The covariance, per period; its number of observations is ``effectiveObservationCount`` rounded
  /// down.
  public let covariance: Covariance

  /// The mean probability of the regime over the rows.
  public let shareOfTime: Double

  /// `1 / Σ w²`: as many rows of equal weight would carry the same information.
  public let effectiveObservationCount: Double

  /// The moments of each regime by filtered probabilities: row t counts by what rows up to t say.
  ///
  /// Computed in the order of the assets' names: any order of the columns gives the same bits.
  ///
  /// - Parameters:
  ///   - returns: T × N simple returns, T at least 2.
  ///   - probabilities: The probabilities of K states in the same rows.
  /// - Returns: K moments, in the order of the states.
  /// - Throws: `EstimationError.shapeMismatch` for another number of rows,
  ///   `EstimationError.tooFewObservations` for a state that no two rows may belong to, and as
  ///   `SampleCovariance`.
  /// - Complexity: O(KTN²), one `dsyrk` a state.
  public static func moments(
    of returns: SimpleReturns,
    probabilities: FilteredProbabilities
  ) throws(EstimationError) -> [RegimeMoments] {
    try moments(of: returns, columns: probabilities.columns)
  }

  /// The moments of each regime by smoothed probabilities, which know the future of each row.
  ///
  /// Computed in the order of the assets' names: any order of the columns gives the same bits.
  ///
  /// - Parameters:
  ///   - returns: T × N simple returns, T at least 2.
  ///   - probabilities: The probabilities of K states in the same rows.
  /// - Returns: K moments, in the order of the states.
  /// - Throws: As for filtered probabilities.
  /// - Complexity: O(KTN²), one `dsyrk` a state.
  public static func moments(
    of returns: SimpleReturns,
    smoothedProbabilities probabilities: SmoothedProbabilities
  ) throws(EstimationError) -> [RegimeMoments] {
    try moments(of: returns, columns: probabilities.columns)
  }

  /// One observation has no spread.
  private static let minimumObservationCount = 2

  private static func moments(
    of returns: SimpleReturns,
    columns: [[Double]]
  ) throws(EstimationError) -> [RegimeMoments] {
    let checked = try ReturnsMatrix(returns, minimumCount: minimumObservationCount)
    var result: [RegimeMoments] = []
    for column in columns {
      guard column.count == returns.observationCount else {
        throw .shapeMismatch(
          argument: "probabilities", got: column.count, required: returns.observationCount)
      }
      let moments = try WeightedMoments(returns.values, order: checked.order, weights: column)
      result.append(
        try RegimeMoments(
          moments, over: returns.universe,
          share: column.reduce(0, +) / Double(returns.observationCount)))
    }
    return result
  }

  private init(
    _ moments: WeightedMoments,
    over universe: Universe,
    share: Double
  ) throws(EstimationError) {
    do throws(DataError) {
      expectedReturns = try ExpectedReturns(universe: universe, values: moments.means)
      covariance = try Covariance(
        universe: universe, dense: moments.covariance, definiteness: .byConstruction,
        diagnostics: CovarianceDiagnostics(observationCount: Int(moments.effectiveCount)))
    } catch {
      throw .notRepresentable(result: "covariance")
    }
    shareOfTime = share
    effectiveObservationCount = moments.effectiveCount
  }
}

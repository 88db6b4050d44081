public import KeelData
public import KeelNumerics

/// Estimates expected returns.
///
/// An estimator of your own says how it estimates; the checks of the data, the labels and the independence of the order
/// of the assets are done for it.
public protocol ExpectedReturnsEstimator: Sendable {
  /// The least number of observations T; 1 unless said otherwise.
  var minimumObservationCount: Int { get }

  /// Estimates from checked returns.
  ///
  /// - Parameter returns: The returns, finite, not fewer than ``minimumObservationCount``.
  /// - Returns: The expected returns by position, per period.
  /// - Throws: ``EstimationError``.
  func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> [Double]
}

extension ExpectedReturnsEstimator {
  /// One observation is a mean.
  public var minimumObservationCount: Int { 1 }

  /// Estimates expected returns.
  ///
  /// Computed in the order of the assets' names: any order of the columns gives the same bits.
  ///
  /// - Parameter returns: T × N simple returns.
  /// - Returns: The expected returns, per period.
  /// - Throws: `EstimationError.tooFewObservations`, `EstimationError.assetCountOutOfRange`,
  ///   `EstimationError.pricesGiven`, and what the estimator says.
  public func expectedReturns(
    from returns: SimpleReturns
  ) throws(EstimationError) -> ExpectedReturns {
    let matrix = try ReturnsMatrix(returns, minimumCount: minimumObservationCount)
    let values = try inColumnOrder(matrix)
    do throws(DataError) {
      return try ExpectedReturns(universe: returns.universe, values: values)
    } catch {
      throw .notRepresentable(result: "expectedReturns")
    }
  }

  /// Estimates the expected values of the columns of a matrix, for callers who keep their own order.
  ///
  /// - Parameter returns: T × N returns.
  /// - Returns: N numbers, per period.
  /// - Throws: As ``expectedReturns(from:)``, and `EstimationError.invalidReturn` with column and
  ///   row.
  public func unlabeledExpectedReturns(
    from returns: Matrix
  ) throws(EstimationError) -> [Double] {
    try inColumnOrder(ReturnsMatrix(unlabeled: returns, minimumCount: minimumObservationCount))
  }

  private func inColumnOrder(_ returns: ReturnsMatrix) throws(EstimationError) -> [Double] {
    let values = try estimate(from: returns)
    guard values.count == returns.columnCount else {
      throw .shapeMismatch(argument: "estimate", got: values.count, required: returns.columnCount)
    }
    return returns.inColumnOrder(values)
  }
}

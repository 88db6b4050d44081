// Goals in order: positive definite correlations, the maximum or the reason said, equal bits for any
// order of labeled assets, speed.
//
// R. F. Engle, Dynamic conditional correlation, J. Business and Economic Statistics 20 (2002), with
// Q̄ the second moments of the standardized residuals (correlation targeting):
//   Q(t) = (1 − a − b) Q̄ + a ε(t−1) ε(t−1)ᵀ + b Q(t−1),   Q before the first return is Q̄,
//   R(t) = Q(t) over the roots of its diagonal, ln L = −½ Σ (ln |R| + εᵀR⁻¹ε − εᵀε).

public import KeelData
public import KeelNumerics

/// Dynamic conditional correlation: a model of variance for each asset, and correlations that follow
/// their standardized residuals.
///
/// ```text
/// Q(t) = (1 − a − b) Q̄ + a ε(t−1) ε(t−1)ᵀ + b Q(t−1)
/// ```
///
/// Fitted in two stages, each by maximum likelihood. See <doc:VolatilityModels>.
public struct DCC: Hashable, Sendable {
  /// The model of each asset's variance.
  public let variances: GARCH

  /// Creates the estimator.
  ///
  /// - Parameter variances: The model of each asset's variance.
  public init(variances: GARCH) { self.variances = variances }

  /// The allowed number of assets.
  public static let allowedAssetCount = 2...500

  /// Fits the model to labeled returns.
  ///
  /// Computed in the order of the assets' names: any order of the columns gives the same bits.
  ///
  /// - Parameter returns: T × N simple returns, T above N and at least
  ///   ``GARCH/minimumObservationCount``.
  /// - Returns: The fit, with the covariance of the next period.
  /// - Throws: `EstimationError.assetCountOutOfRange`, `EstimationError.tooFewObservations`,
  ///   `EstimationError.pricesGiven`, `EstimationError.zeroVariance` for a constant asset or ones whose
  ///   residuals depend on each other linearly, `EstimationError.notRepresentable`.
  /// - Complexity: O(T N³) an evaluation; some twenty are usual.
  public func fit(_ returns: SimpleReturns) throws(EstimationError) -> DCCFit {
    let result = try fit(
      returns.values,
      ReturnsMatrix(
        returns, minimumCount: Self.minimumCount(returns.universe.count)),
      assets: returns.universe.assets)
    return DCCFit(
      unlabeled: result, covariance: try Covariance(result.covariance, over: returns.universe))
  }

  /// Fits the model to the columns of a matrix, for callers who keep their own order.
  ///
  /// - Parameter returns: T × N returns.
  /// - Returns: The fit, with the covariance of the next period.
  /// - Throws: As ``fit(_:)``, and `EstimationError.invalidReturn` with column and row.
  public func unlabeledFit(_ returns: Matrix) throws(EstimationError) -> UnlabeledDCCFit {
    try fit(
      returns,
      ReturnsMatrix(
        unlabeled: returns, minimumCount: Self.minimumCount(returns.columnCount)),
      assets: nil)
  }

  private static func minimumCount(_ assetCount: Int) -> Int {
    max(assetCount + 1, GARCH.minimumObservationCount)
  }

  private func fit(
    _ matrix: Matrix, _ checked: ReturnsMatrix, assets: [AssetID]?
  ) throws(EstimationError) -> UnlabeledDCCFit {
    let n = matrix.columnCount
    guard Self.allowedAssetCount.contains(n) else {
      throw .assetCountOutOfRange(got: n, allowed: Self.allowedAssetCount)
    }
    let count = matrix.rowCount
    var fits: [GARCHFit] = []
    var residuals = [Double](repeating: 0, count: count * n)
    for (position, column) in checked.order.enumerated() {
      let span = matrix.column(column)
      let fit: GARCHFit
      do throws(EstimationError) {
        fit = try variances.fit((0..<count).map { span[$0] })
      } catch .zeroVariance {
        throw .zeroVariance(asset: assets?[column], column: column)
      }
      for (t, value) in fit.standardizedResiduals.enumerated() {
        residuals[t * n + position] = value
      }
      fits.append(fit)
    }
    let likelihood = CorrelationLikelihood(residuals, count: n)
    guard likelihood.isDefinite else { throw .zeroVariance(asset: nil, column: 0) }
    let search = try likelihood.maximize()
    let moments = likelihood.nextMoments(news: search.news, memory: search.memory)
    let correlation = likelihood.correlation(moments)
    var ordered = [GARCHFit?](repeating: nil, count: n)
    for (position, column) in checked.order.enumerated() { ordered[column] = fits[position] }
    let marginals = ordered.compactMap { $0 }
    let roots = fits.map { $0.filter.nextVariance.squareRoot() }
    var lower = [Double](repeating: 0, count: n * n)
    for j in 0..<n {
      for i in j..<n { lower[i + j * n] = correlation[i + j * n] * (roots[i] * roots[j]) }
    }
    guard lower.allSatisfy(\.isFinite) else { throw .notRepresentable(result: "covariance") }
    return UnlabeledDCCFit(
      marginals: marginals, news: search.news, memory: search.memory,
      logLikelihood: fits.reduce(0) { $0 + $1.logLikelihood } + search.value,
      correlationLogLikelihood: search.value,
      isConverged: search.isConverged && marginals.allSatisfy(\.isConverged),
      iterations: search.iterations,
      isAtBound: search.isAtBound,
      correlation: checked.inColumnOrder(
        SymmetricMatrix(lowerTriangleOf: correlation, order: n)),
      secondMoments: checked.inColumnOrder(SymmetricMatrix(lowerTriangleOf: moments, order: n)),
      target: checked.inColumnOrder(
        SymmetricMatrix(lowerTriangleOf: likelihood.target, order: n)),
      covariance: UnlabeledCovariance(
        form: .dense(
          checked.inColumnOrder(SymmetricMatrix(lowerTriangleOf: lower, order: n))),
        diagnostics: CovarianceDiagnostics(observationCount: count)))
  }
}

/// A fit of ``DCC`` in the order of the columns.
public struct UnlabeledDCCFit: Hashable, Sendable {
  /// The model of each column's variance.
  public let marginals: [GARCHFit]

  /// The weight a of the last residuals.
  public let news: Double

  /// The weight b of the last correlations.
  public let memory: Double

  /// The log-likelihood of both stages.
  ///
  /// With errors that are not normal the second is a quasi-likelihood.
  public let logLikelihood: Double

  /// The part of the second stage: zero for correlations of zero.
  public let correlationLogLikelihood: Double

  /// Whether both stages found their maxima.
  public let isConverged: Bool

  /// The number of iterations of the second stage.
  public let iterations: Int

  /// Whether a or b is zero, or a + b has reached its largest value of 0.9999.
  public let isAtBound: Bool

  /// The correlations of the next period.
  public let correlation: SymmetricMatrix

  /// The matrix Q of the next period, whose correlations are ``correlation``.
  public let secondMoments: SymmetricMatrix

  /// The second moments Q̄ of the standardized residuals, to which Q returns.
  public let target: SymmetricMatrix

  /// The covariance of the next period.
  public let covariance: UnlabeledCovariance
}

/// A fit of ``DCC`` with labels.
public struct DCCFit: Hashable, Sendable {
  /// The fit in the order of the columns.
  public let unlabeled: UnlabeledDCCFit

  /// The covariance of the next period.
  public let covariance: Covariance
}

// Goals in order: positive definite correlations, the maximum or the reason said, equal bits for any
// order of labeled assets, speed.
//
// R. F. Engle, Dynamic conditional correlation, J. Business and Economic Statistics 20 (2002), with
// Q̄ the second moments of the standardized residuals (correlation targeting):
//   Q(t) = (1 − a − b) Q̄ + a ε(t−1) ε(t−1)ᵀ + b Q(t−1),   Q before the first return is Q̄,
//   R(t) = Q(t) over the roots of its diagonal, ln L = −½ Σ (ln |R| + εᵀR⁻¹ε − εᵀε).
// The search has the coordinates a + b and a/(a + b). Gradient: with u = R⁻¹ε, W = R⁻¹ − u uᵀ and q the
// diagonal of Q, −2 ∂ ln L = Σ Wᵢⱼ ∂Qᵢⱼ/√(qᵢqⱼ) − Σ (1 − uᵢεᵢ) ∂qᵢ/qᵢ.

public import KeelData
import KeelLinearAlgebra
public import KeelNumerics
import KeelOptimization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

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
  /// - Complexity: O(T N³) an evaluation; a dozen are usual.
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

/// The second stage.
struct CorrelationLikelihood {
  /// T rows of n standardized residuals.
  let residuals: [Double]
  let n: Int
  /// Q̄, a full matrix.
  let target: [Double]

  init(_ residuals: [Double], count n: Int) {
    self.residuals = residuals
    self.n = n
    var target = [Double](repeating: 0, count: n * n)
    let rowCount = residuals.count / n
    for t in 0..<rowCount {
      for j in 0..<n {
        let weight = residuals[t * n + j]
        for i in 0..<n { target[i + j * n] += residuals[t * n + i] * weight }
      }
    }
    for i in target.indices { target[i] /= Double(rowCount) }
    self.target = target
  }

  /// Whether Q̄ has an inverse that rounding has not made.
  var isDefinite: Bool {
    guard
      let least = try? SymmetricEigen.values(
        of: SymmetricMatrix(lowerTriangleOf: correlation(target), order: n)
      ).min()
    else { return false }
    return least > Double(n) * 64 * Double.ulpOfOne
  }

  func correlation(_ q: [Double]) -> [Double] {
    let roots = (0..<n).map { 1 / q[$0 * (n + 1)].squareRoot() }
    var result = q
    for j in 0..<n {
      for i in 0..<n { result[i + j * n] = i == j ? 1 : q[i + j * n] * (roots[i] * roots[j]) }
    }
    return result
  }

  /// The matrix Q after the last residuals.
  func nextMoments(news: Double, memory: Double) -> [Double] {
    var q = target
    for t in 0..<(residuals.count / n) { advance(&q, t, news, memory) }
    return q
  }

  private func advance(_ q: inout [Double], _ t: Int, _ news: Double, _ memory: Double) {
    let rest = 1 - news - memory
    for j in 0..<n {
      let weight = news * residuals[t * n + j]
      for i in 0..<n {
        q[i + j * n] =
          rest * target[i + j * n] + weight * residuals[t * n + i] + memory * q[i + j * n]
      }
    }
  }

  /// The log-likelihood with its derivatives in a and b; NaN where a matrix is not definite.
  ///
  /// Only lower triangles are kept up to date.
  func evaluate(news: Double, memory: Double) -> (value: Double, news: Double, memory: Double) {
    var q = target
    var newsSlope = [Double](repeating: 0, count: n * n)
    var memorySlope = newsSlope
    var scaled = newsSlope
    var inverse = newsSlope
    var row = [Double](repeating: 0, count: n)
    var roots = row
    var u = row
    var factor = WorkingCholesky(reserving: n)
    var value = 0.0
    var slopes = (news: 0.0, memory: 0.0)
    let rest = 1 - news - memory
    for t in 0..<(residuals.count / n) {
      for i in 0..<n {
        row[i] = residuals[t &* n &+ i]
        u[i] = row[i]
        roots[i] = 1 / q[i &* (n &+ 1)].squareRoot()
      }
      for j in 0..<n {
        for i in j..<n { scaled[i &+ j &* n] = q[i &+ j &* n] * (roots[i] * roots[j]) }
        scaled[j &* (n &+ 1)] = 1
      }
      guard factor.factor(scaled, order: n), factor.solve(&u), factor.setInverse(&inverse) else {
        return (.nan, .nan, .nan)
      }
      var square = 0.0
      for i in 0..<n { square += row[i] * (u[i] - row[i]) }
      value -= 0.5 * (factor.logDeterminant + square)
      var sums = (news: 0.0, memory: 0.0)
      for j in 0..<n {
        // The diagonal once, what is below it for both triangles.
        let diagonal = j &* (n &+ 1)
        let own =
          (inverse[diagonal] - u[j] * u[j] - 1 + u[j] * row[j]) * (roots[j] * roots[j])
        sums.news += own * newsSlope[diagonal]
        sums.memory += own * memorySlope[diagonal]
        var column = (news: 0.0, memory: 0.0)
        for i in (j &+ 1)..<max(n, j &+ 1) {
          let k = i &+ j &* n
          let weight = (inverse[k] - u[i] * u[j]) * roots[i]
          column.news += weight * newsSlope[k]
          column.memory += weight * memorySlope[k]
        }
        sums.news += 2 * roots[j] * column.news
        sums.memory += 2 * roots[j] * column.memory
        for i in j..<n {
          let k = i &+ j &* n
          let product = row[i] * row[j]
          newsSlope[k] = product - target[k] + memory * newsSlope[k]
          memorySlope[k] = q[k] - target[k] + memory * memorySlope[k]
          q[k] = rest * target[k] + news * product + memory * q[k]
        }
      }
      slopes.news -= 0.5 * sums.news
      slopes.memory -= 0.5 * sums.memory
    }
    return (value, slopes.news, slopes.memory)
  }

  struct Search {
    let news: Double
    let memory: Double
    let value: Double
    let isConverged: Bool
    let isAtBound: Bool
    let iterations: Int
  }

  /// The largest a + b.
  private static let largestPersistence = 0.9999

  /// a + b and a/(a + b) of returns of days.
  private static let start = [0.95, 0.03]

  func maximize() throws(EstimationError) -> Search {
    let rowCount = Double(residuals.count / n)
    do throws(OptimizationError) {
      var solver = try BoundedQuasiNewton(parameterCount: 2)
      try solver.setBounds(
        lower: [0.0, 0.0].span, upper: [Self.largestPersistence, 1].span)
      let status = try solver.minimize(from: Self.start.span) { x, gradient in
        let (persistence, share) = (x[0], x[1])
        let result = evaluate(
          news: persistence * share, memory: persistence * (1 - share))
        gradient[0] = -(share * result.news + (1 - share) * result.memory) / rowCount
        gradient[1] = -persistence * (result.news - result.memory) / rowCount
        return -result.value / rowCount
      }
      let x = solver.parameters
      return Search(
        news: x[0] * x[1], memory: x[0] * (1 - x[1]),
        value: -solver.certificate.value * rowCount,
        isConverged: status.isConverged, isAtBound: solver.certificate.activeBoundCount > 0,
        iterations: solver.certificate.iterations)
    } catch {
      throw .notRepresentable(result: "logLikelihood")
    }
  }
}

// W. Newey and K. West, "A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent covariance
// matrix", Econometrica 55 (1987). The normal equations are not formed: with X = Q R the estimates are R⁻¹ Q'y and their
// covariance is R⁻¹ M R⁻ᵀ with the sums M over the rows of Q.

public import KeelData
import KeelLinearAlgebra
public import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Regresses the returns of assets on the returns of factors that the caller knows: a market, an index, a rate.
///
/// ```text
/// r(t, i) = α(i) + Σ β(i, k) f(t, k) + u(t, i)
/// ```
///
/// Least squares with an intercept; standard errors of Newey and West, which stand against residuals whose size changes
/// and that depend on the rows before. Agrees with statsmodels (`cov_type="HAC"`, no small-sample correction) within 1e-9.
public struct FactorRegression: Hashable, Sendable {
  /// The number of rows over which residuals may depend on each other, 0 to T − 1; nil for ⌊4 (T/100)^(2/9)⌋.
  public var lag: Int?

  /// Creates the method.
  ///
  /// - Parameter lag: The number of rows over which residuals may depend on each other; nil for
  ///   ⌊4 (T/100)^(2/9)⌋.
  public init(lag: Int? = nil) { self.lag = lag }

  /// Fits the model.
  ///
  /// - Parameters:
  ///   - returns: T × N returns of the assets.
  ///   - factors: T × K returns of the factors at the same times, T at least K + 2.
  /// - Returns: The model.
  /// - Throws: `EstimationError.differentTimes`, `EstimationError.tooFewObservations`,
  ///   `EstimationError.dependentFactors`, `EstimationError.invalidValue` for the lag,
  ///   `EstimationError.notRepresentable`.
  /// - Complexity: O(T K (K + N) + N lag T K).
  public func fit(
    _ returns: SimpleReturns,
    on factors: SimpleReturns
  ) throws(EstimationError) -> FactorModel {
    let rows = returns.observationCount
    let k = factors.universe.count
    if returns.timestamps != factors.timestamps {
      let common = zip(returns.timestamps, factors.timestamps)
      throw .differentTimes(
        row: common.enumerated().first { $1.0 != $1.1 }?.offset
          ?? min(rows, factors.observationCount))
    }
    guard rows >= k + 2 else { throw .tooFewObservations(got: rows, required: k + 2) }
    let lag = lag ?? Int(4 * pow(Double(rows) / 100, 2.0 / 9))
    guard lag >= 0, lag < rows else {
      throw .invalidValue(
        argument: "lag", got: Double(lag), lowest: 0, highest: Double(rows - 1))
    }
    let design = try Design(factors.values)
    var model = FactorModel(assets: returns.universe, factors: factors.universe, count: rows)
    for i in 0..<returns.universe.count {
      try design.regress(returns.values, column: i, lag: lag, into: &model)
    }
    return model
  }
}

/// Returns of assets explained by factors.
public struct FactorModel: Hashable, Sendable {
  /// The N assets.
  public let assets: Universe

  /// The K factors.
  public let factors: Universe

  /// The number of observations T.
  public let observationCount: Int

  /// The intercept of each asset, per period.
  public internal(set) var alphas: [Double]

  /// The standard error of each intercept.
  public internal(set) var alphaErrors: [Double]

  /// The N × K slopes β.
  public internal(set) var loadings: Matrix

  /// The standard errors of the slopes.
  public internal(set) var loadingErrors: Matrix

  /// The variance of the residuals of each asset, with the divisor T − K − 1.
  public internal(set) var specificVariances: [Double]

  /// The share of the variance of each asset that the factors explain, 0 to 1; NaN for one that does not vary.
  public internal(set) var explainedShares: [Double]

  init(assets: Universe, factors: Universe, count: Int) {
    let (n, k) = (assets.count, factors.count)
    self.assets = assets
    self.factors = factors
    observationCount = count
    alphas = [Double](repeating: 0, count: n)
    alphaErrors = alphas
    specificVariances = alphas
    explainedShares = alphas
    loadings = Matrix(
      uncheckedRowCount: n, columnCount: k, storage: [Double](repeating: 0, count: n * k))
    loadingErrors = loadings
  }

  /// The covariance of the assets in factor form, with residuals that do not depend on each other.
  ///
  /// - Parameter factorCovariance: The covariance of the same factors in the same order, per period.
  /// - Returns: The covariance.
  /// - Throws: `EstimationError.universeMismatch`, `EstimationError.notRepresentable`.
  public func covariance(
    factorCovariance: Covariance
  ) throws(EstimationError) -> Covariance {
    do throws(DataError) {
      try factors.requireEqual(factorCovariance.universe)
      return try Covariance(
        universe: assets,
        factor: FactorCovariance(
          loadings: loadings, factorCovariance: factorCovariance.matrix,
          specificVariances: specificVariances),
        diagnostics: CovarianceDiagnostics(observationCount: observationCount))
    } catch {
      throw EstimationError(error)
    }
  }

  /// The expected returns that premiums of the factors imply, without the intercepts.
  ///
  /// ```text
  /// E r(i) = f + Σ β(i, k) p(k)
  /// ```
  ///
  /// - Parameters:
  ///   - premiums: The expected return of each factor beyond the return without risk, per period.
  ///   - riskFreeRate: The return without risk f, per period.
  /// - Returns: The expected returns, per period.
  /// - Throws: `EstimationError.universeMismatch`, `EstimationError.invalidValue`,
  ///   `EstimationError.notRepresentable`.
  public func expectedReturns(
    premiums: ExpectedReturns,
    riskFreeRate: Double
  ) throws(EstimationError) -> ExpectedReturns {
    guard riskFreeRate.isFinite else {
      throw .invalidValue(
        argument: "riskFreeRate", got: riskFreeRate, lowest: -.greatestFiniteMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    var values = [Double](repeating: riskFreeRate, count: assets.count)
    for k in premiums.values.indices where k < loadings.columnCount {
      for i in values.indices { values[i] += loadings[i, k] * premiums.values[k] }
    }
    do throws(DataError) {
      try factors.requireEqual(premiums.universe)
      return try ExpectedReturns(universe: assets, values: values)
    } catch {
      throw EstimationError(error)
    }
  }
}

/// An intercept and factors, in orthogonal form.
private struct Design {
  /// The columns of Q, T × (K + 1).
  private let basis: Matrix
  private let upper: Matrix
  private let pivots: [Int]
  private let columns: Matrix

  init(_ factors: Matrix) throws(EstimationError) {
    let rows = factors.rowCount
    let count = factors.columnCount + 1
    var storage = [Double](repeating: 1, count: rows)
    storage += factors.columnMajorElements
    let columns = Matrix(uncheckedRowCount: rows, columnCount: count, storage: storage)
    self.columns = columns
    // A factor that is tiny beside the intercept is not dependent: each column has length one for the rank.
    var scaled = columns
    var lengths = [Double](repeating: 1, count: count)
    for k in 0..<count {
      let largest = (0..<rows).reduce(0) { max($0, columns[$1, k].magnitude) }
      lengths[k] = largest > 0 ? largest : 1
      for t in 0..<rows { scaled[t, k] /= lengths[k] }
    }
    do throws(LinearAlgebraError) {
      let factorization = try QR(scaled)
      if factorization.rank < count {
        throw LinearAlgebraError.shapeMismatch(
          argument: "rank", got: factorization.rank, required: count)
      }
      basis = try factorization.orthonormalFactor()
      pivots = factorization.pivots
      var upper = factorization.upper
      for k in 0..<count {
        for l in 0...k { upper[l, k] *= lengths[pivots[k]] }
      }
      self.upper = upper
    } catch {
      if case .shapeMismatch(_, let got, let required) = error {
        throw .dependentFactors(rank: got, required: required)
      }
      throw EstimationError(error)
    }
  }

  /// R⁻¹ b, in the order of the pivots.
  private func solved(_ b: [Double]) -> [Double] {
    let count = b.count
    var x = b
    for k in stride(from: count - 1, through: 0, by: -1) {
      for l in (k + 1)..<max(count, k + 1) { x[k] -= upper[k, l] * x[l] }
      x[k] /= upper[k, k]
    }
    return x
  }

  func regress(
    _ returns: Matrix,
    column i: Int,
    lag: Int,
    into model: inout FactorModel
  ) throws(EstimationError) {
    let rows = basis.rowCount
    let count = basis.columnCount
    let y = returns.column(i)
    var products = [Double](repeating: 0, count: count)
    for k in 0..<count {
      let column = basis.column(k)
      for t in 0..<rows { products[k] += column[t] * y[t] }
    }
    let coefficients = solved(products)
    var residuals = (0..<rows).map { y[$0] }
    for k in 0..<count {
      let column = columns.column(pivots[k])
      for t in 0..<rows { residuals[t] -= coefficients[k] * column[t] }
    }
    let moments = longRunMoments(residuals, lag: lag)
    // R⁻¹ M R⁻ᵀ: its diagonal is what is wanted.
    let half = (0..<count).map { k in solved((0..<count).map { moments[$0 * count + k] }) }
    var errors = [Double](repeating: 0, count: count)
    for k in 0..<count {
      let row = (0..<count).map { half[$0][k] }
      errors[k] = max(solved(row)[k], 0).squareRoot()
    }
    let squares = residuals.reduce(0) { $0 + $1 * $1 }
    // In units of the largest distance from the first return: a constant has none, a tiny one does not vanish.
    let reach = (0..<rows).reduce(0) { max($0, (y[$1] - y[0]).magnitude) }
    let mean = (0..<rows).reduce(0) { $0 + (y[$1] - y[0]) / reach } / Double(rows)
    let total = (0..<rows).reduce(0) {
      let distance = (y[$1] - y[0]) / reach - mean
      return $0 + distance * distance
    }
    let left = residuals.reduce(0) { $0 + ($1 / reach) * ($1 / reach) }
    for k in 0..<count {
      if pivots[k] == 0 {
        model.alphas[i] = coefficients[k]
        model.alphaErrors[i] = errors[k]
      } else {
        model.loadings[i, pivots[k] - 1] = coefficients[k]
        model.loadingErrors[i, pivots[k] - 1] = errors[k]
      }
    }
    model.specificVariances[i] = squares / Double(rows - count)
    model.explainedShares[i] = reach > 0 ? min(max(1 - left / total, 0), 1) : .nan
    guard coefficients.allSatisfy(\.isFinite), errors.allSatisfy(\.isFinite), squares.isFinite
    else { throw .notRepresentable(result: "loadings") }
  }

  /// Σ over lags of Bartlett's weights times Σ u(t) u(t − l) (q(t) q(t − l)' + its transpose).
  private func longRunMoments(_ residuals: [Double], lag: Int) -> [Double] {
    let rows = basis.rowCount
    let count = basis.columnCount
    var scores = basis
    for k in 0..<count {
      for t in 0..<rows { scores[t, k] *= residuals[t] }
    }
    var moments = [Double](repeating: 0, count: count * count)
    for distance in 0...lag {
      let weight = 1 - Double(distance) / Double(lag + 1)
      for k in 0..<count {
        let left = scores.column(k)
        for l in 0..<count {
          let right = scores.column(l)
          var sum = 0.0
          for t in distance..<rows { sum += left[t] * right[t - distance] }
          moments[k * count + l] += weight * sum
          if distance > 0 { moments[l * count + k] += weight * sum }
        }
      }
    }
    return moments
  }
}

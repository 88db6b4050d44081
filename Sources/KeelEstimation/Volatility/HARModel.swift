// Goals in order: the regression to full accuracy, forecasts that stay positive, speed.
//
// Least squares by QR with pivoting; covariance of the coefficients by W. K. Newey and K. D. West,
// Econometrica 55 (1987), with Bartlett weights and no correction for the sample size. F. Corsi, A simple
// approximate long-memory model of realized volatility, J. Financial Econometrics 7 (2009).

import KeelLinearAlgebra
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The heterogeneous autoregression of realized variance: on its averages over a day, a week and a
/// month.
///
/// ```text
/// v(t+1) = c + Σ b(L) · mean of v(t), v(t−1), …, v(t−L+1)
/// ```
///
/// The logarithmic form has ln v in place of v. See <doc:VolatilityModels>.
public struct HARModel: Hashable, Sendable {
  /// The lengths L of the averages, ascending.
  public let lengths: [Int]

  /// Whether the logarithm of the variance is regressed.
  public let isLogarithmic: Bool

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - lengths: The lengths of the averages, ascending and positive: 1, 5 and 22 for days of a
  ///     market with weekends, 1, 7 and 30 for one without.
  ///   - isLogarithmic: Whether the logarithm of the variance is regressed.
  /// - Throws: `EstimationError.invalidValue` for lengths that are not positive and ascending or are
  ///   above 1000, `EstimationError.shapeMismatch` for none.
  public init(
    lengths: [Int] = [1, 5, 22], isLogarithmic: Bool = false
  ) throws(EstimationError) {
    guard !lengths.isEmpty else {
      throw .shapeMismatch(argument: "lengths", got: 0, required: 1)
    }
    var lowest = 1
    for length in lengths {
      guard length >= lowest, length <= Self.longest else {
        throw .invalidValue(
          argument: "lengths", got: Double(length), lowest: Double(lowest),
          highest: Double(Self.longest))
      }
      lowest = length + 1
    }
    self.lengths = lengths
    self.isLogarithmic = isLogarithmic
  }

  private static let longest = 1000

  /// The least number of variances of a fit: twice as many rows as coefficients after the longest
  /// average.
  public var minimumObservationCount: Int {
    (lengths.last ?? 1) + 2 * (lengths.count + 1)
  }

  /// Fits the regression to realized variances.
  ///
  /// - Parameters:
  ///   - variances: At least ``minimumObservationCount`` realized variances in time order, finite,
  ///     positive, or zero too where the model is not logarithmic.
  ///   - neweyWestLags: The number of autocovariances in the standard errors; nil for
  ///     `⌊4 (T/100)^(2/9)⌋`.
  /// - Returns: The coefficients with standard errors, and the state for forecasts.
  /// - Throws: `EstimationError.tooFewObservations`, `EstimationError.invalidObservation`,
  ///   `EstimationError.zeroVariance` when the averages do not determine the coefficients,
  ///   `EstimationError.invalidValue` for a number of lags that is negative or not below the number of
  ///   rows.
  /// - Complexity: O(T k²).
  public func fit(
    _ variances: [Double], neweyWestLags: Int? = nil
  ) throws(EstimationError) -> HARFit {
    for (index, value) in variances.enumerated()
    where !(value.isFinite && (value > 0 || value == 0 && !isLogarithmic)) {
      throw .invalidObservation(argument: "variances", index: index, got: value)
    }
    let series = try ScaledSeries(
      variances, argument: "variances", minimumCount: minimumObservationCount)
    let levels = isLogarithmic ? series.values.map { log($0) } : series.values
    let columns = averages(levels)
    let target = Array(levels[(lengths.last ?? 1)...])
    let rowCount = target.count
    let lags = neweyWestLags ?? Int(4 * pow(Double(rowCount) / 100, 2.0 / 9))
    guard lags >= 0, lags < rowCount else {
      throw .invalidValue(
        argument: "neweyWestLags", got: Double(lags), lowest: 0, highest: Double(rowCount - 1))
    }
    let regression = try Regression(columns, target)
    let errors = regression.neweyWestErrors(lags: lags)
    // From units of the scale: the intercept of levels scales, that of logarithms shifts.
    var coefficients = regression.coefficients
    var interceptError = errors[0]
    if isLogarithmic {
      let total = coefficients.dropFirst().reduce(0, +)
      coefficients[0] += (1 - total) * log(series.scale)
      interceptError = regression.neweyWestError(
        lags: lags, of: [1] + lengths.map { _ in -log(series.scale) })
    } else {
      coefficients[0] *= series.scale
      interceptError *= series.scale
    }
    let unit = isLogarithmic ? 1 : series.scale * series.scale
    return HARFit(
      model: self,
      intercept: coefficients[0],
      coefficients: Array(coefficients.dropFirst()),
      interceptError: interceptError,
      coefficientErrors: Array(errors.dropFirst()),
      residualVariance: regression.residualSquare / Double(rowCount - coefficients.count) * unit,
      determination: regression.determination,
      observationCount: rowCount,
      leastVariance: variances.reduce(.infinity, min),
      recent: variances.suffix(lengths.last ?? 1).reversed())
  }

  /// Ones and the averages that end before each target.
  private func averages(_ levels: [Double]) -> [[Double]] {
    let longest = lengths.last ?? 1
    var columns = [[Double](repeating: 1, count: levels.count - longest)]
    for length in lengths {
      columns.append(
        (longest..<levels.count).map { t in
          levels[(t - length)..<t].reduce(0, +) / Double(length)
        })
    }
    return columns
  }
}

/// A fitted ``HARModel``.
public struct HARFit: Hashable, Sendable {
  /// The model.
  public let model: HARModel

  /// The intercept c, in the units of the variance or of its logarithm.
  public let intercept: Double

  /// The coefficients of the averages.
  public let coefficients: [Double]

  /// The standard error of the intercept, by Newey and West.
  public let interceptError: Double

  /// The standard errors of the coefficients, by Newey and West.
  public let coefficientErrors: [Double]

  /// The variance of the residuals, with the degrees of freedom as divisor.
  public let residualVariance: Double

  /// The share R² of the sum of squares that the regression explains.
  public let determination: Double

  /// The number of rows of the regression.
  public let observationCount: Int

  /// The least variance of the sample.
  public let leastVariance: Double

  /// The last variances, newest first.
  public private(set) var recent: [Double]

  /// Takes the next realized variance; the coefficients stay.
  ///
  /// - Parameter variance: The variance.
  /// - Throws: `EstimationError.invalidObservation` for one that the fit would refuse.
  public mutating func update(_ variance: Double) throws(EstimationError) {
    guard variance.isFinite, variance > 0 || variance == 0 && !model.isLogarithmic else {
      throw .invalidObservation(argument: "variances", index: 0, got: variance)
    }
    recent.removeLast()
    recent.insert(variance, at: 0)
  }

  /// Forecasts the next variances, each from those before it.
  ///
  /// The logarithmic form adds half the variance of the forecast error to the exponent, which is
  /// exact for normal residuals. A forecast of levels below the least variance of the sample is replaced
  /// by it.
  ///
  /// - Parameter horizon: The number of periods, from 1 to 100 000.
  /// - Returns: One variance a period, the next one first.
  /// - Throws: `EstimationError.invalidValue`, `EstimationError.notRepresentable`.
  public func forecast(horizon: Int) throws(EstimationError) -> [Double] {
    guard horizon >= 1, horizon <= GARCHFilter.maximumHorizon else {
      throw .invalidValue(
        argument: "horizon", got: Double(horizon), lowest: 1,
        highest: Double(GARCHFilter.maximumHorizon))
    }
    // The weight of each past value.
    var weights = [Double](repeating: 0, count: recent.count)
    for (length, coefficient) in zip(model.lengths, coefficients) {
      for lag in 0..<length { weights[lag] += coefficient / Double(length) }
    }
    var past = model.isLogarithmic ? recent.map { log($0) } : recent
    var responses: [Double] = []
    var errorVariance = 0.0
    var forecast: [Double] = []
    for step in 0..<horizon {
      var next = zip(weights, past).reduce(intercept) { $0 + $1.0 * $1.1 }
      let response =
        step == 0
        ? 1 : zip(weights, responses.reversed()).reduce(0) { $0 + $1.0 * $1.1 }
      responses.append(response)
      if responses.count > weights.count { responses.removeFirst() }
      errorVariance += response * response * residualVariance
      if !model.isLogarithmic { next = max(next, leastVariance) }
      past.removeLast()
      past.insert(next, at: 0)
      let value = model.isLogarithmic ? exp(next + 0.5 * errorVariance) : next
      guard value.isFinite else { throw .notRepresentable(result: "variance") }
      forecast.append(value)
    }
    return forecast
  }
}

/// Ordinary least squares of one column on others.
private struct Regression {
  let coefficients: [Double]
  let residualSquare: Double
  let determination: Double
  /// The columns of (XᵀX)⁻¹Xᵀ by row of X, times the residual.
  private let influences: [[Double]]

  init(_ columns: [[Double]], _ target: [Double]) throws(EstimationError) {
    let k = columns.count
    do {
      let matrix = try Matrix(columns: columns)
      let factor = try QR(matrix)
      guard factor.rank == k else { throw EstimationError.zeroVariance(asset: nil, column: 0) }
      let q = try factor.orthonormalFactor()
      // Row i of R⁻¹Qᵀ, from the last one up; its column order is that of the pivots.
      var rows = [[Double]](repeating: [], count: k)
      for i in stride(from: k - 1, through: 0, by: -1) {
        let column = q.column(i)
        var row = (0..<target.count).map { column[$0] }
        for j in i + 1..<max(k, i + 1) {
          let weight = factor.upper[i, j]
          for t in row.indices { row[t] -= weight * rows[j][t] }
        }
        for t in row.indices { row[t] /= factor.upper[i, i] }
        rows[i] = row
      }
      var inverse = rows
      for i in 0..<k { inverse[factor.pivots[i]] = rows[i] }
      let coefficients = inverse.map { row in zip(row, target).reduce(0) { $0 + $1.0 * $1.1 } }
      let residuals = target.indices.map { t in
        (0..<k).reduce(target[t]) { $0 - coefficients[$1] * columns[$1][t] }
      }
      let mean = target.reduce(0, +) / Double(target.count)
      let total = target.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      residualSquare = residuals.reduce(0) { $0 + $1 * $1 }
      determination = total > 0 ? 1 - residualSquare / total : 0
      self.coefficients = coefficients
      influences = inverse.map { row in zip(row, residuals).map { $0 * $1 } }
    } catch let error as EstimationError {
      throw error
    } catch {
      throw .notRepresentable(result: "regression")
    }
  }

  func neweyWestErrors(lags: Int) -> [Double] {
    coefficients.indices.map { i in
      neweyWestError(lags: lags, of: coefficients.indices.map { $0 == i ? 1 : 0 })
    }
  }

  /// The standard error of a combination of the coefficients.
  func neweyWestError(lags: Int, of weights: [Double]) -> Double {
    let count = influences[0].count
    let series = (0..<count).map { t in
      weights.indices.reduce(0) { $0 + weights[$1] * influences[$1][t] }
    }
    var variance = series.reduce(0) { $0 + $1 * $1 }
    for lag in 1..<max(lags + 1, 1) {
      let product = (lag..<count).reduce(0) { $0 + series[$1] * series[$1 - lag] }
      variance += 2 * (1 - Double(lag) / Double(lags + 1)) * product
    }
    return max(variance, 0).squareRoot()
  }
}

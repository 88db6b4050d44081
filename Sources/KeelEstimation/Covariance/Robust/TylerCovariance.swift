// Goals in order: the fixed point with its residual, speed: one triangular solve and one dsyrk a step.
//
// D. Tyler, "A distribution-free M-estimator of multivariate scatter", Annals of Statistics 15 (1987); Y. Chen, A. Wiesel,
// A. Hero, "Robust shrinkage estimation of high-dimensional covariance matrices", IEEE Transactions on Signal Processing 59
// (2011); E. Ollila, D. Tyler, "Regularized M-estimators of scatter matrix", IEEE Transactions on Signal Processing 62 (2014).

import KeelLinearAlgebra
public import KeelNumerics

/// The covariance whose shape follows the directions of the returns, not their sizes.
///
/// ```text
/// V = (1 − ρ) N/T Σ x x' / (x' V⁻¹ x) + ρ I,   then V N / tr V
/// ```
///
/// x are returns about a center, over the deviations of the sample. Of all elliptical laws with the same shape it finds the
/// same V. A shape has no size: the variances of the estimate sum to those of the sample, with the divisor T − 1.
public struct TylerCovariance: CovarianceEstimator, Hashable {
  /// From where the returns are measured.
  @nonexhaustive
  public enum Center: Hashable, Sendable {
    /// The median of each asset.
    case median

    /// The mean of each asset.
    case mean

    /// Zero.
    case zero
  }

  /// The share ρ of the identity.
  @nonexhaustive
  public enum Shrinkage: Hashable, Sendable {
    /// None: Tyler's own estimate, which needs more observations than assets.
    case none

    /// A given share, above 0 up to 1; above 1 − T/N.
    case fixed(Double)

    /// The share of least expected error, by Chen, Wiesel and Hero.
    case oracle
  }

  /// What is known about the fixed point.
  public struct Fit: Hashable, Sendable {
    /// The covariance, in the order of the columns.
    public let covariance: SymmetricMatrix

    /// The share of the identity.
    public let shrinkageIntensity: Double

    /// The largest change that one more step makes to an element of the shape V, whose trace is N.
    public let residual: Double

    /// The number of steps taken.
    public let iterations: Int

    /// Whether the residual is within the tolerance.
    public let isConverged: Bool
  }

  /// The share of the identity.
  public var shrinkage: Shrinkage

  /// From where the returns are measured.
  public var center: Center

  /// The largest number of steps; some fifty are usual.
  public var maximumIterations: Int

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// The residual that ends the search, per root of N: rounding leaves less.
  private static let tolerance = 1e-13

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - shrinkage: The share of the identity.
  ///   - center: From where the returns are measured.
  ///   - maximumIterations: The largest number of steps.
  ///   - examination: Which diagnostics are computed.
  public init(
    shrinkage: Shrinkage = .none,
    center: Center = .median,
    maximumIterations: Int = 2000,
    examination: CovarianceExamination = .basic
  ) {
    self.shrinkage = shrinkage
    self.center = center
    self.maximumIterations = maximumIterations
    self.examination = examination
  }

  /// Estimates from checked returns.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate, with the share of the identity.
  /// - Throws: `EstimationError.tooFewObservations` without shrinkage unless T > N, `EstimationError.zeroVariance` with
  ///   shrinkage, `EstimationError.invalidValue` for the settings, `EstimationError.notPositiveDefinite` where so many
  ///   returns lie in a plane that no shape is fixed, `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    let (elements, search) = try solve(returns)
    return UnlabeledCovariance(
      lowerTriangle: elements, order: returns.columnCount,
      shrinkageIntensity: search?.share ?? 0)
  }

  /// Estimates with what is known about the fixed point.
  ///
  /// - Parameter returns: T × N returns, finite.
  /// - Returns: The covariance, the share of the identity and the residual.
  /// - Throws: As ``estimate(from:)``, and what `unlabeledCovariance` says of bad returns.
  public func unlabeledFit(_ returns: Matrix) throws(EstimationError) -> Fit {
    let checked = try ReturnsMatrix(unlabeled: returns, minimumCount: minimumObservationCount)
    let (elements, search) = try solve(checked)
    return Fit(
      covariance: SymmetricMatrix(lowerTriangleOf: elements, order: checked.columnCount),
      shrinkageIntensity: search?.share ?? 0, residual: search?.residual ?? 0,
      iterations: search?.iterations ?? 0, isConverged: search?.isConverged ?? true)
  }

  /// The lower triangle, by position, and the search unless nothing varies.
  private func solve(
    _ returns: ReturnsMatrix
  ) throws(EstimationError) -> ([Double], TylerSearch?) {
    let n = returns.columnCount
    guard maximumIterations >= 1 else {
      throw .invalidValue(
        argument: "maximumIterations", got: Double(maximumIterations), lowest: 1,
        highest: Double(Int.max))
    }
    if shrinkage == .none, returns.rowCount <= n {
      throw .tooFewObservations(got: returns.rowCount, required: n + 1)
    }
    var total = 0.0
    for position in 0..<n {
      do throws(EstimationError) {
        let deviation = try returns.scaledDeviation(position)
        total += deviation * deviation
      } catch {
        // The identity would give a constant a variance.
        if shrinkage != .none { throw error }
      }
    }
    let columns = try IndependentColumns(returns, isReducing: shrinkage == .none)
    if columns.values.columnCount == 0 { return ([Double](repeating: 0, count: n * n), nil) }
    var values = columns.values
    for j in 0..<values.columnCount {
      let source = (0..<values.rowCount).map { values[$0, j] }
      let center = center(of: source, zero: columns.zeros[j])
      for i in 0..<values.rowCount { values[i, j] = source[i] - center }
    }
    var search = try TylerSearch(values, shrinkage)
    try search.run(maximumIterations, tolerance: Self.tolerance)
    var elements = try columns.scatter(search.shape)
    let trace = (0..<n).reduce(0.0) { $0 + elements[$1 * (n + 1)] }
    try returns.unscale(&elements, factor: total / trace)
    return (elements, search)
  }

  /// The center of a column with mean zero, in which returns of zero lie at a place.
  private func center(of values: [Double], zero: Double) -> Double {
    switch center {
    case .mean: return 0
    case .zero: return zero
    case .median:
      let sorted = values.sorted()
      let middle = sorted.count / 2
      return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
  }
}

/// The search for the fixed point.
private struct TylerSearch {
  let share: Double
  private(set) var shape: SymmetricMatrix
  private(set) var residual = Double.infinity
  private(set) var iterations = 0
  private(set) var isConverged = false
  private let values: Matrix

  /// A change that is small to the least variance too.
  private static let leastVarianceShare = 1e-6

  init(_ values: Matrix, _ shrinkage: TylerCovariance.Shrinkage) throws(EstimationError) {
    let (t, n) = (values.rowCount, values.columnCount)
    // Rows at the center have no direction.
    let rows = (0..<t).filter { i in (0..<n).contains { values[i, $0] != 0 } }
    if shrinkage == .none, rows.count <= n {
      throw .tooFewObservations(got: rows.count, required: n + 1)
    }
    let storage = [Double](capacity: rows.count * n) { output in
      for j in 0..<n {
        let column = values.column(j)
        for i in rows { output.append(column[i]) }
      }
    }
    self.values = Matrix(uncheckedRowCount: rows.count, columnCount: n, storage: storage)
    do throws(NumericsError) {
      shape = try SymmetricMatrix(diagonal: [Double](repeating: 1, count: n))
    } catch {
      throw .notRepresentable(result: "covariance")
    }
    switch shrinkage {
    case .none: share = 0
    case .fixed(let value):
      // Below this share the sum grows without bound.
      let least = max(0, 1 - Double(rows.count) / Double(n))
      guard value > least, value <= 1 else {
        throw .invalidValue(argument: "shrinkage", got: value, lowest: least.nextUp, highest: 1)
      }
      share = value
    case .oracle: share = try Self.oracle(self.values, shape)
    }
  }

  private static func oracle(
    _ values: Matrix,
    _ identity: SymmetricMatrix
  ) throws(EstimationError) -> Double {
    let (t, n) = (Double(values.rowCount), Double(values.columnCount))
    let directions = try Self.weighted(values, Self.squaredLengths(values))
    var square = 0.0
    for j in 0..<values.columnCount {
      for i in j..<values.columnCount {
        let element = directions[i + j * values.columnCount]
        square += (i == j ? 1 : 2) * element * element
      }
    }
    let above = n * n + (1 - 2 / n) * square
    let below = n * n - n * t - 2 * t + (t + 1 + 2 * (t - 1) / n) * square
    // The estimate of one asset is the identity, and a share below what has a fixed point is none.
    let least = max(0, 1 - t / n)
    guard below > 0 else { return 1 }
    return min(1, max(least + (1 - least) * 1e-3, above / below))
  }

  private static func squaredLengths(_ values: Matrix) -> [Double] {
    var result = [Double](repeating: 0, count: values.rowCount)
    for j in 0..<values.columnCount {
      let column = values.column(j)
      for i in result.indices { result[i] += column[i] * column[i] }
    }
    return result
  }

  /// N/T Σ x x' / d: the lower triangle.
  private static func weighted(
    _ values: Matrix,
    _ distances: [Double]
  ) throws(EstimationError) -> [Double] {
    let (t, n) = (values.rowCount, values.columnCount)
    let factors = distances.map { (Double(n) / Double(t) / $0).squareRoot() }
    var panel = [Double](repeating: 0, count: t * n)
    for j in 0..<n {
      let column = values.column(j)
      for i in 0..<t { panel[i + j * t] = column[i] * factors[i] }
    }
    do throws(LinearAlgebraError) {
      var products = try GramAccumulator(order: n)
      try products.add(panel, rowCount: t)
      return try products.finish()
    } catch {
      throw EstimationError(error)
    }
  }

  mutating func run(_ maximumIterations: Int, tolerance: Double) throws(EstimationError) {
    let n = values.columnCount
    while iterations < maximumIterations, !isConverged {
      iterations += 1
      var whitened = values
      let factor: Cholesky
      do throws(LinearAlgebraError) {
        factor = try Cholesky(shape)
        try whitened.solveTriangular(
          factor.lower, TriangularForm(side: .right, transposition: .transposed))
      } catch .notPositiveDefinite {
        throw .notPositiveDefinite
      } catch {
        throw EstimationError(error)
      }
      // Where too many rows lie in a plane no shape is fixed: the variance about it falls step by step.
      guard factor.reciprocalCondition > Double(n) * .ulpOfOne else { throw .notPositiveDefinite }
      var next = try Self.weighted(values, Self.squaredLengths(whitened))
      var trace = 0.0
      for j in 0..<n {
        for i in j..<n { next[i + j * n] *= 1 - share }
        next[j * (n + 1)] += share
        trace += next[j * (n + 1)]
      }
      residual = 0
      for j in 0..<n {
        for i in j..<n {
          next[i + j * n] *= Double(n) / trace
          residual = max(residual, (next[i + j * n] - shape[i, j]).magnitude)
        }
      }
      shape = SymmetricMatrix(lowerTriangleOf: next, order: n)
      isConverged =
        residual <= tolerance * Double(n).squareRoot()
        && residual <= Self.leastVarianceShare * factor.reciprocalCondition
    }
  }
}

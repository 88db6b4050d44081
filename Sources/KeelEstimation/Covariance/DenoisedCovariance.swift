// Eigenvalues of the correlation matrix that noise alone would have, by the law of Marchenko and Pastur, are replaced.
// Laloux, Cizeau, Bouchaud and Potters, "Noise dressing of financial correlation matrices", Physical Review Letters 83
// (1999); M. López de Prado, "Machine learning for asset managers", Cambridge (2020), chapter 2.

import KeelLinearAlgebra
import KeelNumerics

/// The covariance with the noise taken out of its correlations, and the market too if wanted.
///
/// The eigenvalues of N uncorrelated series of T observations and mean variance v lie below
/// v (1 + √(N/T))², by Marchenko and Pastur. ``noise`` says how v is found. The variances stay those of the sample, with
/// the divisor T − 1.
public struct DenoisedCovariance: CovarianceEstimator, Hashable {
  /// What becomes of the eigenvalues that are noise.
  @nonexhaustive
  public enum Method: Hashable, Sendable {
    /// Each becomes their mean.
    case constantResidual

    /// The part of the correlations that belongs to them is multiplied by a share from 0 to 1; its diagonal
    /// stays.
    case targeted(share: Double)
  }

  /// How the variance v of the noise is found, and with it the edge.
  @nonexhaustive
  public enum Noise: Hashable, Sendable {
    /// The mean of the eigenvalues that are counted as noise, found together with their number: from none above the edge
    /// on, the edge falls until no further eigenvalue is above it.
    case mean

    /// The variance whose density of Marchenko and Pastur is nearest to that of the eigenvalues by a Gaussian kernel with
    /// this standard deviation, a hundredth as published: see
    /// ``MarchenkoPastur/init(fitting:observationCount:bandwidth:)``.
    case fitted(bandwidth: Double)
  }

  /// What becomes of the eigenvalues that are noise.
  public var method: Method

  /// How the variance of the noise is found.
  public var noise: Noise

  /// The number of largest signals that are taken out, the market first: 0 leaves all.
  ///
  /// What remains is singular, fit for clusters and not for optimizers.
  public var detonedCount: Int

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - method: What becomes of the eigenvalues that are noise.
  ///   - noise: How the variance of the noise is found.
  ///   - detonedCount: The number of largest signals that are taken out, 0 to N − 1.
  ///   - examination: Which diagnostics are computed.
  public init(
    method: Method = .constantResidual,
    noise: Noise = .mean,
    detonedCount: Int = 0,
    examination: CovarianceExamination = .basic
  ) {
    self.method = method
    self.noise = noise
    self.detonedCount = detonedCount
    self.examination = examination
  }

  /// Estimates from checked returns: one `dsyrk` and one `dsyevd`.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate.
  /// - Throws: `EstimationError.zeroVariance`, `EstimationError.invalidValue` for the settings,
  ///   `EstimationError.eigenvaluesNotConverged`, `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    let n = returns.columnCount
    guard detonedCount >= 0, detonedCount < n else {
      throw .invalidValue(
        argument: "detonedCount", got: Double(detonedCount), lowest: 0, highest: Double(n - 1))
    }
    if case .targeted(let share) = method, !(share >= 0 && share <= 1) {
      throw .invalidValue(argument: "share", got: share, lowest: 0, highest: 1)
    }
    let correlations = try SampleCorrelations(returns)
    let eigen: SymmetricEigen
    do throws(LinearAlgebraError) {
      eigen = try SymmetricEigen(correlations.matrix)
    } catch {
      throw EstimationError(error)
    }
    let noiseCount = try noiseCount(eigen.values, observationCount: returns.rowCount)
    var elements = try denoised(correlations.matrix, eigen, noiseCount)
    Self.normalizeDiagonal(&elements, order: n)
    // Without signals every direction is the first.
    let removed = min(detonedCount, n - noiseCount)
    if removed > 0 {
      try Self.detone(&elements, order: n, count: removed)
      Self.normalizeDiagonal(&elements, order: n)
    }
    correlations.restoreVariances(&elements)
    try returns.unscale(&elements)
    return UnlabeledCovariance(lowerTriangle: elements, order: n)
  }

  /// The number of eigenvalues, ascending, that are not above the edge.
  private func noiseCount(
    _ values: [Double],
    observationCount: Int
  ) throws(EstimationError) -> Int {
    switch noise {
    case .mean: return Self.noiseCount(values, observationCount: observationCount)
    case .fitted(let bandwidth):
      let law = try MarchenkoPastur(
        fitting: values, observationCount: observationCount, bandwidth: bandwidth)
      return values.lastIndex { $0 <= law.upperEdge }.map { $0 + 1 } ?? 0
    }
  }

  /// The number of eigenvalues, ascending, that noise alone would have.
  static func noiseCount(_ values: [Double], observationCount: Int) -> Int {
    let ratio = Double(values.count) / Double(observationCount)
    let edge = (1 + ratio.squareRoot()) * (1 + ratio.squareRoot())
    var sums = [0.0]
    for value in values { sums.append(sums[sums.count - 1] + value) }
    var count = values.count
    while count > 0 {
      let variance = sums[count] / Double(count)
      let below = values[..<count].lastIndex { $0 <= edge * variance }.map { $0 + 1 } ?? 0
      if below == count { break }
      count = below
    }
    return count
  }

  /// The correlations without noise, the lower triangle; the diagonal need not be one.
  private func denoised(
    _ matrix: SymmetricMatrix,
    _ eigen: SymmetricEigen,
    _ noiseCount: Int
  ) throws(EstimationError) -> [Double] {
    let n = matrix.order
    if noiseCount == 0 { return matrix.matrix.columnMajorElements }
    switch method {
    case .constantResidual:
      // Σ over signals of (λ − v) u u' + v I: a product with the signals only.
      let noise = eigen.values[..<noiseCount].reduce(0, +) / Double(noiseCount)
      var elements = try SymmetricEigen.product(eigen.vectors, noiseCount..<n) {
        eigen.values[$0] - noise
      }
      for j in 0..<n { elements[j * (n + 1)] += noise }
      return elements
    case .targeted(let share):
      let signals = try SymmetricEigen.product(eigen.vectors, noiseCount..<n) { eigen.values[$0] }
      var elements = matrix.matrix.columnMajorElements
      for j in 0..<n {
        // The noise of an asset has no negative variance: where rounding leaves its signals above one, they
        // are the diagonal.
        elements[j * (n + 1)] = max(signals[j * (n + 1)], 1)
        for i in (j + 1)..<max(n, j + 1) {
          let signal = signals[i + j * n]
          elements[i + j * n] = signal + share * (elements[i + j * n] - signal)
        }
      }
      return elements
    }
  }

  private static func detone(
    _ elements: inout [Double],
    order: Int,
    count: Int
  ) throws(EstimationError) {
    let eigen: SymmetricEigen
    do throws(LinearAlgebraError) {
      eigen = try SymmetricEigen(SymmetricMatrix(lowerTriangleOf: elements, order: order))
    } catch {
      throw EstimationError(error)
    }
    elements = try SymmetricEigen.product(eigen.vectors, 0..<(order - count)) {
      eigen.values[$0]
    }
  }

  private static func normalizeDiagonal(_ elements: inout [Double], order: Int) {
    let factors = (0..<order).map { j in
      let variance = elements[j * (order + 1)]
      // What rounding leaves of an asset that was taken out wholly has no correlations.
      return variance > Double(order) * Double.ulpOfOne ? 1 / variance.squareRoot() : 0
    }
    for j in 0..<order {
      for i in j..<order { elements[i + j * order] *= factors[i] * factors[j] }
      elements[j * (order + 1)] = 1
    }
  }
}

/// The correlations of a sample, with the deviations, in scaled units.
struct SampleCorrelations {
  let matrix: SymmetricMatrix
  let deviations: [Double]

  init(_ returns: ReturnsMatrix) throws(EstimationError) {
    let n = returns.columnCount
    var elements = try returns.centeredProducts()
    let lengths = (0..<n).map { elements[$0 * (n + 1)].squareRoot() }
    if let constant = lengths.firstIndex(where: { !($0 > 0) }) {
      throw returns.zeroVariance(constant)
    }
    let inverses = lengths.map { 1 / $0 }
    var span = elements.mutableSpan
    for j in 0..<n {
      for i in j..<n { span[i &+ j &* n] *= inverses[i] * inverses[j] }
      span[j &* (n &+ 1)] = 1
    }
    matrix = SymmetricMatrix(lowerTriangleOf: elements, order: n)
    let freedom = Double(returns.rowCount - 1).squareRoot()
    deviations = lengths.map { $0 / freedom }
  }

  /// Turns correlations into covariances, in scaled units.
  func restoreVariances(_ elements: inout [Double]) {
    let n = deviations.count
    var span = elements.mutableSpan
    for j in 0..<n {
      for i in j..<n { span[i &+ j &* n] *= deviations[i] * deviations[j] }
    }
  }
}

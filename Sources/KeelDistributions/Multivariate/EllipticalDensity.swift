import KeelData
public import KeelNumerics

extension MultivariateNormal {
  /// Returns the logarithm of the density at each row of a matrix.
  ///
  /// Within `1e-12 · max(1, |value|)` where Σ is well conditioned.
  ///
  /// - Parameter points: T × N returns.
  /// - Returns: T logarithms; NaN for a row with NaN, −∞ for an infinite one.
  /// - Throws: `DistributionsError.shapeMismatch`, `DistributionsError.notRepresentable` where Σ is not positive
  ///   definite to rounding.
  /// - Complexity: O(N³ + T N²).
  public func logPDF(_ points: Matrix) throws(DistributionsError) -> [Double] {
    let n = covariance.universe.count
    let mixture = try MeanVarianceMixture(
      universe: covariance.universe, location: expectedReturns.values,
      drift: [Double](repeating: 0, count: n), dispersion: covariance.matrix)
    return try mixture.logPDF(points) { rows, i in -0.5 * rows.square(i) }
  }
}

extension MultivariateStudentT {
  /// Returns the logarithm of the density at each row of a matrix.
  ///
  /// Within `1e-11 · max(1, |value|)` where Σ is well conditioned.
  ///
  /// - Parameter points: T × N returns.
  /// - Returns: T logarithms; NaN for a row with NaN, −∞ for an infinite one.
  /// - Throws: As ``MultivariateNormal/logPDF(_:)``.
  /// - Complexity: O(N³ + T N²).
  public func logPDF(_ points: Matrix) throws(DistributionsError) -> [Double] {
    guard degreesOfFreedom < .infinity else {
      return try MultivariateNormal(expectedReturns: expectedReturns, covariance: covariance)
        .logPDF(points)
    }
    let n = covariance.universe.count
    var dispersion = covariance.matrix
    let factor = (degreesOfFreedom - 2) / degreesOfFreedom
    for j in 0..<n { for i in 0...j { dispersion[i, j] *= factor } }
    let mixture = try MeanVarianceMixture(
      universe: covariance.universe, location: expectedReturns.values,
      drift: [Double](repeating: 0, count: n), dispersion: dispersion)
    return try mixture.logPDF(points, MixingShape(degreesOfFreedom: degreesOfFreedom))
  }
}

// Correlations that were estimated pair by pair need not be positive semidefinite: negative eigenvalues become zero and
// the diagonal is brought back to one (R. Rebonato, P. Jäckel, "The most general methodology to create a valid correlation
// matrix", Journal of Risk 2, 1999).

import KeelData
import KeelLinearAlgebra
import KeelNumerics

extension ReturnsMatrix {
  /// The sample's standard deviation at a position, in scaled units.
  func scaledDeviation(
    _ position: Int,
    _ divisor: SampleCovariance.Divisor = .observationCountMinusOne
  ) throws(EstimationError) -> Double {
    let values = matrix.column(order[position])
    let mean = scaledMeans[position]
    var squares = SIMD8<Double>.zero
    var i = 0
    while i &+ 8 <= values.count {
      let block = SIMD8(
        values[i], values[i &+ 1], values[i &+ 2], values[i &+ 3], values[i &+ 4],
        values[i &+ 5], values[i &+ 6], values[i &+ 7])
      let difference = block * scale - mean
      squares += difference * difference
      i &+= 8
    }
    var sum = squares.sum()
    while i < values.count {
      let difference = values[i] * scale - mean
      sum += difference * difference
      i &+= 1
    }
    guard sum > 0 else { throw zeroVariance(position) }
    let freedom = divisor == .observationCount ? rowCount : rowCount - 1
    return (sum / Double(freedom)).squareRoot()
  }

  /// The covariance of correlations and deviations, by position, repaired where it must be.
  ///
  /// - Parameters:
  ///   - correlations: The lower triangle, with ones on the diagonal.
  ///   - deviations: The standard deviations, in scaled units.
  ///   - isSemidefinite: Whether no eigenvalue is negative but for rounding.
  /// - Returns: The estimate with the norm of the repair.
  /// - Throws: `EstimationError.eigenvaluesNotConverged`, `EstimationError.notRepresentable`.
  func covariance(
    ofCorrelations correlations: consuming [Double],
    _ deviations: [Double],
    isSemidefinite: Bool
  ) throws(EstimationError) -> UnlabeledCovariance {
    let n = columnCount
    var elements = correlations
    let repaired = isSemidefinite ? nil : try CorrelationRepair.repaired(elements, order: n)
    var norm = 0.0
    if let repaired {
      // Off the diagonal only, where each element counts twice.
      for j in 0..<n {
        for i in (j + 1)..<max(n, j + 1) {
          let change = (repaired[i + j * n] - elements[i + j * n]) * deviations[i] * deviations[j]
          norm += 2 * change * change
        }
      }
      elements = repaired
    }
    var span = elements.mutableSpan
    for j in 0..<n {
      for i in j..<n { span[i &+ j &* n] *= deviations[i] * deviations[j] }
    }
    try unscale(&elements)
    var result = UnlabeledCovariance(lowerTriangle: elements, order: n)
    result.diagnostics.repairNorm = unscaledSquare(norm.squareRoot())
    return result
  }
}

/// Makes correlations positive semidefinite.
enum CorrelationRepair {
  /// The nearest matrix without negative eigenvalues, its diagonal brought back to one; nil where none is
  /// negative but for rounding.
  static func repaired(
    _ lowerTriangle: [Double],
    order n: Int
  ) throws(EstimationError) -> [Double]? {
    let matrix = SymmetricMatrix(lowerTriangleOf: lowerTriangle, order: n)
    if (try? Cholesky(matrix)) != nil { return nil }
    let eigen: SymmetricEigen
    do throws(LinearAlgebraError) {
      eigen = try SymmetricEigen(matrix)
    } catch {
      throw EstimationError(error)
    }
    // A quarter of what a covariance may have, so that rounding of the rest has room.
    let negligible = -0.25 * Double(n) * Double.ulpOfOne
    guard let least = eigen.values.first, least < negligible else { return nil }
    let kept = eigen.values.firstIndex { $0 > 0 } ?? n
    var elements = try SymmetricEigen.product(eigen.vectors, kept..<n) { eigen.values[$0] }
    let factors = (0..<n).map { 1 / elements[$0 * (n + 1)].squareRoot() }
    for j in 0..<n {
      for i in j..<n { elements[i + j * n] *= factors[i] * factors[j] }
      elements[j * (n + 1)] = 1
    }
    return elements
  }
}

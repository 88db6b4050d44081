import KeelData
import KeelLinearAlgebra
import KeelNumerics

/// Draws returns from a law and estimates its moments from them.
struct ReturnSampler: Sendable {
  private let expectedReturns: ExpectedReturns
  private let law: ResampledFrontier.Law
  private let observationCount: Int
  /// F of order rank × N with F'F = Σ.
  private let factor: Matrix

  init(
    _ expectedReturns: ExpectedReturns,
    _ covariance: Covariance,
    _ law: ResampledFrontier.Law,
    _ observationCount: Int
  ) throws(AllocationError) {
    self.expectedReturns = expectedReturns
    self.law = law
    self.observationCount = observationCount
    factor = try covariance.root()
  }

  /// The sample mean and the sample covariance (over T − 1) of one draw.
  ///
  /// - Parameter stream: The random numbers.
  /// - Returns: Both estimates.
  /// - Throws: ``AllocationError/invalidValue(argument:asset:got:allowed:)`` where they overflow.
  func estimates(
    _ stream: RandomStream
  ) throws(AllocationError) -> (ExpectedReturns, Covariance) {
    let (t, n) = (observationCount, factor.columnCount)
    do {
      var elements = [Double](repeating: 0, count: t * n)
      if factor.rowCount > 0 {
        let normals = try Matrix(
          rowCount: t, columnCount: factor.rowCount,
          columnMajor: stream.normals(count: t * factor.rowCount))
        let product = try normals * factor
        let scales = try scales(stream)
        for i in 0..<n {
          for s in 0..<t { elements[s + i * t] = scales[s] * product[s, i] }
        }
      }
      var means = expectedReturns.values
      for i in 0..<n {
        var sum = CompensatedSum()
        for s in 0..<t { sum.add(elements[s + i * t]) }
        let mean = sum.value / Double(t)
        means[i] += mean
        for s in 0..<t { elements[s + i * t] -= mean }
      }
      let centered = try Matrix(rowCount: t, columnCount: n, columnMajor: elements)
      let universe = expectedReturns.universe
      return (
        try ExpectedReturns(universe: universe, values: means),
        try Covariance(
          universe: universe, dense: centered.gram(scale: 1 / Double(t - 1)),
          definiteness: .byConstruction)
      )
    } catch {
      throw .invalidValue(argument: "covariance", asset: nil, got: .infinity, allowed: .finite)
    }
  }

  /// What turns a normal return into one of the law with the same covariance.
  private func scales(_ stream: RandomStream) throws(NumericsError) -> [Double] {
    guard case .studentT(let freedom) = law else {
      return [Double](repeating: 1, count: observationCount)
    }
    return try stream.uniforms(count: observationCount).map { uniform in
      let chiSquare = 2 * SpecialFunctions.inverseRegularizedGammaP(freedom / 2, uniform)
      return ((freedom - 2) / chiSquare).squareRoot()
    }
  }
}

extension Covariance {
  /// F with F'F = Σ: as many rows as the rank, one column an asset.
  ///
  /// - Returns: The factor.
  /// - Throws: ``AllocationError/covarianceNotPositiveSemidefinite`` where there is none in finite numbers.
  /// - Complexity: O(N² rank).
  func root() throws(AllocationError) -> Matrix {
    do {
      let cholesky = try PivotedCholesky(matrix)
      var root = try Matrix(rowCount: cholesky.rank, columnCount: cholesky.order)
      for (row, place) in cholesky.pivots.enumerated() {
        for j in 0..<cholesky.rank { root[j, place] = cholesky.lower[row, j] }
      }
      return root
    } catch {
      throw .covarianceNotPositiveSemidefinite
    }
  }
}
